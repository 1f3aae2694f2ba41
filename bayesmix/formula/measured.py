"""``me(x, sdx, gr=g)`` as a factor of terms: a covariate that was measured with a known error.

Source: brms's ``me``, https://paulbuerkner.com/brms/reference/me.html
"""

from __future__ import annotations

from dataclasses import dataclass

from bayesmix.errors import FormulaError
from bayesmix.formula.expressions import check_options
from bayesmix.formula.tree import Call, Expr, List, Literal, Name, Span, render

MEASURED = "me"
ARGUMENTS = ("x", "sdx", "gr")
SPELLING = "Write 'me(x, sdx)': x was measured with the standard errors sdx, a column or a number."


@dataclass(frozen=True)
class Measurement:
    """What a call of ``me()`` says.

    Attributes
    ----------
    x : Expr
        What was measured.
    sdx : Expr
        The standard errors: numbers, or one.
    gr : Name or None
        The grouping factor whose levels have one true value each.
    label : str
        The call's text.
    span : Span
    """

    x: Expr
    sdx: Expr
    gr: Name | None
    label: str
    span: Span

    @classmethod
    def of(cls, call: Call) -> Measurement:
        """FormulaError unless the call has what is needed, and nothing else."""
        given = _given(call)
        for name in ARGUMENTS[:2]:
            if name not in given:
                what = "what was measured" if name == "x" else "its standard error"
                raise FormulaError(f"me() needs {name}, {what}.", span=call.span, hint=SPELLING)
        x, sdx, gr = given["x"], given["sdx"], given.get("gr")
        if isinstance(x, Literal | List):
            raise FormulaError(
                "What me() is of is a column, or an expression of columns.", span=x.span
            )
        if isinstance(sdx, List) or (isinstance(sdx, Literal) and _no_number(sdx)):
            raise FormulaError("sdx of me() is a column or a number.", span=sdx.span, hint=SPELLING)
        if isinstance(gr, Literal) and gr.value is None:
            gr = None
        if gr is not None and not isinstance(gr, Name):
            raise FormulaError(
                "gr= of me() is the name of a grouping column.",
                span=gr.span,
                hint="Rows of one level have one true value: 'me(x, sdx, gr=g)'.",
            )
        return cls(x, sdx, gr, render(call), call.span)

    @property
    def group(self) -> str:
        """The grouping factor's name; nothing where each row has a true value of its own."""
        return "" if self.gr is None else self.gr.name

    @property
    def reads(self) -> tuple[Expr, ...]:
        """The expressions of columns that its values come of."""
        return self.x, self.sdx


def _given(call: Call) -> dict[str, Expr]:
    """The arguments by name."""
    if len(call.args) > len(ARGUMENTS):
        raise FormulaError(
            "me() takes x, sdx and gr.", span=call.args[len(ARGUMENTS)].span, hint=SPELLING
        )
    check_options("me()", dict(call.kwargs), ARGUMENTS, SPELLING)
    given = dict(zip(ARGUMENTS, call.args, strict=False))
    for name, value in call.kwargs:
        if name in given:
            raise FormulaError(f"{name} of me() is given twice.", span=value.span)
        given[name] = value
    return given


def _no_number(value: Literal) -> bool:
    return isinstance(value.value, bool) or not isinstance(value.value, int | float)


def is_measured(factor: Expr) -> bool:
    """Whether it is a call of ``me()``."""
    return isinstance(factor, Call) and factor.function == MEASURED
