"""Where the rows of groups stand, and what every kind of correlation can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Layout:
    """Groups of rows side by side, each in the order of time.

    Attributes
    ----------
    rows : ndarray of int
        Positions × groups: the number of a row; -1 where a group has no more.
    times : ndarray
        Positions × groups: when each is; zeros where a group has no more.
    """

    rows: np.ndarray
    times: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray, times: np.ndarray) -> Layout:
        """Rows in their groups.

        Parameters
        ----------
        codes : ndarray of int
            The group of each row, all numbers from 0 on.
        times : ndarray
            What orders the rows of a group: numbers, of places in the plane complex ones.
        """
        order, counts = np.lexsort((times, codes)), np.bincount(codes)
        position = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        shape, at = (counts.max(initial=0), len(counts)), (position, codes[order])
        rows, when = np.full(shape, -1), np.zeros(shape, times.dtype)
        rows[at], when[at] = order, times[order]
        return cls(rows, when)

    @property
    def distances(self) -> np.ndarray:
        """How long after the row before it each is; 1 where that means nothing."""
        along = np.diff(self.times, axis=0, prepend=self.times[:1] - 1.0)
        return np.where(self.rows >= 0, along, 1.0)

    @property
    def mask(self) -> np.ndarray:
        """Ones where there is a row, zeros where a group has no more."""
        return (self.rows >= 0).astype(float)

    @property
    def kinds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Groups that have the same times: their numbers, and these times."""
        times = np.where(self.rows >= 0, self.times, np.inf)
        found, kind = np.unique(times, axis=1, return_inverse=True)
        return [
            (np.flatnonzero(kind == i), column[np.isfinite(column)])
            for i, column in enumerate(found.T)
        ]

    def having(self, rows: np.ndarray) -> Layout:
        """The groups that some rows are in; `rows` says it of each row."""
        kept = (np.append(rows, False)[self.rows]).any(axis=0)
        longest = int((self.rows[:, kept] >= 0).sum(axis=0).max(initial=0))
        return replace(self, rows=self.rows[:longest, kept], times=self.times[:longest, kept])

    def numbered(self) -> tuple[Layout, np.ndarray]:
        """The same, its rows numbered from 0 on; and the numbers that they had, in order."""
        old = np.sort(self.rows[self.rows >= 0])
        rows = np.where(self.rows < 0, -1, np.searchsorted(old, self.rows))
        return replace(self, rows=rows), old

    def side_by_side(self, values: Any, m: Any) -> Any:
        """Values of rows, on the last axis, at positions and groups; zeros where is none."""
        nothing = m.zeros_like(values[..., :1])
        return m.concatenate([values, nothing], axis=-1)[..., self.rows]

    def in_rows(self, values: Any) -> Any:
        """What stands at positions and groups, on one axis, in the order of rows."""
        at = np.flatnonzero(self.rows.ravel() >= 0)
        at = at[np.argsort(self.rows.ravel()[at])]
        return values.reshape((*values.shape[: values.ndim - 2], self.rows.size))[..., at]


class Correlation(Protocol):
    """The correlations of a group's residuals, the covariance of residuals of scale 1."""

    @property
    def names(self) -> Mapping[str, tuple[float, float]]:
        """Its parameters, and between what they are."""

    def whiten(
        self, given: Mapping[str, Any], residuals: Any, layout: Layout, m: Any
    ) -> tuple[Any, Any]:
        """What is new in each residual given those before it, in units of its scale; the scale.

        Parameters
        ----------
        given : mapping of str to array
            The parameters, with an axis for positions and one for groups.
        residuals : array
        layout : Layout
        m : module
        """

    def colour(self, given: Mapping[str, Any], white: Any, layout: Layout, m: Any) -> Any:
        """Residuals from what is new in each: what undoes `whiten`."""

    def marginal(self, given: Mapping[str, Any]) -> np.ndarray:
        """The standard deviation of a residual of which one knows no other."""

    def precise(
        self, given: Mapping[str, Any], residuals: np.ndarray, layout: Layout
    ) -> tuple[np.ndarray, np.ndarray]:
        """The precision matrix times residuals, and its diagonal."""
