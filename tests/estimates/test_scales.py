"""Scales that are functions of the fitted mean: estimates of nlme, and of the whole density."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, optimize, stats

import bayesmix as bx
from bayesmix.errors import EstimationError
from bayesmix.estimates.likelihood import likelihood, of_all

FOUND = json.loads((Path(__file__).parent / "estimates.json").read_text())
CASES = {
    "gls_power": ("", "varPower", "reml"),
    "gls_power_ml": ("", "varPower", "ml"),
    "gls_exp": ("", "varExp", "reml"),
    "lme_power": (" + (1 | Subject)", "varPower", "reml"),
    "lme_power_ml": (" + (1 | Subject)", "varPower", "ml"),
}


@pytest.mark.parametrize("name", CASES)
def test_estimates_are_those_of_nlme(name: str) -> None:
    groups, function, method = CASES[name]
    formula = bx.bf(f"Reaction ~ Days{groups}", sigma=f"1 + {function}(mu)")
    fit, found = bx.Model(formula, bx.load_dataset("sleepstudy")).optimize(method), FOUND[name]
    assert fit.converged and abs(fit.loglik - found["logLik"]) < 1e-6
    assert "held in the scale" in repr(fit)
    fixef = fit.fixef()["Estimate"]
    assert_allclose(fixef.iloc[:2], found["coef"], rtol=1e-6)
    assert_allclose(np.exp(fixef.iloc[2]), found["sigma"], rtol=2e-4)
    assert_allclose(fit.further()["Estimate"].iloc[0], found["weights"], rtol=1e-5)
    if groups:
        assert_allclose(fit.varcorr()["Subject"].sd["Estimate"], found["sd"][:1], rtol=1e-5)


def test_by_default_scales_follow_the_mean() -> None:
    """The largest value of the density itself, which nlme's is a little below."""
    sleep = bx.load_dataset("sleepstudy")
    fit = bx.Model(bx.bf("Reaction ~ Days", sigma="1 + varPower(mu)"), sleep).optimize()

    def loss(p: np.ndarray) -> float:
        mean = 250 + 10 * p[0] + (10 + p[1]) * sleep["Days"]
        scale = np.exp(p[2] + p[3] * np.log(mean / 300))
        return -stats.norm(mean, scale).logpdf(sleep["Reaction"]).sum()

    best = optimize.minimize(loss, [0.0, 0.0, 4.0, 2.0], method="BFGS", options={"gtol": 1e-6})
    assert fit.method == "laplace" and fit.converged
    assert_allclose(fit.loglik, -best.fun, rtol=1e-9)
    assert fit.loglik > FOUND["gls_power_ml"]["logLik"]
    found = [250 + 10 * best.x[0], 10 + best.x[1]]
    assert_allclose(fit.fixef()["Estimate"].iloc[:2], found, rtol=1e-5)
    assert_allclose(fit.further()["Estimate"], best.x[3], rtol=1e-4)


def test_effects_in_mean_and_scale_are_nearly_integrated_out() -> None:
    """Laplace's approximation of 18 integrals, where the search starts."""
    sleep = bx.load_dataset("sleepstudy")
    formula = bx.bf("Reaction ~ Days + (1 | Subject)", sigma="1 + varPower(mu)")
    made = likelihood(bx.Model(formula, sleep).spec, "laplace")
    made, x = of_all(made, made.unknowns.start)
    values, exact = made.unknowns.values(x), 0.0
    b, (intercept,) = values["b"][0], values["b_sigma"][0]
    power, sd = values["power_sigma_mu"][0], values["sd_Subject"][0, 0]
    for _, rows in sleep.groupby("Subject"):

        def density(u: float, rows: pd.DataFrame = rows) -> float:
            mean = b[0] + b[1] * rows["Days"] + u
            logp = stats.norm(mean, np.exp(intercept + power * np.log(mean)))
            return np.exp(logp.logpdf(rows["Reaction"]).sum()) * stats.norm(0, sd).pdf(u)

        exact += np.log(integrate.quad(density, -200, 250, limit=200, epsrel=1e-9)[0])
    assert abs(made(x) - exact) < 0.1


def test_correlated_rows_have_no_such_likelihood() -> None:
    formula = bx.bf("Reaction ~ Days + cosy(gr=Subject)", sigma="1 + varPower(mu)")
    model = bx.Model(formula, bx.load_dataset("sleepstudy"))
    with pytest.raises(EstimationError, match="'ml' and 'reml' take them"):
        model.optimize("laplace")
