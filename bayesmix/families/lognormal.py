"""The lognormal distribution: the logarithm of the response is normal with mean mu."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from bayesmix.families import gaussian
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.row import RowKernel
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
)
