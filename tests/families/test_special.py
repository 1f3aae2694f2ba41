"""Log densities at large counts and shapes, against arithmetic with fifty decimal digits."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special

from bayesmix.families.special import (
    binomial_logp,
    half_deviance,
    log_probabilities,
    negbinomial_logp,
    poisson_logp,
    stirling_rest,
    student_logp,
)

PI = Decimal("3.14159265358979323846264338327950288419716939937510582")
BERNOULLI = [(1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510)]


@pytest.fixture(autouse=True)
def fifty_digits():
    with localcontext() as context:
        context.prec = 50
        yield


def log_gamma(x: Decimal) -> Decimal:
    """Stirling's series, after moving up to where it gives more than thirty digits."""
    moved = Decimal(0)
    while x < 200:
        moved += x.ln()
        x += 1
    series = sum(
        Decimal(a) / b / (2 * k * (2 * k - 1) * x ** (2 * k - 1))
        for k, (a, b) in enumerate(BERNOULLI, start=1)
    )
    return (x - Decimal("0.5")) * x.ln() - x + (2 * PI).ln() / 2 + series - moved


def test_the_oracle_knows_factorials():
    assert abs(log_gamma(Decimal(11)) - Decimal(3628800).ln()) < Decimal("1e-30")


@pytest.mark.parametrize("x", [1e-3, 0.5, 1.0, 3.7, 9.99, 10.0, 10.01, 250.0, 1e6])
def test_stirling_rest(x):
    d = Decimal(x)
    exact = log_gamma(d) - (d - Decimal("0.5")) * d.ln() + d - (2 * PI).ln() / 2
    assert_allclose(stirling_rest(x), float(exact), rtol=1e-12)


@pytest.mark.parametrize(("x", "mean"), [(1e6, 1e6 + 3), (5.0, 4.0), (3.0, 3e9), (1e6, 2.0)])
def test_half_deviance(x, mean):
    d, e = Decimal(x), Decimal(mean)
    exact = float(d * (d / e).ln() + e - d)
    assert_allclose(half_deviance(x, mean, np.log(mean)), exact, rtol=1e-10)


@pytest.mark.parametrize(
    ("y", "mu"), [(0, 2.5), (1, 1e-9), (7, 1e5), (1_000_000, 999_000.5), (1_000_000, 3.0)]
)
def test_poisson(y, mu):
    d = Decimal(mu)
    exact = float(y * d.ln() - d - log_gamma(Decimal(y + 1)))
    assert_allclose(poisson_logp(float(y), mu), exact, rtol=1e-12)


@pytest.mark.parametrize(
    ("y", "n", "p"),
    [
        (0, 5, 0.3),
        (5, 5, 0.3),
        (2, 5, 1e-12),
        (4, 9, 0.5),
        (500_100, 1_000_000, 0.5),
        (3, 10**9, 1e-9),
    ],
)
def test_binomial(y, n, p):
    d, q = Decimal(p), 1 - Decimal(p)
    ways = log_gamma(Decimal(n + 1)) - log_gamma(Decimal(y + 1)) - log_gamma(Decimal(n - y + 1))
    exact = float(ways + y * d.ln() + (n - y) * q.ln())
    assert_allclose(binomial_logp(float(y), float(n), np.log(p), np.log1p(-p)), exact, rtol=1e-12)


@pytest.mark.parametrize("y", [0, 1, 12, 1_000_000])
@pytest.mark.parametrize("mu", [1e-6, 2.0, 1e6])
@pytest.mark.parametrize("shape", [1e-3, 1.0, 40.0, 1e6, 1e12])
def test_negbinomial(y, mu, shape):
    m, s = Decimal(mu), Decimal(shape)
    ways = log_gamma(y + s) - log_gamma(s) - log_gamma(Decimal(y + 1))
    exact = float(ways + y * (m / (m + s)).ln() + s * (s / (m + s)).ln())
    logs = -np.log1p(mu / shape), -np.log1p(shape / mu)
    assert_allclose(negbinomial_logp(float(y), shape, *logs), exact, rtol=2e-12)


@pytest.mark.parametrize("z", [0.0, 0.3, 30.0, 1e6])
@pytest.mark.parametrize("nu", [1.0, 4.5, 100.0, 1e7, 1e13])
def test_student(z, nu):
    n, t = Decimal(nu), Decimal(z)
    ratio = log_gamma((n + 1) / 2) - log_gamma(n / 2) - (n * PI).ln() / 2
    exact = float(ratio - (n + 1) / 2 * (1 + t * t / n).ln())
    assert_allclose(student_logp(z, nu, 0.0, 1.0), exact, rtol=1e-12)


def test_log_probabilities_of_natural_values():
    with np.errstate(divide="ignore", invalid="ignore"):
        log_p, log_q = log_probabilities({"mu": np.array([0.25, 1.0, -0.1, 1.1, np.nan])})
        expected = np.log([0.25, 1.0, 0.0, 0.0, 0.0]), np.log([0.75, 0.0, 0.0, 0.0, 0.0])
    assert_allclose(log_p, expected[0])
    assert_allclose(log_q, expected[1])


def test_log_probabilities_prefer_the_log_odds():
    odds = np.array([-700.0, -1.0, 700.0])
    log_p, log_q = log_probabilities({"mu": special.expit(odds), "mu_log_odds": odds})
    assert_allclose(log_p, [-700.0, special.log_expit(-1.0), 0.0], atol=1e-300)
    assert_allclose(log_q, [0.0, special.log_expit(1.0), -700.0], atol=1e-300)
