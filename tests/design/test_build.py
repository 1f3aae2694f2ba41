"""The whole design: spine, offsets, and names that would clash."""

from __future__ import annotations

import pickle
import time

import cloudpickle
import numpy as np
import pandas as pd
import pytest

from bayesmix.build import build_spec
from bayesmix.design import blocks, coefs_of
from bayesmix.errors import DataError, FormulaError
from bayesmix.formula import bf
from bayesmix.model import Model
from bayesmix.priors import prior

from ..support import fit_of, frame, given_fit

DATA = frame()
WIDE = bf("y ~ x + (1 + x | i | g) + (0 + z || g) + (1 | k)", sigma="1 + (1 + z | i | g)")


def test_the_spine_has_a_row_for_every_group_coefficient() -> None:
    spine = build_spec(WIDE, DATA).design.spine
    assert [(c.group, c.id, c.target.dpar, c.coef, c.correlated) for c in spine] == [
        ("g", "i", "mu", "Intercept", True),
        ("g", "i", "mu", "x", True),
        ("g", "#3", "mu", "z", False),
        ("k", "#4", "mu", "Intercept", True),
        ("g", "i", "sigma", "Intercept", True),
        ("g", "i", "sigma", "z", True),
    ]
    names = [c.name for c in coefs_of(spine, "g")]
    assert names == ["Intercept", "x", "z", "sigma_Intercept", "sigma_z"]
    assert blocks(spine, "g") == ((0, 1, 3, 4), (2,))


def test_uncorrelated_coefficients_are_blocks_of_one() -> None:
    assert blocks(build_spec("y ~ (f || g)", DATA).design.spine, "g") == ((0,), (1,), (2,))


def test_two_brackets_are_two_blocks() -> None:
    spine = build_spec("y ~ (1 + x | g) + (0 + f | g)", DATA).design.spine
    assert blocks(spine, "g") == ((0, 1), (2, 3, 4))


def test_offsets_add_up_dpar_by_dpar() -> None:
    spec = build_spec(bf("y ~ x + offset(z) + offset(log(z))", sigma="1 + offset(-z)"), DATA)
    np.testing.assert_allclose(spec.response.predictors["mu"].offset, DATA["z"] + np.log(DATA["z"]))
    np.testing.assert_allclose(spec.response.predictors["sigma"].offset, -DATA["z"])


@pytest.mark.parametrize("offset", ["f", "flag", "h", "poly(x, 2)", "C(k)"])
def test_an_offset_is_one_number_a_row(offset: str) -> None:
    with pytest.raises(FormulaError, match=r"must be (numeric|one column) here"):
        build_spec(f"y ~ x + offset({offset})", DATA)


@pytest.mark.parametrize("name", ["b", "coef", "chain", "sigma", "sigma_coef", "b_sigma", "draw"])
def test_a_group_called_like_something_of_the_results(name: str) -> None:
    with pytest.raises(DataError, match=f"The group '{name}' needs a dimension '{name}'"):
        build_spec(bf(f"y ~ (1 | {name})", sigma="x"), DATA.assign(**{name: DATA["g"]}))


def test_a_group_with_a_slash_in_its_name() -> None:
    with pytest.raises(DataError, match="because of the slash"):
        build_spec("y ~ x + (1 | `a/b`)", DATA.rename(columns={"g": "a/b"}))


@pytest.mark.parametrize("other", ["g_coef", "g_coef2", "sd_g", "r_g", "cor_g"])
def test_groups_called_like_each_others_dimensions(other: str) -> None:
    for formula in (f"y ~ (1 + x | g) + (1 | {other})", f"y ~ (1 | {other}) + (1 + x | g)"):
        with pytest.raises(DataError, match=f"needs a dimension '{other}'"):
            build_spec(formula, DATA.assign(**{other: DATA["k"]}))


def test_groups_called_like_the_rows() -> None:
    data = DATA.assign(obs=range(len(DATA)), row=DATA["g"])
    assert [g.size for g in build_spec("y ~ (1 | obs)", data).design.groups] == [60]
    with pytest.raises(DataError, match="needs a dimension 'row'"):
        build_spec("y ~ (1 | obs) + (1 | row)", data)


@pytest.mark.parametrize(
    "formula",
    [
        bf("y ~ sigma_x", sigma="x"),
        bf("y ~ 1 + (sigma_x | g)", sigma="x"),
        bf("y ~ sigma_x", sigma="1 + (x | g)"),
        bf("y ~ 1 + (sigma_x | i | g)", sigma="1 + (x | i | g)"),
    ],
)
def test_a_column_called_like_a_coefficient_of_another_dpar(formula: object) -> None:
    with pytest.raises(FormulaError, match="'sigma_x'"):
        build_spec(formula, DATA.assign(sigma_x=DATA["z"]))


def double(x: np.ndarray) -> np.ndarray:
    return 2 * x


@pytest.mark.parametrize("how", [pickle, cloudpickle])
def test_a_pickled_spec_predicts_the_same(how: object) -> None:
    formula = bf(
        "y ~ poly(x, 2) + bs(z, df=4) + C(f, Sum) + scale(x):h + double(z) + I(x > 3) "
        "+ offset(scale(z)) + (1 + center(x) | i | g)",
        sigma="1 + (1 | i | g)",
    )
    model = Model(formula, DATA, prior=prior("normal(0, 1)", "b"), namespace={"double": double})
    again = Model.from_spec(how.loads(how.dumps(model.spec)))
    for a, b in zip(model.spec.design.predictors, again.spec.design.predictors, strict=True):
        np.testing.assert_array_equal(a.columns.values, b.columns.values)
    new = DATA.head(7).assign(g=["p", "q", "new", None, "new", "p", "q"])
    first, second = (
        fit_of(m).posterior_predict(new, allow_new_levels=True, random_seed=1)
        for m in (model, again)
    )
    np.testing.assert_array_equal(first, second)
    assert model.priors.equals(again.priors)


def test_a_lambda_needs_cloudpickle() -> None:
    spec = build_spec("y ~ twice(x)", DATA, namespace={"twice": lambda x: 2 * x})
    again = cloudpickle.loads(cloudpickle.dumps(spec))
    np.testing.assert_array_equal(
        again.response.predictors["mu"].columns.values[:, 1], 2 * DATA["x"]
    )


def test_large_data_is_no_matter_of_minutes() -> None:
    n = 50_000
    rng = np.random.default_rng(1)
    big = pd.DataFrame({"y": rng.normal(size=n), "x": rng.normal(size=n), "z": rng.normal(size=n)})
    big = big.assign(g=rng.integers(0, 9_000, n), f=rng.choice(list("abc"), n))
    began = time.monotonic()
    spec = build_spec(
        "y ~ x * f + poly(x, 2) + (1 + x | g) + (1 | f:g)", big, prior=prior("normal(0, 1)", "b")
    )
    assert time.monotonic() - began < 10
    assert spec.design.groups[1].size < n


def test_the_spec_holds_its_own_data() -> None:
    data = DATA.copy()
    fit = given_fit("y ~ x + offset(z)", data)
    before = fit.log_lik()
    data.loc[:, ["x", "y", "z"]] = 0.0
    np.testing.assert_array_equal(before, fit.log_lik())
