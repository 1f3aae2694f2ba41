"""The geometric distribution of counts: a negative binomial of shape 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families import negbinomial
from bayesmix.families.counted import counted
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import COUNT_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.support import LARGEST_COUNT, Counts, drawable, drawn_shape

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    mu = p["mu"]
    logp = -m.where(y > 0, y * m.log1p(1.0 / mu), 0.0) - m.log1p(mu)
    return m.where((mu >= 0) & (mu < np.inf), logp, -np.inf)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return -(m.maximum(y, -1.0) + 1.0) * m.log1p(1.0 / p["mu"])


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.where(y >= 0, m.log(-m.expm1(_log_sf(m.maximum(y, 0.0), p, aux, m))), -np.inf)


def _below(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return negbinomial.FAMILY.log_cdf(y, {"shape": 1.0, **p}, aux, m)


def _above(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return negbinomial.FAMILY.log_sf(y, {"shape": 1.0, **p}, aux, m)


def _biased(p: Dpars, aux: Aux) -> tuple[Array, Dpars, Aux]:
    return negbinomial.biased({"shape": 1.0, **p}, aux)


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", p["mu"], 0, LARGEST_COUNT / 64)
    return rng.geometric(1.0 / (1.0 + mu), drawn_shape(mu)) - 1


def _quantile(u: Array, p: Dpars, aux: Aux) -> Array:
    from scipy import stats

    return stats.geom.ppf(u, 1.0 / (1.0 + drawable("mu", p["mu"], 0, LARGEST_COUNT)), -1)


FAMILY = Family(
    name="geometric",
    dpars=(Dpar("mu", "log", COUNT_LINKS, lower=0.0),),
    check=Counts("geometric"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    may=("rate",),
    discrete=True,
    quantile=_quantile,
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=counted(_below, _above, _biased),
    row=derived_row(_density, {"mu": "log"}),
)
