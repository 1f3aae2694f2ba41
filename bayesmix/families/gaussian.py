"""The normal distribution."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np

from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.scalar import log_ndtr
from bayesmix.families.special import HALF_LOG_2PI
from bayesmix.families.support import check_finite, drawable, drawn_shape

__all__ = ["FAMILY"]


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    check_finite(y, "the response of family 'gaussian'", labels)


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    mu, sigma = p["mu"], p["sigma"]
    logp = -0.5 * ((y - mu) / sigma) ** 2 - m.log(sigma) - HALF_LOG_2PI
    return m.where(sigma > 0, logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.log_ndtr((y - p["mu"]) / p["sigma"])


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.log_ndtr((p["mu"] - y) / p["sigma"])


def _mean(dpars: Dpars, aux: Aux) -> Array:
    return dpars["mu"]


def _random(rng: np.random.Generator, dpars: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", dpars["mu"])
    sigma = drawable("sigma", dpars["sigma"], 0)
    return rng.normal(mu, sigma, drawn_shape(mu, sigma))


def _row(y: float, mu: float, log_sigma: float) -> tuple[float, float, float]:
    inverse = exp(-log_sigma)
    z = (y - mu) * inverse
    return -0.5 * z * z - log_sigma, z * inverse, z * z - 1.0


def _below(y: float, mu: float, log_sigma: float) -> tuple[float, float, float]:
    inverse = exp(-log_sigma)
    z = (y - mu) * inverse
    logp, slope = log_ndtr(z)
    return logp, -slope * inverse, -slope * z


def _above(y: float, mu: float, log_sigma: float) -> tuple[float, float, float]:
    inverse = exp(-log_sigma)
    z = (y - mu) * inverse
    logp, slope = log_ndtr(-z)
    return logp, slope * inverse, slope * z


FAMILY = Family(
    name="gaussian",
    dpars=(
        Dpar("mu", "identity", REAL_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
    ),
    check=_check,
    density=_density,
    mean=_mean,
    random=_random,
    row=RowKernel(_row, ("natural", "log"), below=_below, above=_above),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
)
