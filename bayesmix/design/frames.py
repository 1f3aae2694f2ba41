"""The data of a fit: the used columns, typed, without rows that miss values."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from bayesmix.design.columns import (
    SUBSET,
    Use,
    first_row,
    kind,
    label_key,
    may_miss,
    predictor_uses,
    response_uses,
    uses_of,
    with_ones,
)
from bayesmix.errors import (
    DataError,
    FormulaError,
    MissingRowsWarning,
    did_you_mean,
    listed,
)
from bayesmix.formula.tree import Formula, Name, render

PACKAGE = str(Path(__file__).parents[1])


BOOLEAN = pd.CategoricalDtype([False, True])
"""Booleans are a category, as in R: ``flag[True]``, and both levels where there is no intercept."""


def training_frame(formula: Formula, data: pd.DataFrame) -> pd.DataFrame:
    """The used columns, typed, without the rows in which one of them is missing.

    Text becomes a category in sorted order, a category keeps its order and loses unused levels,
    booleans are the category of False and True.

    Raises
    ------
    FormulaError
        For a column that isn't there.
    DataError
        For a column of a type that can't be used, infinite values, or no rows left.

    Warns
    -----
    MissingRowsWarning
        If rows are dropped; once, with their count and the columns.
    """
    right = predictor_uses(formula)
    uses = [*response_uses(formula), *right]
    data = with_ones(right, data)
    _check_present(uses, data)
    if (kept := _subset(formula, data)) is not None:
        data = data[kept]
    times = _times(formula, data)
    frame, gaps = data[list(dict.fromkeys(u.name for u in uses))], may_miss([formula])
    return _typed_frame(frame[_complete(frame, gaps)], times, data, gaps)


def _typed_frame(
    frame: pd.DataFrame, times: set[str], data: pd.DataFrame, gaps: Collection[str]
) -> pd.DataFrame:
    columns = {
        n: _typed_time(frame[n]) if n in times else _typed(frame[n], n in gaps) for n in frame
    }
    typed = pd.DataFrame(columns, index=frame.index)
    if "units" in data.attrs:
        typed.attrs["units"] = data.attrs["units"]
    return typed


@dataclass(frozen=True)
class Frames:
    """The data of a model of one or several responses.

    Attributes
    ----------
    whole : DataFrame
        All rows and columns; where responses have rows of their own, values may be missing.
    own : tuple of DataFrame
        For each response its rows and columns.
    rows : tuple of ndarray of int
        Where those stand in the whole.
    """

    whole: pd.DataFrame
    own: tuple[pd.DataFrame, ...]
    rows: tuple[np.ndarray, ...]

    def of(self, i: int) -> Frames:
        """Those of one response."""
        own = self.own[i]
        return Frames(own, (own,), (np.arange(len(own)),))

    def some(self, rows: np.ndarray, columns: Iterable[str]) -> pd.DataFrame:
        """Complete columns of some of the rows, typed by themselves."""
        frame = self.whole.iloc[rows][list(columns)]
        return pd.DataFrame({n: _typed(frame[n]) for n in frame}, index=frame.index)


def training_frames(formulas: Sequence[Formula], data: pd.DataFrame) -> Frames:
    """The data of each formula; see `training_frame`.

    Without ``subset()`` all responses have the same rows: those that are complete for all.

    Raises
    ------
    FormulaError
        For a column that isn't there.
    DataError
        As `training_frame`, and for a row that has one response and misses another.
    """
    if len(formulas) == 1:
        frame = training_frame(formulas[0], data)
        return Frames(frame, (frame,), (np.arange(len(frame)),))
    right = [predictor_uses(f) for f in formulas]
    uses = [[*response_uses(f), *more] for f, more in zip(formulas, right, strict=True)]
    data = with_ones([u for own in right for u in own], data)
    for own in uses:
        _check_present(own, data)
    subsets = [_subset(f, data) for f in formulas]
    times = [
        _times(f, data if s is None else data[s]) for f, s in zip(formulas, subsets, strict=True)
    ]
    names = [list(dict.fromkeys(u.name for u in own)) for own in uses]
    columns = list(dict.fromkeys(n for own in names for n in own))
    gaps = may_miss(formulas)
    if all(s is None for s in subsets):
        _check_same_rows(formulas, data, gaps)
        frame = data[columns]
        whole = _typed_frame(frame[_complete(frame, gaps)], set().union(*times), data, gaps)
        return Frames(whole, (whole,) * len(formulas), (np.arange(len(whole)),) * len(formulas))
    kept = [_kept(data[n], s, gaps) for n, s in zip(names, subsets, strict=True)]
    some = np.any(kept, axis=0)
    pairs = zip(names, kept, times, strict=True)
    own = tuple(_typed_frame(data.loc[k, n], t, data, gaps) for n, k, t in pairs)
    rows = tuple(np.flatnonzero(k[some]) for k in kept)
    return Frames(_partly_typed(data.loc[some, columns], set().union(*times)), own, rows)


def _kept(frame: pd.DataFrame, subset: np.ndarray | None, gaps: Collection[str]) -> np.ndarray:
    """The rows of a response, those that miss a value left out."""
    subset = np.ones(len(frame), bool) if subset is None else subset
    kept = subset.copy()
    kept[subset] = _complete(frame[subset], gaps)
    return kept


def _partly_typed(frame: pd.DataFrame, times: set[str]) -> pd.DataFrame:
    """Columns typed by the values that are there."""
    typed = {}
    for name, column in frame.items():
        there, numbers = column.notna().to_numpy(), column.set_axis(range(len(column)))
        made = (_typed_time if name in times else _typed)(numbers[there])
        typed[name] = (
            made.reindex(numbers.index).to_numpy()
            if made.dtype.kind in "iufM"
            else (made.reindex(numbers.index).array)
        )
    return pd.DataFrame(typed, index=frame.index)


def _check_same_rows(
    formulas: Sequence[Formula], data: pd.DataFrame, gaps: Collection[str]
) -> None:
    """DataError for a row that has one response and misses another."""
    missing = [
        (f, data[[u.name for u in uses_of([f.response.expr], "")]].isna().any(axis=1))
        for f in formulas
        if not (isinstance(f.response.expr, Name) and f.response.expr.name in gaps)
    ]
    for (f, one), (other, two) in pairwise(missing):
        apart = one != two
        if apart.any():
            there, gone = (f, other) if two[apart].iloc[0] else (other, f)
            texts = [render(x.response.expr) for x in (gone, there)]
            raise DataError(
                f"The response {texts[0]!r} is missing in row {first_row(apart)}, which has "
                f"{texts[1]!r}. Have it imputed, '{texts[0]} | mi() ~ …'; say which rows each "
                f"response has, '{texts[0]} | subset(there) ~ …' with a column of True and False; "
                "or leave such rows out of the data."
            )


def _times(formula: Formula, data: pd.DataFrame) -> set[str]:
    """The columns of times; DataError for a row that misses its own."""
    terms = (t for _, p in formula.predictors for t in p.residuals if t.time is not None)
    names = {t.time.name for t in terms}
    for name in names:
        missing = data[name].isna()
        if missing.any():
            rows = data.index[missing].tolist()
            raise DataError(
                f"Column {name!r} has the times of residuals, and is missing in "
                f"{'row' if len(rows) == 1 else 'rows'} {listed(rows, limit=10)}: without it "
                "there is no order. Fill it in, or leave the rows out: data.dropna(subset="
                f"[{name!r}])."
            )
    return names


def _typed_time(column: pd.Series) -> pd.Series:
    """Dates as they are, other times as any column."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column
    if pd.api.types.infer_dtype(column) in ("date", "datetime"):
        return pd.to_datetime(column)
    return _typed(column)


