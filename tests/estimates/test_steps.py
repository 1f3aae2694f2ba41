"""Monotonic effects: a factor whose means increase has the same likelihood."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import bayesmix as bx


def data() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    x, g, z = rng.integers(0, 5, 120), np.arange(120) % 12, rng.standard_normal(120)
    climbing = np.array([0, 1, 1.5, 3, 4.5])[x]
    y = climbing * (1 + 0.5 * z) + rng.standard_normal(12)[g] + 0.5 * rng.standard_normal(120)
    return pd.DataFrame({"y": y, "x": x, "z": z, "g": g.astype(str), "climbing": climbing})


@pytest.mark.parametrize("formula", ["y ~ {} + (1 | g)", "y ~ {} * z + (1 | g)"])
def test_a_factor_with_increasing_means(formula: str) -> None:
    steps = bx.Model(formula.format("mo(x)"), data()).optimize("ml")
    factor = bx.Model(formula.format("C(x)"), data()).optimize("ml")
    assert steps.converged and abs(steps.loglik - factor.loglik) < 1e-6
    assert steps.df == factor.df
    shares, means = (
        steps.further()["Estimate"].iloc[:4],
        factor.fixef().filter(regex=r"^C\(x\).{3}$", axis=0),
    )
    slope = steps.fixef().loc["mo(x)"]
    assert_allclose(4 * slope["Estimate"] * np.cumsum(shares), means["Estimate"], rtol=1e-3)


def test_errors_know_of_the_steps() -> None:
    """The mean of the highest category less that of the lowest has the error of the factor's."""
    steps = bx.Model("y ~ mo(x)", data()).optimize("ml")
    factor = bx.Model("y ~ C(x)", data()).optimize("ml")
    assert_allclose(
        4 * steps.fixef().loc["mo(x)", "Est.Error"],
        factor.fixef().loc["C(x)[4]", "Est.Error"],
        rtol=1e-3,
    )


def test_steps_down_are_shares_of_zero() -> None:
    """With a step down the two categories are one: pool adjacent violators."""
    rows = data().assign(y=lambda d: d["climbing"] - 0.5 * (d["x"] == 2))
    rows["y"] += 0.3 * np.random.default_rng(1).standard_normal(120)
    fit = bx.Model("y ~ mo(x)", rows).optimize()
    assert fit.boundary == ("simo_mo(x)[2] is 0",) and fit.converged
    pooled = rows["x"].replace(2, 1).astype(str)
    factor = bx.Model("y ~ p", rows.assign(p=pooled)).optimize("ml")
    assert_allclose(fit.loglik, factor.loglik, rtol=1e-8)


def test_steps_of_groups_and_scales() -> None:
    """Of a step alone they are a factor's two levels."""
    rows = data().assign(x=lambda d: (d["x"] > 2).astype(int))
    pairs = {
        "y ~ mo(x) + (mo(x) | g)": "y ~ x + (x | g)",
        bx.bf("y ~ z", sigma="mo(x)"): bx.bf("y ~ z", sigma="x"),
    }
    for steps, plain in pairs.items():
        found, expected = (bx.Model(f, rows).optimize("ml") for f in (steps, plain))
        assert_allclose(found.loglik, expected.loglik, rtol=1e-8)
        assert_allclose(found.fixef()["Estimate"], expected.fixef()["Estimate"], rtol=1e-4)


def test_steps_of_counts() -> None:
    rows = data().assign(n=lambda d: np.random.default_rng(1).poisson(np.exp(0.5 * d["climbing"])))
    steps = bx.Model("n ~ mo(x)", rows, "poisson").optimize()
    factor = bx.Model("n ~ C(x)", rows, "poisson").optimize()
    assert_allclose(steps.loglik, factor.loglik, rtol=1e-8)
