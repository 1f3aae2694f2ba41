"""Parameters fixed by ``constant()``: in PyMC, the engine, prior draws and the log density."""

from __future__ import annotations

import numpy as np
import pytest

from bayesmix.engine import uncovered
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.errors import PriorError
from bayesmix.model import Model
from bayesmix.priors import prior
from bayesmix.sampling import draw_prior
from bayesmix.variables import variable_dims

from ..engine.models import density_of
from ..support import fit_of, frame

DATA = frame(30)
FIXED = [
    prior("normal(0, 1)", "b"),
    prior("constant(2)", "b", coef="x"),
    prior("constant(-1)", "Intercept"),
    prior("constant(0.5)", "sd", group="g", coef="x"),
    prior("constant(1.5)", "sigma"),
]


@pytest.fixture(scope="module")
def model() -> Model:
    return Model("y ~ x + z + (1 + x | g)", DATA, prior=FIXED)


def fixed_values(draws: dict[str, np.ndarray], model: Model) -> dict[str, np.ndarray]:
    means = model.spec.predictors["", "mu"].columns.means
    b = draws["b"]
    return {
        "Intercept": b[..., 0] + b[..., 1:] @ means,
        "x": b[..., 1],
        "sd": draws["sd_g"][..., 1],
        "sigma": draws["sigma"],
    }


EXPECTED = {"Intercept": -1.0, "x": 2.0, "sd": 0.5, "sigma": 1.5}


def test_draws_of_the_prior_hold_them(model):
    draws = draw_prior(model.spec, 50, np.random.SeedSequence(1))
    values = {name: draws[name].to_numpy()[0] for name in variable_dims(model.spec)}
    for name, value in fixed_values(values, model).items():
        np.testing.assert_allclose(value, EXPECTED[name], rtol=0, atol=1e-12)
    assert values["b"][:, 2].std() > 0.5


def test_the_engine_holds_them_at_any_point(model):
    assert uncovered(model.spec) is None
    density = density_of(model.spec)
    x = np.random.default_rng(1).normal(size=(5, density.n_dim))
    for name, value in fixed_values(posterior_of(density.layout, x), model).items():
        np.testing.assert_allclose(value, EXPECTED[name], rtol=0, atol=1e-12)


def test_the_engines_numbers_for_them_are_standard_normal(model):
    density = density_of(model.spec)
    x = np.random.default_rng(2).normal(size=density.n_dim)
    idle = [density.layout["b"].start, density.layout["sigma"].start]
    moved = x.copy()
    moved[idle] = [0.7, -2.0]
    (one, grad), (two, _) = density(x), density(moved)
    assert two - one == pytest.approx(0.5 * (x[idle] @ x[idle] - moved[idle] @ moved[idle]))
    np.testing.assert_allclose(grad[idle], -x[idle], rtol=1e-12)


def test_pymc_has_no_random_variable_for_them(model):
    names = [v.name for v in model.pymc.free_RVs]
    assert "sigma" not in names and "Intercept" not in names
    assert {"b", "sigma"} <= {v.name for v in model.pymc.deterministics}
    assert float(model.pymc["sigma"].eval()) == 1.5


def test_they_add_nothing_to_the_log_density():
    data = {"y": [0.0, 1.0, 3.0], "x": [0.0, 1.0, 2.0]}
    half = prior("normal(0, 1)", "b")
    free, fixed = (
        Model("y ~ x", data, prior=[half, *more]) for more in ([], [prior("constant(2)", "sigma")])
    )
    draws = {"b": np.array([[[0.1, 0.9]]]), "sigma": np.full((1, 1), 2.0)}
    one, other = (fit_of(m, 1, 1, **draws).log_density()[0] for m in (free, fixed))
    assert one - other == pytest.approx(float(free.spec.by_name["sigma"].prior.logpdf(2.0)))


def test_whole_classes_can_be_fixed():
    model = Model("y ~ x + z", DATA, prior=prior("constant(0)", "b"))
    draws = draw_prior(model.spec, 3, np.random.SeedSequence(1))
    np.testing.assert_array_equal(draws["b"].sel(coef=["x", "z"]), np.zeros((1, 3, 2)))


@pytest.mark.parametrize(
    ("given", "fragments"),
    [
        (prior("constant(-1)", "sigma"), ["-1 is outside the range of class 'sigma'", "(0, Inf)"]),
        (prior("constant(0)", "sd"), ["0 is outside the range of class 'sd' coef='Intercept'"]),
        (
            [prior("", "b", lb=0), prior("constant(-1)", "b", coef="x")],
            ["-1 is outside the range of class 'b' coef='x', (0, Inf)"],
        ),
        (prior("dirichlet(1)", "b"), ["dirichlet is for shares", "class 'b' coef='x'"]),
    ],
)
def test_what_can_not_be(given, fragments):
    with pytest.raises(PriorError) as error:
        Model("y ~ x + (1 | g)", DATA, prior=given)
    for fragment in fragments:
        assert fragment in str(error.value)


def test_bounds_and_constants_must_agree():
    with pytest.raises(PriorError, match="outside its bounds"):
        prior("constant(2)", "b", ub=1)


def test_thresholds_are_no_constants():
    with pytest.raises(PriorError, match="can't be constants"):
        Model("grade ~ x", DATA, "cumulative", prior("constant(0)", "Intercept", coef="1"))
