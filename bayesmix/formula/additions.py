"""Addition terms, between the response and the tilde: ``y | trials(n) + weights(w) ~ …``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bayesmix.errors import FormulaError, did_you_mean, listed
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.expressions import Args, Kwargs, parse_arguments
from bayesmix.formula.tokens import Token
from bayesmix.formula.tree import Addition, Expr, Literal, Span

MOST_VALUES = 20
"""Columns that ``vreal()`` and ``vint()`` take."""


@dataclass(frozen=True)
class Signature:
    """What an addition term takes: how many arguments, options, and flags, which are options too.

    Options have values a row, flags are True or False, settings one number or True or False.
    """

    arguments: int
    more: int = 0
    options: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    settings: tuple[tuple[str, type], ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """All that is given by name."""
        return (*self.options, *self.flags, *(name for name, _ in self.settings))


ADDITIONS = {
    "trials": Signature(1),
    "weights": Signature(1, flags=("scale",)),
    "se": Signature(1, flags=("sigma",)),
    "rate": Signature(1),
    "cens": Signature(1, more=1),
    "dec": Signature(1),
    "thres": Signature(0, more=1, options=("gr",)),
    "trunc": Signature(0, more=2, options=("lb", "ub")),
    "subset": Signature(1),
    "mi": Signature(0, more=1, options=("sdy",)),
    "vreal": Signature(1, more=MOST_VALUES - 1),
    "vint": Signature(1, more=MOST_VALUES - 1),
    "bhaz": Signature(
        0,
        more=1,
        options=("gr",),
        settings=(("df", int), ("degree", int), ("intercept", bool)),
    ),
}
LATER = ("index",)
CATEGORIES = "cat"
"""brms's old term, which it still reads."""


KINDS = {bool: "True or False", int: "a whole number"}


def parse_additions(cursor: Cursor) -> tuple[Addition, ...]:
    """The addition terms; the cursor stands after the bar."""
    additions = [_parse_addition(cursor)]
    while cursor.skip("+"):
        additions.append(_parse_addition(cursor))
        _refuse_repeated(additions)
    return tuple(additions)


def _parse_addition(cursor: Cursor) -> Addition:
    if not cursor.at_call():
        raise _not_an_addition(cursor.token)
    name = cursor.take()
    signature = _signature(name)
    cursor.restart_count()
    args, kwargs, arguments = parse_arguments(cursor)
    span = (name.span[0], arguments[1])
    _check_arguments(name.text, signature, args, kwargs, span)
    flags = tuple(k for k, value in kwargs if k in signature.flags and _literal(k, value, bool))
    kinds = dict(signature.settings)
    settings = tuple((k, _literal(k, value, kinds[k])) for k, value in kwargs if k in kinds)
    kwargs = tuple((k, value) for k, value in kwargs if k in signature.options)
    return Addition(name.text, args, kwargs, span, flags, settings)


def _literal(option: str, value: Expr, kind: type) -> Any:
    if not isinstance(value, Literal) or type(value.value) is not kind:
        raise FormulaError(f"{option}= takes {KINDS[kind]}.", span=value.span)
    return value.value


def _not_an_addition(token: Token) -> FormulaError:
    wrong = f", not {token.text!r}" if token.kind != "end" else ""
    return FormulaError(
        f"Left of '~' an addition term such as trials(n) follows the '|'{wrong}.",
        span=token.span,
        hint=f"There are {listed(ADDITIONS)}; join several by '+'.",
    )


def _signature(name: Token) -> Signature:
    if name.text == CATEGORIES:
        raise FormulaError(
            "cat() is brms's old term for the number of categories.",
            span=name.span,
            hint="Write thres(…), the number of thresholds, which is one less.",
        )
    if name.text in LATER:
        raise FormulaError(f"The addition term {name.text}() is not supported yet.", span=name.span)
    if name.text not in ADDITIONS:
        raise FormulaError(
            f"There is no addition term {name.text}()."
            f"{did_you_mean(name.text, (*ADDITIONS, *LATER))}",
            span=name.span,
            hint=f"There are {listed(ADDITIONS)}.",
        )
    return ADDITIONS[name.text]


def _check_arguments(
    name: str, signature: Signature, args: Args, kwargs: Kwargs, span: Span
) -> None:
    least, most = signature.arguments, signature.arguments + signature.more
    if not least <= len(args) <= most:
        takes = f"{least} argument" if least == most else f"{least} or {most} arguments"
        raise FormulaError(f"{name}() takes {takes}, not {len(args)}.", span=span)
    for option, value in kwargs:
        if option not in signature.named:
            raise FormulaError(f"{name}() has no option {option!r}.", span=value.span)
    taken = signature.options[: len(args)] if name != "thres" else ()
    twice = [value for option, value in kwargs if option in taken]
    if twice:
        raise FormulaError(f"An argument of {name}() is given twice.", span=twice[0].span)
    if not args and not kwargs and name != "mi":
        raise FormulaError(f"{name}() has no arguments.", span=span)


def _refuse_repeated(additions: list[Addition]) -> None:
    *before, last = additions
    if last.name in [a.name for a in before]:
        raise FormulaError(f"{last.name}() is given twice.", span=last.span)
