"""``ar(time, gr=g, p=1, cov=True)``, ``cosy(time, gr=g)``: residuals that hang together.

Source: brms's autocorrelation terms, https://paulbuerkner.com/brms/reference/autocor-terms.html,
whose names and arguments they have; ``car1()`` is nlme's ``corCAR1``, ``corExp(x, y)`` and others
are its correlations between places.
"""

from __future__ import annotations

from collections.abc import Mapping

from bayesmix.errors import FormulaError, listed
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.expressions import Kwargs, check_options, flag, parse_arguments
from bayesmix.formula.tokens import Token
from bayesmix.formula.tree import Args, Expr, Literal, Name, ResidualTerm, Span

DECAYS = ("corExp", "corGaus", "corMatern")
"""Those of places, with nlme's names."""

OPTIONS = {
    "ar": ("p", "cov", "gaps"),
    "ma": ("q", "cov", "gaps"),
    "arma": ("p", "q", "cov", "gaps"),
    "cosy": (),
    "car1": (),
    "unstr": (),
    "fcor": (),
    "corExp": ("nugget",),
    "corGaus": ("nugget",),
    "corMatern": ("nugget", "smoothness"),
}
"""What each takes beside ``time`` and ``gr``."""


def parse_residual(cursor: Cursor) -> ResidualTerm:
    """A term of residuals: its name comes next."""
    function = cursor.take()
    args, kwargs, inside = parse_arguments(cursor)
    span, given = (function.span[0], inside[1]), dict(kwargs)
    if function.text == "fcor":
        return _known(args, kwargs, span)
    if function.text in DECAYS:
        return _of_places(function, args, given, span)
    if args:
        given = {"time": args[0], **given}
    _check_options(function, given, len(args), span)
    time, gr = _column("time", given), _column("gr", given)
    p, q = (_order(what, function, given) for what in "pq")
    cov = function.text not in ("ar", "ma", "arma") or flag("cov=", given.get("cov"))
    gaps = flag("gaps=", given.get("gaps"))
    term = ResidualTerm(function.text, time, gr, p, q, cov, span, gaps=gaps)
    _check_term(term)
    return term


def _known(args: Args, kwargs: Kwargs, span: Span) -> ResidualTerm:
    if len(args) != 1 or kwargs or not isinstance(args[0], Name):
        raise FormulaError(
            "fcor() takes the name of a matrix.",
            span=span,
            hint="Write 'fcor(V)', and give data2={'V': …}.",
        )
    return ResidualTerm("fcor", None, None, 0, 0, True, span, args[0])


def _of_places(function: Token, args: Args, given: Mapping[str, Expr], span: Span) -> ResidualTerm:
    """``corExp(x, y, gr=g)``, by one or two coordinates."""
    _check_names(function, given, "gr")
    if not 1 <= len(args) <= 2 or not all(isinstance(a, Name) for a in args):
        raise FormulaError(
            f"{function.text}() takes the columns of one or two coordinates.",
            span=span,
            hint=f"Write '{function.text}(x, y, gr=g)'.",
        )
    first, second = (*args, None)[:2]
    return ResidualTerm(
        *(function.text, first, _column("gr", given), 0, 0, True, span, None, second),
        nugget=flag("nugget=", given.get("nugget")),
        smoothness=_smoothness(given),
    )


def _smoothness(given: Mapping[str, Expr]) -> float:
    value = given.get("smoothness")
    if value is None:
        return 1.5
    if not isinstance(value, Literal) or value.value not in (1.5, 2.5):
        raise FormulaError(
            "smoothness= is 1.5 or 2.5.", span=value.span, hint="That of 0.5 is corExp()."
        )
    return float(value.value)


def _check_names(function: Token, given: Mapping[str, Expr], *columns: str) -> None:
    there = (*columns, *OPTIONS[function.text])
    check_options(f"{function.text}()", given, there, f"It has {listed(there)}.")


def _check_options(function: Token, given: Mapping[str, Expr], positional: int, span: Span) -> None:
    _check_names(function, given, "time", "gr")
    if positional > 1:
        raise FormulaError(
            f"{function.text}() takes the column of times, and options by name.",
            span=span,
            hint=f"Write '{function.text}(time, gr=g)'.",
        )


def _column(what: str, given: Mapping[str, Expr]) -> Name | None:
    column = given.get(what)
    if column is not None and not isinstance(column, Name):
        raise FormulaError(
            f"{what}= takes the name of a column.",
            span=column.span,
            hint="Make the column first, with data.assign().",
        )
    return column


def _order(what: str, function: Token, given: Mapping[str, Expr]) -> int:
    if what not in OPTIONS[function.text]:
        return 0
    value = given.get(what)
    if value is None:
        return 1
    number = value.value if isinstance(value, Literal) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise FormulaError(f"{what}= is a whole number of lags.", span=value.span)
    return number


def _check_term(term: ResidualTerm) -> None:
    if term.function in ("ar", "ma", "arma") and not term.p + term.q:
        raise FormulaError(f"{term.function}() has no lag: an order is at least 1.", span=term.span)
    if term.gaps and not (term.cov and term.time):
        raise FormulaError(
            "gaps=True is of a covariance between rows that have times.",
            span=term.span,
            hint=f"Write '{term.function}(time, cov=True, gaps=True)'.",
        )
    if term.function in ("car1", "unstr") and term.time is None:
        why = "whose distances count" if term.function == "car1" else "which have correlations"
        raise FormulaError(
            f"{term.function}() needs times, {why}.",
            span=term.span,
            hint=f"Write '{term.function}(time, gr=g)'.",
        )
