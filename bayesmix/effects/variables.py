"""The columns that a model's predictors read: what kind they are, and what is typical of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design import LatentResiduals
from bayesmix.design.columns import columns_of
from bayesmix.design.contributions import GroupEffects
from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.formula.measured import Measurement, is_measured
from bayesmix.formula.tree import Call, Expr, Name, Term
from bayesmix.spec import ModelSpec

MAKES_LEVELS = ("C", "factor", "as.factor", "mo")
"""Functions that make levels of numbers, or go from one to the next."""


@dataclass(frozen=True)
class Variable:
    """A column that a predictor reads.

    Attributes
    ----------
    name : str
    values : Series
        On the rows of the fit.
    levels : tuple or None
        What it can be, where it counts as a factor; None for numbers.
    error : bool
        Whether it is nothing but the standard error of a measured covariate.
    """

    name: str
    values: pd.Series
    levels: tuple[Any, ...] | None
    error: bool = False

    @property
    def numeric(self) -> bool:
        return self.levels is None

    @property
    def reference(self) -> Any:
        """The first level, or the mean."""
        return float(self.values.mean()) if self.numeric else self.levels[0]

    @property
    def common(self) -> Any:
        """The level that most rows have, the first of several; or the mean."""
        if self.numeric:
            return float(self.values.mean())
        counts = self.values.value_counts(sort=False)
        return max(self.levels, key=lambda level: counts.get(level, 0))

    @property
    def median(self) -> Any:
        """The level that most rows have, or the median."""
        return float(self.values.median()) if self.numeric else self.common

    @property
    def range(self) -> tuple[float, float]:
        """The least and the largest number."""
        return float(self.values.min()), float(self.values.max())

    def column(self, values: Iterable[Any], what: str) -> pd.Series:
        """Values for it, of the column's type.

        Raises
        ------
        PredictionError
            For numbers where there are levels, levels that it doesn't have, and the other way.
        """
        values = list(values) if isinstance(values, Iterable) else [values]
        if self.numeric:
            return pd.Series(self._numbers(values, what))
        levels = self._levels(values, what)
        if isinstance(self.values.dtype, pd.CategoricalDtype):
            return pd.Series(pd.Categorical(levels, list(self.levels)))
        return pd.Series(levels)

    def _numbers(self, values: list[Any], what: str) -> np.ndarray:
        wrong = [v for v in values if not _is_number(v)]
        if wrong and isinstance(wrong[0], float) and np.isnan(wrong[0]):
            raise PredictionError(
                f"{what}: a value of {self.name!r} is missing, and nan is no number. Give values, "
                "or newdata= of rows that have them, such as fit.model.data.dropna()."
            )
        if wrong:
            raise PredictionError(
                f"{what}: {self.name!r} is numeric, and {wrong[0]!r} is no number."
            )
        return np.array(values, float)

    def _levels(self, values: list[Any], what: str) -> list[Any]:
        known = {str(level): level for level in self.levels}
        wrong = [v for v in values if str(v) not in known]
        if wrong:
            raise PredictionError(
                f"{what}: {self.name!r} has no level {wrong[0]!r}; it has "
                f"{listed(self.levels, limit=30)}.{did_you_mean(str(wrong[0]), known)}"
            )
        return [known[str(v)] for v in values]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        return False
    return bool(np.isfinite(value))


def variables(spec: ModelSpec) -> dict[str, Variable]:
    """The columns that the predictors read, in order; of those that group only those of ``by``.

    Parameters
    ----------
    spec : ModelSpec
    """
    frame, factors = spec.design.frame, _made_levels(spec)
    contributions = (c for p in spec.predictors.values() for c in p.contributions)
    told = (c for c in contributions if not isinstance(c, LatentResiduals))
    names = dict.fromkeys(use.name for c in told for use in c.uses(""))
    names |= dict.fromkeys(g.by.name for g in spec.design.groups if g.by is not None)
    errors = _only_errors(spec)
    return {
        name: Variable(name, frame[name], _levels(frame[name], name in factors), name in errors)
        for name in names
    }


def effective(factor: Expr) -> Expr:
    """What a factor of a term is an effect of: of ``me(x, sdx)`` x."""
    return Measurement.of(factor).x if is_measured(factor) else factor


def _only_errors(spec: ModelSpec) -> set[str]:
    """The columns that are standard errors, and read for nothing else."""
    factors = [f for t in terms(spec) for f in t.factors]
    errors = (Measurement.of(f).sdx for f in factors if is_measured(f))
    others = [effective(f) for f in factors]
    for p in (p.predictor for p in spec.predictors.values()):
        others += [*p.population.offsets, *(e for s in p.specials for e in s.columns)]
    read = {n.name for e in others for n in columns_of(e)}
    return {n.name for e in errors for n in columns_of(e)} - read


def find(known: Mapping[str, Variable], name: Any, what: str) -> Variable:
    """One of them.

    Raises
    ------
    PredictionError
        If it isn't there; it lists those that are.
    """
    if not isinstance(name, str) or name not in known:
        raise PredictionError(
            f"{what}: the model's predictors have no column {name!r}; they have "
            f"{listed(known, limit=30)}.{did_you_mean(str(name), known)}"
        )
    return known[name]


def terms(spec: ModelSpec) -> Iterator[Term]:
    """The terms of all predictors, those of the population and those of brackets."""
    for p in spec.predictors.values():
        yield from p.predictor.population.terms
        for c in p.contributions:
            if isinstance(c, GroupEffects):
                yield from c.matrix.terms.terms


def _levels(column: pd.Series, made: bool) -> tuple[Any, ...] | None:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return tuple(column.cat.categories.tolist())
    return tuple(np.unique(column).tolist()) if made else None


def _made_levels(spec: ModelSpec) -> set[str]:
    """Numeric columns that stand as factors."""
    calls = (f for t in terms(spec) for f in t.factors if isinstance(f, Call))
    calls = (f for f in calls if f.function in MAKES_LEVELS)
    return {f.args[0].name for f in calls if isinstance(f.args[0], Name)}
