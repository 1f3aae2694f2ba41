"""Columns, row labels and categories of pandas as arrays and a description in JSON's types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.errors import StorageError
from bayesmix.storage.arrays import decode, encode

Arrays = dict[str, np.ndarray]
Taken = tuple[dict[str, Any], Arrays]


def take_apart(index: pd.Index, at: str) -> Taken:
    """An index as a description and one-dimensional arrays, whose names start with `at`.

    Raises
    ------
    StorageError
        If it is of a kind that a file can't hold.
    """
    if index.name is not None and not isinstance(index.name, str | int | float):
        raise StorageError(f"labels with the name {index.name!r}, which can't be kept in a file")
    about, arrays = _taken(index, at)
    return {**about, "at": at, "name": index.name}, arrays


def put_together(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> pd.Index:
    """The index that `take_apart` was given."""
    return _BUILDERS[about["kind"]](about, arrays).rename(about["name"])


def _taken(index: pd.Index, at: str) -> Taken:
    match index:
        case pd.RangeIndex():
            return {"kind": "range", "range": [index.start, index.stop, index.step]}, {}
        case pd.CategoricalIndex():
            return _category(index, at)
        case pd.IntervalIndex():
            return _interval(index, at)
        case pd.PeriodIndex():
            return {"kind": "period", "freq": index.freqstr}, {at: index.asi8}
        case pd.DatetimeIndex() if index.tz is not None:
            in_utc = index.tz_convert("UTC").tz_localize(None)
            return _plain(in_utc.to_numpy(), at, kind="zoned", zone=str(index.tz))
    if isinstance(index.dtype, pd.StringDtype):
        return _plain(index.to_numpy(dtype=object), at, kind="str")
    if isinstance(index.dtype, np.dtype):
        return _plain(index.to_numpy(), at, kind="plain")
    raise StorageError(f"values of type {index.dtype}, which can't be kept in a file")


def _plain(values: np.ndarray, at: str, **about: Any) -> Taken:
    stored, encoding = encode(values)
    return {**about, "encoding": encoding}, {at: stored}


def _category(index: pd.CategoricalIndex, at: str) -> Taken:
    categories, arrays = take_apart(index.categories, f"{at}_categories")
    about = {"kind": "category", "ordered": bool(index.ordered), "categories": categories}
    return about, {at: index.codes, **arrays}


def _interval(index: pd.IntervalIndex, at: str) -> Taken:
    left, left_arrays = take_apart(index.left, f"{at}_left")
    right, right_arrays = take_apart(index.right, f"{at}_right")
    about = {"kind": "interval", "closed": index.closed, "left": left, "right": right}
    return about, left_arrays | right_arrays


def _decoded(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    return decode(arrays[about["at"]], about["encoding"])


def _build_plain(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> pd.Index:
    values = _decoded(about, arrays)
    return pd.Index(values, dtype=values.dtype)


def _build_zoned(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> pd.Index:
    return pd.DatetimeIndex(_decoded(about, arrays)).tz_localize("UTC").tz_convert(about["zone"])


def _build_category(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> pd.Index:
    categories = put_together(about["categories"], arrays)
    codes = arrays[about["at"]]
    return pd.CategoricalIndex(pd.Categorical.from_codes(codes, categories, about["ordered"]))


def _build_interval(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> pd.Index:
    ends = (put_together(about[end], arrays) for end in ("left", "right"))
    return pd.IntervalIndex.from_arrays(*ends, closed=about["closed"])


_BUILDERS = {
    "range": lambda about, arrays: pd.RangeIndex(*about["range"]),
    "plain": _build_plain,
    "str": lambda about, arrays: pd.Index(_decoded(about, arrays), dtype="str"),
    "zoned": _build_zoned,
    "period": lambda about, arrays: pd.PeriodIndex.from_ordinals(
        arrays[about["at"]], freq=about["freq"]
    ),
    "category": _build_category,
    "interval": _build_interval,
}
