"""Arithmetic on named draws: ``"exp(sigma_Days) - 1"``, read and computed without running code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from scipy import special

from bayesmix.errors import PredictionError, did_you_mean, listed

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": np.abs,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "log10": np.log10,
    "log2": np.log2,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "min": np.minimum,
    "max": np.maximum,
    "pmin": np.minimum,
    "pmax": np.maximum,
    "plogis": special.expit,
    "inv_logit": special.expit,
    "expit": special.expit,
    "qlogis": special.logit,
    "logit": special.logit,
    "pnorm": special.ndtr,
    "qnorm": special.ndtri,
}

OPERATORS: Mapping[type, Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.UAdd: np.positive,
    ast.USub: np.negative,
}

WORD = r"[\w.]"


def computed(text: str, known: Mapping[str, Any], what: str) -> np.ndarray:
    """The value of an expression of numbers, names, ``+ - * / ^``, brackets and `FUNCTIONS`.

    Parameters
    ----------
    text : str
    known : mapping of str to ndarray
        The names' values. A name may hold any signs (``ses[mid]``, ``x:f[b]``): the longest that
        fits is taken.
    what : str
        What an error says that the names are.

    Raises
    ------
    PredictionError
        If it can't be read or has other names in it.
    """
    # R's power, where names can't hold it.
    places, plain = _places(text, known)
    try:
        tree = ast.parse(plain.replace("^", "**").strip(), mode="eval").body
    except SyntaxError as error:
        raise PredictionError(
            f"{text.strip()!r} can't be read as arithmetic: {error.msg}."
        ) from None
    with np.errstate(all="ignore"):
        return _value(tree, {p: known[name] for p, name in places.items()}, known, what, text)


def _places(text: str, known: Iterable[str]) -> tuple[dict[str, str], str]:
    """The text with a plain word for every name that is known, and which word is which."""
    names = sorted((n for n in known if n), key=len, reverse=True)
    if not names:
        return {}, text
    places: dict[str, str] = {}

    def word(match: re.Match[str]) -> str:
        return places_of.setdefault(match[1], f"__{len(places_of)}__")

    places_of: dict[str, str] = {}
    either = "|".join(map(re.escape, names))
    plain = re.sub(rf"(?<!{WORD})`?({either})`?(?!{WORD}|\[)", word, text)
    places = {place: name for name, place in places_of.items()}
    return places, plain


def _value(
    node: ast.expr, values: Mapping[str, Any], known: Mapping[str, Any], what: str, text: str
) -> Any:
    def inner(part: ast.expr) -> Any:
        return _value(part, values, known, what, text)

    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.Name(id=name):
            raise PredictionError(_unknown(name, known, what))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            return OPERATORS[type(op)](inner(operand))
        case ast.BinOp(op=op, left=left, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](inner(left), inner(right))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return _called(name, [inner(a) for a in args])
        case ast.Call(func=ast.Name(id=name)):
            near = did_you_mean(name, FUNCTIONS)
            raise PredictionError(
                f"{text.strip()!r} calls {name!r}; there is {listed(FUNCTIONS, limit=40)}.{near}"
            )
    raise PredictionError(
        f"{text.strip()!r} holds more than numbers, names, + - * / ^, brackets and functions."
    )


def _called(name: str, args: list[Any]) -> Any:
    function = FUNCTIONS[name]
    if len(args) != function.nin:
        raise PredictionError(f"{name}() takes {function.nin} argument(s), not {len(args)}.")
    return function(*args)


def _unknown(name: str, known: Iterable[str], what: str) -> str:
    known = [k for k in known if k]
    near = did_you_mean(name, known)
    return f"There is no {what} {name!r}; there is {listed(known, limit=30)}.{near}"
