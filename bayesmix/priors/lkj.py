"""The LKJ distribution of a correlation matrix, as a density of its Cholesky factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "cholesky_logpdf",
    "cholesky_rvs",
    "correlation_root",
    "matrix",
    "of_partials",
    "partial_shapes",
    "under_diagonal",
]


def cholesky_logpdf(factor: ArrayLike, eta: float) -> np.ndarray:
    """Log density of lower Cholesky factors of correlation matrices under LKJ(eta).

    Parameters
    ----------
    factor : array_like
        Lower triangular, rows of length one; shape ``(..., K, K)``.
    eta : float
        Concentration; 1 is uniform over correlation matrices.

    Returns
    -------
    ndarray
        Shape ``(...)``; the density is one of the entries under the diagonal.

    References
    ----------
    Lewandowski, Kurowicka and Joe (2009), Generating random correlation matrices based on vines
    and extended onion method, *Journal of Multivariate Analysis* 100(9).

    Examples
    --------
    >>> round(float(cholesky_logpdf(np.eye(2), 1.0)), 6)
    -0.693147
    """
    from scipy.special import xlogy

    factor = np.asarray(factor, dtype=float)
    size = factor.shape[-1]
    diagonal = np.diagonal(factor, axis1=-2, axis2=-1)[..., 1:]
    powers = size - np.arange(2, size + 1) + 2.0 * (eta - 1.0)
    return _log_constant(size, eta) + xlogy(powers, diagonal).sum(-1)


def cholesky_rvs(rng: np.random.Generator, draws: int, size: int, eta: float) -> np.ndarray:
    """Random lower Cholesky factors of correlation matrices under LKJ(eta).

    Each row is a point on a half sphere: its part under the diagonal has a beta distributed
    squared length and a uniform direction (the onion method).

    Parameters
    ----------
    rng : numpy.random.Generator
    draws : int
    size : int
        Rows of one correlation matrix.
    eta : float
        Concentration.

    Returns
    -------
    ndarray
        Shape ``(draws, size, size)``.

    Examples
    --------
    >>> L = cholesky_rvs(np.random.default_rng(1), 5, 3, 2.0)
    >>> bool(np.allclose((L @ L.mT).diagonal(axis1=1, axis2=2), 1))
    True
    """
    factor = np.zeros((draws, size, size))
    factor[:, 0, 0] = 1.0
    for row in range(1, size):
        length2 = rng.beta(row / 2, eta + (size - row - 1) / 2, draws)
        direction = rng.normal(size=(draws, row))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        factor[:, row, :row] = np.sqrt(length2)[:, None] * direction
        factor[:, row, row] = np.sqrt(1.0 - length2)
    return factor


def matrix(under: ArrayLike) -> np.ndarray:
    """The correlation matrices of what stands under their diagonals, row by row.

    Parameters
    ----------
    under : array_like
        Shape ``(..., K (K - 1) / 2)``.

    Returns
    -------
    ndarray
        Shape ``(..., K, K)``.

    Examples
    --------
    >>> matrix([0.1, 0.2, 0.3]).tolist()
    [[1.0, 0.1, 0.2], [0.1, 1.0, 0.3], [0.2, 0.3, 1.0]]
    """
    under = np.asarray(under, dtype=float)
    size = round((1 + np.sqrt(1 + 8 * under.shape[-1])) / 2)
    made = np.tile(np.eye(size), (*under.shape[:-1], 1, 1))
    rows, columns = np.tril_indices(size, -1)
    made[..., rows, columns] = made[..., columns, rows] = under
    return made


def under_diagonal(matrices: np.ndarray) -> np.ndarray:
    """The inverse of `matrix`."""
    return matrices[(..., *np.tril_indices(matrices.shape[-1], -1))]


def correlation_root(cor: np.ndarray) -> np.ndarray:
    """Lower Cholesky factors L with L Lᵀ = cor, ``(…, K, K)``, also where cor is singular."""
    root = np.zeros_like(cor)
    for j in range(cor.shape[-1]):
        rest = cor[..., j:, j] - (root[..., j:, :j] * root[..., None, j, :j]).sum(axis=-1)
        pivot = np.sqrt(np.maximum(rest[..., :1], 0.0))
        root[..., j:, j] = np.divide(rest, pivot, out=np.zeros_like(rest), where=pivot > 0)
    return root


def partial_shapes(size: int, eta: float) -> np.ndarray:
    """What makes a matrix's canonical partial correlations r: (1 + r) / 2 ~ Beta(shape, shape).

    They are independent, in the order of what stands under the diagonal, row by row (Lewandowski,
    Kurowicka and Joe 2009).

    Examples
    --------
    >>> partial_shapes(3, 1.0).tolist()
    [1.5, 1.5, 1.0]
    """
    columns = np.tril_indices(size, -1)[1]
    return eta + (size - 2 - columns) / 2


def of_partials(shares: np.ndarray) -> np.ndarray:
    """What stands under the diagonal, from partial correlations r as (1 + r) / 2.

    Examples
    --------
    >>> of_partials(np.array([0.55])).round(6).tolist()
    [0.1]
    """
    factor = matrix(shares)
    for i in range(factor.shape[-1]):
        left = np.ones(factor.shape[:-2])
        for j in range(i):
            u = factor[..., i, j].copy()
            factor[..., i, j] = (2 * u - 1) * left
            left = left * 2 * np.sqrt(u * (1 - u))
        factor[..., i, i], factor[..., i, i + 1 :] = left, 0.0
    return under_diagonal(factor @ factor.mT)


def _log_constant(size: int, eta: float) -> float:
    """Log of the constant that makes the density integrate to one."""
    from scipy.special import gammaln

    k = np.arange(1, size)
    parts = 0.5 * k * np.log(np.pi) + gammaln(eta + 0.5 * (size - 1 - k))
    return float((size - 1) * gammaln(eta + 0.5 * (size - 1)) - parts.sum())
