"""The generalised extreme value distribution; mu is its location, not its mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import exprel, gammaln

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import LOCATION_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_event, log_ratio, quietly
from bayesmix.families.support import Finite, drawable, drawn_shape

__all__ = ["FAMILY"]


def _reduced(y: Any, p: Dpars, m: Maths) -> tuple[Any, Any]:
    """Gumbel's variable ``log(1 + xi z) / xi`` of ``z = (y - mu) / sigma``, and whether it is."""
    z = (y - p["mu"]) / p["sigma"]
    inside = p["xi"] * z > -1.0
    w = m.where(inside, p["xi"] * z, 0.0)
    return m.where(inside, z, 0.0) * log_ratio(w, m), inside


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    g, inside = _reduced(y, p, m)
    logp = -m.log(p["sigma"]) - (1.0 + p["xi"]) * g - m.exp(-g)
    return m.where(inside & (p["sigma"] > 0), logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    g, inside = _reduced(y, p, m)
    return m.where(inside, -m.exp(-g), m.where(p["xi"] > 0, -np.inf, 0.0))


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    g, inside = _reduced(y, p, m)
    return m.where(inside, log_event(-g, m), m.where(p["xi"] > 0, 0.0, -np.inf))


@quietly
def _mean(p: Dpars, aux: Aux) -> Array:
    """Infinite unless xi is below 1."""
    xi = np.asarray(p["xi"], dtype=float)
    near = np.abs(xi) < 1e-5
    some = np.where((xi < 1.0) & ~near, xi, 0.5)
    log_gamma = gammaln(1.0 - some)
    # (exp(l) - 1) / xi without cancellation near xi = 0, and its series nearer.
    excess = exprel(log_gamma) * log_gamma / some
    series = np.euler_gamma + xi * (np.euler_gamma**2 / 2.0 + np.pi**2 / 12.0)
    return p["mu"] + p["sigma"] * np.where(xi < 1.0, np.where(near, series, excess), np.inf)


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu, xi = drawable("mu", p["mu"]), drawable("xi", p["xi"])
    sigma = drawable("sigma", p["sigma"], 0)
    g = -np.log(rng.standard_exponential(drawn_shape(mu, sigma, xi)))
    return mu + sigma * g * exprel(xi * g)


FAMILY = Family(
    name="gen_extreme_value",
    dpars=(
        Dpar("mu", "identity", LOCATION_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
        Dpar("xi", "log1p", ("log1p", "identity")),
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
    between=between(_log_cdf, _log_sf),
)
