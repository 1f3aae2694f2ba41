"""The Dirichlet distribution of shares that add up to one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from bayesmix.errors import PriorError

__all__ = ["concentration", "logpdf", "rvs"]


def concentration(params: Sequence[float], size: int) -> np.ndarray:
    """A number for each share, where one stands for all.

    Raises
    ------
    PriorError
        If there are neither one nor `size` numbers.

    Examples
    --------
    >>> concentration((2.0,), 3)
    array([2., 2., 2.])
    """
    if len(params) not in (1, size):
        raise PriorError(f"dirichlet takes one number, or {size}: one a share; not {len(params)}.")
    return np.broadcast_to(np.array(params, dtype=float), size)


def logpdf(x: ArrayLike, params: Sequence[float]) -> np.ndarray:
    """Log density of shares.

    Parameters
    ----------
    x : array_like
        ``(..., K)``, positive, adding up to one along the last axis.
    params : sequence of float
        The concentration: one number, or K.

    Returns
    -------
    ndarray
        Shape ``(...)``; the density is one of all shares but the last.

    Examples
    --------
    >>> round(float(logpdf([0.2, 0.3, 0.5], (1.0,))), 6)
    0.693147
    """
    from scipy.special import gammaln, xlogy

    x = np.asarray(x, dtype=float)
    alpha = concentration(params, x.shape[-1])
    return gammaln(alpha.sum()) - gammaln(alpha).sum() + xlogy(alpha - 1.0, x).sum(-1)


def rvs(rng: np.random.Generator, draws: int, size: int, params: Sequence[float]) -> np.ndarray:
    """Random shares, ``(draws, size)``."""
    return rng.dirichlet(concentration(params, size), draws)
