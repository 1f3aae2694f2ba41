"""The left-hand side of a formula."""

from __future__ import annotations

from bayesmix.errors import FormulaError
from bayesmix.formula.additions import parse_additions
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.drawn import is_drawn
from bayesmix.formula.expressions import parse_factor
from bayesmix.formula.tree import Call, Name, Response
from bayesmix.formula.unexpected import quoted

_ARITHMETIC = ("+", "-", "*", "/", ":", "**", "^")
_EFFECTS = {
    "mo": ("an effect of an ordered variable", "An ordered response has a family: 'cumulative'."),
    "mi": ("a covariate with missing values", "Missing responses: 'y | mi() ~ x'."),
    "me": ("a covariate with measurement error", "Errors of the response: 'y | se(sdy) ~ x'."),
}


def parse_response(cursor: Cursor, source: str) -> Response:
    """The response and its addition terms, up to the tilde, which is read too."""
    expr = _parse_response_expr(cursor)
    additions = parse_additions(cursor) if cursor.skip("|") else ()
    if not cursor.skip("~"):
        raise _no_tilde(cursor)
    return Response(expr, additions, source)


def _parse_response_expr(cursor: Cursor) -> Name | Call:
    token = cursor.token
    if token.kind == "end":
        raise FormulaError("The formula is empty.", hint="Write 'y ~ x'.")
    if cursor.at("~"):
        raise FormulaError(
            "The response is missing before '~'.", span=token.span, hint="Write 'y ~ x'."
        )
    if token.kind not in ("name", "quoted"):
        raise FormulaError(
            f"The response is a column or a call such as log(y), not {quoted(token)}.",
            span=token.span,
        )
    response = parse_factor(cursor)
    if is_drawn(response):
        what, hint = _EFFECTS[response.function]
        raise FormulaError(f"{response.function}() is {what}.", span=response.span, hint=hint)
    return response


def _no_tilde(cursor: Cursor) -> FormulaError:
    token = cursor.token
    if token.kind == "end":
        return FormulaError(
            "The formula has no '~'.", span=token.span, hint="Write 'response ~ terms'."
        )
    if cursor.at(*_ARITHMETIC):
        return FormulaError(
            f"{token.text!r} can't stand in the response outside a call.",
            span=token.span,
            hint="Write 'I(y / n) ~ x' for arithmetic, 'y | trials(n) ~ x' for counts out of n.",
        )
    if cursor.at("="):
        return FormulaError("The response is followed by '~', not '='.", span=token.span)
    return cursor.unexpected()
