"""The kinds of prediction: shapes, labels, chunks, moments, and log likelihoods."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

from bayesmix.errors import DataError, PredictionError
from bayesmix.families import family
from bayesmix.formula import bf
from bayesmix.predict import NA, linpred

from ..support import draws_of, frame, given_fit, without

DATA = frame()
MODELS = {
    "gaussian": "y ~ x + (1 + x | g)",
    "student": "y ~ x + (1 + x | g)",
    "bernoulli": "yes ~ x + (1 + x | g)",
    "binomial": "hits | trials(tries) ~ x + (1 + x | g)",
    "poisson": "count ~ x + (1 + x | g)",
    "negbinomial": "count ~ x + (1 + x | g)",
}
FITS = {name: given_fit(formula, DATA, name) for name, formula in MODELS.items()}
FIT = FITS["gaussian"]
SIGMA = given_fit(bf(MODELS["gaussian"], sigma="z + (1 | g)"), DATA)
each_family = pytest.mark.parametrize("name", MODELS)
KINDS = ["posterior_linpred", "posterior_epred", "posterior_predict", "log_lik"]


def law(name: str, mu: np.ndarray, draws: dict, trials: np.ndarray) -> object:
    """scipy's distribution of the response."""
    plain = {k: draws[k][:, None] for k in ("sigma", "nu", "shape") if k in draws.values}
    match name:
        case "gaussian":
            return stats.norm(mu, plain["sigma"])
        case "student":
            return stats.t(plain["nu"], mu, plain["sigma"])
        case "bernoulli":
            return stats.bernoulli(mu)
        case "binomial":
            return stats.binom(trials, mu)
        case "poisson":
            return stats.poisson(mu)
        case "negbinomial":
            return stats.nbinom(plain["shape"], plain["shape"] / (mu + plain["shape"]))


