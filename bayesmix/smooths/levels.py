"""Smooths over the levels of factors: `bs="re"` and `bs="fs"`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesmix.smooths.basis import Basis, Columns, largest_row
from bayesmix.smooths.penalised import Smooth, orthogonal


def random_effect(columns: int) -> Smooth:
    """Independent normal coefficients of so many columns, which have one sd."""
    return Smooth(_AsTheyAre(), np.empty((columns, 0)), (np.eye(columns),))


def factor_smooth(basis: Basis, rows: np.ndarray, levels: int) -> Smooth:
    """A smooth function for each level of a factor, all as rough as each other.

    The functions without penalty have sds of their own, one each.

    Parameters
    ----------
    basis : Basis
        Of the covariates but the factor.
    rows : ndarray
        Covariates on the data, the number of the level last.
    levels : int
        How many there are.
    """
    values = basis.on(rows[:, :-1])
    made = orthogonal(values, basis)
    made = made / largest_row(values @ made)
    penalised = made[:, : basis.rank], *(made[:, [i]] for i in range(basis.rank, made.shape[1]))
    blocks = tuple(np.kron(np.eye(levels), part) for part in penalised)
    columns = _OfLevels(basis.columns, levels)
    return Smooth(columns, np.empty((levels * values.shape[1], 0)), blocks)


@dataclass(frozen=True)
class _AsTheyAre:
    """Columns that are the functions."""

    def on(self, rows: np.ndarray) -> np.ndarray:
        return rows


@dataclass(frozen=True)
class _OfLevels:
    """The functions of a basis for each level: those of others are zero."""

    base: Columns
    levels: int

    def on(self, rows: np.ndarray) -> np.ndarray:
        values = self.base.on(rows[:, :-1])
        made = np.zeros((len(rows), self.levels, values.shape[1]))
        made[np.arange(len(rows)), rows[:, -1].astype(int)] = values
        return made.reshape(len(rows), -1)
