"""Covariances that are known but for a scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.correlations.layout import Layout


@dataclass(frozen=True, eq=False)
class Known:
    """``fcor()``: all rows are one group, whose times are their places in a matrix.

    Attributes
    ----------
    matrix : ndarray
        Rows × rows of the fit.
    """

    matrix: np.ndarray

    @property
    def names(self) -> Mapping[str, tuple[float, float]]:
        return {}

    def whiten(
        self, given: Mapping[str, Any], residuals: Any, layout: Layout, m: Any
    ) -> tuple[Any, Any]:
        factor = self._factor(layout)
        return m.matmul(np.linalg.inv(factor), residuals), np.diag(factor)[:, None]

    def colour(self, given: Mapping[str, Any], white: Any, layout: Layout, m: Any) -> Any:
        return m.matmul(self._factor(layout), white)

    def marginal(self, given: Mapping[str, Any]) -> np.ndarray:
        """That of the mean variance, where they differ between rows."""
        return np.sqrt(np.diag(self.matrix).mean()) * np.ones((1, 1, 1))

    def precise(
        self, given: Mapping[str, Any], residuals: np.ndarray, layout: Layout
    ) -> tuple[np.ndarray, np.ndarray]:
        inverse = np.linalg.inv(self._factor(layout))
        precision = inverse.T @ inverse
        diagonal = np.broadcast_to(np.diag(precision)[:, None], residuals.shape)
        return np.matmul(precision, residuals), diagonal

    def _factor(self, layout: Layout) -> np.ndarray:
        at = layout.times[:, 0].astype(int)
        return np.linalg.cholesky(self.matrix[np.ix_(at, at)])
