"""Right-hand sides and left sides of bars: terms, their operators and group-level terms."""

from __future__ import annotations

from dataclasses import replace

from bayesmix.errors import FormulaError
from bayesmix.formula import algebra, processes, residuals, smooths, spatial, variances
from bayesmix.formula.algebra import Side, finished
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.drawn import CHECKS, drawn_factors, is_drawn
from bayesmix.formula.expressions import parse_factor
from bayesmix.formula.groups import group_terms, parse_targets
from bayesmix.formula.structures import CALLS, as_a_call
from bayesmix.formula.tokens import Token
from bayesmix.formula.tree import SpecificTerm, Term
from bayesmix.formula.unexpected import operand_expected

_SUM, _PRODUCT, _WITHIN, _INTERACTION, _POWER = 1, 2, 3, 4, 5
_LEVELS = {
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
    "%in%": _WITHIN,
    ":": _INTERACTION,
    "**": _POWER,
    "^": _POWER,
}
_OPERATIONS = {
    "+": algebra.add,
    "-": algebra.subtract,
    "*": algebra.cross,
    "/": algebra.nest,
    "%in%": algebra.interact,
    ":": algebra.interact,
}
SPECIFIC = ("cs", "cse")
SPECIALS = {
    **dict.fromkeys(variances.NAMES, variances.parse_variance),
    **dict.fromkeys((*smooths.FUNCTIONS, *smooths.INSTEAD), smooths.parse_smooth),
    "gp": processes.parse_process,
    "car": spatial.parse_car,
    "sar": spatial.parse_sar,
    **dict.fromkeys(residuals.OPTIONS, residuals.parse_residual),
}
"""Functions that stand for terms of their own kinds, and what reads them."""


def parse_side(cursor: Cursor) -> Side:
    """Terms and their operators, as far as they go; a first sign is that of the first term."""
    cursor.skip("+")
    if not cursor.at("-"):
        return _parse_operators(cursor, _SUM)
    minus = cursor.take()
    removed = _parse_operators(cursor, _PRODUCT)
    start = algebra.subtract(Side(minus.span), removed)
    return _continue(start, cursor, _SUM)


def _parse_operators(cursor: Cursor, floor: int) -> Side:
    return _continue(_parse_operand(cursor), cursor, floor)


def _continue(left: Side, cursor: Cursor, floor: int) -> Side:
    """Apply the operators of level `floor` and above that follow, by precedence climbing."""
    while (level := _level(cursor)) >= floor:
        operator = cursor.take()
        if level == _POWER:
            left = _parse_power(left, cursor)
        else:
            left = _OPERATIONS[operator.text](left, _parse_operators(cursor, level + 1))
    return left


def _level(cursor: Cursor) -> int:
    return _LEVELS.get(cursor.token.text, 0) if cursor.token.kind == "op" else 0


def _parse_power(base: Side, cursor: Cursor) -> Side:
    exponent = cursor.take()
    whole = exponent.kind == "number" and exponent.text.isdigit() and int(exponent.text) > 0
    if not whole or cursor.at("**", "^"):
        raise FormulaError(
            "The power of terms is one whole number, at least 1.",
            span=exponent.span,
            hint="Arithmetic goes inside I(), as in 'I(x**0.5)'.",
        )
    return algebra.power(base, int(exponent.text), (base.span[0], exponent.span[1]))


def _parse_operand(cursor: Cursor) -> Side:
    token = cursor.token
    if cursor.at("("):
        return _parse_parenthesised(cursor)
    if token.kind == "number":
        return _intercept(cursor.take())
    if token.kind not in ("name", "quoted"):
        raise operand_expected(token)
    if cursor.at_call() and token.text == "offset":
        return _parse_offset(cursor)
    if cursor.at_call() and token.text in CALLS and cursor.bar_inside():
        raise as_a_call(token.text, token.span)
    if cursor.at_call() and token.text in SPECIFIC:
        term = _parse_specific(cursor)
        return Side(term.span, specials=(term,))
    if cursor.at_call() and token.text in SPECIALS:
        term = SPECIALS[token.text](cursor)
        return Side(term.span, specials=(term,))
    if cursor.at_call() and token.text in ("gr", "mm"):
        raise _left_of_bar(token)
    factor = parse_factor(cursor)
    if is_drawn(factor):
        CHECKS[factor.function](factor)
    return algebra.one_term(Term((factor,), factor.span))


def _parse_parenthesised(cursor: Cursor) -> Side:
    opening = cursor.take()
    with cursor.deeper():
        side = parse_side(cursor)
        targets = parse_targets(cursor) if cursor.at("|", "||") else ()
    span = (opening.span[0], cursor.close(opening).span[1])
    if not targets:
        return replace(side, span=span)
    return Side(span, groups=group_terms(side, targets, span))


def _parse_specific(cursor: Cursor) -> SpecificTerm:
    """``cs()``, inside of which terms have their operators."""
    function, opening = cursor.take(), cursor.take()
    with cursor.deeper():
        side = parse_side(cursor)
    span = (function.span[0], cursor.close(opening).span[1])
    if side.groups or side.offsets or side.specials:
        raise FormulaError(f"{function.text}() holds terms of columns only.", span=span)
    for drawn in (f for t in side.terms.values() for f in drawn_factors(t)):
        raise FormulaError(f"{drawn.function}() can't stand in {function.text}().", span=span)
    return SpecificTerm(finished(side).terms, side.intercept, span)


def _intercept(number: Token) -> Side:
    if number.text not in ("0", "1"):
        raise FormulaError(
            f"The number {number.text} can't be a term: only 0 and 1 can, for the intercept.",
            span=number.span,
            hint="Arithmetic goes inside I(), as in 'I(2 * x)'.",
        )
    return Side(number.span, intercept=number.text == "1")


def _parse_offset(cursor: Cursor) -> Side:
    call = parse_factor(cursor)
    if len(call.args) != 1 or call.kwargs:
        raise FormulaError(
            "offset() takes one expression.", span=call.span, hint="Write 'offset(log(t))'."
        )
    return Side(call.span, offsets=call.args)


def _left_of_bar(function: Token) -> FormulaError:
    return FormulaError(
        f"{function.text}() stands only right of the bar of a group-level term.",
        span=function.span,
        hint=f"Write '(1 | {function.text}(…))'.",
    )
