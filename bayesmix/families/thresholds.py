"""How the thresholds of ordered categories are made of parameters.

``flexible``: each is one. ``equidistant``: the first is, and ``delta`` from each to the next.
``sum_to_zero``: they are parameters less their mean.

References
----------
brms: ``threshold``, https://paulbuerkner.com/brms/reference/brmsfamily.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bayesmix.families.family import Dpar, Option, Vector
from bayesmix.families.maths import Maths

__all__ = ["OPTION", "dpars_of", "search_threshold", "threshold_at", "thresholds_of", "vector_of"]

THRESHOLD, FLEXIBLE, EQUIDISTANT = "threshold", "flexible", "equidistant"
OPTION = Option(THRESHOLD, FLEXIBLE, (FLEXIBLE, EQUIDISTANT, "sum_to_zero"), FLEXIBLE)


def vector_of(kind: str, count: int, ordered: bool) -> Vector:
    """The parameters that thresholds are made of: one, or as many."""
    labels = (1,) if kind == EQUIDISTANT else tuple(range(1, count + 1))
    each = kind != EQUIDISTANT
    return Vector("thresholds", "threshold", "Intercept", labels, ordered=ordered, each=each)


def dpars_of(kind: str, ordered: bool) -> tuple[Dpar, ...]:
    """What else they are made of."""
    if kind != EQUIDISTANT:
        return ()
    return (Dpar("delta", "identity", ("identity",), lower=0.0 if ordered else -float("inf")),)


def thresholds_of(kind: str, p: Mapping[str, Any], count: int) -> list[Any]:
    """All thresholds."""
    t = p["thresholds"]
    if kind == EQUIDISTANT:
        return [t[..., 0] + k * p["delta"] for k in range(count)]
    each = [t[..., k] for k in range(count)]
    if kind == FLEXIBLE:
        return each
    mean = sum(each[1:], each[0]) / count
    return [threshold - mean for threshold in each]


def threshold_at(kind: str, p: Mapping[str, Any], at: Any, count: int, m: Maths) -> Any:
    """The threshold number `at`, from 0, of each row; any where there is none."""
    if kind == FLEXIBLE:
        return m.take(p["thresholds"], m.maximum(m.minimum(at, count - 1), 0))
    return search_threshold(kind, p, at, count, m)


def search_threshold(kind: str, p: Mapping[str, Any], at: Any, count: int, m: Maths) -> Any:
    """The same, looking at one threshold after the other."""
    if kind == EQUIDISTANT:
        return p["thresholds"][..., 0] + at * p["delta"]
    each = thresholds_of(kind, p, count)
    found = each[0]
    for k, threshold in enumerate(each[1:], 1):
        found = m.where(at > k - 0.5, threshold, found)
    return found
