"""Models whose residuals hang together: their formulas, errors, densities and predictions."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import linalg, signal, stats

import bayesmix as bx
from bayesmix.build import build_spec
from bayesmix.engine.coverage import uncovered
from bayesmix.errors import DataError, FormulaError, PredictionError, PriorError
from bayesmix.fit import Fit
from bayesmix.spec import ModelSpec

from . import support


def data(seed: int = 3) -> pd.DataFrame:
    """Groups of unequal length, with gaps, in no order."""
    rng = np.random.default_rng(seed)
    counts = [5, 1, 4, 3]
    g = np.repeat(["a", "b", "c", "d"], counts)
    t = np.concatenate([np.sort(rng.choice(9, n, replace=False)) for n in counts])
    x = rng.normal(size=len(g))
    made = pd.DataFrame({"g": g, "t": t, "x": x, "y": x + rng.normal(size=len(g))})
    made["date"] = pd.Timestamp("2024-02-27") + pd.to_timedelta(made["t"], "D")
    made["n"] = rng.poisson(3, len(g))
    return made.sample(frac=1, random_state=seed)


DATA = data()
PROPER = [bx.prior("normal(0, 1)", "Intercept"), bx.prior("exponential(1)", "sigma")]
VALUES = {"b": [[0.3, 0.8], [0.1, 1.1]], "sigma": [0.9, 1.2]}


def given_fit(model: bx.Model, values: dict[str, Any]) -> Fit:
    chain = {name: np.asarray(v, float)[None] for name, v in values.items()}
    return support.fit_of(model, 1, len(values["b"]), **chain)


def fit_of(formula: str, values: dict[str, Any], family: str = "gaussian") -> Fit:
    return given_fit(bx.Model(formula, DATA, family), VALUES | values)


def joint(values: dict[str, Any], cov: Any) -> np.ndarray:
    """The log likelihood of each draw from dense covariances of unit scale."""
    b, total = np.array(VALUES["b"]), np.zeros(2)
    for _, rows in DATA.groupby("g"):
        rows = rows.sort_values("t")
        for s in range(2):
            mean = b[s, 0] + b[s, 1] * rows["x"].to_numpy()
            law = stats.multivariate_normal(mean, VALUES["sigma"][s] ** 2 * cov(s, rows))
            total[s] += law.logpdf(rows["y"])
    return total


def by_distance(s: int, rows: pd.DataFrame) -> np.ndarray:
    t = rows["t"].to_numpy(float)
    return np.array([0.4, 0.7])[s] ** np.abs(t[:, None] - t)


@pytest.mark.parametrize("time", ["t", "date"])
def test_car1_looks_at_distances(time: str) -> None:
    values = {"car1": [0.4, 0.7]}
    found = fit_of(f"y ~ x + car1({time}, gr=g)", values).log_lik(kind="past").to_numpy()
    assert_allclose(found.sum(axis=1), joint(values, by_distance), rtol=1e-12)


@pytest.mark.parametrize("time", ["t", "date"])
def test_ar_looks_at_the_order(time: str) -> None:
    def cov(s: int, rows: pd.DataFrame) -> np.ndarray:
        k, phi = np.arange(len(rows)), [0.4, -0.7][s]
        return phi ** np.abs(k[:, None] - k) / (1 - phi**2)

    values = {"ar": [[0.4], [-0.7]]}
    fit = fit_of(f"y ~ x + ar({time}, gr=g, cov=True)", values)
    assert_allclose(fit.log_lik(kind="past").to_numpy().sum(axis=1), joint(values, cov), rtol=1e-12)


def test_orders_above_one_are_of_series() -> None:
    """From the weights of innovations, as many as count."""
    phi = np.array([[0.5, 0.3], [1.2, -0.5]])

    def cov(s: int, rows: pd.DataFrame) -> np.ndarray:
        psi = signal.lfilter([1.0, 0.4], np.append(1.0, -phi[s]), np.eye(1, 400)[0])
        lags = np.array([psi[: 400 - k] @ psi[k:] for k in range(len(rows))])
        return linalg.toeplitz(lags)

    values = {"ar": phi, "ma": [[0.4], [0.4]]}
    fit = fit_of("y ~ x + arma(t, gr=g, p=2, cov=True)", values)
    assert_allclose(fit.log_lik(kind="past").to_numpy().sum(axis=1), joint(values, cov), rtol=1e-9)
    assert "orders above 1" in reason(fit.model.spec)
    new = pd.DataFrame({"g": "c", "t": [20, 30], "x": [0.5, -1.0]})
    rows = pd.concat([DATA[DATA["g"] == "c"].sort_values("t"), new])
    for s, (b0, b1) in enumerate(VALUES["b"]):
        r, c = (rows["y"] - b0 - b1 * rows["x"]).to_numpy()[:-2], cov(s, rows)
        expected = b0 + b1 * new["x"] + c[-2:, :-2] @ np.linalg.solve(c[:-2, :-2], r)
        assert_allclose(fit.posterior_epred(new).to_numpy()[s], expected, rtol=1e-9)


def test_times_that_are_not_there_count_as_steps() -> None:
    """Of one lag that is ``car1()``, in units of innovations."""
    values = {"ar": [[0.4], [0.7]]}
    fit = fit_of("y ~ x + ar(t, gr=g, cov=True, gaps=True)", values)

    def cov(s: int, rows: pd.DataFrame) -> np.ndarray:
        return by_distance(s, rows) / (1 - np.array([0.4, 0.7])[s] ** 2)

    assert_allclose(fit.log_lik(kind="past").to_numpy().sum(axis=1), joint(values, cov), rtol=1e-9)
    far = pd.DataFrame({"g": "a", "t": [12, 13.5], "x": 0.0}, index=["in", "out"])
    plain = fit_of("y ~ x + car1(t, gr=g)", {"car1": [0.4, 0.7]}).posterior_epred(far[:1])
    assert_allclose(fit.posterior_epred(far[:1]).to_numpy(), plain.to_numpy(), rtol=1e-9)
    with pytest.raises(PredictionError, match="whole numbers, and row 'out' has others"):
        fit.posterior_epred(far)


def test_coefficients_of_a_series_are_uniform_where_it_is_stationary() -> None:
    """Of an autoregression of two steps that is a triangle of area 4."""
    model = bx.Model("y ~ 1 + ar(t, gr=g, p=2, cov=True)", DATA, prior=PROPER)
    ar = model.sample_prior(4000, random_seed=1)["prior"]["ar"].to_numpy()[0]
    assert (np.abs(ar[:, 1]) < 1).all() and (np.abs(ar[:, 0]) < 1 - ar[:, 1]).all()
    assert stats.kstest(ar[:, 1], lambda v: 1 - ((1 - v) / 2) ** 2).pvalue > 1e-3
    assert stats.kstest((1 + ar[:, 0] / (1 - ar[:, 1])) / 2, "uniform").pvalue > 1e-3
    positive = bx.prior("normal(0.5, 0.2)", "ar", lb=0)
    given = bx.Model("y ~ 1 + ar(t, gr=g, p=2, cov=True)", DATA, prior=[*PROPER, positive])
    some = given.sample_prior(500, random_seed=1)["prior"]["ar"].to_numpy()[0]
    assert (some > 0).all() and (some.sum(axis=1) < 1).all()
    with pytest.raises(PriorError, match="no constants"):
        bx.Model("y ~ ar(t, gr=g, p=2, cov=True)", DATA, prior=bx.prior("constant(0)", "ar"))


def test_order_of_rows_does_not_matter() -> None:
    values = {"ar": [[0.4, 0.2], [-0.7, 0.1]], "ma": [[0.3], [0.2]]}
    fit = fit_of("y ~ x + arma(t, gr=g, p=2, q=1)", values)
    given = fit.posterior_epred(DATA.sort_values("t")).to_numpy()
    own = fit.posterior_epred().to_numpy()[:, np.argsort(DATA["t"].to_numpy(), kind="stable")]
    assert_allclose(np.sort(given, axis=1), np.sort(own, axis=1), rtol=1e-12)


def test_rows_before_come_from_the_fit() -> None:
    """One step and two ahead: the response that isn't there is its mean."""
    fit = fit_of("y ~ x + ar(t, gr=g)", {"ar": [[0.5], [-0.4]]})
    new = pd.DataFrame({"g": "a", "t": [20, 10], "x": [0.5, -1.0]})
    last = DATA[DATA["g"] == "a"].sort_values("t").iloc[-1]
    b, ar = np.array(VALUES["b"]), np.array([0.5, -0.4])
    error = last["y"] - b[:, 0] - b[:, 1] * last["x"]
    plain = b[:, :1] + b[:, 1:] * new["x"].to_numpy()
    expected = plain + np.stack([ar**2 * error, ar * error], axis=1)
    assert_allclose(fit.posterior_epred(new).to_numpy(), expected, rtol=1e-12)
    assert_allclose(fit.posterior_epred(new, incl_autocor=False).to_numpy(), plain, rtol=1e-12)


