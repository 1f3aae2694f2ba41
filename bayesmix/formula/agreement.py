"""What the group-level terms of one model must agree on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bayesmix.errors import FormulaError
from bayesmix.formula.memberships import check_covariates
from bayesmix.formula.tree import GroupTerm, Predictor, render

Placed = tuple[Predictor, GroupTerm]
Key = tuple[frozenset[str], ...]

OPTIONS = ("by", "dist", "cov", "pw")
"""What ``gr()`` says of a grouping factor, rather than of a term."""


def check_agreement(predictors: tuple[Predictor, ...]) -> None:
    """Raise FormulaError where group-level terms repeat or contradict each other."""
    for predictor in predictors:
        check_covariates(predictor)
        _check_repeats(predictor)
    placed = [(p, g) for p in predictors for g in p.groups]
    _check_spelling(placed)
    _check_options(placed)
    _check_ids(placed)


def _check_repeats(predictor: Predictor) -> None:
    seen = set()
    for group in predictor.groups:
        for coef, label in _coefs(group):
            key = (group.grouping.key, coef)
            if key in seen:
                raise _contradiction(
                    (predictor, group),
                    f"Duplicated group coefficient: {label!r} of '{group.grouping.name}' "
                    "is in an earlier term too.",
                    "Leave it out of one of them; '0 +' leaves out the intercept.",
                )
            seen.add(key)


def _coefs(group: GroupTerm) -> Iterator[tuple[frozenset[str], str]]:
    if group.coefs.intercept:
        yield frozenset(), "Intercept"
    for term in group.coefs.terms:
        yield term.key, term.label


def _check_spelling(placed: list[Placed]) -> None:
    """One name for one grouping factor, and one grouping factor for one name."""
    by_members: dict[Key, str] = {}
    by_name: dict[str, Key] = {}
    for predictor, group in placed:
        name, members = group.grouping.name, group.grouping.key
        known = by_members.setdefault(members, name)
        if known != name:
            raise _contradiction(
                (predictor, group),
                f"'{name}' is the grouping factor that the formula calls '{known}' elsewhere.",
                f"Write '{known}' in both places.",
            )
        if by_name.setdefault(name, members) != members:
            raise _contradiction(
                (predictor, group), f"Two different grouping factors are called '{name}'."
            )


def _check_options(placed: list[Placed]) -> None:
    for option in OPTIONS:
        known: dict[str, Any] = {}
        for predictor, group in placed:
            name, value = group.grouping.name, getattr(group.grouping, option)
            if known.setdefault(name, value) != value:
                here, before = (said(option, v) for v in (value, known[name]))
                raise _contradiction(
                    (predictor, group),
                    f"The grouping factor '{name}' has {here} here and {before} before.",
                    f"All terms of one grouping factor share one {option}.",
                )


def said(option: str, value: Any) -> str:
    """An option of a grouping in words."""
    if not value:
        return f"no {option}"
    if isinstance(value, tuple):
        return f"{option}={', '.join(map(render, value))}"
    return f"{option}={value if isinstance(value, str) else render(value)}"


def _check_ids(placed: list[Placed]) -> None:
    """One id, one set of grouping factors; the terms of ``(1 | id | a/b)`` share a span."""
    brackets: dict[tuple[str, int, tuple[int, int]], list[Placed]] = {}
    for place in placed:
        predictor, group = place
        if group.id is not None:
            key = (group.id, id(predictor), group.span)
            brackets.setdefault(key, []).append(place)
    known: dict[str, frozenset[str]] = {}
    structures: dict[str, str] = {}
    for (name, _, _), places in brackets.items():
        structure = places[0][1].structure.name
        if structures.setdefault(name, structure) != structure:
            raise _contradiction(
                places[0],
                f"The id {name!r} has str={structure} here and str={structures[name]} before.",
                "Correlated terms share one structure.",
            )
        groupings = frozenset(g.grouping.name for _, g in places)
        if known.setdefault(name, groupings) != groupings:
            raise _contradiction(
                places[0],
                f"The id {name!r} joins terms of different grouping factors: "
                f"{_joined(known[name])} and {_joined(groupings)}.",
                "Only terms of the same grouping factor can be correlated.",
            )


def _joined(groupings: frozenset[str]) -> str:
    return " + ".join(f"'{g}'" for g in sorted(groupings))


def _contradiction(place: Placed, message: str, hint: str | None = None) -> FormulaError:
    predictor, group = place
    return FormulaError(message, predictor.source, group.span, hint)
