"""What a formula makes of a family; ``cs(x)`` and ``(cs(x) | g)``: a predictor by threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bayesmix.design.nonlinear import with_nonlinear
from bayesmix.errors import FormulaError
from bayesmix.formula.tree import Formula, GroupTerm, Predictor, Span, Terms
from bayesmix.parameters import MAIN

if TYPE_CHECKING:
    from bayesmix.families import Family


def specified(family: Family, formula: Formula) -> Family:
    """The family, with a predictor for each threshold where the formula has terms for that.

    A mixture learns which of its parameters have formulas; nonlinear parameters have predictors
    beside those of the family.

    Raises
    ------
    FormulaError
        If there are such terms where there are no thresholds that could have them.
    FamilyError
        If a mixture can't have these.
    """
    if family.predicted is not None:
        family = family.predicted(family, frozenset(dpar for dpar, _ in formula.predictors))
    for dpar, predictor in formula.predictors:
        for span in _spans(predictor):
            if family.in_groups:
                raise FormulaError(
                    "Category-specific terms are for thresholds that all rows share, not for those "
                    "of thres(gr=).",
                    predictor.source,
                    span,
                )
            if dpar != MAIN or family.specify is None:
                raise FormulaError(
                    "Category-specific terms are for the main formula of the families 'sratio', "
                    "'cratio' and 'acat'"
                    + (
                        ": thresholds of 'cumulative' that differ between rows could cross."
                        if family.name == "cumulative"
                        else "."
                    ),
                    predictor.source,
                    span,
                )
    family = family.specify(family) if any(_spans(formula.mu)) else family
    return with_nonlinear(family, formula)


def apart(mu: Predictor, family: Family) -> dict[str, Predictor]:
    """The main predictor without its category-specific terms, and those by the family's dpars."""
    if not family.specific:
        return {MAIN: mu}
    groups = tuple(replace(g, id=g.id or f"#cs{i}") for i, g in enumerate(mu.groups))
    common = tuple(g for g in groups if not g.specific)
    own = tuple(g for g in groups if g.specific)
    terms = Terms(False, tuple(t for s in mu.specifics for t in s.terms))
    others = tuple(s for s in mu.specials if s not in mu.specifics)
    found = {MAIN: replace(mu, groups=common, specials=others)}
    return found | {d: Predictor(terms, own, mu.source) for d in family.specific}


def _spans(predictor: Predictor) -> Iterator[Span]:
    """Where the terms stand; an intercept alone is one of them in a bracket only."""
    for special in predictor.specifics:
        if special.intercept or not special.terms:
            raise FormulaError(
                "The thresholds are each category's own intercepts already.",
                predictor.source,
                special.span,
                hint="Leave 'cs(1)' out; '(cs(1) | g)' lets them vary between groups.",
            )
        yield special.span
    yield from (g.span for g in _specific(predictor.groups))


def _specific(groups: tuple[GroupTerm, ...]) -> Iterator[GroupTerm]:
    return (g for g in groups if g.specific)
