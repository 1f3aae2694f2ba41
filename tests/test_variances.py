"""Variance functions: each spelling of the docs is its formula, and has nlme's likelihoods."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.build import build_spec
from bayesmix.engine.coverage import uncovered
from bayesmix.errors import DataError, FormulaError, PredictionError, PriorError
from bayesmix.fit import Fit
from bayesmix.randomness import seed_sequence
from bayesmix.sampling import draw_prior

from .support import fit_of, frame, given_fit

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs" / "variance_structures.md"
NLME = json.loads((HERE / "reference" / "lme4_nlme_estimates.json").read_text())
OF_MEAN = json.loads((HERE / "design" / "nlme" / "variances.json").read_text())

DATA = frame()
X, F = DATA["x"].to_numpy(), DATA["f"].cat.codes.to_numpy()
B, S, POWER, CONST = np.array([1.0, 0.4]), -0.3, 0.7, 0.2
OF_F = np.array([-0.5, 0.1, 0.4])
MU = B[0] + B[1] * X
TABLE = {
    "1 + offset(0.5 * log(x))": (np.exp(S) * np.sqrt(X), {"b_sigma": [S]}),
    "0 + f": (np.exp(OF_F[F]), {"b_sigma": OF_F}),
    "1 + log(x)": (np.exp(S) * X**POWER, {"b_sigma": [S, POWER]}),
    "1 + log(x):f": (np.exp(S) * X ** OF_F[F], {"b_sigma": [S, *OF_F]}),
    "1 + varPower(mu)": (
        np.exp(S) * np.abs(MU) ** POWER, {"b_sigma": [S], "power_sigma_mu": POWER}),
    "1 + varPower(mu, by=f)": (
        np.exp(S) * np.abs(MU) ** OF_F[F], {"b_sigma": [S], "power_sigma_mu": OF_F}),
    "1 + x": (np.exp(S + POWER * X), {"b_sigma": [S, POWER]}),
    "1 + varExp(mu)": (np.exp(S + POWER * MU), {"b_sigma": [S], "expon_sigma_mu": POWER}),
    "1 + varConstPower(x)": (
        np.exp(S) * (CONST + X**POWER),
        {"b_sigma": [S], "const_sigma_x": CONST, "power_sigma_x": POWER}),
    "1 + varConstPower(x, by=f)": (
        np.exp(S) * (np.exp(OF_F)[F] + X ** OF_F[F]),
        {"b_sigma": [S], "const_sigma_x": np.exp(OF_F), "power_sigma_x": OF_F}),
    "1 + varConstPower(mu)": (
        np.exp(S) * (CONST + np.abs(MU) ** POWER),
        {"b_sigma": [S], "const_sigma_mu": CONST, "power_sigma_mu": POWER}),
    "0 + f + varPower(mu)": (
        np.exp(OF_F[F]) * np.abs(MU) ** POWER, {"b_sigma": OF_F, "power_sigma_mu": POWER}),
}  # fmt: skip
"""The standard deviations of the rows, and the parameters that make them."""


def one_draw(formula: object, data: pd.DataFrame, family: str = "gaussian", **given: object) -> Fit:
    """A fit of a single draw."""
    values = {name: np.asarray(v, float)[None, None] for name, v in given.items()}
    return fit_of(bx.Model(formula, data, family), 1, 1, **values)


def spellings() -> list[str]:
    """What stands in the table of the docs, in our column."""
    rows = [r for r in DOCS.read_text().splitlines() if r.startswith("| `var")]
    return [re.split(r"(?<!\\)\|", row)[3].strip().strip("`").replace("\\|", "|") for row in rows]


def test_the_docs_have_these_spellings() -> None:
    assert spellings() == list(TABLE)


@pytest.mark.parametrize("sigma", TABLE)
@pytest.mark.parametrize("family", ["gaussian", "student", "lognormal"])
def test_a_spelling_is_its_formula(sigma: str, family: str) -> None:
    sd, values = TABLE[sigma]
    data = DATA.assign(y=DATA["y"].abs() + 0.1)
    nu = {"nu": 5.0} if family == "student" else {}
    fit = one_draw(bx.bf("y ~ x", sigma=sigma), data, family, b=B, **values, **nu)
    y = data["y"].to_numpy()
    law = {
        "gaussian": stats.norm(MU, sd),
        "student": stats.t(5, MU, sd),
        "lognormal": stats.lognorm(sd, scale=np.exp(MU)),
    }[family]
    assert_allclose(fit.log_lik().to_numpy()[0], law.logpdf(y), rtol=1e-10)
    assert_allclose(fit.posterior_epred(dpar="sigma").to_numpy()[0], sd, rtol=1e-12)
    new = data.iloc[[5, 2]].drop(columns="y")
    assert_allclose(fit.posterior_epred(new, dpar="sigma").to_numpy()[0], sd[[5, 2]], rtol=1e-12)


def restricted(fit: Fit) -> float:
    """The restricted likelihood that nlme maximises, from ours of the rows."""
    (eta, sd) = (fit.posterior_epred(dpar=d).to_numpy()[0] for d in ("mu", "sigma"))
    assert len(eta) == len(sd)
    x = fit.model.spec.design.predictors[0].columns.values / sd[:, None]
    spread = np.linalg.slogdet(x.T @ x)[1] - x.shape[1] * np.log(2 * np.pi)
    return float(fit.log_lik().sum()) - 0.5 * spread


@pytest.mark.parametrize("function", NLME["squid"])
def test_squid_has_the_likelihoods_of_nlme(function: str) -> None:
    """At nlme's estimates, which have six to eight digits."""
    squid, found = bx.load_dataset("squid"), NLME["squid"][function]
    log_sigma, weights = np.log(found["sigma"]), found["weights"]
    months = ["2", *weights] if function == "varIdent" else []
    by_month = {m: np.log(w) for m, w in {"2": 1.0, **dict(weights)}.items()} if months else {}
    sigma, own = {
        "none": ("1", {"b_sigma": [log_sigma]}),
        "varFixed": ("1 + offset(0.5 * log(DML))", {"b_sigma": [log_sigma]}),
        "varIdent": (
            "0 + C(MONTH)",
            {"b_sigma": [log_sigma + by_month.get(str(m), 0) for m in range(1, 13)]},
        ),
        "varPower": ("1 + log(DML)", lambda: {"b_sigma": [log_sigma, weights["power"]]}),
        "varExp": ("1 + DML", lambda: {"b_sigma": [log_sigma, weights["expon"]]}),
        "varConstPower": (
            "1 + varConstPower(DML)",
            lambda: {
                "b_sigma": [log_sigma],
                "const_sigma_DML": weights["const"],
                "power_sigma_DML": weights["power"],
            },
        ),
    }[function]
    own = own() if callable(own) else own
    formula = bx.bf("Testisweight ~ DML * C(MONTH)", sigma=sigma)
    fit = one_draw(formula, squid, b=list(found["coef"].values()), **own)
    # The estimate 0.00013619 of sigma has five digits, of 768 rows each.
    accurate = 0.02 if found["sigma"] < 0.01 else 2e-4
    assert abs(restricted(fit) - found["logLik"]) < accurate


