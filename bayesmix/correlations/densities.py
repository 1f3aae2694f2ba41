"""The log density of each residual, given those before it or all others of its group.

Residuals are in units of their scales. Of Student's t the residuals of a group are one draw of the
multivariate distribution: given some of them, others are t with as many more degrees of freedom.
Source: Ding, P. (2016), On the conditional distribution of the multivariate t distribution, The
American Statistician 70, 293-295. Leaving one out: Bürkner, P.-C., Gabry, J. and Vehtari, A.
(2021), Efficient leave-one-out cross-validation for Bayesian non-factorized normal and Student-t
models, Computational Statistics 36, 1243-1261.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayesmix.correlations.layout import Correlation, Layout


def given_past(
    correlation: Correlation,
    given: Mapping[str, Any],
    residuals: np.ndarray,
    layout: Layout,
    nu: np.ndarray | None,
) -> np.ndarray:
    """Given the residuals before; the sum over a group is the joint log density."""
    white, scale = correlation.whiten(given, residuals, layout, np)
    squares = np.cumsum(white**2, axis=-2) - white**2
    count = np.arange(len(layout.rows))[:, None]
    return log_density(white, np.log(scale), nu, count, squares)


def given_others(
    correlation: Correlation,
    given: Mapping[str, Any],
    residuals: np.ndarray,
    layout: Layout,
    nu: np.ndarray | None,
) -> np.ndarray:
    """Given all others of the group."""
    product, diagonal = correlation.precise(given, residuals, layout)
    diagonal = np.where(layout.mask > 0, diagonal, 1.0)
    own = product**2 / diagonal
    squares = (residuals * product).sum(axis=-2, keepdims=True) - own
    count = layout.mask.sum(axis=0) - 1
    return log_density(product / np.sqrt(diagonal), -0.5 * np.log(diagonal), nu, count, squares)


def log_density(
    z: np.ndarray, log_scale: np.ndarray, nu: np.ndarray | None, count: Any, squares: np.ndarray
) -> np.ndarray:
    """Of one given `count` others, whose sum of squares of what is new in each is `squares`."""
    if nu is None:
        return -0.5 * z**2 - log_scale - 0.5 * np.log(2 * np.pi)
    from scipy.special import gammaln

    df, spread = nu + count, nu + squares
    return (
        gammaln((df + 1) / 2)
        - gammaln(df / 2)
        - 0.5 * np.log(np.pi * spread)
        - log_scale
        - (df + 1) / 2 * np.log1p(z**2 / spread)
    )
