"""Grouping factors: an index per row and the levels' labels, never a one-hot matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import label_key
from bayesmix.errors import DataError, PredictionError, did_you_mean, listed

MISSING = "NA"
SEPARATOR = "\x1f"


@dataclass(frozen=True)
class By:
    """``gr(g, by=t)``: the levels of t, and which of them each level of g belongs to."""

    name: str
    levels: tuple[Any, ...]
    of_level: np.ndarray

    @cached_property
    def codes(self) -> Mapping[str, int]:
        return {label_key(lv): i for i, lv in enumerate(self.levels)}


@dataclass(frozen=True)
class Located:
    """Where the rows of new data stand among the levels.

    Attributes
    ----------
    index : ndarray of int
        Level of each row; the number of fitted levels and on for new ones.
    new : tuple of str
        Labels of the new levels, in order of first appearance.
    by_of_new : ndarray of int or None
        With ``gr(by=)``, the ``by`` level of each new level.
    """

    index: np.ndarray
    new: tuple[str, ...] = ()
    by_of_new: np.ndarray | None = None


@dataclass(frozen=True)
class Group:
    """A grouping factor on the data of the fit.

    Attributes
    ----------
    name : str
        ``g``, or ``a:b`` for an interaction.
    members : tuple of str
        The columns.
    levels : tuple
        Labels: the user's values; texts joined with ``_`` for an interaction, observed ones only.
    keys : tuple of str
        What the levels are looked up by.
    index : ndarray of int32
        Level of each row.
    by : By or None
    """

    name: str
    members: tuple[str, ...]
    levels: tuple[Any, ...]
    keys: tuple[str, ...]
    index: np.ndarray
    by: By | None = None

    @property
    def size(self) -> int:
        return len(self.levels)

    @cached_property
    def positions(self) -> Mapping[str, int]:
        return {key: i for i, key in enumerate(self.keys)}

    def locate(self, newdata: pd.DataFrame, allow_new_levels: bool) -> Located:
        """The levels of the rows of new data.

        Raises
        ------
        PredictionError
            Without `allow_new_levels`, for a level that the fit doesn't know, a missing one, or a
            missing column. For a level that belongs to two ``by`` levels, or another than it had.
        """
        codes, keys = _row_keys(self.members, newdata, allow_new_levels, self.name)
        new = [k for k in keys if k not in self.positions]
        if new and not allow_new_levels:
            raise PredictionError(self._unknown(new[0], codes, keys, newdata))
        numbers = dict(self.positions) | {k: self.size + i for i, k in enumerate(new)}
        of_key = np.array([numbers[k] for k in keys], dtype=np.int64)
        index = of_key[codes]
        labels = tuple(_label(k) for k in new)
        return Located(index, labels, self._by_of_new(index, labels, newdata))

    def _unknown(
        self, key: str, codes: np.ndarray, keys: Sequence[str], newdata: pd.DataFrame
    ) -> str:
        row = newdata.index[codes == keys.index(key)][0]
        label = _label(key)
        what = (
            f"Group {self.name!r} is missing"
            if label == MISSING
            else f"Group {self.name!r} has the level {label!r}, which the fit doesn't know,"
        )
        near = did_you_mean(label, map(str, self.levels)) if label != MISSING else ""
        return (
            f"{what} in row {row!r} of newdata.{near} The fit knows {listed(self.levels)}. "
            "Set allow_new_levels=True to predict for new levels."
        )

    def _by_of_new(
        self, index: np.ndarray, labels: tuple[str, ...], newdata: pd.DataFrame
    ) -> np.ndarray | None:
        if self.by is None:
            return None
        if self.by.name not in newdata.columns:
            if not labels:
                return np.empty(0, np.int64)
            raise PredictionError(
                f"newdata has no column {self.by.name!r}; new levels of {self.name!r} need it, "
                "since each of its levels has standard deviations of its own."
            )
        strata = self._strata(newdata)
        for level, label in enumerate(self.levels):
            self._check_by(label, strata[index == level], int(self.by.of_level[level]))
        of_new = [strata[index == self.size + i] for i in range(len(labels))]
        for label, found in zip(labels, of_new, strict=True):
            self._check_by(label, found, int(found[0]))
        return np.array([found[0] for found in of_new], np.int64)

    def _strata(self, newdata: pd.DataFrame) -> np.ndarray:
        column = newdata[self.by.name]
        codes, uniques = pd.factorize(column.astype(object))
        known = [self.by.codes.get(label_key(u), -1) for u in uniques]
        strata = np.array([*known, -1])[codes]
        if (strata < 0).any():
            row, value = newdata.index[strata < 0][0], column[strata < 0].iloc[0]
            raise PredictionError(
                f"Column {self.by.name!r} of newdata is {value!r} in row {row!r}; "
                f"the fit knows {listed(self.by.levels)}."
            )
        return strata

    def _check_by(self, label: Any, found: np.ndarray, expected: int) -> None:
        if (found != expected).any():
            other = self.by.levels[int(found[found != expected][0])]
            raise PredictionError(
                f"Level {label!r} of group {self.name!r} belongs to {self.by.name} = "
                f"{self.by.levels[expected]!r}, but newdata also has it with {other!r}."
            )


def build_group(members: tuple[str, ...], by: str | None, frame: pd.DataFrame) -> Group:
    """The group on the data of the fit.

    Raises
    ------
    DataError
        If two levels read the same, or a level has several values of `by`.
    """
    name = ":".join(members)
    columns = [_member(frame[m]) for m in members]
    codes = np.stack([c for c, _ in columns])
    observed, index = np.unique(codes, axis=1, return_inverse=True)
    labels = [[levels[c] for c in row] for row, (_, levels) in zip(observed, columns, strict=True)]
    keys = tuple(SEPARATOR.join(map(label_key, level)) for level in zip(*labels, strict=True))
    levels = tuple(labels[0]) if len(members) == 1 else tuple(_label(k) for k in keys)
    _check_distinct(name, levels)
    index = index.reshape(-1).astype(np.int32)
    return Group(name, members, levels, keys, index, _by(name, by, levels, index, frame))


def _member(column: pd.Series) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Codes and sorted labels of a grouping column."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(np.int64), tuple(column.cat.categories)
    codes, levels = pd.factorize(column, sort=True)
    return codes, tuple(v.item() if isinstance(v, np.generic) else v for v in levels)


def _check_distinct(name: str, levels: tuple[Any, ...]) -> None:
    seen: dict[str, Any] = {}
    for level in levels:
        other = seen.setdefault(label_key(level), level)
        if other is not level:
            raise DataError(
                f"Group {name!r} has two levels that read the same, {other!r} and {level!r}; "
                "rename one of them."
            )


def _by(
    name: str, by: str | None, levels: tuple[Any, ...], index: np.ndarray, frame: pd.DataFrame
) -> By | None:
    if by is None:
        return None
    codes, by_levels = _member(frame[by])
    of_level = np.zeros(len(levels), np.int64)
    of_level[index] = codes
    mixed = of_level[index] != codes
    if mixed.any():
        level = levels[int(index[mixed.argmax()])]
        raise DataError(
            f"Level {level!r} of group {name!r} has several values of {by!r}; "
            f"gr({name}, by={by}) needs each level in one of them."
        )
    return By(by, by_levels, of_level)


def _row_keys(
    members: tuple[str, ...], newdata: pd.DataFrame, allow_new_levels: bool, group: str
) -> tuple[np.ndarray, list[str]]:
    """For each row a code, and the distinct keys in order of first appearance."""
    texts = [_member_keys(m, newdata, allow_new_levels, group) for m in members]
    joined = texts[0]
    for more in texts[1:]:
        joined = joined + SEPARATOR + more
    codes, uniques = pd.factorize(joined)
    return codes, list(uniques)


def _member_keys(
    member: str, newdata: pd.DataFrame, allow_new_levels: bool, group: str
) -> pd.Series:
    if member not in newdata.columns:
        if not allow_new_levels:
            raise PredictionError(
                f"newdata has no column {member!r}, which group {group!r} needs."
                + did_you_mean(member, newdata.columns)
                + " Set allow_new_levels=True to predict for one new level, or leave the group's "
                "terms out with re_formula."
            )
        return pd.Series(MISSING, index=range(len(newdata)), dtype=object)
    codes, uniques = pd.factorize(newdata[member].astype(object))
    texts = np.array([*map(label_key, uniques), MISSING], dtype=object)
    return pd.Series(texts[codes], dtype=object)


def _label(key: str) -> str:
    return key.replace(SEPARATOR, "_")
