"""``varPower(mu)``, ``varConstPower(x)``: functions that a scale is a multiple of.

Those of a column that are linear in the logarithm of the scale are terms as any other, and an error
says which.

Source: Pinheiro, J. C. and Bates, D. M. (2000), Mixed-Effects Models in S and S-PLUS, section
5.2.1, whose names they have.
"""

from __future__ import annotations

from bayesmix.errors import FormulaError
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.expressions import parse_arguments
from bayesmix.formula.tokens import Token
from bayesmix.formula.tree import Args, Expr, Name, Span, VarianceTerm, render

MEAN = "mu"
"""What a formula of a scale calls the fitted mean."""

FUNCTIONS = {
    "varPower": ("power",),
    "varExp": ("expon",),
    "varConstPower": ("const", "power"),
}
"""Those that have parameters, and what the parameters are called."""

LINEAR = {
    "varFixed": ("offset(0.5 * log({x}))", ""),
    "varIdent": ("0 + {x}", ", whose coefficients are the logs of the standard deviations"),
    "varPower": ("log({x})", ", whose coefficient is the power"),
    "varExp": ("{x}", ", whose coefficient is nlme's expon"),
}
"""Terms that say the same of a column, and what of them is nlme's parameter."""

NAMES = frozenset({*FUNCTIONS, *LINEAR, "varComb"})


def parse_variance(cursor: Cursor) -> VarianceTerm:
    """A variance function: its name comes next."""
    function = cursor.take()
    _refuse_nlme(cursor, function)
    args, kwargs, span = parse_arguments(cursor)
    span = (function.span[0], span[1])
    if function.text == "varComb":
        raise _sum_of(args, span)
    if len(args) != 1 or any(option != "by" for option, _ in kwargs):
        raise _taking(function, span)
    (covariate,), by = args, _strata(dict(kwargs).get("by"))
    term = VarianceTerm(function.text, None if _is_mean(covariate) else covariate, by, span)
    _refuse_linear(term)
    return term


def _is_mean(expr: Expr) -> bool:
    return isinstance(expr, Name) and expr.name == MEAN


def _strata(by: Expr | None) -> Name | None:
    if by is not None and not isinstance(by, Name):
        raise FormulaError("by= takes the name of a column.", span=by.span)
    return by


def _refuse_nlme(cursor: Cursor, function: Token) -> None:
    """What stands in nlme's formulas: ``varPower(~x)``, ``varPower(form = ~x | f)``."""
    first = cursor.following
    if first.text == "~" or (first.kind == "name" and first.text == "form"):
        raise FormulaError(
            f"{function.text}() takes its covariate without '~', and strata by name.",
            span=first.span,
            hint="nlme's '~fitted(.)' is 'varPower(mu)' here, and '~x | f' is "
            "'varConstPower(x, by=f)'.",
        )


def _taking(function: Token, span: Span) -> FormulaError:
    return FormulaError(
        f"{function.text}() takes one covariate, and by= for strata.",
        span=span,
        hint=f"Write '{function.text}({MEAN})', or '{function.text}({MEAN}, by=f)'.",
    )


def _sum_of(args: Args, span: Span) -> FormulaError:
    return FormulaError(
        "varComb() is a sum here: terms of a scale's formula multiply the scale.",
        span=span,
        hint=f"Write '{' + '.join(map(render, args))}'.",
    )


def _refuse_linear(term: VarianceTerm) -> None:
    """A function that is linear in the logarithm of the scale has one spelling, the linear one."""
    if term.function in FUNCTIONS and (term.covariate is None or term.function not in LINEAR):
        return
    spelling, parameter = LINEAR[term.function]
    x = MEAN if term.covariate is None else render(term.covariate)
    text = spelling.format(x=x)
    if term.by is not None:
        text = f"{text}:{term.by.name}"
    raise FormulaError(
        f"{term.function}({x}) is linear in the logarithm of a scale, and a plain term says it.",
        span=term.span,
        hint=f"Write '{text}'{parameter}.",
    )
