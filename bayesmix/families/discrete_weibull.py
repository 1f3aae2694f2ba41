"""The discrete Weibull distribution of counts: more than y with probability mu^((y + 1)^shape)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from bayesmix.families.counted import counted
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SCALE_LINKS, UNIT_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.special import FLAT, log_event, log_probabilities, quietly
from bayesmix.families.support import LARGEST_COUNT, Counts, drawable, drawn_shape

__all__ = ["FAMILY"]

TERMS = 256
"""Of the series of the mean; what follows is an integral."""


def _power(y: Any, shape: Any, m: Maths) -> Any:
    return m.where(y > 0, m.exp(shape * m.log(m.maximum(y, 1.0))), 0.0)


def _log_step(y: Any, shape: Any, m: Maths) -> Any:
    """Log of the power of y + 1 less that of y."""
    some = m.maximum(y, 1.0)
    return m.where(y > 0, shape * m.log(some) + m.log(m.expm1(shape * m.log1p(1.0 / some))), 0.0)


def _log_hazard(p: Dpars, m: Maths) -> Any:
    """Log of -log(mu)."""
    log_mu, log_rest = log_probabilities(p, m=m)
    near_one = log_rest < -FLAT
    return m.where(near_one, log_rest, m.log(-m.where(near_one, -1.0, log_mu)))


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    log_mu, _ = log_probabilities(p, m=m)
    event = log_event(_log_hazard(p, m) + _log_step(y, p["shape"], m), m)
    survived = m.where(y > 0, _power(y, p["shape"], m) * log_mu, 0.0)
    return m.where(p["shape"] > 0, survived + event, -np.inf)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return _power(y + 1.0, p["shape"], m) * log_probabilities(p, m=m)[0]


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    log_power = p["shape"] * m.log(m.maximum(y, 0.0) + 1.0)
    return m.where(y >= 0, log_event(_log_hazard(p, m) + log_power, m), -np.inf)


@quietly
def _mean(p: Dpars, aux: Aux) -> Array:
    """The sum of survival probabilities; beyond `TERMS` by the midpoint rule, an integral."""
    rate, shape = (np.asarray(v, float) for v in (-log_probabilities(p)[0], p["shape"]))
    total = np.zeros(np.broadcast_shapes(rate.shape, shape.shape))
    for k in range(1, TERMS + 1):
        total = total + np.exp(-rate * k**shape)
    start = TERMS + 0.5
    inverse = 1.0 / shape
    rest = special.gammaincc(inverse, rate * start**shape) * special.gamma(inverse)
    slope = -rate * shape * start ** (shape - 1.0) * np.exp(-rate * start**shape)
    return total + rest * inverse * rate**-inverse + slope / 24.0


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu, shape = drawable("mu", p["mu"], 0, 1), drawable("shape", p["shape"], 0)
    hazard = rng.standard_exponential(drawn_shape(mu, shape))
    with np.errstate(divide="ignore", over="ignore"):
        y = np.ceil((hazard / -np.log(mu)) ** (1.0 / shape)) - 1.0
    return drawable("a response", np.maximum(y, 0.0), 0, LARGEST_COUNT).astype(np.int64)


def _quantile(u: Array, p: Dpars, aux: Aux) -> Array:
    with np.errstate(divide="ignore"):
        hazard = np.log1p(-u) / log_probabilities(p, m=NUMPY)[0]
    return np.maximum(np.ceil(hazard ** (1.0 / p["shape"]) - 1.0), 0.0)


FAMILY = Family(
    name="discrete_weibull",
    dpars=(
        Dpar("mu", "logit", UNIT_LINKS, 0.0, 1.0),
        Dpar("shape", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Counts("discrete_weibull"),
    density=_density,
    mean=_mean,
    random=_random,
    discrete=True,
    quantile=_quantile,
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=counted(_log_cdf, _log_sf),
    row=derived_row(_density, {"mu": "odds", "shape": "log"}),
)
