"""The negative binomial distribution of counts, with variance mu + mu² · sigma."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayesmix.families import negbinomial
from bayesmix.families.counted import counted
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import COUNT_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.support import Counts, drawable

__all__ = ["FAMILY"]

BASE = negbinomial.FAMILY


def _with_shape(p: Mapping[str, Any]) -> dict[str, Any]:
    return {**p, "shape": 1.0 / p["sigma"]}


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return BASE.density(y, _with_shape(p), aux, m)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return BASE.log_cdf(y, _with_shape(p), aux, m)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return BASE.log_sf(y, _with_shape(p), aux, m)


def _biased(p: Dpars, aux: Aux) -> tuple[Array, Dpars, Aux]:
    """One less than such a count, weighted by itself, is one of a shape larger by 1."""
    mu, sigma = p["mu"], p["sigma"]
    return mu, {**p, "mu": mu * (1.0 + sigma), "sigma": sigma / (1.0 + sigma)}, aux


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    sigma = drawable("sigma", p["sigma"], np.finfo(float).tiny)
    return BASE.random(rng, {"mu": p["mu"], "shape": 1.0 / sigma}, aux)


def _quantile(u: Array, p: Dpars, aux: Aux) -> Array:
    return BASE.quantile(u, _with_shape(p), aux)


FAMILY = Family(
    name="negbinomial2",
    dpars=(
        Dpar("mu", "log", COUNT_LINKS, lower=0.0),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Counts("negbinomial2"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    may=("rate",),
    discrete=True,
    quantile=_quantile,
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=counted(_log_cdf, _log_sf, _biased),
    row=derived_row(_density, {"mu": "log", "sigma": "log"}),
)
