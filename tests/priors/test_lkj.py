from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from bayesmix.priors.lkj import cholesky_logpdf, cholesky_rvs


def factor_of(correlation: float) -> np.ndarray:
    return np.array([[1.0, 0.0], [correlation, np.sqrt(1 - correlation**2)]])


@pytest.mark.parametrize("eta", [1.0, 2.0, 4.5])
def test_one_correlation_has_a_scaled_beta_density(eta):
    for r in (-0.9, 0.0, 0.3):
        expected = stats.beta(eta, eta, loc=-1, scale=2).logpdf(r)
        assert cholesky_logpdf(factor_of(r), eta) == pytest.approx(expected)


@pytest.mark.parametrize("eta", [1.0, 3.0])
def test_one_correlation_integrates_to_one(eta):
    total, _ = quad(lambda r: np.exp(cholesky_logpdf(factor_of(r), eta)), -1, 1)
    assert total == pytest.approx(1.0)


def test_uniform_density_is_one_over_the_volume_of_all_3_by_3_correlation_matrices():
    factor = np.linalg.cholesky(np.array([[1, 0.3, -0.2], [0.3, 1, 0.4], [-0.2, 0.4, 1]]))
    # The Jacobian from the correlations to the factor's entries is its second diagonal entry.
    expected = -np.log(np.pi**2 / 2) + np.log(factor[1, 1])
    assert cholesky_logpdf(factor, 1.0) == pytest.approx(expected)


def test_is_vectorised_over_draws():
    factors = np.stack([factor_of(r) for r in (-0.5, 0.0, 0.5)])
    assert cholesky_logpdf(factors, 2.0).shape == (3,)


def test_a_singular_matrix_has_density_zero_unless_eta_is_one():
    assert cholesky_logpdf(factor_of(1.0), 2.0) == -np.inf
    assert cholesky_logpdf(factor_of(1.0), 1.0) == pytest.approx(-np.log(2))


@pytest.mark.parametrize("eta", [1.0, 3.0])
def test_every_drawn_correlation_has_its_marginal_beta_distribution(eta):
    size = 4
    factors = cholesky_rvs(np.random.default_rng(1), 4000, size, eta)
    matrices = factors @ factors.mT
    shape = eta + size / 2 - 1
    marginal = stats.beta(shape, shape, loc=-1, scale=2)
    for i, j in ((0, 1), (1, 2), (0, 3), (2, 3)):
        assert stats.kstest(matrices[:, i, j], marginal.cdf).pvalue > 1e-3
