"""The Weibull distribution of positive numbers, with mean mu."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import POSITIVE_LINKS, SCALE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.support import Positive, drawable, drawn_shape

__all__ = ["FAMILY"]


def _log_scale(p: Dpars, m: Maths) -> Any:
    return m.log(p["mu"]) - m.gammaln(1.0 + 1.0 / p["shape"])


def _log_hazard(y: Any, p: Dpars, m: Maths) -> Any:
    """The logarithm of the cumulative hazard, which is the negative log of survival."""
    return p["shape"] * (m.log(y) - _log_scale(p, m))


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    log_hazard = _log_hazard(y, p, m)
    logp = m.log(p["shape"]) + log_hazard - m.log(y) - m.exp(log_hazard)
    return m.where((p["mu"] > 0) & (p["shape"] > 0), logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.log(-m.expm1(-m.exp(_log_hazard(y, p, m))))


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return -m.exp(_log_hazard(y, p, m))


def _quantile(p: Dpars, low: Array, high: Array) -> Array:
    hazard = np.where(low < high, -np.log1p(-np.exp(low)), -high)
    return np.exp(_log_scale(p, NUMPY) + np.log(hazard) / p["shape"])


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", p["mu"], 0)
    shape = drawable("shape", p["shape"], np.finfo(float).tiny)
    scale = np.exp(_log_scale({"mu": mu, "shape": shape}, NUMPY))
    return scale * rng.weibull(shape, drawn_shape(mu, shape))


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
    between=between(_log_cdf, _log_sf, _quantile, (0.0, np.inf)),
)
