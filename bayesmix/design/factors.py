"""A factor of a term, on the data of the fit and on new data: a column or a call of columns.

Categorical ones can be coded in two ways, all levels (`full`) or contrasts; which of them a term
takes is decided in `matrix`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.calls import CallFactor, make_call, shown
from bayesmix.errors import FormulaError
from bayesmix.formula.drawn import is_drawn
from bayesmix.formula.tree import Call, Expr, Literal, Name, Unary, render

On = tuple[pd.DataFrame, Mapping[str, Any], str]
"""The fit's data, the functions and the text of the formula."""


@dataclass(frozen=True)
class NumericFactor:
    """A numeric column as it is."""

    column: str
    categorical = False

    def labels(self, full: bool) -> tuple[str, ...]:
        return (self.column,)

    def columns(self, frame: pd.DataFrame, full: bool) -> np.ndarray:
        return frame[self.column].to_numpy(float)[:, None]


@dataclass(frozen=True)
class CategoricalFactor:
    """A categorical column in treatment coding, its first level the reference.

    An ordered one too, whose differences R would code by polynomials.
    """

    column: str
    levels: tuple[Any, ...]
    categorical = True

    def labels(self, full: bool) -> tuple[str, ...]:
        return tuple(f"{self.column}[{lv}]" for lv in self.levels[0 if full else 1 :])

    def columns(self, frame: pd.DataFrame, full: bool) -> np.ndarray:
        codes = frame[self.column].cat.codes.to_numpy()
        return np.eye(len(self.levels))[codes][:, 0 if full else 1 :]


@dataclass(frozen=True)
class DrawnFactor:
    """``mo(x)``, ``me(x, sdx)``: ones, which are multiplied elsewhere (`bayesmix.design.drawn`)."""

    label: str
    categorical = False

    def labels(self, full: bool) -> tuple[str, ...]:
        return (self.label,)

    def columns(self, frame: pd.DataFrame, full: bool) -> np.ndarray:
        return np.ones((len(frame), 1))


Factor = NumericFactor | CategoricalFactor | CallFactor | DrawnFactor


@dataclass(frozen=True)
class Quantity:
    """A numeric expression that is no term: a response, an offset, an addition term."""

    expr: Expr
    factor: NumericFactor | CallFactor | None

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        """One value a row; what the expression learnt from the data of the fit it remembers."""
        if self.factor is None:
            return np.full(len(frame), number_of(self.expr))
        return self.factor.columns(frame, full=True)[:, 0]


def number_of(expr: Expr) -> float | None:
    """The number that is written, with its sign; None for anything else."""
    match expr:
        case Literal(float() | int() as value) if not isinstance(value, bool):
            return float(value)
        case Unary(op, operand) if (value := number_of(operand)) is not None:
            return -value if op == "-" else value
    return None


def make_factor(
    expr: Name | Call, frame: pd.DataFrame, functions: Mapping[str, Any], source: str
) -> Factor:
    """The factor that `expr` is on `frame`, the data of the fit."""
    if is_drawn(expr):
        return DrawnFactor(render(expr))
    if isinstance(expr, Call):
        return make_call(expr, frame, functions, source)
    column = frame[expr.name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        return CategoricalFactor(expr.name, tuple(column.cat.categories))
    return NumericFactor(expr.name)


def is_factor(expr: Expr, frame: pd.DataFrame) -> bool:
    """Whether it is a column of categories."""
    return isinstance(expr, Name) and isinstance(frame[expr.name].dtype, pd.CategoricalDtype)


def make_quantity(
    expr: Expr, frame: pd.DataFrame, functions: Mapping[str, Any], source: str
) -> Quantity:
    """The numbers that `expr` is on `frame`, the data of the fit.

    Raises
    ------
    FormulaError
        If it is a category, text, or more than one column.
    """
    if isinstance(expr, Literal) and isinstance(expr.value, str | bool | None):
        raise FormulaError(f"{shown(expr)} must be numeric here.", source, expr.span)
    if number_of(expr) is not None:
        return Quantity(expr, None)
    if isinstance(expr, Name):
        factor = make_factor(expr, frame, functions, source)
    else:
        call = expr if isinstance(expr, Call) else Call("I", (expr,), (), expr.span)
        factor = make_call(call, frame, functions, source, numeric=True)
    if factor.categorical:
        raise FormulaError(f"{shown(expr)!r} must be numeric here.", source, expr.span)
    if len(factor.labels(full=True)) != 1:
        raise FormulaError(f"{shown(expr)!r} must be one column here.", source, expr.span)
    return Quantity(expr, factor)
