"""What a basis is: columns on rows, and how rough a sum of them is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Columns(Protocol):
    """The functions of a basis."""

    def on(self, rows: np.ndarray) -> np.ndarray:
        """Their values, rows × functions; of rows × covariates."""


@dataclass(frozen=True)
class Basis:
    """Functions of some covariates, with a penalty on sums of them.

    Attributes
    ----------
    columns : Columns
    penalty : ndarray
        Functions × functions; the penalty of coefficients c is ``c' penalty c``.
    rank : int
        Of the penalty.
    """

    columns: Columns
    penalty: np.ndarray
    rank: int

    def on(self, rows: np.ndarray) -> np.ndarray:
        """Values of its functions, rows × functions; of rows × covariates."""
        return self.columns.on(rows)

    def scale(self, values: np.ndarray) -> float:
        """What brings the penalty to the size of the functions' values on the data."""
        return largest_row(values) ** 2 / np.abs(self.penalty).sum(axis=0).max()


def largest_row(values: np.ndarray) -> float:
    """The largest sum of absolute values over the columns of a row."""
    return float(np.abs(values).sum(axis=1).max())