def test_residuals_are_drawn_by_group() -> None:
    model = bx.Model("y ~ 1 + cosy(t, gr=g)", DATA)
    many = {"b": np.zeros((4000, 1)), "sigma": np.ones(4000), "cosy": np.full(4000, 0.8)}
    fit = given_fit(model, many)
    drawn = fit.posterior_predict(random_seed=1).to_numpy()
    same = DATA["g"].to_numpy()[:, None] == DATA["g"].to_numpy()
    expected = np.where(np.eye(len(DATA)), 1.0, 0.8 * same)
    assert_allclose(np.corrcoef(drawn.T), expected, atol=0.06)
    alone = fit.posterior_predict(DATA.iloc[:5], random_seed=1, incl_autocor=False).to_numpy()
    assert_allclose(np.corrcoef(alone.T), np.eye(5), atol=0.06)


def test_without_others_the_scale_is_the_marginal_one() -> None:
    model = bx.Model("y ~ 1 + ar(t, gr=g, cov=True)", DATA)
    many = {"b": np.zeros((4000, 1)), "sigma": np.ones(4000), "ar": np.full((4000, 1), 0.8)}
    alone = given_fit(model, many).posterior_predict(random_seed=1, incl_autocor=False)
    assert_allclose(alone.to_numpy().std(), 1 / 0.6, rtol=0.02)


