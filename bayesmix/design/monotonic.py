"""Monotonic effects on data: how many steps up each row is, and what shares the steps have.

Source: Bürkner, P.-C. and Charpentier, E. (2020), Modelling monotonic effects of ordinal predictors
in Bayesian regression models, British Journal of Mathematical and Statistical Psychology 73.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import first_row, label_key
from bayesmix.design.factors import On, Quantity, is_factor, make_quantity
from bayesmix.errors import FormulaError, PredictionError
from bayesmix.formula.tree import Call, Expr, Name, render
from bayesmix.parameters import Parameter, Role, Slot, Target, Transform, labels

if TYPE_CHECKING:
    from bayesmix.design.contributions import Values

MOST_STEPS = 1000
DEFAULT = "dirichlet(1)"


@dataclass(frozen=True)
class Steps:
    """One ``mo()`` of a coefficient: the steps up to each row, and whose shares they have.

    Attributes
    ----------
    label : str
        ``mo(x)``.
    quantity : Quantity or None
        The covariate, if it is a number.
    column : str
        The ordered categories else.
    levels : tuple
        Its values, from the lowest up.
    variable : str
        The shares' name in the posterior.
    coef : str
        What brms's priors call them.
    codes : ndarray of int
        How many steps above the lowest value each row is.
    """

    label: str
    quantity: Quantity | None
    column: str
    levels: tuple[Any, ...]
    variable: str
    coef: str
    codes: np.ndarray

    @property
    def size(self) -> int:
        """How many steps there are."""
        return len(self.levels) - 1

    def on(self, frame: pd.DataFrame) -> Steps:
        """The same on other, already checked, rows.

        Raises
        ------
        PredictionError
            For numbers that aren't whole, or beyond those of the fit.
        """
        if self.quantity is None:
            column = frame[self.column].cat
            places = {label_key(level): i for i, level in enumerate(self.levels)}
            of_category = np.array([places[label_key(c)] for c in column.categories], np.int64)
            return replace(self, codes=of_category[column.codes.to_numpy()])
        values, (least, *_, most) = self.quantity.on(frame), self.levels
        wrong = (values != np.floor(values)) | (values < least) | (values > most)
        if wrong.any():
            raise PredictionError(
                f"{self.label} is of whole numbers from {least} to {most}, those of the fit, and "
                f"has {values[wrong][0]:g} in row {first_row(pd.Series(wrong, frame.index))}."
            )
        return replace(self, codes=(values - least).astype(np.int64))

    def heights(self, shares: Any, m: Any) -> Any:
        """What the coefficient is multiplied by at each level: the last axis is that of steps."""
        below = m.zeros_like(shares[..., :1])
        return self.size * m.concatenate([below, m.cumsum(shares, axis=-1)], axis=-1)

    def at(self, values: Values, rows: slice) -> np.ndarray:
        """That on some rows: samples × rows."""
        return self.heights(values[self.variable], np)[:, self.codes[rows]]

    def of_rows(self, made: Mapping[str, Any], m: Any) -> Any:
        """That on all rows, of tensors."""
        return self.heights(made[self.variable], m)[self.codes]

    def parameter(self, target: Target) -> Parameter:
        """Its shares; that of a single step is all there is, and no parameter."""
        alone = self.size == 1
        slot = Slot(
            "simo",
            target.dpar,
            "",
            self.coef,
            shares=0 if alone else self.size,
            fixed=1.0 if alone else None,
            default=DEFAULT,
        )
        transform = Transform.BOUNDED if alone else Transform.SHARES
        axes = (f"{plain(self.label)}_step",), (labels(self.levels[1:]),)
        return Parameter(self.variable, Role.STEPS, target, *axes, (slot,), transform)


def climbed_evenly(steps: Iterable[Steps]) -> np.ndarray:
    """What rows are multiplied by where all steps are of one size."""
    return np.prod([s.codes for s in steps], axis=0)


def plain(name: str) -> str:
    """Without slashes, which names of variables can't have."""
    return name.replace("/", "÷")


def build_steps(call: Call, on: On) -> Steps:
    """The steps of a covariate, on no rows yet, their shares without a name.

    Raises
    ------
    FormulaError
        If it isn't ordered, or has one value.
    """
    frame, (covariate,) = on[0], call.args
    column, quantity = covariate.name if isinstance(covariate, Name) else "", None
    if is_factor(covariate, frame):
        levels = _categories(frame[column], covariate, on[2])
    else:
        quantity = make_quantity(covariate, *on)
        levels = _whole(quantity, on)
    if len(levels) < 2:
        raise FormulaError(
            f"{render(covariate)!r} is {levels[0]!r} in every row: there is no step to it.",
            on[2],
            covariate.span,
            hint="Leave the term out.",
        )
    return Steps(render(call), quantity, column, levels, "", "", np.empty(0, np.int64))


def _categories(column: pd.Series, covariate: Expr, source: str) -> tuple[Any, ...]:
    if not column.cat.ordered:
        raise FormulaError(
            f"mo() is of ordered categories or whole numbers; those of {column.name!r} have no "
            "order.",
            source,
            covariate.span,
            hint="Give them one: pd.Categorical(x, categories=[…], ordered=True).",
        )
    return tuple(column.cat.categories.tolist())


def _whole(quantity: Quantity, on: On) -> tuple[int, ...]:
    (frame, _, source), values = on, quantity.on(on[0])
    text, span = render(quantity.expr), quantity.expr.span
    wrong = values != np.floor(values)
    if wrong.any():
        raise FormulaError(
            f"mo() is of ordered categories or whole numbers; {text!r} is {values[wrong][0]:g} in "
            f"row {first_row(pd.Series(wrong, frame.index))}.",
            source,
            span,
            hint="A smooth function of numbers is 's(x)'.",
        )
    least, most = values.min(), values.max()
    if most - least > MOST_STEPS:
        raise FormulaError(
            f"From {least:g} to {most:g}, {text!r} has more than {MOST_STEPS} steps, each of which "
            "would have a share.",
            source,
            span,
            hint="Make classes of it first; a smooth function of numbers is 's(x)'.",
        )
    return tuple(range(int(least), int(most) + 1))
