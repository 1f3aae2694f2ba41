"""Models of mixtures: order, priors, PyMC and the engine, what a fit answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import special, stats

import bayesmix as bx
from bayesmix.engine import compile_fused
from bayesmix.errors import EstimationError, FormulaError, PredictionError, PriorError

from .support import draws_of, fit_of, frame

DATA = frame(40)
TWO, FREE = bx.mixture("gaussian", nmix=2), bx.mixture("gaussian", nmix=2, order="none")
PROPER = bx.prior("normal(0, 1)", "b", dpar="mu1"), bx.prior("normal(0, 1)", "b", dpar="mu2")


def test_draws_whose_intercepts_decrease_have_no_density() -> None:
    fit = fit_of(bx.Model("y ~ x", DATA, TWO))
    d = draws_of(fit)
    first, second = (d[f"b_mu{k}"] @ [1, DATA["x"].mean()] for k in (1, 2))
    assert_allclose(np.isfinite(fit.log_density()), first < second)
    free = fit_of(bx.Model("y ~ x", DATA, FREE))
    assert np.isfinite(free.log_density()).all()
    ordered = first < second
    assert_allclose(fit.log_density()[ordered], free.log_density()[ordered])


def test_log_density_by_hand() -> None:
    priors = [*PROPER, bx.prior("normal(1, 2)", "Intercept", dpar="mu1")]
    priors += [bx.prior("normal(2, 3)", "Intercept", dpar="mu2"), bx.prior("dirichlet(2)", "theta")]
    priors += [bx.prior(f"gamma(2, {k})", f"sigma{k}") for k in (1, 2)]
    fit = fit_of(bx.Model("y ~ x", DATA, FREE, priors))
    d, x, y = draws_of(fit), DATA["x"].to_numpy(), DATA["y"].to_numpy()
    parts, expected = [], stats.beta(2, 2).logpdf(d["theta"][:, 0])
    for k, (m, s) in enumerate([(1, 2), (2, 3)], 1):
        b, sigma = d[f"b_mu{k}"], d[f"sigma{k}"]
        mu = b[:, :1] + b[:, 1:] * x
        log_share = np.log(d["theta"][:, k - 1])[:, None]
        parts.append(log_share + stats.norm(mu, sigma[:, None]).logpdf(y))
        expected += stats.norm(m, s).logpdf(b[:, 0] + b[:, 1] * x.mean())
        expected += stats.norm(0, 1).logpdf(b[:, 1]) + stats.gamma(2, scale=1 / k).logpdf(sigma)
    assert_allclose(fit.log_lik().to_numpy(), np.logaddexp(*parts), rtol=1e-10)
    expected += np.logaddexp(*parts).sum(axis=1)
    assert_allclose(fit.log_density(), expected, rtol=1e-10)


def test_the_intercepts_of_prior_draws_increase() -> None:
    for priors in ((), bx.prior("normal(1, 2)", "Intercept", dpar="mu2")):
        given = [*PROPER, *([priors] if priors else [])]
        drawn = bx.Model("y ~ x", DATA, TWO, given).sample_prior(200, random_seed=1)["prior"]
        mean = [1.0, DATA["x"].mean()]
        first, second = (drawn[f"b_mu{k}"].to_numpy()[0] @ mean for k in (1, 2))
        assert (first < second).all()


def test_an_order_needs_intercepts_that_move() -> None:
    with pytest.raises(FormulaError, match="'mu2' has none") as error:
        bx.Model(bx.bf("y ~ x", mu2="0 + x"), DATA, TWO)
    assert "order" in str(error.value)
    assert bx.Model(bx.bf("y ~ x", mu2="0 + x"), DATA, FREE)
    for prior in (
        bx.prior("constant(1)", "Intercept", dpar="mu1"),
        bx.prior("normal(0, 1)", "Intercept", dpar="mu1", lb=0),
    ):
        with pytest.raises(PriorError, match="can't be a constant or have bounds"):
            bx.Model("y ~ x", DATA, TWO, prior)


def test_default_priors_are_those_of_the_components() -> None:
    """As brms has them for a Gamma and a normal distribution of the same response."""
    data = pd.DataFrame({"y": np.exp([0.5, 1.0, 2.0, 3.5, 4.0]), "x": [0.0, 1.0, 3.0, 2.0, 5.0]})
    model = bx.Model("y ~ x", data, bx.mixture("gaussian", bx.family("Gamma", link="log")))
    found = {(r["class"], r["dpar"]): r["prior"] for _, r in model.priors.iterrows()}
    assert found["Intercept", "mu2"] == "student_t(3, 2, 2.5)"
    assert found["Intercept", "mu1"].startswith("student_t(3, 7.4, ")
    assert found["shape2", ""] == "gamma(0.01, 0.01)" and found["theta", ""] == "dirichlet(1)"


def test_autoscaled_priors_are_in_the_units_of_each_component() -> None:
    own = bx.Model("y ~ x", DATA, default_priors="autoscale").priors
    both = bx.Model("y ~ x", DATA, FREE, default_priors="autoscale").priors
    of = {(r["class"], r["coef"]): r["prior"] for _, r in own.iterrows()}
    for k in (1, 2):
        rows = both[both["dpar"] == f"mu{k}"]
        assert {
            (r["class"], r["coef"]): r["prior"] for _, r in rows.iterrows()
        }.items() <= of.items()
        assert both.loc[both["class"] == f"sigma{k}", "prior"].item() == of["sigma", ""]


def test_the_engine_takes_mixtures() -> None:
    for formula, family in (
        ("y ~ x", TWO),
        ("y ~ x", FREE),
        (bx.bf("y ~ x + (1 | g)", theta2="x"), FREE),
        ("count ~ x", bx.mixture("poisson", "negbinomial")),
        ("hits | trials(tries) ~ x", bx.mixture("binomial", "beta_binomial")),
        ("y | cens(h) ~ x", FREE),
    ):
        data = DATA.assign(h=DATA["h"].map({"u": "none", "v": "right"}))
        assert compile_fused(bx.Model(formula, data, family).spec).n_dim > 0


def test_what_a_fit_answers() -> None:
    fit = fit_of(bx.Model(bx.bf("y ~ x", mu2="x + (1 | g)", theta2="f"), DATA, FREE))
    new = DATA.head(5)
    of = fit.pp_mixture(new)
    assert of.dims == ("sample", "obs", "component") and of["component"].values.tolist() == [1, 2]
    assert_allclose(of.sum("component"), 1.0)
    linpred = fit.posterior_linpred(new)
    theta = fit.posterior_linpred(new, dpar="theta2").to_numpy()
    share = special.expit(theta)
    expected = (1 - share) * linpred.sel(component=1) + share * linpred.sel(component=2)
    assert_allclose(fit.posterior_epred(new), expected)
    sds = [fit.posterior_epred(new, dpar=f"sigma{k}").to_numpy() for k in (1, 2)]
    mus = [linpred.sel(component=k).to_numpy() for k in (1, 2)]
    laws = [stats.norm(m, s) for m, s in zip(mus, sds, strict=True)]
    ratio = laws[1].logpdf(new["y"]) - laws[0].logpdf(new["y"])
    assert_allclose(of.sel(component=2), special.expit(theta + ratio), rtol=1e-9)
    table = fit.memberships(new)
    assert_allclose(table["Estimate"].to_numpy().reshape(5, 2), of.mean("sample"))
    assert fit.posterior_predict(new, random_seed=1).shape == (40, 5)
    average = fit.posterior_epred(new, re_formula=bx.NA)
    integrated = fit.posterior_epred(new, clusters="average")
    assert_allclose(integrated, average, rtol=1e-9)
    assert fit.memberships(new, re_formula=bx.NA).shape == (10, 4)
    assert np.isfinite(fit.residuals().to_numpy()).all()


def test_a_mixture_has_no_largest_likelihood() -> None:
    model = bx.Model(bx.bf("y ~ x", theta2="x"), DATA, FREE)
    with pytest.raises(EstimationError, match="many peaks"):
        model.optimize()


def test_other_families_have_no_components() -> None:
    with pytest.raises(PredictionError, match="no mixture"):
        fit_of(bx.Model("y ~ x", DATA)).pp_mixture()


def test_a_fit_is_saved_and_loaded(tmp_path: Path) -> None:
    family = bx.mixture(bx.family("gaussian", link_sigma="identity"), "student", order="mu")
    formula = bx.bf("y ~ x", sigma1="1", theta2="x")
    fit = fit_of(bx.Model(formula, DATA, family))
    fit.save(tmp_path / "fit.nc")
    again = bx.load(tmp_path / "fit.nc")
    assert again.model.spec.family == fit.model.spec.family
    assert_allclose(again.log_lik(), fit.log_lik())


def test_an_equation_names_the_components() -> None:
    made = bx.Model(bx.bf("y ~ x", theta2="f"), DATA, bx.mixture("gaussian", "student")).equation()
    text = str(made)
    assert "p₁[i] Normal(μ₁[i], σ₁) + p₂[i] StudentT(μ₂[i], σ₂, ν₂)" in text
    assert "(p₁[i], p₂[i]) = softmax(0, θ₂[i])" in text
    assert r"\mathrm{softmax}\left(0, \theta_{2, i}\right)" in made.latex
    assert "θ₁ Normal(μ₁[i], σ₁)" in str(bx.Model("y ~ x", DATA, TWO).equation())
    fixed = bx.Model(bx.bf("y ~ x", theta1=1, theta2=3), DATA, TWO).equation()
    assert "0.25 Normal(μ₁[i], σ₁) + 0.75 Normal" in str(fixed)


@pytest.mark.slow
def test_components_are_found_again() -> None:
    rng = np.random.default_rng(5)
    x, second = rng.normal(size=300), rng.random(300) < 0.35
    y = np.where(second, rng.normal(4 - x, 0.8), rng.normal(0.5 * x, 0.5))
    told = (bx.prior(f"normal({m}, 1)", "Intercept", dpar=f"mu{k}") for k, m in ((1, 0), (2, 4)))
    given = {"y": y, "x": x}, TWO, [*PROPER, *told]
    fit = bx.brm("y ~ x", *given, chains=2, random_seed=2, progressbar=False)
    truth = {"mu1_Intercept": 0, "mu1_x": 0.5, "mu2_Intercept": 4, "mu2_x": -1}
    truth |= {"sigma1": 0.5, "sigma2": 0.8, "theta[1]": 0.65}
    table = fit.summary().droplevel("part")
    for name, value in truth.items():
        row = table.loc[name]
        assert abs(row["Estimate"] - value) < 4 * row["Est.Error"] and row["Rhat"] < 1.02
    right = fit.pp_mixture().mean("sample").argmax("component").to_numpy() == second
    assert right.mean() > 0.97
