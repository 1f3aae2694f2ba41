"""Missing values that are imputed in the model, and responses measured with errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.errors import BayesmixError, DataError, FormulaError, PredictionError

from .pymc_model.test_density import at_random, log_jacobian
from .support import draws_of, fit_of, frame, given_fit

WHOLE = frame(40)
GAPS = np.arange(40) % 7 == 2
DATA = WHOLE.assign(
    x=WHOLE["x"].where(~GAPS),
    z=WHOLE["z"].where(np.arange(40) % 9 != 4),
    error=0.2 + 0.1 * (np.arange(40) % 3),
)
IMPUTING = bx.mv("y ~ mi(x) * f + (1 + mi(x) | g)", "x | mi() ~ h + (1 | g)")
NORMAL = bx.prior("normal(0, 1)", "b")

DENSITIES: dict[str, tuple[Any, Any]] = {
    "imputed": (IMPUTING, None),
    "alone": ("x | mi() ~ h", "student"),
    "a chain": (bx.mv("y ~ mi(x) + mi(z)", "x | mi() ~ mi(z)", "z | mi() ~ 1"), None),
    "positive": (bx.mv("count ~ mi(z)", "z | mi() ~ x"), ["poisson", "Gamma"]),
    "weighted": (bx.mv("y ~ mi(x)", "x | mi() + weights(w) ~ 1"), None),
    "correlated residuals": (bx.mv("y ~ z", "x | mi() ~ 1", rescor=True), None),
    "measured": (bx.mv("y ~ mi(x)", "x | mi(error) ~ h"), None),
    "measured, student": ("x | mi(sdy=error) ~ h", "student"),
}


@pytest.mark.parametrize("name", DENSITIES)
def test_both_densities_are_one(name: str) -> None:
    formula, family = DENSITIES[name]
    data = DATA.assign(x=WHOLE["x"]) if name == "positive" else DATA
    data = data.assign(z=WHOLE["z"]) if "residuals" in name else data
    model = bx.Model(formula, data, family, NORMAL if "h" in str(formula) else ())
    for seed in (1, 2):
        logp, fit = at_random(model, seed)
        # PyMC has the correlation of two responses as a number from 0 to 1.
        change = log_jacobian(fit) - (np.log(2) if model.spec.rescor else 0.0)
        assert_allclose(logp + change, fit.log_density()[0], rtol=1e-9)


def test_the_likelihood_of_a_row_is_that_of_what_is_known() -> None:
    fit = given_fit(IMPUTING, DATA)
    d, x = draws_of(fit), np.tile(DATA["x"], (40, 1))
    x[:, GAPS] = d["Ymi_x"]
    mu = fit.posterior_linpred(resp="x").to_numpy()
    own = stats.norm.logpdf(x, mu, d["sigma_x"][:, None])
    assert_allclose(fit.log_lik(resp="x"), np.where(GAPS, 0.0, own), rtol=1e-10)
    assert_allclose(fit.log_lik(), fit.log_lik(resp="x") + fit.log_lik(resp="y"), rtol=1e-12)


def test_measurements_of_normal_responses_are_judged_over_true_values() -> None:
    """The sum of a normal deviate and a normal error is one."""
    fit = given_fit("x | mi(error) ~ h", DATA)
    d, mu = draws_of(fit), fit.posterior_linpred().to_numpy()
    scale = np.sqrt(d["sigma"][:, None] ** 2 + DATA["error"].to_numpy() ** 2)
    expected = np.where(GAPS, 0.0, stats.norm.logpdf(DATA["x"], mu, scale))
    assert_allclose(fit.log_lik(), expected, rtol=1e-10)
    new = DATA[~GAPS].head(5)
    assert_allclose(fit.log_lik(new), expected[:, ~GAPS][:, :5], rtol=1e-10)


def test_measurements_of_others_are_judged_by_their_true_values() -> None:
    fit = given_fit("x | mi(error) ~ h", DATA, "student")
    true = draws_of(fit)["Yl"]
    expected = stats.norm.logpdf(DATA["x"], true, DATA["error"])
    assert_allclose(fit.log_lik(), np.where(GAPS, 0.0, expected), rtol=1e-10)
    with pytest.raises(PredictionError, match="integrated out"):
        fit.log_lik(DATA.head(3))


def test_imputed_values_stand_in_the_predictor() -> None:
    fit = given_fit(bx.mv("y ~ mi(x)", "x | mi() ~ h"), DATA)
    d, x = draws_of(fit), np.tile(DATA["x"], (40, 1))
    x[:, GAPS] = d["Ymi_x"]
    expected = d["b_y"][:, :1] + d["b_y"][:, 1:] * x
    assert_allclose(fit.posterior_epred(resp="y"), expected, rtol=1e-12)


def test_what_new_rows_miss_is_drawn_from_its_model() -> None:
    """The same as its own predictions, so that responses drawn together are of one row."""
    fit = given_fit(bx.mv("y ~ mi(x)", "x | mi() ~ h + (1 | g)"), DATA)
    new = pd.DataFrame({"x": [1.0, np.nan, np.nan], "h": ["u", "v", "u"], "g": ["p", "q", "new"]})
    how = {"allow_new_levels": True, "random_seed": 3}
    x = fit.posterior_predict(new, resp="x", **how).to_numpy()
    x[:, 0] = 1.0
    b = draws_of(fit)["b_y"]
    expected = b[:, :1] + b[:, 1:] * x
    assert_allclose(fit.posterior_epred(new, resp="y", **how), expected, rtol=1e-12)
    without = fit.posterior_epred(new.drop(columns="x"), resp="y", **how).to_numpy()
    assert_allclose(without[:, 1:], expected[:, 1:], rtol=1e-12)
    together = fit.posterior_predict(new, **how)
    assert_allclose(together.sel(resp="x").to_numpy()[:, 1:], x[:, 1:], rtol=1e-12)
    with pytest.raises(PredictionError, match="misses values of 'x'"):
        fit.posterior_epred(new, resp="y", clusters="average")


def test_rows_that_miss_a_response_are_not_judged_by_it() -> None:
    fit = given_fit("x | mi() ~ h", DATA)
    assert fit.add_log_lik()["log_likelihood"].sizes["obs"] == (~GAPS).sum()
    both = given_fit(bx.mv("y ~ mi(x)", "x | mi() ~ 1"), DATA)
    assert both.add_log_lik()["log_likelihood"].sizes["obs"] == 40


def test_default_priors_look_at_what_is_there() -> None:
    whole = bx.Model("x ~ h", DATA[~GAPS]).priors
    assert bx.Model("x | mi() ~ h", DATA).priors.equals(whole)


def test_values_drawn_from_the_prior_have_their_models_distribution() -> None:
    priors = [NORMAL, bx.prior("constant(0)", "Intercept"), bx.prior("constant(2)", "sigma")]
    model = bx.Model("x | mi() ~ 1", DATA, prior=priors[1:])
    drawn = model.sample_prior(2000, random_seed=1)["prior"]["Ymi"].to_numpy().ravel()
    assert stats.kstest(drawn, stats.norm(0, 2).cdf).pvalue > 0.01
    chain = bx.mv("y ~ mi(x)", "x | mi() ~ mi(z)", "z | mi() ~ 1")
    priors = [NORMAL, bx.prior("normal(0, 1)", "Intercept")]
    tree = bx.Model(chain, DATA, prior=priors).sample_prior(50, random_seed=1)
    assert np.isfinite(tree["prior_predictive"]["y"]).all()


def test_names_of_rows_and_of_brms() -> None:
    labelled = DATA.set_index(pd.Index([f"r{i}" for i in range(40)]))
    model = bx.Model(bx.mv("y ~ mi(x)", "x | mi() ~ 1"), labelled)
    fit = fit_of(model)
    assert fit.idata["posterior"]["Ymi_x"]["x_Ymi_row"].to_numpy().tolist() == [
        f"r{i}" for i in np.flatnonzero(GAPS)
    ]
    assert "Ymi_x[3]" in fit.draws().columns
    again = bx.from_brms(model, fit.draws())
    assert_allclose(again.posterior_epred(resp="y"), fit.posterior_epred(resp="y"))


def test_a_fit_comes_back_from_a_file(tmp_path: Any) -> None:
    fit = given_fit(bx.mv("y ~ mi(x)", "x | mi(error) ~ h"), DATA)
    again = bx.load(fit.save(tmp_path / "fit.nc"))
    assert_allclose(again.log_lik(), fit.log_lik())
    assert again.model.data["x"].isna().sum() == GAPS.sum()


MALFORMED = [
    ("y ~ mi(x)", None, FormulaError, "mi(x) needs a formula of 'x'"),
    (bx.mv("y ~ mi(w)", "w ~ 1"), None, FormulaError, "doesn't say that values are missing"),
    (bx.mv("y ~ x", "x | mi() ~ 1"), None, FormulaError, "'x' has missing values"),
    (bx.mv("y ~ s(x)", "x | mi() ~ 1"), None, FormulaError, "'x' has missing values"),
    (bx.mv("y ~ mi(x)", "x | mi() ~ y + x"), None, FormulaError, "'x' has missing values"),
    (bx.mv("z | mi() ~ mi(x)", "x | mi() ~ mi(z)"), None, FormulaError, "predicted by itself"),
    (bx.mv("x | mi() ~ mi(x)", "y ~ 1"), None, FormulaError, "predicted by itself"),
    ("y ~ mi(x, z)", None, FormulaError, "mi() takes one column"),
    ("y ~ mi(log(x))", None, FormulaError, "mi() takes one column"),
    ("mi(y) ~ x", None, FormulaError, "a covariate with missing values"),
    ("log(w) | mi() ~ f", None, FormulaError, "A response with mi() is a column"),
    ("x | mi(error, w) ~ f", None, FormulaError, "mi() takes 0 or 1 arguments"),
    ("x | mi(w) ~ f", None, DataError, "must be positive"),
    ("x | mi() + cens(w) ~ f", None, FormulaError, "mi() can't be beside cens()"),
    ("x | mi() ~ ar(w, gr=g)", None, FormulaError, "mi() can't be with ar()"),
    ("count | mi() ~ f", "poisson", FormulaError, "not of 'poisson'"),
    (bx.mv("y ~ 1", "x ~ 1"), None, DataError, "'x | mi() ~ …'"),
    (bx.mv("y | subset(flag) ~ mi(x)", "x | mi() ~ 1"), None, FormulaError, "rows of their own"),
]


@pytest.mark.parametrize(
    ("formula", "family", "kind", "text"), MALFORMED, ids=range(len(MALFORMED))
)
def test_malformed(formula: Any, family: Any, kind: type[BayesmixError], text: str) -> None:
    with pytest.raises(kind) as error:
        bx.Model(formula, DATA.assign(w=DATA["w"] - 1), family)
    assert text in str(error.value)


@pytest.mark.slow
def test_recovery() -> None:
    """A quarter of a covariate missing at random, whose absence hangs on another."""
    rng = np.random.default_rng(4)
    z = rng.normal(size=400)
    x = 0.8 * z + rng.normal(size=400)
    y = 1 + 2 * x + rng.normal(size=400)
    data = pd.DataFrame({"x": np.where(rng.uniform(size=400) < 0.5 * (z > 0), np.nan, x)})
    data = data.assign(y=y, z=z)
    fit = bx.brm(bx.mv("y ~ mi(x)", "x | mi() ~ z"), data, random_seed=1, progressbar=False)
    table = fit.fixef()
    for name, value in {"y_Intercept": 1, "y_mi(x)": 2, "x_Intercept": 0, "x_z": 0.8}.items():
        row = table.loc[name]
        assert abs(row["Estimate"] - value) < 3 * row["Est.Error"]
