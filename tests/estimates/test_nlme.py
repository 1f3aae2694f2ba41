"""Estimates equal those of lme4 and nlme."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import bayesmix as bx
from bayesmix.estimates import PointFit

HERE = Path(__file__).parent.parent
FOUND = json.loads((HERE / "reference" / "lme4_nlme_estimates.json").read_text())

MIXED = {
    "sleepstudy": "Reaction ~ 1 + Days + (1 + Days | Subject)",
    "sleepstudy_ML": "Reaction ~ 1 + Days + (1 + Days | Subject)",
    "gpa": "gpa ~ occasion + (occasion | student)",
    "pupils_1": "achievement ~ ses3 + (ses3 | primary_school_id)",
    "pupils_2": "achievement ~ ses3 + (0 + ses3 | primary_school_id)",
    "pupils_3": "achievement ~ ses3 + (1 | primary_school_id/ses3)",
    "machines": "score ~ Machine + (0 + Machine | Worker)",
    "penicillin": "diameter ~ 1 + (1 | plate) + (1 | sample)",
    "pastes": "strength ~ 1 + (1 | batch/cask)",
    "dll": "SCT ~ genotype * temp30 + (genotype | line)",
}
GROUPS = {"cask:batch": "batch:cask", "primary_school_id:ses3": "primary_school_id:ses3"}
SINGULAR = ("pupils_1", "pupils_2")
"""lme4 stops a little before the edge, at likelihoods that are smaller by 3e-6 and 5e-8."""

LETTERS = str.maketrans("", "", "()[]")


def data(name: str) -> pd.DataFrame:
    found = bx.load_dataset(name.split("_")[0])
    if name == "dll":
        found = found.dropna(subset=["SCT"])
        found["temp30"] = (found["temp"].astype(float) == 30).astype(float)
    return found


def estimated(name: str) -> PointFit:
    return bx.Model(MIXED[name], data(name)).optimize("reml" if FOUND[name]["REML"] else "ml")


@pytest.mark.parametrize("name", MIXED)
def test_mixed_models_are_those_of_lme4(name: str) -> None:
    fit, found = estimated(name), FOUND[name]
    assert fit.converged
    assert abs(fit.loglik - found["logLik"]) < 1e-5
    assert abs(fit.aic - found["AIC"]) < 1e-4
    close = 2e-3 if name in SINGULAR else 1e-4
    fixef = fit.fixef()
    assert_allclose(fixef["Estimate"], list(found["fixef"].values()), rtol=close)
    assert_allclose(fixef["Est.Error"], list(found["se"].values()), rtol=close)
    for row in found["varcorr"]:
        assert_allclose(
            of_lme4(fit, row), row["sdcor"], rtol=close, atol=5e-4 if name in SINGULAR else 5e-5
        )


def of_lme4(fit: PointFit, row: dict) -> float:
    """Our estimate of a standard deviation or correlation."""
    if row["grp"] == "Residual":
        return fit.further().loc["sigma", "Estimate"]
    group = fit.varcorr()[GROUPS.get(row["grp"], row["grp"])]
    sds = {name.translate(LETTERS): v for name, v in group.sd["Estimate"].items()}
    ours = [row[v].translate(LETTERS) for v in ("var1", "var2") if v in row]
    if len(ours) == 1:
        return sds[ours[0]]
    cor = group.cor["Estimate"]
    names = {name.translate(LETTERS): name for name in group.sd.index}
    return cor[names[ours[0]], names[ours[1]]]


def test_singular_estimates_are_told() -> None:
    (told,) = estimated("pupils_1").boundary
    assert "primary_school_id" in told and "singular" in told


def test_a_binomial_model_is_that_of_lme4() -> None:
    """lme4's inner search stops early: its likelihood is 0.0003 smaller."""
    cbpp = bx.load_dataset("cbpp")
    model = bx.Model("incidence | trials(size) ~ period + (1 | herd)", cbpp, "binomial")
    fit, found = model.optimize(), FOUND["cbpp"]
    assert fit.method == "laplace" and fit.converged
    assert_allclose(fit.loglik, found["logLik"], rtol=1e-5)
    assert fit.loglik > found["logLik"]
    assert_allclose(fit.fixef()["Estimate"], list(found["fixef"].values()), rtol=5e-4)
    assert_allclose(fit.varcorr()["herd"].sd["Estimate"], 0.64206993, rtol=5e-4)