def by_hand(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Linear predictor and mu of each sample and row, by loops over both."""
    draws = draws_of(FITS[name])
    levels = sorted(DATA["g"].unique())
    eta = np.empty((len(draws), len(DATA)))
    for s in range(len(draws)):
        b, r = draws["b"][s], draws["r_g"][s]
        for n, (x, g) in enumerate(zip(DATA["x"], DATA["g"], strict=True)):
            eta[s, n] = b[0] + b[1] * x + r[levels.index(g)] @ [1.0, x]
    inverse = {"bernoulli": lambda e: 1 / (1 + np.exp(-e)), "poisson": np.exp}
    inverse |= {"binomial": inverse["bernoulli"], "negbinomial": np.exp}
    return eta, inverse.get(name, lambda e: e)(eta)


@each_family
def test_against_loops_and_scipy(name: str) -> None:
    fit, (eta, mu) = FITS[name], by_hand(name)
    trials = DATA["tries"].to_numpy() if name == "binomial" else np.ones(len(DATA))
    y = fit.model.spec.response.data.y
    distribution = law(name, mu, draws_of(fit), trials)
    logp = distribution.logpdf if name in ("gaussian", "student") else distribution.logpmf
    np.testing.assert_allclose(fit.posterior_linpred(), eta, atol=1e-12)
    np.testing.assert_allclose(fit.posterior_epred(), mu * trials, rtol=1e-10)
    np.testing.assert_allclose(fit.log_lik(), logp(y), rtol=1e-9, atol=1e-10)


@each_family
def test_responses_have_the_moments_of_their_distribution(name: str) -> None:
    """One draw of the parameters, many of the responses, row by row."""
    repeats = 4000
    one = DATA.iloc[[3, 8]].reset_index(drop=True)
    many = one.loc[np.repeat([0, 1], repeats)].reset_index(drop=True)
    fit = FITS[name]
    drawn = fit.posterior_predict(many, draw_ids=[5], random_seed=1).to_numpy().reshape(2, repeats)
    mu = fit.posterior_epred(one, dpar="mu", draw_ids=[5]).to_numpy()
    draws = draws_of(fit).select(None, [5], np.random.default_rng())
    expected = law(name, mu, draws, one["tries"].to_numpy())
    for sample, at in zip(drawn, range(2), strict=True):
        cdf = expected.cdf(np.sort(np.unique(sample))[:, None])[:, at]
        empirical = np.searchsorted(np.sort(sample), np.unique(sample), side="right") / repeats
        assert np.abs(cdf - empirical).max() < 1.95 / np.sqrt(repeats)


@each_family
@pytest.mark.parametrize("kind", KINDS)
def test_shapes_dims_and_labels(name: str, kind: str) -> None:
    new = DATA.iloc[[4, 1, 30]]
    made = getattr(FITS[name], kind)(new)
    assert made.dims == ("sample", "obs")
    assert made.shape == (40, 3)
    assert made["obs"].to_numpy().tolist() == [4, 1, 30]
    assert made.unstack("sample").transpose("chain", "draw", "obs").shape == (2, 20, 3)
    assert made.sel(chain=1, draw=3).to_numpy().tolist() == made[23].to_numpy().tolist()
    discrete = kind == "posterior_predict" and name not in ("gaussian", "student")
    assert made.dtype == (np.int64 if discrete else np.float64)


@pytest.mark.parametrize("kind", KINDS)
def test_draws_are_chosen(kind: str) -> None:
    predict = getattr(FIT, kind)
    assert predict(draw_ids=[3, 39, 3]).shape == (3, 60)
    chosen = predict(draw_ids=[39, 0])
    assert [(c, d) for c, d in chosen["sample"].to_numpy()] == [(1, 19), (0, 0)]
    few = predict(ndraws=7, random_seed=1)
    ids = [20 * c + d for c, d in few["sample"].to_numpy()]
    assert len(set(ids)) == 7
    assert ids == sorted(ids)
    if kind != "posterior_predict":
        np.testing.assert_array_equal(few, predict()[ids])
        np.testing.assert_array_equal(chosen, predict()[[39, 0]])
    np.testing.assert_array_equal(few, predict(ndraws=7, random_seed=1))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"ndraws": 0}, "ndraws must be from 1 to 40, not 0"),
        ({"ndraws": 41}, "ndraws must be from 1 to 40, not 41"),
        ({"ndraws": 2.0}, "ndraws must be a whole number"),
        ({"ndraws": True}, "ndraws must be a whole number"),
        ({"ndraws": "3"}, "ndraws must be a whole number"),
        ({"ndraws": 2, "draw_ids": [1]}, "Give ndraws or draw_ids, not both"),
        ({"draw_ids": [40]}, "draw_ids must be from 0 to 39; 40 is not"),
        ({"draw_ids": [-1]}, "draw_ids must be from 0 to 39; -1 is not"),
        ({"draw_ids": []}, "draw_ids must be whole numbers"),
        ({"draw_ids": [1.0]}, "draw_ids must be whole numbers"),
        ({"draw_ids": [True]}, "draw_ids must be whole numbers"),
        ({"draw_ids": [[1, 2]]}, "draw_ids must be whole numbers"),
        ({"draw_ids": [[1, 2], [3]]}, "draw_ids must be whole numbers"),
        ({"draw_ids": "all"}, "draw_ids must be whole numbers"),
        ({"newdata": DATA["x"]}, "newdata must be a data frame"),
        ({"newdata": 3}, "newdata must be a data frame"),
        ({"newdata": DATA.drop(columns="x")}, "newdata has no column 'x'"),
        ({"newdata": DATA.drop(columns="g")}, "newdata has no column 'g'"),
        ({"allow_new_levels": "yes"}, "allow_new_levels must be True or False"),
    ],
)
def test_what_can_not_be_asked_for(how: dict, message: str) -> None:
    with pytest.raises((PredictionError, DataError), match=message):
        FIT.posterior_epred(**how)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scratch", [1, 130, 1000])
def test_chunks_change_nothing(kind: str, scratch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    new = DATA.head(25).assign(g=["p", "new", None, "other", "new"] * 5)
    with_ = dict(allow_new_levels=True, random_seed=1)
    whole = getattr(SIGMA, kind)(new, **with_)
    monkeypatch.setattr(linpred, "SCRATCH", scratch)
    parts = getattr(SIGMA, kind)(new, **with_)
    if kind == "posterior_predict":
        assert parts.shape == whole.shape
        return
    np.testing.assert_allclose(parts, whole, rtol=1e-13)


def test_memory_stays_near_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many rows, each a new level: beside the result no array of its size."""
    rows = 3_000
    new = pd.DataFrame({"x": np.zeros(rows), "g": np.arange(rows), "z": 1.0, "y": 0.0})
    monkeypatch.setattr(linpred, "SCRATCH", 2**13)
    for kind in ("posterior_epred", "log_lik"):
        getattr(SIGMA, kind)(new.head(), allow_new_levels=True)
        tracemalloc.start()
        made = getattr(SIGMA, kind)(new, allow_new_levels=True, random_seed=1)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2.7 * made.nbytes


def test_dpars_with_and_without_a_formula() -> None:
    draws = draws_of(SIGMA)
    eta = SIGMA.posterior_linpred(dpar="sigma").to_numpy()
    np.testing.assert_allclose(SIGMA.posterior_epred(dpar="sigma"), np.exp(eta))
    levels = sorted(DATA["g"].unique())
    at = [levels.index(g) for g in DATA["g"]]
    expected = draws["b_sigma"] @ np.stack([np.ones(60), DATA["z"]]) + draws["r_g"][:, at, 2]
    np.testing.assert_allclose(eta, expected, atol=1e-12)
    plain = draws_of(FIT)["sigma"][:, None] * np.ones(60)
    np.testing.assert_array_equal(FIT.posterior_epred(dpar="sigma"), plain)
    np.testing.assert_allclose(FIT.posterior_linpred(dpar="sigma"), np.log(plain))
    np.testing.assert_array_equal(FIT.posterior_epred(dpar="mu"), FIT.posterior_epred())
    binomial = FITS["binomial"]
    np.testing.assert_allclose(
        binomial.posterior_epred(dpar="mu") * DATA["tries"].to_numpy(), binomial.posterior_epred()
    )


@pytest.mark.parametrize("dpar", ["nu", "", "Sigma", 3, ["mu"]])
def test_dpars_that_are_not_there(dpar: object) -> None:
    for predict in (FIT.posterior_epred, FIT.posterior_linpred):
        with pytest.raises(PredictionError, match="family 'gaussian' has 'mu', 'sigma'"):
            predict(dpar=dpar)


def test_a_dpar_needs_only_its_own_columns() -> None:
    fit = given_fit(bf("y ~ x", sigma="z"), DATA)
    fit.posterior_epred(DATA[["z"]], dpar="sigma")
    with pytest.raises(PredictionError, match="no column 'x'"):
        fit.posterior_epred(DATA[["z"]])


def test_trials_are_needed_for_counts_only() -> None:
    fit, new = FITS["binomial"], without(DATA, "tries", "hits").head(4)
    assert fit.posterior_linpred(new).shape == (40, 4)
    assert fit.posterior_epred(new, dpar="mu").shape == (40, 4)
    for predict in (fit.posterior_epred, fit.posterior_predict):
        with pytest.raises(PredictionError, match="no column 'tries'"):
            predict(new)
    twice = fit.posterior_epred(new.assign(tries=[2, 4, 6, 8]))
    np.testing.assert_allclose(
        twice, fit.posterior_epred(new.assign(tries=[1, 2, 3, 4])).to_numpy() * 2
    )


@pytest.mark.parametrize("tries", [-1, 2.5, np.nan, 0, "five"])
def test_trials_that_can_not_be(tries: object) -> None:
    with pytest.raises(PredictionError, match=r"tries|trials"):
        FITS["binomial"].posterior_predict(DATA.head(2).assign(tries=tries))


def test_the_response_is_needed_for_log_lik_only() -> None:
    new = without(DATA, "y").head(4)
    FIT.posterior_predict(new)
    with pytest.raises(PredictionError, match="no column 'y'"):
        FIT.log_lik(new)
    with pytest.raises(PredictionError, match="Column 'y' of newdata is missing in row 0"):
        FIT.log_lik(new.assign(y=np.nan))
    with pytest.raises(PredictionError, match=r"newdata: .*whole numbers"):
        FITS["poisson"].log_lik(DATA.head(3).assign(count=-1))
    with pytest.raises(PredictionError, match="larger than its trials"):
        FITS["binomial"].log_lik(DATA.head(3).assign(tries=1, hits=2))


def test_weights_multiply_the_log_likelihood_and_may_be_missing() -> None:
    fit = given_fit("y | weights(w) ~ x", DATA)
    plain = fit.log_lik(without(DATA, "w"))
    np.testing.assert_allclose(fit.log_lik(), plain.to_numpy() * DATA["w"].to_numpy())
    np.testing.assert_allclose(fit.log_lik(DATA.assign(w=2.0)), plain.to_numpy() * 2)
    with pytest.raises(PredictionError, match=r"newdata: weights\(\) must not be negative"):
        fit.log_lik(DATA.assign(w=-1.0))
    np.testing.assert_array_equal(fit.posterior_epred(without(DATA, "w")), fit.posterior_epred())


def test_offsets_are_part_of_the_linear_predictor() -> None:
    fit = given_fit("count ~ x + offset(log(z))", DATA, "poisson")
    doubled = fit.posterior_epred(DATA.assign(z=DATA["z"] * 2))
    np.testing.assert_allclose(doubled, 2 * fit.posterior_epred())
    with pytest.raises(PredictionError, match="no column 'z'"):
        fit.posterior_epred(DATA[["x"]])


def test_a_category_as_response() -> None:
    fit = given_fit("h ~ x", DATA, "bernoulli")
    numbers = given_fit("v ~ x", DATA.assign(v=(DATA["h"] == "v") * 1), "bernoulli")
    np.testing.assert_array_equal(fit.log_lik(), numbers.log_lik())
    np.testing.assert_array_equal(fit.log_lik(DATA.tail(5)), fit.log_lik()[:, -5:])
    with pytest.raises(PredictionError, match="level 'w' in row 59; the fit knows 'u', 'v'"):
        fit.log_lik(DATA.tail(1).assign(h="w"))


@pytest.mark.parametrize("link", ["probit", "cloglog", "cauchit"])
def test_other_links(link: str) -> None:
    fit = given_fit(MODELS["bernoulli"], DATA, family("bernoulli", link=link))
    inverse = {
        "probit": stats.norm.cdf,
        "cloglog": lambda e: 1 - np.exp(-np.exp(e)),
        "cauchit": stats.cauchy.cdf,
    }[link]
    np.testing.assert_allclose(fit.posterior_epred(), inverse(fit.posterior_linpred().to_numpy()))


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("y ~ x * f + bs(z, df=4) + C(flag) + (1 + x | g)", "gaussian"),
        ("grade ~ x + (1 | g)", "cumulative"),
        ("hits | trials(tries) ~ x + (1 | gr(g, by=t))", "binomial"),
    ],
)
def test_no_rows_have_predictions_without_rows(formula: str, family: str) -> None:
    fit, none = given_fit(formula, frame(), family), frame().head(0)
    for kind in ("posterior_linpred", "posterior_epred", "posterior_predict", "log_lik"):
        for allowed in (False, True):
            made = getattr(fit, kind)(none, allow_new_levels=allowed)
            assert made.shape[:2] == (40, 0)
    assert fit.predict(none).empty and fit.fitted(none).empty


