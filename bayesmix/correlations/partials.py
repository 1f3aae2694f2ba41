"""Coefficients of autoregressions and their partial autocorrelations, each from the other.

Sources: J. Durbin (1960), The fitting of time-series models, Review of the International
Statistical Institute 28; O. Barndorff-Nielsen, G. Schou (1973), On the parametrization of
autoregressive models by partial autocorrelations, Journal of Multivariate Analysis 3.
"""

from __future__ import annotations

from math import comb
from typing import Any


def longer(weights: list[Any], partial: Any) -> list[Any]:
    """The weights by which as many values before, and one more, predict the next one."""
    return [w - partial * v for w, v in zip(weights, weights[::-1], strict=True)] + [partial]


def coefficients(partials: list[Any]) -> list[Any]:
    """The coefficients that have these partial autocorrelations.

    Examples
    --------
    >>> [round(float(c), 6) for c in coefficients([0.5, -0.2])]
    [0.6, -0.2]
    """
    weights: list[Any] = []
    for partial in partials:
        weights = longer(weights, partial)
    return weights


def partials(coefs: list[Any]) -> list[Any]:
    """The inverse: between -1 and 1 if the series is stationary.

    Examples
    --------
    >>> [round(float(c), 6) for c in partials([0.6, -0.2])]
    [0.5, -0.2]
    """
    found = []
    while coefs:
        *others, last = coefs
        found.append(last)
        pairs = zip(others, others[::-1], strict=True)
        coefs = [(c + last * d) / ((1.0 - last) * (1.0 + last)) for c, d in pairs]
    return found[::-1]


def most(order: int) -> float:
    """What no coefficient of a stationary series is beyond.

    Examples
    --------
    >>> most(1), most(2), most(3)
    (1.0, 2.0, 3.0)
    """
    return float(max(comb(order, k) for k in range(1, order + 1)))
