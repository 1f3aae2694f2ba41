"""What stands right of a bar, and the group-level terms that it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bayesmix.errors import FormulaError, did_you_mean, listed
from bayesmix.formula.algebra import MAX_FACTORS, Side, add, bounded_groups, finished
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.expressions import parse_expression, parse_name
from bayesmix.formula.memberships import memberships, with_by, with_pw, with_scale, with_weights
from bayesmix.formula.structures import DIAGONAL, STRUCTURES, UNSTRUCTURED, Structure
from bayesmix.formula.tokens import Token
from bayesmix.formula.tree import (
    Expr,
    Grouping,
    GroupTerm,
    Literal,
    Name,
    Span,
    SpecialTerm,
    SpecificTerm,
    Terms,
)
from bayesmix.formula.unexpected import quoted

DISTS = ("gaussian", "student")
"""Distributions of group effects."""

_JOINERS = "Grouping factors are joined by ':', '/' and '+'; 'a / b' is 'a + a:b'."


@dataclass(frozen=True)
class Target:
    """One grouping factor right of a bar, with what the bars or ``gr()`` say of its effects.

    `correlated` and `structure` are None where ``gr()`` doesn't mention them.
    """

    grouping: Grouping
    id: str | None = None
    correlated: bool | None = None
    structure: Structure | None = None


def group_terms(side: Side, targets: tuple[Target, ...], span: Span) -> tuple[GroupTerm, ...]:
    """One group-level term for each grouping factor right of the bar."""
    coefs = _coefs(side)
    specific = any(isinstance(s, SpecificTerm) for s in side.specials)
    return bounded_groups(
        GroupTerm(coefs, t.grouping, t.id, _structure(t), span, specific) for t in targets
    )


def _structure(target: Target) -> Structure:
    if target.structure is not None:
        return target.structure
    return DIAGONAL if target.correlated is False else UNSTRUCTURED


def parse_targets(cursor: Cursor) -> tuple[Target, ...]:
    """Everything from the first bar on: ``| id | a / b`` or ``|| g``."""
    bar = cursor.take()
    id = _parse_id(cursor) if bar.text == "|" else None
    targets = _parse_target(cursor)
    while cursor.skip("+"):
        targets += _parse_target(cursor)
    _refuse_more(cursor)
    return tuple(_barred(t, bar, id) for t in targets)


def _coefs(side: Side) -> Terms:
    if side.groups:
        raise FormulaError(
            "A group-level term can't stand inside another.",
            span=side.groups[0].span,
            hint="Join them with '+': '(1 | g) + (1 | h)'.",
        )
    if side.offsets:
        raise FormulaError(
            "An offset can't stand in a group-level term.",
            span=side.offsets[0].span,
            hint="Put it outside of the parentheses.",
        )
    for special in _others(side):
        raise FormulaError(
            f"A {special.noun} can't stand in a group-level term.",
            span=special.span,
            hint=special.by_level,
        )
    coefs = finished(_with_specific(side))
    if not coefs.intercept and not coefs.terms:
        raise FormulaError("The group-level term has no coefficients.", span=side.span)
    return coefs


def _others(side: Side) -> tuple[SpecialTerm, ...]:
    return tuple(s for s in side.specials if not isinstance(s, SpecificTerm))


def _with_specific(side: Side) -> Side:
    """With the terms inside ``cs()`` among the others: all of a bracket are specific, or none."""
    for special in side.specials:
        terms = {t.key: t for t in special.terms}
        side = add(replace(side, specials=()), Side(special.span, terms, special.intercept))
    return side


def _parse_id(cursor: Cursor) -> str | None:
    token, following = cursor.token, cursor.following
    if following.kind != "op" or following.text not in ("|", "||") or token.kind == "op":
        return None
    if following.text == "||":
        raise _both_bars(following.span)
    if token.kind not in ("name", "quoted") and not token.text.isdigit():
        raise FormulaError("The id between two bars is a name.", span=token.span)
    cursor.take()
    cursor.take()
    return token.text


def _refuse_more(cursor: Cursor) -> None:
    if cursor.at("|", "||"):
        raise FormulaError(
            "A bar too many.",
            span=cursor.token.span,
            hint="Write '(1 + x | g)', or '(1 + x | id | g)' where id is a single name.",
        )
    if cursor.at("**", "^", "-", "/", "*", ":"):
        raise FormulaError(
            f"{cursor.token.text!r} can't stand here, right of a bar.",
            span=cursor.token.span,
            hint=_JOINERS,
        )


def _barred(target: Target, bar: Token, id: str | None) -> Target:
    """The target with what the bars say, which mustn't contradict its ``gr()``."""
    span = target.grouping.span
    if id is not None and target.id is not None:
        raise FormulaError("The id is given twice, between bars and in gr().", span=span)
    if bar.text == "||" and target.correlated:
        raise FormulaError("'||' leaves coefficients uncorrelated, cor=True does not.", span=span)
    correlated = False if bar.text == "||" else target.correlated
    id = id or target.id
    _check_structure(target.structure, correlated, span)
    made = replace(target, id=id, correlated=correlated)
    if id is not None and not _structure(made).correlated:
        raise _both_bars(span)
    if id is not None and _structure(made).closed:
        raise FormulaError(
            f'str="{_structure(made).name}" is of the coefficients of one bracket, which an id '
            "would join with others.",
            span=span,
            hint="Leave the id out.",
        )
    return made


