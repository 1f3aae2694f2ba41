"""Nonlinear formulas: what they say, their density, predictions, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import curve_fit
from scipy.special import expit, logit

import bayesmix as bx
from bayesmix.errors import EstimationError, FormulaError, PredictionError, PriorError
from bayesmix.formula.nonlinear import FUNCTIONS, evaluate
from bayesmix.formula.tree import names

from .support import draws_of, fit_of

RNG = np.random.default_rng(3)
N = 48
DATA = pd.DataFrame(
    {
        "t": np.tile(np.arange(1.0, 9.0), 6),
        "x": RNG.normal(size=N),
        "g": np.repeat(list("abcdef"), 8),
        "f": np.tile(["u", "v"], 24),
    }
)
DATA["y"] = 5 * (1 - np.exp(-0.4 * DATA["t"])) + RNG.normal(0, 0.3, N)
DATA["n"] = RNG.poisson(np.exp(1.5 * (1 - np.exp(-0.4 * DATA["t"]))))
FORMULA = bx.bf(
    "y ~ a * (1 - exp(-exp(k) * t))", a="1 + x + (1 | i | g)", k="1 + f + (1 | i | g)", nl=True
)
PRIORS = [bx.prior("normal(5, 2)", nlpar="a"), bx.prior("normal(-1, 1)", nlpar="k")]


def model(formula=FORMULA, family="gaussian", prior=PRIORS, data=DATA) -> bx.Model:
    return bx.Model(formula, data, family, prior)


def test_the_formula_is_told_which_names_have_formulas():
    term = FORMULA.mu.nonlinear
    assert term.parameters == ("a", "k")
    assert [c.name for c in term.columns] == ["t"]
    assert [n.name for n in names(term.expr)] == ["a", "k", "t"]
    later = bx.bf(bx.bf("y ~ a * t", nl=True), a="1")
    assert later.mu.nonlinear.parameters == ("a",)


def test_functions_are_those_of_scipy_and_numpy():
    x = np.array([0.2, 0.7])
    theirs = {"inv_logit": expit, "logit": logit, "atan": np.arctan, "min": np.minimum}
    theirs |= {"max": np.maximum, "pow": np.power}
    for name, (count, _) in FUNCTIONS.items():
        args = ", ".join(["x", "0.4"][:count])
        term = bx.bf(f"y ~ {name}({args})", nl=True).mu.nonlinear
        expected = theirs.get(name, getattr(np, name, None))(*[x, 0.4][:count])
        np.testing.assert_allclose(evaluate(term.expr, {"x": x}, np), expected, rtol=1e-14)


def test_likelihood_and_predictors_are_those_of_numpy_and_scipy():
    fit = fit_of(model(), draws=5)
    draws = draws_of(fit)
    level, v = pd.factorize(DATA["g"])[0], (DATA["f"] == "v").to_numpy()
    b_a, b_k, r = draws["b_a"], draws["b_k"], draws["r_g"]
    a = b_a[:, :1] + b_a[:, 1:] * DATA["x"].to_numpy() + r[:, level, 0]
    k = b_k[:, :1] + b_k[:, 1:] * v + r[:, level, 1]
    mu = a * (1 - np.exp(-np.exp(k) * DATA["t"].to_numpy()))
    expected = stats.norm(mu, draws["sigma"][:, None]).logpdf(DATA["y"])
    np.testing.assert_allclose(fit.log_lik(), expected, rtol=1e-10)
    np.testing.assert_allclose(fit.posterior_linpred(), mu, rtol=1e-10)
    np.testing.assert_allclose(fit.posterior_linpred(nlpar="a"), a, rtol=1e-10)
    np.testing.assert_allclose(fit.posterior_epred(dpar="k"), k, rtol=1e-10)


def test_priors_are_those_of_the_coefficients_as_they_are():
    fit = fit_of(model(), draws=5)
    other = model(prior=[bx.prior("normal(4, 1)", nlpar="a"), PRIORS[1]])
    change = fit_of(other, draws=5).log_density() - fit.log_density()
    b = draws_of(fit)["b_a"]
    expected = (stats.norm(4, 1).logpdf(b) - stats.norm(5, 2).logpdf(b)).sum(axis=1)
    np.testing.assert_allclose(change, expected, rtol=1e-9)


def test_new_rows_need_what_the_asked_parameter_reads():
    fit = fit_of(model())
    new = DATA.drop(columns=["y", "n"]).iloc[3:9]
    np.testing.assert_array_equal(fit.posterior_epred(new), fit.posterior_epred()[:, 3:9])
    of_a = fit.posterior_linpred(new[["x", "g"]], nlpar="a")
    np.testing.assert_array_equal(of_a, fit.posterior_linpred(nlpar="a")[:, 3:9])
    with pytest.raises(PredictionError, match="no column 't'"):
        fit.posterior_epred(new.drop(columns="t"))
    with pytest.raises(PredictionError, match="no column 'f'"):
        fit.posterior_epred(new.drop(columns="f"))
    average = fit.posterior_epred(new.drop(columns="g"), re_formula=bx.NA)
    np.testing.assert_allclose(average, fit.posterior_epred(new, clusters="average"))
    with pytest.raises(PredictionError, match="dpar= or nlpar="):
        fit.posterior_epred(dpar="a", nlpar="a")


def test_the_population_is_the_mean_over_many_new_clusters():
    fit = fit_of(model(), draws=2, chains=1)
    new = DATA[["t", "x", "f"]].iloc[[1, 4]]
    how = {"clusters": "new", "n_clusters": 40_000, "random_seed": 1}
    for method in (fit.posterior_epred, fit.posterior_linpred):
        many = method(new, sample_new_levels="gaussian", **how)
        np.testing.assert_allclose(method(new, clusters="population"), many, rtol=0.02)


def test_other_parameters_and_families_beside():
    formula = bx.bf("y ~ a * (1 - exp(-t))", a="1 + (1 | g)", sigma="varPower(mu)", nl=True)
    fit = fit_of(model(formula, prior=PRIORS[0]))
    mu, draws = fit.posterior_linpred().to_numpy(), draws_of(fit)
    log_sigma = draws["b_sigma"] + draws["power_sigma_mu"][:, None] * np.log(np.abs(mu))
    np.testing.assert_allclose(fit.posterior_linpred(dpar="sigma"), log_sigma, rtol=1e-10)
    counts = bx.bf("n ~ a * (1 - exp(-t))", a="1 + (1 | g)", nl=True)
    fit = fit_of(model(counts, "poisson", PRIORS[0]))
    np.testing.assert_allclose(fit.posterior_epred(), np.exp(fit.posterior_linpred()), rtol=1e-12)


def test_saved_updated_and_compared(tmp_path: Path):
    fit = fit_of(model())
    fit.save(tmp_path / "fit.bmx")
    again = bx.load(tmp_path / "fit.bmx")
    assert again.model.spec.formula == FORMULA
    np.testing.assert_array_equal(again.posterior_epred(), fit.posterior_epred())
    some = fit.model.on_rows(range(24))
    assert len(some.spec.design.predictors[-1].expression.columns["t"]) == 24
    assert set(fit.conditional_effects()) >= {"t", "x"}


@pytest.mark.filterwarnings("ignore::bayesmix.errors.ConvergenceWarning")
def test_a_fit_finds_what_made_the_data():
    formula = bx.bf("y ~ a * (1 - exp(-exp(k) * t))", a="1", k="1", nl=True)
    fit = model(formula).fit(draws=300, tune=300, chains=2, random_seed=1, progressbar=False)
    found, _ = curve_fit(
        lambda t, a, k: a * (1 - np.exp(-np.exp(k) * t)), DATA["t"], DATA["y"], [5.0, -1.0]
    )
    np.testing.assert_allclose(fit.fixef()["Estimate"].astype(float), found, atol=0.05)
    prior = model(formula).sample_prior(draws=2000, random_seed=1)
    assert abs(float(prior["prior"]["b_a"].mean()) - 5) < 0.2


def test_the_equation():
    text = str(model().equation())
    assert "μ[i] = a[i] (1 - exp(-exp(k[i]) t[i]))" in text
    assert "a[i] = β₀[a] + β₁[a] x[i] + u₀[g[i]]" in text
    formula = bx.bf("y ~ (a - 1) / (2 * t) ** pow(a, 2)", a="1", nl=True)
    equation = model(formula, prior=PRIORS[0]).equation()
    assert "μ[i] = (a[i] - 1) / (2 t[i])^(a[i]^2)" in str(equation)
    assert r"\frac{a_{i} - 1}{" in equation.latex


REFUSED = [
    ("y ~ a * exp(-k * t)", {"a": "1"}, "neither a column nor a parameter", "k"),
    ("y ~ a * exp(-a * tt)", {"a": "1"}, "Did you mean 't'?", "tt"),
    ("y ~ a * t", {"a": "1", "b": "1"}, "'b' has a formula, but isn't in", "a * t"),
    ("y ~ x * t", {}, "no nonlinear parameter", "x * t"),
    ("y ~ a * sigma", {"a": "1"}, "parameter of family 'gaussian'", "sigma"),
    ("y ~ a * f", {"a": "1"}, "must be numeric here", "f"),
    ("y ~ a * expp(t)", {"a": "1"}, "Did you mean 'exp'", "expp"),
    ("y ~ a * eval(t)", {"a": "1"}, "no function 'eval'", "eval"),
    ("y ~ a * t.real", {"a": "1"}, "'t.real' is neither", "t.real"),
    ("y ~ a * __import__(t)", {"a": "1"}, "attributes can't be reached", "__import__"),
    ("y ~ a * exp(t, 2)", {"a": "1"}, "exp() takes one argument", "exp(t, 2)"),
    ("y ~ a * pow(t, y=2)", {"a": "1"}, "pow() takes 2 arguments", "pow(t, y=2)"),
    ("y ~ a * (t < 3)", {"a": "1"}, "don't compare", "t < 3"),
    ("y ~ a * 'x'", {"a": "1"}, "made of numbers", "'x'"),
    ("y ~ a * [1]", {"a": "1"}, "no lists", "[1]"),
    ("y ~ a * t + (1 | g)", {"a": "1"}, "can't stand inside", "|"),
    ("y ~ a +", {"a": "1"}, "ends where", None),
    ("y ~ cs1 * t", {"cs1": "1"}, "can't name", None),
]


@pytest.mark.parametrize(("text", "parts", "message", "place"), REFUSED)
def test_what_is_refused(text, parts, message, place):
    with pytest.raises(FormulaError) as caught:
        model(bx.bf(text, nl=True, **parts), prior=())
    assert message in str(caught.value)
    if place is not None:
        start, end = caught.value.span
        assert caught.value.source[start:end] == place


def test_parameters_need_priors():
    with pytest.raises(PriorError, match="nonlinear parameter 'k'"):
        model(prior=PRIORS[0])
    with pytest.raises(PriorError, match="'k'"):
        bx.Model(FORMULA, DATA, prior=PRIORS[0], default_priors="autoscale")
    only = [PRIORS[0], bx.prior("normal(0, 1)", nlpar="k", coef="Intercept")]
    with pytest.raises(PriorError, match="'k'"):
        model(prior=only)
    with pytest.raises(PriorError, match="dpar= or nlpar="):
        bx.prior("normal(0, 1)", nlpar="k", dpar="sigma")


def test_what_others_can_not_do_with_it():
    with pytest.raises(PredictionError, match="isn't a sum of variances"):
        fit_of(model()).icc()
    with pytest.raises(EstimationError, match="function of 'a', 'k'"):
        model().optimize()
    with pytest.raises(FormulaError, match="main predictors"):
        model(bx.bf("f ~ a * t", a="1", nl=True), "categorical", PRIORS[0])
