"""Which group-level coefficients a prediction keeps: what ``re_formula`` means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from bayesmix.design import GroupEffects, PredictorDesign
from bayesmix.design.contributions import Contribution
from bayesmix.errors import FormulaError, PredictionError, listed
from bayesmix.formula import Formula, parse_re_formula
from bayesmix.formula.agreement import OPTIONS, said
from bayesmix.formula.tree import Grouping, GroupTerm, render
from bayesmix.parameters import Target
from bayesmix.spec import ModelSpec


class _NA:
    """``re_formula=bx.NA``: no group-level effects, the average cluster."""

    def __repr__(self) -> str:
        return "bayesmix.NA"


NA = _NA()

Pair = tuple[tuple[frozenset[str], ...], frozenset[str]]
"""A group's members, and the key of one of its terms."""


@dataclass(frozen=True)
class Wanted:
    """The pairs that a ``re_formula`` asks for, known to be those of some response."""

    pairs: frozenset[Pair]


INTERCEPT: frozenset[str] = frozenset()
NOTHING = {f.name: f.default for f in fields(Grouping)} | {"by": None}
"""What a grouping has of the options that it doesn't mention."""


def kept_contributions(spec: ModelSpec, re_formula: Any) -> dict[Target, tuple[Contribution, ...]]:
    """The contributions of every predictor, less the group-level ones that aren't kept.

    Parameters
    ----------
    spec : ModelSpec
    re_formula : None, NA, str or Wanted
        None keeps all, `NA` (or ``"~0"``) none, a formula of group terms those it names, in every
        predictor that has them. Options of a term (``by``, ``id``) are the model's.

    Raises
    ------
    PredictionError
        For a term or coefficient that no predictor of the model has (it lists those there are).
    """
    predictors = spec.predictors.items()
    if re_formula is None:
        return {target: p.contributions for target, p in predictors}
    known = isinstance(re_formula, Wanted)
    wanted = re_formula.pairs if known else _wanted(spec, re_formula)
    return {target: tuple(_kept(p.contributions, wanted)) for target, p in predictors}


def wanted_of_all(spec: ModelSpec, re_formula: Any) -> Any:
    """A ``re_formula`` of several responses, of which each keeps what it has.

    Raises
    ------
    PredictionError
        For a term or coefficient that none has.
    """
    if re_formula is None or not spec.several:
        return re_formula
    return Wanted(_wanted(spec, re_formula))


def _kept(contributions: Iterable[Contribution], wanted: frozenset[Pair]) -> Iterator[Contribution]:
    for c in contributions:
        kept = c.keep(_columns(c, wanted)) if isinstance(c, GroupEffects) else c
        if not isinstance(kept, GroupEffects) or kept.names:
            yield kept


def _wanted(spec: ModelSpec, re_formula: Any) -> frozenset[Pair]:
    """(group members, term) pairs asked for, each of them there in some predictor."""
    if isinstance(re_formula, _NA):
        return frozenset()
    if isinstance(re_formula, Formula) or not isinstance(re_formula, str):
        raise PredictionError(
            f"re_formula must be None, bx.NA or a text such as '~ (1 | g)', not {re_formula!r}."
        )
    try:
        requested = parse_re_formula(re_formula)
    except FormulaError as error:
        raise PredictionError(f"re_formula can't be read: {error}") from error
    there = {pair for p in spec.design.predictors for t in p.groups for pair in _pairs(t.term)}
    for term in requested:
        _check_options(spec, term)
        for pair in _pairs(term):
            if pair not in there:
                raise PredictionError(_absent(spec, re_formula, term, pair))
    return frozenset(pair for term in requested for pair in _pairs(term))


def _pairs(term: GroupTerm) -> list[Pair]:
    group = term.grouping.key
    keys = [INTERCEPT] if term.coefs.intercept else []
    return [(group, key) for key in (*keys, *(t.key for t in term.coefs.terms))]


def _columns(bracket: GroupEffects, wanted: frozenset[Pair]) -> np.ndarray:
    group, terms = bracket.term.grouping.key, bracket.matrix.terms.terms
    keys = [INTERCEPT if i < 0 else terms[i].key for i in bracket.matrix.term_of]
    return np.array([(group, key) in wanted for key in keys], bool)


def _check_options(spec: ModelSpec, term: GroupTerm) -> None:
    """What the term says of its group must be what the model says; it may say nothing."""
    asked = term.grouping
    known = (t.term.grouping for p in spec.design.predictors for t in p.groups)
    group = next((g for g in known if g.key == asked.key), asked)
    for option in OPTIONS:
        says, has = getattr(asked, option), getattr(group, option)
        if says not in (NOTHING[option], has):
            raise PredictionError(
                f"re_formula says {said(option, says)} for group {group.name!r}; the model has "
                f"{said(option, has)}. Leave {option}= out: the model's is used."
            )


def _absent(spec: ModelSpec, text: str, term: GroupTerm, pair: Pair) -> str:
    start, end = term.span
    coef = repr(":".join(sorted(pair[1]))) if pair[1] else "the intercept"
    there = listed(_terms(spec.design.predictors), limit=30) or "no group-level terms"
    hint = "" if pair[1] else "\nHint: '(0 + x | g)' leaves the intercept out, '(x | g)' has it."
    return (
        f"re_formula asks for {coef} of group {term.grouping.name!r}, which the model doesn't "
        f"have.\n  {text}\n  {' ' * start}{'^' * max(1, end - start)}\n"
        f"The model has {there}.{hint if term.coefs.terms else ''}"
    )


def _terms(predictors: Sequence[PredictorDesign]) -> list[str]:
    texts = (
        ("" if p.target.is_main else f"{p.dpar} ~ ") + group_text(t.term)
        for p in predictors
        for t in p.groups
    )
    return list(dict.fromkeys(texts))


def group_text(term: GroupTerm) -> str:
    """The bracket as a formula writes it, ``(1 + x | g)``."""
    parts = ["1" if term.coefs.intercept else "0"]
    parts += [":".join(render(f) for f in t.factors) for t in term.coefs.terms]
    bar = "|" if term.correlated else "||"
    return f"({' + '.join(parts)} {bar} {term.grouping.text})"
