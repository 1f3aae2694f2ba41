"""Coefficients of stationary series, the prior of which is uniform unless the user has another.

A series of order p is stationary where its partial autocorrelations are between -1 and 1, and these
are functions of its coefficients one to one. Coefficients that are uniform over the stationary
region have independent partial autocorrelations: (1 + π[k]) / 2 is a beta of ⌊(k + 1) / 2⌋ and
⌊k / 2⌋ + 1. Moving averages are invertible where their coefficients, times -1, are stationary.

Sources: O. Barndorff-Nielsen, G. Schou (1973), On the parametrization of autoregressive models by
partial autocorrelations, Journal of Multivariate Analysis 3; M. C. Jones (1987), Randomly choosing
parameters from the stationarity and invertibility region of autoregressive-moving average models,
Applied Statistics 36.
"""

from __future__ import annotations

import numpy as np

from bayesmix.correlations.partials import coefficients, partials

SIGNS = {"ar": 1.0, "ma": -1.0}
"""What coefficients are multiplied by to be those of an autoregression."""


def shapes(order: int) -> tuple[np.ndarray, np.ndarray]:
    """The parameters of the betas of (1 + π) / 2.

    Examples
    --------
    >>> [a.tolist() for a in shapes(3)]
    [[1.0, 1.0, 2.0], [1.0, 2.0, 2.0]]
    """
    k = np.arange(1.0, order + 1)
    return np.floor((k + 1) / 2), np.floor(k / 2) + 1


def log_volume(order: int) -> float:
    """Of the region: at partial autocorrelations of 0 they are the coefficients.

    Examples
    --------
    >>> float(np.exp(log_volume(2)).round(9))  # a triangle
    4.0
    """
    from scipy.stats import beta

    return -float((beta(*shapes(order)).logpdf(0.5) - np.log(2.0)).sum())


def inside(name: str, values: np.ndarray) -> np.ndarray:
    """Whether samples of coefficients, … × order, are stationary, or invertible."""
    with np.errstate(all="ignore"):
        each = partials(list(np.moveaxis(SIGNS[name] * values, -1, 0)))
        return np.all([np.abs(p) < 1.0 for p in each], axis=0)


def rvs(rng: np.random.Generator, name: str, draws: int, order: int) -> np.ndarray:
    """Coefficients that are uniform over the region, draws × order."""
    found = 2.0 * rng.beta(*shapes(order), (draws, order)) - 1.0
    return SIGNS[name] * np.stack(coefficients(list(found.T)), axis=-1)
