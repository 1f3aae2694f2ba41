from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from bayesmix.errors import PriorError
from bayesmix.priors.distributions import FLAT, Distribution
from bayesmix.priors.laws import DISTRIBUTIONS

INF = math.inf

# Closed forms of the Stan Functions Reference, written out.
DENSITIES = {
    ("normal", (1.0, 2.0)): lambda x: stats.norm(1, 2).pdf(x),
    ("std_normal", ()): lambda x: np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi),
    ("student_t", (3.0, 1.0, 2.0)): lambda x: stats.t(3).pdf((x - 1) / 2) / 2,
    ("cauchy", (1.0, 2.0)): lambda x: 1 / (np.pi * 2 * (1 + ((x - 1) / 2) ** 2)),
    ("double_exponential", (1.0, 2.0)): lambda x: np.exp(-abs(x - 1) / 2) / 4,
    ("logistic", (1.0, 2.0)): lambda x: (
        np.exp(-abs(x - 1) / 2) / (2 * (1 + np.exp(-abs(x - 1) / 2)) ** 2)
    ),
    ("gumbel", (1.0, 2.0)): lambda x: np.exp(-(x - 1) / 2 - np.exp(-(x - 1) / 2)) / 2,
    ("skew_normal", (0.3, 0.8, 2.5)): lambda x: (
        2 * stats.norm(0.3, 0.8).pdf(x) * stats.norm.cdf(2.5 * (x - 0.3) / 0.8)
    ),
    ("lognormal", (0.5, 0.7)): lambda x: stats.norm(0.5, 0.7).pdf(np.log(x)) / x,
    ("chi_square", (4.0,)): lambda x: x * np.exp(-x / 2) / 4,
    ("inv_chi_square", (4.0,)): lambda x: 0.25 * x**-3 * np.exp(-1 / (2 * x)),
    ("scaled_inv_chi_square", (4.0, 1.5)): lambda x: 4.5**2 * x**-3 * np.exp(-4.5 / x),
    ("exponential", (0.5,)): lambda x: 0.5 * np.exp(-0.5 * x),
    ("gamma", (3.0, 2.0)): lambda x: 4 * x**2 * np.exp(-2 * x),
    ("inv_gamma", (3.0, 2.0)): lambda x: 4 * x**-4 * np.exp(-2 / x),
    ("weibull", (2.0, 3.0)): lambda x: (2 / 3) * (x / 3) * np.exp(-((x / 3) ** 2)),
    ("rayleigh", (1.5,)): lambda x: x / 2.25 * np.exp(-(x**2) / 4.5),
    ("beta", (2.0, 3.0)): lambda x: 12 * x * (1 - x) ** 2,
    ("uniform", (-1.0, 4.0)): lambda x: 0.2 + 0 * x,
}
EACH = pytest.mark.parametrize(("name", "params"), DENSITIES)


def interior(distribution: Distribution) -> np.ndarray:
    return distribution.rvs(np.random.default_rng(0), 5)


def test_every_distribution_of_one_number_is_tested():
    assert {name for name, _ in DENSITIES} == {
        n for n in DISTRIBUTIONS if n not in ("flat", "lkj", "dirichlet", "constant")
    }


@EACH
def test_log_density_is_that_of_stan(name, params):
    distribution = Distribution(name, params)
    x = interior(distribution)
    np.testing.assert_allclose(
        distribution.logpdf(x), np.log(DENSITIES[name, params](x)), rtol=1e-10
    )


@EACH
@pytest.mark.parametrize(("lower", "upper"), [(-INF, 0.6), (0.2, 0.7), (0.5, INF)])
def test_mass_is_the_integral_between_the_bounds(name, params, lower, upper):
    distribution = Distribution(name, params)
    low, high = distribution.support
    with np.errstate(over="ignore"):
        expected, _ = quad(DENSITIES[name, params], max(lower, low), min(upper, high))
    assert math.exp(distribution.log_mass(lower, upper)) == pytest.approx(expected, abs=1e-7)


@EACH
def test_mass_of_the_whole_range_is_one(name, params):
    assert Distribution(name, params).log_mass() == 0.0


def test_mass_far_out_in_a_tail_keeps_its_digits():
    normal = Distribution("normal", (0, 1))
    assert normal.log_mass(10, INF) == pytest.approx(stats.norm.logsf(10))
    assert normal.log_mass(-INF, -10) == pytest.approx(stats.norm.logcdf(-10))
    assert normal.log_mass(10, 11) == pytest.approx(normal.log_mass(-11, -10))


def test_mass_outside_the_support_is_nothing():
    assert Distribution("uniform", (0, 1)).log_mass(2, 3) == -INF


