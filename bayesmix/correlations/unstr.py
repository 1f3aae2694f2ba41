"""A correlation for every pair of times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bayesmix.correlations.dense import Block, Dense
from bayesmix.correlations.layout import Layout


@dataclass(frozen=True)
class Unstructured(Dense):
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

    def blocks(self, given: Mapping[str, Any], layout: Layout, m: Any) -> list[Block]:
        """Groups with the same times have the same part of the matrix."""
        matrix = self.matrix(given["cortime"], m)
        numbered = ((groups, self.number(times)) for groups, times in layout.kinds)
        return [(groups, len(at), matrix[(..., *np.ix_(at, at))]) for groups, at in numbered]