def test_latent_residuals_are_those_of_the_fit() -> None:
    err = np.arange(2.0 * len(DATA)).reshape(2, -1) / 10
    values = {"ar": [[0.5], [0.2]], "sderr": [1.0, 0.5], "err": err}
    model = bx.Model("n ~ x + ar(t, gr=g, cov=True)", DATA, "poisson")
    fit = given_fit(model, {"b": VALUES["b"], **values})
    rest = fit.posterior_linpred(DATA.iloc[[4, 2]]) - fit.posterior_linpred(
        DATA.iloc[[4, 2]], incl_autocor=False
    )
    assert_allclose(rest.to_numpy(), err[:, [4, 2]], atol=1e-12)


LATENT = {
    "ar(t, gr=g, cov=True)": {"ar": [0.6]},
    "car1(t, gr=g)": {"car1": 0.8},
    "cosy(t, gr=g)": {"cosy": 0.4},
    "arma(t, gr=g, p=2, q=1, cov=True, gaps=True)": {"ar": [0.5, 0.2], "ma": [0.3]},
}


def correlations(term: str, values: dict[str, Any], t: np.ndarray) -> np.ndarray:
    apart, order = np.abs(np.subtract.outer(t, t)), np.abs(np.subtract.outer(*[range(len(t))] * 2))
    if term.startswith("car1"):
        return values["car1"] ** apart
    if term.startswith("cosy"):
        return np.where(apart == 0, 1.0, values["cosy"])
    theta = np.append(1.0, values.get("ma", []))
    psi = signal.lfilter(theta, np.append(1.0, -np.array(values["ar"])), np.eye(1, 400)[0])
    lags = np.array([psi[: 400 - k] @ psi[k:] for k in range(40)])
    return lags[apart.astype(int) if "gaps" in term else order]


