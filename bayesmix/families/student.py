"""Student's t distribution with location, scale and degrees of freedom."""

from __future__ import annotations

from math import exp, log1p
from typing import Any

import numpy as np

from bayesmix.families.between import between
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.scalar import stirling_rest, stirling_rest_slope
from bayesmix.families.scalar_incomplete import log_stdtr
from bayesmix.families.special import student_logp
from bayesmix.families.support import Finite, drawable, drawn_shape

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return student_logp(y, p["nu"], p["mu"], p["sigma"], m)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.log_stdtr(p["nu"], (y - p["mu"]) / p["sigma"])


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.log_stdtr(p["nu"], (p["mu"] - y) / p["sigma"])


def _mean(dpars: Dpars, aux: Aux) -> Array:
    """The location, as in brms also at nu = 1, where there is no mean."""
    return dpars["mu"]


def _random(rng: np.random.Generator, dpars: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", dpars["mu"])
    sigma = drawable("sigma", dpars["sigma"], 0)
    nu = drawable("nu", dpars["nu"], np.finfo(float).tiny)
    return mu + sigma * rng.standard_t(nu, drawn_shape(mu, sigma, nu))


def _row(y: float, mu: float, log_sigma: float, nu: float) -> tuple[float, float, float, float]:
    inverse = exp(-log_sigma)
    z = (y - mu) * inverse
    q = z * z / nu
    share, spread, a = q / (1.0 + q), log1p(q), 0.5 * nu
    gammas = a * log1p(0.5 / a) + stirling_rest(a + 0.5) - stirling_rest(a)
    by_a = log1p(0.5 / a) - 0.5 / (a + 0.5)
    by_a += stirling_rest_slope(a + 0.5) - stirling_rest_slope(a)
    return (
        gammas - log_sigma - (a + 0.5) * spread,
        (nu + 1.0) * z * inverse / (nu * (1.0 + q)),
        (nu + 1.0) * share - 1.0,
        0.5 * (by_a - spread) + (a + 0.5) * share / nu,
    )


def _below(y: float, mu: float, log_sigma: float, nu: float) -> tuple[float, float, float, float]:
    inverse = exp(-log_sigma)
    z = (y - mu) * inverse
    value, by_nu, by_z = log_stdtr(nu, z)
    return value, -by_z * inverse, -by_z * z, by_nu


def _above(y: float, mu: float, log_sigma: float, nu: float) -> tuple[float, float, float, float]:
    inverse = exp(-log_sigma)
    z = (mu - y) * inverse
    value, by_nu, by_z = log_stdtr(nu, z)
    return value, by_z * inverse, -by_z * z, by_nu


FAMILY = Family(
    name="student",
    dpars=(
        Dpar("mu", "identity", REAL_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
        Dpar("nu", "logm1", ("logm1", "identity"), lower=1.0),
    ),
    check=Finite("student"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    may=("se",),
    row=RowKernel(_row, ("natural", "log", "natural"), below=_below, above=_above),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf),
)
