"""The Poisson distribution of counts."""

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np

from bayesmix.families.counted import counted
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import COUNT_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.special import poisson_logp
from bayesmix.families.support import LARGEST_COUNT, Counts, drawable, drawn_shape

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return poisson_logp(y, p["mu"], m)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.where(y >= 0, m.log_gammaincc(m.maximum(y, 0.0) + 1.0, p["mu"]), -np.inf)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.where(y >= 0, m.log_gammainc(m.maximum(y, 0.0) + 1.0, p["mu"]), 0.0)


def _biased(p: Dpars, aux: Aux) -> tuple[Array, Dpars, Aux]:
    """One less than a Poisson count, weighted by itself, is one again."""
    return p["mu"], p, aux


def _mean(dpars: Dpars, aux: Aux) -> Array:
    return dpars["mu"]


def _random(rng: np.random.Generator, dpars: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", dpars["mu"], 0, LARGEST_COUNT)
    return rng.poisson(mu, drawn_shape(mu))


def _quantile(u: Array, p: Dpars, aux: Aux) -> Array:
    from scipy import stats

    return stats.poisson.ppf(u, drawable("mu", p["mu"], 0, LARGEST_COUNT))


def _row(y: float, log_mu: float) -> tuple[float, float]:
    # Less its value at mu = y, so that sums over large counts keep their digits.
    mu, some = exp(log_mu), y > 0.0
    excess = (log_mu if some else 0.0) - log(y if some else 1.0)
    return y * excess - (mu - y), y - mu


FAMILY = Family(
    name="poisson",
    dpars=(Dpar("mu", "log", COUNT_LINKS, lower=0.0),),
    check=Counts("poisson"),
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
    row=RowKernel(_row, ("log",)),
)
