"""Residuals against formulas and scipy, their autocorrelation and semivariogram against nlme's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix import criticism
from bayesmix.errors import PredictionError
from bayesmix.fit import Fit

from ..support import fit_of, frame, given_fit

DATA = frame()
SLEEP = bx.load_dataset("sleepstudy")


def of_one_draw(formula: Any, data: pd.DataFrame, family: str = "gaussian", draws: int = 1,
                **given: Any) -> Fit:  # fmt: skip
    """A fit whose draws are all the same."""
    tiled = {k: np.tile(np.asarray(v, float), (1, draws, *[1] * np.ndim(v)))
             for k, v in given.items()}  # fmt: skip
    return fit_of(bx.Model(formula, data, family), 1, draws, **tiled)


LEAST_SQUARES = of_one_draw(
    "Reaction ~ Days", SLEEP, b=[251.405104848485, 10.467285959596], sigma=47.4489
)
"""nlme's ``gls(Reaction ~ Days, sleepstudy, method = "ML")``."""
ACF = [1, 0.7655056, 0.6532371, 0.6068185, 0.5855100, 0.4721579, 0.3569507, 0.3295556, 0.3949788,
       0.4778431]  # fmt: skip
VARIOGRAM = [0.2156171, 0.3259572, 0.4083517, 0.4064046, 0.5278421, 0.6551775, 0.6350472,
             0.6882442, 0.6920527]  # fmt: skip
PAIRS = [162, 144, 126, 108, 90, 72, 54, 36, 18]


def test_autocorrelation_is_that_of_nlme() -> None:
    """``ACF(fit, form = ~ Days | Subject)``, to the digits that it prints."""
    made = LEAST_SQUARES.autocorrelation("Days", SLEEP["Subject"])
    assert_allclose(made["autocorrelation"], ACF, atol=5e-8)
    assert made["pairs"].tolist() == [180, *PAIRS]
    assert_allclose(made["bound"], stats.norm.ppf(0.975) / np.sqrt([180, *PAIRS]))
    mixed = SLEEP.sample(frac=1, random_state=1)
    fit = of_one_draw("Reaction ~ Days", mixed, b=[251.405104848485, 10.467285959596], sigma=1.0)
    again = fit.autocorrelation("Days", SLEEP["Subject"], type="ordinary", max_lag=4)
    assert_allclose(again["autocorrelation"], ACF[:5], atol=5e-8)


def test_semivariogram_is_that_of_nlme() -> None:
    """``Variogram(fit, form = ~ Days | Subject)``."""
    made = LEAST_SQUARES.semivariogram("Days", SLEEP["Subject"])
    assert_allclose(made["semivariance"], VARIOGRAM, rtol=2e-6)
    assert made["pairs"].tolist() == PAIRS
    assert made["distance"].tolist() == list(range(1, 10))
    near = LEAST_SQUARES.semivariogram(["Days"], SLEEP["Subject"], max_distance=3)
    assert_allclose(near["semivariance"], VARIOGRAM[:3], rtol=2e-6)


def test_lags_are_differences_of_whole_times_and_orders_of_others() -> None:
    values = pd.Series([1.0, 2.0, -1.0, 3.0, 4.0, 5.0])
    group = pd.Series(list("aaabbb"))
    gaps = pd.Series([1, 2, 4, 7, 5, 6])
    made = criticism.autocorrelation(values, group, gaps, 2)
    square = (values**2).mean()
    # In a: 1 and 2; in b: 4 and 5, 5 and 3. Two apart: 2 and -1; 4 and 3.
    assert_allclose(
        made["autocorrelation"], [1, (2 + 20 + 15) / 3 / square, (-2 + 12) / 2 / square]
    )
    dates = pd.Series(pd.to_datetime(["2020-01-01", "2020-03-01", "2021-01-01"] * 2))
    made = criticism.autocorrelation(values, group, dates, 1)
    assert made["pairs"].tolist() == [6, 4]
    in_order = criticism.autocorrelation(values, group, None, 1)
    assert_allclose(in_order, made)
    with pytest.raises(PredictionError, match="time twice, in rows 0, 3;"):
        criticism.autocorrelation(values, None, pd.Series([1, 2, 4, 1, 5, 6]))
    with pytest.raises(PredictionError, match="whole number of steps"):
        criticism.autocorrelation(values, None, None, 1.5)


