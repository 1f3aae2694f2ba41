"""The sum of a normal and an exponential number, with mean mu: reaction times."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.between import between, bisected
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_difference, log_sum
from bayesmix.families.support import Finite, drawable, drawn_shape

__all__ = ["FAMILY"]

ROOT_HALF = float(np.sqrt(0.5))
LOG_2 = float(np.log(2.0))


def _standardised(y: Any, p: Dpars) -> tuple[Any, Any]:
    """The distance from the normal part's mean, and the rate of the exponential, in sigmas."""
    return (y - p["mu"] + p["beta"]) / p["sigma"], p["sigma"] / p["beta"]


def _tilted(z: Any, q: Any, m: Maths) -> Any:
    """``q²/2 - q z + log Φ(z - q)``, in the form that keeps its digits on either side of q."""
    x = z - q
    left = -0.5 * z**2 + m.log_erfcx(m.maximum(-x, 0.0) * ROOT_HALF) - LOG_2
    return m.where(x < 0, left, q * (0.5 * q - z) + m.log_ndtr(m.maximum(x, 0.0)))


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    logp = _tilted(*_standardised(y, p), m) - m.log(p["beta"])
    return m.where((p["sigma"] > 0) & (p["beta"] > 0), logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    z, q = _standardised(y, p)
    return log_difference(m.log_ndtr(z), _tilted(z, q, m), m)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    z, q = _standardised(y, p)
    return log_sum(m.log_ndtr(-z), _tilted(z, q, m), m)


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu, sigma = drawable("mu", p["mu"]), drawable("sigma", p["sigma"], 0)
    beta = drawable("beta", p["beta"], 0)
    shape = drawn_shape(mu, sigma, beta)
    return rng.normal(mu - beta, sigma, shape) + beta * rng.standard_exponential(shape)


FAMILY = Family(
    name="exgaussian",
    dpars=(
        Dpar("mu", "identity", REAL_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
        Dpar("beta", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Finite("exgaussian"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    row=derived_row(
        _density,
        {"mu": "natural", "sigma": "log", "beta": "log"},
        log_cdf=_log_cdf,
        log_sf=_log_sf,
    ),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf, bisected(_log_cdf, _log_sf, -np.inf)),
)
