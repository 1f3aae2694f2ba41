"""Formulas of several responses: ``mv()``, and ``mvbind()`` in a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bayesmix.errors import FormulaError, listed
from bayesmix.formula.agreement import check_agreement
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.expressions import parse_arguments
from bayesmix.formula.tokens import on_one_line
from bayesmix.formula.tree import Call, Formula, Predictor, Span, render

BIND = "mvbind"


@dataclass(frozen=True, repr=False)
class MvFormula:
    """The formulas of several responses; made by :func:`bayesmix.mv`.

    Parameters
    ----------
    formulas : tuple of Formula
        One for each response.
    rescor : bool or None
        Whether residuals of a row are correlated; None where the families decide.

    Examples
    --------
    >>> import bayesmix as bx
    >>> formula = bx.bf("mvbind(y, z) ~ x + (1 | p | g)")
    >>> formula.names
    ('y', 'z')
    """

    formulas: tuple[Formula, ...]
    rescor: bool | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the responses are called."""
        return tuple(map(response_name, self.formulas))

    @property
    def placed(self) -> tuple[tuple[str, Predictor], ...]:
        """All right-hand sides, each with what it is for."""
        return tuple(pair for f in self.formulas for pair in f.predictors)

    def __repr__(self) -> str:
        return f"<formula {self}>".replace("\n", "\n         ")

    def __str__(self) -> str:
        lines = [str(f) for f in self.formulas]
        if self.rescor is not None:
            lines.append(f"rescor = {self.rescor}")
        return "\n".join(lines)


def response_name(formula: Formula) -> str:
    """The column, or the letters and digits of a call: ``logy``."""
    expr = formula.response.expr
    text = render(expr).strip("`")
    return "".join(c for c in text if c.isalnum() or c == "_") if isinstance(expr, Call) else text


def joined(formulas: Iterable[Formula | MvFormula], rescor: bool | None = None) -> MvFormula:
    """Several formulas as one.

    Raises
    ------
    FormulaError
        For fewer than two, two of one response, or group-level terms that contradict each other.
    """
    parts = [p for f in formulas for p in (f.formulas if isinstance(f, MvFormula) else (f,))]
    made = MvFormula(tuple(parts), rescor)
    if len(parts) < 2:
        raise FormulaError("A formula of several responses has two or more.")
    twice = [n for n in made.names if made.names.count(n) > 1]
    if twice:
        raise FormulaError(
            f"Two formulas have the response {twice[0]!r}; the responses are "
            f"{listed(dict.fromkeys(made.names))}."
        )
    check_agreement(tuple(p for _, p in made.placed))
    return made


def unbound(text: str) -> tuple[str, ...]:
    """For each response of ``mvbind()`` the text of its formula; the text itself without.

    Raises
    ------
    FormulaError
        For responses that aren't columns or calls, or fewer than two.
    """
    if not isinstance(text, str) or BIND not in text:
        return (text,)
    try:
        found = _bound(text)
    except FormulaError as error:
        raise FormulaError(error.message, on_one_line(text), error.span, error.hint) from None
    if found is None:
        return (text,)
    responses, (start, end) = found
    return tuple(text[:start] + response + text[end:] for response in responses)


def _bound(text: str) -> tuple[list[str], Span] | None:
    cursor = Cursor(text)
    function = cursor.token
    if function.text != BIND or not cursor.at_call():
        return None
    cursor.take()
    args, kwargs, (_, end) = parse_arguments(cursor)
    span = function.span[0], end
    if kwargs or len(args) < 2:
        raise FormulaError(
            "mvbind() takes two or more responses.", span=span, hint="Write 'mvbind(y, z) ~ x'."
        )
    return [render(arg) for arg in args], span


def formulas_of(formula: Formula | MvFormula) -> tuple[Formula, ...]:
    """One for each response."""
    return formula.formulas if isinstance(formula, MvFormula) else (formula,)


def names_of(formula: Formula | MvFormula) -> tuple[str, ...]:
    """What targets call the responses: ``""`` where there is one."""
    return formula.names if isinstance(formula, MvFormula) else ("",)
