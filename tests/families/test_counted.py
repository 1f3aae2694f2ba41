"""Distribution functions of counts, and counts censored or between bounds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special, stats

from bayesmix.build import build_spec
from bayesmix.errors import DataError, FamilyError
from bayesmix.families import FAMILIES
from bayesmix.families.maths import NUMPY
from bayesmix.families.support import Counts, Successes

from ..support import frame, given_fit

TRIALS = {"trials": np.array([12.0])}
CASES = {
    "poisson": ({"mu": 3.2}, {}),
    "negbinomial": ({"mu": 3.2, "shape": 0.7}, {}),
    "negbinomial2": ({"mu": 3.2, "sigma": 0.7}, {}),
    "geometric": ({"mu": 2.3}, {}),
    "binomial": ({"mu": 0.3}, TRIALS),
    "beta_binomial": ({"mu": 0.3, "phi": 2.5}, TRIALS),
    "discrete_weibull": ({"mu": 0.6, "shape": 0.8}, {}),
    "com_poisson": ({"mu": 3.0, "shape": 0.6}, {}),
    "zero_inflated_poisson": ({"mu": 3.2, "zi": 0.2}, {}),
    "zero_inflated_negbinomial": ({"mu": 3.2, "shape": 2.0, "zi": 0.2}, {}),
    "zero_inflated_binomial": ({"mu": 0.3, "zi": 0.2}, TRIALS),
    "zero_inflated_beta_binomial": ({"mu": 0.3, "phi": 2.5, "zi": 0.2}, TRIALS),
    "hurdle_poisson": ({"mu": 3.2, "hu": 0.2}, {}),
    "hurdle_negbinomial": ({"mu": 3.2, "shape": 2.0, "hu": 0.2}, {}),
}
CHECKS = (Counts, Successes)
BOUNDS = [(2.0, 6.0), (2.0, np.inf), (0.0, 5.0)]
each = pytest.mark.parametrize("name", CASES)


def given(name, size=1):
    dpars, aux = CASES[name]
    return FAMILIES[name], {k: np.full(size, v) for k, v in dpars.items()}, aux


def probabilities(name, low=0.0, high=np.inf):
    """Counts between bounds and their shares, by the family's own density."""
    family, p, aux = given(name)
    last = aux["trials"][0] if aux else 3000.0
    k = np.arange(low, min(high, last) + 1.0)
    weights = np.exp(family.logp(k, p, aux))
    return k, weights / weights.sum()


def test_every_family_of_counts_is_here():
    counts = {f.name for f in FAMILIES.values() if f.discrete and f.check.__class__ in CHECKS}
    assert counts == set(CASES)


@each
def test_the_distribution_function_is_the_sum_of_the_density(name):
    family, p, aux = given(name)
    k, shares = probabilities(name)
    few = k[:10]
    with np.errstate(all="ignore"):
        below, above = family.log_cdf(few, p, aux, NUMPY), family.log_sf(few, p, aux, NUMPY)
    assert_allclose(np.exp(below), shares.cumsum()[:10], rtol=1e-11)
    assert_allclose(np.exp(above), 1.0 - shares.cumsum()[:10], rtol=1e-9)
    outside = np.array([-1.0])
    with np.errstate(all="ignore"):
        assert family.log_cdf(outside, p, aux, NUMPY)[0] == -np.inf
        assert family.log_sf(outside, p, aux, NUMPY)[0] == 0.0


FAR = {
    "poisson": (stats.poisson(3.2), 400, 0),
    "negbinomial": (stats.nbinom(0.7, 0.7 / 3.9), 4000, 0),
    "geometric": (stats.geom(1 / 3.3, -1), 2000, 0),
}


@pytest.mark.parametrize("name", FAR)
def test_far_tails_are_those_of_scipy(name):
    """Where 1 less the distribution function would be nothing."""
    family, p, aux = given(name)
    law, far, _ = FAR[name]
    k = np.arange(far, far + 3000.0)
    with np.errstate(all="ignore"):
        logs = special.logsumexp(law.logpmf(k + 1.0))
        assert logs < -250.0
        assert family.log_sf(k[:1], p, aux, NUMPY)[0] == pytest.approx(logs, rel=1e-9)