def test_semivariogram_over_coordinates_in_bins() -> None:
    rng = np.random.default_rng(1)
    places = pd.DataFrame({"u": rng.uniform(0, 9, 40), "v": rng.uniform(0, 9, 40)})
    values = pd.Series(rng.normal(size=40))
    made = criticism.semivariogram(values, places, bins=6)
    first, second = np.triu_indices(40, 1)
    apart = np.hypot(*(places.to_numpy()[first] - places.to_numpy()[second]).T)
    halves = 0.5 * (values.to_numpy()[first] - values.to_numpy()[second]) ** 2
    order = np.argsort(apart)
    assert made["pairs"].sum() == len(apart)
    assert (made["pairs"] == len(apart) // 6).all()
    for part, row in zip(np.split(order, 6), made.itertuples(), strict=True):
        assert_allclose(row.distance, apart[part].mean())
        assert_allclose(row.semivariance, halves[part].mean())
    days = pd.DataFrame({"t": pd.to_datetime(["2020-01-01", "2020-01-03", "2020-01-04"])})
    made = criticism.semivariogram(values[:3], days)
    assert made["distance"].tolist() == [1, 2, 3]
    with pytest.raises(PredictionError, match="no numbers"):
        criticism.semivariogram(values, pd.DataFrame({"u": ["a"] * 40}))
    with pytest.raises(PredictionError, match="No two rows"):
        criticism.semivariogram(values, places, max_distance=0)
    with pytest.raises(PredictionError, match="more than 20,000,000 pairs"):
        criticism.semivariogram(pd.Series(np.zeros(7000)), pd.DataFrame({"u": np.zeros(7000)}))


def test_standardised_residuals_of_normal_responses_draw_by_draw() -> None:
    fit = given_fit(bx.bf("y ~ x + (1 | g)", sigma="0 + h"), DATA)
    mu, sigma = (fit.posterior_epred(dpar=d).to_numpy() for d in ("mu", "sigma"))
    z = (DATA["y"].to_numpy() - mu) / sigma
    made = fit.residuals()
    assert_allclose(made["Estimate"], z.mean(axis=0), rtol=1e-9)
    assert_allclose(made["Est.Error"], z.std(axis=0, ddof=1), rtol=1e-7)
    plain = fit.residuals(type="ordinary", re_formula=bx.NA, probs=[0.1])
    expected = DATA["y"] - fit.fitted(re_formula=bx.NA)["Estimate"]
    assert_allclose(plain["Estimate"], expected)
    assert list(plain) == ["Estimate", "Est.Error", "Q10"]
    new = DATA.head(4).assign(y=0.0)
    assert_allclose(fit.residuals(new)["Estimate"], (-mu[:, :4] / sigma[:, :4]).mean(axis=0))


@pytest.mark.parametrize(
    ("formula", "family", "law", "given"),
    [
        ("w ~ 1", "Gamma", stats.gamma(2.5, scale=np.exp(0.1) / 2.5), {"shape": 2.5}),
        ("y ~ 1", "student", stats.t(4, 0.1, 0.4), {"sigma": 0.4, "nu": 4}),
        ("w ~ 1", "weibull", None, {"shape": 1.5}),
    ],
)
def test_quantile_residuals_of_continuous_responses(
    formula: str, family: str, law: Any, given: dict[str, float]
) -> None:
    fit = of_one_draw(formula, DATA, family, b=[0.1], **given)
    if law is None:
        from scipy.special import gamma

        law = stats.weibull_min(1.5, scale=np.exp(0.1) / gamma(1 + 1 / 1.5))
    y = DATA[formula[0]]
    expected = np.where(law.cdf(y) < 0.5, stats.norm.ppf(law.cdf(y)), stats.norm.isf(law.sf(y)))
    assert_allclose(fit.residuals()["Estimate"], expected, atol=1e-8)


def test_ranks_of_counts_are_between_the_probabilities_of_less_and_of_as_much() -> None:
    fit = of_one_draw("count ~ 1", DATA, "poisson", 4000, b=[1.0])
    made = fit.residuals(random_seed=1)
    assert list(made) == ["Estimate"]
    share, law = stats.norm.cdf(made["Estimate"]), stats.poisson(np.e)
    assert (share > law.cdf(DATA["count"] - 1) - 0.03).all()
    assert (share < law.cdf(DATA["count"]) + 0.03).all()
    assert_allclose(made, fit.residuals(random_seed=1))
    assert_allclose(fit.residuals(type="ordinary")["Estimate"], DATA["count"] - np.e, rtol=1e-12)


def test_ranks_of_right_models_are_standard_normal() -> None:
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"count": rng.poisson(np.e, 2000)})
    fit = of_one_draw("count ~ 1", data, "poisson", 1000, b=[1.0])
    assert stats.kstest(fit.residuals(random_seed=2)["Estimate"], "norm").pvalue > 1e-3


