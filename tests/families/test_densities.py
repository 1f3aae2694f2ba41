"""Every family: its log density sums to one and has the moments that it says and draws."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, special, stats

from bayesmix.families import FAMILIES

NOTHING: dict[str, np.ndarray] = {}
TRIALS = {"trials": np.array(12)}


def skew_normal(mu, sigma, alpha):
    """By its mean and standard deviation."""
    delta = alpha / np.sqrt(1 + alpha**2)
    scale = sigma / np.sqrt(1 - 2 * delta**2 / np.pi)
    return stats.skewnorm(alpha, mu - scale * delta * np.sqrt(2 / np.pi), scale)


def counts(log_weights):
    """A law on 0, 1, … from unnormalised log probabilities that vanish in the end."""
    p = np.exp(log_weights - special.logsumexp(log_weights))
    return stats.rv_discrete(values=(np.arange(p.size)[p > 1e-300], p[p > 1e-300]))


K = np.arange(200.0)
WEIBULL = np.log(0.6 ** (K**1.2) - 0.6 ** ((K + 1) ** 1.2))
POWERS = 0.7 * (K * np.log(3.0) - special.gammaln(K + 1))

CASES = [
    ("gaussian", {"mu": -1.0, "sigma": 2.0}, NOTHING, stats.norm(-1, 2)),
    ("student", {"mu": 1.0, "sigma": 0.5, "nu": 7.0}, NOTHING, stats.t(7, 1, 0.5)),
    ("bernoulli", {"mu": 0.3}, NOTHING, stats.bernoulli(0.3)),
    ("binomial", {"mu": 0.3}, TRIALS, stats.binom(12, 0.3)),
    ("poisson", {"mu": 4.2}, NOTHING, stats.poisson(4.2)),
    ("negbinomial", {"mu": 4.2, "shape": 1.5}, NOTHING, stats.nbinom(1.5, 1.5 / 5.7)),
    ("negbinomial2", {"mu": 4.2, "sigma": 0.4}, NOTHING, stats.nbinom(2.5, 2.5 / 6.7)),
    ("geometric", {"mu": 4.2}, NOTHING, stats.geom(1 / 5.2, -1)),
    ("discrete_weibull", {"mu": 0.6, "shape": 1.2}, NOTHING, counts(WEIBULL[:60])),
    ("com_poisson", {"mu": 3.0, "shape": 0.7}, NOTHING, counts(POWERS)),
    ("beta_binomial", {"mu": 0.3, "phi": 4.0}, TRIALS, stats.betabinom(12, 1.2, 2.8)),
    ("Beta", {"mu": 0.3, "phi": 4.0}, NOTHING, stats.beta(1.2, 2.8)),
    ("Gamma", {"mu": 4.2, "shape": 1.5}, NOTHING, stats.gamma(1.5, scale=4.2 / 1.5)),
    ("lognormal", {"mu": 0.4, "sigma": 0.5}, NOTHING, stats.lognorm(0.5, scale=np.exp(0.4))),
    (
        "shifted_lognormal",
        {"mu": 0.4, "sigma": 0.5, "ndt": 0.3},
        NOTHING,
        stats.lognorm(0.5, 0.3, np.exp(0.4)),
    ),
    ("skew_normal", {"mu": 1.0, "sigma": 2.0, "alpha": -3.0}, NOTHING, skew_normal(1, 2, -3)),
    (
        "exgaussian",
        {"mu": 1.0, "sigma": 0.5, "beta": 0.8},
        NOTHING,
        stats.exponnorm(0.8 / 0.5, 0.2, 0.5),
    ),
    (
        "asym_laplace",
        {"mu": 1.0, "sigma": 0.5, "quantile": 0.2},
        NOTHING,
        stats.laplace_asymmetric(0.5, 1.0, 0.5 * 0.5 / 0.2),
    ),
    (
        "gen_extreme_value",
        {"mu": 1.0, "sigma": 0.5, "xi": -0.2},
        NOTHING,
        stats.genextreme(0.2, 1.0, 0.5),
    ),
    ("von_mises", {"mu": 0.3, "kappa": 4.0}, NOTHING, stats.vonmises(4.0, 0.3)),
    ("exponential", {"mu": 4.2}, NOTHING, stats.expon(scale=4.2)),
    (
        "weibull",
        {"mu": 4.2, "shape": 1.5},
        NOTHING,
        stats.weibull_min(1.5, scale=4.2 / special.gamma(1 + 1 / 1.5)),
    ),
    (
        "frechet",
        {"mu": 4.2, "nu": 6.0},
        NOTHING,
        stats.invweibull(6.0, scale=4.2 / special.gamma(1 - 1 / 6)),
    ),
    ("inverse.gaussian", {"mu": 4.2, "shape": 1.5}, NOTHING, stats.invgauss(4.2 / 1.5, scale=1.5)),
]
IDS = [case[0] for case in CASES]
ON_A_LINE = [case for case in CASES if case[0] != "von_mises"]
IDS_ON_A_LINE = [case[0] for case in ON_A_LINE]


def test_every_family_is_a_case():
    made = {name for name in FAMILIES if name.startswith(("zero_", "hurdle"))}
    several = {name for name, f in FAMILIES.items() if f.columns or f.first_code == 1}
    assert set(IDS) | made | several | {"wiener", "cox", "xbeta"} == set(FAMILIES)


@pytest.mark.parametrize(("name", "dpars", "aux", "law"), CASES, ids=IDS)
def test_logp_is_that_of_scipy(name, dpars, aux, law):
    family = FAMILIES[name]
    y = np.arange(0.0, 2.0) if name == "bernoulli" else np.arange(0.0, 13.0)
    y = y[y >= 1.0] if law.support()[0] == 0.0 and not family.discrete else y
    y = np.linspace(0.01, 0.99, 9) if name == "Beta" else y
    expected = law.logpmf(y) if family.discrete else law.logpdf(y)
    y, expected = y[np.isfinite(expected)], expected[np.isfinite(expected)]
    assert_allclose(family.logp(y, dpars, aux), expected, rtol=1e-12)


@pytest.mark.parametrize(("name", "dpars", "aux", "law"), ON_A_LINE, ids=IDS_ON_A_LINE)
def test_mean_and_variance_are_those_of_the_density(name, dpars, aux, law):
    family = FAMILIES[name]
    moments = discrete_moments if family.discrete else continuous_moments
    total, mean, variance = moments(lambda y: np.exp(family.logp(y, dpars, aux)), law)
    assert_allclose(total, 1.0, rtol=1e-9)
    assert_allclose(mean, family.mean(dpars, aux), rtol=1e-9)
    assert_allclose(variance, law.var(), rtol=1e-7)


def test_the_mean_of_angles_is_their_direction():
    family, p = FAMILIES["von_mises"], {"mu": 0.3, "kappa": 4.0}
    parts = [
        integrate.quad(lambda y, f=f: f(y) * np.exp(family.logp(y, p, {})), -np.pi, np.pi)[0]
        for f in (np.sin, np.cos, np.ones_like)
    ]
    assert_allclose(np.arctan2(*parts[:2]), family.mean(p, {}), rtol=1e-9)
    assert_allclose(parts[2], 1.0, rtol=1e-9)


@pytest.mark.parametrize(("name", "dpars", "aux", "law"), CASES, ids=IDS)
def test_draws_follow_the_density(name, dpars, aux, law):
    family = FAMILIES[name]
    shape = (2000, 1)
    wide = {k: np.full(shape, v) for k, v in dpars.items()}
    y = family.random(np.random.default_rng(1), wide, aux)
    assert y.shape == shape
    assert y.dtype == (np.int64 if family.discrete else np.float64)
    assert abs(y.mean() - law.mean()) < 5 * law.std() / np.sqrt(2000)
    low, middle, high = law.ppf([0.1, 0.5, 0.9])
    for at in (low, middle, high):
        share = law.cdf(at)
        assert abs(np.mean(y <= at) - share) < 5 * np.sqrt(share * (1 - share) / 2000) + 1e-12


@pytest.mark.parametrize(("name", "dpars", "aux", "law"), CASES, ids=IDS)
def test_parameters_broadcast(name, dpars, aux, law):
    family = FAMILIES[name]
    some = {k: np.full((3, 1), v) for k, v in dpars.items()}
    some["mu"] = np.full((3, 4), dpars["mu"])
    aux = {k: np.full(4, v) for k, v in aux.items()}
    y = np.array([0.0, 1.0, 1.0, 0.0]) if name != "Beta" else np.array([0.1, 0.9, 0.9, 0.1])
    single = family.logp(y, dpars, aux)
    assert_allclose(family.logp(y, some, aux), np.broadcast_to(single, (3, 4)), rtol=1e-14)
    assert family.random(np.random.default_rng(1), some, aux).shape == (3, 4)
    assert np.shape(family.mean(some, aux)) == (3, 4)


@pytest.mark.parametrize(("name", "dpars", "aux", "law"), CASES, ids=IDS)
def test_the_same_generator_gives_the_same_draws(name, dpars, aux, law):
    first, second = (FAMILIES[name].random(np.random.default_rng(3), dpars, aux) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("name", "dpars", "aux", "law"), CASES, ids=IDS)
def test_parameters_out_of_range_have_no_density(name, dpars, aux, law):
    family = FAMILIES[name]
    for dpar in family.dpars:
        for bound in {dpar.lower, dpar.upper} - {-np.inf, np.inf, 1.0}:
            outside = {**dpars, dpar.name: bound - 0.1 if bound == dpar.lower else bound + 0.1}
            y = np.array([1.0 if name != "Beta" else 0.5])
            assert family.logp(y, outside, aux)[0] == -np.inf


def discrete_moments(density, law):
    y = np.arange(max(law.ppf(0), 0.0), law.isf(1e-15) + 1)
    p = density(y)
    mean = p @ y
    return p.sum(), mean, p @ (y - mean) ** 2


def continuous_moments(density, law):
    def moment(f):
        low, high = law.support()
        return integrate.quad(lambda y: f(y) * density(y), low, high, epsabs=1e-12)[0]

    mean = moment(lambda y: y)
    return moment(lambda y: 1.0), mean, moment(lambda y: (y - mean) ** 2)
