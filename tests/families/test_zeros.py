"""Inflation and hurdles: what they make of a family, beside scipy and beside the family itself."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from bayesmix.errors import DataError
from bayesmix.families import FAMILIES, family

P = {"mu": np.array(2.5), "shape": np.array(1.5), "sigma": np.array(0.6)}
ZI = {"zi": np.array(0.3), "hu": np.array(0.3)}
SHARES = {"mu": 0.4, "phi": 3.0, "sigma": 0.6, "quantile": 0.3, "zoi": 0.3, "coi": 0.6}
TRIALS = {"trials": np.array(9.0)}
WITH_ZEROS = [
    n for n, f in FAMILIES.items() if n.startswith(("zero_", "hurdle_")) and f.prepare is None
]


def parameters(name):
    """Values of each parameter, in its range."""
    found = FAMILIES[name]
    given = {**P, **ZI, **SHARES} if found.dpars[0].upper == 1 or "lapl" in name else {**P, **ZI}
    return {d: np.asarray(given[d]) for d in found.dpar_names}


LAWS = {
    "poisson": stats.poisson(2.5),
    "negbinomial": stats.nbinom(1.5, 1.5 / 4.0),
    "gamma": stats.gamma(1.5, scale=2.5 / 1.5),
    "lognormal": stats.lognorm(0.6, scale=np.exp(2.5)),
}
Y = np.arange(0.0, 200.0)
COUNTS = ("poisson", "negbinomial")


@pytest.mark.parametrize("name", COUNTS)
def test_inflated_counts(name):
    found, law = FAMILIES[f"zero_inflated_{name}"], LAWS[name]
    expected = np.where(Y == 0, 0.3 + 0.7 * law.pmf(Y), 0.7 * law.pmf(Y))
    assert_allclose(np.exp(found.logp(Y, P | ZI, {})), expected, rtol=1e-11)
    assert_allclose(found.mean(P | ZI, {}), 0.7 * law.mean())


@pytest.mark.parametrize("name", COUNTS)
def test_hurdles_of_counts(name):
    found, law = FAMILIES[f"hurdle_{name}"], LAWS[name]
    expected = np.where(Y == 0, 0.3, 0.7 * law.pmf(Y) / law.sf(0))
    assert_allclose(np.exp(found.logp(Y, P | ZI, {})), expected, rtol=1e-11)
    assert_allclose(found.mean(P | ZI, {}), expected @ Y, rtol=1e-10)


@pytest.mark.parametrize("name", ["gamma", "lognormal"])
def test_hurdles_of_positive_numbers(name):
    found, law = FAMILIES[f"hurdle_{name}"], LAWS[name]
    y = np.array([0.5, 3.0, 40.0])
    assert_allclose(found.logp(y, P | ZI, {}), np.log(0.7) + law.logpdf(y), rtol=1e-11)
    assert_allclose(found.logp(np.zeros(1), P | ZI, {}), np.log(0.3))
    total = integrate.quad(lambda v: v * 0.7 * law.pdf(v), 0, np.inf)[0]
    assert_allclose(found.mean(P | ZI, {}), total, rtol=1e-6)


@pytest.mark.parametrize("name", ["binomial", "beta_binomial"])
def test_inflated_successes(name):
    found, base = FAMILIES[f"zero_inflated_{name}"], FAMILIES[name]
    p, y = parameters(found.name), np.arange(10.0)
    plain = np.exp(base.logp(y, p, TRIALS))
    expected = np.where(y == 0, 0.3, 0.0) + 0.7 * plain
    assert_allclose(np.exp(found.logp(y, p, TRIALS)), expected, rtol=1e-11)
    assert_allclose(found.mean(p, TRIALS), expected @ y, rtol=1e-10)


def test_zeros_and_ones_beside_a_beta():
    found, p = FAMILIES["zero_one_inflated_beta"], parameters("zero_one_inflated_beta")
    assert_allclose(np.exp(found.logp(np.array([0.0, 1.0]), p, {})), [0.3 * 0.4, 0.3 * 0.6])
    y, law = np.array([0.1, 0.8]), stats.beta(1.2, 1.8)
    assert_allclose(found.logp(y, p, {}), np.log(0.7) + law.logpdf(y), rtol=1e-11)
    assert_allclose(found.mean(p, {}), 0.3 * 0.6 + 0.7 * 0.4)


@pytest.mark.parametrize("name", ["zero_inflated_beta", "zero_inflated_asym_laplace"])
def test_zeros_beside_what_has_none(name):
    found, base = FAMILIES[name], FAMILIES["Beta" if "beta" in name else "asym_laplace"]
    p, y = parameters(name), np.array([0.2, 0.9])
    assert_allclose(found.logp(np.zeros(1), p, {}), np.log(0.3))
    assert_allclose(found.logp(y, p, {}), np.log(0.7) + base.logp(y, p, {}), rtol=1e-11)
    assert_allclose(found.mean(p, {}), 0.7 * base.mean(p, {}))


@pytest.mark.parametrize("name", WITH_ZEROS)
def test_draws_have_the_zeros_and_the_mean(name):
    found, one = FAMILIES[name], parameters(name)
    p = {k: np.full((4000, 1), v) for k, v in one.items()}
    drawn = found.random(np.random.default_rng(1), p, TRIALS)
    assert drawn.dtype == (np.int64 if found.discrete else np.float64)
    zeros = np.exp(found.logp(np.zeros(1), one, TRIALS))
    assert abs((drawn == 0).mean() - zeros) < 0.04
    assert abs(drawn.mean() - found.mean(one, TRIALS)) < 5 * drawn.std() / np.sqrt(4000)


@pytest.mark.parametrize("name", WITH_ZEROS)
def test_a_row_is_the_density_and_its_derivatives(name):
    found, rng = FAMILIES[name], np.random.default_rng(2)
    to_natural = {"log": np.exp, "natural": np.asarray, "odds": lambda v: 1 / (1 + np.exp(-v))}

    def logp(y, values):
        scales = zip(found.dpar_names, found.row.scales, values, strict=True)
        return found.logp(np.array(y), {d: to_natural[s](v) for d, s, v in scales}, TRIALS)

    trials = [9.0] * len(found.row.takes)
    for y in (0.0, 1.0, 7.0) if found.discrete or "gamma" in name else (0.0, 0.3, 0.9):
        values = rng.normal(size=len(found.dpars))
        ours, *slopes = found.row.function(y, *trials, *values)
        other = values + 0.4
        change = found.row.function(y, *trials, *other)[0] - ours
        assert_allclose(change, logp(y, other) - logp(y, values), rtol=1e-9)
        for k, slope in enumerate(slopes):
            step = 1e-6 * np.eye(len(values))[k]
            numerical = (logp(y, values + step) - logp(y, values - step)) / 2e-6
            assert_allclose(slope, numerical, rtol=1e-5, atol=1e-7)


def test_far_tails_keep_their_digits():
    zip_ = FAMILIES["zero_inflated_poisson"]
    etas = {"mu": np.array([2.0, 5.0, 700.0]), "zi": np.array([-800.0, -40.0, 40.0])}
    logp = zip_.logp(np.zeros(3), zip_.natural(etas), {})
    assert_allclose(logp, [-np.exp(2.0), -40.0, 0.0], rtol=1e-12, atol=1e-15)


def test_what_they_refuse():
    with pytest.raises(DataError, match=r"'hurdle_gamma' must not be negative\. Row 1"):
        FAMILIES["hurdle_gamma"].check(np.array([0.0, -1.0]), {})
    with pytest.raises(DataError, match="'zero_inflated_poisson' must be whole numbers"):
        FAMILIES["zero_inflated_poisson"].check(np.array([0.5]), {})


def test_links_and_pickles():
    found = family("zero_inflated_negbinomial", link_zi="probit")
    assert found.dpar("zi").link == "probit"
    assert pickle.loads(pickle.dumps(found)) == found
