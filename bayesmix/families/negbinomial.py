"""The negative binomial distribution of counts, with variance mu + mu² / shape."""

from __future__ import annotations

from math import exp, log, log1p
from typing import Any

import numpy as np

from bayesmix.families.counted import counted
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import COUNT_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.scalar import stirling_rest, stirling_rest_slope
from bayesmix.families.special import log_one_more, negbinomial_logp
from bayesmix.families.support import LARGEST_COUNT, Counts, drawable, drawn_shape

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    mu, shape = p["mu"], p["shape"]
    logp = negbinomial_logp(y, shape, -log_one_more(mu, shape, m), -log_one_more(shape, mu, m), m)
    known = (mu >= 0) & (mu < np.inf) & (shape > 0) & (shape < np.inf)
    return m.where(known, logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    mu, shape = p["mu"], p["shape"]
    below = m.log_betainc(shape, m.maximum(y, 0.0) + 1.0, shape / (shape + mu))
    return m.where(y >= 0, below, -np.inf)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    mu, shape = p["mu"], p["shape"]
    above = m.log_betainc(m.maximum(y, 0.0) + 1.0, shape, mu / (shape + mu))
    return m.where(y >= 0, above, 0.0)


def biased(p: Dpars, aux: Aux) -> tuple[Array, Dpars, Aux]:
    """One less than such a count, weighted by itself, is one of a shape larger by 1."""
    mu, shape = p["mu"], p["shape"]
    return mu, {**p, "mu": mu * (shape + 1.0) / shape, "shape": shape + 1.0}, aux


def _mean(dpars: Dpars, aux: Aux) -> Array:
    return dpars["mu"]


def _random(rng: np.random.Generator, dpars: Dpars, aux: Aux) -> Array:
    """Poisson counts whose means are gamma distributed."""
    mu = drawable("mu", dpars["mu"], 0, LARGEST_COUNT)
    shape = drawable("shape", dpars["shape"], np.finfo(float).tiny)
    means = mu * (rng.standard_gamma(shape, drawn_shape(mu, shape)) / shape)
    return rng.poisson(drawable("the gamma distributed mean", means, 0, LARGEST_COUNT))


def _quantile(u: Array, p: Dpars, aux: Aux) -> Array:
    from scipy import stats

    mu = drawable("mu", p["mu"], 0, LARGEST_COUNT)
    shape = drawable("shape", p["shape"], np.finfo(float).tiny)
    return stats.nbinom.ppf(u, shape, shape / (shape + mu))


def _row(y: float, log_mu: float, log_shape: float) -> tuple[float, float, float]:
    mu, shape = exp(log_mu), exp(log_shape)
    total, spread = shape + y, shape + mu
    some, q = y > 0.0, (y - mu) / spread
    near = y - mu < 0.5 * total
    log_ratio = log1p((mu - y) / total if near else 0.0) if near else log(spread / total)
    excess = (log_mu if some else 0.0) - log(y if some else 1.0)
    gammas = stirling_rest(total) - stirling_rest(shape) + 0.5 * (log_shape - log(total))
    slopes = stirling_rest_slope(total) - stirling_rest_slope(shape)
    return (
        y * excess - total * log_ratio + gammas,
        shape * q,
        shape * (slopes - log_ratio - q) + 0.5 * y / total,
    )


FAMILY = Family(
    name="negbinomial",
    dpars=(
        Dpar("mu", "log", COUNT_LINKS, lower=0.0),
        Dpar("shape", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Counts("negbinomial"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    may=("rate",),
    discrete=True,
    quantile=_quantile,
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=counted(_log_cdf, _log_sf, biased),
    row=RowKernel(_row, ("log", "log")),
)
