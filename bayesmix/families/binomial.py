"""The binomial distribution: successes in a known number of trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.counted import counted
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import UNIT_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.scalar import sigmoid, softplus
from bayesmix.families.special import binomial_logp, log_probabilities
from bayesmix.families.support import Successes, drawable, drawn_shape

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return binomial_logp(y, aux["trials"], *log_probabilities(p, m=m), m)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    _, log_q = log_probabilities(p, m=m)
    trials, some = aux["trials"], _inside(y, aux, m)
    below = m.log_betainc(trials - some, some + 1.0, m.exp(log_q))
    return m.where(y < 0, -np.inf, m.where(y < trials, below, 0.0))


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    log_p, _ = log_probabilities(p, m=m)
    trials, some = aux["trials"], _inside(y, aux, m)
    above = m.log_betainc(some + 1.0, trials - some, m.exp(log_p))
    return m.where(y < 0, 0.0, m.where(y < trials, above, -np.inf))


def _inside(y: Any, aux: Aux, m: Maths) -> Any:
    """A count that isn't the largest, also where there is none: both branches are computed."""
    return m.maximum(m.minimum(y, aux["trials"] - 1.0), 0.0)


def _biased(p: Dpars, aux: Aux) -> tuple[Array, Dpars, Aux]:
    """One less than the successes, weighted by them, are those of one trial less."""
    return aux["trials"] * p["mu"], p, {**aux, "trials": aux["trials"] - 1.0}


def _mean(dpars: Dpars, aux: Aux) -> Array:
    """The expected number of successes, not their share."""
    return aux["trials"] * dpars["mu"]


def _random(rng: np.random.Generator, dpars: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", dpars["mu"], 0, 1)
    trials = np.asarray(aux["trials"]).astype(np.int64)
    return rng.binomial(trials, mu, drawn_shape(mu, trials))


def _row(y: float, trials: float, odds: float) -> tuple[float, float]:
    failures = trials - y
    return (
        -y * softplus(-odds) - failures * softplus(odds),
        y * sigmoid(-odds) - failures * sigmoid(odds),
    )


FAMILY = Family(
    name="binomial",
    dpars=(Dpar("mu", "logit", UNIT_LINKS, 0.0, 1.0),),
    check=Successes("binomial"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    discrete=True,
    needs=("trials",),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=counted(_log_cdf, _log_sf, _biased),
    row=RowKernel(_row, ("odds",), takes=("trials",)),
)
