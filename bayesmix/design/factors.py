"""A factor of a term, on the data of the fit and on new data: a column or a call of columns.

Categorical ones can be coded in two ways, all levels (`full`) or contrasts; which of them a term
takes is decided in `matrix`. Calls are evaluated by formulae, one at a time, and only their leaves
(columns, numbers) and functions, under names of our own: so a formula reaches nothing else.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from formulae import design_matrices
from formulae.environment import Environment

from bayesmix.errors import BayesmixError, FormulaError, did_you_mean, listed
from bayesmix.formula.tree import Binary, Call, Expr, List, Literal, Name, Unary, names, render


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
    """A categorical column in treatment coding, its first level the reference."""

    column: str
    levels: tuple[Any, ...]
    categorical = True

    def labels(self, full: bool) -> tuple[str, ...]:
        return tuple(f"{self.column}[{lv}]" for lv in self.levels[0 if full else 1 :])

    def columns(self, frame: pd.DataFrame, full: bool) -> np.ndarray:
        codes = frame[self.column].cat.codes.to_numpy()
        return np.eye(len(self.levels))[codes][:, 0 if full else 1 :]


@dataclass(frozen=True)
class CallFactor:
    """A call; holds the formulae objects that know its state, one for each coding."""

    expr: Call
    matrices: tuple[Any, Any]
    suffixes: tuple[tuple[str, ...], tuple[str, ...]]
    categorical: bool
    source: str

    def labels(self, full: bool) -> tuple[str, ...]:
        base = _display(self.expr)
        return tuple(base + suffix for suffix in self.suffixes[full])

    def columns(self, frame: pd.DataFrame, full: bool) -> np.ndarray:
        leaves = _Leaves(self.expr)
        data = leaves.frame(frame)
        matrix = self.matrices[full]
        new = _evaluated(self.expr, self.source, lambda: matrix.common.evaluate_new_data(data))
        width = len(self.suffixes[full])
        return _finite(new.design_matrix[:, -width:], self.expr, self.source, frame.index)


Factor = NumericFactor | CategoricalFactor | CallFactor


def make_factor(
    expr: Name | Call, frame: pd.DataFrame, functions: Mapping[str, Any], source: str
) -> Factor:
    """The factor that `expr` is on `frame`, the data of the fit."""
    if isinstance(expr, Call):
        return _make_call(expr, frame, functions, source)
    column = frame[expr.name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        return CategoricalFactor(expr.name, tuple(column.cat.categories))
    return NumericFactor(expr.name)


def evaluate(
    expr: Expr, frame: pd.DataFrame, functions: Mapping[str, Any], source: str
) -> np.ndarray:
    """The values of a numeric expression without state: a response, offset or addition term."""
    if isinstance(expr, Literal) and not isinstance(expr.value, str | None):
        return np.full(len(frame), float(expr.value))
    wrapped = expr if isinstance(expr, Name | Call) else Call("I", (expr,), (), expr.span)
    factor = make_factor(wrapped, frame, functions, source)
    if factor.categorical:
        raise FormulaError(f"{_display(expr)!r} must be numeric here.", source, expr.span)
    values = factor.columns(frame, full=True)
    if values.shape[1] != 1:
        raise FormulaError(f"{_display(expr)!r} must be one column here.", source, expr.span)
    return values[:, 0]


def check_functions(expr: Expr, functions: Mapping[str, Any], source: str) -> None:
    """FormulaError for a call of something that is not in the namespace."""
    for call in _calls(expr):
        if call.function not in functions:
            raise FormulaError(
                f"There is no function {call.function!r} in formulas."
                + did_you_mean(call.function, functions),
                source,
                call.span,
                hint=f"there are {listed(sorted(functions), limit=60)}; "
                "pass your own with namespace={'name': function}.",
            )


def _make_call(
    expr: Call, frame: pd.DataFrame, functions: Mapping[str, Any], source: str
) -> CallFactor:
    leaves = _Leaves(expr)
    data, text = leaves.frame(frame), leaves.text
    scope = {f"fn_{name}": f for name, f in functions.items()} | leaves.constants

    def matrices(intercept: int) -> Any:
        return design_matrices(
            f"{intercept} + {text}",
            data,
            na_action="pass",
            env=Environment([{}]),
            extra_namespace=scope,
        )

    full = _evaluated(expr, source, lambda: matrices(0))
    if full.common is None or len(full.common.terms) != 1:
        raise FormulaError(f"{_display(expr)!r} is not a predictor.", source, expr.span)
    (term,) = full.common.terms.values()
    categorical = term.kind == "categoric"
    reduced = _evaluated(expr, source, lambda: matrices(1)) if categorical else full
    _finite(full.common.design_matrix, expr, source, frame.index)
    return CallFactor(
        expr,
        (reduced, full),
        (_suffixes(reduced), _suffixes(full)),
        categorical,
        source,
    )


def _suffixes(matrices: Any) -> tuple[str, ...]:
    """What formulae puts behind the call's text: ``[level]``, ``[0]``, or nothing."""
    *_, term = matrices.common.terms.values()
    return tuple(label.removeprefix(term.name) for label in term.labels)


