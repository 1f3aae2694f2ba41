"""``car(W, gr=area, type="bym2")``, ``sar(W, type="lag")``: what brms's formulas say of neighbours.

Source: brms's ``car`` and ``sar``, https://paulbuerkner.com/brms/reference/autocor-terms.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bayesmix.errors import FormulaError, did_you_mean, listed
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.expressions import parse_arguments
from bayesmix.formula.tokens import Token
from bayesmix.formula.tree import CarTerm, Expr, Literal, Name, SarTerm, Span

CAR = {
    "escar": "proper: neighbours resemble each other as much as a parameter says",
    "esicar": "intrinsic, the effects adding up to zero",
    "icar": "intrinsic, the effects adding up to zero but for a little",
    "bym2": "intrinsic and independent parts, a parameter saying how much of each",
}
"""The types of conditional autoregressive effects; brms's default is the first."""

SAR = {
    "lag": "the response of a row hangs on those of others",
    "error": "its residual does",
}
"""The types of simultaneous autoregressive rows; brms's default is the first."""

ARGUMENTS = {"car": ("M", "gr", "type"), "sar": ("M", "type")}
EXAMPLES = {
    "car": "Write 'car(W, gr=area, type=\"icar\")' and pass data2={'W': …}, a DataFrame of zeros "
    "and ones with regions as labels.",
    "sar": "Write 'sar(W, type=\"error\")' and pass data2={'W': …}, a DataFrame with a row and a "
    "column for each row of the data.",
}
NEEDED = {"M": "the name of a matrix in data2", "gr": "the column of regions, gr="}


@dataclass(frozen=True)
class _Given:
    """The arguments of a call, by name."""

    function: Token
    arguments: dict[str, Expr]
    span: Span

    @classmethod
    def parse(cls, cursor: Cursor) -> _Given:
        cursor.restart_count()
        function = cursor.take()
        args, kwargs, inside = parse_arguments(cursor)
        span = (function.span[0], inside[1])
        _check_arguments(function.text, args, dict(kwargs), span)
        named = dict(zip(ARGUMENTS[function.text], args, strict=False))
        return cls(function, named | dict(kwargs), span)

    def name(self, argument: str) -> Name:
        found = self.arguments.get(argument)
        if not isinstance(found, Name):
            raise FormulaError(
                f"{self.function.text}() needs {NEEDED[argument]}.",
                span=self.span if found is None else found.span,
                hint=EXAMPLES[self.function.text],
            )
        return found

    def type(self, types: Mapping[str, str]) -> str:
        """One of several, the first if the call doesn't say."""
        found = self.arguments.get("type")
        if found is None:
            return next(iter(types))
        if not isinstance(found, Literal) or found.value not in types:
            text = self.function.text
            raise FormulaError(f"type= of {text}() is one of {listed(types)}.", span=found.span)
        return found.value


def parse_car(cursor: Cursor) -> CarTerm:
    """A conditional autoregressive term: its name comes next."""
    given = _Given.parse(cursor)
    return CarTerm(given.name("M"), given.name("gr"), given.type(CAR), given.span)


def parse_sar(cursor: Cursor) -> SarTerm:
    """A simultaneous autoregressive term: its name comes next."""
    given = _Given.parse(cursor)
    return SarTerm(given.name("M"), given.type(SAR), given.span)


def _check_arguments(
    function: str, args: tuple[Expr, ...], kwargs: Mapping[str, Expr], span: Span
) -> None:
    """Those without a name come in brms's order."""
    there = ARGUMENTS[function]
    if len(args) > len(there):
        raise FormulaError(f"{function}() takes {listed(there)}.", span=span)
    for name, value in kwargs.items():
        if name not in there or name in there[: len(args)]:
            wrong = f"has {name}= twice." if name in there else f"has no argument {name!r}."
            raise FormulaError(
                f"{function}() {wrong}{did_you_mean(name, there)}",
                span=value.span,
                hint=EXAMPLES[function],
            )
