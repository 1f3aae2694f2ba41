"""Named curves against R's self-starting models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import bayesmix as bx
from bayesmix.curves import SHAPES
from bayesmix.errors import DataError, FormulaError

CASES = json.loads((Path(__file__).parent / "curves.json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_least_squares_is_that_of_r(name):
    case = CASES[name]
    y, *x = case["data"]
    made = bx.curve(name.partition("_")[0], f"{y} ~ {' + '.join(x)}", case["data"])
    for ours, theirs in ((made.start, case["estimate"]), (made.errors, case["error"])):
        np.testing.assert_allclose([ours[k] for k in theirs], [*theirs.values()], rtol=1e-4)


def test_all_curves_are_compared():
    assert {name.partition("_")[0] for name in CASES} == set(SHAPES)


def test_a_curve_is_a_formula():
    data = CASES["SSlogis_orange"]["data"]
    made = bx.curve("SSlogis", "circumference ~ age", data, Asym="1 + (1 | Tree)", sigma="age")
    text = "circumference ~ Asym / (1 + exp((xmid - age) / scal))"
    parts = {"Asym": "1 + (1 | Tree)", "xmid": "1", "scal": "1", "sigma": "age"}
    assert made.formula == bx.bf(text, nl=True, **parts)
    fol = bx.curve("SSfol", "conc ~ Dose + Time", CASES["SSfol"]["data"])
    assert [c.name for c in fol.formula.mu.nonlinear.columns] == ["Dose", "Time"]


REFUSED = [
    (("SSlogi", "y ~ x"), FormulaError, "Did you mean 'SSlogis'"),
    (("SSlogis", "y ~ x + z"), FormulaError, "is 'y ~ x'"),
    (("SSfol", "y ~ x"), FormulaError, "is 'y ~ dose \\+ x'"),
    (("SSlogis", "y ~ log(x)"), FormulaError, "is 'y ~ x'"),
    (("SSlogis", "log(y) ~ x"), FormulaError, "make the column first"),
    (("SSlogis", "y ~ w"), FormulaError, "no column 'w'"),
    (("SSlogis", "y ~ f"), DataError, "'f' of a curve must be numbers"),
    (("SSlogis", "y ~ c"), DataError, "covariate that varies"),
    (("SSfol", "y ~ c + x"), DataError, "no curve SSfol"),
]


@pytest.mark.parametrize(("args", "kind", "message"), REFUSED)
def test_what_is_refused(args, kind, message):
    data = {"y": [-1.0, -2.0, -3.0], "x": [1.0, 2.0, 3.0], "f": ["a", "b", "c"], "c": [1.0] * 3}
    with pytest.raises(kind, match=message):
        bx.curve(*args, data | {"z": data["x"]})


def test_the_page_has_the_curves():
    page = (Path(__file__).parents[1] / "docs" / "nonlinear.md").read_text()
    for kind, shape in SHAPES.items():
        assert f"| `{kind}` | `{shape.text}` |" in page
