"""Correlations of K coefficients in an order, under the LKJ density of their matrix.

A matrix whose correlations hang on the number of steps between two coefficients is made of partial
autocorrelations φ₁, …, each between -1 and 1: det(R) = ∏ (1 - φⱼ²)ᴷ⁻ʲ. Under det(R)^(η - 1) the
(1 + φⱼ) / 2 are independent betas of two equal parameters (K - j) η. Of an autoregressive matrix, ρ
to the power of the steps, only the first isn't 0: (1 + ρ) / 2 has (K - 1) (η - 1) + 1 twice.

Sources: O. Barndorff-Nielsen, G. Schou (1973), On the parametrization of autoregressive models by
partial autocorrelations, Journal of Multivariate Analysis 3; J. Durbin (1960), The fitting of
time-series models, Review of the International Statistical Institute 28.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bayesmix.correlations.partials import longer
from bayesmix.priors.common import check_mass


def ar1_shape(size: int, eta: float) -> float:
    """The two equal parameters of the beta distribution of (1 + ρ) / 2.

    Raises
    ------
    PriorError
        If the density has no finite mass.

    Examples
    --------
    >>> ar1_shape(4, 1.0)
    1.0
    """
    check_mass(size, eta, "the autocorrelation")
    return (size - 1) * (eta - 1.0) + 1.0


def toeplitz_shapes(size: int, eta: float) -> np.ndarray:
    """Those of the partial autocorrelations.

    Examples
    --------
    >>> toeplitz_shapes(4, 1.0).tolist()
    [3.0, 2.0, 1.0]
    """
    return (size - np.arange(1.0, size)) * eta


def cholesky(partial: Sequence[Any], size: int, m: Any) -> Any:
    """Cholesky factors of matrices with these partial autocorrelations, … × size × size.

    Parameters
    ----------
    partial : sequence of array
        Those of 1, 2, … steps; all that follow are 0.
    size : int
    m : module
        ``numpy`` or ``pytensor.tensor``.
    """
    spread, eye = m.ones_like(partial[0]), np.eye(size)
    rows, weights = [spread[..., None] * eye[0]], []
    for i in range(1, size):
        if i <= len(partial):
            phi = partial[i - 1]
            weights, spread = longer(weights, phi), spread * m.sqrt((1.0 - phi) * (1.0 + phi))
        known = sum(w[..., None] * rows[i - 1 - k] for k, w in enumerate(weights))
        rows.append(known + spread[..., None] * eye[i])
    return m.stack(rows, axis=-2)


def partials(correlations: np.ndarray) -> np.ndarray:
    """The partial autocorrelations of matrices, from the correlations 1, 2, … steps apart."""
    found: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    spread = np.ones(correlations.shape[:-1])
    for k in range(correlations.shape[-1]):
        known = sum(w * correlations[..., k - 1 - i] for i, w in enumerate(weights))
        found.append((correlations[..., k] - known) / spread)
        weights = longer(weights, found[-1])
        spread = spread * (1.0 - found[-1] ** 2)
    return np.stack(found, axis=-1)


def ar1_logpdf(rho: np.ndarray, size: int, eta: float) -> np.ndarray:
    """Log density of an autocorrelation.

    Examples
    --------
    >>> float(np.exp(ar1_logpdf(np.array(0.3), 4, 1.0)).round(12))
    0.5
    """
    return _beta(rho, ar1_shape(size, eta))


def toeplitz_logpdf(correlations: np.ndarray, eta: float) -> np.ndarray:
    """Log density of the correlations 1, 2, … steps apart, along the last axis."""
    from scipy.special import xlog1py

    phi, steps = partials(correlations), correlations.shape[-1]
    volume = xlog1py(np.arange(steps - 1.0, -1.0, -1.0), -(phi**2)).sum(axis=-1)
    return _beta(phi, toeplitz_shapes(steps + 1, eta)).sum(axis=-1) - volume


def _beta(phi: np.ndarray, shape: np.ndarray | float) -> np.ndarray:
    """The log density of what is between -1 and 1, of two equal parameters."""
    from scipy.special import betaln, xlog1py

    phi = np.asarray(phi)
    both = xlog1py(shape - 1.0, phi) + xlog1py(shape - 1.0, -phi)
    return both - betaln(shape, shape) - (2.0 * np.asarray(shape) - 1.0) * np.log(2.0)


def ar1_rvs(rng: np.random.Generator, draws: int, size: int, eta: float) -> np.ndarray:
    """Cholesky factors of random autoregressive matrices."""
    shape = ar1_shape(size, eta)
    return cholesky([2.0 * rng.beta(shape, shape, draws) - 1.0], size, np)


def toeplitz_rvs(rng: np.random.Generator, draws: int, size: int, eta: float) -> np.ndarray:
    """Cholesky factors of random matrices of steps."""
    partial = [2.0 * rng.beta(a, a, draws) - 1.0 for a in toeplitz_shapes(size, eta)]
    return cholesky(partial, size, np)
