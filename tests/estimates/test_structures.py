"""Structures of group effects: estimates are those of glmmTMB and nlme, or of dense densities."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import linalg, stats

import bayesmix as bx
from bayesmix.estimates.likelihood import likelihood

FOUND = json.loads((Path(__file__).parent / "estimates.json").read_text())


@pytest.mark.parametrize("name", ["ar1", "cs", "diag", "toep", "homcs", "homdiag"])
def test_estimates_are_those_of_glmmtmb_and_nlme(name: str) -> None:
    formula = f'score ~ Machine + (0 + Machine | gr(Worker, str="{name}"))'
    fit, found = bx.Model(formula, bx.load_dataset("machines")).optimize("ml"), FOUND[name]
    assert fit.converged and abs(fit.loglik - found["logLik"]) < 1e-6
    assert_allclose(fit.fixef()["Estimate"], found["coef"], rtol=1e-5)
    assert fit.df == found.get("df", fit.df)
    if "sd" in found:
        assert_allclose(fit.varcorr()["Worker"].sd["Estimate"], found["sd"][:-1], rtol=1e-5)


def powers(rho: float) -> np.ndarray:
    return linalg.toeplitz(rho ** np.arange(4))


TOEPLITZ = np.array([1.0, 0.5, 0.4, 0.2])
SDS = np.array([0.5, 1.0, 1.5, 2.0])
COVARIANCES = {
    "ar1": (["0.7", "0.3"], 0.49 * powers(0.3)),
    "hetar1": ([*SDS, "0.3"], np.outer(SDS, SDS) * powers(0.3)),
    "corh": ([*SDS, "0.3"], np.outer(SDS, SDS) * (0.3 + 0.7 * np.eye(4))),
    "homcs": (["0.7", "0.3"], 0.49 * (0.3 + 0.7 * np.eye(4))),
    "homdiag": (["0.7"], 0.49 * np.eye(4)),
    # By partial autocorrelations: 0.5, then (0.4 - 0.25) / 0.75, …
    "homtoep": (["0.7", "0.5", "0.2", "third"], 0.49 * linalg.toeplitz(TOEPLITZ)),
}


def third() -> float:
    """The partial autocorrelation three steps apart, from the weights of the best prediction."""
    return float(np.linalg.solve(linalg.toeplitz(TOEPLITZ[:3]), TOEPLITZ[1:])[-1])


@pytest.mark.parametrize("name", COVARIANCES)
def test_likelihoods_are_dense_normal_ones(name: str) -> None:
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"g": np.repeat(list("uvwxyz"), 8), "f": np.tile(list("abcd"), 12)})
    data["y"] = rng.standard_normal(48)
    spec = bx.Model(f'y ~ 0 + (0 + f | gr(g, str="{name}"))', data).spec
    made = likelihood(spec, "ml")
    numbers, covariance = COVARIANCES[name]
    numbers = np.array([third() if n == "third" else float(n) for n in numbers])
    # Standard deviations are searched for in units of the size of the data.
    sds = len(numbers) - len([p for p in made.unknowns.bounds[:-1] if np.isfinite(p[1])])
    numbers[:sds] /= made.unknowns.values(made.unknowns.start)["sd_g"][0, :sds]
    same = data["g"].to_numpy()[:, None] == data["g"].to_numpy()
    codes = data["f"].map({"a": 0, "b": 1, "c": 2, "d": 3}).to_numpy()
    dense = same * covariance[np.ix_(codes, codes)] + 0.64 * np.eye(48)
    expected = stats.multivariate_normal(np.zeros(48), dense).logpdf(data["y"])
    assert_allclose(made(np.append(numbers, np.log(0.8))), expected, rtol=1e-9)


def test_a_correlation_at_its_bound_is_told() -> None:
    """Effects that are the same in all levels of the factor."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"g": np.repeat(np.arange(20), 9), "f": np.tile(list("abc"), 60)})
    noise = rng.standard_normal(180)
    noise -= pd.Series(noise).groupby([data["g"], data["f"]]).transform("mean")
    data["y"] = rng.standard_normal(20)[data["g"]] + noise
    fit = bx.Model('y ~ 1 + (0 + f | gr(g, str="ar1"))', data).optimize()
    assert "cor_g[f[a],f[b]] is 1" in fit.boundary and "cor_g[f[a],f[b]] is 1" in repr(fit)