def _check_structure(structure: Structure | None, correlated: bool | None, span: Span) -> None:
    if structure is not None and correlated not in (None, structure.correlated):
        said = "cor=True" if correlated else "'||' or cor=False"
        does = "leaves" if correlated else "doesn't leave"
        raise FormulaError(
            f'str="{structure.name}" {does} coefficients uncorrelated, which {said} contradicts.',
            span=span,
        )


def _both_bars(span: Span) -> FormulaError:
    return FormulaError(
        "An id correlates coefficients, '||' or cor=False leaves them uncorrelated: not both.",
        span=span,
        hint="Write '(1 + x | id | g)' or '(1 + x || g)'.",
    )


def _parse_target(cursor: Cursor) -> tuple[Target, ...]:
    if cursor.at_call() and cursor.token.text in FUNCTIONS:
        return (_parse_function(cursor),)
    if cursor.at("("):
        return _parse_parenthesised(cursor)
    groupings = [_parse_interaction(cursor)]
    while cursor.at("/", "*"):
        if cursor.take().text == "/":
            groupings.append(_within(groupings[-1], _parse_interaction(cursor)))
        else:
            inner = _parse_interaction(cursor)
            groupings += [inner, *(_within(g, inner) for g in groupings)]
    return tuple(Target(g) for g in groupings)


def _parse_parenthesised(cursor: Cursor) -> tuple[Target, ...]:
    """A sum of grouping factors in parentheses."""
    opening = cursor.take()
    with cursor.deeper():
        targets = _parse_target(cursor)
        while cursor.skip("+"):
            targets += _parse_target(cursor)
    cursor.close(opening)
    return targets


def _parse_interaction(cursor: Cursor) -> Grouping:
    grouping = _parse_member(cursor)
    while cursor.skip(":"):
        grouping = _within(grouping, _parse_member(cursor))
    return grouping


def _within(outer: Grouping, inner: Grouping) -> Grouping:
    span = (outer.span[0], inner.span[1])
    if len(outer.members) == MAX_FACTORS:
        raise FormulaError(
            f"An interaction of more than {MAX_FACTORS} grouping factors.", span=span
        )
    for member in inner.members:
        if member in outer.members:
            raise FormulaError(f"The grouping factor {member!r} stands here twice.", span=span)
    return Grouping(outer.members + inner.members, None, span)


def _parse_member(cursor: Cursor) -> Grouping:
    token = cursor.token
    if cursor.at_call():
        raise _called(token)
    if token.kind not in ("name", "quoted"):
        raise _no_grouping(token)
    name = parse_name(cursor)
    return Grouping((name.name,), None, name.span)


def _called(function: Token) -> FormulaError:
    if function.text in FUNCTIONS:
        return FormulaError(
            f"{function.text}() stands alone or in a sum, and holds all members.",
            span=function.span,
            hint="Write 'gr(a:b, by=t)' or 'mm(a:b, c)'.",
        )
    return FormulaError(
        f"A grouping factor is a column, not a call of {function.text}().",
        span=function.span,
        hint="Make the column first, then name it right of the bar.",
    )


def _no_grouping(token: Token) -> FormulaError:
    if token.kind in ("string", "number"):
        return FormulaError(
            f"A grouping factor is a column, not {quoted(token)}.",
            span=token.span,
            hint=f"A column's name goes without quotes, or in backticks: `{token.text}`.",
        )
    return FormulaError("A grouping factor is missing here.", None, token.span, _JOINERS)


def _parse_function(cursor: Cursor) -> Target:
    """``gr(g, …)`` or ``mm(g1, g2, …)``."""
    function, opening = cursor.take(), cursor.take()
    units, target = [_parse_interaction(cursor)], None
    given: set[str] = set()
    while cursor.skip(","):
        _refuse_slash(cursor, function)
        if function.text == "mm" and not given and not _at_option(cursor):
            units.append(_parse_interaction(cursor))
            continue
        target = target or _target(function, units)
        target = _parse_option(cursor, function, target, given)
    _refuse_slash(cursor, function)
    span = (function.span[0], cursor.close(opening).span[1])
    target = target or _target(function, units)
    return _with(target, span=span)


