"""Regions and spatial weights: Anselin's and mgcv's estimates, and dense densities.

columbus.csv: Anselin, L. (1988), Spatial Econometrics: Methods and Models, table 12.1, as in the
data ``oldcol`` of R's spdep; the neighbours of each quarter are those of its ``COL.nb``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import optimize, stats

import bayesmix as bx
from bayesmix.errors import EstimationError
from bayesmix.estimates.likelihood import likelihood
from bayesmix.estimates.search import maximum

HERE = Path(__file__).parent
FOUND = json.loads((HERE / "estimates.json").read_text())

ANSELIN = {
    "lag": (-182.3904, [45.079, -1.0316, -0.26593], 0.43102, 95.494),
    "error": (-183.3805, [59.893, -0.94131, -0.30225], 0.56179, 95.575),
}
"""Log likelihood, coefficients, rho and sigma² of `lagsarlm` and `errorsarlm` in the documentation
of R's spatialreg, which are those of Anselin's tables 12.3 and 12.5 with more digits."""


def columbus() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The data, and which quarters are neighbours."""
    data = pd.read_csv(HERE / "columbus.csv", index_col="NEIGNO")
    near = pd.DataFrame(0.0, data.index, data.index)
    for place, others in data["neighbours"].items():
        near.loc[place, [int(k) for k in others.split()]] = 1.0
    return data, near


@pytest.mark.parametrize("type_", ANSELIN)
def test_spatial_regressions_are_those_of_anselin(type_: str) -> None:
    data, near = columbus()
    weights = near.div(near.sum(axis=1), axis=0)
    formula = f'CRIME ~ INC + HOVAL + sar(W, type="{type_}")'
    fit = bx.Model(formula, data, data2={"W": weights}).optimize()
    loglik, coefs, rho, variance = ANSELIN[type_]
    assert fit.method == "ml" and fit.converged and abs(fit.loglik - loglik) < 1e-4
    assert_allclose(fit.fixef()["Estimate"], coefs, rtol=5e-5)
    further = fit.further()["Estimate"]
    assert_allclose([further[f"{type_}sar"], further["sigma"] ** 2], [rho, variance], rtol=2e-5)


def test_errors_of_a_lag_know_of_rho() -> None:
    """The inverse of the second derivatives of the dense log density."""
    data, near = columbus()
    w = near.div(near.sum(axis=1), axis=0).to_numpy()
    fit = bx.Model(
        "CRIME ~ INC + HOVAL + sar(W)", data, data2={"W": near.div(near.sum(axis=1), axis=0)}
    )
    fit = fit.optimize()
    x = np.column_stack([np.ones(49), data["INC"], data["HOVAL"]])

    def loglik(p: np.ndarray) -> float:
        inverse = np.linalg.inv(np.eye(49) - p[3] * w)
        cov = np.exp(2 * p[4]) * inverse @ inverse.T
        return stats.multivariate_normal(inverse @ x @ p[:3], cov).logpdf(data["CRIME"])

    further = fit.further()["Estimate"]
    at = np.array([*fit.fixef()["Estimate"], further["lagsar"], np.log(further["sigma"])])
    assert_allclose(fit.loglik, loglik(at), rtol=1e-9)
    steps = np.diag([0.05, 0.005, 0.005, 0.002, 0.005])
    pairs = [(s, t) for s in steps for t in steps]
    ends = [[loglik(at + i * s + j * t) for i in (1, -1) for j in (1, -1)] for s, t in pairs]
    mixed = np.array([(a - b - c + d) / 4 for a, b, c, d in ends]).reshape(5, 5)
    scale = steps.diagonal()
    errors = np.sqrt(np.diag(np.linalg.inv(-mixed / np.outer(scale, scale))))
    assert_allclose(fit.fixef()["Est.Error"], errors[:3], rtol=5e-3)
    assert_allclose(fit.further().loc["lagsar", "Est.Error"], errors[3], rtol=5e-3)