EXACT = {
    "cbpp": (
        "incidence | trials(size) ~ period + (1 | herd)",
        "binomial",
        -92.0262818715,
        [-1.398532110, -0.992332797, -1.128672133, -1.580313951],
        [0.2324718, 0.3066422, 0.3266376, 0.4274362],
        0.642261426,
    ),
    "epilepsy": (
        "count ~ zAge + zBase * Trt + (1 | patient)",
        "poisson",
        -672.791434798,
        [1.7764290462, 0.0936860896, 0.7006382291, -0.2628935888, 0.0483350252],
        [0.1102627, 0.0804230, 0.1107402, 0.1544623, 0.1508962],
        0.533797297,
    ),
}
"""Of lme4 1.1 with bobyqa, rhoend = 1e-9 and tolPwrss = 1e-12: likelihood, coefficients, their
errors, standard deviation of the group."""


@pytest.mark.parametrize("name", EXACT)
def test_laplace_is_that_of_lme4_told_to_be_exact(name: str) -> None:
    formula, family, loglik, coefs, errors, sd = EXACT[name]
    fit = bx.Model(formula, bx.load_dataset(name), family).optimize()
    assert_allclose(fit.loglik, loglik, rtol=1e-9)
    assert_allclose(fit.fixef()["Estimate"], coefs, rtol=5e-5)
    assert_allclose(fit.fixef()["Est.Error"], errors, rtol=1e-4)
    (group,) = fit.varcorr().values()
    assert_allclose(group.sd["Estimate"], sd, rtol=1e-5)


SQUID = {
    "none": "1",
    "varFixed": "1 + offset(0.5 * log(DML))",
    "varIdent": "0 + C(MONTH)",
    "varPower": "1 + log(DML)",
    "varExp": "1 + DML",
}


@pytest.mark.parametrize("function", SQUID)
def test_variance_functions_are_those_of_nlme(function: str) -> None:
    formula = bx.bf("Testisweight ~ DML * C(MONTH)", sigma=SQUID[function])
    fit = bx.Model(formula, bx.load_dataset("squid")).optimize("reml")
    found = FOUND["squid"][function]
    assert fit.converged and abs(fit.loglik - found["logLik"]) < 1e-4
    fixef = fit.fixef()["Estimate"]
    mean, scale = fixef[: len(found["coef"])], fixef[len(found["coef"]) :].to_numpy()
    assert_allclose(mean, list(found["coef"].values()), rtol=2e-4, atol=2e-5)
    if function == "varIdent":
        ratios = {f"{m}": np.exp(s - scale[1]) for m, s in enumerate(scale, 1)}
        expected = found["weights"]
        assert_allclose([ratios[m] for m in expected], list(expected.values()), rtol=1e-3)
    elif found["weights"]:
        assert_allclose(scale[1], list(found["weights"].values()), rtol=1e-4)


def test_a_constant_and_a_power_are_those_of_nlme() -> None:
    """With the start near there; with its own nlme ends at a constant of 0.9, 0.78 lower."""
    formula = bx.bf("Testisweight ~ DML * C(MONTH)", sigma="1 + varConstPower(DML)")
    fit = bx.Model(formula, bx.load_dataset("squid")).optimize("reml")
    found = json.loads((HERE / "estimates" / "estimates.json").read_text())["squid_constpower"]
    assert fit.converged and abs(fit.loglik - found["logLik"]) < 1e-5
    assert fit.loglik > FOUND["squid"]["varConstPower"]["logLik"]
    further = fit.further()["Estimate"]
    found = found["weights"]
    assert_allclose(further["const_sigma_DML"], found[0], rtol=1e-3)
    assert_allclose(further["power_sigma_DML"], found[1], rtol=1e-4)


def mares() -> pd.DataFrame:
    found = pd.read_csv(HERE / "estimates" / "ovary.csv")
    return found.assign(scan=found.groupby("Mare").cumcount(), turn=2 * np.pi * found["Time"])


def test_autocorrelation_within_mares_is_that_of_nlme() -> None:
    """Ovary of nlme (Pierson and Ginther 1987), whose sigma is that of residuals, not of steps."""
    formula = "follicles ~ sin(turn) + cos(turn) + ar(scan, gr=Mare, cov=True)"
    fit, found = bx.Model(formula, mares()).optimize("reml"), FOUND["ovary_ar1"]
    assert fit.converged and abs(fit.loglik + 780.727255) < 1e-5
    assert_allclose(fit.fixef()["Estimate"], list(found["coef"].values()), rtol=1e-4)
    phi, sigma = fit.further()["Estimate"]
    assert_allclose(phi, found["phi"], rtol=1e-4)
    assert_allclose(sigma / np.sqrt(1 - phi**2), found["sigma"], rtol=1e-4)


