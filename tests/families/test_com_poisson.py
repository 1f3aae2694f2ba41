"""The normaliser of the Conway-Maxwell-Poisson distribution, near and far, in all three forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special

from bayesmix.families.maths import NUMPY, com_poisson_sums, tensor_maths
from bayesmix.families.scalar import log_com_poisson

NEAR = [(0.3, 0.2), (3.0, 0.05), (40.0, 2.5), (900.0, 0.7)]
FAR = [(2e4, 0.8), (5e4, 3.0), (1500.0, 1.4), (3e4, 0.5)]


def summed(mu: float, shape: float) -> tuple[float, float]:
    """Log of the normaliser and the mean, term by term."""
    k = np.arange(0.0, mu + 60 * math.sqrt(mu / shape) + 60 / shape + 200)
    logs = shape * (k * math.log(mu) - special.gammaln(k + 1))
    total = special.logsumexp(logs)
    return float(total), float(np.exp(logs - total) @ k)


@pytest.mark.parametrize(("mu", "shape"), NEAR + FAR)
def test_all_forms_are_the_sum(mu: float, shape: float) -> None:
    total, mean = summed(mu, shape)
    log_z, found = com_poisson_sums(np.log(mu), np.array(shape))
    assert_allclose(log_z, total, rtol=1e-11)
    assert_allclose(found, mean, rtol=1e-9)
    assert_allclose(log_com_poisson(math.log(mu), shape)[0], total, rtol=1e-11)
    maths = tensor_maths()
    import pytensor.tensor as pt

    given = pt.as_tensor(np.array([math.log(mu)])), pt.as_tensor(np.array([shape]))
    assert_allclose(maths.log_com_poisson(*given).eval(mode="FAST_COMPILE"), [total], rtol=1e-9)


@pytest.mark.parametrize(("mu", "shape"), NEAR + FAR)
def test_slopes_are_those_of_the_values(mu: float, shape: float) -> None:
    at, step = math.log(mu), 1e-5
    _, by_mu, by_shape = log_com_poisson(at, shape)
    up, down = (log_com_poisson(at + h, shape)[0] for h in (step, -step))
    assert_allclose(by_mu, (up - down) / (2 * step), rtol=1e-6)
    up, down = (log_com_poisson(at, shape * (1 + h))[0] for h in (step, -step))
    assert_allclose(by_shape, (up - down) / (2 * step * shape), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("log_mu", "shape"), [(1.0, 1e-9), (0.0, 1e-300), (40.0, 1e-30)])
def test_a_sum_without_an_end_is_no_number(log_mu: float, shape: float) -> None:
    assert math.isnan(log_com_poisson(log_mu, shape)[0])
    assert np.isnan(NUMPY.log_com_poisson(np.array(log_mu), np.array(shape)))
