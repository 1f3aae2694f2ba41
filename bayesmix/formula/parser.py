"""Whole formulas: text in, tree out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bayesmix.errors import FormulaError
from bayesmix.formula.agreement import check_agreement
from bayesmix.formula.algebra import Side, finished
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.groups import group_terms, parse_targets
from bayesmix.formula.nonlinear import parse_nonlinear
from bayesmix.formula.response import parse_response
from bayesmix.formula.sides import parse_side
from bayesmix.formula.tokens import on_one_line
from bayesmix.formula.tree import Formula, GroupTerm, Predictor
from bayesmix.formula.unexpected import quoted


def parse_formula(text: str | Formula, nl: bool = False) -> Formula:
    """Read a model formula.

    Parameters
    ----------
    text : str or Formula
        ``response | additions ~ terms + (coefficients | group)``. A Formula is returned as it is.
    nl : bool
        Whether the right-hand side is an expression of columns and nonlinear parameters.

    Returns
    -------
    Formula
        The response and the predictor of ``mu``, all operators expanded as in R. Spans refer to
        the whole text.

    Raises
    ------
    FormulaError
        Where the text can't be read in full, with a caret under the place.

    References
    ----------
    Bürkner (2017), brms: An R package for Bayesian multilevel models using Stan,
    https://doi.org/10.18637/jss.v080.i01; https://paulbuerkner.com/brms/reference/brmsformula.html

    Examples
    --------
    >>> formula = parse_formula("y | trials(n) ~ a * b + (1 + a | g)")
    >>> [term.label for term in formula.mu.population.terms]
    ['a', 'b', 'a:b']
    >>> formula.mu.groups[0].grouping.name
    'g'
    """
    if isinstance(text, Formula):
        return text
    with _quoting(text, "formula") as source:
        cursor = Cursor(text)
        response = parse_response(cursor, source)
        predictor = (parse_nonlinear if nl else _parse_predictor)(cursor, source)
    return Formula(response, (("mu", predictor),))


def parse_predictor(text: str, what: str = "formula") -> Predictor:
    """Read one right-hand side.

    Parameters
    ----------
    text : str
        Terms and group-level terms, without a ``~``.
    what : str
        What messages call it.

    Returns
    -------
    Predictor
        Spans refer to `text`.

    Raises
    ------
    FormulaError
        Where the text can't be read in full, with a caret under the place.

    Examples
    --------
    >>> parse_predictor("0 + x + (1 | g)").population.intercept
    False
    """
    with _quoting(text, what) as source:
        return _parse_predictor(Cursor(text), source)


def parse_re_formula(text: str) -> tuple[GroupTerm, ...]:
    """Read a ``re_formula``, which names group-level terms to keep in a prediction.

    Parameters
    ----------
    text : str
        ``"~ (1 | g) + (0 + x | h:k)"``; the tilde may be left out, and so may the parentheses
        around a single term. ``"~0"`` and ``"~1"`` name no term.

    Returns
    -------
    tuple of GroupTerm
        ``(x | g)`` has an intercept, as in a formula.

    Raises
    ------
    FormulaError
        Where the text can't be read in full or names anything but group-level terms.

    References
    ----------
    ``re_formula`` in https://paulbuerkner.com/brms/reference/prepare_predictions.html

    Examples
    --------
    >>> [(t.grouping.name, t.coefs.intercept) for t in parse_re_formula("~ (1 | g) + (0 + x | h)")]
    [('g', True), ('h', False)]
    >>> parse_re_formula("~0")
    ()
    """
    with _quoting(text, "re_formula") as source:
        cursor = Cursor(text)
        _refuse_response(cursor)
        side = _parse_bare_bar(cursor)
        cursor.finish()
        _refuse_population(side)
        check_agreement((Predictor(finished(side), side.groups, source),))
    return side.groups


def split_tilde(text: str, what: str) -> tuple[str | None, str]:
    """What stands left of the first ``~`` (None if there is none) and what stands right of it.

    One inside a call is not that of the formula.
    """
    with _quoting(text, what):
        cursor, depth = Cursor(text), 0
        while cursor.token.kind != "end":
            depth += cursor.at("(") - cursor.at(")")
            if cursor.at("~") and depth <= 0:
                start, end = cursor.token.span
                return text[:start].strip(), text[end:].strip()
            cursor.take()
    return None, text


@contextmanager
def _quoting(text: str, what: str) -> Iterator[str]:
    """The text on one line, which FormulaErrors raised inside quote."""
    if not isinstance(text, str):
        raise FormulaError(f"The {what} is text, not {type(text).__name__}.")
    source = on_one_line(text)
    if not source.strip():
        raise FormulaError(f"The {what} is empty.")
    try:
        yield source
    except FormulaError as error:
        if error.source is not None:
            raise
        shown = source if error.span else None
        raise FormulaError(error.message, shown, error.span, error.hint) from None


def _parse_predictor(cursor: Cursor, source: str) -> Predictor:
    side = parse_side(cursor)
    cursor.finish()
    predictor = Predictor(finished(side), side.groups, source, side.specials)
    check_agreement((predictor,))
    return predictor


def _refuse_response(cursor: Cursor) -> None:
    if not cursor.skip("~") and cursor.following.text == "~":
        raise FormulaError(
            f"A re_formula has no response, as {quoted(cursor.token)} would be.",
            span=cursor.token.span,
            hint="Write '~ (1 | g)'.",
        )


def _parse_bare_bar(cursor: Cursor) -> Side:
    """A side, or one group-level term without its parentheses."""
    start = cursor.token.span[0]
    side = parse_side(cursor)
    if not cursor.at("|", "||"):
        return side
    targets = parse_targets(cursor)
    span = (start, targets[-1].grouping.span[1])
    return Side(span, groups=group_terms(side, targets, span))


def _refuse_population(side: Side) -> None:
    spans = [t.span for t in side.terms.values()]
    spans += [o.span for o in (*side.offsets, *side.specials)]
    if side.intercept is not None and side.groups:
        spans.append(side.span)
    if spans:
        raise FormulaError(
            "A re_formula names group-level terms only.",
            span=spans[0],
            hint="The population part always stays: write '~ (1 | g)'.",
        )
