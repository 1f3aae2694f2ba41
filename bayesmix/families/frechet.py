"""The Fréchet distribution of positive numbers, with mean mu and nu above 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import POSITIVE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.support import Positive, drawable, drawn_shape

__all__ = ["FAMILY"]


def _log_scale(p: Dpars, m: Maths) -> Any:
    return m.log(p["mu"]) - m.gammaln(1.0 - 1.0 / p["nu"])


def _log_below(y: Any, p: Dpars, m: Maths) -> Any:
    """The logarithm of the negative log of the distribution function."""
    return p["nu"] * (_log_scale(p, m) - m.log(y))


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    below = _log_below(y, p, m)
    logp = m.log(p["nu"]) + below - m.log(y) - m.exp(below)
    return m.where((p["mu"] > 0) & (p["nu"] > 1), logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return -m.exp(_log_below(y, p, m))


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.log(-m.expm1(-m.exp(_log_below(y, p, m))))


def _quantile(p: Dpars, low: Array, high: Array) -> Array:
    log_of_log = np.log(np.where(low < high, -low, -np.log1p(-np.exp(high))))
    return np.exp(_log_scale(p, NUMPY) - log_of_log / p["nu"])


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu, nu = drawable("mu", p["mu"], 0), drawable("nu", p["nu"], 1.0)
    e = rng.standard_exponential(drawn_shape(mu, nu))
    return np.exp(_log_scale({"mu": mu, "nu": nu}, NUMPY) - np.log(e) / nu)


FAMILY = Family(
    name="frechet",
    dpars=(
        Dpar("mu", "log", POSITIVE_LINKS, lower=0.0),
        Dpar("nu", "logm1", ("logm1", "identity"), lower=1.0),
    ),
    check=Positive("frechet"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    row=derived_row(_density, {"mu": "log", "nu": "natural"}, log_cdf=_log_cdf, log_sf=_log_sf),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf, _quantile, (0.0, np.inf)),
)
