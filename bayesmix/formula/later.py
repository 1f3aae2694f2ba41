"""Names of the formula language that stand for something this version can't do yet."""

from __future__ import annotations

from bayesmix.errors import FormulaError
from bayesmix.formula.tokens import Token
from bayesmix.formula.tree import Span

_CALLS = ("mi",)


def not_yet(what: str, span: Span, hint: str | None = None) -> FormulaError:
    """The error for a part of the language that is to come."""
    return FormulaError(f"{what} is not supported yet.", None, span, hint)


def refuse_later_call(function: Token) -> None:
    """Raise for ``mi()``, …."""
    if function.text in _CALLS:
        raise not_yet(f"{function.text}()", function.span)