def twice() -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Two responses of each quarter, as in estimates.R."""
    data, near = columbus()
    near = near.rename(str, axis=0).rename(str, axis=1)
    data = pd.concat([data, data]).reset_index()
    more = np.tile([3, -3], 49) * np.sin(np.arange(1, 99))
    data = data.assign(y=data["CRIME"] + more, region=data["NEIGNO"].astype(str))
    return data.assign(count=(data["y"] / 2 + 2).round().astype(int)), {"W": near}


@pytest.mark.parametrize("type_", ["esicar", "icar"])
def test_intrinsic_effects_are_those_of_mgcv(type_: str) -> None:
    """Its Markov random fields by REML; of type icar the mean of effects has an sd of 0.001."""
    data, matrices = twice()
    model = bx.Model(f'y ~ INC + car(W, gr=region, type="{type_}")', data, data2=matrices)
    fit, found = model.optimize("reml"), FOUND["icar"]
    assert fit.converged and abs(fit.loglik - found["logLik"]) < 1e-6
    assert_allclose(fit.fixef()["Estimate"], found["coef"], rtol=1e-6)
    further = fit.further()["Estimate"]
    assert_allclose(further["sdcar"] ** 2, found["variance"], rtol=1e-5)
    assert_allclose(further["sigma"] ** 2, found["sigma2"], rtol=1e-5)


def test_intrinsic_effects_of_counts_are_those_of_mgcv() -> None:
    """Whose Laplace approximation is at the mode of effects and coefficients together."""
    data, matrices = twice()
    spec = bx.Model(
        'count ~ INC + car(W, gr=region, type="esicar")', data, "poisson", data2=matrices
    ).spec
    made, found = likelihood(spec, "laplace"), FOUND["icar_poisson"]
    at = maximum(made, made.unknowns.start, made.unknowns.bounds)
    assert at.settled and abs(at.value - found["logLik"]) < 1e-6
    values = made.values(at.x, made.mode(at.x))
    assert_allclose(values["sdcar"] ** 2, found["variance"], rtol=1e-4)
    assert_allclose(values["b"][0], found["coef"], rtol=1e-4)


def covariance(type_: str, near: np.ndarray, sd: float, share: float) -> np.ndarray:
    precision = np.diag(near.sum(axis=1)) - (share if type_ == "escar" else 1.0) * near
    if type_ == "escar":
        return sd**2 * np.linalg.inv(precision)
    level = np.full_like(near, 1 / len(near))
    spatial = np.linalg.inv(precision + level) - level
    typical = np.exp(np.log(np.diag(spatial)).mean())
    spatial += 1e-6
    return sd**2 * ((1 - share) * np.eye(len(near)) + share * spatial / typical)


@pytest.mark.parametrize(("type_", "share"), [("escar", "car"), ("bym2", "rhocar")])
def test_other_regions_are_dense_normal_ones(type_: str, share: str) -> None:
    """Of type bym2 the mean of the spatial part has an sd of 0.001."""
    data, matrices = twice()
    data["y"] += 8 * np.tile(np.cos(np.arange(49) ** 2), 2)
    model = bx.Model(f'y ~ INC + car(W, gr=region, type="{type_}")', data, data2=matrices)
    fit, near = model.optimize("ml"), matrices["W"].to_numpy()
    x = np.column_stack([np.ones(98), data["INC"]])

    def loss(p: np.ndarray) -> float:
        own = covariance(type_, near, np.exp(p[0]), 1 / (1 + np.exp(-p[1])))
        cov = np.tile(own, (2, 2)) + np.exp(2 * p[2]) * np.eye(98)
        precision = np.linalg.inv(cov)
        coefs = np.linalg.solve(x.T @ precision @ x, x.T @ precision @ data["y"])
        return -stats.multivariate_normal(x @ coefs, cov).logpdf(data["y"])

    best = optimize.minimize(loss, [3.0, 0.5, 1.0], method="BFGS")
    further = fit.further()["Estimate"]
    assert fit.converged
    assert_allclose(fit.loglik, -best.fun, rtol=1e-6)
    assert_allclose(further["sdcar"], np.exp(best.x[0]), rtol=1e-3)
    assert_allclose(further[share], 1 / (1 + np.exp(-best.x[1])), rtol=1e-3)


def test_students_rows_are_refused() -> None:
    data, near = columbus()
    model = bx.Model("CRIME ~ INC + sar(W)", data, "student", data2={"W": near})
    with pytest.raises(EstimationError, match=r"hang together, while the family is 'student'"):
        model.optimize()
