"""Shrinkage priors and shares in the engine, against the log density computed in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from bayesmix.engine.coverage import uncovered
from bayesmix.engine.numerics.transforms import jacobian, transform_of
from bayesmix.engine.plan.density import Density
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.formula import bf
from bayesmix.model import Model
from bayesmix.parameters import Role, Transform
from bayesmix.priors import prior

from ..support import fit_of
from .models import density_of, rows, spec_of

MODELS = {
    "horseshoe": ("y ~ x + z + f + (1 | g)", "gaussian", prior("horseshoe(3, par_ratio=0.2)", "b")),
    "without sigma": ("yes ~ 0 + x + z", "bernoulli", prior("horseshoe(scale_slab=1)", "b")),
    "of two predictors": (
        bf("y ~ x + z", sigma="x + z"),
        "gaussian",
        [prior("R2D2(cons_D2=1)", "b"), prior("horseshoe(df_slab=3)", "b", dpar="sigma")],
    ),
    "R2D2": ("y ~ x + z", "gaussian", prior("R2D2(0.3, 5, cons_D2=c(1, 2))", "b")),
    "R2D2 of two classes": (
        "y ~ x + z + (1 + x | g) + (1 | k)",
        "gaussian",
        [prior("R2D2(main=TRUE)", "b"), prior("R2D2(cons_D2=2)", "sd")],
    ),
    "horseshoe of deviations": (
        "y ~ x + (0 + x + z || gr(g, by=by_g))",
        "student",
        prior("horseshoe(autoscale=FALSE)", "sd"),
    ),
}


def in_numpy(model: Model, density: Density, x: np.ndarray) -> float:
    """The log density of the variables of a posterior, and the volume of the engine's numbers."""
    values, layout = posterior_of(density.layout, x), density.layout
    total = float(
        fit_of(model, 1, 1, **{n: v[None, None] for n, v in values.items()}).log_density()[0]
    )
    for i, p in layout.scalars():
        total += jacobian(x[i], transform_of(p.lower, p.upper), p.lower, p.upper)[1]
    total += sum(np.log(values[p.unit]) for p in model.spec.parameters if p.unit)
    for at in layout.at.values():
        own, p = x[at.numbers], at.parameter
        if p.transform == Transform.SHARES:
            # Of gamma distributed sizes, whose sum says nothing about the shares.
            alpha = np.broadcast_to(p.prior.distribution.params, p.size)
            size = np.exp(own).sum()
            total += np.log(values[p.name]).sum() + alpha.sum() * np.log(size) - size
        if p.transform == Transform.CORRELATION:
            # Of a correlation of two: tanh(v / 2), by the Cholesky factor's entry.
            total += np.log(0.5 / np.cosh(own / 2) ** 2).sum()
        if p.role == Role.SD:
            total -= 0.5 * sum(x[i] ** 2 for i, q in at.scalars() if not q.distribution.of_one)
    return total


@pytest.mark.parametrize("name", MODELS)
def test_the_density_is_that_of_numpy(name: str) -> None:
    formula, family, priors = MODELS[name]
    model, spec = Model(formula, rows(), family, priors), spec_of(formula, family, priors)
    assert uncovered(spec) is None
    density, rng = density_of(spec), np.random.default_rng(1)
    points = [scale * rng.normal(size=density.n_dim) for scale in (0.1, 0.3, 0.7, 1.0)]
    differences = [density(x)[0] - in_numpy(model, density, x) for x in points]
    np.testing.assert_allclose(differences, differences[0], rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("name", MODELS)
def test_the_gradient_is_its_derivative(name: str) -> None:
    density = density_of(spec_of(*MODELS[name]))
    x = 0.5 * np.random.default_rng(2).normal(size=density.n_dim)
    _, grad = density(x)
    steps = 1e-6 * np.eye(density.n_dim)
    slopes = [(density(x + h)[0] - density(x - h)[0]) / 2e-6 for h in steps]
    np.testing.assert_allclose(grad, slopes, rtol=1e-5, atol=1e-5 * np.abs(grad).max())
