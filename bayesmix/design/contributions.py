"""What a predictor is a sum of, each on the rows of some data.

A contribution is made on the data of the fit (`build`). `on` gives the same on other rows,
`add_to` its values there, from draws of its parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from bayesmix.design.columns import Use, uses_of
from bayesmix.design.drawn import OfEach, drawn_on, multiplied
from bayesmix.design.factors import Quantity
from bayesmix.design.groups import member_of
from bayesmix.design.matrix import Matrix
from bayesmix.design.memberships import Weights
from bayesmix.design.monotonic import Steps, climbed_evenly
from bayesmix.design.smooths import SmoothColumns
from bayesmix.formula.drawn import reads_of
from bayesmix.formula.tree import Expr, GroupTerm


class Values(Protocol):
    """Draws of parameters, and where rows find the effects of their groups."""

    @property
    def etas(self) -> Mapping[str, np.ndarray]:
        """The linear predictors before this one, by dpar."""

    def __getitem__(self, name: str) -> np.ndarray:
        """Draws of a variable, samples first."""

    def effects(self, group: str) -> tuple[np.ndarray, np.ndarray]:
        """Effects of levels, coefficients × samples × levels, and each row's place among them.

        Of ``mm()`` a row has several, rows × members.
        """

    def once(self, name: str, make: Callable[[Callable[[int], np.ndarray]], Any]) -> Any:
        """What is made once for all rows, of standard normal numbers, samples × how many."""


class Contribution(Protocol):
    """A part of a linear predictor."""

    def uses(self, source: str) -> list[Use]:
        """The columns of data that it reads, as places in the predictor's text."""

    def on(self, frame: pd.DataFrame) -> Contribution:
        """The same on other, already checked, rows."""

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        """Add its values on some rows to ``eta``, samples × rows."""


