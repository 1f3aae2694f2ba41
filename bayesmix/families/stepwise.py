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
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family, Vector
from bayesmix.families.links import LINKS, SCALE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.special import quietly
from bayesmix.families.support import check_whole, drawable

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

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.family, self.link, self.count)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        total = 0.0
        for code, logp in enumerate(self.logs(p, m), 1):
            total = total + m.where((y > code - 0.5) & (y < code + 0.5), logp, 0.0)
        return total

    def logs(self, p: Mapping[str, Any], m: Maths) -> list[Any]:
        """The log probability of each category."""
        t = p["thresholds"]
        count = t.shape[-1] if self.count is None else self.count
        steps = [self._on(t[..., k], p, m) for k in range(count)]
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


@cache
def _made(family: str, link: str, count: int | None) -> Stepwise:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Stepwise(family, link, count)


def _prepare(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    """With a threshold between each category and the next."""
    labels = tuple(range(1, int(y.max()) + 1)) if levels is None else levels
    if len(labels) < 2:
        raise DataError(f"Family {family.name!r} needs a response of at least two categories.")
    thresholds = tuple(range(1, len(labels)))
    vector = Vector("thresholds", "threshold", "Intercept", thresholds, ordered=False)
    made = _made(family.name, family.dpar("mu").link, len(thresholds))
    scales, shared = {"mu": "natural", "disc": "log"}, ("thresholds", len(thresholds))
    row = derived_row(made.density, scales, shared=shared)
    ready = replace(family, vectors=(vector,), outcome=("category", labels), row=row)
    return _with(ready, made)


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
        linked=_linked,
    )


FAMILIES = tuple(map(_family, ("sratio", "cratio", "acat")))
