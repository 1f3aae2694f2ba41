"""Grouping factors: levels, labels, row indices, and where new rows stand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesmix.design.columns import label_key
from bayesmix.design.groups import Group, build_group, label_of
from bayesmix.errors import DataError, PredictionError


def group(*members: str, by: str | None = None, **columns: object) -> Group:
    return build_group(members, by, pd.DataFrame(columns))


@pytest.mark.parametrize(
    ("labels", "levels"),
    [
        ([3, 10, 3, 2], (2, 3, 10)),
        (["b", "a", "b"], ("a", "b")),
        ([1.5, 1.0, 2.0], (1.0, 1.5, 2.0)),
        ([True, False, True], (False, True)),
        (pd.Categorical(["b", "a", "b"], ["c", "b", "a"]), ("b", "a")),
        (pd.Categorical([3, 1, 3], [3, 2, 1]), (3, 1)),
        ([2**62 + 1, 2**62, 2**62 + 1], (2**62, 2**62 + 1)),
        ([7, 7, 7], (7,)),
    ],
)
def test_levels_are_the_observed_labels_in_the_users_order(labels: object, levels: tuple) -> None:
    g = group("g", g=labels)
    assert g.levels == levels
    assert [type(v) for v in g.levels] == [type(v) for v in levels]
    assert [g.levels[i] for i in g.index] == list(pd.Series(labels))
    assert g.index.dtype == np.int32


def test_an_interaction_has_the_observed_combinations_only() -> None:
    g = group("a", "b", a=["y", "x", "y", "x"], b=[2, 1, 2, 2])
    assert (g.name, g.levels) == ("a:b", ("x_1", "x_2", "y_2"))
    assert g.index.tolist() == [2, 0, 2, 1]


def test_an_interaction_of_categories_keeps_their_order() -> None:
    a = pd.Categorical(["lo", "hi", "lo"], ["lo", "hi"])
    assert group("a", "b", a=a, b=["z", "z", "y"]).levels == ("lo_y", "lo_z", "hi_z")


def test_a_large_interaction_is_never_a_product() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 3_000, (2, 4_000))
    g = group("a", "b", a=a, b=b)
    assert g.size == len({*zip(a.tolist(), b.tolist(), strict=True)})
    assert g.levels[g.index[17]] == f"{a[17]}_{b[17]}"


@pytest.mark.parametrize("a", [["x_1", "x"], [1.0, 2.0]])
def test_labels_that_an_interaction_makes_alike(a: list) -> None:
    b = ["z", "1_z"] if a[0] == "x_1" else ["z", "y"]
    if a[0] == "x_1":
        with pytest.raises(DataError, match=r"two levels that read the same, 'x_1_z' and 'x_1_z'"):
            group("a", "b", a=a, b=b)
    else:
        assert group("a", "b", a=a, b=b).levels == ("1_z", "2_y")


def test_floats_too_large_to_tell_apart() -> None:
    with pytest.raises(DataError, match="'g' groups by numbers so large"):
        group("g", g=[2.0**53, 2.0**53 + 2])


def located(g: Group, labels: object, allow: bool = True, **more: object) -> list[int]:
    return g.locate(pd.DataFrame({"g": labels, **more}), allow).index.tolist()


INTS = group("g", g=[308, 309, 310, 308])


@pytest.mark.parametrize(
    "labels",
    [
        [310, 308],
        ["310", "308"],
        [310.0, 308.0],
        pd.Categorical(["310", "308"]),
        pd.Categorical([310, 308], [308, 309, 310, 1]),
        np.array([310, 308], object),
    ],
)
def test_labels_are_found_by_what_they_read(labels: object) -> None:
    assert located(INTS, labels, allow=False) == [2, 0]


def test_new_levels_are_numbered_as_they_appear() -> None:
    found = INTS.locate(pd.DataFrame({"g": ["z", 309, None, "a", "z", np.nan]}), True)
    assert found.index.tolist() == [3, 1, 4, 5, 3, 4]
    assert [label_of(k) for k in found.new] == ["z", "NA", "a"]


def test_a_missing_column_is_one_new_level() -> None:
    found = INTS.locate(pd.DataFrame({"x": [1, 2]}), True)
    assert found.index.tolist() == [3, 3]
    with pytest.raises(PredictionError, match="no column 'g', which group 'g' needs"):
        INTS.locate(pd.DataFrame({"x": [1, 2]}), False)


def test_a_missing_label_is_not_the_label_na() -> None:
    g = group("g", g=["NA", "b"])
    assert located(g, ["NA", None]) == [0, 2]
    with pytest.raises(PredictionError, match="Group 'g' is missing in row 1"):
        located(g, ["NA", None], allow=False)


def test_an_unknown_level_is_named_with_its_row_and_what_there_is() -> None:
    data = pd.DataFrame({"g": [308, 38]}, index=["first", "second"])
    with pytest.raises(PredictionError) as error:
        INTS.locate(data, False)
    for part in ("'38'", "row 'second'", "308, 309, 310", "allow_new_levels=True"):
        assert part in str(error.value)


def test_a_row_is_named_as_the_user_sees_it() -> None:
    with pytest.raises(PredictionError, match="row 7 of"):
        INTS.locate(pd.DataFrame({"g": [1]}, index=[7]), False)


def test_an_interaction_is_new_unless_the_very_combination_was_there() -> None:
    g = group("a", "b", a=["x", "y"], b=[1, 2])
    rows = pd.DataFrame({"a": ["y", "x", "x", None], "b": [2, 2, "1", 1]})
    assert g.locate(rows, True).index.tolist() == [1, 2, 0, 3]


def test_duplicate_row_labels_do_not_matter() -> None:
    data = pd.DataFrame({"g": [309, "new", 310]}, index=[0, 0, 0])
    assert INTS.locate(data, True).index.tolist() == [1, 3, 2]


BY = group("g", by="t", g=list("abcd"), t=["new", "old", "new", "old"])


def test_each_level_belongs_to_one_level_of_by() -> None:
    assert BY.by.levels == ("new", "old")
    assert BY.by.of_level.tolist() == [0, 1, 0, 1]
    with pytest.raises(DataError, match="Level 'a' of group 'g' has several values of 't'"):
        group("g", by="t", g=["a", "b", "a"], t=["new", "new", "old"])


def test_new_levels_read_their_by() -> None:
    rows = pd.DataFrame({"g": ["z", "a", "y", "z"], "t": ["old", "new", "new", "old"]})
    found = BY.locate(rows, True)
    assert (found.new, found.by_of_new.tolist()) == (("z", "y"), [1, 0])


def test_fitted_levels_need_no_by() -> None:
    assert BY.locate(pd.DataFrame({"g": ["d", "a"]}), False).index.tolist() == [3, 0]
    assert located(BY, ["d", "z"], t=[None, "old"]) == [3, 4]


@pytest.mark.parametrize(
    ("labels", "by", "message"),
    [
        (["a"], ["old"], "Level 'a' of group 'g' belongs to t = 'new', but newdata also has it"),
        (["z", "z"], ["new", "old"], "Level 'z' of group 'g' belongs to t = 'new'"),
        (["z"], [None], "Column 't' of newdata is None in row 0; the fit knows 'new', 'old'"),
        (["a"], ["odd"], "Column 't' of newdata is 'odd' in row 0"),
        ([None, None], ["new", "old"], "Rows without a level of 'g' are one new level"),
    ],
)
def test_what_by_can_not_be(labels: list, by: list, message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        located(BY, labels, t=by)


def test_new_levels_without_a_by_column() -> None:
    with pytest.raises(PredictionError, match="newdata has no column 't'; new levels of 'g' need"):
        located(BY, ["z"])


@pytest.mark.parametrize(
    ("label", "key"), [(308, "308"), (308.0, "308"), (np.float64(2), "2"), (1.5, "1.5"), ("a", "a")]
)
def test_keys(label: object, key: str) -> None:
    assert label_key(label) == key
