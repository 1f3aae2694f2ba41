"""Correlations between places: beside dense normal distributions, and kriging."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import special, stats

import bayesmix as bx
from bayesmix.build import build_spec
from bayesmix.errors import DataError, FormulaError

from ..support import fit_of

RNG = np.random.default_rng(1)
FIELDS = pd.DataFrame(
    {
        "field": np.repeat(list("ab"), [9, 6]),
        "east": RNG.uniform(size=15),
        "north": RNG.uniform(size=15),
        "x": RNG.normal(size=15),
        "y": RNG.normal(size=15),
    }
).sample(frac=1.0, random_state=3)
VALUES = {"range": RNG.uniform(0.1, 1.0, (2, 20)), "nugget": RNG.uniform(0.0, 0.6, (2, 20))}
TERMS = {
    "corExp(east, north, gr=field)": lambda d: np.exp(-d),
    "corGaus(east, north, gr=field, nugget=True)": lambda d: np.exp(-(d**2)),
    "corMatern(east, north, gr=field)": None,
    "corMatern(east, north, gr=field, nugget=True, smoothness=2.5)": None,
    "corExp(east, gr=field, nugget=True)": lambda d: np.exp(-d),
}
each = pytest.mark.parametrize("term", TERMS)


def matern(d: np.ndarray, smoothness: float) -> np.ndarray:
    """From the Bessel function."""
    z = np.sqrt(2 * smoothness) * np.where(d > 0, d, 1.0)
    k = special.kv(smoothness, z) * z**smoothness * 2 ** (1 - smoothness)
    return np.where(d > 0, k / special.gamma(smoothness), 1.0)


def fit(term: str, family: str = "gaussian") -> bx.Fit:
    values = {n: v for n, v in VALUES.items() if n == "range" or n in term}
    return fit_of(bx.Model(f"y ~ x + {term}", FIELDS, family), **values)


def covariance(made: bx.Fit, term: str, s: int, data: pd.DataFrame) -> np.ndarray:
    columns = ["east", "north"] if "north" in term else ["east"]
    at = data[columns].to_numpy()
    apart = np.sqrt(((at[:, None] - at) ** 2).sum(axis=-1))
    d = apart / VALUES["range"].ravel()[s]
    decay = TERMS[term]
    cor = matern(d, 2.5 if "2.5" in term else 1.5) if decay is None else decay(d)
    nugget = VALUES["nugget"].ravel()[s] if "nugget" in term else 0.0
    cor = np.where(apart == 0.0, 1.0, (1.0 - nugget) * cor)
    return float(made.idata["posterior"]["sigma"].to_numpy().ravel()[s]) ** 2 * cor


@each
@pytest.mark.parametrize("family", ["gaussian", "student"])
def test_the_likelihood_is_that_of_a_dense_distribution(term: str, family: str) -> None:
    made = fit(term, family)
    found, mu = made.log_lik(kind="group").to_numpy(), made.posterior_linpred().to_numpy()
    others = made.log_lik().to_numpy()
    for s in (0, 13):
        nu = None if family == "gaussian" else made.idata["posterior"]["nu"].to_numpy().ravel()[s]
        for g, label in enumerate("ab"):
            at = np.flatnonzero(FIELDS["field"] == label)
            cov, y = covariance(made, term, s, FIELDS.iloc[at]), FIELDS["y"].to_numpy()[at]
            law = (
                stats.multivariate_normal(mu[s, at], cov)
                if nu is None
                else stats.multivariate_t(mu[s, at], cov, df=nu)
            )
            assert_allclose(found[s, g], law.logpdf(y), rtol=1e-8)
            if nu is None:
                precision = np.linalg.inv(cov)
                r = precision @ (y - mu[s, at]) / np.diag(precision)
                expected = stats.norm(0, np.diag(precision) ** -0.5).logpdf(r)
                assert_allclose(others[s, at], expected, rtol=1e-7, atol=1e-9)


@each
def test_kriging(term: str) -> None:
    made = fit(term)
    new = pd.DataFrame(
        {"field": ["a", "b", "a", "c"], "east": [0.5, 0.2, 0.1, 0.3],
         "north": [0.1, 0.9, 0.2, 0.4], "x": 0.0}
    )  # fmt: skip
    said = (made.posterior_epred(new) - made.posterior_linpred(new)).to_numpy()
    mu = made.posterior_linpred().to_numpy()
    at, asked = np.flatnonzero(FIELDS["field"] == "a"), [0, 2]
    both = pd.concat([FIELDS.iloc[at], new.iloc[asked]])
    for s in (0, 13):
        cov = covariance(made, term, s, both)
        weights = np.linalg.solve(cov[: len(at), : len(at)], cov[: len(at), len(at) :])
        expected = weights.T @ (FIELDS["y"].to_numpy()[at] - mu[s, at])
        assert_allclose(said[s, asked], expected, rtol=1e-7, atol=1e-9)
    assert_allclose(said[:, 3], 0.0, atol=1e-14)
    assert made.posterior_predict(new, random_seed=1).shape == (40, 4)


def test_the_pymc_model_has_the_likelihood_and_the_prior() -> None:
    model = bx.Model("y ~ 1 + corExp(east, north, gr=field, nugget=True)", FIELDS)
    made, pymc = fit_of(model), model.pymc
    point = pymc.initial_point()
    logp = pymc.compile_logp()
    log_range = next(k for k in point if k.startswith("range"))

    def ours(value: float) -> float:
        given = {"range": np.full((2, 20), np.exp(value)), "nugget": np.full((2, 20), 0.5)}
        given |= {"b": np.full((2, 20, 1), point["Intercept"]), "sigma": np.full((2, 20), 1.0)}
        fitted = fit_of(model, **given).log_lik(kind="group").to_numpy()[0].sum()
        prior = next(p for p in made.model.spec.parameters if p.name == "range").prior
        return fitted + float(prior.logpdf(np.exp(value))) + value

    sigma = next(k for k in point if k.startswith("sigma"))
    nugget = next(k for k in point if k.startswith("nugget"))
    points = [point | {log_range: np.array(v), sigma: np.array(0.0), nugget: np.array(0.0)}
              for v in (-1.0, 0.3)]  # fmt: skip
    assert_allclose(logp(points[1]) - logp(points[0]), ours(0.3) - ours(-1.0), rtol=1e-9)


def test_defaults_look_at_the_distances() -> None:
    priors = build_spec("y ~ corExp(east, north, nugget=True)", FIELDS).priors.frame()
    found = priors.set_index("class")["prior"]
    assert found["nugget"] == "beta(1, 1)"
    at = FIELDS[["east", "north"]].to_numpy()
    apart = np.sqrt(((at[:, None] - at) ** 2).sum(axis=-1))[np.triu_indices(15, 1)]
    assert found["range"] == f"lognormal({np.log(0.5 * np.median(apart)):.2g}, 1)"


WRONG: list[tuple[str, Any, type, str]] = [
    ("y ~ corExp()", FIELDS, FormulaError, "one or two coordinates"),
    ("y ~ corExp(east, north, x)", FIELDS, FormulaError, "one or two coordinates"),
    ("y ~ corExp(east, p=1)", FIELDS, FormulaError, "has no option 'p'"),
    ("y ~ corMatern(east, smoothness=0.5)", FIELDS, FormulaError, "is 1.5 or 2.5"),
    ("y ~ corGaus(east, nugget=1)", FIELDS, FormulaError, "nugget= is True or False"),
    ("y ~ corGaus(east, north)", pd.concat([FIELDS, FIELDS[:1]], ignore_index=True), DataError,
     "needs places that differ; the same are in rows 0, 15"),
    ("y ~ corExp(east, field)", FIELDS, DataError, "needs numbers or dates, which have distances"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "data", "error", "message"), WRONG)
def test_terms_that_cant_be(formula: str, data: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        bx.Model(formula, data)


NLME = {
    "corExp(u, v, gr=g)": (-46.2547233, [0.388567236, 0.536745266], [1.31925659], 1.07887136),
    "corGaus(u, v, gr=g, nugget=True)": (
        -40.3279871, [0.34763785, 0.53175351], [0.711530257, 0.0579891944], 1.10111607,
    ),
}  # fmt: skip
"""``gls()`` of nlme 3.1 by REML: log likelihood, coefficients, range and nugget, sigma."""


@pytest.mark.parametrize("term", NLME)
def test_estimates_are_those_of_nlme(term: str) -> None:
    i = np.arange(60)
    u, v = (i * 0.6180339887) % 1, (i * 0.4142135624) % 1
    y = np.sin(3 * u) + np.cos(4 * v) + 0.3 * np.sin(37 * i) + 0.5 * np.cos(5 * i)
    data = pd.DataFrame({"g": (i % 3).astype(str), "u": u, "v": v, "x": np.cos(5 * i), "y": y})
    loglik, coefs, decay, sigma = NLME[term]
    made = bx.Model(f"y ~ x + {term}", data).optimize("reml")
    assert abs(made.loglik - loglik) < 1e-5
    assert_allclose(made.fixef()["Estimate"], coefs, rtol=5e-4)
    further = made.further()["Estimate"]
    assert_allclose(further[["range", "nugget"][: len(decay)]], decay, rtol=2e-3)
    assert_allclose(further["sigma"], sigma, rtol=1e-3)