SLEEP = bx.load_dataset("sleepstudy").assign(
    day=lambda d: d["Days"] + 1.0, odd=lambda d: d["Subject"].astype(int) % 2
)
FUNCTIONS = {
    "varPower(~fitted(.))": ("varPower(mu)", ["power_sigma_mu"]),
    "varExp(~fitted(.))": ("varExp(mu)", ["expon_sigma_mu"]),
    "varConstPower(~fitted(.))": ("varConstPower(mu)", ["const_sigma_mu", "power_sigma_mu"]),
    "varConstPower(~day | odd)": (
        "varConstPower(day, by=odd)", ["const_sigma_day", "power_sigma_day"]),
    "varComb(varIdent(~1 | odd), varPower(~fitted(.)))": (
        "0 + C(odd) + varPower(mu)", ["power_sigma_mu"]),
    "varPower(~day | odd)": ("1 + log(day):C(odd)", []),
}  # fmt: skip


@pytest.mark.parametrize("function", OF_MEAN)
def test_functions_of_the_mean_and_in_strata_have_the_likelihoods_of_nlme(function: str) -> None:
    found, (sigma, names) = OF_MEAN[function], FUNCTIONS[function]
    log_sigma, weights = np.log(found["sigma"]), np.array(found["weights"])
    if "varComb" in function:
        own = {"b_sigma": log_sigma + np.log(weights[:2]), names[0]: weights[2]}
    elif "by=" in sigma:
        own = {"b_sigma": [log_sigma], **dict(zip(names, weights.reshape(2, 2).T, strict=True))}
    elif names:
        own = {"b_sigma": [log_sigma], **dict(zip(names, weights, strict=True))}
    else:
        own = {"b_sigma": [log_sigma, *weights]}
    fit = one_draw(bx.bf("Reaction ~ Days", sigma=sigma), SLEEP, b=found["coef"], **own)
    assert_allclose(float(fit.log_lik().sum()), found["logLik"], atol=1e-6)


