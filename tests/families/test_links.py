"""Each link against a definition of it that is written differently, and against its inverse."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesmix.families.links import COUNT_LINKS, LINKS, REAL_LINKS, SCALE_LINKS, UNIT_LINKS

ETA = np.linspace(-2, 2, 17)

INVERSES = {
    "identity": lambda x: x,
    "log": np.exp,
    "logm1": lambda x: np.exp(x) + 1,
    "log1p": lambda x: np.exp(x) - 1,
    "tan_half": lambda x: 2 * np.arctan(x),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "logit": stats.logistic.cdf,
    "probit": stats.norm.cdf,
    "probit_approx": lambda x: stats.logistic.cdf(0.07056 * x**3 + 1.5976 * x),
    "cloglog": lambda x: 1 - np.exp(-np.exp(x)),
    "loglog": stats.gumbel_r.cdf,
    "cauchit": stats.cauchy.cdf,
    "softit": lambda x: np.log(1 + np.exp(x)) / (1 + np.log(1 + np.exp(x))),
}
POSITIVE = {
    "inverse": lambda x: 1 / x,
    "sqrt": lambda x: x * x,
    "1/mu^2": lambda x: x**-0.5,
}
UNIT = [name for name, link in LINKS.items() if (link.lower, link.upper) == (0, 1)]


def test_every_link_has_an_independent_definition_here():
    assert set(INVERSES) | set(POSITIVE) == set(LINKS)


@pytest.mark.parametrize("name", INVERSES)
def test_inverse(name):
    assert_allclose(LINKS[name].inverse(ETA), INVERSES[name](ETA), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", POSITIVE)
def test_inverse_of_positive_predictors(name):
    eta = np.array([0.1, 1.0, 7.5])
    assert_allclose(LINKS[name].inverse(eta), POSITIVE[name](eta), rtol=1e-14)
    assert_allclose(LINKS[name].link(POSITIVE[name](eta)), eta, rtol=1e-14)


@pytest.mark.parametrize("name", INVERSES)
def test_link_undoes_inverse(name):
    assert_allclose(LINKS[name].link(LINKS[name].inverse(ETA)), ETA, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", LINKS)
def test_inverse_stays_in_its_range(name):
    link = LINKS[name]
    values = link.inverse(np.array([0.2, 1.0, 3.0]))
    assert np.all((values > link.lower) & (values < link.upper))


@pytest.mark.parametrize("name", UNIT)
def test_log_odds_in_the_middle(name):
    p = INVERSES[name](ETA)
    assert_allclose(LINKS[name].log_odds(ETA), np.log(p) - np.log1p(-p), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("name", "log_p", "log_q"),
    [
        ("logit", stats.logistic.logcdf, stats.logistic.logsf),
        ("probit", stats.norm.logcdf, stats.norm.logsf),
        ("loglog", stats.gumbel_r.logcdf, stats.gumbel_r.logsf),
        ("cauchit", stats.cauchy.logcdf, stats.cauchy.logsf),
    ],
)
def test_log_odds_in_the_tails(name, log_p, log_q):
    eta = np.array([-30.0, -9.0, 9.0, 30.0])
    expected = log_p(eta) - log_q(eta)
    assert_allclose(LINKS[name].log_odds(eta), expected, rtol=1e-9)


def test_cloglog_is_loglog_upside_down():
    eta = np.array([-50.0, -36.5, -35.5, -3.0, 2.0, 6.0])
    assert_allclose(LINKS["cloglog"].log_odds(eta), -LINKS["loglog"].log_odds(-eta), rtol=1e-15)


@pytest.mark.parametrize("name", UNIT)
def test_log_odds_have_no_jump_where_a_branch_ends(name):
    eta = -36.0 + np.array([-1e-9, 1e-9])
    below, above = LINKS[name].log_odds(eta)
    assert_allclose(below, above, rtol=1e-8)


def test_log_odds_of_a_link_without_a_formula_for_them():
    assert_allclose(LINKS["identity"].log_odds(0.75), np.log(3), rtol=1e-15)


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("eta", [-800.0, -40.0, 40.0, 800.0])
def test_extremes_are_quiet(name, eta):
    value = float(LINKS[name].inverse(eta))
    assert not np.isnan(value) or name == "1/mu^2"


def test_small_values_keep_their_digits():
    assert_allclose(LINKS["softplus"].inverse(-40.0), np.exp(-40.0), rtol=1e-14)
    assert_allclose(LINKS["softplus"].link(1e-20), np.log(1e-20), rtol=1e-14)
    assert_allclose(LINKS["squareplus"].inverse(-1e8), 1e-8, rtol=1e-14)
    assert_allclose(LINKS["cloglog"].inverse(-40.0), np.exp(-40.0), rtol=1e-14)
    assert_allclose(LINKS["cauchit"].inverse(-1e12), 1e-12 / np.pi, rtol=1e-14)


def test_a_link_outside_its_domain_is_not_finite():
    assert np.isnan(LINKS["log"].link(-1.0))
    assert LINKS["log"].link(0.0) == -np.inf


def test_the_groups_of_links_are_links():
    assert set(UNIT_LINKS + COUNT_LINKS + SCALE_LINKS + REAL_LINKS) <= set(LINKS)


def test_importing_families_does_not_import_pymc():
    code = "import sys, bayesmix.families; print({'pymc', 'pytensor'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
