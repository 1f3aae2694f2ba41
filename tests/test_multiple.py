"""One model on several data sets: `brm_multiple`, `MultipleFit` and `Model.on_data`."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import bayesmix as bx
from bayesmix.errors import (
    ConvergenceWarning,
    DataError,
    MissingRowsWarning,
    PredictionError,
    SamplingError,
    StaleFitWarning,
    StorageError,
)

from .reference_cases import Case, cases
from .support import fit_of, frame

MICE = json.loads((Path(__file__).parent / "multiple.json").read_text())
PRIOR = [bx.prior("normal(0, 2)", "b"), bx.prior("normal(0, 5)", "Intercept")]
QUICK = {"draws": 20, "chains": 2, "prior_only": True, "prior": PRIOR}


def frames(count: int = 3) -> list[pd.DataFrame]:
    """A data set whose x is imputed by draws around its regression on y where it is missing."""
    rng = np.random.default_rng(8)
    data = frame(30)
    missing = np.arange(30) < 8
    slope, level = np.polyfit(data["y"][~missing], data["x"][~missing], 1)
    found = []
    for _ in range(count):
        drawn = level + slope * data["y"] + rng.normal(0, 1, 30)
        found.append(data.assign(x=data["x"].where(~missing, drawn)))
    return found


def given(formula: Any, data: list[pd.DataFrame], family: Any = None) -> bx.MultipleFit:
    """Draws that nobody sampled, of each data set other ones."""
    first = bx.Model(formula, data[0], family)
    models = {1: first} | {k: first.on_data(d) for k, d in enumerate(data[1:], 2)}
    return bx.MultipleFit.pooled({k: fit_of(m, seed=k) for k, m in models.items()})


def values(fit: bx.Fit) -> np.ndarray:
    return fit.posterior_epred().to_numpy()


# --- the model of another data set


@pytest.mark.parametrize(
    "term",
    ["scale(x)", "poly(x, 2)", "bs(x, df=5)", "s(x, k=5)", "C(k, Sum)", "mo(grade) * scale(x)"],
)
def test_transforms_are_those_of_the_first_data_set(term: str) -> None:
    one, two, _ = frames()
    model = bx.Model(f"y ~ {term}", one)
    other = model.on_data(two)
    there = other.spec.design.predictors[0]
    at_new = fit_of(model).posterior_epred(two).to_numpy()
    of_own = bx.Fit(other, fit_of(model).idata).posterior_epred().to_numpy()
    np.testing.assert_allclose(of_own, at_new, rtol=1e-10)
    np.testing.assert_array_equal(
        there.columns.means, model.spec.predictors[there.target].columns.means
    )
    assert other.priors.equals(model.priors)


def test_scaled_responses_and_columns_give_the_estimates_of_least_squares() -> None:
    one, two, _ = frames()
    other = bx.Model("scale(y) ~ scale(x) + h", one).on_data(two)
    y, x = ((two[c] - one[c].mean()) / one[c].std() for c in "yx")
    design = np.column_stack([np.ones(30), x, two["h"] == "v"])
    expected = np.linalg.lstsq(design, y, rcond=None)[0]
    found = other.optimize("ml").fixef()["Estimate"].to_numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.name)
def test_on_its_own_data_a_model_is_what_it_was(case: Case) -> None:
    again = bx.Fit(case.model.on_data(case.model.data), case.fit.idata)
    for old, new in zip(case.model.spec.responses, again.model.spec.responses, strict=True):
        np.testing.assert_array_equal(new.data.y, old.data.y)
    np.testing.assert_allclose(again.log_density(), case.fit.log_density(), rtol=1e-9)


DATA = frames(1)[0]
WRONG = [
    ("y ~ x", DATA.drop(columns="x"), "Data set 2 has no column 'x', which the model uses"),
    ("y ~ x", DATA.assign(x="a"), "Column 'x' of data set 2 holds categories; in the first"),
    ("y ~ x + flag", DATA.assign(flag=DATA["flag"] * 1.5), "'flag' of data set 2 holds numbers"),
    ("y ~ f", DATA.assign(f=DATA["f"].replace("c", "b")), "'f' of data set 2 lacks the level 'c'"),
    (
        "y ~ h",
        DATA.assign(h=np.where(DATA.index == 3, "w", DATA["h"])),
        "'h' of data set 2 has the level 'w', which the first hasn't",
    ),
    (
        "y ~ f",
        DATA.assign(f=DATA["f"].cat.reorder_categories(["a", "b", "c"])),
        "'f' of data set 2 has its levels in another order than the first, 'c', 'a', 'b'",
    ),
    (
        "y ~ x + (1 | k)",
        DATA.assign(k=DATA["k"].replace(7, 8)),
        "'k' of data set 2 lacks the level '7'",
    ),
    ("y ~ x", DATA.assign(x=np.inf), "Data set 2: Column 'x' is infinite"),
    ("y ~ z + gp(x)", frames(2)[1], r"gp\(x\) has other places in data set 2"),
    ("y ~ x", DATA.to_numpy(), "data set 2 must be a data frame"),
]


@pytest.mark.parametrize(("formula", "other", "message"), WRONG)
def test_a_data_set_that_differs_is_named(formula: str, other: Any, message: str) -> None:
    with pytest.raises(DataError, match=f"(?i){message}"):
        bx.brm_multiple(formula, [DATA, other], **QUICK)


@pytest.mark.parametrize("data", [DATA, {"y": [1.0], "x": [2.0]}, [], "data", {("a",): DATA}])
def test_data_sets_are_a_list_or_a_dict(data: Any) -> None:
    with pytest.raises(DataError):
        bx.brm_multiple("y ~ x", data, **QUICK)


def test_rows_that_are_left_out_are_told() -> None:
    with pytest.warns(MissingRowsWarning, match="1 of 30 rows"):
        bx.brm_multiple("y ~ x", [DATA, DATA.assign(x=DATA["x"].where(DATA.index > 0))], **QUICK)


def test_a_model_changed_by_hand_has_no_other_data() -> None:
    import pymc as pm

    model = bx.Model("y ~ x", DATA)
    with model.pymc:
        pm.Normal("more")
    with pytest.raises(SamplingError, match="make the model of those data"):
        model.on_data(DATA)


# --- draws together


def test_draws_of_all_data_sets_are_there_in_order() -> None:
    fit = given("y ~ x + (1 | g)", frames())
    posterior = fit.idata["posterior"]
    assert posterior["data_set"].to_numpy().tolist() == [1, 1, 2, 2, 3, 3]
    assert posterior["chain"].to_numpy().tolist() == list(range(6))
    for k, one in fit.fits.items():
        np.testing.assert_array_equal(
            one.idata["posterior"]["r_g"], posterior["r_g"].isel(chain=posterior["data_set"] == k)
        )
    every = np.concatenate([one.draws()["b_x"] for one in fit.fits.values()])
    assert fit.fixef().loc["x", "Estimate"] == pytest.approx(every.mean())
    assert fit.coef()["g"].shape == fit.fits[1].coef()["g"].shape


def test_each_draw_predicts_the_rows_of_its_own_data_set() -> None:
    fit = given("y ~ x + (1 | g)", frames())
    np.testing.assert_array_equal(
        values(fit), np.concatenate([values(one) for one in fit.fits.values()])
    )
    chosen = fit.posterior_epred(draw_ids=[25, 3, 14])
    np.testing.assert_array_equal(chosen, values(fit)[[25, 3, 14]])
    assert (
        chosen["draw"].to_numpy().tolist()
        == fit.posterior_epred()["draw"][[25, 3, 14]].to_numpy().tolist()
    )
    few = fit.posterior_predict(ndraws=7, random_seed=1)
    np.testing.assert_array_equal(few, fit.posterior_predict(ndraws=7, random_seed=1))
    same = [one.log_lik().to_numpy() for one in fit.fits.values()]
    np.testing.assert_array_equal(fit.log_lik(), np.concatenate(same))
    assert fit.predict(random_seed=1).shape == (30, 4)


def test_new_rows_are_predicted_by_all_draws(tmp_path: Path) -> None:
    fit = given("y ~ scale(x) + (1 | g)", frames())
    new = pd.DataFrame({"x": [1.0, 2.0], "g": ["p", "new"]})
    made = fit.posterior_epred(new, allow_new_levels=True, random_seed=3)
    each = [one.posterior_epred(new.head(1)).to_numpy() for one in fit.fits.values()]
    np.testing.assert_allclose(made[:, :1], np.concatenate(each))
    kept = fit.posterior_epred(new, allow_new_levels=True, random_seed=3, to_zarr=tmp_path / "z")
    np.testing.assert_array_equal(kept, made)


def test_averages_over_rows_are_those_of_each_draws_own_data() -> None:
    fit = given("count ~ x + h + (1 | g)", frames(), "poisson")
    each = [one.avg_slopes("x").values for one in fit.fits.values()]
    found = fit.avg_slopes("x")
    np.testing.assert_allclose(found.values, np.concatenate(each))
    assert found.table["term"].tolist() == ["x"]
    rows = fit.predictions()
    assert "x" not in rows.rows and "g" in rows.rows
    np.testing.assert_allclose(rows.values, values(fit))
    pairs = fit.predictions(by="h", hypothesis="pairwise", ndraws=5, random_seed=2)
    assert pairs.values.shape == (5, 1)
    with pytest.raises(PredictionError, match="values of what is averaged by"):
        fit.predictions(by="x")


def test_several_responses_are_predicted_by_the_draws_of_each_data_set() -> None:
    fit = given(
        bx.mv("y ~ x + (1 | p | g)", bx.bf("count ~ x + (1 | p | g)", family="poisson")), frames()
    )
    each = [one.posterior_epred() for one in fit.fits.values()]
    np.testing.assert_array_equal(fit.posterior_epred(), np.concatenate(each))
    slopes = [one.avg_slopes("x", resp="count").values for one in fit.fits.values()]
    found = fit.avg_slopes("x", resp="count")
    np.testing.assert_allclose(found.values, np.concatenate(slopes))
    np.testing.assert_array_equal(fit.of("count").avg_slopes("x").values, found.values)


def test_data_sets_of_different_rows_have_averages_but_no_rows() -> None:
    one, two, _ = frames()
    fit = given("y ~ x", [one, two.head(20)])
    assert "2 data sets of 30, 20 rows" in repr(fit)
    assert len(fit.avg_predictions()) == 1
    for ask in (fit.posterior_epred, fit.predictions):
        with pytest.raises(PredictionError, match="different rows"):
            ask()


def test_convergence_is_looked_at_within_data_sets() -> None:
    one, *_ = frames()
    first = fit_of(bx.Model("y ~ x", one), draws=200)
    far = first.idata.copy()
    far["posterior"] = far["posterior"].to_dataset() + 100.0
    fit = bx.MultipleFit.pooled({"a": first, "b": bx.Fit(first.model, far)})
    assert (fit.summary()["Rhat"] < 1.05).all()
    within = fit.by_data_set()
    assert within.index.names == ["data_set", "part", "parameter"]
    least = within["Bulk_ESS"].groupby(["part", "parameter"]).min()
    np.testing.assert_array_equal(fit.summary()["Bulk_ESS"], least[fit.summary().index])
    assert "2 data sets of 30 rows; R-hat and ESS are the worst" in repr(fit)
    assert "2 data sets" in fit._repr_html_()


@pytest.mark.parametrize(
    "name", ["loo", "kfold", "residuals", "pp_check", "bayes_R2", "log_density"]
)
def test_what_needs_one_response_is_asked_of_one_data_set(name: str) -> None:
    fit = given("y ~ x", frames())
    with pytest.raises(PredictionError, match=rf"fit\.fits\[1\]\.{name}"):
        getattr(fit, name)()
    with pytest.raises(PredictionError, match="loo compares responses"):
        bx.loo_compare({"a": fit, "b": fit})


def test_responses_are_kept_where_they_are_the_same() -> None:
    same, other = given("y ~ x", frames()), given("x ~ y", frames())
    assert "observed_data" in same.idata and "observed_data" not in other.idata
    np.testing.assert_array_equal(other.fits[2].idata["observed_data"]["x"], frames()[1]["x"])


# --- fitting


def test_seeds_are_derived_from_the_seed() -> None:
    data = {"a": DATA, "b": DATA}
    fit = bx.brm_multiple("y ~ x", data, **QUICK, random_seed=4)
    again = bx.brm_multiple("y ~ x", data, **QUICK, random_seed=4, combine=False)
    assert list(again) == ["a", "b"]
    for k, one in fit.fits.items():
        np.testing.assert_array_equal(values(one), values(again[k]))
    assert (values(again["a"]) != values(again["b"])).all()
    alone = bx.brm_multiple("y ~ x", [DATA, DATA], **QUICK, random_seed=4, combine=False)
    np.testing.assert_array_equal(values(alone[1]), values(again["b"]))


def test_doubts_are_told_once_with_the_data_set() -> None:
    with pytest.warns(ConvergenceWarning, match="2 of 2 fits .* data set 'a'") as caught:
        bx.brm_multiple(
            "y ~ x", {"a": DATA, "b": DATA}, draws=20, tune=20, random_seed=1, progressbar=False
        )
    assert len(caught) == 1


def test_a_file_has_all_data_sets(tmp_path: Path) -> None:
    path, data = tmp_path / "fit.nc", dict(zip("abc", frames(), strict=True))
    fit = bx.brm_multiple("y ~ scale(x) + (1 | g)", data, **QUICK, random_seed=1, file=path)
    again = bx.load(path)
    assert isinstance(again, bx.MultipleFit) and list(again.models) == ["a", "b", "c"]
    np.testing.assert_array_equal(values(again), values(fit))
    told = {"formula": "y ~ scale(x) + (1 | g)", **QUICK, "random_seed": 1, "file": path}
    kept = bx.brm_multiple(data=data, **told)
    np.testing.assert_array_equal(values(kept), values(fit))
    changes = {
        "the data": {"data": data | {"c": data["b"]}},
        "the data sets": {"data": {"a": data["a"]}},
        "chains": {"data": data, "chains": 3},
    }
    for what, change in changes.items():
        with pytest.warns(StaleFitWarning, match=f": {what} changed"):
            bx.brm_multiple(**{**told, **change}, file_refit="never")
    with pytest.raises(StorageError, match="combined"):
        bx.brm_multiple(data=data, **told, combine=False)


def test_an_update_is_of_all_data_sets() -> None:
    fit = bx.brm_multiple("y ~ x", frames(), **QUICK, random_seed=1)
    made = fit.update(". ~ . + I(x**2)", prior_only=True, random_seed=1)
    assert made.fixef().index.tolist() == ["Intercept", "x", "I(x ** 2)"]
    assert dict(made.idata["posterior"].sizes) | {"chain": 6} == dict(made.idata["posterior"].sizes)
    other = fit.update(data=frames(2), prior_only=True, random_seed=1)
    assert list(other.models) == [1, 2]


def test_pooled_draws_follow_rubins_rules() -> None:
    """Imputations and Rubin's rules by mice (multiple.R); each data set's posterior by quadrature.

    The variance of the draws is the mean of the variances, by Student's t where mice has the
    normal distribution, and that of the means, for which Rubin has (m + 1) / (m - 1) as much.
    """
    prior = [bx.prior("", "Intercept"), bx.prior("normal(0, 100)", "sigma")]
    data = [pd.DataFrame(d) for d in MICE["data"]]
    fit = bx.brm_multiple(
        "chl ~ age + bmi", data, prior=prior, random_seed=1, progressbar=False, draws=2000
    )
    means, variances = zip(*map(least_squares, data), strict=True)
    table, m = fit.fixef(), len(data)
    np.testing.assert_allclose(np.mean(means, axis=0), MICE["estimate"], rtol=1e-6)
    error = np.sqrt(MICE["total"])
    assert (np.abs(table["Estimate"] - MICE["estimate"]) < 0.03 * error).all()
    exact = np.mean(variances, axis=0) + np.var(means, axis=0)
    np.testing.assert_allclose(table["Est.Error"] ** 2, exact, rtol=0.05)
    rubin = np.array(MICE["total"]) - 2 / m * np.array(MICE["between"])
    np.testing.assert_allclose(exact, rubin, rtol=0.15)


def least_squares(d: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances of the coefficients' posterior, flat priors but for that of sigma."""
    x = np.column_stack([np.ones(len(d)), d["age"], d["bmi"]])
    b, (squares,), *_ = np.linalg.lstsq(x, d["chl"], rcond=None)
    power = len(d) - 3

    def density(log_sigma: float, moment: int) -> float:
        sigma = np.exp(log_sigma)
        log_lik = -power * (log_sigma - 4) - squares / (2 * sigma**2)
        return sigma ** (moment + 1) * np.exp(log_lik + stats.norm.logpdf(sigma, 0, 100))

    whole, square = (integrate.quad(density, 0, 8, args=(k,))[0] for k in (0, 2))
    return b, square / whole * np.diag(np.linalg.inv(x.T @ x))


def test_nothing_else_is_warned_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bx.brm_multiple("y ~ x", frames(), **QUICK, random_seed=1)
