"""The columns that a formula uses, and those of new data, typed as in the fit."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayesmix.errors import (
    FormulaError,
    PredictionError,
    did_you_mean,
    listed,
)
from bayesmix.formula.drawn import reads_of
from bayesmix.formula.imputed import has_missing, is_imputed
from bayesmix.formula.tree import Call, Expr, Formula, Name, Predictor, Terms, children

CONTRASTS = frozenset({"Sum", "Treatment"})
"""What ``C(x, Sum)`` may name as its contrast: no columns."""


SUBSET = "subset"
"""The addition term that names the rows to fit to."""

ONES = "Intercept"
"""``0 + Intercept`` has an intercept among the ordinary coefficients, its columns not centred."""


@dataclass(frozen=True)
class Use:
    """A column that the formula names, and the place where it does.

    Of one that is `open` new data may have levels that the fit doesn't know.
    """

    name: str
    source: str
    span: tuple[int, int]
    open: bool = False


def columns_of(expr: Expr) -> tuple[Name, ...]:
    """The columns that an expression reads, in order of appearance."""
    if isinstance(expr, Name):
        return (expr,)
    inner = children(expr)
    if isinstance(expr, Call) and expr.function == "C":
        inner = (*inner[:1], *(e for e in inner[1:] if not is_contrast(e)))
    return tuple(n for e in inner for n in columns_of(e))


def is_contrast(expr: Expr) -> bool:
    """Whether an argument of ``C()`` is the bare name of a contrast."""
    return isinstance(expr, Name) and expr.name in CONTRASTS


def uses_of(exprs: Iterable[Expr], source: str) -> list[Use]:
    """The columns of several expressions of one text."""
    return [Use(n.name, source, n.span) for e in exprs for n in columns_of(e)]


def population_uses(terms: Terms, source: str) -> list[Use]:
    """The columns of population (or left-of-the-bar) terms and offsets."""
    return uses_of((*(f for t in terms.terms for f in t.factors), *terms.offsets), source)


def grouping_uses(predictor: Predictor) -> list[Use]:
    """The grouping factors, and the columns of ``by``, ``pw`` and weights."""
    uses = []
    for grouping in (g.grouping for g in predictor.groups):
        columns = (*grouping.members, *grouping.strata)
        uses += [Use(column, predictor.source, grouping.span) for column in columns]
        weights = grouping.mm.weights if grouping.mm else ()
        uses += uses_of((*grouping.pw, *weights), predictor.source)
    return uses


def plain_uses(predictor: Predictor) -> list[Use]:
    """The columns that a right-hand side reads as they are, those of ``mi()`` aside."""
    source, uses = predictor.source, []
    for terms in (predictor.population, *(g.coefs for g in predictor.groups)):
        factors = (f for t in terms.terms for f in t.factors if not is_imputed(f))
        uses += uses_of((*(e for f in factors for e in reads_of(f)), *terms.offsets), source)
    uses += uses_of((e for s in predictor.specials for e in s.columns), source)
    return uses + grouping_uses(predictor)


def response_uses(formula: Formula) -> list[Use]:
    """The columns of the response and of addition terms."""
    response = formula.response
    exprs = [response.expr]
    exprs += [e for a in response.additions for e in a.values]
    return uses_of(exprs, response.source)


def predictor_uses(formula: Formula) -> list[Use]:
    """The columns of all right-hand sides."""
    uses = []
    for _, predictor in formula.predictors:
        uses += population_uses(predictor.population, predictor.source)
        for g in predictor.groups:
            uses += population_uses(g.coefs, predictor.source)
        uses += uses_of((e for s in predictor.specials for e in s.columns), predictor.source)
        uses += grouping_uses(predictor)
    return uses


def may_miss(formulas: Iterable[Formula]) -> frozenset[str]:
    """The columns whose missing values are imputed: responses with ``mi()``.

    Raises
    ------
    FormulaError
        If such a response is no column.
    """
    found = set()
    for f in formulas:
        expr = f.response.expr
        if has_missing(f):
            if not isinstance(expr, Name):
                raise FormulaError(
                    "A response with mi() is a column.",
                    f.response.source,
                    expr.span,
                    hint="Make the column first: data.assign(z=np.log(data.y)).",
                )
            found.add(expr.name)
    return frozenset(found)


def with_ones(uses: Iterable[Use], data: pd.DataFrame) -> pd.DataFrame:
    """With a column of ones for ``0 + Intercept``; FormulaError if it has another meaning."""
    for use in uses:
        if use.name == ONES and ONES in data.columns and not (data[ONES] == 1).all():
            raise FormulaError(
                f"{ONES!r} stands for the intercept; rename the column.", use.source, use.span
            )
    return data.assign(**{ONES: 1.0}) if any(u.name == ONES for u in uses) else data


def first_row(where: pd.Series) -> str:
    """The label of the first row that `where` says, as text."""
    label = where.index[where.to_numpy().argmax()]
    return repr(label.item() if isinstance(label, np.generic) else label)


def kind(column: pd.Series) -> str:
    """What a column holds, in words."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "categories"
    kinds = sorted({type(v).__name__ for v in column})
    return f"values of type {' and '.join(kinds)}"


