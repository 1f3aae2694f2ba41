"""Categories without an order: one of several, each with a linear predictor of its own.

The probabilities are the softmax of the predictors, that of the first category being 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.maths import Maths
from bayesmix.families.shares import REFCAT, Shares, with_categories
from bayesmix.families.support import check_whole

__all__ = ["FAMILY"]


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    check_whole(y, "the response of family 'categorical', text or a category,", 1, labels=labels)


@dataclass(frozen=True)
class Categorical:
    """What the family computes once the categories are known."""

    shares: Shares

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.shares,)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        logs, total = self.shares.logs(p, m), 0.0
        for code, log_share in enumerate(logs, 1):
            total = total + m.where((y > code - 0.5) & (y < code + 0.5), log_share, 0.0)
        return total

    def mean(self, p: Dpars, aux: Aux) -> Array:
        """The probability of every category, on the last axis."""
        return self.shares.of(p)

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        """Numbers of categories, from 1."""
        upper = self.shares.of(p).cumsum(axis=-1)[..., :-1]
        return 1 + (rng.random((*upper.shape[:-1], 1)) > upper).sum(axis=-1)


@cache
def _made(shares: Shares) -> Categorical:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Categorical(shares)


def _prepare(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    family, shares = with_categories(family, levels)
    made = _made(shares)
    row = derived_row(made.density, dict.fromkeys(shares.mains, "natural"))
    return replace(family, density=made.density, mean=made.mean, random=made.random, row=row)


NONE = _made(Shares(("",), (None,)))
"""Before there is a response."""

FAMILY = Family(
    name="categorical",
    dpars=(Dpar("mu", "logit", ("logit",), latent=True),),
    check=_check,
    density=NONE.density,
    mean=NONE.mean,
    random=NONE.random,
    discrete=True,
    first_code=1,
    prepare=_prepare,
    options=(REFCAT,),
)
