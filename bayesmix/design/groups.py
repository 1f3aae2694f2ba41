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
    """``gr(g, by=t)``: the levels of t, and which of them each level of g belongs to.

    The columns are one, or one for each unit of ``mm()``.
    """

    name: str
    levels: tuple[Any, ...]
    of_level: np.ndarray
    columns: tuple[str, ...]

    @cached_property
    def codes(self) -> Mapping[str, int]:
        return {label_key(lv): i for i, lv in enumerate(self.levels)}


@dataclass(frozen=True)
class Located:
    """Where the rows of new data stand among the levels.

    Attributes
    ----------
    index : ndarray of int
        Level of each row, for ``mm()`` rows × members; the number of fitted levels and on for new
        ones.
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
        ``g``, ``a:b`` for an interaction, ``mmgh`` for ``mm(g, h)``.
    members : tuple of str
        The columns.
    levels : tuple
        Labels: the user's values; texts joined with ``_`` for an interaction, observed ones only.
    keys : tuple of str
        What the levels are looked up by.
    index : ndarray of int32
        Level of each row; for ``mm()`` rows × members.
    by : By or None
    dist : str
        Of the effects: ``"gaussian"``, or ``"student"``, multivariate with df that is a parameter.
    known : Known or None
        Known covariances between the levels.
    pw : ndarray or None
        What the log density of each level's effects is multiplied by.
    units : tuple of tuple of str
        For ``mm()`` the columns of each of the grouping factors that a row has a level of.
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
    units: tuple[tuple[str, ...], ...] = ()

    @property
    def multiple(self) -> bool:
        """Whether a row has several levels."""
        return bool(self.units)

    def of_member(self, member: int) -> np.ndarray:
        """The level that each row has as one of its members."""
        return member_of(self.index, member)

    @property
    def alike(self) -> bool:
        """Whether its levels are independent, of one variance, and normal."""
        return self.dist == "gaussian" and self.known is None and self.pw is None

    @property
    def plain(self) -> bool:
        """Whether they are, and each row has one."""
        return self.alike and not self.multiple

    @property
    def of_row(self) -> np.ndarray:
        """The level of each row.

        Raises
        ------
        PredictionError
            If rows have several.
        """
        if self.multiple:
            raise PredictionError(
                f"A row is in several levels of group {self.name!r}, not in one; name one of "
                f"{listed(self.members)}, its columns."
            )
        return self.index

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
        units = self.units or (self.members,)
        texts = [_row_keys(unit, newdata, allow_new_levels, self.name) for unit in units]
        codes, keys = pd.factorize(np.stack(texts, axis=1).ravel())
        codes, keys = codes.reshape(len(newdata), len(units)), list(keys)
        codes = codes if self.multiple else codes[:, 0]
        new = tuple(k for k in keys if k not in self.positions)
        if new and not allow_new_levels:
            there = codes == keys.index(new[0])
            at = pd.Series(there.reshape(len(newdata), -1).any(axis=1), index=newdata.index)
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
        missing = self._without_strata(newdata)
        if missing:
            raise PredictionError(
                f"newdata has no column {missing!r}, which says what standard deviations the "
                f"effects of {self.name!r} have."
            )
        return self._strata(newdata, np.ones((len(newdata), *self.index.shape[1:]), bool))

    def _without_strata(self, newdata: pd.DataFrame) -> str | None:
        """A column of ``by`` that isn't there."""
        return next((c for c in self.by.columns if c not in newdata.columns), None)

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
        missing = self._without_strata(newdata)
        if missing:
            if not new:
                return np.empty(0, np.int64)
            raise PredictionError(
                f"newdata has no column {missing!r}; new levels of {self.name!r} need it, "
                "since each of its levels has standard deviations of its own."
            )
        strata = self._strata(newdata, index >= self.size)
        expected = np.concatenate([self.by.of_level, np.full(len(new), -1)])
        is_new, first = np.unique(index, return_index=True)
        expected[is_new[is_new >= self.size]] = strata.ravel()[first[is_new >= self.size]]
        wrong = (strata >= 0) & (strata != expected[index])
        if wrong.any():
            at = int(wrong.argmax())
            level, other = int(index.ravel()[at]), int(strata.ravel()[at])
            raise PredictionError(self._two_strata(level, new, expected, other))
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
        """The ``by`` level of each row (and member); -1 for a missing one that isn't `needed`."""
        if not self.multiple:
            return self._stratum(newdata, self.by.columns[0], needed)
        pairs = enumerate(self.by.columns)
        return np.stack([self._stratum(newdata, c, needed[:, m]) for m, c in pairs], axis=1)

    def _stratum(self, newdata: pd.DataFrame, name: str, needed: np.ndarray) -> np.ndarray:
        column = newdata[name]
        codes, uniques = label_codes(column)
        known = [self.by.codes.get(label_key(u), -1) for u in uniques]
        strata = np.array([*known, -1])[codes]
        bad = pd.Series((strata < 0) & (needed | column.notna().to_numpy()), index=newdata.index)
        if bad.any():
            value = column.iloc[int(bad.to_numpy().argmax())]
            raise PredictionError(
                f"Column {name!r} of newdata is {value!r} in row {first_row(bad)}; "
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
    strata = None if by is None else _by(name, by, (by,), levels, index, frame)
    return Group(name, members, levels, keys, index, strata)


def build_memberships(
    name: str,
    units: tuple[tuple[str, ...], ...],
    by: str | None,
    strata: tuple[str, ...],
    frame: pd.DataFrame,
) -> Group:
    """The group of ``mm()``: the levels of the first unit, then those that others have more.

    Raises
    ------
    DataError
        If a level has several values of `by`.
    """
    groups = [build_group(unit, None, frame) for unit in units]
    known = {k: v for g in reversed(groups) for k, v in zip(g.keys, g.levels, strict=True)}
    keys = tuple(dict.fromkeys(k for g in groups for k in g.keys))
    levels, positions = tuple(known[k] for k in keys), {k: i for i, k in enumerate(keys)}
    places = [np.array([positions[k] for k in g.keys], np.int32)[g.index] for g in groups]
    index = np.stack(places, axis=1)
    members = tuple(dict.fromkeys(m for unit in units for m in unit))
    of_strata = None if by is None else _by(name, by, strata, levels, index, frame)
    return Group(name, members, levels, keys, index, of_strata, units=units)


def member_of(index: np.ndarray, member: int) -> np.ndarray:
    """One member's column of an index of rows, which has columns where there are several."""
    return index if index.ndim == 1 else index[:, member]


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
    name: str,
    by: str,
    columns: tuple[str, ...],
    levels: tuple[Any, ...],
    index: np.ndarray,
    frame: pd.DataFrame,
) -> By:
    made = [_member(frame[c]) for c in columns]
    by_levels = tuple(dict.fromkeys(level for _, own in made for level in own))
    numbers = [np.array([by_levels.index(v) for v in own])[codes] for codes, own in made]
    codes = np.stack(numbers, axis=1).reshape(index.shape)
    of_level = np.zeros(len(levels), np.int64)
    of_level[index] = codes
    mixed = of_level[index] != codes
    if mixed.any():
        level = levels[int(index[mixed][0])]
        raise DataError(
            f"Level {level!r} of group {name!r} has several values of {by!r}; "
            f"by={by} needs each level in one of them."
        )
    return By(by, by_levels, of_level, columns)


