"""The inverse Gaussian distribution of positive numbers, with mean mu and variance mu³ / shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.between import between, bisected
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import POSITIVE_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import HALF_LOG_2PI, log_difference, log_sum
from bayesmix.families.support import Positive, drawable, drawn_shape

__all__ = ["FAMILY"]

ROOT_HALF = float(np.sqrt(0.5))
LOG_2 = float(np.log(2.0))


def _distances(y: Any, p: Dpars, m: Maths) -> tuple[Any, Any]:
    """How far y is from the mean, and from minus the mean, in its own units."""
    root = m.sqrt(p["shape"] / y)
    return root * (y - p["mu"]) / p["mu"], root * (y + p["mu"]) / p["mu"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    near, _ = _distances(y, p, m)
    logp = 0.5 * m.log(p["shape"]) - 1.5 * m.log(y) - HALF_LOG_2PI - 0.5 * near**2
    return m.where((p["mu"] > 0) & (p["shape"] > 0), logp, -np.inf)


def _reflected(near: Any, far: Any, m: Maths) -> Any:
    """``2 shape / mu + log Φ(-far)``; the first part is (far² - near²) / 2."""
    return -0.5 * near**2 + m.log_erfcx(far * ROOT_HALF) - LOG_2


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    near, far = _distances(y, p, m)
    return log_sum(m.log_ndtr(near), _reflected(near, far, m), m)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    near, far = _distances(y, p, m)
    return log_difference(m.log_ndtr(-near), _reflected(near, far, m), m)


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
    between=between(_log_cdf, _log_sf, bisected(_log_cdf, _log_sf, 0.0), (0.0, np.inf)),
)
