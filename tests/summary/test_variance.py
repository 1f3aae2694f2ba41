"""Variances by source, shares, shrinkage: against formulas, least squares and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

from bayesmix.errors import PredictionError
from bayesmix.families import family
from bayesmix.formula import bf

from ..support import draws_of, frame, given_fit

DATA = frame()
X = DATA["x"].to_numpy()
FIT = given_fit("y ~ x + (1 + x | g) + (1 | k)", DATA)
DRAWS = draws_of(FIT)
SD, COR = DRAWS["sd_g"], DRAWS["cor_g"][:, 0, 1]


def of_slopes(x: np.ndarray) -> np.ndarray:
    """The variance of intercept and slope at some values, averaged over them."""
    variance = SD[:, :1] ** 2 + (x * SD[:, 1:]) ** 2 + 2 * x * (COR * SD.prod(axis=1))[:, None]
    return variance.mean(axis=1)


@pytest.mark.parametrize("at", [None, {"x": 2.0}])
def test_icc(at: Any) -> None:
    g = of_slopes(X if at is None else np.array([2.0]))
    parts = np.column_stack([g, DRAWS["sd_k"][:, 0] ** 2, DRAWS["sigma"] ** 2])
    made = FIT.icc(at)
    np.testing.assert_allclose(made.values, parts / parts.sum(axis=1, keepdims=True))
    assert made.rows["part"].tolist() == ["g", "k", "residual"]


def test_icc_by_strata() -> None:
    fit = given_fit("y ~ x + (1 | gr(g, by=t))", DATA)
    draws = draws_of(fit)
    share = (DATA["t"] == "old").mean()
    between = (1 - share) * draws["sd_g"][:, 0, 0] ** 2 + share * draws["sd_g"][:, 1, 0] ** 2
    expected = between / (between + draws["sigma"] ** 2)
    np.testing.assert_allclose(fit.icc().values[:, 0], expected)
    one = fit.icc({"t": "old"}).values[:, 0]
    np.testing.assert_allclose(one, 1 / (1 + (draws["sigma"] / draws["sd_g"][:, 1, 0]) ** 2))


LATENT = [
    ("yes ~ x", "bernoulli", "logit", lambda d, mean: np.pi**2 / 3),
    ("yes ~ x", "bernoulli", "probit", lambda d, mean: 1.0),
    ("hits | trials(tries) ~ x", "binomial", "cloglog", lambda d, mean: np.pi**2 / 6),
    ("count ~ x", "poisson", "log", lambda d, mean: np.log(1 + 1 / mean)),
    ("count ~ x", "poisson", "sqrt", lambda d, mean: 0.25),
    ("count ~ x", "negbinomial", "log", lambda d, mean: np.log(1 + 1 / mean + 1 / d["shape"])),
    ("w ~ x", "Gamma", "log", lambda d, mean: np.log(1 + 1 / d["shape"])),
    ("w ~ x", "lognormal", "identity", lambda d, mean: d["sigma"] ** 2),
    ("grade ~ x", "cumulative", "logit", lambda d, mean: np.pi**2 / 3),
]


@pytest.mark.parametrize(("formula", "name", "link", "residual"), LATENT)
def test_latent_residuals(formula: str, name: str, link: str, residual: Any) -> None:
    fit = given_fit(f"{formula} + (1 | g)", DATA, family(name, link=link))
    draws = draws_of(fit)
    between = draws["sd_g"][:, 0] ** 2
    mean = 1.0
    if link == "log" and name != "Gamma":
        mean = np.exp(draws["b"] @ [1, X.mean()] + between / 2)
    expected = between / (between + residual(draws, mean))
    np.testing.assert_allclose(fit.icc().values[:, 0], expected)
    assert "residual" in fit.varcorr().table.index


def test_families_without_a_latent_residual() -> None:
    fit = given_fit("count ~ x + (1 | g)", DATA, "hurdle_poisson")
    with pytest.raises(PredictionError, match="isn't known on the latent scale"):
        fit.icc()
    assert fit.varcorr().table["Share"].isna().all()


def test_one_table_of_variances() -> None:
    made = FIT.varcorr()
    table = made.table
    assert table.index.tolist() == [
        ("g", "Intercept"),
        ("g", "x"),
        ("k", "Intercept"),
        ("residual", ""),
    ]
    np.testing.assert_allclose(table.loc[("g", "x"), "Variance"], (SD[:, 1] ** 2).mean())
    np.testing.assert_allclose(table.loc[("g", "x"), "SD"], SD[:, 1].mean())
    np.testing.assert_allclose(table.loc[("g", "x"), "Q2.5"], np.quantile(SD[:, 1], 0.025))
    np.testing.assert_allclose(table.loc[("g", "x"), "Corr Intercept"], COR.mean())
    shares = table["Share"].dropna()
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares, FIT.icc().values.mean(axis=0))
    assert "Corr Intercept" in repr(made)
    assert "residual" in made._repr_html_()


def test_sigma_with_a_formula() -> None:
    fit = given_fit(bf("y ~ x + (1 | g)", sigma="z"), DATA)
    table = fit.varcorr().table
    sigma2 = np.exp(fit.posterior_linpred(dpar="sigma")).mean("obs") ** 2
    np.testing.assert_allclose(table.loc[("residual", "(latent)"), "Variance"], sigma2.mean())


def test_own_estimates_are_least_squares() -> None:
    fit = given_fit("y ~ x + (1 + x | g)", DATA)
    levels = fit.shrinkage("g").levels
    for level in "pqrstu":
        rows = DATA[DATA["g"] == level]
        slope, intercept = np.polyfit(rows["x"], rows["y"], 1)
        own = levels.loc[level, "no_pooling"]
        np.testing.assert_allclose(own, [intercept, slope], rtol=1e-6)
        assert (levels.loc[level, "rows"] == len(rows)).all()
    slope, intercept = np.polyfit(X, DATA["y"], 1)
    np.testing.assert_allclose(levels.loc["p", "complete_pooling"], [intercept, slope], rtol=1e-6)
    coef = fit.coef()["g"]["Estimate"]
    np.testing.assert_allclose(levels["partial_pooling"], coef)


def test_pooling_of_intercepts_is_gelman_and_hills() -> None:
    given = {"sigma": np.full((1, 5), 2.0), "sd_g": np.full((1, 5, 1), 0.7)}
    fit = given_fit("y ~ x + (1 | g)", DATA, chains=1, draws=5, **given)
    levels = fit.shrinkage("g").levels
    n = levels["rows"]
    np.testing.assert_allclose(levels["pooling"], 1 - 0.49 / (0.49 + 4 / n), rtol=1e-5)


def test_own_estimates_are_of_largest_likelihood() -> None:
    fit = given_fit("count ~ x + z + (1 + x | g)", DATA, "poisson")
    levels, b = fit.shrinkage("g").levels, draws_of(fit)["b"].mean(axis=0)
    rows = DATA[DATA["g"] == "r"]

    def minus(beta: np.ndarray) -> float:
        eta = beta[0] + beta[1] * rows["x"] + b[2] * rows["z"]
        return -stats.poisson.logpmf(rows["count"], np.exp(eta)).sum()

    found = optimize.minimize(minus, [0.0, 0.0], tol=1e-10).x
    np.testing.assert_allclose(levels.loc["r", "no_pooling"], found, rtol=1e-4)


def test_levels_that_say_nothing_of_themselves() -> None:
    data = DATA.assign(yes=np.where(DATA["g"] == "p", 1, DATA["yes"]))
    levels = given_fit("yes ~ x + (1 | g)", data, "bernoulli").shrinkage("g").levels
    assert np.isnan(levels.loc["p", "no_pooling"].item())
    assert levels.drop("p", level=0)["no_pooling"].notna().all()
    few = given_fit("y ~ x + (1 + x | g)", DATA.groupby("g").head(1)).shrinkage("g").levels
    assert few["no_pooling"].isna().all()


def test_covariance_of_the_effects_and_of_their_estimates() -> None:
    made = FIT.shrinkage("g")
    r = DRAWS["r_g"]
    flat = (r - r.mean(axis=(0, 1))).reshape(-1, 2)
    expected = flat.T @ flat / len(flat)
    table = made.covariance
    np.testing.assert_allclose(table["sum"], expected[np.triu_indices(2)])
    np.testing.assert_allclose(table["sum"], table["estimates"] + table["posterior"])
    np.testing.assert_allclose(
        table.loc[("Intercept", "x"), "model"].item(), (COR * SD.prod(axis=1)).mean()
    )
    rho = np.corrcoef(r.mean(axis=0).T)[0, 1]
    np.testing.assert_allclose(made.correlation["estimates"].item(), rho)
    assert "Correlation" in repr(made)
    assert made._repr_html_().count("<table") == 3


def test_thresholds_are_moved() -> None:
    given = {"thresholds": np.broadcast_to([-1.0, 0.2, 1.0], (2, 20, 3))}
    fit = given_fit("grade ~ x + (1 | g)", DATA, "cumulative", **given)
    levels = fit.shrinkage("g").levels
    mean = draws_of(fit)["r_g"].mean(axis=0)[:, 0]
    np.testing.assert_allclose(levels["partial_pooling"], mean)
    thresholds = draws_of(fit)["thresholds"].mean(axis=0)
    b, rows = draws_of(fit)["b"].mean(), DATA[DATA["g"] == "q"]

    def minus(shift: float) -> float:
        below = special.expit(thresholds[:, None] - shift - b * rows["x"].to_numpy())
        p = np.diff(np.vstack([np.zeros(len(rows)), below, np.ones(len(rows))]), axis=0)
        return -np.log(p[rows["grade"].to_numpy() - 1, np.arange(len(rows))]).sum()

    found = optimize.minimize_scalar(minus, tol=1e-10).x
    np.testing.assert_allclose(levels.loc["q", "no_pooling"].item(), found, rtol=1e-4)


def test_shrinkage_of_what_isnt_there() -> None:
    with pytest.raises(PredictionError, match="The model has no group 'h'; it has 'g', 'k'"):
        FIT.shrinkage("h")
    fit = given_fit(bf("y ~ x", sigma="(1 | g)"), DATA)
    with pytest.raises(PredictionError, match="no effects in the main predictor"):
        fit.shrinkage("g")


def test_tables_in_a_notebook() -> None:
    html = FIT.ranef()["g"]._repr_html_()
    assert html.count("<tr>") == 1 + 12
    assert html.count(">p<") == 1
    assert '<th style="text-align:right">Estimate</th>' in html
    rows = FIT.fitted()._repr_html_()
    assert '<th style="text-align:left">0</th>' in rows
    described = FIT.avg_comparisons("x")._repr_html_()
    assert '<th style="text-align:left">0</th>' not in described
    assert "<h4>Group g (6 levels)</h4>" in FIT._repr_html_()
    with pd.option_context("display.max_rows", 6, "display.min_rows", 4):
        short = FIT.fitted()._repr_html_()
    assert short.count("<tr>") == 1 + 5
    assert "<p>60 rows</p>" in short


def test_wide_and_sorted() -> None:
    wide = FIT.ranef(wide=True, sort="x")["g"]
    assert list(wide) == ["Intercept", "x"]
    assert wide["x"].is_monotonic_increasing
    long = FIT.ranef()["g"]["Estimate"]
    np.testing.assert_allclose(wide.loc["r"], long.loc["r"])
    order = FIT.coef(sort="x")["g"].index.unique(0)
    assert order.tolist() == FIT.coef(wide=True)["g"].sort_values("x").index.tolist()
    with pytest.raises(PredictionError, match="there is no coefficient 'w'"):
        FIT.coef(sort="w")


def test_draws_as_a_data_frame() -> None:
    table = FIT.draws()
    assert table.columns.tolist()[:7] == [
        ".chain",
        ".iteration",
        ".draw",
        "b_Intercept",
        "b_x",
        "sd_g__Intercept",
        "sd_g__x",
    ]
    np.testing.assert_array_equal(table["r_g[q,x]"], DRAWS["r_g"][:, 1, 1])
    assert table[".draw"].tolist() == list(range(1, 41))
    assert table[".chain"].tolist() == [1] * 20 + [2] * 20


def test_draws_of_one_variable() -> None:
    long = FIT.draws("r_g")
    at = long[(long["g"] == "s") & (long["g_coef"] == "x")]
    np.testing.assert_array_equal(at["value"], DRAWS["r_g"][:, 3, 1])
    np.testing.assert_array_equal(FIT.draws("sigma")["value"], DRAWS["sigma"])
    assert isinstance(FIT.draws("r_k"), pd.DataFrame)
    with pytest.raises(PredictionError, match=r"has no variable 'r_G'.*Did you mean 'r_g'"):
        FIT.draws("r_G")
