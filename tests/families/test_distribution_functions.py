"""Distribution functions in both tails, and distributions between bounds, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

from bayesmix.families import FAMILIES
from bayesmix.families.maths import NUMPY

from .test_densities import CASES

CONTINUOUS = [
    c for c in CASES if FAMILIES[c[0]].log_cdf is not None and not FAMILIES[c[0]].discrete
]
each_continuous = pytest.mark.parametrize(
    ("name", "dpars", "aux", "law"), CONTINUOUS, ids=[c[0] for c in CONTINUOUS]
)
SHARES = np.array([1e-250, 1e-60, 1e-12, 1e-3, 0.1, 0.5, 0.9, 0.999])


def _arrays(dpars):
    return {k: np.asarray(v, float) for k, v in dpars.items()}


@each_continuous
@pytest.mark.filterwarnings("ignore::RuntimeWarning:scipy")
def test_both_tails_are_those_of_scipy(name, dpars, aux, law):
    family, p = FAMILIES[name], _arrays(dpars)
    with np.errstate(all="ignore"):
        low, high = law.ppf(SHARES), law.isf(SHARES)
    low, high = (y[np.isfinite(y) & (law.pdf(y) > 0)] for y in (low, high))
    with np.errstate(all="ignore"):
        assert_allclose(family.log_cdf(low, p, aux, NUMPY), law.logcdf(low), rtol=1e-8, atol=1e-9)
        assert_allclose(family.log_sf(high, p, aux, NUMPY), law.logsf(high), rtol=1e-8, atol=1e-9)


@each_continuous
def test_the_tails_add_up_to_one(name, dpars, aux, law):
    family, p = FAMILIES[name], _arrays(dpars)
    y = law.ppf(np.linspace(0.05, 0.95, 7))
    total = np.exp(family.log_cdf(y, p, aux, NUMPY)) + np.exp(family.log_sf(y, p, aux, NUMPY))
    assert_allclose(total, 1.0, rtol=1e-12)


def test_both_tails_of_the_discrete_weibull():
    family, p = FAMILIES["discrete_weibull"], {"mu": np.array(0.6), "shape": np.array(1.2)}
    y = np.array([0.0, 3.0, 40.0])
    above = np.log(0.6) * (y + 1) ** 1.2
    assert_allclose(family.log_sf(y, p, {}, NUMPY), above, rtol=1e-12)
    assert_allclose(family.log_cdf(y, p, {}, NUMPY), np.log(-np.expm1(above)), rtol=1e-12)


@each_continuous
@pytest.mark.parametrize("shares", [(0.2, 0.7), (0.9, 1.0), (0.0, 0.1)])
def test_the_mean_between_bounds(name, dpars, aux, law, shares):
    family, (lb, ub) = FAMILIES[name], law.ppf(shares)
    low, high = (np.clip(v, *law.ppf([1e-14, 1 - 1e-14])) for v in (lb, ub))
    mass = integrate.quad(law.pdf, low, high, epsabs=0, epsrel=1e-10, limit=200)[0]
    first = integrate.quad(lambda y: y * law.pdf(y), low, high, epsabs=0, epsrel=1e-10, limit=200)[
        0
    ]
    found = family.between.mean(_arrays(dpars), np.array(lb), np.array(ub), {})
    assert_allclose(found, first / mass, rtol=1e-6)


@each_continuous
def test_draws_between_bounds_follow_the_distribution(name, dpars, aux, law):
    """Shares at three places within five standard errors: of all families one in 10^5 by chance."""
    lb, ub = law.ppf([0.3, 0.95])
    p = {k: np.full((4000, 1), v) for k, v in dpars.items()}
    y = FAMILIES[name].between.random(np.random.default_rng(2), p, np.array(lb), np.array(ub), {})
    assert y.shape == (4000, 1)
    assert ((y >= lb) & (y <= ub)).all()
    for share in (0.1, 0.5, 0.9):
        at = law.ppf(0.3 + share * 0.65)
        assert abs((y <= at).mean() - share) < 5 * np.sqrt(share * (1 - share) / 4000)