SERIES = {
    "ovary": "(sin(turn) || Mare) + ar(scan, gr=Mare, cov=True)",
    "ovary_arma11": "(sin(turn) || Mare) + arma(scan, gr=Mare, cov=True)",
    "ovary_ar2": "ar(scan, gr=Mare, p=2, cov=True)",
    "ovary_ma2": "ma(scan, gr=Mare, q=2, cov=True)",
    "ovary_arma21": "arma(scan, gr=Mare, p=2, q=1, cov=True)",
}


@pytest.mark.parametrize("name", SERIES)
def test_series_of_any_order_are_those_of_nlme(name: str) -> None:
    """Pinheiro and Bates (2000), section 5.3.4, has the first and the second of these."""
    found = json.loads((HERE / "estimates" / "estimates.json").read_text())[name]
    fit = bx.Model(f"follicles ~ sin(turn) + cos(turn) + {SERIES[name]}", mares())
    fit = fit.optimize("reml")
    assert fit.converged and abs(fit.loglik - found["logLik"]) < 1e-6
    assert_allclose(fit.fixef()["Estimate"], found["coef"], rtol=1e-5)
    assert_allclose(fit.further()["Estimate"].iloc[:-1], np.atleast_1d(found["cor"]), rtol=5e-5)
    if found["sd"]:
        assert_allclose(fit.varcorr()["Mare"].sd["Estimate"], found["sd"][:2], rtol=1e-4)


def test_an_autoregression_of_two_steps_is_that_of_nlme() -> None:
    """``corARMA(form = ~ Year, p = 2)``, which knows that some years are missing."""
    fit, found = (
        hawaii(" + ar(Year, p=2, cov=True, gaps=True)").optimize("reml"),
        FOUND["hawaii"]["arma20"],
    )
    assert fit.converged and abs(fit.loglik - found["logLik"]) < 1e-5
    assert_allclose(fit.fixef()["Estimate"], list(found["coef"].values()), rtol=2e-4)
    assert_allclose(fit.further()["Estimate"][:2], list(found["cor"].values()), rtol=2e-4)


def test_correlations_of_pairs_of_times_are_those_of_nlme() -> None:
    """``gls(Reaction ~ Days, correlation = corSymm(form = ~ Days + 1 | Subject))`` by REML."""
    sleep = bx.load_dataset("sleepstudy")
    fit = bx.Model("Reaction ~ Days + unstr(Days, gr=Subject)", sleep[sleep["Days"] < 4])
    fit = fit.optimize("reml")
    assert fit.converged and abs(fit.loglik + 323.50143) < 1e-5
    assert_allclose(fit.fixef()["Estimate"], [251.87279, 10.071755], rtol=1e-4)
    further = fit.further()["Estimate"]
    # nlme counts the pairs by the earlier time.
    expected = {"0__1": 0.75159, "0__2": 0.43117, "0__3": 0.44460, "1__2": 0.73821,
                "1__3": 0.71932, "2__3": 0.81687}  # fmt: skip
    found = [further[f"cortime[{pair}]"] for pair in expected]
    assert_allclose(found, list(expected.values()), atol=1e-4)
    assert_allclose(further["sigma"], 33.618273, rtol=1e-4)


def hawaii(residuals: str) -> bx.Model:
    birds = bx.load_dataset("hawaii").dropna(subset=["Moorhen.Kauai", "Rainfall"])
    birds = birds.assign(Birds=np.sqrt(birds["Moorhen.Kauai"]))
    return bx.Model(f"Birds ~ Rainfall + Year{residuals}", birds)


@pytest.mark.parametrize(("structure", "term"), [("none", ""), ("ar1", " + car1(Year)")])
def test_residual_correlations_are_those_of_nlme(structure: str, term: str) -> None:
    """Some years are missing, and nlme's corAR1 knows how many."""
    fit, found = hawaii(term).optimize("reml"), FOUND["hawaii"][structure]
    assert fit.converged and abs(fit.loglik - found["logLik"]) < 1e-5
    assert_allclose(fit.fixef()["Estimate"], list(found["coef"].values()), rtol=2e-4)
    further = fit.further()["Estimate"]
    assert_allclose(further["sigma"], found["sigma"], rtol=1e-4)
    if term:
        assert_allclose(further["car1"], found["cor"]["Phi1"], rtol=1e-4)


def test_what_the_data_say_nothing_about_is_told() -> None:
    """Of one group the common part of residuals can't be told from the intercept."""
    with pytest.warns(bx.ConvergenceWarning, match="say too little"):
        fit = hawaii(" + cosy(Year)").optimize("reml")
    assert not fit.converged and "hasn't settled" in repr(fit)
    assert abs(fit.loglik - FOUND["hawaii"]["compound_symmetry"]["logLik"]) < 1e-5
