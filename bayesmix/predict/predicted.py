"""What is predicted, chunk by chunk of rows, and what becomes of it: an array, means, a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.predict.clusters import Crossing
from bayesmix.predict.draws import Draws

Outcome = tuple[str, tuple[Any, ...]]
"""Dimension and labels of what a response has one value for each of."""


@dataclass(frozen=True)
class Predicted:
    """Draws of something at every row, made when they are asked for.

    Attributes
    ----------
    name : str
    draws : Draws
    labels : Index
        Of the rows.
    parts : callable
        Gives an iterator over chunks: rows, and values cells × samples × rows (× outcomes).
    crossing : Crossing
        Whose cells they are.
    about : mapping of str to str
        The attributes of the result.
    outcome : (str, tuple), optional
    dtype : type
    """

    name: str
    draws: Draws
    labels: pd.Index
    parts: Callable[[], Iterator[tuple[slice, np.ndarray]]]
    crossing: Crossing
    about: Mapping[str, str]
    outcome: Outcome | None = None
    dtype: type = float

    @property
    def axes(self) -> dict[str, pd.Index]:
        """The labels of everything but the samples, by dimension."""
        axes = {"obs": self.labels}
        if self.crossing.labels is not None:
            axes[self.crossing.dim] = self.crossing.labels
        if self.outcome is not None:
            axes[self.outcome[0]] = pd.Index(self.outcome[1])
        return axes

    @property
    def _shape(self) -> tuple[int, ...]:
        last = () if self.outcome is None else (len(self.outcome[1]),)
        return len(self.crossing.cells), len(self.draws), len(self.labels), *last

    def array(self) -> xr.DataArray:
        """All of them: samples × rows (× clusters) (× outcomes)."""
        values = np.empty(self._shape, self.dtype)
        for part, here in self.parts():
            values[:, :, part] = here
        return self.labelled(values, self.axes)

    def labelled(self, values: np.ndarray, axes: Mapping[str, pd.Index]) -> xr.DataArray:
        """Values, cells × samples × …, as an array with the labels of all of them."""
        values = values[0] if self.crossing.labels is None else np.moveaxis(values, 0, 2)
        coords = dict(xr.Coordinates.from_pandas_multiindex(self.draws.samples, "sample"))
        for dim, labels in axes.items():
            coords |= _coords(dim, labels)
        return xr.DataArray(values, coords, ["sample", *axes], self.name, dict(self.about))

    def means(self, of_row: np.ndarray, count: int) -> np.ndarray:
        """Means over sets of rows within each draw: cells × samples × sets (× outcomes).

        Parameters
        ----------
        of_row : ndarray of int
            The set of each row.
        count : int
            How many sets there are.
        """
        shape = list(self._shape)
        shape[2] = count
        total = np.zeros(shape)
        for part, here in self.parts():
            sets, at = np.unique(of_row[part], return_inverse=True)
            for i, number in enumerate(sets):
                total[:, :, number] += here[:, :, at == i].sum(axis=2)
        sizes = np.bincount(of_row, minlength=count).reshape(-1, *[1] * (len(shape) - 3))
        return total / sizes


def _coords(dim: str, labels: pd.Index) -> Mapping[Any, Any]:
    if isinstance(labels, pd.MultiIndex) and dim != "obs":
        return xr.Coordinates.from_pandas_multiindex(labels, dim)
    return {dim: (dim, labels)}
