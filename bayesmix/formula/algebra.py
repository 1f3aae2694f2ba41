"""Wilkinson and Rogers' algebra of terms: what ``+ - : * / **`` do to sides of a formula.

Source: Wilkinson, G. N. and Rogers, C. E. (1973), Symbolic description of factorial models for
analysis of variance, Applied Statistics 22, 392-399. Terms come out as in R: by order of
interaction, then by appearance. What R forgives (removing what isn't there, ``x * x``) is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bayesmix.errors import FormulaError, listed
from bayesmix.formula.drawn import is_drawn
from bayesmix.formula.tree import Expr, GroupTerm, Span, SpecialTerm, Term, Terms, render

MAX_TERMS = 2000
MAX_PRODUCTS = 40_000
MAX_FACTORS = 30
MAX_GROUPS = 200

TermMap = dict[frozenset[str], Term]


@dataclass(frozen=True)
class Side:
    """A side of a ``~`` or of a bar, as far as its operators have been applied.

    `intercept` is None where the text doesn't mention it.
    """

    span: Span
    terms: TermMap = field(default_factory=dict)
    intercept: bool | None = None
    offsets: tuple[Expr, ...] = ()
    groups: tuple[GroupTerm, ...] = ()
    specials: tuple[SpecialTerm, ...] = ()


def bounded_groups(groups: Iterable[GroupTerm]) -> tuple[GroupTerm, ...]:
    """The group-level terms, of which there are no more than `MAX_GROUPS`."""
    groups = tuple(groups)
    if len(groups) > MAX_GROUPS:
        raise FormulaError(
            f"The formula has more than {MAX_GROUPS} group-level terms.", span=groups[-1].span
        )
    return groups


def one_term(term: Term) -> Side:
    """The side that is a single term."""
    return Side(term.span, {term.key: term})


def finished(side: Side) -> Terms:
    """The side's population part, with R's implicit intercept, in R's order."""
    _refuse_repeated_offsets(side)
    ordered = sorted(side.terms.values(), key=lambda t: len(t.factors))
    return Terms(side.intercept is not False, tuple(ordered), side.offsets)


def add(left: Side, right: Side) -> Side:
    """``left + right``."""
    return Side(
        _joint_span(left, right),
        _union(left.terms, right.terms.values(), right.span),
        _agreed_intercept(left, right),
        left.offsets + right.offsets,
        bounded_groups((*left.groups, *right.groups)),
        left.specials + right.specials,
    )


def subtract(left: Side, right: Side) -> Side:
    """``left - right``: terms and the intercept are removed, nothing else can be."""
    _refuse_unremovable(right)
    _refuse_absent(left, right)
    intercept = left.intercept
    if right.intercept:
        intercept = _agreed_intercept(left, replace(right, intercept=False))
    kept = {k: t for k, t in left.terms.items() if k not in right.terms}
    return replace(left, span=_joint_span(left, right), terms=kept, intercept=intercept)


def interact(left: Side, right: Side) -> Side:
    """``left : right``."""
    _refuse_unmultipliable(left, right)
    if len(left.terms) == len(right.terms) == 1:
        _refuse_own_interaction(left, right)
    return Side(_joint_span(left, right), _products(left, right))


def cross(left: Side, right: Side) -> Side:
    """``left * right``, that is ``left + right + left:right``."""
    return add(add(left, right), interact(left, right))


def nest(left: Side, right: Side) -> Side:
    """``left / right``, that is ``left`` and all its factors' interaction with each of right's."""
    _refuse_unmultipliable(left, right)
    terms = list(left.terms.values())
    together = terms[0]
    for term in terms[1:]:
        together = _product(together, term, left.span)
    return add(left, interact(replace(one_term(together), span=left.span), right))


def power(base: Side, exponent: int, span: Span) -> Side:
    """``base ** exponent``: all interactions of up to `exponent` of the terms."""
    _refuse_unmultipliable(base)
    if len(base.terms) == 1:
        _refuse_power_of_one(base, exponent, span)
    result = base
    for _ in range(exponent - 1):
        terms = _union(result.terms, _products(result, base).values(), span)
        if len(terms) == len(result.terms):
            break
        result = replace(result, terms=terms)
    return replace(result, span=span)


