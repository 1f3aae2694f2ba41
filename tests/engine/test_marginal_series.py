"""Effects integrated out beside correlated residuals, against the PyMC model that has them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesmix.build import build_spec
from bayesmix.engine.marginal.model import Marginal, build_marginal, can_marginalize, largest_group
from bayesmix.engine.plan.layout import build_layout
from bayesmix.model import Model

from .marginal_models import frame, normal_parts, points, problem
from .pymc_density import PymcDensity
from .test_marginal_sampling import check_same


def conditional(m: Marginal, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and a root of the covariance of the standardised effects given the rest."""
    e, z, cov, noise = normal_parts(m, x)
    columns = z @ np.linalg.cholesky(cov)
    precision = np.eye(z.shape[1]) + columns.T @ np.linalg.solve(noise, columns)
    mean = np.linalg.solve(precision, columns.T @ np.linalg.solve(noise, e))
    return mean, np.linalg.inv(np.linalg.cholesky(precision)).T


@pytest.mark.parametrize(
    "name", ["autoregression in parts", "continuous", "pairs of times", "past residuals"]
)
def test_density_and_gradient_are_those_of_pymc_with_the_effects_integrated(name: str) -> None:
    """Both are known from the joint density's at the conditional mean and on both sides of it."""
    m = problem(name)
    layout, reference = build_layout(m.spec), PymcDensity(m.spec, build_layout(m.spec))
    effects = layout.group(m.group).effects
    rest = np.delete(np.arange(layout.n_dim), effects)
    differences = []
    for x in points(m, 2):
        mean, root = conditional(m, x)
        full = np.empty(layout.n_dim)
        full[rest], full[effects] = x, mean
        logp = reference(full)[0] + np.linalg.slogdet(root)[1]
        slopes = []
        for step in np.sqrt(len(root)) * np.concatenate([root.T, -root.T]):
            full[effects] = mean + step
            slopes.append(reference(full)[1][rest])
        ours, slope = m.density(x)
        differences.append(ours - logp)
        assert slope == pytest.approx(np.mean(slopes, axis=0), rel=1e-8, abs=1e-8)
    assert differences[1] == pytest.approx(differences[0], rel=1e-9)


def test_the_order_of_rows_is_no_matter() -> None:
    m = problem("autoregression in parts")
    other = build_marginal(build_spec(m.spec.formula, frame().sample(frac=1.0, random_state=1)))
    x = points(m, 1)[0]
    assert other.density(x)[0] == pytest.approx(m.density(x)[0], rel=1e-12)


@pytest.mark.parametrize(
    ("terms", "group"),
    [
        ("(x | g) + (1 | h) + car1(time, gr=g)", "g"),
        ("(x | g) + (1 | h) + car1(time, gr=h)", "h"),
        ("(x | g) + (1 | t) + car1(time, gr=part)", "g"),
        ("(1 | t/g) + car1(time, gr=g)", "t:g"),
    ],
)
def test_a_group_is_integrated_that_has_whole_series(terms: str, group: str) -> None:
    spec = build_spec(f"y ~ x + {terms}", frame())
    assert can_marginalize(spec) is None
    assert largest_group(spec) == group


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("y ~ x + (x | g) + car1(time)", "no group has all rows of a series of residuals"),
        ("y | weights(w) ~ x + (x | g) + ar(time, gr=g)", "weighted rows have past residuals"),
    ],
)
def test_what_cannot_be_integrated_says_why(formula: str, reason: str) -> None:
    assert reason in can_marginalize(build_spec(formula, frame()))


def lines() -> pd.DataFrame:
    """Thirty lines of twelve rows through one point, with autocorrelated residuals."""
    rng = np.random.default_rng(3)
    e, time = rng.normal(size=(30, 12)), np.arange(12.0)
    for t in range(1, 12):
        e[:, t] += 0.5 * e[:, t - 1]
    y = 1.0 + (0.5 + 0.7 * rng.normal(size=(30, 1))) * time + e
    columns = {"y": y.ravel(), "t": np.tile(time, 30), "g": np.repeat(np.arange(30), 12)}
    return pd.DataFrame(columns)


@pytest.mark.slow
def test_posterior_is_the_same() -> None:
    check_same(Model("y ~ t + (0 + t | g) + ar(t, gr=g, cov=True)", lines()), 2000)
