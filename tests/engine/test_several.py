"""Models of several responses in the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayesmix.convergence import diagnose
from bayesmix.engine import compile_fused
from bayesmix.engine.coverage import uncovered
from bayesmix.families import mixture
from bayesmix.fit import Fit
from bayesmix.formula import bf, mv
from bayesmix.model import Model
from bayesmix.priors import prior
from bayesmix.spec import ModelSpec
from bayesmix.variables import variable_dims

from .models import density_of, points, spec_of
from .test_density import assert_same

MODELS = {
    "a shared id": (
        mv("y ~ x + (1 | i | g)", bf("count ~ z + (1 + x | i | g)", family="poisson")),
        (prior("lkj(2)", "cor"), prior("normal(0, 1)", "b", resp="count")),
    ),
    "no group in common": (
        mv(
            bf("yes ~ x + (1 | g)", family="bernoulli"),
            bf("y ~ f + (1 | k)", sigma="z", family="student"),
        ),
        (),
    ),
    "rows of their own": (
        mv(
            "y | subset(flag) ~ x + (1 | i | g)",
            bf("count | subset(known_both) ~ z + (1 | i | g) + (1 | k)", family="negbinomial"),
            bf("z ~ f", family="Gamma"),
        ),
        (),
    ),
    "categories": (
        mv(
            bf("f ~ x + (1 | i | g)", family="categorical"),
            bf("grade ~ z + (1 | i | g)", family="cumulative"),
        ),
        (),
    ),
    "steps and shares": (
        mv(
            bf("score ~ cs(x) + offset(shift)", family="sratio"),
            bf("y ~ f + (1 | g)", mu2="z", family=mixture("gaussian", "student", order="none")),
        ),
        (),
    ),
    "a smooth, a variance function and strata": (
        mv(
            bf("y ~ s(z, k=5) + (1 | i | gr(g, by=by_g))", sigma="x + varExp(mu)"),
            bf("yes ~ mo(grade) + (1 + x | i | gr(g, by=by_g))", family="bernoulli"),
            rescor=False,
        ),
        (prior("dirichlet(2, 1, 3)", "simo", coef="mograde1", resp="yes"),),
    ),
    "weights, memberships, a process and regions": (
        mv(
            bf("count | rate(z) ~ gp(x, k=3) + car(W, gr=g)", family="poisson"),
            "y | weights(w) ~ s(x, k=5) + mo(grade) + (1 | mm(g, mate))",
        ),
        (),
    ),
    "curves": (
        mv(
            bf("y ~ a * exp(-b * z)", a="1 + (1 | i | g)", b="1", nl=True),
            bf("w ~ c + tanh(b) * x", c="f + (1 | i | g)", b="x", sigma="z", nl=True),
            rescor=False,
        ),
        tuple(
            prior("normal(0, 1)", nlpar=name, resp=resp)
            for name, resp in (("a", "y"), ("b", "y"), ("c", "w"), ("b", "w"))
        ),
    ),
    "series": (
        mv(
            "y ~ x + (1 | i | g) + ar(z, gr=k, cov=True)",
            bf("w ~ x + ma(z, gr=k)", sigma="x"),
            bf("z | cens(flag) ~ x + (1 | i | g)", family="weibull"),
            rescor=False,
        ),
        (),
    ),
    "residuals in common": (
        mv("y ~ x + (1 | i | g)", bf("w ~ z + (1 | i | g)", sigma="1 + (1 | i | g)")),
        (prior("lkj(2)", "rescor"),),
    ),
    "three of them, weighted": (
        mv(
            "y | weights(w) ~ x + (1 | g)",
            bf("z | weights(w) ~ 1", sigma="s(x, k=5)"),
            "x | weights(w) ~ mo(grade)",
        ),
        (),
    ),
    "Student residuals in common": (
        mv(bf("y ~ x", family="student"), bf("w ~ 1", sigma=2, family="student")),
        (),
    ),
    "places and latent residuals": (
        mv(
            bf("share ~ corExp(x, z, gr=k, nugget=True)", family="student"),
            bf("count ~ x + ar(z, gr=k, cov=True)", family="poisson"),
        ),
        (),
    ),
}
SHRUNK = {
    "shrinkage": (
        mv("y ~ x + z + f", bf("yes ~ x * z", family="bernoulli")),
        (prior("horseshoe(1)", "b", resp="y"), prior("R2D2(0.5)", "b", resp="yes")),
    ),
}

NARROW = ("categories", "curves", "series", "places and latent residuals")
"""Where few digits are left in PyMC's density far from the centre."""


