"""Mixtures whose intercepts increase, in the engine."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import bayesmix as bx
from bayesmix.engine.plan.density import build_density
from bayesmix.engine.plan.layout import build_layout
from bayesmix.engine.plan.parametrization import centered_coefs
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.engine.plan.shifts import means_of, shifts_of

from .models import spec_of

TWO = bx.mixture("gaussian", "gaussian")
WITH_GROUPS = bx.bf("y ~ x + (1 | g)", mu2="x + of_g + (1 | g)")


def by_em(y: np.ndarray) -> dict[str, float]:
    """The largest likelihood of two normal components."""
    share, mean, sd = np.array([0.5, 0.5]), np.quantile(y, [0.25, 0.75]), np.full(2, y.std())
    for _ in range(500):
        each = share * stats.norm(mean, sd).pdf(y[:, None])
        of = each / each.sum(axis=1, keepdims=True)
        share = of.mean(axis=0)
        mean = (of * y[:, None]).sum(axis=0) / of.sum(axis=0)
        sd = np.sqrt((of * (y[:, None] - mean) ** 2).sum(axis=0) / of.sum(axis=0))
    return {"b_mu1": mean[0], "b_mu2": mean[1], "sigma1": sd[0], "sigma2": sd[1]}


def test_the_posterior_is_near_the_largest_likelihood() -> None:
    data = bx.load_dataset("faithful")
    fit = bx.Model("waiting ~ 1", data, TWO).fit(random_seed=1, progressbar=False)
    posterior = fit.idata["posterior"]
    assert posterior.attrs["sampler"] == "fused"
    for name, expected in by_em(data["waiting"].to_numpy(float)).items():
        draws = posterior[name].to_numpy().ravel()
        assert abs(draws.mean() - expected) < 0.3 * draws.std()
    assert (posterior["b_mu1"].to_numpy() < posterior["b_mu2"].to_numpy()).all()


def test_intercepts_increase_whatever_is_centred() -> None:
    """What is added to effects, or taken from coefficients, leaves the order as it is."""
    spec = spec_of(WITH_GROUPS, TWO)
    centered = centered_coefs(spec, "centered")
    shifts = shifts_of(spec, centered)
    layout = build_layout(spec, centered, shifts, means_of(spec, centered, shifts))
    x = np.random.default_rng(1).normal(size=(50, layout.n_dim))
    draws = posterior_of(layout, x)
    at_means = [
        draws[target.variable][:, 0] + draws[target.variable][:, 1:] @ p.columns.means
        for target, p in spec.predictors.items()
        if target.dpar in spec.family.main
    ]
    np.testing.assert_allclose(at_means[0], x[:, layout.increasing[0][0]])
    np.testing.assert_allclose(at_means[1] - at_means[0], np.exp(x[:, layout.increasing[0][1]]))


def test_the_gradient_is_that_of_the_log_density() -> None:
    spec = spec_of(WITH_GROUPS, TWO)
    density = build_density(spec, build_layout(spec))
    x, direction = np.random.default_rng(2).normal(size=(2, density.n_dim))
    step = 1e-5 * direction
    numerical = (density(x + step)[0] - density(x - step)[0]) / 2e-5
    assert numerical == pytest.approx(density(x)[1] @ direction, rel=1e-6)
