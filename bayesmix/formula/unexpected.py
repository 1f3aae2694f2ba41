"""What to say about a token that stands where it can't."""

from __future__ import annotations

from bayesmix.errors import FormulaError
from bayesmix.formula.tokens import Token

_NO_ARITHMETIC = "Make the column first, then name it."
_NO_OPERATOR = {
    "~": ("A formula has one '~'.", None),
    ")": ("This ')' closes nothing.", None),
    "]": ("This ']' closes nothing.", None),
    "(": ("What stands before '(' can't be called.", "Put '+', '*' or ':' between two terms."),
    "[": ("A formula can't index with '['.", _NO_ARITHMETIC),
    ",": ("A ',' stands only between the arguments of a call.", "Join terms with '+'."),
    "|": ("A group-level term stands in parentheses.", "Write it as '(1 + x | g)'."),
    "||": ("A group-level term stands in parentheses.", "Write it as '(1 + x || g)'."),
    "=": (
        "'=' stands only between an argument and its value.",
        "The response is followed by '~'; a test for equality is '=='.",
    ),
    "//": ("'//' is not an operator of formulas.", _NO_ARITHMETIC),
    ":=": ("':=' is not an operator of formulas.", None),
    "<-": ("'<-' assigns, and a formula can't.", "For a comparison put a space: 'x < -1'."),
}
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")

_NO_OPERAND = {
    ")": ("Something is missing before ')'.", None),
    "+": (
        "'+' needs a term on its left.",
        "Write one '+' between two terms.",
    ),
    "-": ("'-' needs a term on its left.", "Write '- 1', not '+ -1'."),
    "|": ("The left side of '|' is empty.", "Write '(1 | g)'."),
    "||": ("The left side of '||' is empty.", "Write '(1 + x || g)'."),
    "[": ("'[' stands only inside a call, around a list.", None),
    "~": ("Something is missing before '~'.", None),
}


def operator_expected(token: Token, before: Token | None) -> FormulaError:
    """The error for a token after a complete term or expression."""
    message, hint = _NO_OPERATOR.get(token.text, ("", None))
    if token.kind == "end":
        message = "The formula ends too early."
    elif token.kind != "op":
        message = f"An operator is missing between {quoted(before)} and {quoted(token)}."
    elif token.text.startswith("%") and token.text not in _NO_OPERATOR:
        message, hint = f"{token.text!r} is not an operator of formulas.", _NO_ARITHMETIC
    elif token.text in _COMPARISONS:
        message = f"The comparison {token.text!r} stands outside a call."
        hint = "Write it as 'I(x > 1)'."
    return FormulaError(message or f"{token.text!r} is out of place here.", None, token.span, hint)


def operand_expected(token: Token) -> FormulaError:
    """The error for a token where a term or expression should begin."""
    message, hint = _NO_OPERAND.get(token.text, (f"A term is missing before {token.text!r}.", None))
    if token.kind == "end":
        message, hint = "The formula ends where a term should follow.", None
    if token.kind == "string":
        message = f"{quoted(token)} is text, not a term."
        hint = f"A column's name goes without quotes, or in backticks: `{token.text}`."
    return FormulaError(message, None, token.span, hint)


def unclosed(opening: Token) -> FormulaError:
    """The error for a bracket that the text never closes."""
    return FormulaError(f"This '{opening.text}' is never closed.", None, opening.span)


def quoted(token: Token | None) -> str:
    """The token as messages name it."""
    if token is None:
        return "the beginning"
    marks = {"string": '"', "quoted": "`"}
    mark = marks.get(token.kind, "'")
    return f"{mark}{token.text}{mark}"
