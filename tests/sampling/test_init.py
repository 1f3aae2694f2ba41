"""Where chains start, if it is said: near the estimates, or values that are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bayesmix as bx
from bayesmix.engine import Fused, compile_fused
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.errors import EstimationError, SamplingError

SLEEP = bx.load_dataset("sleepstudy")
CASES = {
    "integrated out": ("Reaction ~ Days + (Days | Subject)", "gaussian", "sleepstudy"),
    "a scale that follows the mean": (
        bx.bf("Reaction ~ Days + (1 | Subject)", sigma="1 + varPower(mu)"),
        "gaussian",
        "sleepstudy",
    ),
    "counts": ("count ~ zAge + zBase * Trt + (1 | patient)", "poisson", "epilepsy"),
    "thresholds": ("rating ~ treat + period", "cumulative", "inhaler"),
    "a series": ("Reaction ~ Days + ar(Days, gr=Subject, cov=True)", "gaussian", "sleepstudy"),
}


def values_at(fused: Fused, x: np.ndarray) -> dict[str, np.ndarray]:
    if fused.marginal is None:
        return posterior_of(fused.density.layout, x[None])
    return fused.marginal.posterior(x[None], 1)


@pytest.mark.parametrize("marginalize", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_the_centre_of_starts_are_the_estimates(name: str, marginalize: bool) -> None:
    formula, family, data = CASES[name]
    model = bx.Model(formula, bx.load_dataset(data), family)
    init = model._init("mode")
    assert {"b", "sigma", "b_sigma", "b_Intercept"} & set(init)
    fused = compile_fused(model.spec, "auto", marginalize, init)
    found = values_at(fused, fused.start.centre)
    for variable, values in init.items():
        assert_allclose(np.ravel(found[variable]), np.ravel(values), rtol=1e-6, err_msg=variable)


def test_starts_are_near_and_not_the_same() -> None:
    model = bx.Model("Reaction ~ Days", SLEEP)
    fused = compile_fused(model.spec, init=model._init("mode"))
    points = np.array([values_at(fused, fused.initial_point(k))["b"][0] for k in range(20)])
    estimates = model.optimize().fixef()["Estimate"]
    assert (points.std(axis=0) > 0).all()
    assert (np.abs(points - estimates.to_numpy()) < 0.1 * SLEEP["Reaction"].std()).all()


def test_a_variance_of_zero_is_no_start() -> None:
    means = SLEEP.groupby("Subject")["Reaction"].transform("mean")
    data = SLEEP.assign(Reaction=SLEEP["Reaction"] - means)
    model = bx.Model("Reaction ~ Days + (1 | Subject)", data)
    init = model._init("mode")
    assert init["sd_Subject"][0] == 0.0
    fused = compile_fused(model.spec, "auto", False, init)
    assert values_at(fused, fused.start.centre)["sd_Subject"][0, 0] > 0


def test_draws_from_near_the_mode() -> None:
    settings: dict[str, Any] = {"draws": 1000, "tune": 500, "chains": 2, "progressbar": False}
    model = bx.Model("Reaction ~ Days", SLEEP)
    fit = model.fit(init="mode", random_seed=1, **settings)
    other = model.fit(init={"sigma": 50.0}, random_seed=1, **settings)
    for made in (fit, other):
        assert_allclose(made.fixef()["Estimate"], model.optimize().fixef()["Estimate"], rtol=0.1)


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ("start", "init is 'mode', or values by variable, not 'start'"),
        ({"r_Subject": 0.0}, "'r_Subject' can't be given; b, sd_Subject, sigma can"),
        ({"sigma": [1.0, 2.0]}, r"'sigma' has the shape \(\), not \(2,\)"),
        ({"sigma": np.nan}, "'sigma' must be finite"),
    ],
)
def test_starts_that_cannot_be(init: Any, message: str) -> None:
    with pytest.raises(SamplingError, match=message):
        bx.Model("Reaction ~ Days + (1 | Subject)", SLEEP).fit(init=init)


def test_what_cannot_be_estimated_has_no_mode() -> None:
    with pytest.raises(EstimationError, match="length scales"):
        bx.Model("Reaction ~ gp(Days)", SLEEP).fit(init="mode")
    with pytest.raises(SamplingError, match="init= is for the fused engine"):
        bx.Model("Reaction ~ Days", SLEEP).fit(init="mode", sampler="nutpie")