def _target(function: Token, units: list[Grouping]) -> Target:
    if function.text == "gr":
        return Target(units[0])
    return Target(memberships(tuple(units), (function.span[0], units[-1].span[1])))


def _at_option(cursor: Cursor) -> bool:
    return cursor.token.kind == "name" and cursor.following.text == "="


def _refuse_slash(cursor: Cursor, function: Token) -> None:
    if cursor.at("/", "+", "*"):
        name = function.text
        raise FormulaError(
            f"{name}() takes {TAKES[name]}, members joined by ':'.",
            span=cursor.token.span,
            hint=f"Write one {name}() for each: '(1 | {name}(a, …) + {name}(a:b, …))'.",
        )


def _parse_option(cursor: Cursor, function: Token, target: Target, given: set[str]) -> Target:
    name, options = cursor.take(), FUNCTIONS[function.text]
    if name.kind != "name" or not cursor.skip("="):
        raise FormulaError(
            f"{function.text}() takes {TAKES[function.text]}, then options by name.",
            span=name.span,
            hint=f"For an interaction write 'gr(a:b)'; the options are {listed(options)}.",
        )
    if name.text not in options:
        raise FormulaError(
            f"{function.text}() has no option {name.text!r}.{did_you_mean(name.text, options)}",
            span=name.span,
            hint=f"The options are {listed(options)}.",
        )
    if name.text in given:
        raise FormulaError(f"The option {name.text!r} is given twice.", span=name.span)
    given.add(name.text)
    cursor.restart_count()
    return options[name.text](target, parse_expression(cursor))


def _with_by(target: Target, value: Expr) -> Target:
    if value == Literal(None, value.span):
        return target
    if not isinstance(value, Name):
        raise FormulaError(
            "by= takes the name of a column.", None, value.span, "Write 'gr(g, by=t)'."
        )
    return _with(target, by=value.name)


def _with_cor(target: Target, value: Expr) -> Target:
    if not isinstance(value, Literal) or not isinstance(value.value, bool):
        raise FormulaError("cor= takes True or False.", span=value.span)
    return replace(target, correlated=value.value)


def _with_id(target: Target, value: Expr) -> Target:
    match value:
        case Literal(None):
            return target
        case Name(id) | Literal(str(id)) if id:
            return replace(target, id=id)
    raise FormulaError("id= takes a name.", None, value.span, "Write 'gr(g, id=\"s\")'.")


def _with_str(target: Target, value: Expr) -> Target:
    name = value.value if isinstance(value, Literal) else None
    if name not in STRUCTURES:
        raise FormulaError(
            f"str= takes one of {listed(STRUCTURES)}, in quotes."
            + did_you_mean(str(name), STRUCTURES),
            span=value.span,
        )
    return replace(target, structure=STRUCTURES[name])


def _with_dist(target: Target, value: Expr) -> Target:
    if not isinstance(value, Literal) or value.value not in DISTS:
        raise FormulaError(f"dist= takes one of {listed(DISTS)}.", span=value.span)
    return _with(target, dist=value.value)


def _with_cov(target: Target, value: Expr) -> Target:
    match value:
        case Literal(None):
            return target
        case Name():
            return _with(target, cov=value)
    raise FormulaError(
        "cov= takes the name of a matrix in data2.",
        span=value.span,
        hint="Write 'gr(g, cov=A)', and pass data2={'A': A}.",
    )


def _with_pw(target: Target, value: Expr) -> Target:
    return target if value == Literal(None, value.span) else _with(target, pw=(value,))


def _with(target: Target, **options: Any) -> Target:
    return replace(target, grouping=replace(target.grouping, **options))


TAKES = {"gr": "one grouping factor", "mm": "grouping factors"}
Option = Callable[[Target, Expr], Target]


def _of_grouping(function: Callable[[Grouping, Expr], Grouping]) -> Option:
    return lambda target, value: replace(target, grouping=function(target.grouping, value))


SHARED: dict[str, Option] = {
    "cor": _with_cor,
    "id": _with_id,
    "str": _with_str,
    "dist": _with_dist,
    "cov": _with_cov,
}
FUNCTIONS: dict[str, dict[str, Option]] = {
    "gr": {"by": _with_by, **SHARED, "pw": _with_pw},
    "mm": {
        "weights": _of_grouping(with_weights),
        "scale": _of_grouping(with_scale),
        "by": _of_grouping(with_by),
        **SHARED,
        "pw": _of_grouping(with_pw),
    },
}
"""What may stand right of a bar as a call, and its options."""
