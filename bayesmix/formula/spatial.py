"""``car(W, gr=area, type="bym2")``: what brms's formulas say of neighbours.

Source: brms's ``car``, https://paulbuerkner.com/brms/reference/car.html
"""

from __future__ import annotations

from bayesmix.errors import FormulaError, did_you_mean, listed
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.expressions import parse_arguments
from bayesmix.formula.tree import CarTerm, Expr, Literal, Name, Span

CAR = {
    "escar": "proper: neighbours resemble each other as much as a parameter says",
    "esicar": "intrinsic, the effects adding up to zero",
    "icar": "intrinsic, the effects adding up to zero but for a little",
    "bym2": "intrinsic and independent parts, a parameter saying how much of each",
}
"""The types of conditional autoregressive effects; brms's default is the first."""

ARGUMENTS = ("M", "gr", "type")


def parse_car(cursor: Cursor) -> CarTerm:
    """A conditional autoregressive term: its name comes next."""
    cursor.restart_count()
    function = cursor.take()
    args, kwargs, inside = parse_arguments(cursor)
    span = (function.span[0], inside[1])
    given = _named(args, dict(kwargs), span)
    return CarTerm(_name(given, "M", span), _name(given, "gr", span), _type(given), span)


def _named(args: tuple[Expr, ...], kwargs: dict[str, Expr], span: Span) -> dict[str, Expr]:
    """Arguments by name; those without one come in brms's order."""
    if len(args) > len(ARGUMENTS):
        raise FormulaError("car() takes a matrix, gr= and type=.", span=span)
    for name, value in kwargs.items():
        if name not in ARGUMENTS:
            raise FormulaError(
                f"car() has no argument {name!r}.{did_you_mean(name, ARGUMENTS)}",
                span=value.span,
                hint="Write 'car(W, gr=area, type=\"icar\")'.",
            )
    return dict(zip(ARGUMENTS, args, strict=False)) | kwargs


def _name(given: dict[str, Expr], argument: str, span: Span) -> Name:
    what = {
        "M": "the name of a matrix of neighbours, in data2",
        "gr": "the column of regions, gr=",
    }[argument]
    found = given.get(argument)
    if not isinstance(found, Name):
        raise FormulaError(
            f"car() needs {what}.",
            span=span if found is None else found.span,
            hint="Write 'car(W, gr=area)' and pass data2={'W': …}, a DataFrame of zeros and ones "
            "with regions as labels.",
        )
    return found


def _type(given: dict[str, Expr]) -> str:
    found = given.get("type")
    if found is None:
        return next(iter(CAR))
    if not isinstance(found, Literal) or found.value not in CAR:
        raise FormulaError(f"type= of car() is one of {listed(CAR)}.", span=found.span)
    return found.value