@pytest.mark.parametrize("term", LATENT)
def test_latent_residuals_at_new_times_are_drawn_given_those_of_the_fit(term: str) -> None:
    """Before, between and after those of group a, and in a group that the fit hasn't."""
    draws, rng = 6000, np.random.default_rng(5)
    err = np.tile(rng.normal(size=len(DATA)), (draws, 1))
    many = {k: np.tile(v, (draws, 1)) if np.ndim(v) else np.full(draws, v)
            for k, v in LATENT[term].items()}  # fmt: skip
    values = {"b": np.zeros((draws, 1)), "sderr": np.full(draws, 0.7), "err": err, **many}
    fit = given_fit(bx.Model(f"n ~ 1 + {term}", DATA, "poisson"), values)
    own = DATA[DATA["g"] == "a"]
    between = next(t for t in range(9) if t not in set(own["t"]))
    new = pd.DataFrame({"g": ["a"] * 5 + ["z"] * 2, "t": [-2, between, 10, 12, 10, 3, 4]})
    found = fit.posterior_linpred(new, random_seed=1).to_numpy()
    assert_allclose(found[:, 2], found[:, 4])
    again = fit.posterior_epred(new.iloc[[0, 1, 2, 3, 5, 6]], random_seed=1).to_numpy()
    assert_allclose(np.log(again), found[:, [0, 1, 2, 3, 5, 6]])
    known = err[0, np.flatnonzero(DATA["g"] == "a")]
    times = np.concatenate([own["t"], new["t"][:4]]).astype(float)
    order = np.argsort(times)
    cov = np.empty((len(times), len(times)))
    cov[np.ix_(order, order)] = 0.49 * correlations(term, LATENT[term], times[order])
    k = len(own)
    weights = np.linalg.solve(cov[:k, :k], cov[:k, k:]).T
    assert_allclose(found[:, :4].mean(axis=0), weights @ known, atol=0.05)
    left = cov[k:, k:] - weights @ cov[:k, k:]
    assert_allclose(np.cov(found[:, :4].T), left, atol=0.04)
    alone = 0.49 * correlations(term, LATENT[term], np.array([3.0, 4.0]))
    assert_allclose(np.cov(found[:, 5:].T), alone, atol=0.05)
    assert_allclose(fit.posterior_linpred(new, incl_autocor=False).to_numpy(), 0.0)


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ("ar(t, gr=g, gaps=True)", "covariance between rows that have times"),
        ("ar(gr=g, cov=True, gaps=True)", "covariance between rows that have times"),
        ("ar(t, gr=g, p=0)", "no lag"),
        ("ar(t, gr=g, q=1)", "no option 'q'"),
        ("ar(t, gr=g, p=1.5)", "whole number"),
        ("ar(t, gr=g, cov=1)", "True or False"),
        ("ar(t, g)", "options by name"),
        ("cosy(t, gr=log(x))", "name of a column"),
        ("car1(gr=g)", "needs times"),
        ("cosy(t, gr=g) + ar(t, gr=g)", "one term of residuals"),
        ("x:cosy(t, gr=g)", "part of an interaction"),
        ("(cosy(t, gr=g) | g)", "can't stand in a group-level term"),
    ],
)
def test_terms_that_cannot_be(term: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message):
        build_spec(f"y ~ x + {term}", DATA)


@pytest.mark.parametrize(
    ("formula", "family", "message"),
    [
        ("n ~ x + ar(t, gr=g)", "poisson", "cov=True"),
        ("y | se(x) ~ x + ar(t, gr=g, cov=True)", "gaussian", r"se\(\) can't be with ar\(\)"),
        (bx.bf("y ~ x", sigma="ar(t, gr=g)"), "gaussian", "formula of 'mu'"),
        (bx.bf("y ~ x + cosy(t, gr=g)", nu="x"), "student", "one 'nu'"),
        ("y ~ x + ar(t, gr=g)", {"name": "gaussian", "link": "log"}, "link is identity"),
    ],
)
def test_models_that_cannot_be(formula: Any, family: Any, message: str) -> None:
    chosen = bx.family(**family) if isinstance(family, dict) else family
    with pytest.raises(FormulaError, match=message):
        build_spec(formula, DATA.assign(y=DATA["y"].abs(), x=DATA["x"].abs()), chosen)


