"""Gaussian processes: distances, bases, new places, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayesmix as bx
from bayesmix.correlations.kernels import SMOOTHNESS, correlation, spectral_density
from bayesmix.design.length_scales import usual_scale

from ..support import fit_of, frame

DATA = frame(30)


@pytest.mark.parametrize("kernel", ["exp_quad", *SMOOTHNESS])
def test_the_spectral_density_is_that_of_the_correlations(kernel: str) -> None:
    """Against the Fourier integral on a line, by a fine rule."""
    d, scale = np.linspace(0, 60, 600_001), 0.8
    values = correlation(kernel, d / scale, np)
    for omega in (0.0, 0.7, 2.5):
        integral = 2 * np.trapezoid(values * np.cos(omega * d), d)
        found = spectral_density(kernel, (omega * scale) ** 2, scale, 1, np)
        np.testing.assert_allclose(found, integral, rtol=1e-6)


@pytest.mark.parametrize("kernel", ["exp_quad", *SMOOTHNESS])
def test_an_approximate_process_becomes_the_exact_one(kernel: str) -> None:
    """Covariances of two covariates, with many functions and a far boundary."""
    data = DATA.head(8)
    text = f'y ~ gp(x, z, k={{}}, c=4, cov="{kernel}")'
    errors = []
    for k in (15, 60):
        spec = bx.Model(text.format(k), data).spec
        p = spec.design.predictors[0].processes[0].processes[0]
        weights = p.weights(np.array(1.3), np.array([0.7]), np)
        approximate = (p.values * weights**2) @ p.values.T
        exact = p.covariance(p.places, p.places, 1.3, [0.7], np)
        errors.append(np.abs(approximate - exact).max())
    assert errors[1] < errors[0] + 1e-9
    assert errors[1] < (0.15 if kernel == "exponential" else 0.01)


def test_the_default_length_scale_has_a_hundredth_on_either_side() -> None:
    places = np.array([[0.0], [0.1], [0.5], [1.0]])
    shape, scale = map(float, usual_scale(places).removeprefix("inv_gamma(")[:-1].split(","))
    law = stats.invgamma(shape, scale=scale)
    np.testing.assert_allclose([law.cdf(0.1), law.sf(1.0)], 0.01, rtol=1e-4)
    assert usual_scale(np.array([[0.0], [1.0]])) == "normal(0, 0.5)"


def test_new_places_have_the_conditional_distribution() -> None:
    """Moments over many draws, against a dense normal distribution of old and new places."""
    data = DATA.head(6)
    model = bx.Model("y ~ 0 + gp(x)", data, prior=bx.prior("normal(0, 1)", "lscale"))
    p = model.spec.design.predictors[0].processes[0].processes[0]
    n, z = 20_000, np.linspace(-1, 1, 6)
    given = {"sdgp": [[[1.3]] * n], "lscale": [[[0.4]] * n], "zgp": [[z] * n]}
    fit = fit_of(model, chains=1, draws=n, **given)
    new = pd.DataFrame({"x": [0.3, 0.35, float(data["x"].iloc[0])]})
    drawn = fit.posterior_linpred(new, random_seed=1).to_numpy()
    at = new.to_numpy() / p.unit
    known = p.covariance(p.places, p.places, 1.3, [0.4], np) + 1e-12 * np.eye(6)
    across = p.covariance(at, p.places, 1.3, [0.4], np)
    function = np.linalg.cholesky(known) @ z
    mean = across @ np.linalg.solve(known, function)
    left = p.covariance(at, at, 1.3, [0.4], np) - across @ np.linalg.solve(known, across.T)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=5 * np.sqrt(left.max() / n) + 1e-5)
    np.testing.assert_allclose(np.cov(drawn.T), left, atol=0.05 * left.max())
    assert np.ptp(drawn[:, 2]) < 1e-9
    again = fit.posterior_epred(new, random_seed=1).to_numpy()
    np.testing.assert_array_equal(drawn, again)


def test_levels_have_functions_of_their_own() -> None:
    spec = bx.Model("y ~ gp(x, by=f)", DATA).spec
    found = spec.design.predictors[0].processes[0].processes
    assert [p.coef for p in found] == [f"gpxf{level}" for level in DATA["f"].cat.categories]
    assert sum(len(p.places) for p in found) == DATA["x"].nunique()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y ~ gp()", "needs a covariate"),
        ("y ~ gp(f)", "must be numeric"),
        ("y ~ gp(x, k=0)", "number of basis functions"),
        ("y ~ gp(x, c=2)", "this one is exact"),
        ("y ~ gp(x, k=5, c=-1)", "positive number"),
        ("y ~ gp(x, k=5, c=[1, 2])", "one for each covariate"),
        ('y ~ gp(x, cov="cosine")', "is one of"),
        ("y ~ gp(x, iso=2)", "True or False"),
        ("y ~ gp(x, size=5)", "no option 'size'"),
        ("y ~ gp(x):z", "can't be part of an interaction"),
        ("y ~ (gp(x) | g)", "g"),
        ("y ~ gp(one)", "only one value"),
        ("y ~ gp(x) + gp(x, k=3)", "there twice"),
    ],
)
def test_what_cant_be_is_refused(text: str, message: str) -> None:
    with pytest.raises(bx.FormulaError, match=message):
        bx.Model(text, DATA.assign(one=1.0))
