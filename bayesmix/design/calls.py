"""Calls of columns, ``log(x)`` or ``C(f, Sum)``: the one place where formulae is at work.

It evaluates a call at a time, and only the call's leaves (columns, numbers) and functions, under
names of our own: so a formula reaches nothing else.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import columns_of, is_contrast
from bayesmix.errors import BayesmixError, FormulaError, did_you_mean, listed
from bayesmix.formula.tree import Binary, Call, Expr, List, Literal, Name, Unary, children, render

COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
CATEGORIES = frozenset({"C", "T", "S"})
AGAIN = 50
"""Rows, from each end of the data, that a call is tried on again."""


@dataclass(frozen=True)
class CallFactor:
    """A call; holds the formulae objects that know its state, one for each coding."""

    expr: Call
    spelling: Spelling
    matrices: tuple[Any, Any]
    suffixes: tuple[tuple[str, ...], tuple[str, ...]]
    categorical: bool
    source: str

    def labels(self, full: bool) -> tuple[str, ...]:
        base = shown(self.expr)
        return tuple(base + suffix for suffix in self.suffixes[full])

    def columns(self, frame: pd.DataFrame, full: bool) -> np.ndarray:
        if frame.empty:
            return np.empty((0, len(self.suffixes[full])))
        matrix, data = self.matrices[full], self.spelling.data(frame)
        new = self._evaluated(lambda: matrix.common.evaluate_new_data(data).design_matrix)
        return self._checked(new[:, -len(self.suffixes[full]) :], frame.index)

    def _evaluated(self, function: Callable[[], np.ndarray]) -> np.ndarray:
        levels = [s[1:-1] for s in self.suffixes[True]]
        hint = f"The fit knows {listed(levels, limit=30)}." if self.categorical else None
        return _evaluated(self.expr, self.spelling, self.source, function, hint)

    def _checked(self, values: np.ndarray, rows: pd.Index) -> np.ndarray:
        values = np.asarray(values, float)
        if len(values) != len(rows):
            raise self._error(f"gives {len(values)} values for {len(rows)} rows.")
        if not values.size:
            raise self._error("gives no column.")
        bad = pd.Series(~np.isfinite(values).all(axis=1), index=rows)
        if bad.any():
            where = f"{'row' if bad.sum() == 1 else 'rows'} {listed(bad.index[bad], limit=10)}"
            raise self._error(
                f"is not finite in {where}.", "Shift or transform the column, or leave them out."
            )
        return values

    def check_rows_alone(self, frame: pd.DataFrame) -> None:
        """A row's values must not hang on the other rows: new data has others.

        Raises
        ------
        FormulaError
            For ``f(x)`` with, say, ``f = lambda x: x - x.mean()``.
        """
        whole = self.columns(frame, full=True)
        scale = np.abs(whole).max(axis=0, initial=0.0)
        count = min(AGAIN, max(1, len(frame) // 2))
        for rows in (slice(0, count), slice(len(frame) - count, len(frame))):
            try:
                part = self.columns(frame.iloc[rows], full=True)
            except FormulaError as error:
                raise self._hanging() from error
            if (np.abs(part - whole[rows]) > 1e-9 * scale).any():
                raise self._hanging()

    def _hanging(self) -> FormulaError:
        return self._error(
            "gives a row other values when the other rows change, so it can't be applied to new "
            "data.",
            "Make it a column of the data, or use scale(), center(), poly() or bs(), which "
            "remember what they learnt.",
        )

    def _error(self, what: str, hint: str | None = None) -> FormulaError:
        return FormulaError(f"{shown(self.expr)!r} {what}", self.source, self.expr.span, hint)


def make_call(
    expr: Call,
    frame: pd.DataFrame,
    functions: Mapping[str, Any],
    source: str,
    numeric: bool = False,
) -> CallFactor:
    """The factor that a call is on the data of the fit.

    A comparison, ``I(x > 0)``, is a category as in R, or 0 and 1 where it must be `numeric`.

    Raises
    ------
    FormulaError
        If it can't be evaluated, isn't finite, or a row's values hang on other rows.
    """
    # Here, for few formulas have calls and formulae takes long to import.
    from formulae import design_matrices
    from formulae.environment import Environment

    spelling = Spelling.of(_as_category(expr) if not numeric else expr)
    data = spelling.data(frame)
    scope = {f"fn_{name}": f for name, f in functions.items()} | spelling.constants
    scope |= {"as_float": as_float, "as_column": as_column}

    def matrices(intercept: int) -> Any:
        return design_matrices(
            f"{intercept} + as_column({spelling.text})",
            data,
            na_action="pass",
            env=Environment([{}]),
            extra_namespace=scope,
        )

    full = _evaluated(expr, spelling, source, lambda: matrices(0))
    if full.common is None or len(full.common.terms) != 1:
        raise FormulaError(f"{shown(expr)!r} is not a predictor.", source, expr.span)
    (term,) = full.common.terms.values()
    categorical = term.kind == "categoric"
    reduced = full
    if categorical:
        reduced = _evaluated(expr, spelling, source, lambda: matrices(1))
    suffixes = _suffixes(reduced), _suffixes(full)
    factor = CallFactor(expr, spelling, (reduced, full), suffixes, categorical, source)
    factor.check_rows_alone(frame)
    return factor


def check_functions(expr: Expr, functions: Mapping[str, Any], source: str) -> None:
    """FormulaError for a call of something that is not in the namespace."""
    for call in _calls(expr):
        if call.function not in functions:
            raise FormulaError(
                f"There is no function {call.function!r} in formulas."
                + did_you_mean(call.function, functions),
                source,
                call.span,
                hint=f"There are {listed(sorted(functions), limit=60)}; "
                "pass your own with namespace={'name': function}.",
            )


def shown(expr: Expr) -> str:
    """The expression as coefficients are named by it."""
    return expr.name if isinstance(expr, Name) else render(expr).replace("`", "")


def as_float(x: Any) -> Any:
    """Whole numbers and booleans as floats, which neither wrap around nor add up to True."""
    if isinstance(x, pd.Series | np.ndarray) and getattr(x.dtype, "kind", "O") in "biu":
        return x.astype(float)
    return x


def as_column(x: Any) -> Any:
    """What a call gives, as columns; ValueError for what can't be one."""
    if hasattr(x, "contrast"):
        return x
    if isinstance(x, pd.DataFrame | list | tuple):
        x = np.asarray(x)
    if not isinstance(x, pd.Series | np.ndarray) or x.ndim not in (1, 2):
        raise ValueError(f"gives {type(x).__name__} where one value a row is needed")
    if isinstance(x.dtype, np.dtype) and x.dtype.kind not in "biufOUT":
        raise ValueError(f"gives values of type {x.dtype}")
    return x


