"""``mi(x)`` as a factor of terms: a response of the model, its missing values imputed.

Source: brms's ``mi``, https://paulbuerkner.com/brms/reference/mi.html
"""

from __future__ import annotations

from bayesmix.errors import FormulaError
from bayesmix.formula.tree import Call, Expr, Formula, Name

IMPUTED = "mi"
"""The function on the right, and the addition term on the left."""
SPELLING = "Write 'mi(x)', x a response of the model: bx.mv('y ~ mi(x)', 'x | mi() ~ z')."


def check_imputed(call: Call) -> None:
    """FormulaError unless the call is of one column."""
    if call.kwargs or len(call.args) != 1 or not isinstance(call.args[0], Name):
        raise FormulaError("mi() takes one column.", span=call.span, hint=SPELLING)


def is_imputed(factor: Expr) -> bool:
    """Whether it is a call of ``mi()``."""
    return isinstance(factor, Call) and factor.function == IMPUTED


def has_missing(formula: Formula) -> bool:
    """Whether values of the response may be missing, or are measured with errors."""
    return any(a.name == IMPUTED for a in formula.response.additions)
