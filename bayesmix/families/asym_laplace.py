"""The asymmetric Laplace distribution, whose given quantile is mu: quantile regression."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS, SHARE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_probabilities
from bayesmix.families.support import Finite, drawable, drawn_shape

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    z, q = (y - p["mu"]) / p["sigma"], p["quantile"]
    log_q, log_rest = log_probabilities(p, "quantile", m)
    logp = log_q + log_rest - m.log(p["sigma"]) - z * m.where(z < 0, q - 1.0, q)
    return m.where(p["sigma"] > 0, logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    z, q = (y - p["mu"]) / p["sigma"], p["quantile"]
    log_q, log_rest = log_probabilities(p, "quantile", m)
    above = m.log1p(-m.exp(log_rest - q * m.maximum(z, 0.0)))
    return m.where(z < 0, log_q + (1.0 - q) * z, above)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    z, q = (y - p["mu"]) / p["sigma"], p["quantile"]
    log_q, log_rest = log_probabilities(p, "quantile", m)
    below = m.log1p(-m.exp(log_q + (1.0 - q) * m.minimum(z, 0.0)))
    return m.where(z < 0, below, log_rest - q * z)


def _quantile(p: Dpars, low: Array, high: Array) -> Array:
    q = p["quantile"]
    left, right = (low - np.log(q)) / (1.0 - q), (np.log1p(-q) - high) / q
    return p["mu"] + p["sigma"] * np.where(low < np.log(q), left, right)


def _mean(p: Dpars, aux: Aux) -> Array:
    q = p["quantile"]
    return p["mu"] + p["sigma"] * (1.0 - 2.0 * q) / (q * (1.0 - q))


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    """The difference of two exponential numbers."""
    mu, sigma = drawable("mu", p["mu"]), drawable("sigma", p["sigma"], 0)
    q = drawable("quantile", p["quantile"], 0, 1)
    above, below = rng.standard_exponential((2, *drawn_shape(mu, sigma, q)))
    return mu + sigma * (above / q - below / (1.0 - q))


FAMILY = Family(
    name="asym_laplace",
    dpars=(
        Dpar("mu", "identity", REAL_LINKS),
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
    between=between(_log_cdf, _log_sf, _quantile),
)
