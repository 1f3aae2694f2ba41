"""A formula's text cut into tokens."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal as OneOf

from bayesmix.errors import FormulaError
from bayesmix.formula.tree import Span

MAX_LENGTH = 100_000
MAX_DIGITS = 40

Kind = OneOf["name", "quoted", "number", "string", "op", "end"]

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n\f]+)
    | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[^\W\d][\w.]*)
    | (?P<quoted>`[^`]*`)
    | (?P<string>"[^"]*"|'[^']*')
    | (?P<op>\*\*|\|\||:=|//|<-|<=|>=|==|!=|%[^%\s]*%|[-+*/^:~|()\[\],=<>])
    """,
    re.VERBOSE,
)

_MENDS = {
    "`": "Close the backtick.",
    '"': "Close the quote.",
    "'": "Close the quote.",
    ".": "Name the columns; '.' for all others is not supported, and attributes can't be reached.",
    "$": "Write the column's name alone; attributes can't be reached.",
    "@": "Write the column's name alone; attributes can't be reached.",
    "#": "A formula has no comments.",
    ";": "A formula is a single expression.",
    "&": "Make the column first, then name it in the formula.",
    "!": "Make the column first, then name it in the formula.",
    "%": "Make the column first, then name it in the formula.",
    "\N{MINUS SIGN}": "Write '-'.",
    "\N{EN DASH}": "Write '-'.",
    "\N{EM DASH}": "Write '-'.",
    "\N{MULTIPLICATION SIGN}": "Write '*' or ':'.",
    "\N{TILDE OPERATOR}": "Write '~'.",
    "\N{SMALL TILDE}": "Write '~'.",
    "\N{LEFT DOUBLE QUOTATION MARK}": "Write '\"'.",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "Write '\"'.",
    "\N{LEFT SINGLE QUOTATION MARK}": 'Write "\'".',
    "\N{RIGHT SINGLE QUOTATION MARK}": 'Write "\'".',
    "\N{NO-BREAK SPACE}": "Write a plain space.",
}


@dataclass(frozen=True)
class Token:
    """A piece of the text; `text` is the name or string itself where that stood in quotes."""

    kind: Kind
    text: str
    span: Span


def tokenise(text: str) -> tuple[Token, ...]:
    """All tokens of `text`, an ``end`` token last; what can't be read raises FormulaError."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"The formula is longer than {MAX_LENGTH} characters.")
    tokens = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text, place)
        if match.lastgroup != "space":
            tokens.append(_token(match))
        place = match.end()
    return (*tokens, Token("end", "", (len(text), len(text))))


def on_one_line(text: str) -> str:
    """The text as errors quote it: of the same length, so that carets stay in place."""
    return "".join(c if c.isprintable() else " " for c in text)


def _token(match: re.Match[str]) -> Token:
    kind, text, span = match.lastgroup, match.group(), match.span()
    if kind == "number":
        _check_number(match)
    if kind in ("quoted", "string"):
        text = _unquoted(text, span)
    return Token(kind, text, span)


def _unquoted(text: str, span: Span) -> str:
    inside = text[1:-1]
    if text == "``":
        raise FormulaError("A name in backticks can't be empty.", span=span)
    if not inside.isprintable() or (text[0] != "`" and "\\" in inside):
        raise FormulaError(
            "Text in quotes can't hold line breaks, backslashes or unprintable characters.",
            span=span,
        )
    return inside


def _check_number(match: re.Match[str]) -> None:
    start, end = match.span()
    stuck = re.compile(r"[\w.]*").match(match.string, end).group()
    if stuck:
        raise FormulaError(
            f"'{match.group()}{stuck}' is neither a number nor a name.",
            span=(start, end + len(stuck)),
            hint=f"A column of that name goes in backticks: `{match.group()}{stuck}`.",
        )
    if end - start > MAX_DIGITS or float(match.group()) == float("inf"):
        raise FormulaError("The number is too large or too long.", span=(start, end))


def _unreadable(text: str, place: int) -> FormulaError:
    char = text[place]
    if char in "`'\"":
        name = "A backtick" if char == "`" else "A quote"
        return FormulaError(
            f"{name} is opened and not closed.", None, (place, len(text)), _MENDS[char]
        )
    in_backticks = "A name with such characters goes in backticks: `body mass (g)`."
    hint = _MENDS.get(char, in_backticks if char.isprintable() else None)
    return FormulaError(
        f"The character {_described(char)} has no meaning in a formula.",
        span=(place, place + 1),
        hint=hint,
    )


def _described(char: str) -> str:
    if char.isascii() and char.isprintable():
        return f"'{char}'"
    return f"U+{ord(char):04X} ({unicodedata.name(char, 'without a name')})"
