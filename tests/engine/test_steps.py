"""Monotonic effects in the engine."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import softmax

from bayesmix.engine.plan.density import build_density
from bayesmix.engine.plan.layout import build_layout

from .models import rows, spec_of

MODEL = "y ~ 1 + mo(grade) * x + mo(grade):mo(few) + (0 + mo(grade) | g)"


def test_a_change_of_the_log_density_by_hand() -> None:
    """Where only the coefficients change."""
    spec, data = spec_of(MODEL), rows()
    layout = build_layout(spec)
    density, rng = build_density(spec, layout), np.random.default_rng(1)
    x = rng.normal(size=layout.n_dim) * 0.3
    names = spec.predictors[next(iter(spec.predictors))].columns.names
    heights = {}
    for n in ("mo(grade)", "mo(grade):x", "mo(grade):mo(few)_1", "mo(grade):mo(few)_2"):
        shares = softmax(x[layout[f"simo_{n}"].numbers])
        heights[n] = len(shares) * np.concatenate([[0.0], np.cumsum(shares)])
    grade, few = data["grade"].to_numpy() - 1, data["few"].to_numpy() - data["few"].min()
    columns = {
        "Intercept": np.ones(len(data)),
        "x": data["x"] - data["x"].mean(),
        "mo(grade)": heights["mo(grade)"][grade],
        "mo(grade):x": heights["mo(grade):x"][grade] * data["x"],
        "mo(grade):mo(few)": heights["mo(grade):mo(few)_1"][grade]
        * heights["mo(grade):mo(few)_2"][few],
    }
    matrix = np.stack([columns[n] for n in names], axis=1)
    sd = np.exp(x[layout["sd_g"].start])
    effects = sd * x[layout.group("g").effects][spec.design.group("g").index]
    changed, b = x.copy(), layout["b"]
    changed[b.numbers] += rng.normal(size=b.size)

    def expected(at: np.ndarray) -> float:
        mu = matrix @ at[b.numbers] + effects * columns["mo(grade)"]
        likelihood = stats.norm(mu, np.exp(at[layout["sigma"].start])).logpdf(data["y"]).sum()
        prior = b.parameter.priors[0].logpdf(at[b.start])
        return float(likelihood + prior)

    found = density(changed)[0] - density(x)[0]
    assert found == pytest.approx(expected(changed) - expected(x), rel=1e-9)


def test_the_gradient_is_that_of_the_log_density() -> None:
    spec = spec_of(MODEL)
    density = build_density(spec, build_layout(spec))
    rng = np.random.default_rng(2)
    x, direction = rng.normal(size=(2, density.n_dim))
    step = 1e-5 * direction
    numerical = (density(x + step)[0] - density(x - step)[0]) / 2e-5
    assert numerical == pytest.approx(density(x)[1] @ direction, rel=1e-6)