def new_frame(
    uses: Iterable[Use],
    training: pd.DataFrame,
    newdata: pd.DataFrame,
    gaps: Collection[str] = (),
) -> pd.DataFrame:
    """The used population columns of new data, with the types and categories of the fit.

    Of `gaps` values may be missing, or the whole column.

    Raises
    ------
    PredictionError
        For a missing column or value (named with its row), a value of the wrong type, or a level
        that the fit doesn't know.
    """
    uses = list(uses)
    newdata = with_ones(uses, newdata)
    names, closed = dict.fromkeys(u.name for u in uses), {u.name for u in uses if not u.open}
    for name in names:
        if name in gaps and name not in newdata.columns:
            newdata = newdata.assign(**{name: np.nan})
    columns = {
        name: _known_column(name, training[name], newdata, name not in closed, name in gaps)
        for name in names
    }
    return pd.DataFrame(columns, index=newdata.index)


def _known_column(
    name: str,
    old: pd.Series,
    newdata: pd.DataFrame,
    is_open: bool = False,
    gaps: bool = False,
) -> pd.Series:
    if name not in newdata.columns:
        raise PredictionError(
            f"newdata has no column {name!r}, which the model needs."
            + did_you_mean(name, newdata.columns)
        )
    new = newdata[name]
    if new.isna().any() and not gaps:
        raise PredictionError(
            f"Column {name!r} of newdata is missing in row {first_row(new.isna())}; "
            "a population-level value can't be missing. Fill it in, or leave the row out."
        )
    if isinstance(old.dtype, pd.CategoricalDtype) and is_open:
        return new.map(label_key)
    if isinstance(old.dtype, pd.CategoricalDtype):
        return _known_levels(name, old.cat.categories, new)
    if pd.api.types.is_datetime64_any_dtype(old.dtype):
        return _known_dates(name, new)
    if not pd.api.types.is_numeric_dtype(new.dtype) or np.iscomplexobj(new):
        raise PredictionError(
            f"Column {name!r} of newdata holds {kind(new)}; in the fit it was numeric. Convert "
            "it: pd.to_numeric()."
        )
    finite = np.isfinite(new) | new.isna()
    if not finite.all():
        raise PredictionError(
            f"Column {name!r} of newdata is infinite in row {first_row(~finite)}. Give a finite "
            "value, or leave the row out."
        )
    return new


def _known_dates(name: str, new: pd.Series) -> pd.Series:
    try:
        return pd.to_datetime(new)
    except (TypeError, ValueError) as error:
        raise PredictionError(
            f"Column {name!r} of newdata holds {kind(new)}; in the fit it was dates. Convert it: "
            "pd.to_datetime()."
        ) from error


def _known_levels(name: str, levels: pd.Index, new: pd.Series) -> pd.Series:
    by_key = {label_key(level): code for code, level in enumerate(levels)}
    if levels.dtype == bool:
        by_key |= {"0": 0, "1": 1}
    codes, found = label_codes(new)
    of_found = np.array([by_key.get(label_key(v), -1) for v in found], dtype=np.int64)
    unknown = pd.Series(of_found[codes] < 0, index=new.index)
    if unknown.any():
        raise PredictionError(
            f"Column {name!r} of newdata has the level {found[(of_found < 0).argmax()]!r} in row "
            f"{first_row(unknown)}; the fit knows {listed(levels, limit=30)}."
        )
    return pd.Series(pd.Categorical.from_codes(of_found[codes], levels), index=new.index)


def label_codes(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """A code for each row of new data, -1 where it is missing, and the labels in that order."""
    try:
        return pd.factorize(column.astype(object))
    except TypeError as error:
        raise PredictionError(
            f"Column {column.name!r} of newdata holds {kind(column)}; labels are numbers or text. "
            "Convert it: astype(str)."
        ) from error


def label_key(label: object) -> str:
    """What makes two labels the same: their text, whole numbers without decimals (308.0 is 308)."""
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return str(int(label))
    return str(label)