def _subset(formula: Formula, data: pd.DataFrame) -> np.ndarray | None:
    """Whether ``subset()`` keeps each row; None without one.

    Raises
    ------
    FormulaError, DataError
        If it says nothing of some.
    """
    response = formula.response
    for expr in (e for a in response.additions if a.name == SUBSET for e in a.values):
        if not isinstance(expr, Name):
            raise FormulaError(
                "subset() takes a column of True and False.",
                response.source,
                expr.span,
                hint="Make the column first: data.assign(keep=…).",
            )
        kept = data[expr.name]
        wrong = ~kept.isin([True, False])
        if wrong.any():
            raise DataError(
                f"subset() takes True and False; {expr.name!r} is "
                f"{kept[wrong].tolist()[0]!r} in row {first_row(wrong)}."
            )
        rows = kept.to_numpy(bool)
        if not rows.any():
            raise DataError(f"No row is left: {expr.name!r} of subset() is False in all.")
        return rows
    return None


def _check_present(uses: Iterable[Use], frame: pd.DataFrame) -> None:
    for use in uses:
        if use.name not in frame.columns:
            raise FormulaError(
                f"There is no column {use.name!r} in the data."
                + did_you_mean(use.name, frame.columns),
                use.source,
                use.span,
                hint=f"The columns are {listed(frame.columns, limit=30)}.",
            )


