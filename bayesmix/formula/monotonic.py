"""``mo(x, id="a")`` as a factor of terms: an ordered covariate, whose steps have shares.

Source: brms's ``mo``, https://paulbuerkner.com/brms/reference/mo.html
"""

from __future__ import annotations

import re

from bayesmix.errors import FormulaError
from bayesmix.formula.expressions import check_options
from bayesmix.formula.tree import Call, Expr, List, Literal, Term

MONOTONIC = "mo"


def is_monotonic(factor: Expr) -> bool:
    """Whether it is a call of ``mo()``."""
    return isinstance(factor, Call) and factor.function == MONOTONIC


def monotonic_factors(term: Term) -> tuple[Call, ...]:
    """The calls of ``mo()`` that a term has, in order."""
    return tuple(f for f in term.factors if is_monotonic(f))


def shared_id(call: Call) -> str:
    """The id of the shares; nothing where they are those of one coefficient."""
    given = dict(call.kwargs).get("id")
    return "" if given is None or given.value is None else given.value


def check_monotonic(call: Call) -> None:
    """FormulaError unless it is of one covariate, and its id a word."""
    if len(call.args) != 1:
        raise FormulaError(
            "mo() takes one covariate.",
            span=call.span,
            hint="Write 'mo(x) + mo(z)', or 'mo(x):mo(z)' for an interaction.",
        )
    (covariate,) = call.args
    if isinstance(covariate, Literal | List):
        raise FormulaError(
            "The covariate of mo() is a column, or an expression of columns.", span=covariate.span
        )
    hint = "Effects with the same id share their steps: 'mo(x, id=\"a\")'."
    check_options("mo()", dict(call.kwargs), ("id",), hint)
    for _, value in call.kwargs:
        _check_id(value)


def _check_id(given: Expr) -> None:
    value = given.value if isinstance(given, Literal) else 0
    if value is not None and not (isinstance(value, str) and re.fullmatch(r"\w+", value)):
        raise FormulaError('id= of mo() is a word in quotes: id="a".', span=given.span)
