"""Population columns that the data can't tell apart are named, unless a prior tells them apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesmix.build import build_spec
from bayesmix.errors import FormulaError
from bayesmix.formula import bf
from bayesmix.priors import prior

from ..support import frame

DATA = frame().assign(
    two=lambda d: 2 * d["x"] + d["z"], same=1.5, zero=0.0, shifted=lambda d: d["x"] + 1e6
)
PROPER = prior("normal(0, 1)", "b")


@pytest.mark.parametrize(
    ("rhs", "name", "partners"),
    [
        ("x + z + two", "two", "'x', 'z'"),
        ("two + x + z", "z", "'two', 'x'"),
        ("f:h", "f[b]:h[v]", "'f[c]:h[u]'"),
        ("0 + x + x:f", "x:f[b]", "'x', 'x:f[c]', 'x:f[a]'"),
        ("0 + f + I(x * 0 + 1)", "I(x * 0 + 1)", "'f[c]', 'f[a]', 'f[b]'"),
        ("x + shifted", "shifted", "'x'"),
        ("0 + x + zero", "zero", "all zeros"),
    ],
)
def test_collinear_columns_are_named(rhs: str, name: str, partners: str) -> None:
    with pytest.raises(FormulaError) as error:
        build_spec(f"y ~ {rhs}", DATA)
    assert f"The column {name!r} is collinear" in str(error.value)
    assert partners in str(error.value)
    assert "^" in str(error.value)
    build_spec(f"y ~ {rhs}", DATA, prior=PROPER)


def test_a_proper_prior_for_one_of_two_is_enough() -> None:
    build_spec("y ~ x + z + two", DATA, prior=prior("normal(0, 1)", "b", coef="two"))


@pytest.mark.parametrize("rhs", ["same", "zero", "x:same + x + same", "I(same * 2)"])
def test_a_constant_column_is_named_whatever_its_prior(rhs: str) -> None:
    for given in ((), PROPER):
        with pytest.raises(FormulaError, match=r"is constant|only level"):
            build_spec(f"y ~ {rhs}", DATA, prior=given)


def test_a_constant_column_without_an_intercept_is_one() -> None:
    assert build_spec("y ~ 0 + same", DATA).response.predictors["mu"].columns.names == ("same",)


def test_other_dpars_are_looked_at_too() -> None:
    with pytest.raises(FormulaError, match="'two' is collinear") as error:
        build_spec(bf("y ~ x", sigma="x + z + two"), DATA)
    assert "x + z + two" in str(error.value)
    with pytest.raises(FormulaError, match="'same' is constant"):
        build_spec(bf("y ~ x", sigma="same"), DATA)


def test_more_columns_than_rows() -> None:
    rng = np.random.default_rng(1)
    wide = pd.DataFrame(rng.normal(size=(4, 6)), columns=list("yabcde"))
    with pytest.raises(FormulaError, match="'d' is collinear: 'a', 'b', 'c' determine it"):
        build_spec("y ~ a + b + c + d + e", wide)
    with pytest.raises(FormulaError, match="'e' is collinear"):
        build_spec("y ~ 0 + a + b + c + d + e", wide)
    build_spec("y ~ a + b + c + d + e", wide, prior=PROPER)


@pytest.mark.parametrize("scale", [1e-30, 1e-8, 1e8])
def test_a_column_small_or_large_or_far_off_is_none_of_these(scale: float) -> None:
    build_spec("y ~ x + z", DATA.assign(x=DATA["x"] * scale))
    build_spec("y ~ x + z", DATA.assign(x=DATA["x"] + 1e6))
    build_spec("y ~ x + I(x**2)", DATA.assign(x=1990 + DATA["x"]))


def test_a_group_term_may_repeat_itself() -> None:
    build_spec("y ~ x + (x + z + two | g)", DATA)
