"""The extended-support beta family, beside scipy's beta and numerical integration."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from bayesmix.families import FAMILIES
from bayesmix.families.maths import NUMPY

XBETA = FAMILIES["xbeta"]
CASES = [(0.3, 2.0, 0.1), (0.85, 6.0, 0.5), (0.5, 40.0, 0.02)]
each = pytest.mark.parametrize(("mu", "phi", "kappa"), CASES)


def given(mu, phi, kappa):
    p = {"mu": np.array([mu]), "phi": np.array([phi]), "kappa": np.array([kappa])}
    law = stats.beta(mu * phi, (1 - mu) * phi, loc=-kappa, scale=1 + 2 * kappa)
    return p, law


@each
def test_the_density_is_a_stretched_beta_cut_at_both_ends(mu, phi, kappa):
    p, law = given(mu, phi, kappa)
    y = np.linspace(0.01, 0.99, 9)
    assert_allclose(XBETA.logp(y, p, {}), law.logpdf(y), rtol=1e-10)
    ends = XBETA.logp(np.array([0.0, 1.0]), p, {})
    assert_allclose(ends, [law.logcdf(0.0), law.logsf(1.0)], rtol=1e-9)


@each
def test_the_mean(mu, phi, kappa):
    p, law = given(mu, phi, kappa)
    inside = integrate.quad(lambda y: y * law.pdf(y), 0, 1)[0]
    assert XBETA.mean(p, {})[0] == pytest.approx(inside + law.sf(1.0), rel=1e-7)


@each
def test_the_distribution_function(mu, phi, kappa):
    p, law = given(mu, phi, kappa)
    y = np.array([0.0, 0.2, 0.9])
    assert_allclose(XBETA.log_cdf(y, p, {}, NUMPY), law.logcdf(y), rtol=1e-9, atol=1e-14)
    assert_allclose(XBETA.log_sf(y, p, {}, NUMPY), law.logsf(y), rtol=1e-9, atol=1e-14)
    with np.errstate(divide="ignore"):
        assert XBETA.log_cdf(np.array([1.0]), p, {}, NUMPY)[0] == 0.0


@each
def test_draws(mu, phi, kappa):
    """Each share within five standard errors of 4,000 draws, and the inside by its ranks."""
    p, law = given(mu, phi, kappa)
    drawn = XBETA.random(np.random.default_rng(1), {k: np.full(4000, v) for k, v in p.items()}, {})
    for found, share in ((drawn == 0, law.cdf(0.0)), (drawn == 1, law.sf(1.0))):
        assert abs(found.mean() - share) < 5 * np.sqrt(share * (1 - share) / 4000) + 1e-9
    inner = drawn[(drawn > 0) & (drawn < 1)]
    ranks = (law.cdf(inner) - law.cdf(0.0)) / (law.cdf(1.0) - law.cdf(0.0))
    assert stats.kstest(ranks, "uniform").pvalue > 1e-4
