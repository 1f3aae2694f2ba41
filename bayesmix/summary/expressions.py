"""Nonlinear expressions as mathematics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayesmix.formula.tree import LEVELS, Binary, Call, Expr, Literal, Name, NonlinearTerm, Unary

if TYPE_CHECKING:
    from bayesmix.summary.equation import Style

POWER, PRODUCT = LEVELS["**"], LEVELS["*"]
WHOLE = POWER + 1
"""How tightly what needs no parentheses holds together."""


def written(term: NonlinearTerm, s: Style) -> str:
    """An expression, its parameters and columns with the index of the row."""
    return _Writing(term.parameters, s).text(term.expr, 0)


class _Writing:
    def __init__(self, parameters: tuple[str, ...], s: Style) -> None:
        self.parameters, self.s = parameters, s

    def text(self, expr: Expr, floor: int) -> str:
        """In parentheses if it binds less than `floor`."""
        level, text = self._of(expr)
        return self.s.brackets(text) if level < floor else text

    def _of(self, expr: Expr) -> tuple[int, str]:
        match expr:
            case Name(name):
                own = self.s.symbol if name in self.parameters else self.s.word
                return WHOLE, own(name, "i")
            case Literal(value):
                return WHOLE, f"{value:g}"
            case Call("pow", (base, exponent), _):
                return self._of(Binary("**", base, exponent, expr.span))
            case Call(function, args, _):
                return WHOLE, self.s.link(function, ", ".join(self.text(a, 0) for a in args))
            case Unary(_, operand):
                return PRODUCT, f"-{self.text(operand, POWER)}"
            case Binary("**", base, exponent):
                return POWER, self.s.power(self.text(base, WHOLE), self.text(exponent, WHOLE))
            case Binary("/", left, right):
                above, below = (0, 0) if self.s.stacked else (PRODUCT, POWER)
                return PRODUCT, self.s.quotient(self.text(left, above), self.text(right, below))
            case Binary("*", left, right):
                factors = self.text(left, PRODUCT), self.text(right, POWER)
                return PRODUCT, self.s.times.join(factors)
            case Binary(op, left, right):
                level = LEVELS[op]
                return level, f"{self.text(left, level)} {op} {self.text(right, level + 1)}"
