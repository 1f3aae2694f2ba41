"""A penalised basis as columns with flat priors and columns with normal ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh, solve_triangular

from bayesmix.smooths.basis import Basis, Columns


@dataclass(frozen=True)
class Smooth:
    """A smooth function, ``X b + Z_1 u_1 + …``, with ``u_j`` normal with one sd each.

    Attributes
    ----------
    columns : Columns
        Functions of the covariates.
    fixed : ndarray
        Functions × columns of X.
    blocks : tuple of ndarray
        Functions × columns of each Z.
    """

    columns: Columns
    fixed: np.ndarray
    blocks: tuple[np.ndarray, ...]

    def on(self, rows: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """X and the Zs on rows × covariates."""
        values = self.columns.on(rows)
        return values @ self.fixed, tuple(values @ block for block in self.blocks)


def smooth(basis: Basis, rows: np.ndarray, centred: bool = True) -> Smooth:
    """The mixed model of one basis.

    Parameters
    ----------
    basis : Basis
    rows : ndarray
        Covariates on the data, rows × covariates.
    centred : bool
        Whether the function's values on the data sum to zero, so that it has no constant.
    """
    values = basis.on(rows)
    keep = without_mean(values) if centred else np.eye(values.shape[1])
    eigenvalues, vectors = decreasing(keep.T @ (basis.scale(values) * basis.penalty) @ keep)
    rank = min(basis.rank, len(eigenvalues))
    block = vectors[:, :rank] / np.sqrt(eigenvalues[:rank])
    return Smooth(basis.columns, keep @ vectors[:, rank:], (keep @ block,))


def without_mean(values: np.ndarray) -> np.ndarray:
    """Combinations of columns, all those whose values sum to zero."""
    return np.linalg.qr(values.mean(axis=0)[:, None], mode="complete")[0][:, 1:]


def decreasing(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and vectors of a symmetric matrix, the largest first.

    By the method that R has, for where vectors of one eigenvalue are scaled apart, which ones they
    are shows in the prior (`natural`).
    """
    values, vectors = eigh(matrix, driver="evr")
    return values[::-1], vectors[:, ::-1]


def natural(values: np.ndarray, basis: Basis) -> np.ndarray:
    """Functions × combinations of them whose penalty is the sum of squares of the first ones.

    The others, as many as the penalty lets free, have values of the size that the first ones have,
    the constant last. Wood, Scheipl and Faraway (2013), section 3.2.
    """
    rank = basis.rank
    eigenvalues, vectors = decreasing(basis.penalty)
    roots = np.sqrt(np.where(np.arange(len(eigenvalues)) < rank, eigenvalues.clip(1e-300), 1.0))
    sizes = ((values @ vectors) ** 2).sum(axis=0) / roots**2
    roots[rank:] = np.sqrt(sizes[rank:] / sizes[:rank].mean())
    made = vectors / roots
    if made.shape[1] - rank > 1:
        made[:, rank:] = made[:, rank:] @ _by_variance(values @ made[:, rank:])
    return _of_unit_size(values, made, rank)


def orthogonal(values: np.ndarray, basis: Basis) -> np.ndarray:
    """As `natural`, the combinations being orthogonal on the data as well.

    Wood (2017), section 5.4.2.
    """
    rank, (_, r) = basis.rank, np.linalg.qr(values)
    half = solve_triangular(r.T, basis.penalty, lower=True)
    eigenvalues, vectors = decreasing(solve_triangular(r.T, half.T, lower=True))
    made = solve_triangular(r, vectors)
    made[:, :rank] /= np.sqrt(eigenvalues[:rank])
    return _of_unit_size(values, made, rank)


def _by_variance(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=0)
    return decreasing(centred.T @ centred)[1]


def _of_unit_size(values: np.ndarray, made: np.ndarray, rank: int) -> np.ndarray:
    """Both parts with a mean square of one on the data."""
    on_data = values @ made
    parts = (slice(0, rank), slice(rank, None))
    scales = [
        np.full(on_data[:, p].shape[1], np.sqrt((on_data[:, p] ** 2).mean()))
        for p in parts
        if on_data[:, p].size
    ]
    return made / np.concatenate(scales)