def test_times_twice_in_a_group_are_named() -> None:
    twice = DATA.assign(t=np.where(DATA["g"] == "d", 4, DATA["t"]))
    rows = re.escape(", ".join(map(str, twice.index[twice["g"] == "d"])))
    with pytest.raises(DataError, match=f"same are in rows {rows}.*Average"):
        build_spec("y ~ x + cosy(t, gr=g)", twice)
    with pytest.raises(DataError, match="Average such rows"):
        build_spec("y ~ x + cosy(t)", DATA)


def test_missing_times_are_named() -> None:
    missing = DATA.assign(t=DATA["t"].where(DATA.index != 7))
    with pytest.raises(DataError, match=r"missing in row 7.*dropna"):
        build_spec("y ~ x + cosy(t, gr=g)", missing)


def test_orders_that_are_too_large() -> None:
    with pytest.raises(DataError, match=r"looks 5 rows back.*longest group has 5 rows.*smaller"):
        build_spec("y ~ x + ar(t, gr=g, p=5)", DATA)
    with pytest.raises(DataError, match="larger groups"):
        build_spec("y ~ x + cosy(t, gr=g)", DATA.iloc[[0]].assign(x=1.0))


def test_categories_have_no_distances() -> None:
    with pytest.raises(DataError, match="has categories"):
        build_spec("y ~ x + car1(u, gr=g)", DATA.assign(u=DATA["t"].astype(str)))


def test_newdata_needs_its_columns() -> None:
    fit = fit_of("y ~ x + ar(t, gr=g)", {"ar": [[0.5], [-0.4]]})
    with pytest.raises(PredictionError, match=r"no column 't'.*incl_autocor=False"):
        fit.posterior_epred(DATA[["x", "g"]])
    with pytest.raises(PredictionError, match="same time twice"):
        fit.posterior_epred(pd.concat([DATA, DATA]))
    with pytest.raises(PredictionError, match="incl_autocor must be"):
        fit.posterior_epred(incl_autocor="no")
    with pytest.raises(PredictionError, match="kind must be one of"):
        fit.log_lik(kind="all")


def test_known_covariances_are_found_by_labels() -> None:
    some = DATA.head(3)
    labels = some.index[[2, 0, 1]]
    cov = pd.DataFrame([[2.0, 0.5, 0.1], [0.5, 1.0, 0.3], [0.1, 0.3, 1.5]], labels, labels)
    model = bx.Model("y ~ 1 + fcor(V)", some, data2={"V": cov})
    fit = given_fit(model, {"b": [[0.3], [0.1]], "sigma": [0.9, 1.2]})
    inside = cov.loc[some.index, some.index].to_numpy()
    expected = [
        stats.multivariate_normal(np.full(3, b), s**2 * inside).logpdf(some["y"])
        for b, s in ((0.3, 0.9), (0.1, 1.2))
    ]
    assert_allclose(fit.log_lik(kind="past").to_numpy().sum(axis=1), expected, rtol=1e-12)
    with pytest.raises(PredictionError, match=r"not row 99.*incl_autocor=False"):
        fit.log_lik(some.rename(index={some.index[0]: 99}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.iloc[:2, :2], "has 2 rows, and the model 3"),
        (lambda v: v.assign(**{v.columns[0]: [1.0, 0.4, 0.0]}), "not symmetric"),
        (lambda v: v.rename(index=str.upper, columns=str.upper), "no label for 'a', 'b', 'c'"),
        (lambda v: v - 1.0, "not positive definite"),
    ],
)
def test_known_covariances_that_cannot_be(change: Any, message: str) -> None:
    rows = pd.DataFrame({"y": [1.0, 2.0, 4.0]}, index=list("abc"))
    cov = pd.DataFrame(np.eye(3), list("abc"), list("abc"))
    with pytest.raises(DataError, match=message):
        build_spec("y ~ 1 + fcor(V)", rows, data2={"V": change(cov)})


def reason(spec: ModelSpec) -> str:
    return str(uncovered(spec))


def test_the_engine_takes_residuals_of_every_kind() -> None:
    assert reason(build_spec("y ~ x + cosy(t, gr=g)", DATA)) == "None"
    assert reason(build_spec("y ~ x + corExp(t, gr=g)", DATA)) == "None"
    assert reason(build_spec("n ~ x + cosy(t, gr=g)", DATA, "poisson")) == "None"
