"""One coefficient, two spellings: ``Machine[B]`` here, ``MachineB`` in R."""

from __future__ import annotations

import re

__all__ = ["r_name", "same_coef"]

_LEVEL_FUNCTIONS = frozenset({"C", "factor", "T", "S"})
_BOOLEAN = re.compile(r"\[(True|False)\]")
_COLUMN = re.compile(r"\)\[(\d+)\]")
_R_SYMBOLS = str.maketrans(
    {c: "" for c in " ()[],\"'?"} | {"+": "P", "-": "M", "*": "MU", "/": "D", "^": "E", "=": "EQ"}
)


def r_name(coef: str) -> str:
    """The name that R and brms give a coefficient.

    Brackets, quotes, commas and spaces go, operators become letters, and columns of a basis are
    counted from 1.

    Parameters
    ----------
    coef : str
        A coefficient as the package names it; a name that is R's already stays as it is.

    Returns
    -------
    str

    Examples
    --------
    >>> r_name("Machine[B]"), r_name("x:f[b]"), r_name("scale(x)")
    ('MachineB', 'x:fb', 'scalex')
    >>> r_name("poly(x, 2)[0]")
    'polyx21'
    """
    counted = _COLUMN.sub(lambda m: _counted_from_one(coef, m), coef)
    return counted.replace("**", "^").translate(_R_SYMBOLS)


def same_coef(a: str, b: str) -> bool:
    """Whether two names mean one coefficient, whichever spelling and order of ``x:f`` they use.

    Parameters
    ----------
    a, b : str
        Names as the package or as R writes them.

    Returns
    -------
    bool

    Examples
    --------
    >>> same_coef("x:f[b]", "fb:x")
    True
    >>> same_coef("f[b]", "f[c]")
    False
    """
    return a == b or not _readings(a).isdisjoint(_readings(b))


def _readings(coef: str) -> set[tuple[str, ...]]:
    """The factors' names in R, where the levels of a boolean are TRUE and FALSE."""
    shouted = _BOOLEAN.sub(lambda m: m[0].upper(), coef)
    return {tuple(sorted(r_name(text).split(":"))) for text in (coef, shouted)}


def _counted_from_one(coef: str, match: re.Match[str]) -> str:
    """``)[1]`` for ``)[0]`` after a basis such as ``poly()``; after ``C()`` it is a level."""
    index = int(match[1])
    is_level = _function_closed_at(coef, match.start()) in _LEVEL_FUNCTIONS
    return match[0] if is_level else f")[{index + 1}]"


def _function_closed_at(coef: str, end: int) -> str:
    """The name of the function whose call ends at the bracket at `end`."""
    depth = 0
    for i in range(end, -1, -1):
        depth += (coef[i] == ")") - (coef[i] == "(")
        if depth == 0:
            name = re.search(r"[\w.]*$", coef[:i])
            return name[0] if name else ""
    return ""
