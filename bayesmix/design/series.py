"""Rows in groups and times, whatever is made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from bayesmix.correlations import Layout
from bayesmix.design.columns import label_key
from bayesmix.formula.tree import ResidualTerm

DAY = np.timedelta64(1, "D")
"""The unit of the distances between dates."""


@dataclass(frozen=True)
class Series:
    """Rows in groups and times.

    Attributes
    ----------
    groups : tuple of str
        The keys of the groups.
    codes : ndarray of int
        The group of each row.
    times : ndarray
        Numbers in the order of time; of dates days; of places in the plane complex numbers.
    """

    groups: tuple[str, ...]
    codes: np.ndarray
    times: np.ndarray

    @classmethod
    def of(cls, term: ResidualTerm, frame: pd.DataFrame, known: tuple[str, ...] = ()) -> Series:
        """Those of a frame, the groups that are known first."""
        keys = _keys(term, frame)
        levels = tuple(dict.fromkeys((*known, *_sorted(term, frame, keys))))
        position = {key: i for i, key in enumerate(levels)}
        codes = np.array([position[key] for key in keys], np.int64)
        if term.time is None:
            times = pd.Series(codes).groupby(codes).cumcount().to_numpy(float)
            return cls(levels, codes, times)
        times = _times(frame[term.time.name])
        if term.second is not None:
            times = times + 1j * _times(frame[term.second.name])
        return cls(levels, codes, times)

    @cached_property
    def layout(self) -> Layout:
        """The rows in their groups, those that have some."""
        return Layout.of(np.unique(self.codes, return_inverse=True)[1], self.times)

    @property
    def usual_distance(self) -> float:
        """The median of those between rows of a group."""
        groups = (self.times[self.codes == code] for code in np.unique(self.codes))
        apart = [np.abs(np.subtract.outer(places, places)) for places in groups]
        return float(np.median(np.concatenate([a[np.triu_indices(len(a), 1)] for a in apart])))

    @cached_property
    def places(self) -> list[tuple[int, float]]:
        """The group and the time of each row."""
        return list(zip(self.codes.tolist(), self.times.tolist(), strict=True))

    def some(self, rows: np.ndarray) -> Series:
        """That of some of the rows."""
        return replace(self, codes=self.codes[rows], times=self.times[rows])

    @property
    def distinct(self) -> Series:
        """Each group and time once."""
        first: dict[tuple[int, float], int] = {}
        for row, place in enumerate(self.places):
            first.setdefault(place, row)
        return self.some(np.array(list(first.values()), int))

    def and_also(self, other: Series) -> Series:
        """The rows of both; the other's groups are these and more."""
        codes = np.concatenate([self.codes, other.codes])
        return Series(other.groups, codes, np.concatenate([self.times, other.times]))

    def found(self, other: Series) -> np.ndarray:
        """For each row of another the row here of the same group and time, or -1."""
        at = {place: row for row, place in enumerate(self.places)}
        return np.array([at.get(place, -1) for place in other.places], np.int64)


def _keys(term: ResidualTerm, frame: pd.DataFrame) -> list[str]:
    return [""] * len(frame) if term.gr is None else [label_key(v) for v in frame[term.gr.name]]


def _sorted(term: ResidualTerm, frame: pd.DataFrame, keys: list[str]) -> Iterable[str]:
    """The keys of the groups, in the order of the levels."""
    if term.gr is None:
        return dict.fromkeys(keys)
    column = frame[term.gr.name]
    return dict.fromkeys(label_key(v) for v in column.sort_values())


def _times(column: pd.Series) -> np.ndarray:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(float)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        days = column.dt.tz_localize(None) - pd.Timestamp(0)
        return (days / DAY).to_numpy(float)
    return column.to_numpy(float)
