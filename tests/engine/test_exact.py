"""Exact Gaussian processes in the engine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayesmix.build import build_spec
from bayesmix.design.processes import NUGGET
from bayesmix.engine.plan.density import Density, build_density
from bayesmix.engine.plan.informed import informed_of
from bayesmix.engine.plan.layout import build_layout
from bayesmix.engine.plan.posterior import posterior_of

RNG = np.random.default_rng(4)
N = 50
DATA = pd.DataFrame({"x": RNG.uniform(size=N), "z": RNG.uniform(size=N), "y": RNG.normal(size=N)})
KERNELS = ("exp_quad", "matern52", "matern32", "exponential")


def density_of(kernel: str, iso: bool) -> Density:
    spec = build_spec(f'y ~ 1 + gp(x, z, cov="{kernel}", iso={iso}, scale=False)', DATA)
    return build_density(spec, build_layout(spec))


def correlation(kernel: str, r: np.ndarray) -> np.ndarray:
    """By distances in length scales, as textbooks have them."""
    if kernel == "exp_quad":
        return np.exp(-(r**2) / 2)
    if kernel == "matern52":
        return (1 + 5**0.5 * r + 5 * r**2 / 3) * np.exp(-(5**0.5) * r)
    return (1 + 3**0.5 * r) * np.exp(-(3**0.5) * r) if kernel == "matern32" else np.exp(-r)


def point(density: Density, iso: bool, z: np.ndarray) -> np.ndarray:
    """Intercept, sd, length scales and sigma that are not rare, and these numbers."""
    x, layout = np.empty(density.n_dim), density.layout
    x[layout["b"].start] = 0.2
    x[layout["sdgp"].numbers] = np.log(0.8)
    x[layout["lscale"].numbers] = np.log([0.3] if iso else [0.3, 0.5])
    x[layout["zgp"].numbers] = z
    x[layout["sigma"].start] = np.log(0.7)
    return x


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("iso", [True, False])
def test_values_are_the_root_times_the_numbers(kernel: str, iso: bool) -> None:
    density, z = density_of(kernel, iso), RNG.normal(size=(2, N))
    places = DATA[["x", "z"]].to_numpy() / ([0.3, 0.3] if iso else [0.3, 0.5])
    r = np.sqrt(((places[:, None] - places) ** 2).sum(axis=-1))
    root = np.linalg.cholesky(0.64 * correlation(kernel, r) + NUGGET * np.eye(N))
    expected = [
        stats.norm.logpdf(own).sum() + stats.norm(0.2 + root @ own, 0.7).logpdf(DATA["y"]).sum()
        for own in z
    ]
    found = [density(point(density, iso, own))[0] for own in z]
    assert found[1] - found[0] == pytest.approx(expected[1] - expected[0], rel=1e-8)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("iso", [True, False])
def test_the_gradient_is_that_of_the_log_density(kernel: str, iso: bool) -> None:
    density = density_of(kernel, iso)
    x = point(density, iso, RNG.normal(size=N))
    for direction in np.eye(density.n_dim)[[0, 1, 2, 3, 10, 30, -1]]:
        step = 1e-5 * direction
        numerical = (density(x + step)[0] - density(x - step)[0]) / 2e-5
        assert numerical == pytest.approx(density(x)[1] @ direction, rel=1e-5, abs=1e-4)


INFORMED = {
    "a column beside": ('y ~ z + gp(x, cov="matern32") + (1 | g)', "gaussian"),
    "two scales": ('n ~ 0 + gp(x, z, cov="matern52", iso=False)', "poisson"),
    "two processes": ('y ~ gp(x, cov="exponential") + gp(z, by=x, cov="exponential")', "student"),
}


@pytest.mark.parametrize("model", INFORMED)
def test_numbers_that_take_up_what_rows_say_are_a_change_of_variables(model: str) -> None:
    """Of the volume of the second root, and with the mean by numpy."""
    formula, family = INFORMED[model]
    data = DATA.assign(n=RNG.poisson(2.0, N), g=np.resize(list("abc"), N))
    spec = build_spec(formula, data, family)
    informed = informed_of(spec)
    plain, layout = build_layout(spec), build_layout(spec, informed=informed)
    density, reference = build_density(spec, layout), build_density(spec, plain)
    (c,) = spec.predictors[next(iter(spec.predictors))].processes
    columns = spec.predictors[c.target].columns
    for _ in range(2):
        x, direction = 0.5 * RNG.normal(size=(2, layout.n_dim))
        draws = posterior_of(layout, x[None])
        volume, at = 0.0, layout["zgp"].numbers
        b = x[layout["b"].numbers] if columns.names else np.empty(0)
        for own, (scales, numbers) in zip(informed["zgp"], c.parts, strict=True):
            p, i = own.process, informed["zgp"].index(own)
            sd, lscale = draws["sdgp"][0, i], draws["lscale"][0, scales]
            covariance = p.covariance(p.places, p.places, sd, lscale, np)
            root = np.linalg.cholesky(covariance + NUGGET * np.eye(N))
            second = np.linalg.cholesky(np.eye(N) + root.T @ (own.precisions[:, None] * root))
            volume -= np.log(np.diag(second)).sum()
            h = root.T @ (own.products - b @ own.beside)
            z = np.linalg.solve(second.T, x[at][numbers] + np.linalg.solve(second, h))
            np.testing.assert_allclose(root @ draws["zgp"][0, numbers], root @ z, atol=1e-4)
        moved = x.copy()
        moved[at] = draws["zgp"][0]
        assert density(x)[0] == pytest.approx(reference(moved)[0] + volume, rel=1e-9)
        step = 1e-5 * direction
        numerical = (density(x + step)[0] - density(x - step)[0]) / 2e-5
        assert numerical == pytest.approx(density(x)[1] @ direction, rel=1e-4, abs=1e-3)


def test_numbers_are_nearly_independent_given_what_rows_say() -> None:
    """Where the variances of normal rows are known, exactly: the density is that of v."""
    data = DATA.assign(e=0.5)
    spec = build_spec('y | se(e) ~ 1 + gp(x, cov="matern32")', data)
    density = build_density(spec, build_layout(spec, informed=informed_of(spec)))
    at = density.layout["zgp"].numbers
    x = 0.3 * RNG.normal(size=density.n_dim)
    np.testing.assert_allclose(density(x)[1][at], -x[at], atol=1e-3)


def test_covariances_without_a_root_are_rejected() -> None:
    density = density_of("exp_quad", True)
    x = point(density, True, np.ones(N))
    x[density.layout["sdgp"].start] = 40.0
    x[density.layout["lscale"].start] = 20.0
    assert density(x)[0] == -np.inf