def test_expectations_of_categories() -> None:
    fit = given_fit("grade ~ x + (1 | g)", frame(), "cumulative")
    made = fit.posterior_epred()
    assert made.dims == ("sample", "obs", "category")
    assert made["category"].to_numpy().tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(made.sum("category"), 1.0)
    table = fit.fitted(frame().head(2))
    assert table.index.names == ["obs", "category"] and len(table) == 8
    assert set(np.unique(fit.posterior_predict(random_seed=1))) <= {1, 2, 3, 4}


def test_any_frame_with_any_row_labels() -> None:
    new = DATA[["x", "g"]].head(3)
    plain = FIT.posterior_epred(new)
    np.testing.assert_array_equal(FIT.posterior_epred(pl.DataFrame(new.to_dict("list"))), plain)
    np.testing.assert_array_equal(FIT.posterior_epred(new.to_dict("list")), plain)
    named = FIT.posterior_epred(new.set_index(pd.Index(["a", "a", "b"])))
    np.testing.assert_array_equal(named, plain)
    assert named["obs"].to_numpy().tolist() == ["a", "a", "b"]
    dates = FIT.posterior_epred(new.set_index(pd.date_range("2020", periods=3)))
    assert dates.sel(obs="2020-01-02").shape == (40,)


def test_a_model_of_nothing_but_groups() -> None:
    fit = given_fit("y ~ 0 + (1 | g)", DATA)
    assert (fit.posterior_epred(re_formula=NA) == 0).all()
    at = [sorted(DATA["g"].unique()).index(g) for g in DATA["g"]]
    np.testing.assert_allclose(fit.posterior_epred(), draws_of(fit)["r_g"][:, at, 0])


