"""Expressions on data: a predictor that is a function of others and of columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import Use, uses_of
from bayesmix.design.contributions import Values
from bayesmix.design.factors import make_quantity
from bayesmix.errors import FormulaError, did_you_mean, listed
from bayesmix.formula.nonlinear import evaluate
from bayesmix.formula.tree import Formula, NonlinearTerm, Predictor, names
from bayesmix.parameters import MAIN, Target

if TYPE_CHECKING:
    from bayesmix.families import Family


@dataclass(frozen=True)
class Expression:
    """An expression, whose nonlinear parameters are the predictors before this one.

    Attributes
    ----------
    term : NonlinearTerm
    columns : mapping of str to ndarray
        Those that it reads, on the rows.
    """

    term: NonlinearTerm
    columns: Mapping[str, np.ndarray]

    @property
    def follows(self) -> tuple[str, ...]:
        """The predictors that it hangs on."""
        return self.term.parameters

    @property
    def values(self) -> np.ndarray:
        """The columns, rows × columns."""
        return np.stack([*self.columns.values()], axis=1) if self.columns else np.empty(0)

    def uses(self, source: str) -> list[Use]:
        return uses_of(self.term.columns, source)

    def on(self, frame: pd.DataFrame) -> Expression:
        return replace(self, columns=_columns(self.term, frame))

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        eta += self.on_rows(values.etas, values, rows)

    def on_rows(self, etas: Mapping[str, np.ndarray], draws: Any, rows: slice) -> np.ndarray:
        """Its values on some rows, samples × rows, from the linear predictors there."""
        with np.errstate(all="ignore"):
            return self.value(etas, {n: v[rows] for n, v in self.columns.items()}, np)

    def value(self, etas: Mapping[str, Any], columns: Mapping[str, Any], m: Any) -> Any:
        """Its values by numpy or PyTensor."""
        own = {name: etas[name] for name in self.follows}
        return evaluate(self.term.expr, {**columns, **own}, m)


def build_expression(
    predictor: Predictor, on: tuple[pd.DataFrame, Mapping[str, Any], str]
) -> tuple[Expression, ...]:
    """That of a predictor, if it is one, on the data of the fit.

    Raises
    ------
    FormulaError
        For columns that aren't numbers.
    """
    if predictor.nonlinear is None:
        return ()
    for column in predictor.nonlinear.columns:
        make_quantity(column, *on)
    return (Expression(predictor.nonlinear, _columns(predictor.nonlinear, on[0])),)


def _columns(term: NonlinearTerm, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    return {c.name: frame[c.name].to_numpy(float) for c in term.columns}


def check_nonlinear(formula: Formula, family: Family, columns: Collection[str]) -> None:
    """Whether names and parameters of an expression, if there is one, match.

    Raises
    ------
    FormulaError
        For a name that is neither a column nor has a formula, and for a formula of a name that
        neither the expression nor the family has.
    """
    term, source = formula.mu.nonlinear, formula.mu.source
    if term is None:
        return
    given = [d for d, _ in formula.predictors if d != MAIN]
    for n in names(term.expr):
        if n.name in family.dpar_names:
            raise FormulaError(
                f"{n.name!r} is a parameter of family {family.name!r}; an expression has "
                "nonlinear parameters and columns.",
                source,
                n.span,
                hint="Give it another name.",
            )
        if n.name not in (*given, *columns):
            raise FormulaError(
                f"{n.name!r} is neither a column nor a parameter with a formula."
                + did_you_mean(n.name, (*given, *columns)),
                source,
                n.span,
                hint=f"For a nonlinear parameter give its formula: bf(…, {n.name}='1', nl=True).",
            )
    for name in given:
        if name not in (*term.parameters, *family.dpar_names):
            raise FormulaError(
                f"{name!r} has a formula, but isn't in the expression.{did_you_mean(name, given)}",
                source,
                term.span,
                hint=f"Leave {name}= out, or name it in the expression.",
            )
        if name in term.parameters and Target("", name).category:
            raise FormulaError(f"{name!r} can't name a nonlinear parameter.", source, term.span)
    if not term.parameters:
        raise FormulaError(
            "The expression has no nonlinear parameter.",
            source,
            term.span,
            hint="Give each its formula: bf('y ~ a * exp(-k * t)', a='1', k='1', nl=True).",
        )


def with_nonlinear(family: Family, formula: Formula) -> Family:
    """The family, with the nonlinear parameters of the main formula beside its own.

    Raises
    ------
    FormulaError
        For a family with several main predictors.
    """
    mu = formula.mu
    if mu.nonlinear is None:
        return family
    if family.main != (MAIN,):
        raise FormulaError(
            f"Family {family.name!r} has the main predictors {listed(family.main)}, and an "
            "expression is one.",
            mu.source,
            mu.nonlinear.span,
        )
    return family.with_nonlinear(mu.nonlinear.parameters)