def prior_weights(group: Group, values: np.ndarray, text: str, frame: pd.DataFrame) -> np.ndarray:
    """What ``gr(g, pw=w)`` says of each level.

    Raises
    ------
    DataError
        If a weight is not above 0, or a level has several.
    """
    values = values.reshape(group.index.shape)
    low = values <= 0
    if low.any():
        row = first_row(pd.Series(low.reshape(len(frame), -1).any(axis=1), index=frame.index))
        raise DataError(
            f"pw={text} of group {group.name!r} must be above 0; it is {values[low][0]:g} in row "
            f"{row}."
        )
    of_level = np.ones(group.size)
    of_level[group.index] = values
    mixed = of_level[group.index] != values
    if mixed.any():
        level = group.levels[int(group.index[mixed][0])]
        raise DataError(
            f"Level {level!r} of group {group.name!r} has several values of pw={text}; a level has "
            "one weight."
        )
    return of_level


def _row_keys(
    members: tuple[str, ...], newdata: pd.DataFrame, allow_new_levels: bool, group: str
) -> np.ndarray:
    """The key of each row's level."""
    texts = [_member_keys(m, newdata, allow_new_levels, group) for m in members]
    joined = texts[0]
    for more in texts[1:]:
        joined = joined + SEPARATOR + more
    return joined.to_numpy()


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
