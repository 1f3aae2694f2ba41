from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special

from bayesmix.errors import FamilyError
from bayesmix.families import FAMILIES, LINKS, family

DEFAULTS = {
    "gaussian": {"mu": "identity", "sigma": "log"},
    "student": {"mu": "identity", "sigma": "log", "nu": "logm1"},
    "bernoulli": {"mu": "logit"},
    "binomial": {"mu": "logit"},
    "poisson": {"mu": "log"},
    "negbinomial": {"mu": "log", "shape": "log"},
    "lognormal": {"mu": "identity", "sigma": "log"},
    "Gamma": {"mu": "log", "shape": "log"},
    "zero_inflated_poisson": {"mu": "log", "zi": "logit"},
    "zero_inflated_negbinomial": {"mu": "log", "shape": "log", "zi": "logit"},
    "hurdle_poisson": {"mu": "log", "hu": "logit"},
    "hurdle_negbinomial": {"mu": "log", "shape": "log", "hu": "logit"},
    "hurdle_gamma": {"mu": "log", "shape": "log", "hu": "logit"},
    "hurdle_lognormal": {"mu": "identity", "sigma": "log", "hu": "logit"},
    "cumulative": {"mu": "logit", "disc": "log"},
    "categorical": {"mu": "logit"},
    "multinomial": {"mu": "logit"},
    "dirichlet_multinomial": {"mu": "logit", "phi": "log"},
    "dirichlet": {"mu": "logit", "phi": "log"},
    "dirichlet2": {"mu": "log"},
    "logistic_normal": {"mu": "identity", "sigma": "log"},
    "hurdle_cumulative": {"mu": "logit", "disc": "log", "hu": "logit"},
    "sratio": {"mu": "logit", "disc": "log"},
    "cratio": {"mu": "logit", "disc": "log"},
    "acat": {"mu": "logit", "disc": "log"},
    "geometric": {"mu": "log"},
    "negbinomial2": {"mu": "log", "sigma": "log"},
    "discrete_weibull": {"mu": "logit", "shape": "log"},
    "com_poisson": {"mu": "log", "shape": "log"},
    "beta_binomial": {"mu": "logit", "phi": "log"},
    "xbeta": {"mu": "logit", "phi": "log", "kappa": "log"},
    "Beta": {"mu": "logit", "phi": "log"},
    "zero_inflated_binomial": {"mu": "logit", "zi": "logit"},
    "zero_inflated_beta_binomial": {"mu": "logit", "phi": "log", "zi": "logit"},
    "zero_inflated_beta": {"mu": "logit", "phi": "log", "zi": "logit"},
    "zero_inflated_asym_laplace": {
        "mu": "identity",
        "sigma": "log",
        "quantile": "logit",
        "zi": "logit",
    },
    "zero_one_inflated_beta": {"mu": "logit", "phi": "log", "zoi": "logit", "coi": "logit"},
    "skew_normal": {"mu": "identity", "sigma": "log", "alpha": "identity"},
    "exgaussian": {"mu": "identity", "sigma": "log", "beta": "log"},
    "asym_laplace": {"mu": "identity", "sigma": "log", "quantile": "logit"},
    "gen_extreme_value": {"mu": "identity", "sigma": "log", "xi": "log1p"},
    "von_mises": {"mu": "tan_half", "kappa": "log"},
    "shifted_lognormal": {"mu": "identity", "sigma": "log", "ndt": "log"},
    "exponential": {"mu": "log"},
    "weibull": {"mu": "log", "shape": "log"},
    "frechet": {"mu": "log", "nu": "logm1"},
    "inverse.gaussian": {"mu": "1/mu^2", "shape": "log"},
    "cox": {"mu": "log"},
    "wiener": {"mu": "identity", "bs": "log", "ndt": "log", "bias": "logit"},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_parameters_and_default_links_are_those_of_brms(name):
    assert {d.name: d.link for d in FAMILIES[name].dpars} == DEFAULTS[name]


@pytest.mark.parametrize("name", FAMILIES)
def test_default_links_are_allowed_and_exist(name):
    for dpar in FAMILIES[name].dpars:
        assert dpar.link in dpar.links
        assert set(dpar.links) <= set(LINKS)


@pytest.mark.parametrize("name", FAMILIES)
def test_default_links_map_into_the_natural_range(name):
    for dpar in FAMILIES[name].dpars:
        link = LINKS[FAMILIES[name].eta_link(dpar.name)]
        assert dpar.lower <= link.lower <= link.upper <= dpar.upper


def test_dpar_lookup():
    student = FAMILIES["student"]
    assert student.dpar("nu").lower == 1
    assert student.link("nu") is LINKS["logm1"]
    with pytest.raises(FamilyError, match="'student' has no parameter 'phi'; it has 'mu', 'sigma'"):
        student.dpar("phi")


def test_with_link_changes_one_parameter_of_a_copy():
    changed = FAMILIES["gaussian"].with_link("sigma", "softplus")
    assert (changed.dpar("mu").link, changed.dpar("sigma").link) == ("identity", "softplus")
    assert FAMILIES["gaussian"].dpar("sigma").link == "log"


def test_with_link_names_those_allowed():
    with pytest.raises(FamilyError, match=r"can't have the link 'logti'.*Did you mean.*'logit'"):
        FAMILIES["bernoulli"].with_link("mu", "logti")


def test_natural_values_come_with_exact_log_odds():
    eta = np.array([-50.0, 0.0, 50.0])
    natural = family("binomial", link="cauchit").natural({"mu": eta})
    assert_allclose(natural["mu"], np.arctan2(1, -eta) / np.pi)
    assert_allclose(natural["mu_log_odds"], special.logit(natural["mu"]), rtol=1e-12, atol=1e-15)


def test_natural_values_of_other_families_have_none():
    natural = FAMILIES["student"].natural({"mu": 2.0, "nu": 0.0})
    assert natural == {"mu": 2.0, "nu": 2.0}
    assert set(family("gaussian", link="logit").natural({"mu": 0.0})) == {"mu"}


def test_log_odds_keep_the_likelihood_finite():
    bernoulli = FAMILIES["bernoulli"]
    dpars = bernoulli.natural({"mu": np.array([100.0, -100.0])})
    assert_allclose(bernoulli.logp(np.array([0, 1]), dpars, {}), [-100.0, -100.0])
    del dpars["mu_log_odds"]
    assert bernoulli.logp(np.array([0, 1]), dpars, {})[0] == -np.inf


@pytest.mark.parametrize("name", FAMILIES)
def test_families_survive_pickling(name):
    assert pickle.loads(pickle.dumps(FAMILIES[name])) == FAMILIES[name]


def test_repr_shows_the_links():
    assert repr(FAMILIES["student"]) == "<family student (mu: identity, sigma: log, nu: logm1)>"