@dataclass(frozen=True)
class Spelling:
    """An expression in formulae's spelling, with names of our own for columns and constants."""

    text: str
    columns: Mapping[str, str]
    constants: Mapping[str, Any]

    @classmethod
    def of(cls, expr: Expr) -> Spelling:
        columns = {n.name: f"col{i}" for i, n in enumerate(columns_of(expr))}
        constants: dict[str, Any] = {}
        text = _spelt(expr, columns, constants)
        return cls(text, columns, constants)

    def data(self, frame: pd.DataFrame) -> pd.DataFrame:
        data = {alias: _leaf(frame[name]) for name, alias in self.columns.items()}
        return pd.DataFrame(data, index=frame.index)

    def undone(self, message: str) -> str:
        """A message of formulae's with the names that the user knows."""
        known = {alias: name for name, alias in self.columns.items()}
        known |= {alias: repr(value) for alias, value in self.constants.items()}
        message = re.sub(r"\bas_column\((.*)\)(?=')", r"\1", message)
        message = re.sub(r"\bas_float\((\w+)\)", r"\1", message)
        message = re.sub(r"\bfn_(\w+)", r"\1", message)
        return re.sub(r"\b(?:col|const)\d+\b", lambda m: known.get(m[0], m[0]), message)


def _spelt(expr: Expr, columns: Mapping[str, str], constants: dict[str, Any]) -> str:
    from bayesmix.design.namespace import FUNCTIONS

    def number(operand: Expr) -> str:
        text = _spelt(operand, columns, constants)
        return text if isinstance(operand, Literal) else f"as_float({text})"

    def argument(function: str, place: int | str, e: Expr) -> str:
        if function == "C" and place != 0 and is_contrast(e):
            return f"fn_{e.name}"
        is_column = isinstance(e, Name) and function in FUNCTIONS and function not in CATEGORIES
        return number(e) if is_column else _spelt(e, columns, constants)

    match expr:
        case Name(name):
            return columns[name]
        case Call(function, args, kwargs):
            inside = [argument(function, i, a) for i, a in enumerate(args)]
            inside += [f"{k}={argument(function, k, v)}" for k, v in kwargs]
            return f"fn_{function}({', '.join(inside)})"
        case Unary(op, operand) if not isinstance(operand, Literal):
            return f"({op}({number(operand)}))"
        case Binary(op, left, right) if op in COMPARISONS:
            sides = (_spelt(e, columns, constants) for e in (left, right))
            return f"({f' {op} '.join(sides)})"
        case Binary(op, left, right):
            return f"({number(left)} {op} {number(right)})"
    name = f"const{len(constants)}"
    constants[name] = _value(expr)
    return name


def _leaf(column: pd.Series) -> pd.Series:
    """A column as a call sees it: booleans, though a category as terms, as themselves."""
    if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.categories.dtype == bool:
        return column.astype(bool)
    return column


def _as_category(expr: Call) -> Call:
    match expr:
        case Call("I", (Binary(op),), ()) if op in COMPARISONS:
            return Call("C", expr.args, (), expr.span)
    return expr


def _suffixes(matrices: Any) -> tuple[str, ...]:
    """What formulae puts behind the call's text: ``[level]``, ``[0]``, or nothing."""
    *_, term = matrices.common.terms.values()
    return tuple(label.removeprefix(term.name) for label in term.labels)


def _evaluated(
    expr: Expr, spelling: Spelling, source: str, function: Any, hint: str | None = None
) -> Any:
    """The function's value; whatever it raises becomes a FormulaError at the expression."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            return function()
    except BayesmixError:
        raise
    except Exception as error:
        kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
        raise FormulaError(
            f"{shown(expr)!r} can't be evaluated: {kind}{spelling.undone(str(error))}",
            source,
            expr.span,
            hint,
        ) from error


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
    inner = [c for e in children(expr) for c in _calls(e)]
    return [expr, *inner] if isinstance(expr, Call) else inner
