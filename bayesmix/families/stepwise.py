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

from bayesmix.errors import DataError
from bayesmix.families.cumulative import ORDINAL_LINKS
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import LINKS, SCALE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.special import quietly
from bayesmix.families.support import check_whole, drawable
from bayesmix.families.thresholds import OPTION, dpars_of, thresholds_of, vector_of

__all__ = ["FAMILIES"]


@dataclass(frozen=True)
class Grades:
    """The check of grades from 1; it names the family."""

    family: str

    def __call__(self, y: Any, aux: Aux, labels: Any = None) -> None:
        check_whole(y, f"the response of family {self.family!r}", 1, labels=labels)


@dataclass(frozen=True)
class Stepwise:
    """What a family computes under one link, with so many thresholds.

    Without a number it is that of the values, which arrays know and tensors don't.
    """

    family: str
    link: str
    count: int | None = None
    kind: str = "flexible"
    specific: bool = False
    """Whether each threshold has a predictor of its own beside the main one."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.family, self.link, self.count, self.kind, self.specific)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        total = 0.0
        for code, logp in enumerate(self.logs(p, m), 1):
            total = total + m.where((y > code - 0.5) & (y < code + 0.5), logp, 0.0)
        return total

    def logs(self, p: Mapping[str, Any], m: Maths) -> list[Any]:
        """The log probability of each category."""
        count = p["thresholds"].shape[-1] if self.count is None else self.count
        thresholds = enumerate(thresholds_of(self.kind, p, count))
        steps = [self._on(self._moved(t, k, p), p, m) for k, t in thresholds]
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
        return _exp_stacked(self.logs({k: np.asarray(v, float) for k, v in p.items()}, NUMPY))

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
    family: str, link: str, count: int | None, kind: str = "flexible", specific: bool = False
) -> Stepwise:
    return _shared(family, link, count, kind, specific)


@cache
def _shared(*facts: Any) -> Stepwise:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Stepwise(*facts)


def _prepare(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    """With a threshold between each category and the next."""
    labels = tuple(range(1, int(y.max()) + 1)) if levels is None else levels
    if len(labels) < 2:
        raise DataError(f"Family {family.name!r} needs a response of at least two categories.")
    kind, count = family.option("threshold"), len(labels) - 1
    dpars = (*family.dpars, *dpars_of(kind, ordered=False))
    vectors = (vector_of(kind, count, ordered=False),)
    ready = replace(
        family,
        dpars=dpars,
        vectors=vectors,
        outcome=("category", labels),
        level_free=kind != "sum_to_zero",
    )
    return _ready(ready, _made(family.name, family.dpar("mu").link, count, kind))


def _ready(family: Family, made: Stepwise) -> Family:
    """With the kernel of the density."""
    scales = {d.name: "log" if d.lower == 0.0 else "natural" for d in family.dpars}
    (vector,) = family.vectors
    row = derived_row(made.density, scales, shared=(vector.name, len(vector.labels)))
    return _with(replace(family, row=row), made)


def _specify(family: Family) -> Family:
    """With ``cs1``, ``cs2``, …, which take from the thresholds."""
    count = len(family.outcome[1]) - 1
    names = tuple(f"cs{k}" for k in range(1, count + 1))
    own = tuple(Dpar(name, "identity", ("identity",)) for name in names)
    more = replace(family, dpars=(*family.dpars, *own), specific=names)
    kind = family.option("threshold")
    return _ready(more, _made(family.name, family.dpar("mu").link, count, kind, True))


def _linked(family: Family) -> Family:
    return _with(family, _made(family.name, family.dpar("mu").link, None))


def _with(family: Family, made: Stepwise) -> Family:
    return replace(family, density=made.density, mean=made.mean, random=made.random)


def _family(name: str) -> Family:
    made = _made(name, "logit", None)
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
        intercept="thresholds",
        less_thresholds=name != "sratio",
        prepare=_prepare,
        specify=_specify,
        linked=_linked,
        options=(OPTION,),
    )


FAMILIES = tuple(map(_family, ("sratio", "cratio", "acat")))
