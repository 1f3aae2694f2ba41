"""A correlation for every pair of times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bayesmix.correlations.layout import Layout


@dataclass(frozen=True)
class Unstructured:
    """``unstr()``: a group has the part of the matrix that is of its own times.

    Its parameter are the correlations under the diagonal, row by row, on the last axis.

    Attributes
    ----------
    times : tuple of float
        Those that there are, in order.
    """

    times: tuple[float, ...]

    @property
    def names(self) -> Mapping[str, tuple[float, float]]:
        return {"cortime": (-1.0, 1.0)}

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the later and the earlier time of each correlation."""
        return np.tril_indices(len(self.times), -1)

    def whiten(
        self, given: Mapping[str, Any], residuals: Any, layout: Layout, m: Any
    ) -> tuple[Any, Any]:
        whites, scales, longest = [], [], len(layout.rows)
        for at, groups, factor in self._factors(given, layout, m):
            white = m.matmul(m.linalg.inv(factor), residuals[..., : len(at), groups])
            scale = (factor * np.eye(len(at))).sum(axis=-1)[..., None] + 0.0 * white
            whites.append(_filled(white, longest - len(at), 0.0, m))
            scales.append(_filled(scale, longest - len(at), 1.0, m))
        return self._together(whites, layout, m), self._together(scales, layout, m)

    def colour(self, given: Mapping[str, Any], white: Any, layout: Layout, m: Any) -> Any:
        parts, longest = [], len(layout.rows)
        for at, groups, factor in self._factors(given, layout, m):
            coloured = m.matmul(factor, white[..., : len(at), groups])
            parts.append(_filled(coloured, longest - len(at), 0.0, m))
        return self._together(parts, layout, m)

    def marginal(self, given: Mapping[str, Any]) -> np.ndarray:
        return np.ones((1, 1, 1))

    def precise(
        self, given: Mapping[str, Any], residuals: np.ndarray, layout: Layout
    ) -> tuple[np.ndarray, np.ndarray]:
        products, diagonals, longest = [], [], len(layout.rows)
        for at, groups, factor in self._factors(given, layout, np):
            root = np.linalg.inv(factor)
            precision = np.swapaxes(root, -1, -2) @ root
            product = precision @ residuals[..., : len(at), groups]
            diagonal = np.diagonal(precision, axis1=-2, axis2=-1)[..., None] + 0.0 * product
            products.append(_filled(product, longest - len(at), 0.0, np))
            diagonals.append(_filled(diagonal, longest - len(at), 1.0, np))
        return self._together(products, layout, np), self._together(diagonals, layout, np)

    def number(self, times: np.ndarray) -> np.ndarray:
        """The numbers of times; -1 for one that there isn't."""
        found = np.searchsorted(self.times, times)
        known = np.array([*self.times, np.nan])[found] == times
        return np.where(known, found, -1)

    def matrix(self, under: Any, m: Any) -> Any:
        """The correlation matrix of what is under its diagonal."""
        size, (later, earlier) = len(self.times), self.pairs
        place = np.zeros((size, size), int)
        place[later, earlier] = place[earlier, later] = 1 + np.arange(len(later))
        one = m.ones_like(under[..., :1])
        return m.concatenate([one, under], axis=-1)[..., place]

    def _factors(
        self, given: Mapping[str, Any], layout: Layout, m: Any
    ) -> list[tuple[np.ndarray, np.ndarray, Any]]:
        """The times of each kind of groups, which groups these are, and their Cholesky factor."""
        matrix = self.matrix(given["cortime"], m)
        return [
            (at, groups, m.linalg.cholesky(matrix[(..., *np.ix_(at, at))]))
            for at, groups in self._kinds(layout)
        ]

    def _kinds(self, layout: Layout) -> list[tuple[np.ndarray, np.ndarray]]:
        """Groups that have the same times."""
        numbers = np.where(layout.rows >= 0, self.number(layout.times), -1)
        found, kind = np.unique(numbers, axis=1, return_inverse=True)
        return [(c[c >= 0], np.flatnonzero(kind == i)) for i, c in enumerate(found.T)]

    def _together(self, parts: list[Any], layout: Layout, m: Any) -> Any:
        """What each kind of groups has, in the order of groups."""
        order = np.concatenate([groups for _, groups in self._kinds(layout)])
        return m.concatenate(parts, axis=-1)[..., np.argsort(order)]


def _filled(values: Any, missing: int, by: float, m: Any) -> Any:
    """With so many positions more."""
    more = [m.zeros_like(values[..., :1, :]) + by] * missing
    return m.concatenate([values, *more], axis=-2)
