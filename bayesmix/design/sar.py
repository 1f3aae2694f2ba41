"""Rows that hang together by spatial weights, from a matrix in ``data2``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import label_key
from bayesmix.design.known import square_table
from bayesmix.errors import DataError, FamilyError, FormulaError, listed
from bayesmix.formula.tree import Formula, SarTerm

if TYPE_CHECKING:
    from bayesmix.families import Family

FAMILIES = ("gaussian", "student")
DIGITS = 12
"""Of eigenvalues, that are right."""


@dataclass(frozen=True, eq=False)
class SpatialWeights:
    """How much each row hangs on each other: (I - rho · W) makes them independent.

    Attributes
    ----------
    name : str
        What ``data2`` calls the matrix.
    matrix : ndarray
        Rows × rows.
    """

    name: str
    matrix: np.ndarray

    @property
    def size(self) -> int:
        return len(self.matrix)

    @cached_property
    def sparse(self) -> Any:
        """The matrix as scipy's of compressed rows."""
        from scipy.sparse import csr_array

        return csr_array(self.matrix)

    @cached_property
    def eigenvalues(self) -> np.ndarray:
        return np.linalg.eigvals(self.matrix)

    @property
    def bounds(self) -> tuple[float, float]:
        """Those of rho, as brms has them: the least and the largest eigenvalue."""
        real = self.eigenvalues.real.round(DIGITS)
        return float(real.min()), float(real.max())

    def log_determinant(self, rho: Any, m: Any = np) -> Any:
        """Of I - rho · W; `m` are numpy's or PyTensor's functions."""
        rho = rho[..., None]
        real, other = self.eigenvalues.real, self.eigenvalues.imag
        return 0.5 * m.log((1.0 - rho * real) ** 2 + (rho * other) ** 2).sum(axis=-1)

    def filtered(self, rho: np.ndarray, values: np.ndarray) -> np.ndarray:
        """(I - rho · W) times values, samples × rows."""
        return values - rho[:, None] * (self.sparse @ values.T).T

    def transposed(self, rho: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The transpose of I - rho · W times values."""
        return values - rho[:, None] * (self.sparse.T @ values.T).T

    def squares(self, rho: np.ndarray) -> np.ndarray:
        """Sums of the squares of the columns of I - rho · W, samples × rows."""
        rho, diagonal = rho[:, None], np.diag(self.matrix)
        return 1.0 - 2.0 * rho * diagonal + rho**2 * (self.matrix**2).sum(axis=0)

    def solved(self, rho: np.ndarray, values: np.ndarray) -> np.ndarray:
        """What (I - rho · W) makes the values of."""
        from scipy.sparse import eye_array
        from scipy.sparse.linalg import splu

        one = eye_array(self.size, format="csc")
        pairs = zip(rho, values, strict=True)
        return np.stack([splu((one - r * self.sparse).tocsc()).solve(v) for r, v in pairs])


def check_sar(formula: Formula, family: Family) -> None:
    """Raise where ``sar()`` is of a model that it can't be of.

    Raises
    ------
    FormulaError, FamilyError
    """
    for dpar, p in formula.predictors:
        for term in p.sars:
            if dpar != "mu":
                raise FormulaError(
                    "sar() stands in the main formula: it is of the response.", p.source, term.span
                )
    if not formula.mu.sars:
        return
    if len(formula.mu.sars) > 1:
        raise FormulaError(
            "A model can have one sar().", formula.mu.source, formula.mu.sars[1].span
        )
    if family.name not in FAMILIES:
        raise FamilyError(
            f"sar() is for the families {listed(FAMILIES)}, not {family.name!r}; for others there "
            "are effects of regions, car(W, gr=…)."
        )
    if formula.response.additions:
        raise FormulaError(
            f"{formula.response.additions[0].name}() can't be beside sar(), whose rows are one "
            "observation together.",
            formula.response.source,
            formula.response.additions[0].span,
        )
    others = [dpar for dpar, _ in formula.predictors if dpar != "mu"]
    if others:
        raise FormulaError(
            f"{others[0]!r} can't have a formula beside sar(), as in brms.",
            formula.mu.source,
            formula.mu.sars[0].span,
        )


def build_weights(
    term: SarTerm, frame: pd.DataFrame, data2: Mapping[str, Any], source: str
) -> SpatialWeights:
    """The matrix of a model's rows: found by their labels, or in the same order.

    Raises
    ------
    FormulaError
        If ``data2`` has no such matrix.
    DataError
        If it is no square table of numbers, or none of these rows.
    """
    name = term.matrix.name
    labels, values = square_table(term.matrix, data2, source)
    if len(labels) != len(frame):
        raise DataError(
            f"data2[{name!r}] has {len(labels)} rows, and the model {len(frame)}: it must have one "
            "for each row that is complete. Leave the others out of it, and scale its rows anew. "
            "(A model of some of the rows, as of a fold, has no matrix.)"
        )
    if not values.any():
        raise DataError(f"data2[{name!r}] is zero everywhere: no row hangs on another.")
    rows = list(map(label_key, frame.index))
    if set(rows) == set(labels):
        positions = {label: i for i, label in enumerate(labels)}
        at = [positions[row] for row in rows]
        values = values[np.ix_(at, at)]
    found = SpatialWeights(name, values)
    lower, upper = found.bounds
    if not lower < upper:
        raise DataError(
            f"All eigenvalues of data2[{name!r}] are {lower:g}, as where no two rows hang on each "
            "other both ways; rho would have to be between the least and the largest. For rows in "
            "an order there is ar(time)."
        )
    return found
