"""The datasets, and what is said about them."""

from __future__ import annotations

import csv
import re
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

from bayesmix.datasets import describe_dataset, list_datasets, load_dataset
from bayesmix.datasets.load import _natural
from bayesmix.errors import DataError

SHAPES = {
    "cbpp": (56, 4),
    "dll": (1973, 8),
    "epilepsy": (236, 9),
    "faithful": (272, 2),
    "gpa": (1200, 10),
    "hawaii": (48, 7),
    "inhaler": (572, 5),
    "kidney": (76, 7),
    "machines": (54, 3),
    "pastes": (60, 3),
    "orange": (35, 3),
    "penicillin": (144, 3),
    "pupils": (1000, 9),
    "sleepstudy": (180, 3),
    "squid": (768, 5),
    "verbagg": (7584, 7),
}
GROUPS = {
    "cbpp": {"herd": 15},
    "dll": {"line": 27},
    "epilepsy": {"patient": 59, "visit": 4, "obs": 236},
    "gpa": {"student": 200},
    "inhaler": {"subject": 286},
    "kidney": {"patient": 38},
    "machines": {"Worker": 6},
    "orange": {"Tree": 5},
    "pastes": {"batch": 10, "cask": 3},
    "penicillin": {"plate": 24, "sample": 6},
    "pupils": {"pupil": 1000, "primary_school_id": 50, "secondary_school_id": 30},
    "sleepstudy": {"Subject": 18},
    "verbagg": {"id": 316, "item": 24},
}


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return {name: load_dataset(name) for name in SHAPES}


def test_the_list_has_every_dataset_and_its_shape():
    table = list_datasets()
    assert (
        dict(zip(table.index, zip(table["rows"], table["columns"], strict=True), strict=True))
        == SHAPES
    )
    assert table["title"].str.len().between(30, 90).all()


def test_there_is_no_file_without_a_description():
    folder = files("bayesmix.datasets")
    assert {f.name for f in folder.iterdir() if f.name.endswith(".csv")} == {
        f"{n}.csv" for n in SHAPES
    }


@pytest.mark.parametrize("name", SHAPES)
class TestEach:
    def test_every_cell_is_the_file_s(self, name, frames):
        with files("bayesmix.datasets").joinpath(f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        for column in rows[0]:
            cells = [row[column] for row in rows]
            loaded = frames[name][column]
            assert loaded.isna().tolist() == [cell == "NA" for cell in cells]
            kind = str if loaded.dtype == "category" else float
            present = [kind(cell) for cell in cells if cell != "NA"]
            assert loaded.dropna().tolist() == present

    def test_every_column_is_described(self, name, frames):
        dataset = describe_dataset(name)
        assert list(dataset.columns) == list(frames[name].columns)
        shown = repr(dataset)
        for column in dataset.columns:
            assert re.search(rf"^  {re.escape(column)} +\w", shown, re.MULTILINE)
        assert re.search(r"^Source: .*\((\d{4}|eds\., 1972)\)", shown, re.MULTILINE)
        assert max(map(len, shown.splitlines())) < 200

    def test_columns_are_numbers_or_categories_without_idle_levels(self, name, frames):
        for column in frames[name].items():
            values = column[1]
            if values.dtype == "category":
                assert set(values.dropna()) == set(values.cat.categories)
            else:
                assert values.dtype in ("int64", "float64")

    def test_missing_values_are_announced(self, name, frames):
        described = describe_dataset(name).columns
        texts = {c: d if isinstance(d, str) else d.doc for c, d in described.items()}
        missing = frames[name].isna().any()
        assert {c for c in texts if "missing" in texts[c]} == set(missing.index[missing])

    def test_each_call_gives_a_new_frame(self, name, frames):
        frame = load_dataset(name)
        frame.iloc[0, 0] = frame.iloc[1, 0]
        frame.columns = [f"new {c}" for c in frame.columns]
        pd.testing.assert_frame_equal(load_dataset(name), frames[name])


@pytest.mark.parametrize(("name", "groups"), GROUPS.items())
def test_groups_are_categories(name, groups, frames):
    for group, levels in groups.items():
        assert len(frames[name][group].cat.categories) == levels
        assert not frames[name][group].cat.ordered


@pytest.mark.parametrize(
    ("name", "column", "levels", "ordered"),
    [
        ("cbpp", "herd", [str(i) for i in range(1, 16)], False),
        ("dll", "genotype", ["wt", "Dll"], False),
        ("dll", "temp", ["25", "30"], False),
        ("epilepsy", "Trt", ["0", "1"], False),
        ("gpa", "job", ["1 hour", "2 hours", "3 hours"], True),
        ("gpa", "sex", ["female", "male"], False),
        ("kidney", "disease", ["other", "GN", "AN", "PKD"], False),
        ("kidney", "sex", ["male", "female"], False),
        ("machines", "Machine", ["A", "B", "C"], False),
        ("pupils", "ses", ["lowest", "2", "3", "4", "5", "highest"], True),
        ("pupils", "ses3", ["low", "mid", "high"], False),
        ("squid", "MONTH", [str(i) for i in range(1, 13)], False),
    ],
)
def test_order_of_levels(name, column, levels, ordered, frames):
    assert frames[name][column].cat.categories.tolist() == levels
    assert frames[name][column].cat.ordered is ordered


def test_numbers_within_labels_count_as_numbers():
    labels = ["line-11", "line-2", "line-w", "line-1", "10", "9", "b", "a"]
    expected = ["9", "10", "a", "b", "line-1", "line-2", "line-11", "line-w"]
    assert sorted(labels, key=_natural) == expected
    assert load_dataset("dll")["line"].cat.categories[:4].tolist() == [
        *("line-1", "line-2", "line-3", "line-4")
    ]


def test_the_semesters_of_gpa_are_in_order(frames):
    gpa = frames["gpa"]
    assert gpa["occas"].cat.codes.tolist() == gpa["occasion"].tolist()
    assert (2 * (gpa["year"] - 1) + gpa["semester"] - 1).tolist() == gpa["occasion"].tolist()


def test_ses3_merges_ses(frames):
    merged = frames["pupils"].groupby("ses", observed=True)["ses3"].unique().map(list).to_dict()
    assert merged == {
        "lowest": ["low"],
        "2": ["low"],
        "3": ["low"],
        "4": ["mid"],
        "5": ["mid"],
        "highest": ["high"],
    }


def test_ses3_gives_the_published_group_means(frames):
    """Least squares on ses3 must come near lme4's fixed effects of the multilevel model."""
    means = frames["pupils"].groupby("ses3", observed=True)["achievement"].mean()
    np.testing.assert_allclose(means - means["low"], [0, 0.25, 0.53], atol=0.12)


def test_sleepstudy_gives_the_published_fixed_effects(frames):
    """The data are balanced, so least squares gives lme4's fixed effects."""
    sleep = frames["sleepstudy"]
    slope, intercept = np.polyfit(sleep["Days"], sleep["Reaction"], 1)
    assert intercept == pytest.approx(251.40510485)
    assert slope == pytest.approx(10.46728596)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sleepstdy", "Did you mean 'sleepstudy'"),
        ("Pupils", "Did you mean 'pupils'"),
        (3, "no dataset 3"),
    ],
)
@pytest.mark.parametrize("function", [load_dataset, describe_dataset])
def test_an_unknown_name(function, name, hint):
    with pytest.raises(DataError, match=hint) as error:
        function(name)
    assert all(repr(known) in str(error.value) for known in SHAPES)


def test_an_unhashable_name():
    with pytest.raises(DataError, match="There is no dataset"):
        load_dataset(["gpa"])
