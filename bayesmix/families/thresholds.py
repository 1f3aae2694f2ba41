"""How the thresholds of ordered categories are made of parameters.

``flexible``: each is one. ``equidistant``: the first is, and ``delta`` from each to the next.
``sum_to_zero``: they are parameters less their mean. With ``thres(gr=)`` each group of rows has
thresholds of its own, and its own number of them; they stand in one vector.

References
----------
brms: ``threshold``, https://paulbuerkner.com/brms/reference/brmsfamily.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bayesmix.errors import DataError
from bayesmix.families.derived import DerivedRow, derived_row
from bayesmix.families.family import Array, Aux, Dpar, Family, Option, Vector
from bayesmix.families.maths import Maths

__all__ = ["OPTION", "THRES", "USUAL", "Thresholds", "row_of", "with_thresholds"]

THRESHOLD, FLEXIBLE, EQUIDISTANT, SUM_TO_ZERO = (
    "threshold",
    "flexible",
    "equidistant",
    "sum_to_zero",
)
OPTION = Option(THRESHOLD, FLEXIBLE, (FLEXIBLE, EQUIDISTANT, SUM_TO_ZERO), FLEXIBLE)

THRES, FIRST = "thres", "thres_first"
"""The addition term, a row's number of thresholds; and where they start among those of all."""


@dataclass(frozen=True)
class Thresholds:
    """What a row's thresholds are.

    Parameters
    ----------
    kind : str
    counts : tuple of int
        How many there are, of each group where there are groups; none before there is a response.
    grouped : bool
        Whether rows say which are theirs.
    """

    kind: str = FLEXIBLE
    counts: tuple[int, ...] = ()
    grouped: bool = False

    @property
    def terms(self) -> tuple[str, ...]:
        """The addition terms that they hang on."""
        return (THRES, FIRST) if self.grouped else ()

    @property
    def vector(self) -> tuple[str, int]:
        """The parameters that they are made of, and how many of these a row has."""
        return "thresholds", 1 if self.kind == EQUIDISTANT else max(self.counts)

    def most(self, p: Mapping[str, Any]) -> int:
        """The number of thresholds of the rows that have most."""
        return max(self.counts) if self.counts else p["thresholds"].shape[-1]

    def count(self, p: Mapping[str, Any], aux: Aux) -> Any:
        """The number of thresholds of each row."""
        return aux[THRES] if self.grouped else self.most(p)

    def all(self, p: Mapping[str, Any], aux: Aux, m: Maths) -> list[Any]:
        """All thresholds; of rows that have fewer, any in the place of the others."""
        t, numbers = p["thresholds"], range(self.most(p))
        if self.kind == EQUIDISTANT:
            return [t[..., 0] + k * p["delta"] for k in numbers]
        each = [self._own(t, k, aux, m) for k in numbers]
        if self.kind == FLEXIBLE:
            return each
        count, there = self.count(p, aux), each
        if self.grouped:
            there = [m.where(count > k, threshold, 0.0) for k, threshold in enumerate(each)]
        mean = sum(there[1:], there[0]) / count
        return [threshold - mean for threshold in each]

    def at(self, p: Mapping[str, Any], at: Any, aux: Aux, m: Maths) -> Any:
        """The threshold number `at`, from 0, of each row; any where there is none."""
        if self.kind == FLEXIBLE and not self.grouped:
            return m.take(p["thresholds"], m.maximum(m.minimum(at, self.most(p) - 1), 0))
        return self.search(p, at, aux, m)

    def search(self, p: Mapping[str, Any], at: Any, aux: Aux, m: Maths) -> Any:
        """The same, looking at one threshold after the other."""
        if self.kind == EQUIDISTANT:
            return p["thresholds"][..., 0] + at * p["delta"]
        each = self.all(p, aux, m)
        found = each[0]
        for k, threshold in enumerate(each[1:], 1):
            found = m.where(at > k - 0.5, threshold, found)
        return found

    def _own(self, t: Any, k: int, aux: Aux, m: Maths) -> Any:
        if not self.grouped:
            return t[..., k]
        # Beyond the last group's there is none to take.
        return m.take(t[..., k:], m.minimum(m.integer(aux[FIRST]), sum(self.counts) - 1 - k))


USUAL = Thresholds()
"""Those of arrays of values, before there is a response."""


def with_thresholds(
    family: Family, y: Array, levels: tuple[Any, ...] | None, ordered: bool
) -> tuple[Family, Thresholds]:
    """The family with a threshold between each category and the next, and what these are.

    Parameters
    ----------
    family : Family
        Its first category of two or more is numbered 1; 0 is one beside them.
    y : ndarray
    levels : tuple or None
        Of a categorical response.
    ordered : bool
        Whether thresholds increase.

    Raises
    ------
    DataError
        If there are too few categories, or other levels than ``thres()`` says.
    """
    kind, zero = family.option(THRESHOLD), int(family.first_code == 0)
    labels = _categories(family, y, levels)
    counts = family.counts or (len(labels) - 1 - zero,)
    made = Thresholds(kind, counts, family.in_groups)
    if made.grouped and kind == EQUIDISTANT:
        raise DataError(
            f"Thresholds of groups, thres(gr=), are {FLEXIBLE!r} or {SUM_TO_ZERO!r}, not {kind!r}."
        )
    numbers = (1,) if kind == EQUIDISTANT else tuple(k for c in counts for k in range(1, c + 1))
    vector = Vector(
        *("thresholds", "threshold", "Intercept", numbers),
        ordered=ordered,
        each=kind != EQUIDISTANT,
        runs=counts if made.grouped else (),
    )
    delta = Dpar("delta", "identity", ("identity",), lower=0.0 if ordered else -float("inf"))
    more = (delta,) if kind == EQUIDISTANT else ()
    ready = replace(
        family,
        dpars=(*family.dpars, *more),
        vectors=(vector,),
        outcome=("category", labels),
        level_free=kind != SUM_TO_ZERO and not made.grouped,
        needs=(*family.needs, *((THRES,) if made.grouped else ())),
    )
    return ready, made


def row_of(
    density: Callable[..., Any], scales: Mapping[str, str], thresholds: Thresholds
) -> DerivedRow:
    """The kernel of a density with thresholds."""
    strata = FIRST if thresholds.grouped else ""
    return derived_row(
        *(density, scales, thresholds.terms),
        shared=thresholds.vector,
        strata=strata,
        ragged=thresholds.grouped,
    )


def _categories(family: Family, y: Array, levels: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """The labels of all categories."""
    first, top = family.first_code, 1 + max(family.counts) if family.counts else int(y.max())
    labels = tuple(range(first, top + 1)) if levels is None else levels
    if family.counts and len(labels) != top + 1 - first:
        raise DataError(
            f"thres() says that there are {top + 1 - first} categories, but the response has "
            f"{len(labels)} levels."
        )
    if len(labels) < 3 - first:
        also = "0 and " if first == 0 else ""
        raise DataError(
            f"Family {family.name!r} needs a response of {also}at least two categories."
        )
    return labels
