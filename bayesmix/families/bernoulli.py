"""The Bernoulli distribution: one yes or no a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import UNIT_LINKS
from bayesmix.families.row import RowKernel
from bayesmix.families.scalar import sigmoid, softplus
from bayesmix.families.special import log_probabilities, quietly
from bayesmix.families.support import check_finite, drawable, drawn_shape, require

__all__ = ["FAMILY"]


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    y = check_finite(y, "the response of family 'bernoulli'", labels)
    rule = "the response of family 'bernoulli' must be 0 or 1 (or False or True)."
    if np.all((y >= 0) & (y == np.floor(y))):
        rule += " For counts of successes use family 'binomial' with trials()."
    require((y == 0) | (y == 1), y, rule, labels)


@quietly
def _logp(y: Array, dpars: Dpars, aux: Aux) -> Array:
    log_p, log_q = log_probabilities(dpars)
    return np.where(np.asarray(y) == 1, log_p, log_q)


def _mean(dpars: Dpars, aux: Aux) -> Array:
    return dpars["mu"]


def _random(rng: np.random.Generator, dpars: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", dpars["mu"], 0, 1)
    return (rng.random(drawn_shape(mu)) < mu).astype(np.int64)


def _pymc(dpars: Dpars, aux: Aux) -> tuple[Any, dict[str, Any]]:
    import pymc as pm

    return pm.Bernoulli, {"p": dpars["mu"]}


def _row(y: float, odds: float) -> tuple[float, float]:
    sign = 2.0 * y - 1.0
    return -softplus(-sign * odds), sign * sigmoid(-sign * odds)


FAMILY = Family(
    name="bernoulli",
    dpars=(Dpar("mu", "logit", UNIT_LINKS, 0.0, 1.0),),
    check=_check,
    logp=_logp,
    mean=_mean,
    random=_random,
    pymc=_pymc,
    discrete=True,
    row=RowKernel(_row, ("odds",)),
)
