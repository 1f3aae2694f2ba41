"""The Weibull distribution of positive numbers, with mean mu."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import gammaln

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import POSITIVE_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_event
from bayesmix.families.support import Positive, drawable, drawn_shape

__all__ = ["FAMILY"]


def _log_hazard(y: Any, p: Dpars, m: Maths) -> Any:
    """Log of the cumulative hazard ``(y / scale) ** shape`` of positive y."""
    shape = p["shape"]
    return shape * (m.log(y) - m.log(p["mu"]) + m.gammaln(1.0 + 1.0 / shape))


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    log_hazard = _log_hazard(y, p, m)
    logp = m.log(p["shape"]) - m.log(y) + log_hazard - m.exp(log_hazard)
    return m.where((p["mu"] > 0) & (p["shape"] > 0), logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    inside = y > 0
    some = log_event(_log_hazard(m.where(inside, y, 1.0), p, m), m)
    return m.where(inside, some, -np.inf)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    inside = y > 0
    return m.where(inside, -m.exp(_log_hazard(m.where(inside, y, 1.0), p, m)), 0.0)


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", p["mu"], 0)
    shape = drawable("shape", p["shape"], np.finfo(float).tiny)
    log_ratio = np.log(rng.standard_exponential(drawn_shape(mu, shape))) / shape
    return mu * np.exp(log_ratio - gammaln(1.0 + 1.0 / shape))


FAMILY = Family(
    name="weibull",
    dpars=(
        Dpar("mu", "log", POSITIVE_LINKS, lower=0.0),
        Dpar("shape", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Positive("weibull"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    row=derived_row(_density, {"mu": "log", "shape": "log"}, log_cdf=_log_cdf, log_sf=_log_sf),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf, positive=True),
)
