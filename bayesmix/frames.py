"""Any data frame in, a plain pandas frame of our own out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from bayesmix.errors import DataError, listed

__all__ = ["to_pandas"]

_KINDS = "a data frame (pandas, polars, pyarrow) or a dict of columns"


def to_pandas(data: Any, what: str = "data", may_be_empty: bool = False) -> pd.DataFrame:
    """Copy a data frame of any kind into a pandas frame of few dtypes.

    Parameters
    ----------
    data : pandas.DataFrame, polars.DataFrame, pyarrow.Table, narwhals.DataFrame or dict
        Anything eager that narwhals can read, or a dict from column names to columns.
    what : str
        What error messages call it: ``"data"``, ``"newdata"``.
    may_be_empty : bool
        Whether it may have no rows.

    Returns
    -------
    pandas.DataFrame
        Shares nothing mutable with `data`. A pandas frame keeps its row labels, and the units in
        its ``attrs``; any other gets 0, 1, 2, …. Columns become

        - ``int64``: integers of any width without missing values (beyond its range: ``float64``);
        - ``float64``: other real numbers, and integers with missing values (``NaN``);
        - ``bool``: booleans without missing values; with such the category of False and True;
        - ``str``: strings, missing ones ``NaN``;
        - ``category``: pandas categoricals and arrow dictionaries as they are; a polars ``Enum``
          with its order, ordered; a polars ``Categorical``, which has no order, alphabetically;
        - dates, times, intervals, complex numbers: as pandas has them.

        A column of Python objects becomes one of these where all its values are of one such kind.
        One of mixed kinds (numbers and strings) or of nested values stays an object column: it is
        for the one who uses it to refuse it, as a column that no formula names does no harm.

    Raises
    ------
    DataError
        If it is no eager frame, has no rows where it must, names a column twice or not by a
        string, or has more than one level of row labels.

    Examples
    --------
    >>> frame = to_pandas({"x": [1, None, 3], "g": ["a", "b", "a"]})
    >>> frame.dtypes.astype(str).to_dict()
    {'x': 'float64', 'g': 'str'}
    """
    frame = _as_pandas(data, what)
    _check_names(frame.columns, what)
    _check_rows(frame, what, may_be_empty)
    columns = {name: _plain(frame[name]) for name in frame.columns}
    made = pd.DataFrame(columns, index=frame.index.copy())
    if isinstance(units := frame.attrs.get("units"), dict):
        made.attrs["units"] = dict(units)
    return made


def _as_pandas(data: Any, what: str) -> pd.DataFrame:
    """Turn `data` into a pandas frame that may still share memory with it."""
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, dict):
        return _from_dict(data, what)
    try:
        frame = nw.from_native(data, pass_through=True, allow_series=True)
    except nw.exceptions.DuplicateError:
        _check_names(data.column_names, what)
        raise
    if not isinstance(frame, nw.DataFrame):
        raise DataError(_not_a_frame(frame, data, what))
    if frame.implementation.is_polars():
        return pd.DataFrame({name: _from_polars(frame[name]) for name in frame.columns})
    return frame.to_pandas()


def _not_a_frame(frame: Any, data: Any, what: str) -> str:
    message = f"{what} must be {_KINDS}, not {_described(data)}."
    if isinstance(frame, nw.LazyFrame):
        return f"{message} It is lazy: call .collect() first."
    if isinstance(frame, nw.Series):
        return f"{message} It is a single column: call .to_frame() first."
    return message


def _described(data: Any) -> str:
    return "None" if data is None else f"{type(data).__module__}.{type(data).__name__}"


def _from_dict(data: dict[Any, Any], what: str) -> pd.DataFrame:
    labels = [column.index for column in data.values() if isinstance(column, pd.Series)]
    if any(not index.equals(labels[0]) for index in labels):
        raise DataError(
            f"The columns of {what} are Series with different row labels; "
            "call .reset_index(drop=True) on each if their rows belong together in order."
        )
    try:
        return pd.DataFrame(data)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The dict given as {what} is not a table ({error}); "
            "every column must be a sequence, all of one length."
        ) from error


def _from_polars(column: nw.Series) -> Any:
    """Convert one polars column without pyarrow, which polars' own conversion needs."""
    dtype = column.dtype
    if isinstance(dtype, nw.Enum):
        return pd.Categorical(column.to_list(), categories=dtype.categories, ordered=True)
    if isinstance(dtype, nw.Categorical):
        return pd.Categorical(column.to_list())
    if dtype.is_numeric():
        return _from_polars_numbers(column)
    return pd.Series(column.to_list(), dtype=object)


