"""An expression as the list of operations that a kernel carries out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bayesmix.design import Expression
from bayesmix.engine.numerics.operations import CODES
from bayesmix.formula.nonlinear import evaluate
from bayesmix.formula.tree import Binary, Call, Expr, Literal, Unary, names, render


@dataclass(frozen=True)
class Program:
    """What to do with registers: parameters, then columns, numbers and operations.

    Attributes
    ----------
    columns : ndarray
        Columns × rows: those of the data, and what is made of them alone.
    numbers : ndarray
    operations : ndarray of int
        Operations × 3: which, and the registers of its arguments, twice the same if it has one.
    result : int
        The register of the whole expression.
    """

    columns: np.ndarray
    numbers: np.ndarray
    operations: np.ndarray
    result: int


@dataclass
class _Parts:
    """What is found in an expression, each part once, by its text."""

    expression: Expression
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)
    operations: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def add(self, expr: Expr) -> str:
        """Add an expression's parts, those that it is made of first; returns its text."""
        text = render(expr)
        inside = {n.name for n in names(expr)}
        if not inside.intersection(self.expression.follows):
            with np.errstate(all="ignore"):
                value = evaluate(expr, self.expression.columns, np)
            (self.columns if inside else self.numbers)[text] = value
        elif (operation := _operation(expr)) is not None and text not in self.operations:
            function, args = operation
            found = [self.add(a) for a in args]
            self.operations[text] = (function, found[0], found[-1])
        return text


def _operation(expr: Expr) -> tuple[str, tuple[Expr, ...]] | None:
    """The operation that an expression is, and of what; None if it is a name."""
    match expr:
        case Unary(_, operand):
            return "negative", (operand,)
        case Binary("**", base, Literal(2)):
            return "square", (base,)
        case Binary(op, left, right):
            return op, (left, right)
        case Call(function, args, _):
            return function, tuple(args)
    return None


def program_of(c: Expression) -> Program:
    """The operations of an expression on its rows.

    Examples
    --------
    >>> import bayesmix as bx
    >>> formula = bx.bf("y ~ a * exp(-2 * t)", a="1", nl=True)
    >>> data = {"y": [1.0, 2.0], "t": [0.0, 1.0]}
    >>> model = bx.Model(formula, data, prior=bx.prior("normal(0, 1)", nlpar="a"))
    >>> program = program_of(model.spec.design.predictors[-1].expression)
    >>> program.columns.round(3).tolist(), program.operations.tolist(), program.result
    ([[1.0, 0.135]], [[2, 0, 1]], 2)
    """
    parts = _Parts(c)
    result = parts.add(c.term.expr)
    columns = np.stack([*parts.columns.values()]) if parts.columns else np.empty((0, 0))
    texts = (*c.follows, *parts.columns, *parts.numbers, *parts.operations)
    at = {text: i for i, text in enumerate(texts)}
    operations = [(CODES[f], at[a], at[b]) for f, a, b in parts.operations.values()]
    return Program(
        columns,
        np.array([*parts.numbers.values()], float),
        np.array(operations, np.int32).reshape(-1, 3),
        at[result],
    )
