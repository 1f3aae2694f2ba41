"""Names, calls and what stands inside the parentheses of a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bayesmix.errors import FormulaError, did_you_mean
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.tokens import Token
from bayesmix.formula.tree import (
    COMPARISON,
    CONSTANTS,
    LEVELS,
    R_CONSTANTS,
    Args,
    Binary,
    Call,
    Expr,
    List,
    Literal,
    Name,
    Span,
    Unary,
)
from bayesmix.formula.unexpected import operand_expected

_POWER = LEVELS["**"]
_NOT_INSIDE = {
    ":": "Join terms with ':' outside of calls.",
    "|": "Put '+' before the parenthesis of a group-level term: 'x + (1 | g)'.",
    "||": "Put '+' before the parenthesis of a group-level term: 'x + (1 + x || g)'.",
    "~": None,
}
_OWN_PLACE = {
    "offset": "An offset is a term by itself: 'y ~ x + offset(log(t))'.",
    "gr": "gr() stands right of the bar of a group-level term: '(1 | gr(g, by=t))'.",
    "mm": "mm() stands right of the bar of a group-level term.",
    "cs": "Category-specific terms stand by themselves: 'y ~ z + cs(x)'.",
    "s": "A smooth is a term by itself: 'y ~ z + s(x)'.",
    "t2": "A smooth is a term by itself: 'y ~ z + t2(x, w)'.",
    "gp": "A Gaussian process is a term by itself: 'y ~ z + gp(x)'.",
    "mo": "A monotonic effect is a factor of terms: 'y ~ mo(o) * x'.",
    "me": "A covariate with measurement error is a factor of terms: 'y ~ me(x, sdx) * z'.",
    "sar": "A spatial term is a term by itself: 'y ~ x + sar(W, type=\"error\")'.",
    "car": "A spatial effect is a term by itself: 'y ~ x + car(W, gr=area)'.",
}

_ORDERED = ("ordered", "as.ordered")
SAME = {"factor": "C", "as.factor": "C"}
"""What R calls our functions."""

Kwargs = tuple[tuple[str, Expr], ...]


def parse_factor(cursor: Cursor) -> Name | Call:
    """A variable or a call as terms are made of."""
    if not cursor.at_call():
        return parse_name(cursor)
    cursor.restart_count()
    return _parse_call(cursor)


def parse_name(cursor: Cursor) -> Name:
    """A column's name, in backticks or not."""
    token = cursor.take()
    if token.kind == "name":
        _check_name(token)
    return Name(token.text, token.span)


def parse_arguments(cursor: Cursor) -> tuple[Args, Kwargs, Span]:
    """Positional and named arguments, and the place of their parentheses."""
    opening = cursor.take()
    args: list[Expr] = []
    kwargs: dict[str, Expr] = {}
    with cursor.deeper():
        if not cursor.at(")"):
            _parse_argument(cursor, args, kwargs)
            while cursor.skip(","):
                _parse_argument(cursor, args, kwargs)
    closing = _close(cursor, opening)
    return tuple(args), tuple(kwargs.items()), (opening.span[0], closing.span[1])


def check_options(what: str, given: Mapping[str, Expr], there: Sequence[str], hint: str) -> None:
    """FormulaError for an option that a term hasn't."""
    for name, value in given.items():
        if name not in there:
            raise FormulaError(
                f"{what} has no option {name!r}.{did_you_mean(name, there)}",
                span=value.span,
                hint=hint,
            )


def flag(what: str, given: Expr | None, usual: bool = False) -> bool:
    """An option that is True or False."""
    if given is None:
        return usual
    if not isinstance(given, Literal) or not isinstance(given.value, bool):
        raise FormulaError(f"{what} is True or False.", span=given.span)
    return given.value


def parse_expression(cursor: Cursor, floor: int = COMPARISON) -> Expr:
    """Operators of level `floor` and above, by precedence climbing."""
    left = _parse_operand(cursor)
    while (level := _level(cursor)) >= floor:
        cursor.count_operator()
        op = cursor.take().text.replace("^", "**")
        right = parse_expression(cursor, level if level == _POWER else level + 1)
        left = Binary(op, left, right, (left.span[0], right.span[1]))
        if level == COMPARISON == _level(cursor):
            raise FormulaError("Comparisons can't be chained.", span=cursor.token.span)
    return left


def _parse_call(cursor: Cursor) -> Call:
    function = cursor.take()
    _check_function(function)
    args, kwargs, span = parse_arguments(cursor)
    return Call(SAME.get(function.text, function.text), args, kwargs, (function.span[0], span[1]))


