"""New rows of known groups, beside conditional distributions computed densely."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.priors import lkj

from ..support import fit_of

SLEEP = bx.load_dataset("sleepstudy")
GAPS = SLEEP[SLEEP["Subject"].isin(SLEEP["Subject"].unique()[:3]) & ~SLEEP["Days"].isin([3, 7])]
NEW = pd.DataFrame(
    {"Days": [10, 12, 3, 5, 7, 1], "Subject": ["308", "308", "308", "309", "x", "x"]}
)
RNG = np.random.default_rng(1)
TERMS: dict[str, tuple[str, dict[str, np.ndarray]]] = {
    "car1": ("car1(Days, gr=Subject)", {"car1": RNG.uniform(0.1, 0.9, (2, 20))}),
    "ar": ("ar(Days, gr=Subject, cov=True)", {"ar": RNG.uniform(-0.8, 0.9, (2, 20, 1))}),
    "arma": (
        "arma(Days, gr=Subject, cov=True)",
        {"ar": RNG.uniform(-0.8, 0.8, (2, 20, 1)), "ma": RNG.uniform(-0.5, 0.5, (2, 20, 1))},
    ),
    "cosy": ("cosy(Days, gr=Subject)", {"cosy": RNG.uniform(0.1, 0.9, (2, 20))}),
}


def fit(name: str, family: str = "gaussian", **options: Any) -> bx.Fit:
    term, values = TERMS[name]
    return fit_of(bx.Model(f"Reaction ~ Days + {term}", GAPS, family), **values, **options)


def covariance(name: str, values: dict[str, np.ndarray], times: np.ndarray) -> np.ndarray:
    """Of residuals of scale 1, from its definition."""
    apart = np.abs(times[:, None] - times)
    if name == "cosy":
        return np.where(apart == 0, 1.0, values["cosy"])
    if name == "car1":
        return values["car1"] ** apart
    # As brms has it, the rows of a group are the steps of a series, whatever lies between.
    steps = np.abs(np.subtract.outer(np.arange(len(times)), np.arange(len(times))))
    phi, theta = float(values["ar"][0]), float(values.get("ma", [0.0])[0])
    psi = np.append(1.0, (phi + theta) * phi ** np.arange(300.0))
    return np.array([psi[: len(psi) - k] @ psi[k:] for k in range(len(times))])[steps]


def dense(
    made: bx.Fit, name: str, s: int, subject: str, days: list[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The conditional mean and covariances of residuals at new days, and the known residuals'."""
    known = GAPS["Subject"] == subject
    old = GAPS.loc[known, "Days"].to_numpy()
    both = np.union1d(old, days)
    values = {n: made.idata["posterior"][n].to_numpy().reshape(40, -1)[s] for n in TERMS[name][1]}
    sigma = made.idata["posterior"]["sigma"].to_numpy().ravel()[s]
    cov = sigma**2 * covariance(name, values, both.astype(float))
    o, n = np.isin(both, old), np.isin(both, days)
    mu = made.posterior_linpred().to_numpy()[s][known]
    weights = cov[np.ix_(n, o)] @ np.linalg.inv(cov[np.ix_(o, o)])
    r = GAPS.loc[known, "Reaction"].to_numpy() - mu
    left = cov[np.ix_(n, n)] - weights @ cov[np.ix_(o, n)]
    return weights @ r, left, np.array([r @ np.linalg.inv(cov[np.ix_(o, o)]) @ r, o.sum()])


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("family", ["gaussian", "student"])
def test_expectations_are_conditional(name: str, family: str) -> None:
    made = fit(name, family)
    said = (made.posterior_epred(NEW) - made.posterior_linpred(NEW)).to_numpy()
    for s in (0, 17):
        expected, _, _ = dense(made, name, s, "308", [3, 10, 12])
        assert_allclose(said[s, [2, 0, 1]], expected, rtol=1e-9, atol=1e-9)
    # A day that the fit has, and a subject that it hasn't.
    assert_allclose(said[:, 3:], 0.0, atol=1e-12)
    without = made.posterior_epred(NEW, incl_autocor=False)
    assert_allclose(without, made.posterior_linpred(NEW), rtol=1e-12)


@pytest.mark.parametrize("family", ["gaussian", "student"])
def test_draws_are_of_the_conditional_distribution(family: str) -> None:
    """Means and covariances of 8,000 draws, of Student's t with many degrees of freedom."""
    one = {n: v[:1, :1] for n, v in TERMS["car1"][1].items()}
    fixed = {n: np.tile(v, (2, 4000)) for n, v in one.items()} | {
        "b": np.tile([250.0, 8.0], (2, 4000, 1)),
        "sigma": np.full((2, 4000), 30.0),
    }
    fixed |= {"nu": np.full((2, 4000), 8.0)} if family == "student" else {}
    model = bx.Model("Reaction ~ Days + car1(Days, gr=Subject)", GAPS, family)
    made = fit_of(model, draws=4000, **fixed)
    drawn = made.posterior_predict(NEW, random_seed=1).to_numpy()[:, [2, 0, 1]]
    mean = made.posterior_epred(NEW.iloc[[2, 0, 1]]).to_numpy()[0]
    days = np.union1d(GAPS.loc[GAPS["Subject"] == "308", "Days"], [3, 10, 12]).astype(float)
    phi = one["car1"].item()
    cov = 900.0 * phi ** np.abs(days[:, None] - days)
    n = np.isin(days, [3, 10, 12])
    weights = cov[np.ix_(n, ~n)] @ np.linalg.inv(cov[np.ix_(~n, ~n)])
    left = cov[np.ix_(n, n)] - weights @ cov[np.ix_(~n, n)]
    if family == "student":
        mu = 250.0 + 8.0 * days[~n]
        r = GAPS.loc[GAPS["Subject"] == "308", "Reaction"].to_numpy() - mu
        squares, k = r @ np.linalg.inv(cov[np.ix_(~n, ~n)]) @ r, (~n).sum()
        left = left * (8.0 + squares) / (8.0 + k) * (8.0 + k) / (8.0 + k - 2.0)
    error = np.sqrt(np.diag(left) / 8000)
    assert (np.abs(drawn.mean(axis=0) - mean) < 5 * error).all()
    assert_allclose(np.cov(drawn.T), left, rtol=0.12, atol=0.03 * left.max())


