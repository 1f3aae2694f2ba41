"""Design matrices against what R's ``model.matrix`` makes of the same formula."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesmix.build import build_spec
from bayesmix.design.columns import population_uses
from bayesmix.design.frames import training_frame
from bayesmix.design.matrix import Matrix, build_matrix
from bayesmix.design.namespace import namespace
from bayesmix.errors import FormulaError
from bayesmix.formula import bf

from ..support import frame

# Six rows; the user's order of f is c, a, b; h is text, so u, v.
SMALL = pd.DataFrame(
    {
        "y": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "x": [0.5, -1.0, 2.0, 3.0, 7.0, 1.5],
        "f": pd.Categorical(["a", "b", "c", "a", "b", "c"], ["c", "a", "b"]),
        "h": ["u", "v", "u", "v", "v", "u"],
        "n": [3, 1, 2, 3, 1, 2],
        "flag": [True, False, False, True, True, False],
    }
)
X = SMALL["x"].to_numpy()
FC, FA, FB = ((SMALL["f"] == v).to_numpy(float) for v in "cab")
HU, HV = ((SMALL["h"] == v).to_numpy(float) for v in "uv")
NO, YES = (~SMALL["flag"]).to_numpy(float), SMALL["flag"].to_numpy(float)
ONE = np.ones(6)


def matrix(rhs: str, data: pd.DataFrame = SMALL, **functions: object) -> Matrix:
    """The matrix of a right-hand side, rank not looked at."""
    formula = bf(f"y ~ {rhs}")
    typed = training_frame(formula, data)
    return build_matrix(formula.mu.population, typed, namespace(functions), formula.mu.source)


R = {
    "1": {"Intercept": ONE},
    "0 + x": {"x": X},
    "1 + f": {"Intercept": ONE, "f[a]": FA, "f[b]": FB},
    "0 + f": {"f[c]": FC, "f[a]": FA, "f[b]": FB},
    "f - 1": {"f[c]": FC, "f[a]": FA, "f[b]": FB},
    "0 + f + h": {"f[c]": FC, "f[a]": FA, "f[b]": FB, "h[v]": HV},
    "0 + h + f": {"h[u]": HU, "h[v]": HV, "f[a]": FA, "f[b]": FB},
    "0 + x + f": {"x": X, "f[c]": FC, "f[a]": FA, "f[b]": FB},
    "f * h": {
        "Intercept": ONE,
        "f[a]": FA,
        "f[b]": FB,
        "h[v]": HV,
        "f[a]:h[v]": FA * HV,
        "f[b]:h[v]": FB * HV,
    },
    "0 + f * h": {
        "f[c]": FC,
        "f[a]": FA,
        "f[b]": FB,
        "h[v]": HV,
        "f[a]:h[v]": FA * HV,
        "f[b]:h[v]": FB * HV,
    },
    # No main effects: every level has a slope of its own.
    "x:f": {"Intercept": ONE, "x:f[c]": X * FC, "x:f[a]": X * FA, "x:f[b]": X * FB},
    "x + x:f": {"Intercept": ONE, "x": X, "x:f[a]": X * FA, "x:f[b]": X * FB},
    "f + x:f": {
        "Intercept": ONE,
        "f[a]": FA,
        "f[b]": FB,
        "x:f[c]": X * FC,
        "x:f[a]": X * FA,
        "x:f[b]": X * FB,
    },
    # R looks for the first factor of all, so these are four columns of rank three.
    "0 + x + x:f": {"x": X, "x:f[c]": X * FC, "x:f[a]": X * FA, "x:f[b]": X * FB},
    "0 + x:f": {"x:f[c]": X * FC, "x:f[a]": X * FA, "x:f[b]": X * FB},
    # Without margins all six cells, beside the intercept; the first factor varies fastest.
    "f:h": {
        "Intercept": ONE,
        "f[c]:h[u]": FC * HU,
        "f[a]:h[u]": FA * HU,
        "f[b]:h[u]": FB * HU,
        "f[c]:h[v]": FC * HV,
        "f[a]:h[v]": FA * HV,
        "f[b]:h[v]": FB * HV,
    },
    "f + f:h": {
        "Intercept": ONE,
        "f[a]": FA,
        "f[b]": FB,
        "f[c]:h[v]": FC * HV,
        "f[a]:h[v]": FA * HV,
        "f[b]:h[v]": FB * HV,
    },
    "f / x": {
        "Intercept": ONE,
        "f[a]": FA,
        "f[b]": FB,
        "f[c]:x": FC * X,
        "f[a]:x": FA * X,
        "f[b]:x": FB * X,
    },
    "h + h:f:x": {
        "Intercept": ONE,
        "h[v]": HV,
        "h[u]:f[c]:x": HU * FC * X,
        "h[v]:f[c]:x": HV * FC * X,
        "h[u]:f[a]:x": HU * FA * X,
        "h[v]:f[a]:x": HV * FA * X,
        "h[u]:f[b]:x": HU * FB * X,
        "h[v]:f[b]:x": HV * FB * X,
    },
    "flag": {"Intercept": ONE, "flag[True]": YES},
    "0 + flag": {"flag[False]": NO, "flag[True]": YES},
    "x:flag": {"Intercept": ONE, "x:flag[False]": X * NO, "x:flag[True]": X * YES},
    "n": {"Intercept": ONE, "n": SMALL["n"].to_numpy(float)},
    "C(n)": {"Intercept": ONE, "C(n)[2]": FC, "C(n)[3]": FA},
    "0 + C(n)": {"C(n)[1]": FB, "C(n)[2]": FC, "C(n)[3]": FA},
    "C(n, levels=[3, 1, 2])": {
        "Intercept": ONE,
        "C(n, levels=[3, 1, 2])[1]": FB,
        "C(n, levels=[3, 1, 2])[2]": FC,
    },
    "C(f)": {"Intercept": ONE, "C(f)[a]": FA, "C(f)[b]": FB},
    "C(f, Treatment('b'))": {
        "Intercept": ONE,
        "C(f, Treatment('b'))[c]": FC,
        "C(f, Treatment('b'))[a]": FA,
    },
    # contr.sum: the last level is minus one throughout.
    "C(f, Sum)": {"Intercept": ONE, "C(f, Sum)[c]": FC - FB, "C(f, Sum)[a]": FA - FB},
    # ... and full dummies where no contrasts are called for.
    "0 + C(f, Sum)": {"C(f, Sum)[c]": FC, "C(f, Sum)[a]": FA, "C(f, Sum)[b]": FB},
    "I(x > 1)": {"Intercept": ONE, "I(x > 1)[True]": (X > 1) * 1.0},
    "0 + I(x > 1)": {"I(x > 1)[False]": (X <= 1) * 1.0, "I(x > 1)[True]": (X > 1) * 1.0},
    "I(n**2) + I(-x)": {
        "Intercept": ONE,
        "I(n ** 2)": SMALL["n"].to_numpy() ** 2.0,
        "I(-x)": -X,
    },
    "I(flag + flag)": {"Intercept": ONE, "I(flag + flag)": 2 * YES},
    "I((x > 1) + (x > 2))": {
        "Intercept": ONE,
        "I((x > 1) + (x > 2))": (X > 1) * 1.0 + (X > 2),
    },
    "center(x):h": {
        "Intercept": ONE,
        "center(x):h[u]": (X - X.mean()) * HU,
        "center(x):h[v]": (X - X.mean()) * HV,
    },
}


@pytest.mark.parametrize("rhs", R)
def test_columns_are_those_of_r(rhs: str) -> None:
    made, expected = matrix(rhs), R[rhs]
    assert made.names == tuple(expected)
    np.testing.assert_allclose(made.values, np.column_stack([*expected.values()]), atol=1e-14)


@pytest.mark.parametrize("rhs", R)
def test_columns_of_new_data_are_the_rows_of_the_old(rhs: str) -> None:
    formula = bf(f"y ~ {rhs}")
    made, typed = matrix(rhs), training_frame(formula, SMALL)
    for rows in ([4], [2, 2, 0], [5, 3, 1]):
        np.testing.assert_array_equal(made.on(typed.iloc[rows]), made.values[rows])


def test_each_column_knows_its_term() -> None:
    assert matrix("x + f + x:f").term_of == (-1, 0, 1, 1, 2, 2)


def test_only_the_wanted_columns_are_made() -> None:
    made = matrix("x * f")
    keep = np.array([False, True, False, True, False, True])
    typed = training_frame(bf("y ~ x * f"), SMALL)
    np.testing.assert_array_equal(made.on(typed, keep), made.values[:, keep])


def test_unused_levels_are_no_columns() -> None:
    some = SMALL[SMALL["f"] != "a"]
    assert matrix("f", some).names == ("Intercept", "f[b]")
    assert matrix("0 + f", some).names == ("f[c]", "f[b]")


def test_order_of_an_ordered_category_and_of_text() -> None:
    ordered = SMALL.assign(f=SMALL["f"].cat.set_categories(["b", "c", "a"], ordered=True))
    assert matrix("f", ordered).names == ("Intercept", "f[c]", "f[a]")
    assert matrix("f", SMALL.assign(f=SMALL["f"].astype(str))).names == (
        "Intercept",
        "f[b]",
        "f[c]",
    )


def test_groups_follow_r_bracket_by_bracket() -> None:
    spec = build_spec("y ~ x + (1 | g) + (0 + f | g) + (f || k) + (0 + x:f | h)", frame())
    terms = spec.design.predictors[0].groups
    assert [t.matrix.names for t in terms] == [
        ("Intercept",),
        ("f[c]", "f[a]", "f[b]"),
        ("Intercept", "f[a]", "f[b]"),
        ("x:f[c]", "x:f[a]", "x:f[b]"),
    ]
    assert [t.positions.tolist() for t in terms] == [[0], [1, 2, 3], [0, 1, 2], [0, 1, 2]]


def test_names_that_are_no_identifiers() -> None:
    odd = SMALL.assign(**{"body mass (g)": X, "a.b": FA, "1st": FB, "é-è": HU, "[": HV})
    made = matrix("`body mass (g)` + a.b + `1st` + `é-è` + `[` + log(`body mass (g)` + 2)", odd)
    assert made.names == (
        "Intercept",
        "body mass (g)",
        "a.b",
        "1st",
        "é-è",
        "[",
        "log(body mass (g) + 2)",
    )
    np.testing.assert_allclose(made.values[:, 6], np.log(X + 2))


def test_columns_that_are_called_like_functions() -> None:
    odd = SMALL.assign(log=X + 2, C=FA, I=FB, scale=HU, as_float=X, col0=FC, fn_log=X)
    made = matrix("log + log(log) + C + I + I(C + I) + scale(log) + I(col0 + as_float)", odd)
    np.testing.assert_allclose(made.values[:, 1], X + 2)
    np.testing.assert_allclose(made.values[:, 2], np.log(X + 2))
    np.testing.assert_allclose(made.values[:, 5], FA + FB)
    np.testing.assert_allclose(made.values[:, 6], (X - X.mean()) / X.std(ddof=1))
    np.testing.assert_allclose(made.values[:, 7], FC + X)


def test_a_column_called_like_a_contrast() -> None:
    odd = SMALL.assign(Sum=SMALL["f"])
    made = matrix("C(Sum, Sum)", odd)
    np.testing.assert_array_equal(made.values[:, 1], FC - FB)


def test_a_category_by_keyword() -> None:
    made = matrix("C(x=f)", SMALL)
    np.testing.assert_array_equal(made.values, matrix("C(f)", SMALL).values)


@pytest.mark.parametrize(
    ("rhs", "columns", "name"),
    [
        ("f + `f[a]`", {"f[a]": X}, "f[a]"),
        ("x:n + `x:n`", {"x:n": X**2}, "x:n"),
        ("Intercept", {"Intercept": 1.0}, "Intercept"),
    ],
)
def test_two_coefficients_of_one_name(rhs: str, columns: dict, name: str) -> None:
    with pytest.raises(
        FormulaError, match=rf"Two coefficients would be called '{name}'".replace("[", r"\[")
    ):
        matrix(rhs, SMALL.assign(**columns))


def test_a_factor_of_one_level() -> None:
    with pytest.raises(FormulaError, match=r"'f' has no coefficient: 'f\[a\]' is its only level"):
        matrix("f", SMALL[SMALL["f"] == "a"])


def test_whole_numbers_do_not_wrap_around() -> None:
    big = SMALL.assign(n=np.array([3, 5, 7, 11, 13, 17]) * 10**9)
    exact = [float(int(v) ** 3) for v in big["n"]]
    np.testing.assert_allclose(matrix("I(n**3)", big).values[:, 1], exact, rtol=1e-15)
    np.testing.assert_allclose(matrix("poly(n, 3, raw=True)", big).values[:, 3], exact, rtol=1e-14)


def test_missing_values_do_not_change_the_names_of_whole_numbers() -> None:
    gap = SMALL.assign(n=[3, 1, 2, 3, 1, None])
    with pytest.warns(match="1 of 6 rows"):
        assert matrix("C(n)", gap).names == ("Intercept", "C(n)[2]", "C(n)[3]")


def test_uses_are_the_columns_of_a_formula() -> None:
    terms = bf("y ~ x:f + C(h, Sum) + I(n + x > 2) + offset(log(n))").mu.population
    assert [u.name for u in population_uses(terms, "")] == ["h", "n", "x", "x", "f", "n"]