def _evaluated(expr: Expr, source: str, function: Any) -> Any:
    """The function's value; whatever it raises becomes a FormulaError at the expression."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            return function()
    except BayesmixError:
        raise
    except Exception as error:
        raise FormulaError(
            f"{_display(expr)!r} can't be evaluated: {type(error).__name__}: "
            f"{_without_aliases(str(error))}",
            source,
            expr.span,
        ) from error


def _without_aliases(message: str) -> str:
    return re.sub(r"\bfn_(\w+)", r"\1", message)


def _finite(values: np.ndarray, expr: Expr, source: str, rows: pd.Index) -> np.ndarray:
    values = np.asarray(values, float)
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise FormulaError(
            f"{_display(expr)!r} is not finite in {int(bad.sum())} row(s), "
            f"the first of them {rows[bad.argmax()]!r}.",
            source,
            expr.span,
        )
    return values


class _Leaves:
    """An expression in formulae's spelling, and the data under the names it uses there."""

    def __init__(self, expr: Expr) -> None:
        columns = dict.fromkeys(n.name for n in names(expr))
        self.aliases = {name: f"col{i}" for i, name in enumerate(columns)}
        self.constants: dict[str, Any] = {}
        self.text = self._spelt(expr)

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        data = {alias: frame[name] for name, alias in self.aliases.items()}
        return pd.DataFrame(data, index=frame.index)

    def _spelt(self, expr: Expr) -> str:
        match expr:
            case Name(name):
                return self.aliases[name]
            case Call(function, args, kwargs):
                inside = [self._spelt(a) for a in args]
                inside += [f"{k}={self._spelt(v)}" for k, v in kwargs]
                return f"fn_{function}({', '.join(inside)})"
            case Unary(op, operand):
                return f"({op}({self._spelt(operand)}))"
            case Binary(op, left, right):
                return f"({self._spelt(left)} {op} {self._spelt(right)})"
        return self._constant(expr)

    def _constant(self, expr: Expr) -> str:
        name = f"const{len(self.constants)}"
        self.constants[name] = _value(expr)
        return name


def _value(expr: Expr) -> Any:
    match expr:
        case Literal(value):
            return value
        case List(items):
            return [_value(i) for i in items]
        case Unary("-", Literal(value)):
            return -value
    raise FormulaError(f"{render(expr)!r} must be a number or a string here.")


def _calls(expr: Expr) -> list[Call]:
    match expr:
        case Call(_, args, kwargs):
            inner = [*args, *(v for _, v in kwargs)]
            return [expr, *(c for e in inner for c in _calls(e))]
        case Unary(_, operand):
            return _calls(operand)
        case Binary(_, left, right):
            return _calls(left) + _calls(right)
        case List(items):
            return [c for e in items for c in _calls(e)]
    return []


def _display(expr: Expr) -> str:
    return expr.name if isinstance(expr, Name) else render(expr).replace("`", "")