def _complete(frame: pd.DataFrame, gaps: Collection[str] = ()) -> np.ndarray:
    """The rows that miss no value, but of some columns; a warning if others do."""
    missing = (frame.drop(columns=[n for n in frame if n in gaps]) if gaps else frame).isna()
    rows = missing.any(axis=1)
    if not rows.any():
        return np.ones(len(frame), bool)
    counts = missing.sum()
    where = ", ".join(f"{c!r} ({n})" for c, n in counts[counts > 0].items())
    if rows.all():
        raise DataError(
            f"No row is complete: every row has a missing value, in {where}. Fill in what is "
            "missing, or leave a column out of the formula."
        )
    warnings.warn(
        f"{int(rows.sum())} of {len(frame)} rows are left out: they miss values in {where}. "
        "Drop them from the data if that is meant, or fill in what is missing, in several ways "
        "for brm_multiple().",
        MissingRowsWarning,
        skip_file_prefixes=(PACKAGE,),
    )
    return ~rows.to_numpy()


def _typed(column: pd.Series, gaps: bool = False) -> pd.Series:
    """As the package has it; numbers may be missing where there may be `gaps`."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _plain_levels(column.cat.remove_unused_categories())
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype(BOOLEAN)
    if pd.api.types.is_numeric_dtype(column.dtype) and not np.iscomplexobj(column):
        finite = np.isfinite(column)
        finite = finite | column.isna() if gaps else finite
        if not finite.all():
            raise DataError(
                f"Column {column.name!r} is infinite in row {first_row(~finite)}. Leave such rows "
                "out, or make the column another way."
            )
        return column
    if _is_text(column):
        return column.astype(str).astype(_sorted_categories(column))
    raise DataError(
        f"Column {column.name!r} holds {kind(column)}; a formula can use numbers, booleans, text "
        "and categories. Convert the column first."
    )


def _plain_levels(column: pd.Series) -> pd.Series:
    """Categories that are no numbers, booleans or texts (intervals, say) as text."""
    levels = column.cat.categories
    if not all(isinstance(v, str | bool | int | float | np.number) for v in levels):
        levels = [str(v) for v in levels]
    twice = [k for k, count in Counter(map(label_key, levels)).items() if count > 1]
    if twice:
        raise DataError(
            f"Column {column.name!r} has several categories that read {twice[0]!r}; rename them."
        )
    return column.cat.rename_categories(levels)


def _is_text(column: pd.Series) -> bool:
    return pd.api.types.infer_dtype(column) == "string"


def _sorted_categories(column: pd.Series) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(sorted(str(v) for v in column.unique()), ordered=False)
