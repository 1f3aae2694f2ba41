"""Formulas that stand for parts of others: ``. ~ . + x``."""

from __future__ import annotations

import re

from bayesmix.errors import FormulaError
from bayesmix.formula.multivariate import MvFormula
from bayesmix.formula.tree import Formula

DOT = re.compile(r"^\s*\.(?![\w.])")
"""A dot by itself, where a side begins."""


def redotted(
    formula: str | Formula | MvFormula, old: Formula | MvFormula
) -> str | Formula | MvFormula:
    """A formula with the sides of an older one in the place of its dots.

    Raises
    ------
    FormulaError
        For a dot that isn't the first thing of its side, or in parts that a text doesn't have.

    Examples
    --------
    >>> from bayesmix.formula import bf
    >>> redotted(". ~ . - x + (1 | g)", bf("log(y) ~ x"))
    'log(y) ~ x - x + (1 | g)'
    """
    if not isinstance(formula, str) or "~" not in formula:
        return formula
    sides = [*formula.split("~", 1)]
    if not any(DOT.match(side) for side in sides):
        return formula
    several = isinstance(old, MvFormula) or len(old.predictors) > 1
    if several or old.fixed or old.tied or not old.mecor:
        raise FormulaError(
            "A formula with dots stands for the main one alone, and this model has others; write "
            "them out with bf().",
            source=formula,
        )
    known = old.mu.source.split("~", 1)
    return " ~ ".join(_filled(*side) for side in zip(sides, known, strict=True))


def _filled(side: str, was: str) -> str:
    dot = DOT.match(side)
    return (side if dot is None else was.strip() + side[dot.end() :]).strip()
