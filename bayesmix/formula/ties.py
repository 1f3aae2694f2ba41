"""Parameters that are tied to others: ``bf(…, coi="zoi")``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bayesmix.errors import FormulaError
from bayesmix.formula.tree import Formula, Predictor


def with_ties(formula: Formula, dpars: Collection[str], columns: Collection[str]) -> Formula:
    """The formula with the texts that are nothing but another parameter's name taken as ties.

    Parameters
    ----------
    formula : Formula
    dpars : collection of str
        The parameters of the family.
    columns : collection of str
        Those of the data, whose names are formulas.

    Raises
    ------
    FormulaError
        If a name is both.
    """
    tied = {dpar: name for dpar, p in formula.predictors[1:] if (name := _bare(p)) in dpars}
    for dpar, name in tied.items():
        if name in columns:
            raise FormulaError(
                f"{dpar}={name!r} may mean the parameter of that name, or the column.",
                formula.predictors[1][1].source,
                hint=f"For the column write {dpar}='1 + {name}'; for the parameter rename it.",
            )
    left = tuple((dpar, p) for dpar, p in formula.predictors if dpar not in tied)
    return replace(formula, predictors=left, tied=(*formula.tied, *tied.items()))


def _bare(p: Predictor) -> str | None:
    name = p.source.strip()
    return name if name.isidentifier() else None