def test_it_doesnt_matter_in_which_company_rows_are() -> None:
    """Nor in which order; draws hang on the first of a group's new rows."""
    made = fit("car1")
    whole = made.posterior_epred(NEW).to_numpy()
    for i in range(len(NEW)):
        assert_allclose(made.posterior_epred(NEW.iloc[[i]]).to_numpy()[:, 0], whole[:, i])
    assert_allclose(made.posterior_epred(NEW.iloc[::-1]).to_numpy(), whole[:, ::-1])


@pytest.mark.parametrize("name", TERMS)
def test_the_likelihood_of_groups_is_that_of_all_their_rows(name: str) -> None:
    made = fit(name)
    found = made.log_lik(kind="group")
    assert found.dims == ("sample", "group") and list(found["group"]) == ["308", "309", "310"]
    for s in (0, 17):
        at = (GAPS["Subject"] == "309").to_numpy()
        values = {
            n: made.idata["posterior"][n].to_numpy().reshape(40, -1)[s] for n in TERMS[name][1]
        }
        sigma = made.idata["posterior"]["sigma"].to_numpy().ravel()[s]
        cov = sigma**2 * covariance(name, values, GAPS["Days"].to_numpy(float)[at])
        mean = made.posterior_linpred().to_numpy()[s, at]
        expected = stats.multivariate_normal(mean, cov).logpdf(GAPS["Reaction"][at])
        assert_allclose(found[s, 1], expected, rtol=1e-9)
    new = GAPS[:4].assign(Subject="new")
    assert_allclose(
        made.log_lik(new, kind="group")[:, 0], made.log_lik(new, kind="past").sum("obs")
    )
    with pytest.raises(bx.PredictionError, match="of whole groups"):
        made.log_lik(GAPS[:4], kind="group")
    with pytest.raises(bx.PredictionError, match="residuals are correlated"):
        fit_of(bx.Model("Reaction ~ Days", GAPS)).log_lik(kind="group")


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("family", ["gaussian", "student"])
def test_likelihoods_given_the_fit_are_of_each_row_by_itself(name: str, family: str) -> None:
    made, new = fit(name, family), NEW.drop(index=3).assign(Reaction=[300.0, 280, 310, 250, 260])
    found, mu = made.log_lik(new, kind="fit").to_numpy(), made.posterior_linpred(new).to_numpy()
    y = new["Reaction"].to_numpy()
    for s in (0, 17):
        nu = np.inf if family == "gaussian" else made.idata["posterior"]["nu"].to_numpy().ravel()[s]
        said, left, (squares, k) = dense(made, name, s, "308", [3, 10, 12])
        spread = 1.0 if nu == np.inf else np.sqrt((nu + squares) / (nu + k))
        law = stats.t(nu + k, mu[s, [2, 0, 1]] + said, np.sqrt(np.diag(left)) * spread)
        assert_allclose(found[s, [2, 0, 1]], law.logpdf(y[[2, 0, 1]]), rtol=1e-8)
        values = {
            n: made.idata["posterior"][n].to_numpy().reshape(40, -1)[s] for n in TERMS[name][1]
        }
        sd = made.idata["posterior"]["sigma"].to_numpy().ravel()[s]
        sd = sd * covariance(name, values, np.array([1.0]))[0, 0] ** 0.5
        assert_allclose(found[s, 3:], stats.t(nu, mu[s, 3:], sd).logpdf(y[3:]), rtol=1e-8)
    with pytest.raises(bx.PredictionError, match="of rows that the fit hasn't"):
        made.log_lik(kind="fit")


def test_pairs_of_times() -> None:
    made = fit_of(bx.Model("Reaction ~ Days + unstr(Days, gr=Subject)", SLEEP[:30]))
    part = fit_of(
        made.model.on_rows(np.delete(np.arange(30), [4, 25])),
        **{n: v.to_numpy() for n, v in made.idata["posterior"].data_vars.items()},
    )
    found = part.posterior_epred(SLEEP.iloc[[4]]).to_numpy()[:, 0]
    post = part.idata["posterior"]
    cor = lkj.matrix(post["cortime"].to_numpy().reshape(40, -1))
    mu = made.posterior_linpred().to_numpy()[:, :10]
    r = SLEEP["Reaction"].to_numpy()[:10] - mu
    known = np.delete(np.arange(10), 4)
    for s in (0, 9):
        weights = np.linalg.solve(cor[s][np.ix_(known, known)], cor[s][known, 4])
        assert_allclose(found[s] - mu[s, 4], weights @ r[s, known], rtol=1e-8)
