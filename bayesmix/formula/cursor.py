"""The place up to which a formula has been read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bayesmix.errors import FormulaError
from bayesmix.formula.tokens import Token, tokenise
from bayesmix.formula.unexpected import operator_expected, unclosed

MAX_DEPTH = 50
MAX_OPERATORS = 100


class Cursor:
    """Reads tokens one by one; every parser of this folder moves it forward."""

    def __init__(self, text: str) -> None:
        self._tokens = tokenise(text)
        self._place = 0
        self._depth = 0
        self._operators = 0

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._place]

    @property
    def following(self) -> Token:
        """The token after the next one."""
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)]

    @property
    def previous(self) -> Token | None:
        """The token read last."""
        return self._tokens[self._place - 1] if self._place else None

    def at(self, *operators: str) -> bool:
        """Whether one of these operators comes next."""
        return self.token.kind == "op" and self.token.text in operators

    def at_call(self) -> bool:
        """Whether a function's name and an opening parenthesis come next."""
        following = self.following
        return self.token.kind == "name" and following.kind == "op" and following.text == "("

    def bar_inside(self) -> bool:
        """Whether a bar stands between the parentheses of the call that comes next."""
        depth = 0
        for token in self._tokens[self._place + 1 :]:
            if token.kind == "op":
                depth += (token.text in "([") - (token.text in ")]")
                if depth == 1 and token.text in ("|", "||"):
                    return True
            if depth <= 0:
                break
        return False

    def take(self) -> Token:
        """Read the next token."""
        token = self.token
        self._place += token.kind != "end"
        return token

    def skip(self, operator: str) -> bool:
        """Read the next token if it is this operator."""
        found = self.at(operator)
        if found:
            self.take()
        return found

    def unexpected(self) -> FormulaError:
        """The error for the next token, where the text before it is complete."""
        return operator_expected(self.token, self.previous)

    def close(self, opening: Token) -> Token:
        """Read the bracket that closes `opening`."""
        if self.at(")" if opening.text == "(" else "]"):
            return self.take()
        raise unclosed(opening) if self.token.kind == "end" else self.unexpected()

    def finish(self) -> None:
        """Refuse whatever is left."""
        if self.token.kind != "end":
            raise self.unexpected()

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One bracket deeper; bounded, so that Python's stack never overflows."""
        if self._depth == MAX_DEPTH:
            raise FormulaError(
                f"Brackets are nested more than {MAX_DEPTH} deep.", span=self.token.span
            )
        self._depth += 1
        yield
        self._depth -= 1

    def restart_count(self) -> None:
        """Begin a call, for which `count_operator` counts."""
        self._operators = 0

    def count_operator(self) -> None:
        """Bound how deep the tree of one call's arithmetic grows."""
        self._operators += 1
        if self._operators > MAX_OPERATORS:
            raise FormulaError(
                f"More than {MAX_OPERATORS} operators inside one call.",
                span=self.token.span,
                hint="Make the column first, then name it in the formula.",
            )
