"""The exponentially modified normal distribution: a normal plus an exponential of mean beta.

`mu` is the mean of the sum, `sigma` the standard deviation of the normal part.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import LOCATION_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_mills, log_sum
from bayesmix.families.support import Finite, drawable, drawn_shape

__all__ = ["FAMILY"]


def _standard(y: Any, p: Dpars) -> tuple[Any, Any]:
    """The distance from the normal part's mean in sigmas, and sigma in betas."""
    return (y - p["mu"] + p["beta"]) / p["sigma"], p["sigma"] / p["beta"]


def _log_share(u: Any, s: Any, m: Maths) -> Any:
    """Log of ``exp(s²/2 - s u) Φ(u - s)``: beta times the density, 1 less the normal's tails."""
    z = u - s
    low, high = m.minimum(z, 0.0), m.maximum(z, 0.0)
    near = m.where(z < 0, u, 0.0)
    far = m.where(z < 0, s, u)
    return m.where(
        z < 0,
        log_mills(low, m) - 0.5 * near * near,
        m.log_ndtr(high) - s * (far - 0.5 * s),
    )


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    logp = _log_share(*_standard(y, p), m) - m.log(p["beta"])
    return m.where((p["sigma"] > 0) & (p["beta"] > 0), logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    """The normal's, times what is left; below 0 both terms are of the size of its density."""
    u, s = _standard(y, p)
    low, high = m.minimum(u, 0.0), m.maximum(u, 0.0)
    share = m.where(
        u < 0,
        log_mills(low - s, m) - log_mills(low, m),
        _log_share(high, s, m) - m.log_ndtr(high),
    )
    return m.log_ndtr(u) + m.log(-m.expm1(share))


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    u, s = _standard(y, p)
    return log_sum(m.log_ndtr(-u), _log_share(u, s, m), m)


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu, sigma = drawable("mu", p["mu"]), drawable("sigma", p["sigma"], 0)
    beta = drawable("beta", p["beta"], 0)
    shape = drawn_shape(mu, sigma, beta)
    return rng.normal(mu, sigma, shape) + beta * (rng.standard_exponential(shape) - 1.0)


FAMILY = Family(
    name="exgaussian",
    dpars=(
        Dpar("mu", "identity", LOCATION_LINKS),
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
    between=between(_log_cdf, _log_sf),
)
