"""The inverse Gaussian distribution of positive numbers, with mean mu and variance mu³ / shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import POSITIVE_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import HALF_LOG_2PI, log_mills, log_sum
from bayesmix.families.support import Positive, drawable, drawn_shape

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    mu, shape = p["mu"], p["shape"]
    z = (y - mu) / mu
    logp = 0.5 * m.log(shape) - HALF_LOG_2PI - 1.5 * m.log(y) - 0.5 * shape * z * z / y
    return m.where((mu > 0) & (mu < np.inf) & (shape > 0) & (shape < np.inf), logp, -np.inf)


def _standard(y: Any, p: Dpars, m: Maths) -> tuple[Any, Any]:
    """The normal variables of which the distribution function is made; the second is below 0."""
    inside = y > 0
    some = m.where(inside, y, 1.0)
    root = m.sqrt(p["shape"]) / m.sqrt(some)
    return root * (some - p["mu"]) / p["mu"], -root * (some + p["mu"]) / p["mu"]


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    a, b = _standard(y, p, m)
    logp = log_sum(m.log_ndtr(a), log_mills(b, m) - 0.5 * a * a, m)
    return m.where(y > 0, logp, -np.inf)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    """Above the mean both terms are of the size of the normal density."""
    a, b = _standard(y, p, m)
    low, high = m.minimum(-a, 0.0), m.maximum(-a, 0.0)
    rest = m.where(a > 0, log_mills(low, m), m.log_ndtr(high) + 0.5 * high * high)
    logp = m.log_ndtr(-a) + m.log(-m.expm1(log_mills(b, m) - rest))
    return m.where(y > 0, logp, 0.0)


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", p["mu"], np.finfo(float).tiny)
    shape = drawable("shape", p["shape"], np.finfo(float).tiny)
    return rng.wald(mu, shape, drawn_shape(mu, shape))


FAMILY = Family(
    name="inverse.gaussian",
    dpars=(
        Dpar("mu", "1/mu^2", ("1/mu^2", *POSITIVE_LINKS), lower=0.0),
        Dpar("shape", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Positive("inverse.gaussian"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    row=derived_row(_density, {"mu": "log", "shape": "log"}, log_cdf=_log_cdf, log_sf=_log_sf),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf, positive=True),
)