def _products(left: Side, right: Side) -> TermMap:
    span = _joint_span(left, right)
    if len(left.terms) * len(right.terms) > MAX_PRODUCTS:
        raise _too_many(span)
    pairs = ((a, b) for a in left.terms.values() for b in right.terms.values())
    return _union({}, (_product(a, b, span) for a, b in pairs), span)


def _product(left: Term, right: Term, span: Span) -> Term:
    new = tuple(f for f in right.factors if render(f) not in left.key)
    if len(left.factors) + len(new) > MAX_FACTORS:
        raise FormulaError(f"An interaction of more than {MAX_FACTORS} variables.", span=span)
    return Term(left.factors + new, span)


def _union(terms: TermMap, more: Iterable[Term], span: Span) -> TermMap:
    result = dict(terms)
    for term in more:
        result.setdefault(term.key, term)
        if len(result) > MAX_TERMS:
            raise _too_many(span)
    return result


def _too_many(span: Span) -> FormulaError:
    return FormulaError(f"The formula expands to more than {MAX_TERMS} terms.", span=span)


def _joint_span(left: Side, right: Side) -> Span:
    return (left.span[0], right.span[1])


def _agreed_intercept(left: Side, right: Side) -> bool | None:
    if left.intercept is None or right.intercept is None or left.intercept == right.intercept:
        return right.intercept if left.intercept is None else left.intercept
    raise FormulaError(
        "The intercept is both asked for and removed.",
        span=right.span,
        hint="Keep one: '1' for an intercept, '0' for none.",
    )


def _refuse_repeated_offsets(side: Side) -> None:
    known = set()
    for offset in side.offsets:
        text = render(offset)
        if text in known:
            raise FormulaError(f"offset({text}) is given twice.", span=offset.span)
        known.add(text)


def _refuse_unremovable(side: Side) -> None:
    if side.groups:
        raise FormulaError("A group-level term can't be subtracted.", span=side.groups[0].span)
    if side.offsets:
        raise FormulaError(
            "An offset can't be subtracted.", span=side.span, hint="Write 'offset(-x)'."
        )
    for special in side.specials:
        raise FormulaError(f"A {special.noun} can't be subtracted.", span=special.span)
    if side.intercept is False:
        raise FormulaError(
            "A missing intercept can't be subtracted.",
            span=side.span,
            hint="'- 1' or '0' removes the intercept, '1' keeps it.",
        )


def _refuse_absent(left: Side, right: Side) -> None:
    for key, term in right.terms.items():
        if key not in left.terms:
            have = listed(t.label for t in left.terms.values()) or "none"
            raise FormulaError(
                f"The term '{term.label}' can't be removed: it isn't there.",
                span=term.span,
                hint=f"The terms before it: {have}. Arithmetic goes inside I(), as in 'I(x - z)'.",
            )


def _refuse_unmultipliable(*sides: Side) -> None:
    for side in sides:
        if side.groups:
            raise FormulaError(
                "A group-level term can't be part of an interaction.", span=side.groups[0].span
            )
        if side.offsets:
            raise FormulaError("An offset can't be part of an interaction.", span=side.span)
        for special in side.specials:
            raise FormulaError(
                f"A {special.noun} can't be part of an interaction.",
                span=special.span,
                hint=special.times,
            )
        if side.intercept is not None or not side.terms:
            raise FormulaError(
                "An intercept can't be part of an interaction.",
                span=side.span,
                hint="Arithmetic goes inside I(), as in 'I(2 * x)'.",
            )


def _refuse_own_interaction(left: Side, right: Side) -> None:
    (a,), (b,) = left.terms.values(), right.terms.values()
    shared = [render(f) for f in b.factors if render(f) in a.key]
    special = any(is_drawn(f) for f in b.factors if render(f) in shared)
    if shared:
        raise FormulaError(
            f"'{shared[0]}' can't interact with itself.",
            span=_joint_span(left, right),
            hint=None if special else f"For a power write 'I({shared[0]}**2)'.",
        )


def _refuse_power_of_one(base: Side, exponent: int, span: Span) -> None:
    (term,) = base.terms.values()
    raise FormulaError(
        f"A power of the single term '{term.label}' would be the term itself.",
        span=span,
        hint=None
        if any(map(is_drawn, term.factors))
        else f"For arithmetic write 'I({term.label}**{exponent})'.",
    )
