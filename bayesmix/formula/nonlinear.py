"""Nonlinear formulas: an expression of columns and of parameters that have formulas themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bayesmix.errors import FormulaError, did_you_mean, listed
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.expressions import parse_expression
from bayesmix.formula.tree import (
    Binary,
    Call,
    Expr,
    List,
    Literal,
    Name,
    NonlinearTerm,
    Predictor,
    Terms,
    Unary,
    children,
    names,
)

Function = Callable[..., Any]

FUNCTIONS: Mapping[str, tuple[int, Function]] = {
    "exp": (1, lambda m, x: m.exp(x)),
    "expm1": (1, lambda m, x: m.expm1(x)),
    "log": (1, lambda m, x: m.log(x)),
    "log1p": (1, lambda m, x: m.log1p(x)),
    "log2": (1, lambda m, x: m.log2(x)),
    "log10": (1, lambda m, x: m.log10(x)),
    "sqrt": (1, lambda m, x: m.sqrt(x)),
    "square": (1, lambda m, x: x * x),
    "abs": (1, lambda m, x: m.abs(x)),
    "pow": (2, lambda m, x, y: x**y),
    "sin": (1, lambda m, x: m.sin(x)),
    "cos": (1, lambda m, x: m.cos(x)),
    "tan": (1, lambda m, x: m.tan(x)),
    "sinh": (1, lambda m, x: m.sinh(x)),
    "cosh": (1, lambda m, x: m.cosh(x)),
    "tanh": (1, lambda m, x: m.tanh(x)),
    "atan": (1, lambda m, x: m.arctan(x)),
    "inv_logit": (1, lambda m, x: 0.5 * (1.0 + m.tanh(0.5 * x))),
    "logit": (1, lambda m, x: m.log(x) - m.log1p(-x)),
    "min": (2, lambda m, x, y: m.minimum(x, y)),
    "max": (2, lambda m, x, y: m.maximum(x, y)),
}
"""The functions of expressions, and how many arguments they take: the module's come first."""

OPERATORS: Mapping[str, Function] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "**": lambda x, y: x**y,
}


def parse_nonlinear(cursor: Cursor, source: str) -> Predictor:
    """A right-hand side that is one expression, to the end of the text.

    Its parameters are known once their formulas are (`with_parameters`).
    """
    cursor.restart_count()
    expr = parse_expression(cursor)
    cursor.finish()
    _check(expr)
    start = min([n.span[0] for n in _nodes(expr)])
    end = max([n.span[1] for n in _nodes(expr)])
    term = NonlinearTerm(expr, (), (start, end))
    return Predictor(Terms(False), (), source, (term,))


def with_parameters(
    predictors: tuple[tuple[str, Predictor], ...],
) -> tuple[tuple[str, Predictor], ...]:
    """The predictors, the expression of the main one told which of its names have formulas."""
    (main, mu), *others = predictors
    if mu.nonlinear is None:
        return predictors
    there = {n.name for n in names(mu.nonlinear.expr)}
    parameters = tuple(name for name, _ in others if name in there)
    term = replace(mu.nonlinear, parameters=parameters)
    return (main, replace(mu, specials=(term,))), *others


def evaluate(expr: Expr, values: Mapping[str, Any], m: Any) -> Any:
    """The value of an expression.

    Parameters
    ----------
    expr : Expr
    values : mapping of str to array
        Of its names.
    m : module
        ``numpy`` or ``pytensor.tensor``.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesmix.formula import bf
    >>> term = bf("y ~ a * exp(-t)", a="1", nl=True).mu.nonlinear
    >>> float(evaluate(term.expr, {"a": 2.0, "t": 0.0}, np))
    2.0
    """
    match expr:
        case Name(name):
            return values[name]
        case Literal(value):
            return float(value)
        case Unary(_, operand):
            return -evaluate(operand, values, m)
        case Binary(op, left, right):
            return OPERATORS[op](evaluate(left, values, m), evaluate(right, values, m))
        case Call(function, args, _):
            return FUNCTIONS[function][1](m, *(evaluate(a, values, m) for a in args))


def _nodes(expr: Expr) -> Iterator[Expr]:
    yield expr
    for child in children(expr):
        yield from _nodes(child)


def _check(expr: Expr) -> None:
    """FormulaError for what isn't arithmetic."""
    for node in _nodes(expr):
        match node:
            case Call(function, args, kwargs):
                _check_call(node, function, len(args), bool(kwargs))
            case Binary(op) if op not in OPERATORS:
                raise FormulaError(
                    "Expressions don't compare: steps have no gradient.",
                    span=node.span,
                    hint="A comparison of columns can be a column: data.assign(late=…).",
                )
            case Literal(value) if isinstance(value, bool) or not isinstance(value, int | float):
                raise FormulaError("An expression is made of numbers.", span=node.span)
            case List():
                raise FormulaError("An expression has no lists.", span=node.span)


def _check_call(node: Call, function: str, count: int, named: bool) -> None:
    if function not in FUNCTIONS:
        raise FormulaError(
            f"Expressions have no function {function!r}.{did_you_mean(function, FUNCTIONS)}",
            span=(node.span[0], node.span[0] + len(function)),
            hint=f"There are {listed(FUNCTIONS, limit=30)}.",
        )
    takes = FUNCTIONS[function][0]
    if named or count != takes:
        what = "one argument" if takes == 1 else f"{takes} arguments"
        raise FormulaError(f"{function}() takes {what}, without a name.", span=node.span)
