"""The asymmetric Laplace distribution, for quantile regression: mu is the given quantile."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import LOCATION_LINKS, SCALE_LINKS, SHARE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_probabilities
from bayesmix.families.support import Finite, drawable, drawn_shape

__all__ = ["FAMILY"]


def _parts(y: Any, p: Dpars, m: Maths) -> tuple[Any, Any, Any, Any]:
    """The distance from mu in sigmas, below and above; logs of the quantile and of the rest."""
    z = (y - p["mu"]) / p["sigma"]
    below = m.where(z < 0, z, 0.0)
    return below, z - below, *log_probabilities(p, "quantile", m)


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    below, above, log_q, log_rest = _parts(y, p, m)
    logp = log_q + log_rest - m.log(p["sigma"]) + m.exp(log_rest) * below - m.exp(log_q) * above
    return m.where((p["sigma"] > 0) & (log_q + log_rest > -np.inf), logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    below, above, log_q, log_rest = _parts(y, p, m)
    upper = m.log1p(-m.exp(log_rest - m.exp(log_q) * above))
    return m.where(y < p["mu"], log_q + m.exp(log_rest) * below, upper)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    below, above, log_q, log_rest = _parts(y, p, m)
    lower = m.log1p(-m.exp(log_q + m.exp(log_rest) * below))
    return m.where(y < p["mu"], lower, log_rest - m.exp(log_q) * above)


def _mean(p: Dpars, aux: Aux) -> Array:
    q = p["quantile"]
    return p["mu"] + p["sigma"] * (1.0 - 2.0 * q) / (q * (1.0 - q))


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    """The difference of two exponential variables."""
    mu, sigma = drawable("mu", p["mu"]), drawable("sigma", p["sigma"], 0)
    tiny = np.finfo(float).tiny
    q = drawable("quantile", p["quantile"], tiny, np.nextafter(1.0, 0.0))
    up, down = rng.standard_exponential((2, *drawn_shape(mu, sigma, q)))
    return mu + sigma * (up / q - down / (1.0 - q))


FAMILY = Family(
    name="asym_laplace",
    dpars=(
        Dpar("mu", "identity", LOCATION_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
        Dpar("quantile", "logit", SHARE_LINKS, 0.0, 1.0),
    ),
    check=Finite("asym_laplace"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu", "sigma"),
    row=derived_row(
        _density,
        {"mu": "natural", "sigma": "log", "quantile": "odds"},
        log_cdf=_log_cdf,
        log_sf=_log_sf,
    ),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf, corner="mu"),
)
