"""The lognormal distribution: the logarithm of the response is normal with mean mu."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from bayesmix.families import gaussian
from bayesmix.families.family import Array, Aux, Between, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.special import log_difference, quietly
from bayesmix.families.support import Positive

__all__ = ["FAMILY"]

NORMAL = gaussian.FAMILY
normal, normal_below, normal_above = NORMAL.row.function, NORMAL.row.below, NORMAL.row.above


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return NORMAL.density(m.log(y), p, aux, m) - m.log(y)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return NORMAL.log_cdf(m.log(y), p, aux, m)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return NORMAL.log_sf(m.log(y), p, aux, m)


def _mean(p: Dpars, aux: Aux) -> Array:
    return np.exp(p["mu"] + 0.5 * p["sigma"] ** 2)


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    return np.exp(NORMAL.random(rng, p, aux))


@quietly
def _mean_between(p: Dpars, lb: Array, ub: Array, aux: Aux) -> Array:
    """The mean times the probability of the bounds one sigma further down."""
    mu, sigma = p["mu"], p["sigma"]
    a, b = ((np.log(np.maximum(bound, 0.0)) - mu) / sigma for bound in (lb, ub))
    flip = a > 0
    low, high = np.where(flip, -b, a), np.where(flip, -a, b)
    moved = np.where(flip, sigma, -sigma)
    masses = (
        log_difference(NUMPY.log_ndtr(high + s), NUMPY.log_ndtr(low + s)) for s in (moved, 0.0)
    )
    return np.exp(mu + 0.5 * sigma**2 + np.subtract(*masses))


@quietly
def _random_between(rng: np.random.Generator, p: Dpars, lb: Array, ub: Array, aux: Aux) -> Array:
    bounds = (np.log(np.maximum(bound, 0.0)) for bound in (lb, ub))
    return np.exp(NORMAL.between.random(rng, p, *bounds, aux))


def _row(y: float, mu: float, log_sigma: float) -> tuple[float, float, float]:
    return normal(log(y), mu, log_sigma)


def _below(y: float, mu: float, log_sigma: float) -> tuple[float, float, float]:
    return normal_below(log(y), mu, log_sigma)


def _above(y: float, mu: float, log_sigma: float) -> tuple[float, float, float]:
    return normal_above(log(y), mu, log_sigma)


FAMILY = Family(
    name="lognormal",
    dpars=(
        Dpar("mu", "identity", REAL_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Positive("lognormal"),
    density=_density,
    mean=_mean,
    random=_random,
    log_scale=True,
    row=RowKernel(_row, ("natural", "log"), below=_below, above=_above),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=Between(_mean_between, _random_between),
)