def test_the_lower_tail_of_many_trials():
    family, p, aux = FAMILIES["binomial"], {"mu": np.array([0.6])}, {"trials": np.array([5000.0])}
    logs = special.logsumexp(stats.binom(5000, 0.6).logpmf(np.arange(0, 1501)))
    assert logs < -800.0
    with np.errstate(all="ignore"):
        found = family.log_cdf(np.array([1500.0]), p, aux, NUMPY)[0]
    assert found == pytest.approx(logs, rel=1e-9)


@each
@pytest.mark.parametrize("bounds", BOUNDS)
def test_the_mean_between_bounds(name, bounds):
    family, p, aux = given(name)
    k, shares = probabilities(name, *bounds)
    lb, ub = (np.array([b]) for b in bounds)
    assert family.between.mean(p, lb, ub, aux)[0] == pytest.approx(k @ shares, rel=1e-10)


@each
@pytest.mark.parametrize("bounds", BOUNDS)
def test_draws_between_bounds_have_the_frequencies_of_the_density(name, bounds):
    """A chi squared test each, at one in a hundred thousand: 42 of them fail in 1 of 2,000 runs."""
    n, (k, shares) = 4000, probabilities(name, *bounds)
    family, p, aux = given(name, n)
    lb, ub = (np.array([b]) for b in bounds)
    drawn = family.between.random(np.random.default_rng(3), p, lb, ub, aux)
    assert drawn.min() >= bounds[0] and drawn.max() <= bounds[1]
    counts = np.array([(drawn == value).sum() for value in k])
    many = shares * n >= 5
    observed = np.append(counts[many], counts[~many].sum())
    expected = np.append(shares[many], shares[~many].sum()) * n
    some = expected > 1e-9
    statistic = ((observed - expected)[some] ** 2 / expected[some]).sum()
    assert stats.chi2(some.sum() - 1).sf(statistic) > 1e-5


@each
def test_densities_of_known_bounds_and_ranges(name):
    """``P(Y <= y)``, ``P(Y > y)`` and ``P(y < Y <= y2)``; the bounds of trunc() are possible."""
    family, p, aux = given(name)
    _, shares = probabilities(name)
    y, y2 = np.array([3.0]), np.array([5.0])
    for cens, expected in (
        (-1.0, shares[:4].sum()),
        (1.0, shares[4:].sum()),
        (2.0, shares[4:6].sum()),
    ):
        more = {**aux, "cens": np.array([cens]), "y2": y2}
        found = family.for_response(y, None, more).logp(y, p, more)
        assert np.exp(found)[0] == pytest.approx(expected, rel=1e-10)
    more = {**aux, "lb": np.array([2.0]), "ub": np.array([6.0])}
    found = family.for_response(y, None, more).logp(y, p, more)
    assert np.exp(found)[0] == pytest.approx(shares[3] / shares[2:7].sum(), rel=1e-10)


def test_predictions_stay_between_the_bounds():
    data = frame().assign(few=lambda d: d["few"].clip(1, 6))
    fit = given_fit("few | trunc(lb=1, ub=6) ~ x + (1 | g)", data, "poisson")
    drawn, mean = fit.posterior_predict(random_seed=1).values, fit.posterior_epred().values
    assert drawn.min() >= 1 and drawn.max() <= 6
    assert (mean > 1).all() and (mean < 6).all()


def test_bounds_of_counts_are_whole_numbers():
    with pytest.raises(DataError, match=r"lb of trunc\(\) must be a whole number.*-0.5 in row 0"):
        build_spec("count | trunc(lb=-0.5) ~ x", frame(), "poisson")


def test_a_count_beyond_its_bound_is_named():
    data = frame()
    row = data["count"].idxmin()
    with pytest.raises(DataError, match="below the lb"):
        build_spec(f"count | trunc(lb={data.loc[row, 'count'] + 1}) ~ x", data, "poisson")


def test_what_has_no_distribution_function():
    with pytest.raises(FamilyError, match="which 'bernoulli' hasn't"):
        build_spec("yes | cens(flag) ~ x", frame(), "bernoulli")
