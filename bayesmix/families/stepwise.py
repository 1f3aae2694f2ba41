"""Ordered categories reached step by step: sratio, cratio and acat.

Each threshold is a step from one category to the next. With F the inverse link and ``a_k =
disc · (threshold_k - mu)``, a row stops at k with probability ``F(a_k)``, if it came so far
(sratio); goes on beyond k with ``F(-a_k)`` (cratio); or k + 1 has ``F(-a_k) / (1 - F(-a_k))`` times
the probability of k (acat). Thresholds needn't increase.

References
----------
P.-C. Bürkner, M. Vuorre (2019), Ordinal regression models in psychology: a tutorial. Advances in
Methods and Practices in Psychological Science 2(1), 77-101.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, reduce
from itertools import accumulate
from typing import Any

import numpy as np

from bayesmix.families.cumulative import ORDINAL_LINKS
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import LINKS, SCALE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.special import quietly
from bayesmix.families.support import check_whole, drawable
from bayesmix.families.thresholds import (
    OPTION,
    THRES,
    THRESHOLD,
    USUAL,
    Thresholds,
    row_of,
    with_thresholds,
)

__all__ = ["FAMILIES"]


@dataclass(frozen=True)
class Grades:
    """The check of grades from 1; it names the family."""

    family: str

    def __call__(self, y: Any, aux: Aux, labels: Any = None) -> None:
        check_whole(y, f"the response of family {self.family!r}", 1, labels=labels)


@dataclass(frozen=True)
class Stepwise:
    """What a family computes under one link."""

    family: str
    link: str
    thresholds: Thresholds = USUAL
    specific: bool = False
    """Whether each threshold has a predictor of its own beside the main one."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.family, self.link, self.thresholds, self.specific)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        total = 0.0
        for code, logp in enumerate(self.logs(p, aux, m), 1):
            total = total + m.where((y > code - 0.5) & (y < code + 0.5), logp, 0.0)
        return total

    def logs(self, p: Mapping[str, Any], aux: Aux, m: Maths) -> list[Any]:
        """The log probability of each category."""
        thresholds = enumerate(self.thresholds.all(p, aux, m))
        steps = [self._on(self._moved(t, k, p), p, m) for k, t in thresholds]
        if self.thresholds.grouped:
            # Nobody goes on beyond the last category of the row's group.
            steps = [m.where(aux[THRES] > k + 0.5, s, -np.inf) for k, s in enumerate(steps)]
        sums = list(accumulate([0.0 * p["mu"], *(self._passed(odds, m) for odds in steps)]))
        if self.family != "acat":
            # Those who came to each category and don't go on; from the last one nobody can.
            ended = [m.softplus(odds) for odds in steps]
            return [*(s - e for s, e in zip(sums[:-1], ended, strict=True)), sums[-1]]
        top = reduce(m.maximum, sums)
        total = top + m.log(sum(m.exp(s - top) for s in sums))
        return [s - total for s in sums]

    def mean(self, p: Dpars, aux: Aux) -> Array:
        """The probability of every category, on the last axis."""
        return _exp_stacked(self.logs({k: np.asarray(v, float) for k, v in p.items()}, aux, NUMPY))

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        """Numbers of categories, from 1."""
        drawable("mu", p["mu"])
        upper = self.mean(p, aux).cumsum(axis=-1)[..., :-1]
        return 1 + (rng.random((*upper.shape[:-1], 1)) > upper).sum(axis=-1)

    def _moved(self, threshold: Any, k: int, p: Mapping[str, Any]) -> Any:
        return threshold - p[f"cs{k + 1}"] if self.specific else threshold

    def _on(self, threshold: Any, p: Mapping[str, Any], m: Maths) -> Any:
        """The log odds to go on beyond a threshold."""
        distance = p["disc"] * (threshold - p["mu"])
        if self.family == "sratio":
            return -LINKS[self.link].log_odds(distance, m)
        return LINKS[self.link].log_odds(-distance, m)

    def _passed(self, odds: Any, m: Maths) -> Any:
        return odds if self.family == "acat" else -m.softplus(-odds)


@quietly
def _exp_stacked(logs: list[Array]) -> Array:
    return np.exp(np.stack(np.broadcast_arrays(*logs), axis=-1))


def _made(
    family: str, link: str, thresholds: Thresholds = USUAL, specific: bool = False
) -> Stepwise:
    return _shared(family, link, thresholds, specific)


@cache
def _shared(*facts: Any) -> Stepwise:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Stepwise(*facts)


def _prepare(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    """With a threshold between each category and the next."""
    ready, thresholds = with_thresholds(family, y, levels, ordered=False)
    return _ready(ready, _made(family.name, family.dpar("mu").link, thresholds))


def _ready(family: Family, made: Stepwise) -> Family:
    """With the kernel of the density."""
    scales = {d.name: "log" if d.lower == 0.0 else "natural" for d in family.dpars}
    row = row_of(made.density, scales, made.thresholds)
    return _with(replace(family, row=row), made)


def _specify(family: Family) -> Family:
    """With ``cs1``, ``cs2``, …, which take from the thresholds."""
    (count,) = family.counts or (len(family.outcome[1]) - 1,)
    names = tuple(f"cs{k}" for k in range(1, count + 1))
    own = tuple(Dpar(name, "identity", ("identity",)) for name in names)
    more = replace(family, dpars=(*family.dpars, *own), specific=names)
    thresholds = Thresholds(family.option(THRESHOLD), (count,))
    return _ready(more, _made(family.name, family.dpar("mu").link, thresholds, True))


def _linked(family: Family) -> Family:
    return _with(family, _made(family.name, family.dpar("mu").link))


def _with(family: Family, made: Stepwise) -> Family:
    return replace(family, density=made.density, mean=made.mean, random=made.random)


def _family(name: str) -> Family:
    made = _made(name, "logit")
    return Family(
        name=name,
        dpars=(
            Dpar("mu", "logit", ORDINAL_LINKS, latent=True),
            Dpar("disc", "log", SCALE_LINKS, lower=0.0, fixed=1.0),
        ),
        check=Grades(name),
        density=made.density,
        mean=made.mean,
        random=made.random,
        discrete=True,
        first_code=1,
        may=(THRES,),
        intercept="thresholds",
        less_thresholds=name != "sratio",
        prepare=_prepare,
        specify=_specify,
        linked=_linked,
        options=(OPTION,),
    )


FAMILIES = tuple(map(_family, ("sratio", "cratio", "acat")))
