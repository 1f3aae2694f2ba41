"""Smooth terms of models: what is made of them on data, on new data and from draws."""

import numpy as np
import pandas as pd
import pytest

import bayesmix as bx
from bayesmix.build import build_spec
from bayesmix.errors import DataError, FormulaError, PredictionError
from bayesmix.formula import bf
from bayesmix.model import Model
from bayesmix.smooths import smooth, thin_plate

from ..support import frame, given_fit

ALL = bf(
    "y ~ x + s(z, k=6) + s(x, by=f, k=5) + t2(x, z, k=4) + s(g, bs='re') + (1 | h)",
    sigma="s(x, f, bs='fs', k=4) + s(z, by=x, bs='cr', k=5)",
)


def test_coefficients_and_blocks_have_names() -> None:
    spec = build_spec(ALL, frame())
    assert spec.by_name["b"].coords[0] == (
        "Intercept", "x", "s(z)", "s(x):f[c]", "s(x):f[a]", "s(x):f[b]",
        "t2(x, z)[1]", "t2(x, z)[2]", "t2(x, z)[3]",
    )  # fmt: skip
    assert spec.by_name["sds"].coords[0] == (
        "s(z)", "s(x):f[c]", "s(x):f[a]", "s(x):f[b]",
        "t2(x, z)[1]", "t2(x, z)[2]", "t2(x, z)[3]", "s(g)",
    )  # fmt: skip
    assert spec.by_name["b_sigma"].coords[0] == ("Intercept", "s(z):x[1]", "s(z):x[2]")
    assert spec.by_name["s"].size == 4 + 3 * 3 + 3 * 4 + 6


def test_default_priors_are_those_of_brms() -> None:
    """brms: class sds has one prior a term, named by its call, a half Student t."""
    table = build_spec("y ~ s(x, by=f, k=5) + t2(x, z, k=4)", frame()).priors.frame()
    sds = table[table["class"] == "sds"]
    assert sds["coef"].tolist() == ["", "s(x, k = 5, by = f)", "t2(x, z, k = 4)"]
    assert sds["prior"].tolist()[0].startswith("student_t(3, 0,") and sds["lb"].tolist()[0] == "0"


def test_the_predictor_is_the_sum_of_its_parts() -> None:
    data = frame()
    fit = given_fit("y ~ s(z, k=6) + (1 | h)", data)
    rows = data[["z"]].to_numpy()
    fixed, (block,) = smooth(thin_plate(rows, 6), rows).on(rows)
    post = fit.idata.posterior.to_dataset().stack(sample=("chain", "draw"))
    b, s = (
        post["b"].transpose("sample", "coef").values,
        post["s"].transpose("sample", "basis").values,
    )
    expected = b[:, :1] + b[:, 1:] @ fixed.T + s @ block.T
    found = fit.posterior_linpred(re_formula="~0").values
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_predictions_for_the_rows_of_the_fit_given_as_new_data() -> None:
    data = frame()
    fit = given_fit(ALL, data)
    for dpar in ("mu", "sigma"):
        own = fit.posterior_linpred(dpar=dpar).values
        np.testing.assert_allclose(fit.posterior_linpred(data, dpar=dpar).values, own, atol=1e-9)
    np.testing.assert_allclose(fit.log_lik(data).values, fit.log_lik().values, atol=1e-9)
    half = fit.posterior_linpred(data.iloc[::2]).values
    np.testing.assert_allclose(half, fit.posterior_linpred().values[:, ::2], atol=1e-9)


def test_priors_are_drawn_with_the_sds_of_their_blocks() -> None:
    model = Model("y ~ s(z, k=6)", frame(), prior=bx.prior("normal(0, 1)", "b"))
    prior = model.sample_prior(4000, random_seed=1)["prior"]
    z = prior["s"].values / prior["sds"].values[..., [0] * 4]
    assert np.abs(z.std() - 1) < 0.02 and np.abs(z.mean()) < 0.02


def test_a_saved_model_is_the_same(tmp_path) -> None:
    fit = given_fit("y ~ s(z, k=6) + s(x, f, bs='fs', k=4)", frame())
    fit.save(tmp_path / "fit.nc")
    again = bx.load(tmp_path / "fit.nc")
    np.testing.assert_array_equal(again.posterior_epred().values, fit.posterior_epred().values)


def test_conditional_smooths_leave_all_else_out() -> None:
    fit = given_fit("y ~ x + s(z, by=f, k=6)", frame())
    made = fit.conditional_smooths(resolution=7)["s(z):f"]
    new = made.rows.assign(x=0.0)
    post = fit.idata.posterior.to_dataset().stack(sample=("chain", "draw"))
    whole = fit.posterior_linpred(new).values - post["b"].sel(coef="Intercept").values[:, None]
    np.testing.assert_allclose(made.values, whole, atol=1e-9)
    assert len(made.rows) == 7 * 3


def test_conditional_smooths_of_several_covariates_and_parameters() -> None:
    fit = given_fit(ALL, frame())
    made = fit.conditional_smooths(resolution=10)
    assert list(made) == [
        "s(z)", "s(x):f", "t2(x, z)", "s(g)", "sigma_s(x, f)", "sigma_s(z):x",
    ]  # fmt: skip
    assert list(made["t2(x, z)"].rows) == ["x", "z"]
    assert made["s(g)"].rows["g"].tolist() == list("pqrstu")
    for name in ("t2(x, z)", "s(g)", "s(x):f"):
        assert fit.plot.conditional_smooth(name, resolution=10).axes
    with pytest.raises(PredictionError, match="no smooth 's'; it has"):
        fit.conditional_smooths("s")


def test_conditional_effects_go_along_smooths() -> None:
    made = given_fit("y ~ s(z, k=6) + s(x, by=f, k=5)", frame()).conditional_effects(resolution=5)
    assert list(made) == ["z", "x", "f", "x:f"]


WRONG = [
    ("y ~ s(z, k=70)", "only 60 different values", FormulaError),
    ("y ~ s(h)", "'h' is a factor", FormulaError),
    ("y ~ s(x, z, bs='cr')", "basis of one covariate", FormulaError),
    ("y ~ s(x, bs='fs')", "for each level of one factor", FormulaError),
    ("y ~ s(few, k=9)", "different values", FormulaError),
    ("y ~ s(x, z, k=3)", "at least k=4", FormulaError),
    ("y ~ s(nothing)", "no column 'nothing'", FormulaError),
]


@pytest.mark.parametrize(("formula", "message", "error"), WRONG, ids=[f for f, *_ in WRONG])
def test_what_data_cannot_have(formula, message, error) -> None:
    with pytest.raises(error, match=message):
        build_spec(formula, frame())


def test_new_levels_are_an_error() -> None:
    fit = given_fit("y ~ s(g, bs='re')", frame())
    with pytest.raises(PredictionError, match="has the level 'new' in row 0"):
        fit.posterior_epred(pd.DataFrame({"g": ["new"]}))


def test_draws_of_brms_are_refused() -> None:
    with pytest.raises(DataError, match="signs of its basis"):
        bx.from_brms(Model("y ~ s(z, k=5)", frame()), {"sigma": [1.0]})
