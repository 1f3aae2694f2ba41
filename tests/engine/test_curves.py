"""Curves of nonlinear parameters in the engine."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest
from scipy import optimize, stats

import bayesmix as bx
from bayesmix.engine.numerics.operations import BINARY, CODES, UNARY
from bayesmix.engine.plan.density import build_density
from bayesmix.engine.plan.layout import build_layout
from bayesmix.engine.plan.parametrization import information
from bayesmix.engine.plan.programs import program_of
from bayesmix.formula.nonlinear import FUNCTIONS, OPERATORS

PRIORS = [
    bx.prior("normal(190, 40)", nlpar="Asym"),
    bx.prior("normal(700, 200)", nlpar="xmid"),
    bx.prior("normal(350, 100)", nlpar="scal", lb=0),
]


def growth(**formulas: str) -> bx.Model:
    curve = "circumference ~ Asym / (1 + exp((xmid - age) / scal))"
    formulas = {"Asym": "1 + (1 | Tree)", "xmid": "1", "scal": "1"} | formulas
    return bx.Model(bx.bf(curve, nl=True, **formulas), bx.load_dataset("orange"), prior=PRIORS)


def test_every_function_and_operator_has_an_operation() -> None:
    assert {*FUNCTIONS, *OPERATORS, "negative"} == {*CODES}
    assert [*CODES.values()] == [*range(len(CODES))]


@pytest.mark.parametrize("name", CODES)
def test_operations_are_the_functions_and_have_their_slopes(name: str) -> None:
    theirs = {"negative": lambda x: -x} | OPERATORS
    theirs |= {n: lambda *args, f=f: f(np, *args) for n, (_, f) in FUNCTIONS.items()}
    step, points = 1e-6, (0.3, 0.8)
    for a in points:
        args = (a, 0.6) if name in BINARY else (a,)
        value, *slopes = (BINARY | UNARY)[name](*args)
        assert value == pytest.approx(float(theirs[name](*args)), rel=1e-14)
        for k, slope in enumerate(slopes):
            up, down = (
                theirs[name](*(x + h * (i == k) for i, x in enumerate(args))) for h in (step, -step)
            )
            assert slope == pytest.approx(float(up - down) / (2 * step), rel=1e-8, abs=1e-9)


def test_powers_at_zero_and_kinks() -> None:
    assert BINARY["**"](0.0, 2.0) == (0.0, 0.0, 0.0)
    assert UNARY["abs"](-2.0) == (2.0, -1.0)
    assert BINARY["min"](1.0, 2.0) == (1.0, 1.0, 0.0)
    for name in ("min", "max"):
        assert np.isnan([BINARY[name](nan, 1.0)[0], BINARY[name](1.0, nan)[0]]).all()


def test_each_part_of_an_expression_is_computed_once() -> None:
    formula = bx.bf(
        "y ~ a * exp(-(b * log(t))) / (1 + a * exp(-(b * log(t))))", a="1", b="1", nl=True
    )
    priors = [bx.prior("normal(0, 1)", nlpar=name) for name in "ab"]
    data = {"y": [1.0, 2.0, 3.0], "t": [1.0, 2.0, 4.0]}
    program = program_of(
        bx.Model(formula, data, prior=priors).spec.design.predictors[-1].expression
    )
    np.testing.assert_allclose(program.columns, [np.log(data["t"])])
    assert program.numbers.tolist() == [1.0]
    done = [[*CODES][k] for k in program.operations[:, 0]]
    assert done == ["*", "negative", "exp", "*", "+", "/"]


def test_levels_say_much_of_asymptotes() -> None:
    assert information(growth().spec)["Tree", "Asym_Intercept"] > 10.0
    said = information(growth(xmid="1 + (1 | Tree)", scal="1 + (1 | Tree)").spec)
    assert said["Tree", "xmid_Intercept"] < 1.0 and said["Tree", "scal_Intercept"] < 1.0


def test_the_gradient_is_that_of_the_log_density() -> None:
    spec = growth().spec
    density = build_density(spec, build_layout(spec))
    rng = np.random.default_rng(1)
    x = np.concatenate([[180.0, 650.0, 5.8], rng.normal(size=density.n_dim - 3)])
    direction = rng.normal(size=x.size)
    step = 1e-5 * direction
    numerical = (density(x + step)[0] - density(x - step)[0]) / 2e-5
    assert numerical == pytest.approx(density(x)[1] @ direction, rel=1e-6)


def test_orange_trees_are_near_the_maximum_likelihood() -> None:
    """The asymptotes are normal and enter linearly, so that the likelihood has a closed form."""
    data = bx.load_dataset("orange")
    trees = [(t["age"].to_numpy(), t["circumference"].to_numpy()) for _, t in data.groupby("Tree")]

    def loss(at: np.ndarray) -> float:
        asym, xmid, scal = at[:3] * [100.0, 100.0, 100.0]
        sd, sigma = np.exp(at[3:])
        total = 0.0
        for age, y in trees:
            h = 1 / (1 + np.exp((xmid - age) / scal))
            cov = sigma**2 * np.eye(len(y)) + sd**2 * np.outer(h, h)
            total -= stats.multivariate_normal(asym * h, cov).logpdf(y)
        return total

    found = optimize.minimize(loss, [1.9, 7.0, 3.5, 3.0, 2.0], method="BFGS").x
    fit = growth().fit(random_seed=1, progressbar=False, target_accept=0.95)
    assert fit.idata["posterior"].attrs["sampler"] == "fused"
    table = fit.fixef()
    ml = dict(zip(("Asym", "xmid", "scal"), 100.0 * found[:3], strict=True))
    for name, value in ml.items():
        row = table.loc[f"{name}_Intercept"]
        assert abs(row["Estimate"] - value) < 0.4 * row["Est.Error"]
    sigma = fit.idata["posterior"]["sigma"]
    assert abs(float(sigma.mean()) - np.exp(found[4])) < float(sigma.std())