def test_what_has_no_residual() -> None:
    with pytest.raises(PredictionError, match="Did you mean 'standardised'"):
        LEAST_SQUARES.residuals(type="standardized")
    with pytest.raises(PredictionError, match="have no order"):
        given_fit("f ~ x", DATA, "categorical").residuals()
    with pytest.raises(PredictionError, match="censored response"):
        given_fit("w | cens(flag) ~ x", DATA, "Gamma").residuals()
    with pytest.raises(PredictionError, match=r"no column 'Subject'.*given as a Series"):
        LEAST_SQUARES.autocorrelation("Days", "Subject")
    with pytest.raises(PredictionError, match="no value for rows 3, 4"):
        LEAST_SQUARES.autocorrelation("Days", SLEEP["Subject"].drop([3, 4]))
    with pytest.raises(PredictionError, match="missing in rows 2"):
        LEAST_SQUARES.semivariogram(SLEEP["Days"].astype(float).where(SLEEP.index != 2))
    assert len(given_fit("grade ~ x", DATA, "cumulative").residuals(random_seed=1)) == len(DATA)


@pytest.mark.parametrize("family", ["gaussian", "student"])
def test_normalised_residuals_are_what_is_new_in_each(family: str) -> None:
    sleep = bx.load_dataset("sleepstudy")[:20]
    phi = np.random.default_rng(1).uniform(0.1, 0.9, (2, 20))
    model = bx.Model("Reaction ~ Days + car1(Days, gr=Subject)", sleep, family)
    made = fit_of(model, car1=phi)
    sd = made.idata["posterior"]["sigma"].to_numpy().reshape(-1, 1)
    unit = (sleep["Reaction"].to_numpy() - made.posterior_linpred().to_numpy()) / sd
    unit, phi = unit.reshape(40, 2, 10), phi.reshape(-1, 1, 1)
    white = unit.copy()
    white[..., 1:] = (unit[..., 1:] - phi * unit[..., :-1]) / np.sqrt(1 - phi**2)
    if family == "student":
        nu = made.idata["posterior"]["nu"].to_numpy().reshape(-1, 1, 1)
        before = np.cumsum(white**2, axis=-1) - white**2
        df = nu + np.arange(10)
        white = stats.norm.ppf(stats.t.cdf(white * np.sqrt(df / (nu + before)), df))
    found = made.residuals(type="normalised", probs=[])["Estimate"].to_numpy()
    np.testing.assert_allclose(found, white.reshape(40, 20).mean(axis=0), rtol=1e-8)


def test_normalised_residuals_of_past_residuals_in_the_mean() -> None:
    sleep = bx.load_dataset("sleepstudy")[:20]
    made = fit_of(bx.Model("Reaction ~ Days + ar(Days, gr=Subject)", sleep))
    sd = made.idata["posterior"]["sigma"].to_numpy().reshape(-1, 1)
    expected = (sleep["Reaction"].to_numpy() - made.posterior_epred().to_numpy()) / sd
    found = made.residuals(type="normalised", probs=[])["Estimate"]
    np.testing.assert_allclose(found, expected.mean(axis=0), rtol=1e-8)
    assert not np.allclose(found, made.residuals(probs=[])["Estimate"])
