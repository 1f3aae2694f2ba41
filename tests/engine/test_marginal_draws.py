"""Draws of the integrated effects against their exact normal distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from bayesmix.variables import variable_dims

from .marginal_models import MODELS, Marginal, normal_parts, points, problem


def conditional(m: Marginal, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the effects given the rest, by the covariance of the data."""
    e, z, cov, noise = normal_parts(m, x)
    gain = np.linalg.solve(z @ cov @ z.T + noise, z @ cov).T
    return gain @ e, cov - gain @ z @ cov


@pytest.mark.parametrize("name", MODELS)
def test_draws_have_the_moments_of_the_conditional(name):
    m, n = problem(name), 4000
    x = points(m, 1)[0]
    mean, cov = conditional(m, x)
    draws = m.effects(np.tile(x, (n, 1)), np.random.default_rng(3)).reshape(n, -1)
    sd = np.sqrt(np.diag(cov))
    assert np.abs((draws.mean(axis=0) - mean) / sd).max() < 4.5 / np.sqrt(n)
    scale = np.outer(sd, sd)
    assert np.abs(np.cov(draws.T) - cov).max() < (6.0 / np.sqrt(n) * scale).max()
    whitened = np.linalg.solve(np.linalg.cholesky(cov), (draws - mean).T)
    assert kstest(whitened.ravel(), "norm").pvalue > 1e-4


def test_each_draw_of_the_rest_has_its_own():
    m = problem("slopes")
    x = points(m, 6).reshape(2, 3, -1)
    draws = m.effects(x, np.random.default_rng(3))
    noise = np.random.default_rng(3).spawn(1)[0].standard_normal(draws.shape)
    for at in np.ndindex(2, 3):
        mean, cov = conditional(m, x[at])
        distance = draws[at].ravel() - mean
        quadratic = distance @ np.linalg.solve(cov, distance)
        assert quadratic == pytest.approx((noise[at] ** 2).sum(), rel=1e-8)


@pytest.mark.parametrize("name", MODELS)
def test_posterior_has_the_variables_of_the_model(name):
    m = problem(name)
    found = m.posterior(points(m, 4).reshape(2, 2, -1), random_seed=1)
    dims = variable_dims(m.spec)
    assert set(found) == set(dims)
    assert all(found[key].ndim == 2 + len(dims[key]) for key in dims)
    for g in m.spec.groups:
        assert found[f"r_{g.group.name}"].shape[2:] == (g.group.size, len(g.names))


def test_same_seed_same_effects():
    m = problem("crossed")
    first, again, other = (m.posterior(points(m, 5), seed)["r_g"] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).all()
