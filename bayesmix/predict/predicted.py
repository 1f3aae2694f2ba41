"""What is predicted, chunk by chunk of rows, and what becomes of it: an array, means, a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.errors import StorageError
from bayesmix.predict.clusters import Crossing
from bayesmix.predict.draws import Draws
from bayesmix.predict.linpred import chunks
from bayesmix.predict.threads import in_order

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
    chunk : callable
        Values of some rows: cells × samples × rows (× outcomes).
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
    chunk: Callable[[slice], np.ndarray]
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

    def each[Result](self, work: Callable[[slice, np.ndarray], Result]) -> Iterator[Result]:
        """What becomes of each chunk of rows, in their order; chunks are made on all cores."""
        parts = list(chunks(len(self.draws), len(self.labels)))
        return in_order(lambda part: work(part, self.chunk(part)), parts)

    def array(self) -> xr.DataArray:
        """All of them: samples × rows (× clusters) (× outcomes)."""
        return self.labelled(self.values(), self.axes)

    def values(self) -> np.ndarray:
        """All of them without labels: cells × samples × rows (× outcomes)."""
        values = np.empty(self._shape, self.dtype)

        def put(part: slice, here: np.ndarray) -> None:
            values[:, :, part] = here

        for _ in self.each(put):
            pass
        return values

    def to_zarr(self, path: str | Path) -> xr.DataArray:
        """All of them, written chunk by chunk to a zarr store, and opened from it lazily.

        Raises
        ------
        StorageError
            If there is something of that name, or it can't be written.
        """
        if Path(path).exists():
            raise StorageError(f"{str(path)!r} is there already; give a new path.")
        parts = list(chunks(len(self.draws), len(self.labels)))
        try:
            return self._written(Path(path), max(1, parts[0].stop if parts else 1))
        except OSError as error:
            raise StorageError(f"{str(path)!r} can't be written: {error}") from error

    def _written(self, path: Path, rows: int) -> xr.DataArray:
        import zarr

        crossed = self.crossing.labels is not None
        cells, samples, *others = self._shape
        shape = (samples, others[0], *([cells] if crossed else []), *others[1:])
        size = (samples, rows, *shape[2:])
        store = zarr.open_group(path, mode="w")
        dims = ["sample", *self.axes]
        values = store.create_array(
            self.name, shape=shape, chunks=size, dtype=np.dtype(self.dtype), dimension_names=dims
        )
        coords = self._plain_coords()
        for name, (dim, labels) in coords.items():
            store.create_array(name, data=labels, dimension_names=[dim])
        others = " ".join(name for name in coords if name not in dims)
        values.attrs.update({**self.about, "coordinates": others})

        def put(part: slice, here: np.ndarray) -> None:
            values[:, part] = np.moveaxis(here, 0, 2) if crossed else here[0]

        for _ in self.each(put):
            pass
        return xr.open_zarr(path, chunks=None, consolidated=False)[self.name]

    def _plain_coords(self) -> dict[str, tuple[str, np.ndarray]]:
        """Labels as arrays that a store can hold."""
        coords = {"chain": ("sample", self.draws.chain), "draw": ("sample", self.draws.draw)}
        for dim, index in self.axes.items():
            for level in range(index.nlevels):
                name = dim if index.nlevels == 1 else str(index.names[level])
                coords[name] = (dim, _storable(index.get_level_values(level)))
        return coords

    def labelled(self, values: np.ndarray, axes: Mapping[str, pd.Index]) -> xr.DataArray:
        """Values, cells × samples × …, as an array with the labels of all of them."""
        values = values[0] if self.crossing.labels is None else np.moveaxis(values, 0, 2)
        coords = dict(xr.Coordinates.from_pandas_multiindex(self.draws.samples, "sample"))
        for dim, labels in axes.items():
            coords |= _coords(dim, labels)
        return xr.DataArray(values, coords, ["sample", *axes], self.name, dict(self.about))

    def means(self, of_row: np.ndarray, count: int) -> np.ndarray:
        """Means over sets of rows within each draw; see `sums`."""
        sizes = np.bincount(of_row, minlength=count)
        total = self.sums(of_row, count)
        return total / sizes.reshape(-1, *[1] * (total.ndim - 3))

    def sums(self, of_row: np.ndarray, count: int) -> np.ndarray:
        """Sums over sets of rows within each draw: cells × samples × sets (× outcomes).

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

        def sums(part: slice, here: np.ndarray) -> list[tuple[int, np.ndarray]]:
            sets, at = np.unique(of_row[part], return_inverse=True)
            return [(number, here[:, :, at == i].sum(axis=2)) for i, number in enumerate(sets)]

        for found in self.each(sums):
            for number, values in found:
                total[:, :, number] += values
        return total


def _storable(labels: pd.Index) -> np.ndarray:
    """Numbers and times as they are, all else as text."""
    if labels.dtype.kind in "iufbM":
        return labels.to_numpy()
    return labels.astype(str).to_numpy(dtype=np.dtypes.StringDType())


def _coords(dim: str, labels: pd.Index) -> Mapping[Any, Any]:
    if isinstance(labels, pd.MultiIndex) and dim != "obs":
        return xr.Coordinates.from_pandas_multiindex(labels, dim)
    return {dim: (dim, labels)}
