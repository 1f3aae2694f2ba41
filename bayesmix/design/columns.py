"""The columns that a formula uses: found, typed, complete; of the fit and of new data."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayesmix.errors import (
    DataError,
    FormulaError,
    MissingRowsWarning,
    PredictionError,
    did_you_mean,
    listed,
)
from bayesmix.formula.tree import Formula, Predictor, Terms, names

RESERVED = "Intercept"
"""``0 + Intercept`` asks for an intercept among the ordinary coefficients, as in brms."""


@dataclass(frozen=True)
class Use:
    """A column that the formula names, and the place where it does."""

    name: str
    source: str
    span: tuple[int, int]


def population_uses(terms: Terms, source: str) -> list[Use]:
    """The columns of population (or left-of-the-bar) terms and offsets."""
    found = [n for t in terms.terms for f in t.factors for n in names(f)]
    found += [n for o in terms.offsets for n in names(o)]
    return [Use(n.name, source, n.span) for n in found]


def grouping_uses(predictor: Predictor) -> list[Use]:
    """The grouping factors and ``by`` columns."""
    return [
        Use(column, predictor.source, g.grouping.span)
        for g in predictor.groups
        for column in (*g.grouping.members, *([g.grouping.by] if g.grouping.by else []))
    ]


def response_uses(formula: Formula) -> list[Use]:
    """The columns of the response and of addition terms."""
    response = formula.response
    exprs = [response.expr]
    exprs += [e for a in response.additions for e in (*a.args, *(v for _, v in a.kwargs))]
    return [Use(n.name, response.source, n.span) for e in exprs for n in names(e)]


def formula_uses(formula: Formula) -> list[Use]:
    """Every column that a fit needs."""
    uses = response_uses(formula)
    for _, predictor in formula.predictors:
        uses += population_uses(predictor.population, predictor.source)
        for g in predictor.groups:
            uses += population_uses(g.coefs, predictor.source)
        uses += grouping_uses(predictor)
    return uses


def training_frame(formula: Formula, data: pd.DataFrame) -> pd.DataFrame:
    """The used columns, typed, without the rows in which one of them is missing.

    Text becomes a category in sorted order, a category keeps its order and loses unused levels.

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
    uses = formula_uses(formula)
    frame = _with_reserved(uses, data)
    _check_present(uses, frame)
    frame = frame[list(dict.fromkeys(u.name for u in uses))]
    frame = _drop_missing(frame)
    return frame.apply(_typed).copy()


def _with_reserved(uses: Iterable[Use], data: pd.DataFrame) -> pd.DataFrame:
    if RESERVED not in data.columns and any(u.name == RESERVED for u in uses):
        return data.assign(**{RESERVED: 1.0})
    return data


def _check_present(uses: Iterable[Use], frame: pd.DataFrame) -> None:
    for use in uses:
        if use.name not in frame.columns:
            raise FormulaError(
                f"There is no column {use.name!r} in the data."
                + did_you_mean(use.name, frame.columns),
                use.source,
                use.span,
                hint=f"the columns are {listed(frame.columns, limit=30)}.",
            )


def _drop_missing(frame: pd.DataFrame) -> pd.DataFrame:
    missing = frame.isna()
    rows = missing.any(axis=1)
    if not rows.any():
        return frame
    counts = missing.sum()
    where = ", ".join(f"{c!r} ({n})" for c, n in counts[counts > 0].items())
    if rows.all():
        raise DataError(f"No row is complete: every row has a missing value, in {where}.")
    warnings.warn(
        f"{int(rows.sum())} of {len(frame)} rows are left out: they miss values in {where}.",
        MissingRowsWarning,
        stacklevel=6,
    )
    return frame.loc[~rows]


def _typed(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.remove_unused_categories()
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype(bool)
    if pd.api.types.is_numeric_dtype(column.dtype) and not np.iscomplexobj(column):
        if not np.isfinite(column).all():
            row = column.index[~np.isfinite(column)][0]
            raise DataError(f"Column {column.name!r} is infinite in row {row!r}.")
        return column
    if _is_text(column):
        return column.astype(str).astype(_sorted_categories(column))
    raise DataError(
        f"Column {column.name!r} holds {_kind(column)}; a formula can use numbers, booleans, text "
        "and categories. Convert the column first."
    )


def _is_text(column: pd.Series) -> bool:
    return all(isinstance(v, str) for v in column.unique())


def _sorted_categories(column: pd.Series) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(sorted(str(v) for v in column.unique()), ordered=False)


def _kind(column: pd.Series) -> str:
    kinds = {type(v).__name__ for v in column}
    return f"values of type {' and '.join(sorted(kinds))}"


def new_frame(uses: Iterable[Use], training: pd.DataFrame, newdata: pd.DataFrame) -> pd.DataFrame:
    """The used population columns of new data, with the types and categories of the fit.

    Raises
    ------
    PredictionError
        For a missing column or value (named with its row), a value of the wrong type, or a level
        that the fit doesn't know.
    """
    uses = list({u.name: u for u in uses}.values())
    newdata = _with_reserved(uses, newdata)
    return pd.DataFrame(
        {u.name: _known_column(u.name, training[u.name], newdata) for u in uses},
        index=newdata.index,
    )


def _known_column(name: str, old: pd.Series, newdata: pd.DataFrame) -> pd.Series:
    if name not in newdata.columns:
        raise PredictionError(
            f"newdata has no column {name!r}, which the model needs."
            + did_you_mean(name, newdata.columns)
        )
    new = newdata[name]
    if new.isna().any():
        row = new.index[new.isna()][0]
        raise PredictionError(
            f"Column {name!r} of newdata is missing in row {row!r}; "
            "a population-level value can't be missing."
        )
    if isinstance(old.dtype, pd.CategoricalDtype):
        return _known_levels(name, old.cat.categories, new)
    if not pd.api.types.is_numeric_dtype(new.dtype) or np.iscomplexobj(new):
        raise PredictionError(
            f"Column {name!r} of newdata holds {_kind(new)}; in the fit it was numeric."
        )
    if not np.isfinite(new.to_numpy(float)).all():
        row = new.index[~np.isfinite(new.to_numpy(float))][0]
        raise PredictionError(f"Column {name!r} of newdata is infinite in row {row!r}.")
    return new


def _known_levels(name: str, levels: pd.Index, new: pd.Series) -> pd.Series:
    by_key = {label_key(lv): lv for lv in levels}
    known = {v: by_key.get(label_key(v)) for v in new.unique()}
    for value, level in known.items():
        if level is None:
            row = new.index[new == value][0]
            raise PredictionError(
                f"Column {name!r} of newdata has the level {value!r} in row {row!r}; "
                f"the fit knows {listed(levels, limit=30)}."
            )
    labels = new.astype(object).map(known)
    return pd.Series(pd.Categorical(labels, categories=levels), index=new.index, name=name)


def label_key(label: object) -> str:
    """What makes two labels the same: their text, whole numbers without decimals (308.0 is 308)."""
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return str(int(label))
    return str(label)
