"""Which columns a formula takes from a frame, as what, and what it says when it can't."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

from bayesmix.build import build_spec
from bayesmix.design.columns import new_frame, population_uses
from bayesmix.design.frames import BOOLEAN, training_frame
from bayesmix.errors import DataError, FormulaError, MissingRowsWarning, PredictionError
from bayesmix.formula import bf

from ..support import frame

N = 8
DATA = pd.DataFrame({"y": np.arange(N, dtype=float), "x": np.arange(N) ** 2.0})


def typed(rhs: str, **columns: object) -> pd.DataFrame:
    return training_frame(bf(f"y ~ {rhs}"), DATA.assign(**columns))


def test_types() -> None:
    kept = typed(
        "i + b + s + c + o",
        i=range(N),
        b=[True, False] * 4,
        s=["b", "a"] * 4,
        c=pd.Categorical(["b", "a"] * 4, ["c", "b", "a"]),
        o=np.array(["b", "a"] * 4, object),
        unused=[object()] * N,
    )
    assert list(kept) == ["y", "i", "b", "s", "c", "o"]
    assert kept["b"].dtype == BOOLEAN
    assert kept["s"].cat.categories.tolist() == ["a", "b"]
    assert kept["o"].cat.categories.tolist() == ["a", "b"]
    assert kept["c"].cat.categories.tolist() == ["b", "a"]


def test_intervals_become_text() -> None:
    kept = typed("c", c=pd.cut(DATA["x"], [-1, 5, 99]))
    assert kept["c"].cat.categories.tolist() == ["(-1, 5]", "(5, 99]"]


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        (pd.date_range("2020", periods=N), "Timestamp"),
        ([dt.date(2020, 1, 1)] * N, "date"),
        (pd.to_timedelta(range(N)), "Timedelta"),
        ([1, "a"] * 4, "int and str"),
        ([(1, 2)] * N, "tuple"),
        (np.arange(N) * 1j, "complex"),
    ],
)
def test_types_that_no_formula_can_use(values: object, holds: str) -> None:
    with pytest.raises(DataError, match=f"Column 'c' holds values of type {holds}"):
        typed("c", c=values)


def test_categories_that_read_alike() -> None:
    with pytest.raises(DataError, match="Column 'c' has several categories that read '1'"):
        typed("c", c=pd.Categorical([1, "1"] * 4))


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_infinite_values_are_named_by_row(bad: float) -> None:
    data = DATA.assign(x=[*range(N - 1), bad]).set_index(pd.Index(list("abcdefgh")))
    with pytest.raises(DataError, match="Column 'x' is infinite in row 'h'"):
        training_frame(bf("y ~ x"), data)


def test_an_unknown_column_is_pointed_at() -> None:
    with pytest.raises(FormulaError, match="There is no column 'Dys' in the data") as error:
        training_frame(bf("y ~ 1 + Dys"), DATA.assign(Days=1))
    assert "Did you mean 'Days'?" in str(error.value)
    assert str(error.value).splitlines()[2].index("^") == 2 + len("y ~ 1 + ")


@pytest.mark.parametrize(
    "text",
    [
        "z ~ x",
        "y | weights(z) ~ x",
        "y ~ (1 | z)",
        "y ~ (z | x)",
        "y ~ offset(log(z))",
        "y ~ x:z",
        "y ~ (1 | gr(x, by=z))",
    ],
)
def test_every_place_of_a_formula_is_looked_at(text: str) -> None:
    with pytest.raises(FormulaError, match="There is no column 'z'"):
        training_frame(bf(text), DATA)


def test_rows_with_missing_values_go_with_one_warning() -> None:
    data = DATA.assign(g=["a", None] + ["b"] * 6, unused=np.nan)
    data.loc[[3, 4], "x"] = np.nan
    with pytest.warns(MissingRowsWarning) as caught:
        kept = training_frame(bf("y ~ x + (1 | g)"), data)
    (warning,) = caught
    said = "3 of 8 rows are left out: they miss values in 'x' (2), 'g' (1). Drop them from the data"
    assert str(warning.message).startswith(said)
    assert kept.index.tolist() == [0, 2, 5, 6, 7]


def test_the_warning_points_at_the_users_line() -> None:
    data = frame()
    data.loc[3, "x"] = np.nan
    with pytest.warns(MissingRowsWarning) as caught:
        build_spec("y ~ x", data)
    assert caught[0].filename == __file__


def test_no_row_is_complete() -> None:
    with pytest.raises(DataError, match="every row has a missing value, in 'x' \\(8\\)"):
        typed("x", x=np.nan)


def test_levels_of_dropped_rows_are_gone() -> None:
    with pytest.warns(MissingRowsWarning):
        kept = typed("x + f", x=[np.nan] * 2 + [1.0, 2.0] * 3, f=["only"] * 2 + ["a", "b"] * 3)
    assert kept["f"].cat.categories.tolist() == ["a", "b"]


TRAINED = typed(
    "x + f + b + s", f=pd.Categorical([3, 1] * 4, [3, 1]), b=[True, False] * 4, s=["u", "v"] * 4
)
NEW = pd.DataFrame({"x": [1, 2], "f": [1, 3], "b": [False, False], "s": ["v", "v"]}, index=[7, 9])


def renewed(rhs: str = "x + f + b + s", **changes: object) -> pd.DataFrame:
    uses = population_uses(bf(f"y ~ {rhs}").mu.population, "")
    return new_frame(uses, TRAINED, NEW.assign(**changes))


def test_new_columns_have_the_categories_of_the_fit() -> None:
    new = renewed()
    assert new["f"].tolist() == [1, 3]
    for name in "fbs":
        assert new[name].cat.categories.equals(TRAINED[name].cat.categories)
    assert new.index.tolist() == [7, 9]


@pytest.mark.parametrize(
    "changes",
    [
        {"f": ["1", "3"]},
        {"f": [1.0, 3.0]},
        {"f": pd.Categorical([1, 3], [1, 2, 3, 4])},
        {"b": [0, 0]},
        {"b": ["False", "False"]},
        {"s": pd.Categorical(["v", "v"], ["v"])},
        {"s": np.array(["v", "v"], object)},
        {"x": np.array([1, 2], object).astype("int8")},
    ],
)
def test_labels_are_matched_by_what_they_read(changes: dict) -> None:
    pd.testing.assert_frame_equal(renewed(**changes), renewed(), check_dtype=False)


def test_only_the_used_columns_are_looked_at() -> None:
    assert list(renewed("x", f="unknown", s=None)) == ["x"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": [1.0, np.nan]}, "Column 'x' of newdata is missing in row 9"),
        ({"s": ["v", None]}, "Column 's' of newdata is missing in row 9"),
        ({"f": [1, None]}, "Column 'f' of newdata is missing in row 9"),
        ({"f": [1, 2]}, "Column 'f' of newdata has the level 2 in row 9; the fit knows 3, 1"),
        ({"s": ["v", "w"]}, "has the level 'w' in row 9; the fit knows 'u', 'v'"),
        ({"b": [2, 0]}, "has the level 2 in row 7; the fit knows False, True"),
        ({"x": ["1", "2"]}, "Column 'x' of newdata holds values of type str; in the fit it was"),
        ({"x": pd.Categorical([1, 2])}, "Column 'x' of newdata holds categories; in the fit it"),
        ({"x": [1, np.inf]}, "Column 'x' of newdata is infinite in row 9"),
        ({"x": [1j, 2j]}, "Column 'x' of newdata holds values of type complex"),
    ],
)
def test_what_new_data_can_not_be(changes: dict, message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        renewed(**changes)


def test_a_missing_column_is_named() -> None:
    uses = population_uses(bf("y ~ x").mu.population, "")
    with pytest.raises(PredictionError, match="no column 'x', which the model needs"):
        new_frame(uses, TRAINED, NEW.rename(columns={"x": "X"}))


@pytest.mark.parametrize(
    "index",
    [None, list("abcdefgh"), pd.date_range("2020", periods=N), [0] * N, [3.5] * N],
    ids=["range", "text", "dates", "duplicates", "floats"],
)
def test_any_row_labels_will_do(index: object) -> None:
    data = DATA.assign(f=["a", "b"] * 4, g=["u"] * 4 + ["v"] * 4)
    if index is not None:
        data.index = index
    spec = build_spec("y ~ x * f + (1 + x | g)", data)
    assert spec.design.frame.index.equals(data.index)
    np.testing.assert_array_equal(spec.design.predictors[0].columns.values[:, 1], DATA["x"])


def test_polars_frames() -> None:
    data = frame()
    plain = data.assign(f=data["f"].astype(str))
    ours, theirs = (
        build_spec("y ~ f * x + (f | g)", d) for d in (plain, pl.DataFrame(plain.to_dict("list")))
    )
    np.testing.assert_array_equal(
        ours.design.predictors[0].columns.values, theirs.design.predictors[0].columns.values
    )
    assert ours.design.groups[0].levels == theirs.design.groups[0].levels
