"""The gamma distribution of positive numbers, with mean mu and variance mu² / shape."""

from __future__ import annotations

from math import exp, expm1, log
from typing import Any

import numpy as np

from bayesmix.families.between import between
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import POSITIVE_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.scalar import stirling_rest, stirling_rest_slope
from bayesmix.families.scalar_incomplete import log_gammainc, log_gammaincc
from bayesmix.families.special import gamma_logp
from bayesmix.families.support import Positive, drawable, drawn_shape

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return gamma_logp(y, p["mu"], p["shape"], m)


def _rate(y: Any, p: Dpars, m: Maths) -> Any:
    return p["shape"] * m.maximum(y, 0.0) / p["mu"]


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.log_gammainc(p["shape"], _rate(y, p, m))


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.log_gammaincc(p["shape"], _rate(y, p, m))


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", p["mu"], 0)
    shape = drawable("shape", p["shape"], np.finfo(float).tiny)
    return mu * (rng.standard_gamma(shape, drawn_shape(mu, shape)) / shape)


def _row(y: float, log_mu: float, log_shape: float) -> tuple[float, float, float]:
    shape, log_ratio = exp(log_shape), log(y) - log_mu
    excess = expm1(log_ratio)
    deviance = excess - log_ratio
    return (
        0.5 * log_shape - shape * deviance - stirling_rest(shape),
        shape * excess,
        0.5 - shape * (deviance + stirling_rest_slope(shape)),
    )


def _below(y: float, log_mu: float, log_shape: float) -> tuple[float, float, float]:
    shape, x = exp(log_shape), y * exp(log_shape - log_mu)
    value, by_shape, by_x = log_gammainc(shape, x)
    return value, -by_x * x, by_shape * shape + by_x * x


def _above(y: float, log_mu: float, log_shape: float) -> tuple[float, float, float]:
    shape, x = exp(log_shape), y * exp(log_shape - log_mu)
    value, by_shape, by_x = log_gammaincc(shape, x)
    return value, -by_x * x, by_shape * shape + by_x * x


FAMILY = Family(
    name="Gamma",
    dpars=(
        Dpar("mu", "log", POSITIVE_LINKS, lower=0.0),
        Dpar("shape", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Positive("Gamma"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    row=RowKernel(_row, ("log", "log"), below=_below, above=_above),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf, positive=True),
)
