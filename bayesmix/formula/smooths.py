"""``s(x, bs="cr", k=5, by=f)`` and ``t2(x, z)``: smooth functions of covariates.

Source: mgcv's ``s`` and ``t2``, whose arguments those here have.
"""

from __future__ import annotations

from bayesmix.errors import FormulaError, listed
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.expressions import check_options, parse_arguments
from bayesmix.formula.tokens import Token
from bayesmix.formula.tree import Expr, List, Literal, SmoothTerm, Span

FUNCTIONS = ("s", "t2")
INSTEAD = {
    "te": "t2(x, z) is the product smooth whose penalties can be sampled",
    "ti": "t2(x, z) is the product smooth whose penalties can be sampled",
}
OPTIONS = ("bs", "k", "by")
BASES = {
    "tp": "thin plate splines",
    "cr": "cubic splines",
    "cc": "cyclic cubic splines",
    "ps": "P-splines",
    "re": "independent effects",
    "fs": "a smooth for each level of a factor",
}
MARGINS = ("cr", "cc", "ps", "tp")
"""What products are made of."""
LEAST = 3
"""Of functions that a basis has."""


def parse_smooth(cursor: Cursor) -> SmoothTerm:
    """A smooth: its name comes next."""
    cursor.restart_count()
    function = cursor.take()
    if function.text in INSTEAD:
        raise FormulaError(
            f"{function.text}() is not there: {INSTEAD[function.text]}.", span=function.span
        )
    args, kwargs, inside = parse_arguments(cursor)
    span, options = (function.span[0], inside[1]), dict(kwargs)
    hint = "It has bs= for the basis, k= for its size and by= for a factor or number."
    check_options("A smooth", options, OPTIONS, hint)
    _check_covariates(function, args, span)
    several = len(args) if function.text == "t2" else 1
    bases = _bases(function, options.get("bs"), several)
    sizes = _sizes(options.get("k"), several)
    return SmoothTerm(function.text, args, bases, sizes, options.get("by"), span)


def _check_covariates(function: Token, args: tuple[Expr, ...], span: Span) -> None:
    least = 2 if function.text == "t2" else 1
    if len(args) < least:
        raise FormulaError(
            f"{function.text}() needs {'covariates' if least > 1 else 'a covariate'}.",
            span=span,
            hint=f"Write '{'t2(x, z)' if least > 1 else 's(x)'}'.",
        )
    for arg in args:
        if isinstance(arg, Literal | List):
            raise FormulaError(
                "A covariate of a smooth is a column, or an expression of columns.",
                span=arg.span,
                hint="The size of the basis has a name: 's(x, k=5)'.",
            )


def _bases(function: Token, given: Expr | None, several: int) -> tuple[str, ...]:
    if given is None:
        return ("tp",) if function.text == "s" else ("cr",) * several
    items = given.items if isinstance(given, List) else (given,) * several
    names = tuple(item.value if isinstance(item, Literal) else None for item in items)
    there = tuple(BASES) if function.text == "s" else MARGINS
    if len(names) != several or not all(name in there for name in names):
        raise FormulaError(
            f"bs= of {function.text}() is one of {listed(there)}"
            + (", or a list of one for each covariate." if several > 1 else "."),
            span=given.span,
        )
    return names


def _sizes(given: Expr | None, several: int) -> tuple[int, ...]:
    """How many functions; nothing where it is left to the basis."""
    if given is None:
        return ()
    items = given.items if isinstance(given, List) else (given,) * several
    sizes = tuple(item.value if isinstance(item, Literal) else None for item in items)
    if len(sizes) != several or not all(_is_size(size) for size in sizes):
        raise FormulaError(
            f"k= is a whole number of functions, at least {LEAST}"
            + (", or a list of one for each covariate." if several > 1 else "."),
            span=given.span,
        )
    return sizes


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= LEAST
