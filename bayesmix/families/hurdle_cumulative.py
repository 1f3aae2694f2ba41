"""Ordered categories of those that pass a hurdle: 0 with probability ``hu``, else cumulative."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from bayesmix.families import cumulative
from bayesmix.families.cumulative import Cumulative
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SHARE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_probabilities
from bayesmix.families.support import check_whole, drawable, drawn_shape
from bayesmix.families.thresholds import row_of, with_thresholds

__all__ = ["FAMILY"]

NAME, BASE = "hurdle_cumulative", cumulative.FAMILY


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    check_whole(y, f"the response of family {NAME!r}", 0, labels=labels)


@dataclass(frozen=True)
class HurdleCumulative:
    """What the family computes with the ordered categories of the others."""

    grades: Cumulative

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.grades,)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        zero, rest = log_probabilities(p, "hu", m)
        # Any category will do where there is none, for its density isn't used.
        some = self.grades.density(m.maximum(y, 1.0), p, aux, m)
        return m.where(y < 0.5, zero, rest + some)

    def mean(self, p: Dpars, aux: Aux) -> Array:
        """The probability of every category, on the last axis, that of 0 first."""
        grades = self.grades.mean(p, aux)
        hu = np.broadcast_to(p["hu"], grades.shape[:-1])[..., None]
        return np.concatenate([hu, (1.0 - hu) * grades], axis=-1)

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        """Numbers of categories, from 0."""
        hu, grades = drawable("hu", p["hu"], 0, 1), self.grades.random(rng, p, aux)
        return np.where(rng.random(drawn_shape(hu, grades)) < hu, 0, grades)


@cache
def _made(grades: Cumulative) -> HurdleCumulative:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return HurdleCumulative(grades)


def _prepare(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    """With a threshold between each category and the next, but those that 0 is one of."""
    ready, thresholds = with_thresholds(family, y, levels, ordered=True)
    made = _made(cumulative.enumerated(family.dpar("mu").link, thresholds))
    scales = {"mu": "natural", "disc": "log", "hu": "odds"}
    scales |= {d.name: "log" for d in ready.dpars if d.name not in scales}
    return replace(
        ready,
        density=made.density,
        mean=made.mean,
        random=made.random,
        row=row_of(made.density, scales, thresholds),
    )


def _linked(family: Family) -> Family:
    made = _made(cumulative.enumerated(family.dpar("mu").link))
    return replace(family, density=made.density, mean=made.mean, random=made.random)


FAMILY = _linked(
    replace(
        BASE,
        name=NAME,
        dpars=(*BASE.dpars, Dpar("hu", "logit", SHARE_LINKS, 0.0, 1.0)),
        check=_check,
        row=None,
        first_code=0,
        prepare=_prepare,
        linked=_linked,
    )
)
