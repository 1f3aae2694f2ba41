from __future__ import annotations

import math

import numpy as np
import pytest

from bayesmix.engine.numerics.transforms import (
    constrain,
    constrained,
    jacobian,
    transform_of,
    unconstrained,
)

BOUNDS = [(-math.inf, math.inf), (2.0, math.inf), (-math.inf, 1.5), (-1.0, 4.0)]
U = np.array([-3.0, -0.2, 0.0, 1.3, 4.0])


@pytest.mark.parametrize(("lower", "upper"), BOUNDS)
def test_values_are_within_the_bounds_and_come_back(lower: float, upper: float) -> None:
    x = constrained(U, lower, upper)
    assert ((x > lower) & (x < upper)).all()
    np.testing.assert_allclose(unconstrained(x, lower, upper), U, atol=1e-12)


@pytest.mark.parametrize(("lower", "upper"), BOUNDS)
def test_one_number_is_done_as_many(lower: float, upper: float) -> None:
    transform = transform_of(lower, upper)
    one = [constrain(u, transform, lower, upper) for u in U]
    np.testing.assert_allclose(one, constrained(U, lower, upper), rtol=1e-14)


@pytest.mark.parametrize(("lower", "upper"), BOUNDS)
def test_jacobians_are_derivatives(lower: float, upper: float) -> None:
    transform = transform_of(lower, upper)
    constants = []
    for u in U:
        rate, log_rate, log_slope = jacobian(u, transform, lower, upper)
        x = constrained(np.array([u - 1e-6, u + 1e-6]), lower, upper)
        logs = [jacobian(u + h, transform, lower, upper)[1] for h in (-1e-6, 1e-6)]
        assert rate == pytest.approx((x[1] - x[0]) / 2e-6, rel=1e-8)
        assert log_slope == pytest.approx((logs[1] - logs[0]) / 2e-6, abs=1e-8)
        constants.append(log_rate - math.log(abs(rate)))
    np.testing.assert_allclose(constants, constants[0], atol=1e-12)


def test_what_is_fixed_has_an_idle_standard_normal_number() -> None:
    transform = transform_of(1.5, 1.5)
    np.testing.assert_array_equal(constrained(U, 1.5, 1.5), np.full_like(U, 1.5))
    assert [constrain(u, transform, 1.5, 1.5) for u in U] == [1.5] * len(U)
    for u in U:
        assert jacobian(u, transform, 1.5, 1.5) == (0.0, -0.5 * u * u, -u)
    assert unconstrained(np.array(1.5), 1.5, 1.5) == 0.0