@EACH
def test_draws_between_bounds_follow_the_truncated_distribution(name, params):
    distribution = Distribution(name, params)
    lower, upper = 0.3, 0.9
    draws = distribution.rvs(np.random.default_rng(2), 300, lower, upper)
    mass = math.exp(distribution.log_mass(lower, upper))

    def cdf(x: float) -> float:
        return math.exp(distribution.log_mass(lower, x)) / mass

    assert ((draws > lower) & (draws < upper)).all()
    assert stats.kstest(draws, np.vectorize(cdf)).pvalue > 1e-3


def test_draws_stay_above_a_bound_far_out():
    draws = Distribution("normal", (0, 1)).rvs(np.random.default_rng(3), (2, 3), lower=9)
    assert draws.shape == (2, 3) and (draws > 9).all() and np.isfinite(draws).all()


def test_draws_of_a_vague_gamma_are_positive():
    draws = Distribution("gamma", (0.01, 0.01)).rvs(np.random.default_rng(4), 1000)
    assert (draws > 0).all()


def test_the_same_seed_gives_the_same_draws():
    distribution = Distribution("student_t", (3, 0, 2.5))
    one, two = (distribution.rvs(np.random.default_rng(5), 4, lower=0) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_flat_is_zero_everywhere_and_can_not_be_drawn():
    np.testing.assert_array_equal(FLAT.logpdf([-1e9, 0, 3]), np.zeros(3))
    assert not FLAT.proper and str(FLAT) == "" and FLAT.log_mass(0, 1) == 0.0
    with pytest.raises(PriorError, match="proper"):
        FLAT.rvs(np.random.default_rng(0))


def test_lkj_is_a_density_of_cholesky_factors():
    lkj = Distribution("lkj", (1,))
    assert lkj.logpdf(np.eye(2)) == pytest.approx(-math.log(2))
    with pytest.raises(PriorError, match="matrices"):
        lkj.rvs(np.random.default_rng(0))


def test_dirichlet_is_a_density_of_shares():
    one, each = Distribution("dirichlet", (2.0,)), Distribution("dirichlet", (0.5, 2.0, 3.0))
    x = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    expected = [stats.dirichlet([2, 2, 2]).logpdf(row) for row in x]
    np.testing.assert_allclose(one.logpdf(x), expected, rtol=1e-12)
    expected = [stats.dirichlet([0.5, 2, 3]).logpdf(row) for row in x]
    np.testing.assert_allclose(each.logpdf(x), expected, rtol=1e-12)
    with pytest.raises(PriorError, match="one number, or 2"):
        each.logpdf([0.5, 0.5])


def test_a_constant_is_its_value():
    constant = Distribution("constant", (2.5,))
    assert constant.support == (2.5, 2.5) and constant.proper and constant.fixed
    np.testing.assert_array_equal(constant.rvs(np.random.default_rng(0), 3), [2.5, 2.5, 2.5])
    np.testing.assert_array_equal(constant.logpdf([2.5, 1.0]), [0.0, 0.0])


@pytest.mark.parametrize(
    ("name", "params", "text"),
    [
        ("dirichlet", (1, 2.5, 3), "dirichlet(1, 2.5, 3)"),
        ("student_t", (3, 0, 2.5), "student_t(3, 0, 2.5)"),
        ("inv_gamma", (0.4, 0.3), "inv_gamma(0.4, 0.3)"),
        ("std_normal", (), "std_normal()"),
        ("lkj", (1,), "lkj(1)"),
    ],
)
def test_text_is_brms_text(name, params, text):
    assert str(Distribution(name, params)) == text


def test_is_a_plain_value():
    one = Distribution("normal", (0, 1))
    assert one == Distribution("normal", (0.0, 1.0)) and hash(one) == hash(
        Distribution("normal", (0, 1))
    )
    assert pickle.loads(pickle.dumps(one)) == one
    assert all(type(p) is float for p in one.params)


@pytest.mark.parametrize(
    ("name", "params", "fragment"),
    [
        ("normall", (0, 1), "Did you mean 'normal'"),
        ("normal", (0,), "takes 2 numbers, not 1"),
        ("normal", (0, 0), "sigma of normal(mu, sigma) must be greater than 0"),
        ("normal", (math.nan, 1), "mu must be a finite number"),
        ("uniform", (1, 1), "below the second"),
        ("dirichlet", (), "takes 1 number"),
        ("dirichlet", (1, 0), "must be greater than 0"),
        ("constant", (math.inf,), "finite"),
    ],
)
def test_can_not_be_made_wrong(name, params, fragment):
    with pytest.raises(PriorError) as error:
        Distribution(name, params)
    assert fragment in str(error.value)