def test_the_mean_has_the_effects_that_a_prediction_keeps() -> None:
    fit = given_fit(bx.bf("y ~ x + (1 | g)", sigma="varExp(mu)"), DATA)
    post = fit.idata["posterior"].to_dataset().stack(sample=("chain", "draw"))
    for re_formula in (None, bx.NA):
        mu = fit.posterior_epred(re_formula=re_formula)
        sd = fit.posterior_epred(dpar="sigma", re_formula=re_formula)
        expected = post["b_sigma"].to_numpy()[0] + mu.to_numpy().T * post["expon_sigma_mu"].data
        assert_allclose(np.log(sd), expected.T, rtol=1e-10)
    assert_allclose(fit.posterior_linpred(dpar="sigma", re_formula=bx.NA), expected.T)
    assert_allclose(np.log(fit.posterior_epred(dpar="sigma", re_formula=bx.NA)), expected.T)


def test_the_mean_has_its_inverse_link() -> None:
    fit = given_fit(bx.bf("count ~ x", shape="varPower(mu)"), DATA, "negbinomial")
    power = fit.idata["posterior"]["power_shape_mu"].to_numpy().ravel()
    intercept = fit.idata["posterior"]["b_shape"].to_numpy().ravel()
    eta = fit.posterior_linpred().to_numpy()
    made = fit.posterior_epred(dpar="shape").to_numpy()
    assert_allclose(made, np.exp(intercept[:, None] + power[:, None] * eta), rtol=1e-10)


def test_the_population_averages_over_effects_in_the_mean() -> None:
    """The expectation of exp(expon (mu + u)) has a closed form for a normal u."""
    fit = given_fit(bx.bf("y ~ x + (1 | g)", sigma="varExp(mu)"), DATA)
    new = DATA.head(3)
    expon, sd = (fit.idata["posterior"][name].to_numpy() for name in ("expon_sigma_mu", "sd_g"))
    held = fit.posterior_epred(new, dpar="sigma", clusters="average")
    grown = np.exp((expon.ravel() * sd.ravel()) ** 2 / 2)
    made = fit.posterior_epred(new, dpar="sigma", clusters="population")
    assert_allclose(made, held * grown[:, None], rtol=1e-7)
    means = fit.posterior_epred(new, clusters="population")
    assert_allclose(means, fit.posterior_epred(new, clusters="average"), rtol=1e-12)
    drawn = fit.posterior_predict(new, clusters="population", random_seed=1)
    assert np.isfinite(drawn).all()


def test_the_population_draws_residuals_of_the_size_that_the_mean_has() -> None:
    size = 4000
    given = {"b": [0.0, 0.0], "b_sigma": [0.0], "expon_sigma_mu": 0.8, "sd_g": [1.0]}
    values = {
        k: np.tile(np.asarray(v, float), (1, size, *[1] * np.ndim(v))) for k, v in given.items()
    }
    fit = fit_of(bx.Model(bx.bf("y ~ x + (1 | g)", sigma="varExp(mu)"), DATA), 1, size, **values)
    drawn = fit.posterior_predict(DATA.head(1), clusters="population", random_seed=3).to_numpy()
    # y = u + exp(0.8 u) e: its variance is 1 + E exp(1.6 u) = 1 + exp(1.28).
    assert_allclose(np.median(np.abs(drawn)), median_of_mixture(), rtol=0.06)


def median_of_mixture() -> float:
    u, e = np.random.default_rng(0).standard_normal((2, 2_000_000))
    return float(np.median(np.abs(u + np.exp(0.8 * u) * e)))


