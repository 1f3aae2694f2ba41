"""Grouping factors: an index per row and the levels' labels, never a one-hot matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import first_row, label_codes, label_key
from bayesmix.design.known import Known
from bayesmix.errors import DataError, PredictionError, did_you_mean, listed

MISSING = "\x00"
"""Key of a row without a level; no label reads so."""
SEPARATOR = "\x1f"
LARGEST = 2**53
"""From here on floats can't tell whole numbers apart."""


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
        Keys of the new levels, in order of first appearance.
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
    dist : str
        Of the effects: ``"gaussian"``, or ``"student"``, multivariate with df that is a parameter.
    known : Known or None
        Known covariances between the levels.
    pw : ndarray or None
        What the log density of each level's effects is multiplied by.
    """

    name: str
    members: tuple[str, ...]
    levels: tuple[Any, ...]
    keys: tuple[str, ...]
    index: np.ndarray
    by: By | None = None
    dist: str = "gaussian"
    known: Known | None = None
    pw: np.ndarray | None = None

    @property
    def plain(self) -> bool:
        """Whether its levels are independent, alike and normal."""
        return self.dist == "gaussian" and self.known is None and self.pw is None

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
        new = tuple(k for k in keys if k not in self.positions)
        if new and not allow_new_levels:
            at = pd.Series(codes == keys.index(new[0]), index=newdata.index)
            raise PredictionError(self._unknown(new[0], first_row(at)))
        numbers = dict(self.positions) | {k: self.size + i for i, k in enumerate(new)}
        index = np.array([numbers[k] for k in keys], dtype=np.int64)[codes]
        return Located(index, new, self._by_of_new(index, new, newdata))

    def strata(self, newdata: pd.DataFrame) -> np.ndarray:
        """The ``by`` level of each row of new data.

        Raises
        ------
        PredictionError
            If its column isn't there, or a value missing or unknown.
        """
        if self.by.name not in newdata.columns:
            raise PredictionError(
                f"newdata has no column {self.by.name!r}, which says what standard deviations the "
                f"effects of {self.name!r} have."
            )
        return self._strata(newdata, np.ones(len(newdata), bool))

    def _unknown(self, key: str, row: str) -> str:
        what = f"is missing in row {row} of newdata."
        if key != MISSING:
            label = label_of(key)
            what = f"has the level {label!r} in row {row} of newdata, which the fit doesn't know."
            what += did_you_mean(label, map(str, self.levels))
        return (
            f"Group {self.name!r} {what} The fit knows {listed(self.levels)}. "
            "Set allow_new_levels=True to predict for new levels."
        )

    def _by_of_new(
        self, index: np.ndarray, new: tuple[str, ...], newdata: pd.DataFrame
    ) -> np.ndarray | None:
        """The ``by`` level of each new level; what newdata says of the fitted ones must agree."""
        if self.by is None:
            return None
        if self.by.name not in newdata.columns:
            if not new:
                return np.empty(0, np.int64)
            raise PredictionError(
                f"newdata has no column {self.by.name!r}; new levels of {self.name!r} need it, "
                "since each of its levels has standard deviations of its own."
            )
        strata = self._strata(newdata, index >= self.size)
        expected = np.concatenate([self.by.of_level, np.full(len(new), -1)])
        is_new, first = np.unique(index, return_index=True)
        expected[is_new[is_new >= self.size]] = strata[first[is_new >= self.size]]
        wrong = (strata >= 0) & (strata != expected[index])
        if wrong.any():
            at = int(wrong.argmax())
            raise PredictionError(self._two_strata(int(index[at]), new, expected, int(strata[at])))
        return expected[self.size :]

    def _two_strata(
        self, level: int, new: tuple[str, ...], expected: np.ndarray, other: int
    ) -> str:
        there, also = self.by.levels[expected[level]], self.by.levels[other]
        if level >= self.size and new[level - self.size] == MISSING:
            return (
                f"Rows without a level of {self.name!r} are one new level, which can't be in both "
                f"{self.by.name} = {there!r} and {also!r}; give them labels."
            )
        label = self.levels[level] if level < self.size else label_of(new[level - self.size])
        return (
            f"Level {label!r} of group {self.name!r} belongs to {self.by.name} = {there!r}, "
            f"but newdata also has it with {also!r}."
        )

    def _strata(self, newdata: pd.DataFrame, needed: np.ndarray) -> np.ndarray:
        """The ``by`` level of each row; -1 for a missing one that isn't `needed`."""
        column = newdata[self.by.name]
        codes, uniques = label_codes(column)
        known = [self.by.codes.get(label_key(u), -1) for u in uniques]
        strata = np.array([*known, -1])[codes]
        bad = pd.Series((strata < 0) & (needed | column.notna().to_numpy()), index=newdata.index)
        if bad.any():
            value = column.iloc[int(bad.to_numpy().argmax())]
            raise PredictionError(
                f"Column {self.by.name!r} of newdata is {value!r} in row {first_row(bad)}; "
                f"the fit knows {listed(self.by.levels)}."
            )
        return strata


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
    levels = tuple(labels[0]) if len(members) == 1 else tuple(map(label_of, keys))
    _check_distinct(name, levels)
    index = index.reshape(-1).astype(np.int32)
    return Group(name, members, levels, keys, index, _by(name, by, levels, index, frame))


def _member(column: pd.Series) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Codes and sorted labels of a grouping column."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.remove_unused_categories()
        return column.cat.codes.to_numpy(np.int64), tuple(column.cat.categories.tolist())
    if column.dtype.kind == "f" and (column.abs() >= LARGEST).any():
        raise DataError(
            f"Column {column.name!r} groups by numbers so large that some can't be told apart; "
            "make them text."
        )
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


def prior_weights(group: Group, values: np.ndarray, text: str, frame: pd.DataFrame) -> np.ndarray:
    """What ``gr(g, pw=w)`` says of each level.

    Raises
    ------
    DataError
        If a weight is not above 0, or a level has several.
    """
    low = pd.Series(values <= 0, index=frame.index)
    if low.any():
        raise DataError(
            f"pw={text} of group {group.name!r} must be above 0; it is {values[low.argmax()]:g} "
            f"in row {first_row(low)}."
        )
    of_level = np.ones(group.size)
    of_level[group.index] = values
    mixed = of_level[group.index] != values
    if mixed.any():
        level = group.levels[int(group.index[mixed.argmax()])]
        raise DataError(
            f"Level {level!r} of group {group.name!r} has several values of pw={text}; a level has "
            "one weight."
        )
    return of_level


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
                + " Say which clusters with clusters=, set allow_new_levels=True to predict for "
                "one new level, or leave the group's terms out with re_formula."
            )
        return pd.Series(MISSING, index=range(len(newdata)), dtype=object)
    codes, uniques = label_codes(newdata[member])
    texts = np.array([*map(label_key, uniques), MISSING], dtype=object)
    return pd.Series(texts[codes], dtype=object)


def label_of(key: str) -> str:
    """A level as users read it: ``a_b`` for an interaction, ``NA`` for a missing one."""
    return key.replace(SEPARATOR, "_").replace(MISSING, "NA")
