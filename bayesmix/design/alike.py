"""Data sets of one kind: the same columns, types and levels, and one recipe for all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from bayesmix.design.build import Design, PredictorDesign
from bayesmix.design.columns import ONES, label_key
from bayesmix.design.contributions import Columns, Contribution, GroupEffects, Offset, Smooths
from bayesmix.design.drawn import DrawnColumns
from bayesmix.design.processes import Process
from bayesmix.design.response import ResponseData
from bayesmix.design.variances import VarianceFunction
from bayesmix.errors import DataError, did_you_mean, listed

APPLIED = Columns | Offset | Smooths | VarianceFunction
"""Contributions whose columns are made by a recipe that looks at the data."""

MEND = "All data sets need the same levels in one order: merge rare ones, or reorder categories."


def check_columns(first: pd.DataFrame, other: pd.DataFrame, what: str) -> None:
    """DataError for a column that the first has and the other hasn't."""
    for name in first.columns:
        if name not in other.columns and name != ONES:
            raise DataError(
                f"{what} has no column {name!r}, which the model uses and the first has."
                + did_you_mean(name, other.columns)
            )


def check_alike(first: pd.DataFrame, other: pd.DataFrame, what: str) -> None:
    """DataError for a used column of another type or with other levels; both frames are typed."""
    for name in first.columns:
        here, there = first[name], other[name]
        if _kind(here) != _kind(there):
            raise DataError(
                f"Column {name!r} of {_lower(what)} holds {_kind(there)}; in the first it holds "
                f"{_kind(here)}. Convert it before the fit."
            )
        if isinstance(here.dtype, pd.CategoricalDtype):
            levels = here.cat.categories, there.cat.categories
            _check_levels(name, *([label_key(v) for v in own] for own in levels), what)


def check_levels(first: Design, other: Design, what: str) -> None:
    """DataError for a group with other levels, those that are numbers too, or other places."""
    for g, h in zip(first.groups, other.groups, strict=True):
        _check_levels(g.name, list(g.keys), list(h.keys), what)
    for p, q in zip(first.predictors, other.predictors, strict=True):
        pairs = zip(p.processes, q.processes, strict=True)
        for own in (zip(a.processes, b.processes, strict=False) for a, b in pairs):
            for here, there in own:
                _check_places(here, there, what)


def as_in(made: Design, first: Design) -> Design:
    """A design whose columns the recipes of the first make: scales, bases and codings are its."""
    frames = dict(zip(made.names, made.frames.own, strict=True))
    pairs = zip(made.predictors, first.predictors, strict=True)
    predictors = tuple(_as_in(p, q, frames[p.target.resp]) for p, q in pairs)
    each = zip(made.responses, first.responses, frames.values(), strict=True)
    responses = tuple(replace(r, y=_values(r, s, f), quantity=s.quantity) for r, s, f in each)
    return replace(made, predictors=predictors, responses=responses)


def _values(made: ResponseData, first: ResponseData, frame: pd.DataFrame) -> np.ndarray:
    """Those that are missing, with ``mi()``, keep what stands in their place."""
    values = first.on(frame)
    return values if made.missing is None else np.where(made.missing, made.y, values)


def _as_in(made: PredictorDesign, first: PredictorDesign, frame: pd.DataFrame) -> PredictorDesign:
    pairs = zip(made.contributions, first.contributions, strict=True)
    return replace(made, contributions=tuple(_applied(m, f, frame) for m, f in pairs))


def _applied(made: Contribution, first: Contribution, frame: pd.DataFrame) -> Contribution:
    """Steps and true values, by which columns are multiplied, are those of the data set."""
    if isinstance(first, GroupEffects | DrawnColumns):
        return replace(replace(first, drawn=()).on(frame), drawn=made.drawn)
    return first.on(frame) if isinstance(first, APPLIED) else made


def _check_places(first: Process, other: Process, what: str) -> None:
    if first.unit != other.unit or not np.array_equal(first.places, other.places):
        raise DataError(
            f"{first.label} has other places in {_lower(what)} than in the first, so that its "
            "function isn't the same. Fit each data set by itself (combine=False), or use a "
            "smooth, s()."
        )


def _check_levels(name: str, first: list[str], other: list[str], what: str) -> None:
    if first == other:
        return
    missing = [v for v in first if v not in other]
    more = [v for v in other if v not in first]
    if missing:
        found = f"lacks {_levels(missing)}, which the first has"
    elif more:
        found = f"has {_levels(more)}, which the first hasn't"
    else:
        found = f"has its levels in another order than the first, {listed(first)}"
    raise DataError(f"{name!r} of {_lower(what)} {found}. {MEND}")


def _levels(levels: list[str]) -> str:
    return f"the level{'s' if len(levels) > 1 else ''} {listed(levels)}"


def _kind(column: pd.Series) -> str:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "categories" if column.cat.categories.dtype != bool else "True and False"
    return "dates" if pd.api.types.is_datetime64_any_dtype(column.dtype) else "numbers"


def _lower(what: str) -> str:
    return what[:1].lower() + what[1:]