def _check_function(function: Token) -> None:
    if function.text == "mvbind":
        raise FormulaError(
            "mvbind() names all responses, and nothing else stands beside it.",
            span=function.span,
            hint="Write 'mvbind(y, z) ~ x'.",
        )
    if function.text in SAME:
        return
    if function.text in _ORDERED:
        raise FormulaError(
            f"{function.text}() would have polynomial contrasts in R, which aren't here.",
            span=function.span,
            hint="C(x) compares each level with the first; 'C(x, levels=[…])' orders them.",
        )
    if "." in function.text or function.text.startswith("__"):
        raise FormulaError(
            f"{function.text!r} can't be called: attributes can't be reached from a formula.",
            span=function.span,
            hint="Call a function by its own name, such as log(x).",
        )


def _check_name(token: Token) -> None:
    if token.text.startswith("__"):
        raise FormulaError(
            f"{token.text!r} can't be reached from a formula.",
            span=token.span,
            hint=f"A column of that name goes in backticks: `{token.text}`.",
        )
    if token.text in CONSTANTS or token.text in R_CONSTANTS:
        raise FormulaError(
            f"{token.text!r} is not a variable.",
            span=token.span,
            hint=f"A column of that name goes in backticks: `{token.text}`.",
        )


def _parse_argument(cursor: Cursor, args: list[Expr], kwargs: dict[str, Expr]) -> None:
    token = cursor.token
    named = token.kind == "name" and cursor.following.text == "=" and cursor.following.kind == "op"
    if not named and kwargs:
        _refuse_positional(cursor)
    if not named:
        args.append(parse_expression(cursor))
        return
    _check_keyword(token, kwargs)
    cursor.take()
    cursor.take()
    kwargs[token.text] = parse_expression(cursor)


def _refuse_positional(cursor: Cursor) -> None:
    start = cursor.token.span[0]
    expr = parse_expression(cursor)
    raise FormulaError(
        "An argument without a name follows one with a name.",
        span=(start, expr.span[1]),
        hint="Arguments without names come first.",
    )


def _check_keyword(token: Token, kwargs: dict[str, Expr]) -> None:
    if token.text in kwargs:
        raise FormulaError(f"The argument {token.text!r} is given twice.", span=token.span)
    if "." in token.text or token.text.startswith("__"):
        raise FormulaError(
            f"{token.text!r} can't name an argument: its name has no dots.", span=token.span
        )


def _level(cursor: Cursor) -> int:
    text = "**" if cursor.token.text == "^" else cursor.token.text
    return LEVELS.get(text, 0) if cursor.token.kind == "op" else 0


def _parse_operand(cursor: Cursor) -> Expr:
    match cursor.token.kind:
        case "name" if cursor.at_call():
            return _parse_inner_call(cursor)
        case "name" | "quoted":
            return _parse_name_or_constant(cursor)
        case "number" | "string":
            return _parse_literal(cursor)
    if cursor.at("-"):
        return _parse_sign(cursor)
    if cursor.at("("):
        return _parse_parenthesised(cursor)
    if cursor.at("["):
        return _parse_list(cursor)
    raise operand_expected(cursor.token)


def _parse_inner_call(cursor: Cursor) -> Call:
    mend = _OWN_PLACE.get(cursor.token.text)
    if mend is not None:
        raise FormulaError(
            f"{cursor.token.text}() can't stand inside a call.", span=cursor.token.span, hint=mend
        )
    cursor.count_operator()
    return _parse_call(cursor)


def _parse_name_or_constant(cursor: Cursor) -> Name | Literal:
    token = cursor.token
    if token.kind == "name" and token.text in CONSTANTS:
        cursor.take()
        return Literal(CONSTANTS[token.text], token.span)
    if token.kind == "name" and token.text in R_CONSTANTS:
        raise FormulaError(
            f"{token.text!r} is R's spelling.",
            span=token.span,
            hint=f"Write {R_CONSTANTS[token.text]!r}.",
        )
    return parse_name(cursor)


def _parse_literal(cursor: Cursor) -> Literal:
    token = cursor.take()
    if token.kind == "string":
        return Literal(token.text, token.span)
    return Literal(int(token.text) if token.text.isdigit() else float(token.text), token.span)


def _parse_sign(cursor: Cursor) -> Unary:
    cursor.count_operator()
    sign = cursor.take()
    operand = parse_expression(cursor, _POWER)
    return Unary("-", operand, (sign.span[0], operand.span[1]))


def _parse_parenthesised(cursor: Cursor) -> Expr:
    opening = cursor.take()
    with cursor.deeper():
        expr = parse_expression(cursor)
    _close(cursor, opening)
    return expr


def _parse_list(cursor: Cursor) -> List:
    opening = cursor.take()
    items: list[Expr] = []
    with cursor.deeper():
        if not cursor.at("]"):
            items.append(parse_expression(cursor))
            while cursor.skip(","):
                items.append(parse_expression(cursor))
    return List(tuple(items), (opening.span[0], _close(cursor, opening).span[1]))


def _close(cursor: Cursor, opening: Token) -> Token:
    token = cursor.token
    if token.kind == "op" and token.text in _NOT_INSIDE:
        raise FormulaError(
            f"{token.text!r} can't stand inside a call.", None, token.span, _NOT_INSIDE[token.text]
        )
    return cursor.close(opening)
