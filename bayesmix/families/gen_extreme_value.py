"""The generalised extreme value distribution of maxima, with location mu, scale and shape xi."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import quietly
from bayesmix.families.support import Finite, drawable, drawn_shape

__all__ = ["FAMILY"]

NEAR = 1e-4
"""Where log(1 + x) / x is its series to the last digit."""


def _ratio(x: Any, m: Maths) -> Any:
    """``log(1 + x) / x``, 1 at 0."""
    near = m.abs(x) < NEAR
    safe = m.where(near, 1.0, x)
    series = 1.0 - x * (1 / 2 - x * (1 / 3 - x * (1 / 4 - x / 5)))
    return m.where(near, series, m.log1p(safe) / safe)


def _log_rate(y: Any, p: Dpars, m: Maths) -> Any:
    """The logarithm of the negative log of the distribution function; no number outside."""
    z = (y - p["mu"]) / p["sigma"]
    return -z * _ratio(p["xi"] * z, m)


def _where_inside(values: Any, y: Any, p: Dpars, outside: Any, m: Maths) -> Any:
    inside = 1.0 + p["xi"] * (y - p["mu"]) / p["sigma"] > 0
    return m.where(inside, values, outside)


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    log_rate = _log_rate(y, p, m)
    logp = (p["xi"] + 1.0) * log_rate - m.exp(log_rate) - m.log(p["sigma"])
    return m.where(p["sigma"] > 0, _where_inside(logp, y, p, -np.inf, m), -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    beyond = m.where(p["xi"] > 0, -np.inf, 0.0)
    return _where_inside(-m.exp(_log_rate(y, p, m)), y, p, beyond, m)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    beyond = m.where(p["xi"] > 0, 0.0, -np.inf)
    return _where_inside(m.log(-m.expm1(-m.exp(_log_rate(y, p, m)))), y, p, beyond, m)


def _scaled(log_rate: Array, p: Dpars) -> Array:
    """The value with that log rate: its standardised value is (exp(-xi · rate) - 1) / xi."""
    xi = p["xi"]
    safe = np.where(np.abs(xi) < 1e-12, 1.0, xi)
    z = np.where(np.abs(xi) < 1e-12, -log_rate, np.expm1(-xi * log_rate) / safe)
    return p["mu"] + p["sigma"] * z


def _quantile(p: Dpars, low: Array, high: Array) -> Array:
    return _scaled(np.log(np.where(low < high, -low, -np.log1p(-np.exp(high)))), p)


@quietly
def _mean(p: Dpars, aux: Aux) -> Array:
    """Infinite for xi of 1 and more."""
    xi = p["xi"]
    safe = np.where(np.abs(xi) < 1e-8, 1.0, np.minimum(xi, 1.0))
    near = np.euler_gamma + xi * (np.pi**2 / 12 + np.euler_gamma**2 / 2)
    excess = np.where(np.abs(xi) < 1e-8, near, np.expm1(special.gammaln(1.0 - safe)) / safe)
    return np.where(xi < 1, p["mu"] + p["sigma"] * excess, np.inf)


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu, sigma = drawable("mu", p["mu"]), drawable("sigma", p["sigma"], 0)
    xi = drawable("xi", p["xi"])
    e = rng.standard_exponential(drawn_shape(mu, sigma, xi))
    return _scaled(np.log(e), {"mu": mu, "sigma": sigma, "xi": xi})


FAMILY = Family(
    name="gen_extreme_value",
    dpars=(
        Dpar("mu", "identity", REAL_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
        Dpar("xi", "log1p", ("log1p", "identity"), usual=0.0),
    ),
    check=Finite("gen_extreme_value"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu", "sigma"),
    row=derived_row(
        _density,
        {"mu": "natural", "sigma": "log", "xi": "natural"},
        log_cdf=_log_cdf,
        log_sf=_log_sf,
    ),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf, _quantile),
)
