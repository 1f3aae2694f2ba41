"""Hundreds of random formulas: the columns are those of R's ``model.matrix``.

Interactions may name their factors in another order: R has that of the formula's variables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayesmix.design.matrix import build_matrix
from bayesmix.design.namespace import namespace
from bayesmix.errors import FormulaError
from bayesmix.formula import bf

FOLDER = Path(__file__).parent / "r"
DATA = pd.read_csv(FOLDER / "data.csv")
FRAME = DATA.assign(**{name: DATA[name].astype("category") for name in "abhk"})
LINES = [line.split("\t") for line in (FOLDER / "columns.tsv").read_text().splitlines()]
LEAST = 450
"""How many of the formulas must be read: the others do what we refuse, ``x:x`` say."""


def in_r(name: str) -> str:
    spelt = name.replace("[", "").replace("]", "").replace(" ** ", "^")
    return "(Intercept)" if name == "Intercept" else spelt.replace(" ", "")


def parsed(text: str) -> Any:
    """The terms of a formula, or None if it is refused."""
    try:
        return bf(text).predictors[0][1].population
    except FormulaError:
        return None


READ = [(text, *answer) for text, *answer in LINES if parsed(text) is not None]


def test_most_formulas_are_read() -> None:
    assert len(READ) >= LEAST


@pytest.mark.parametrize("part", range(10))
def test_columns_are_those_of_r(part: int) -> None:
    rows = np.arange(1, len(FRAME) + 1)
    for text, names, sums in READ[part::10]:
        try:
            matrix = build_matrix(parsed(text), FRAME, namespace(None), text)
        except FormulaError as error:
            assert "no coefficient" in str(error), text
            continue
        expected = dict(zip(split(names), map(float, sums.split()), strict=True))
        found = dict(zip(map(in_r, matrix.names), rows @ matrix.values, strict=True))
        assert keyed(found) == pytest.approx(keyed(expected), rel=1e-9), text


def split(names: str) -> list[str]:
    """Names by spaces, except those that R puts into a name: ``I(x + z)``."""
    return names.replace("I(x + z)", "I(x+z)").split()


def keyed(values: dict[str, float]) -> dict[str, float]:
    return {":".join(sorted(name.split(":"))): value for name, value in values.items()}


@pytest.mark.parametrize(
    ("formula", "columns"),
    [
        ("y ~ z:a + z:b", "Intercept z:a[1] z:a[2] z:a[3] z:b[2]"),
        ("y ~ x:(a + b)", "Intercept x:a[1] x:a[2] x:a[3] x:b[2]"),
        ("y ~ (log(z) + a):x", "Intercept log(z):x a[2]:x a[3]:x"),
        ("y ~ x:z + h:x", "Intercept x:z h[2]:x h[3]:x"),
    ],
)
def test_a_term_that_is_part_of_an_earlier_one(formula: str, columns: str) -> None:
    matrix = build_matrix(parsed(formula), FRAME, namespace(None), formula)
    assert list(matrix.names) == columns.split()
