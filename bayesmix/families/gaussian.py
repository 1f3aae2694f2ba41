"""The normal distribution."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
from scipy.special import ndtri_exp

from bayesmix.families.family import Array, Aux, Between, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.scalar import log_ndtr
from bayesmix.families.special import HALF_LOG_2PI, log_difference, log_sum, quietly
from bayesmix.families.support import Finite, drawable, drawn_shape

__all__ = ["FAMILY"]


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


@quietly
def _mean_between(p: Dpars, lb: Array, ub: Array, aux: Aux) -> Array:
    """With the hazards of both bounds, from the tail that has the digits."""
    a, b = ((bound - p["mu"]) / p["sigma"] for bound in (lb, ub))
    flip = a > 0
    low, high = np.where(flip, -b, a), np.where(flip, -a, b)
    log_mass = log_difference(NUMPY.log_ndtr(high), NUMPY.log_ndtr(low))
    densities = (np.exp(-0.5 * z**2 - HALF_LOG_2PI - log_mass) for z in (low, high))
    above = np.subtract(*densities)
    return p["mu"] + p["sigma"] * np.where(flip, -above, above)


@quietly
def _random_between(rng: np.random.Generator, p: Dpars, lb: Array, ub: Array, aux: Aux) -> Array:
    """By the inverse of the distribution function, in the tail that has the digits."""
    mu, sigma = drawable("mu", p["mu"]), drawable("sigma", p["sigma"], 0)
    a, b = (lb - mu) / sigma, (ub - mu) / sigma
    flip = a > 0
    low, high = np.where(flip, -b, a), np.where(flip, -a, b)
    log_low, log_high = NUMPY.log_ndtr(low), NUMPY.log_ndtr(high)
    u = rng.random(drawn_shape(low, high))
    z = ndtri_exp(log_sum(log_low + np.log1p(-u), log_high + np.log(u)))
    return mu + sigma * np.clip(np.where(flip, -z, z), a, b)


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
    check=Finite("gaussian"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    may=("se",),
    row=RowKernel(_row, ("natural", "log"), below=_below, above=_above),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=Between(_mean_between, _random_between),
)