def _from_polars_numbers(column: nw.Series) -> np.ndarray:
    """Integers as they are where numpy can hold them, all else as floats."""
    wide = isinstance(column.dtype, nw.Int128 | nw.UInt128)
    if column.dtype.is_integer() and not wide and not column.is_null().any():
        return column.to_numpy()
    return column.cast(nw.Float64).to_numpy()


def _check_names(names: Iterable[Hashable], what: str) -> None:
    unnamed = [name for name in names if not isinstance(name, str)]
    if unnamed:
        raise DataError(
            f"{what} has column names that are not strings: {listed(map(str, unnamed))}. "
            "Rename them, so that a formula can."
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{what} has more than one column named {listed(twice)}; rename or drop.")


def _check_rows(frame: pd.DataFrame, what: str, may_be_empty: bool) -> None:
    if len(frame) == 0 and not may_be_empty:
        raise DataError(f"{what} has no rows.")
    if isinstance(frame.index, pd.MultiIndex):
        raise DataError(
            f"The row labels of {what} have {frame.index.nlevels} levels; "
            "call .reset_index() to make columns of them."
        )


def _plain(column: pd.Series) -> Any:
    """Copy one column to a numpy array or pandas array of the few dtypes that we keep."""
    dtype = column.dtype
    if isinstance(dtype, pd.ArrowDtype):
        arrow = nw.from_native(column, series_only=True).to_arrow()
        return _plain(pd.Series(arrow.to_pandas()))
    if isinstance(dtype, pd.CategoricalDtype):
        return _plain_categories(column.array)
    if pd.api.types.is_bool_dtype(dtype) or getattr(dtype, "kind", "O") in "iuf":
        return _plain_numbers(column)
    if isinstance(dtype, pd.StringDtype):
        return column.astype("str").array.copy()
    if pd.api.types.is_object_dtype(dtype):
        return _plain_objects(column)
    return column.array.copy()


def _plain_categories(values: pd.Categorical) -> pd.Categorical:
    categories = pd.Index(_plain(pd.Series(values.categories)))
    return pd.Categorical.from_codes(values.codes.copy(), categories, ordered=values.ordered)


def _plain_numbers(column: pd.Series) -> np.ndarray:
    """Use one width for all: narrow integers would wrap around in a formula's arithmetic."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return _plain_booleans(column)
    if pd.api.types.is_float_dtype(column.dtype) or column.isna().any():
        return column.to_numpy(dtype="float64", na_value=np.nan, copy=True)
    fits = column.max() <= np.iinfo("int64").max
    return column.to_numpy(dtype="int64" if fits else "float64", copy=True)


def _plain_booleans(column: pd.Series) -> Any:
    if not column.isna().any():
        return column.to_numpy(dtype=bool, copy=True)
    return pd.Categorical(column.astype(object).where(column.notna(), None), [False, True])


def _plain_objects(column: pd.Series) -> Any:
    """Give a column of Python objects the dtype that all its values have in common."""
    if pd.api.types.infer_dtype(column, skipna=True) == "string":
        return column.astype("str").array
    missing = column.isna()
    values = column[~missing]
    if not all(isinstance(v, Real | Decimal | np.bool_) for v in values):
        return column.where(~missing, None).infer_objects().array.copy()
    if len(values) and all(isinstance(v, bool | np.bool_) for v in values):
        return _plain_booleans(column.astype("boolean"))
    if missing.any():
        return column.where(~missing, np.nan).to_numpy(dtype="float64")
    return _integers_or_floats(values)


def _integers_or_floats(values: pd.Series) -> np.ndarray:
    """As objects what is too large even for a float."""
    try:
        return _integers_or_rounded(values)
    except OverflowError:
        return values.to_numpy(dtype=object)


def _integers_or_rounded(values: pd.Series) -> np.ndarray:
    if not all(isinstance(v, Integral | np.bool_) for v in values):
        return values.to_numpy(dtype="float64")
    try:
        return values.to_numpy(dtype="int64")
    except OverflowError:
        return values.to_numpy(dtype="float64")
