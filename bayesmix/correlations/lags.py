"""Means that have the residuals of rows before, as brms's ``arma(cov=False)``.

A mean is η + Σ ma[k] e[t-k] + Σ ar[k] e[t-k], and what e[t] is a residual of is the mean without
the terms of ``ar``.
"""

from __future__ import annotations

import numpy as np


def lagged_means(
    eta: np.ndarray,
    y: np.ndarray,
    ar: np.ndarray,
    ma: np.ndarray,
    noise: np.ndarray | float = 0.0,
) -> np.ndarray:
    """The means, where a response that isn't there is its mean plus noise.

    Parameters
    ----------
    eta : ndarray
        Samples × positions × groups.
    y : ndarray
        Positions × groups; NaN where it isn't there.
    ar, ma : ndarray
        Samples × lags, of which there may be none.
    noise : ndarray
        Of the shape of `eta`.
    """
    error, means = np.zeros_like(eta), np.empty_like(eta)
    noise = np.broadcast_to(noise, eta.shape)
    for t in range(eta.shape[1]):
        start = eta[:, t] + _past(error, ma, t)
        means[:, t] = start + _past(error, ar, t)
        there = np.where(np.isnan(y[t]), means[:, t] + noise[:, t], y[t])
        error[:, t] = there - start
    return means


def _past(error: np.ndarray, weights: np.ndarray, t: int) -> np.ndarray | float:
    lags = range(1, min(weights.shape[1], t) + 1)
    return sum((weights[:, k - 1, None] * error[:, t - k] for k in lags), 0.0)