def test_predict_and_fitted_are_tables_of_the_draws() -> None:
    new = DATA.head(3).set_index(pd.Index(["i", "j", "k"], name="who"))
    epred = FIT.posterior_epred(new).to_numpy()
    table = FIT.fitted(new, probs=[0.1, 0.5])
    assert list(table) == ["Estimate", "Est.Error", "Q10", "Q50"]
    assert table.index.tolist() == ["i", "j", "k"]
    np.testing.assert_allclose(table["Estimate"], epred.mean(axis=0))
    np.testing.assert_allclose(table["Est.Error"], epred.std(axis=0, ddof=1))
    np.testing.assert_allclose(table["Q10"], np.quantile(epred, 0.1, axis=0))
    linear = FITS["poisson"].fitted(new, scale="linear", robust=True)
    eta = FITS["poisson"].posterior_linpred(new).to_numpy()
    np.testing.assert_allclose(linear["Estimate"], np.median(eta, axis=0))
    mad = stats.median_abs_deviation(eta, axis=0, scale="normal")
    np.testing.assert_allclose(linear["Est.Error"], mad)
    drawn = FIT.posterior_predict(new, random_seed=3).to_numpy()
    np.testing.assert_allclose(FIT.predict(new, random_seed=3)["Estimate"], drawn.mean(axis=0))


@pytest.mark.parametrize("scale", ["log", "", None])
def test_scales_that_fitted_does_not_have(scale: object) -> None:
    with pytest.raises(PredictionError, match="scale must be 'response' or 'linear'"):
        FIT.fitted(scale=scale)