def _spec(model: str) -> ModelSpec:
    formula, priors = (MODELS | SHRUNK)[model]
    return spec_of(formula, None, priors)


@pytest.mark.parametrize("model", MODELS)
def test_the_density_is_that_of_the_pymc_model(model: str) -> None:
    assert_same(_spec(model), least=4, largest=3.0 if model in NARROW else 30.0)


@pytest.mark.parametrize("model", [*MODELS, *SHRUNK])
def test_the_gradient_is_that_of_the_log_density(model: str) -> None:
    density = density_of(_spec(model))
    x = next(points(density.layout))
    direction = np.random.default_rng(2).normal(size=x.size)
    step = 1e-5 * direction
    numerical = (density(x + step)[0] - density(x - step)[0]) / 2e-5
    assert numerical == pytest.approx(density(x)[1] @ direction, rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_place_to_start(model: str) -> None:
    spec = _spec(model)
    for choice in ("auto", "centered", "noncentered"):
        if choice == "centered" and not all(g.group.plain for g in spec.groups):
            continue
        fused = compile_fused(spec, choice)
        x = np.stack([fused.initial_point(seed) for seed in (1, 2)])
        assert all(np.isfinite(fused.sampled(point)[0]) for point in x)
        assert fused.posterior(x).keys() == variable_dims(spec).keys()


def test_what_is_left_to_pymc() -> None:
    curve = bf("y ~ a * exp(-x)", a="1", nl=True)
    spec = spec_of(mv(curve, "w ~ z"), None, (prior("normal(0, 1)", nlpar="a", resp="y"),))
    assert uncovered(spec) == "curves of 'y' beside correlated residuals have no kernel"
    scale = mv("y ~ x", bf("w ~ z", sigma="varExp(mu)"))
    assert uncovered(spec_of(scale)).startswith("variance functions of 'w'")


@pytest.mark.slow
@pytest.mark.parametrize("other", [bf("n ~ x + (1 | i | g)", family="poisson"), "z ~ x"])
def test_the_posterior_is_that_of_the_pymc_model(other: Any) -> None:
    rng = np.random.default_rng(2)
    g, x = np.repeat(np.arange(30), 8), rng.normal(size=240)
    effects = rng.multivariate_normal([0.0, 0.0], [[1.0, 0.2], [0.2, 0.5]], 30)[g]
    data = pd.DataFrame({"x": x, "g": g, "y": 1 + x + effects[:, 0] + rng.normal(size=240)})
    data["n"] = rng.poisson(np.exp(0.5 + 0.3 * x + effects[:, 1]))
    data["z"] = 0.5 * data["y"] + rng.normal(size=240)
    model = Model(mv("y ~ x + (1 | i | g)", other), data)
    found = [
        _moments(model.fit(2000, sampler=sampler, random_seed=1, progressbar=False))
        for sampler in ("fused", "nutpie")
    ]
    (ours, our_error), (theirs, their_error) = found
    assert (np.abs(ours - theirs) < 4.5 * np.hypot(our_error, their_error)).all()


def _moments(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Means of all parameters, and their Monte Carlo errors."""
    posterior = fit.idata["posterior"].to_dataset()
    variables = posterior.transpose("chain", "draw", ...).data_vars.values()
    values = [v.to_numpy().reshape(*v.shape[:2], -1) for v in variables]
    draws = np.concatenate(values, axis=2)
    # Correlations of effects with themselves don't vary.
    draws = draws[:, :, draws.std(axis=(0, 1)) > 1e-12]
    sizes = diagnose(draws)["Bulk_ESS"]
    return draws.mean(axis=(0, 1)), draws.std(axis=(0, 1)) / np.sqrt(sizes)