def test_parameters_their_priors_and_their_names() -> None:
    formula = bx.bf("y ~ x", sigma="varConstPower(z) + varPower(mu, by=f)")
    given = [bx.prior("normal(1, 0.1)", "power", coef="mu", dpar="sigma")]
    model = bx.Model(formula, DATA, prior=[bx.prior("normal(0, 1)", "b"), *given])
    table = model.priors.set_index(["class", "coef", "dpar"])["prior"]
    assert table["const", "", "sigma"] == "student_t(3, 0, 1.5)"
    assert table["power", "", "sigma"] == "normal(0, 1)"
    assert table["power", "mu", "sigma"] == "normal(1, 0.1)"
    drawn = draw_prior(model.spec, 400, seed_sequence(1, ValueError))
    assert drawn["power_sigma_mu"].dims == ("chain", "draw", "sigma_f")
    assert (drawn["const_sigma_z"] > 0).all()
    assert_allclose(drawn["power_sigma_mu"].mean(), 1, atol=0.02)
    names = fit_of(model).summary().index.get_level_values("parameter")
    assert {"const_sigma_z", "power_sigma_z", "power_sigma_mu[c]"} <= set(names)
    assert uncovered(model.spec) is None
    with pytest.raises(PriorError, match="no class 'expon'"):
        bx.Model(formula, DATA, prior=bx.prior("normal(0, 1)", "expon", dpar="sigma"))


def test_a_fit_is_stored_and_read(tmp_path: Path) -> None:
    fit = given_fit(bx.bf("y ~ x", sigma="0 + f + varConstPower(mu, by=h)"), DATA)
    fit.save(tmp_path / "fit.zip")
    again = bx.load(tmp_path / "fit.zip")
    assert_allclose(again.log_lik(), fit.log_lik())


LINEAR = [
    ("varFixed(x)", "Write 'offset(0.5 * log(x))'"),
    ("varIdent(f)", "Write '0 + f'"),
    ("varPower(x)", "Write 'log(x)', whose coefficient is the power"),
    ("varPower(x, by=f)", "Write 'log(x):f'"),
    ("varExp(x)", "Write 'x'"),
    ("varComb(f, varPower(mu))", "Write 'f + varPower(mu)'"),
    ("varFixed(~x)", "without '~'"),
    ("varPower(form = ~ x | f)", "without '~'"),
    ("varPower(x, z)", "takes one covariate"),
    ("varPower(mu, of=f)", "takes one covariate"),
    ("varPower(mu, by=1)", "takes the name of a column"),
    ("varPower(mu):f", "Strata are named inside"),
    ("x - varPower(mu)", "can't be subtracted"),
    ("varPower(mu) + varConstPower(mu)", "would both have a parameter 'power_sigma_mu'"),
    ("(1 + varPower(mu) | g)", "can't stand in a group-level term"),
    ("varConstPower(f)", "must be numeric"),
    ("log(x - varPower(mu))", "no function 'varPower'"),
]


@pytest.mark.parametrize(("sigma", "message"), LINEAR)
def test_what_is_said_in_another_way(sigma: str, message: str) -> None:
    with pytest.raises(FormulaError, match=re.escape(message)):
        build_spec(bx.bf("y ~ x", sigma=sigma), DATA)


def test_what_can_have_no_variance_function() -> None:
    with pytest.raises(FormulaError, match=r"not of the mean(.|\n)*sigma='1"):
        build_spec("y ~ varPower(mu)", DATA)
    with pytest.raises(FormulaError, match="link must be log; 'zi' has 'logit'"):
        build_spec(bx.bf("count ~ x", zi="varPower(mu)"), DATA, "zero_inflated_poisson")
    with pytest.raises(FormulaError, match="a column of that name"):
        build_spec(bx.bf("y ~ x", sigma="varPower(mu)"), DATA.assign(mu=1.0))


def test_covariates_of_zero_or_less_are_named_by_their_rows() -> None:
    low = DATA.assign(x=DATA["x"].where(DATA.index != 7, 0.0))
    with pytest.raises(DataError, match=r"x is 0 or less in row 7.*varConstPower\(x \+ 1\)"):
        build_spec(bx.bf("y ~ z", sigma="varConstPower(x)"), low)
    with pytest.raises(FormulaError, match=r"'log\(x\)' is not finite in row 7\.(.|\n)*Shift"):
        build_spec(bx.bf("y ~ z", sigma="log(x)"), low)
    fit = given_fit(bx.bf("y ~ z", sigma="varConstPower(x, by=k)"), DATA)
    with pytest.raises(PredictionError, match=r"newdata: varConstPower.*row 7"):
        fit.posterior_predict(low)
    with pytest.raises(PredictionError, match=r"'k' has the level '5'.*knows 4, 7, 30"):
        fit.posterior_predict(DATA.head(2).assign(k=5))