@dataclass(frozen=True)
class Columns:
    """Population columns times their coefficients.

    Attributes
    ----------
    matrix : Matrix
        With the values on the rows.
    variable : str
        The coefficients' name in the posterior.
    means : ndarray
        Of the columns on the fit's rows, by which their prior and the samplers centre them; zeros
        where nothing takes up what that changes, and for smooths.
    smooths : tuple of SmoothColumns
        Whose columns without penalty come after those of the matrix.
    others : tuple of str
        Coefficients after these that are multiplied elsewhere: their columns are zeros.
    """

    matrix: Matrix
    variable: str
    means: np.ndarray
    smooths: tuple[SmoothColumns, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        fixed = (name for s in self.smooths for name in s.names)
        return (*self.matrix.names, *fixed, *self.others)

    @cached_property
    def values(self) -> np.ndarray:
        if not self.smooths and not self.others:
            return self.matrix.values
        zeros = np.zeros((len(self.matrix.values), len(self.others)))
        return np.hstack([self.matrix.values, *(s.fixed for s in self.smooths), zeros])

    @property
    def has_intercept(self) -> bool:
        return self.matrix.terms.intercept

    @property
    def centred(self) -> np.ndarray:
        """The columns but for the intercept's, less their means."""
        return self.values[:, self.has_intercept :] - self.means

    def uses(self, source: str) -> list[Use]:
        factors = (f for t in self.matrix.terms.terms for f in t.factors)
        return uses_of((*factors, *_covariates(self.smooths)), source)

    def on(self, frame: pd.DataFrame) -> Columns:
        matrix = replace(self.matrix, values=self.matrix.on(frame))
        return replace(self, matrix=matrix, smooths=tuple(s.on(frame) for s in self.smooths))

    def beside(self, others: Iterable[str]) -> Columns:
        """The same with coefficients that are multiplied elsewhere, which aren't centred."""
        others = tuple(others)
        means = np.append(self.means, np.zeros(len(others)))
        return replace(self, means=means, others=others)

    def product(self, values: Values, shape: tuple[int, int], rows: slice) -> np.ndarray:
        """Its values on some rows, samples × rows."""
        return values[self.variable] @ self.values[rows].T if self.names else np.zeros(shape)

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        eta += self.product(values, eta.shape, rows)


def _covariates(smooths: Iterable[SmoothColumns]) -> Iterable[Expr]:
    return (e for s in smooths for e in s.term.columns)


@dataclass(frozen=True)
class Smooths:
    """The penalised columns of smooths times their coefficients.

    Attributes
    ----------
    variable : str
        The coefficients' name in the posterior.
    smooths : tuple of SmoothColumns
    """

    variable: str
    smooths: tuple[SmoothColumns, ...]

    @cached_property
    def values(self) -> np.ndarray:
        """Rows × coefficients, put together once: predictions ask for it chunk by chunk."""
        return np.hstack([block for s in self.smooths for block in s.blocks])

    @property
    def blocks(self) -> tuple[str, ...]:
        """What has a standard deviation of its own."""
        return tuple(name for s in self.smooths for name in s.block_names)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Coefficients of each block."""
        return tuple(size for s in self.smooths for size in s.sizes)

    @property
    def block_of(self) -> np.ndarray:
        """The number of each coefficient's block."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def uses(self, source: str) -> list[Use]:
        return uses_of(_covariates(self.smooths), source)

    def on(self, frame: pd.DataFrame) -> Smooths:
        return replace(self, smooths=tuple(s.on(frame) for s in self.smooths))

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        eta += values[self.variable] @ self.values[rows].T


@dataclass(frozen=True)
class Offset:
    """The sum of offsets, whose coefficient is one.

    Attributes
    ----------
    quantities : tuple of Quantity
    values : ndarray
        One a row.
    """

    quantities: tuple[Quantity, ...]
    values: np.ndarray

    @classmethod
    def of(cls, quantities: Iterable[Quantity], frame: pd.DataFrame) -> Offset:
        """The offset on a frame."""
        quantities = tuple(quantities)
        return cls(quantities, sum((q.on(frame) for q in quantities), np.zeros(len(frame))))

    def uses(self, source: str) -> list[Use]:
        return uses_of((q.expr for q in self.quantities), source)

    def on(self, frame: pd.DataFrame) -> Offset:
        return Offset.of(self.quantities, frame)

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        if self.quantities:
            eta += self.values[rows]


@dataclass(frozen=True)
class GroupEffects:
    """One bracket: columns times the coefficients of each row's level.

    Of ``mm()`` there is one for each member that a row has, the columns multiplied by its weight.

    Attributes
    ----------
    term : GroupTerm
    group : str
        Name of its grouping factor.
    matrix : Matrix
        All its columns, on the fit's rows.
    kept : ndarray of bool
        Which of them count; all, unless a prediction leaves some out.
    positions : ndarray of int
        Where the coefficients of those stand along the group's ``{group}_coef``.
    values : ndarray
        Those columns, on the rows.
    weights : Weights or None
        How much members count, where rows have several.
    member : int
        Which of them it is for.
    drawn : tuple of tuple of Drawn
        Of each column that counts what else it is multiplied by; nothing where no column is.
    """

    term: GroupTerm
    group: str
    matrix: Matrix
    kept: np.ndarray
    positions: np.ndarray
    values: np.ndarray
    weights: Weights | None = None
    member: int = 0
    drawn: OfEach = ()

    @classmethod
    def of(
        cls,
        term: GroupTerm,
        group: str,
        matrix: Matrix,
        first: int,
        frame: pd.DataFrame,
        weighted: tuple[Weights, int] | None = None,
        drawn: OfEach = (),
    ) -> GroupEffects:
        """A bracket whose first coefficient is number `first` of its group.

        For ``mm()`` `weighted` has the weights and the member.
        """
        positions = first + np.arange(len(matrix.names))
        kept = np.ones(len(positions), bool)
        made = cls(term, group, matrix, kept, positions, matrix.values, *(weighted or ()))
        return replace(made, values=made._weighted(matrix.values, frame), drawn=drawn)

    @property
    def steps(self) -> tuple[tuple[Steps, ...], ...]:
        """Of each column that counts the steps of ``mo()``."""
        return tuple(tuple(d for d in of if isinstance(d, Steps)) for of in self.drawn)

    @property
    def evenly(self) -> np.ndarray:
        """Those columns, times as many steps as each row is up."""
        if not self.steps:
            return self.values
        return self.values * np.stack([climbed_evenly(s) for s in self.steps], axis=1)

    @property
    def has_intercept(self) -> bool:
        """Whether its first column is one of ones."""
        return self.matrix.terms.intercept and self.weights is None

    @property
    def names(self) -> tuple[str, ...]:
        """Its coefficients, those that count."""
        return tuple(n for n, k in zip(self.matrix.names, self.kept, strict=True) if k)

    def keep(self, kept: np.ndarray) -> GroupEffects:
        """The same with fewer of its columns."""
        more = kept[self.kept]
        return replace(
            self,
            kept=self.kept & kept,
            positions=self.positions[more],
            values=self.values[:, more],
            drawn=tuple(d for d, k in zip(self.drawn, more, strict=False) if k),
        )

    def column(self, k: int, values: Values, rows: slice) -> np.ndarray:
        """One of those that count on some rows: rows, or samples × rows where it hangs on draws."""
        return multiplied(self.values[:, k], self.drawn[k] if self.drawn else (), values, rows)

    def uses(self, source: str) -> list[Use]:
        pairs = zip(self.matrix.term_of, self.kept, strict=True)
        numbers = sorted({n for n, k in pairs if k and n >= 0})
        factors = [f for n in numbers for f in self.matrix.terms.terms[n].factors]
        quantities = self.weights.quantities if self.weights else ()
        read = (e for f in factors for e in reads_of(f))
        return uses_of((*read, *(q.expr for q in quantities)), source)

    def on(self, frame: pd.DataFrame) -> GroupEffects:
        values = self._weighted(self.matrix.on(frame, self.kept), frame)
        return replace(self, values=values, drawn=drawn_on(self.drawn, frame))

    def _weighted(self, values: np.ndarray, frame: pd.DataFrame) -> np.ndarray:
        if self.weights is None:
            return values
        return values * self.weights.on(frame)[:, self.member, None]

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        effects, index = values.effects(self.group)
        at = member_of(index, self.member)
        term = np.empty_like(eta)
        for k, position in enumerate(self.positions):
            np.take(effects[position], at, axis=1, out=term, mode="clip")
            column = self.column(k, values, rows)
            if (column != 1.0).any():
                term *= column
            eta += term


def only[Kind](
    kind: type[Kind] | tuple[type[Kind], ...], contributions: Iterable[Any]
) -> tuple[Kind, ...]:
    """Those of one kind, or of some."""
    return tuple(c for c in contributions if isinstance(c, kind))


def linear_predictor(
    contributions: Iterable[Contribution], values: Values, shape: tuple[int, int], rows: slice
) -> np.ndarray:
    """The sum of contributions on some rows.

    Parameters
    ----------
    contributions : iterable of Contribution
        The population's columns first, as a `PredictorDesign` has them.
    values : Values
    shape : tuple of int
        Samples × rows.
    rows : slice

    Returns
    -------
    ndarray
        Of that shape, on the scale of the link.
    """
    columns, *others = contributions
    eta = columns.product(values, shape, rows)
    for c in others:
        c.add_to(eta, values, rows)
    return eta
