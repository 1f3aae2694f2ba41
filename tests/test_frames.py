"""Any data frame in, a plain pandas frame of our own out."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr

from bayesmix.errors import DataError
from bayesmix.frames import to_pandas


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return frame.dtypes.astype(str).to_dict()


def plain(values, dtype=None) -> pd.Series:
    """One column through `to_pandas`."""
    return to_pandas(pd.DataFrame({"x": pd.Series(values, dtype=dtype)}))["x"]


COLUMNS = {
    "i": [1, 2, 3],
    "missing_i": [1, None, 3],
    "f": [1.5, None, 2.5],
    "b": [True, False, True],
    "s": ["u", None, "w"],
}
PLAIN = pd.DataFrame(
    {
        "i": [1, 2, 3],
        "missing_i": [1.0, np.nan, 3.0],
        "f": [1.5, np.nan, 2.5],
        "b": [True, False, True],
        "s": pd.Series(["u", np.nan, "w"], dtype="str"),
    }
)


@pytest.mark.parametrize(
    "make",
    [
        dict,
        pd.DataFrame,
        lambda columns: pd.DataFrame(columns, dtype=object),
        lambda columns: pd.DataFrame(columns).convert_dtypes(),
        lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
        pl.DataFrame,
        pa.table,
        lambda columns: nw.from_native(pl.DataFrame(columns)),
        lambda columns: nw.from_native(pd.DataFrame(columns)),
        lambda columns: nw.from_native(pa.table(columns)),
    ],
    ids=[
        "dict",
        "pandas",
        "pandas object",
        "pandas nullable",
        "pandas arrow",
        "polars",
        "pyarrow",
        "narwhals polars",
        "narwhals pandas",
        "narwhals pyarrow",
    ],
)
def test_every_kind_of_frame_gives_the_same(make):
    pd.testing.assert_frame_equal(to_pandas(make(COLUMNS)), PLAIN)


class TestRowLabels:
    def test_those_of_a_pandas_frame_stay(self):
        data = pd.DataFrame({"x": [1, 2, 3]}, index=pd.Index(["a", "b", "b"], name="who"))
        frame = to_pandas(data)
        assert frame.index.tolist() == ["a", "b", "b"]
        assert frame.index.name == "who"
        assert frame["x"].tolist() == [1, 2, 3]

    def test_others_get_numbers(self):
        pd.testing.assert_index_equal(
            to_pandas(pl.DataFrame({"x": [5, 6]})).index, pd.RangeIndex(2)
        )

    def test_a_frame_of_labels_alone_has_rows(self):
        assert to_pandas(pd.DataFrame(index=[3, 4])).index.tolist() == [3, 4]

    def test_several_levels_are_refused(self):
        data = pd.DataFrame({"g": [1, 2], "h": [1, 2], "x": [1, 2]}).set_index(["g", "h"])
        with pytest.raises(DataError, match=r"newdata have 2 levels; call \.reset_index\(\)"):
            to_pandas(data, "newdata")


class TestNothingIsShared:
    def test_pandas_in_both_directions(self):
        data = pd.DataFrame({"x": [1.0, 2.0], "g": pd.Categorical(["a", "b"]), "s": ["u", "v"]})
        before = data.copy(deep=True)
        frame = to_pandas(data)
        frame.loc[0, "x"] = 9.0
        frame.loc[0, "s"] = "z"
        frame["g"] = frame["g"].cat.rename_categories(["A", "B"])
        frame.index.name = "changed"
        pd.testing.assert_frame_equal(data, before)
        data.loc[1, "x"] = 7.0
        assert frame["x"].tolist() == [9.0, 2.0]

    @pytest.mark.parametrize("wrap", [dict, lambda c: pd.DataFrame(c, copy=False)])
    @pytest.mark.parametrize("dtype", ["float64", "int64", "bool", "object", "datetime64[s]"])
    def test_arrays_behind_the_columns(self, wrap, dtype):
        values = np.array([1, 1], dtype="int64").astype(dtype)
        frame = to_pandas(wrap({"x": values}))
        expected = frame["x"].tolist()
        values[0] = 0
        assert frame["x"].tolist() == expected

    def test_polars_buffers_are_copied_writable(self):
        data = pl.DataFrame({"x": [1.0, 2.0]})
        frame = to_pandas(data)
        frame.loc[0, "x"] = 5.0
        assert data["x"].to_list() == [1.0, 2.0]


class TestNumbers:
    @pytest.mark.parametrize("dtype", ["uint8", "int16", "UInt32", "Int8", "uint16[pyarrow]"])
    def test_integers_get_one_width(self, dtype):
        assert plain([1, 200 % 128], dtype).dtype == "int64"

    def test_narrow_integers_no_longer_wrap_around(self):
        assert (plain([1], "uint8") - 2).tolist() == [-1]

    def test_integers_too_large_become_floats(self):
        assert plain([2**63], "uint64").tolist() == [2.0**63]
        assert plain([2**70, 1], "object").tolist() == [2.0**70, 1.0]
        assert (
            to_pandas(pl.DataFrame({"x": pl.Series([2**70], dtype=pl.Int128)}))["x"][0] == 2.0**70
        )

    def test_large_integers_keep_every_digit(self):
        assert plain([2**53 + 1], "object").tolist() == [2**53 + 1]
        assert to_pandas(pl.DataFrame({"x": [2**53 + 1]}))["x"].tolist() == [2**53 + 1]

    @pytest.mark.parametrize("dtype", ["float16", "float32", "Float32", "float[pyarrow]"])
    def test_floats_get_one_width(self, dtype):
        assert plain([1.5, None], dtype).dtype == "float64"

    @pytest.mark.parametrize("dtype", ["boolean", "bool[pyarrow]", "object"])
    def test_booleans_with_missing_values_become_a_category(self, dtype):
        column = plain([True, None, False], dtype)
        assert column.cat.categories.tolist() == [False, True]
        assert column.cat.codes.tolist() == [1, -1, 0]

    @pytest.mark.parametrize(
        ("values", "dtype"),
        [
            ([1, 2], "int64"),
            ([1, 2.5], "float64"),
            ([Decimal("1.5"), 2], "float64"),
            ([Fraction(1, 2), 1.0], "float64"),
            ([np.int8(1), True], "int64"),
            ([np.float32(0.5), None], "float64"),
            ([True, np.False_], "bool"),
            ([1, pd.NA], "float64"),
            ([None, None], "float64"),
        ],
    )
    def test_objects_that_are_all_numbers(self, values, dtype):
        column = plain(values, "object")
        assert column.dtype == dtype
        expected = [np.nan if pd.isna(v) else float(v) for v in values]
        np.testing.assert_array_equal(column.astype(float), expected)

    def test_decimals_of_polars_and_pyarrow(self):
        values = [Decimal("1.25"), None]
        for frame in (pl.DataFrame({"x": values}), pa.table({"x": values})):
            np.testing.assert_array_equal(to_pandas(frame)["x"], [1.25, np.nan])

    def test_nulls_and_nans_of_polars_are_both_missing(self):
        frame = to_pandas(pl.DataFrame({"x": [None, float("nan"), 1.0], "none": [None] * 3}))
        assert frame["x"].isna().tolist() == [True, True, False]
        assert dtypes(frame) == {"x": "float64", "none": "float64"}

    def test_infinity_is_not_missing(self):
        assert plain([np.inf, -np.inf]).tolist() == [np.inf, -np.inf]

    def test_sparse_columns_become_dense(self):
        np.testing.assert_array_equal(
            plain(pd.arrays.SparseArray([0.0, np.nan, 2.0])), [0, np.nan, 2]
        )


class TestStrings:
    @pytest.mark.parametrize("dtype", ["object", "string", "str", "string[pyarrow]"])
    def test_one_dtype_with_one_missing_value(self, dtype):
        column = plain(["a", None, "c"], dtype)
        assert str(column.dtype) == "str"
        assert column.isna().tolist() == [False, True, False]
        assert np.isnan(column[1])


class TestCategories:
    @pytest.mark.parametrize("ordered", [True, False])
    def test_order_unused_levels_and_flag_stay(self, ordered):
        values = pd.Categorical(["lo", None, "hi"], categories=["lo", "mid", "hi"], ordered=ordered)
        column = plain(values)
        assert column.cat.categories.tolist() == ["lo", "mid", "hi"]
        assert column.cat.ordered is ordered
        assert column.cat.codes.tolist() == [0, -1, 2]

    @pytest.mark.parametrize(
        ("labels", "dtype", "expected"),
        [
            (["b", "a"], "string[pyarrow]", "str"),
            (["b", "a"], "object", "str"),
            ([2, 1], "Int8", "int64"),
            ([2, 1], "object", "int64"),
            ([True, False], "bool", "bool"),
        ],
    )
    def test_labels_become_plain_too(self, labels, dtype, expected):
        column = plain(pd.Categorical(labels, categories=pd.Index(labels, dtype=dtype)))
        assert column.cat.categories.dtype == expected
        assert column.cat.categories.tolist() == labels

    def test_a_polars_enum_has_its_order(self):
        levels = pl.Enum(["lo", "mid", "hi"])
        column = to_pandas(pl.DataFrame({"x": pl.Series(["hi", None, "lo"], dtype=levels)}))["x"]
        assert column.cat.categories.tolist() == ["lo", "mid", "hi"]
        assert column.cat.ordered
        assert column.cat.codes.tolist() == [2, -1, 0]

    def test_a_polars_categorical_is_alphabetical_whatever_came_before(self):
        pl.Series(["z", "b"], dtype=pl.Categorical)
        column = to_pandas(pl.DataFrame({"x": pl.Series(["b", "a"], dtype=pl.Categorical)}))["x"]
        assert column.cat.categories.tolist() == ["a", "b"]
        assert not column.cat.ordered

    @pytest.mark.parametrize("ordered", [True, False])
    def test_an_arrow_dictionary_has_its_order(self, ordered):
        codes = pa.array([1, None, 0], type=pa.int8())
        values = pa.DictionaryArray.from_arrays(codes, ["lo", "hi"], ordered=ordered)
        dtype = pd.ArrowDtype(values.type)
        for frame in (pa.table({"x": values}), pd.DataFrame({"x": pd.Series(values, dtype=dtype)})):
            column = to_pandas(frame)["x"]
            assert column.cat.categories.tolist() == ["lo", "hi"]
            assert column.cat.ordered is ordered
            assert column.cat.codes.tolist() == [1, -1, 0]


class TestTheRestIsLeftAlone:
    def test_numbers_and_strings_mixed(self):
        column = plain([1, "a", np.nan], "object")
        assert column.dtype == "object"
        assert column.tolist() == [1, "a", None]

    def test_nested(self):
        nested = {"list": [[1], [2, 3]], "dict": [{"a": 1}, {"a": 2}]}
        frame = to_pandas(pd.DataFrame(nested))
        assert {name: frame[name].tolist() for name in nested} == nested
        for make in (pl.DataFrame, pa.table):
            assert dtypes(to_pandas(make(nested))) == {"list": "object", "dict": "object"}

    def test_complex(self):
        assert plain([1j, 2]).dtype == "complex128"
        assert plain([1j, None], "object").dtype == "complex128"

    @pytest.mark.parametrize(
        ("values", "dtype"),
        [
            ([datetime(2020, 1, 1), None], "datetime64[us]"),
            ([datetime(2020, 1, 1, tzinfo=UTC), None], "datetime64[us, UTC]"),
            ([timedelta(1), None], "timedelta64[us]"),
            ([date(2020, 1, 1), None], "object"),
            ([time(12), None], "object"),
        ],
    )
    def test_dates_and_times(self, values, dtype):
        for make in (pl.DataFrame, lambda columns: pd.DataFrame(columns, dtype=object)):
            column = to_pandas(make({"x": values}))["x"]
            assert str(column.dtype) == dtype
            assert column[0] == values[0]
            assert column.isna().tolist() == [False, True]

    def test_intervals_and_periods(self):
        cut = pd.cut(pd.Series([1.0, 2.0, 3.0]), 2)
        pd.testing.assert_series_equal(plain(cut), cut, check_names=False)
        months = pd.Series(pd.period_range("2020-01", periods=2, freq="M"))
        pd.testing.assert_series_equal(plain(months), months, check_names=False)


class TestRefusals:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (None, "not None"),
            ([1, 2], r"not builtins\.list"),
            ("sleepstudy", r"not builtins\.str"),
            (np.zeros((2, 2)), r"not numpy\.ndarray"),
            (xr.Dataset({"x": ("i", [1])}), r"not xarray\.core\.dataset\.Dataset"),
            (pl.LazyFrame({"x": [1]}), r"is lazy: call \.collect\(\) first"),
            (nw.from_native(pl.LazyFrame({"x": [1]})), r"is lazy: call \.collect\(\) first"),
            (pd.Series([1]), r"is a single column: call \.to_frame\(\) first"),
            (pl.Series([1]), r"is a single column: call \.to_frame\(\) first"),
            (pa.chunked_array([[1]]), r"is a single column"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_not_a_frame(self, data, message):
        with pytest.raises(DataError, match=rf"^newdata must be a data frame .*{message}"):
            to_pandas(data, "newdata")

    @pytest.mark.parametrize(
        "data",
        [pd.DataFrame({"x": []}), pl.DataFrame({"x": []}), pa.table({"x": []}), {}, pd.DataFrame()],
    )
    def test_no_rows(self, data):
        with pytest.raises(DataError, match=r"^data has no rows\.$"):
            to_pandas(data)

    @pytest.mark.parametrize(
        "data",
        [
            pd.DataFrame([[1, 2, 3]], columns=["x", "y", "x"]),
            pa.table([[1], [2], [3]], names=["x", "y", "x"]),
        ],
    )
    def test_a_name_twice(self, data):
        with pytest.raises(DataError, match="data has more than one column named 'x'; rename"):
            to_pandas(data)

    @pytest.mark.parametrize(
        ("data", "names"),
        [
            (pd.DataFrame(np.zeros((1, 2))), "'0', '1'"),
            ({"x": [1], 7: [2]}, "'7'"),
            (
                pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
                r"\"\('a', 'b'\)\"",
            ),
        ],
    )
    def test_names_that_are_not_strings(self, data, names):
        with pytest.raises(DataError, match=f"column names that are not strings: {names}"):
            to_pandas(data)

    @pytest.mark.parametrize(
        "data", [{"x": [1, 2], "y": [1]}, {"x": 1}, {"x": np.zeros((2, 2))}, {"x": object()}]
    )
    def test_dicts_that_are_no_table(self, data):
        with pytest.raises(DataError, match="The dict given as newdata is not a table"):
            to_pandas(data, "newdata")

    def test_series_of_a_dict_are_not_aligned_in_silence(self):
        data = {"x": pd.Series([1, 2]), "y": pd.Series([1, 2], index=[1, 2])}
        with pytest.raises(DataError, match="different row labels"):
            to_pandas(data)

    def test_a_scalar_beside_a_column_is_repeated(self):
        assert to_pandas({"x": [1, 2], "g": "a"})["g"].tolist() == ["a", "a"]


def test_polars_needs_no_pyarrow():
    code = """
import sys
sys.modules["pyarrow"] = None
import datetime, decimal
import polars as pl
from bayesmix.frames import to_pandas
frame = pl.DataFrame({
    "i": [1, None], "b": [True, None], "s": ["a", None],
    "c": pl.Series(["a", None], dtype=pl.Categorical),
    "e": pl.Series(["a", None], dtype=pl.Enum(["b", "a"])),
    "d": [decimal.Decimal("1.5"), None],
    "t": [datetime.datetime(2020, 1, 1), None],
    "l": [[1], None],
})
print(*to_pandas(frame).dtypes)
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == [
        *(
            "float64",
            "category",
            "str",
            "category",
            "category",
            "float64",
            "datetime64[us]",
            "object",
        )
    ]
