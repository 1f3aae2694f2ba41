"""The Bernoulli distribution: one yes or no a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import UNIT_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.scalar import sigmoid, softplus
from bayesmix.families.special import log_probabilities
from bayesmix.families.support import check_finite, drawable, drawn_shape, require

__all__ = ["FAMILY"]


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    y = check_finite(y, "the response of family 'bernoulli'", labels)
    rule = "the response of family 'bernoulli' must be 0 or 1 (or False or True)."
    if np.all((y >= 0) & (y == np.floor(y))):
        rule += " For counts of successes use family 'binomial' with trials()."
    require((y == 0) | (y == 1), y, rule, labels)


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    odds = p.get("mu_log_odds")
    if odds is not None:
        return -m.softplus(m.where(y > 0.5, -odds, odds))
    log_p, log_q = log_probabilities(p, m=m)
    return m.where(y > 0.5, log_p, log_q)


def _mean(dpars: Dpars, aux: Aux) -> Array:
    return dpars["mu"]


def _random(rng: np.random.Generator, dpars: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", dpars["mu"], 0, 1)
    return (rng.random(drawn_shape(mu)) < mu).astype(np.int64)


def _row(y: float, odds: float) -> tuple[float, float]:
    sign = 2.0 * y - 1.0
    return -softplus(-sign * odds), sign * sigmoid(-sign * odds)


FAMILY = Family(
    name="bernoulli",
    dpars=(Dpar("mu", "logit", UNIT_LINKS, 0.0, 1.0),),
    check=_check,
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    discrete=True,
    first_code=0,
    row=RowKernel(_row, ("odds",)),
)
