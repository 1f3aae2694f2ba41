"""Variance functions: what the logarithm of a scale has more, forward and backward."""

from __future__ import annotations

from math import exp, log
from typing import Any

from bayesmix.engine.kernels.predictors import total
from bayesmix.engine.kernels.tables import CONST_POWER, POWER

Array = Any


def add_variance(
    v: Any, theta: Array, data: Array, codes: Array, start: int, means: Array, eta: Array
) -> None:
    """Add a function's values at the rows from ``start``; ``means`` are those rows' means."""
    centre = 0.0
    for s in range(v.strata):
        centre += data[v.centres + s] * theta[v.rate + s]
    for i in range(eta.size):
        at = codes[v.codes + start + i]
        size = means[i] if v.covariate < 0 else data[v.covariate + start + i]
        if v.kind == POWER or (v.kind == CONST_POWER and v.covariate < 0):
            size = log(abs(size)) if size != 0.0 else -1e300
        eta[i] += _value(v.kind, theta[v.rate + at], size, theta[v.const + at]) - centre


def _value(kind: int, rate: float, size: float, const: float) -> float:
    if kind != CONST_POWER:
        return rate * size
    first, second = log(const), rate * size
    if first < second:
        first, second = second, first
    return first + log(1.0 + exp(second - first))


def add_variance_gradient(
    v: Any, theta: Array, grad: Array, data: Array, codes: Array, start: int,
    means: Array, rates: Array, slope: Array, mean_slope: Array,
) -> None:  # fmt: skip
    """Add what the derivatives by the scale's eta make of the parameters', and of the mean's eta.

    ``rates`` are derivatives of the means by their eta, ``mean_slope`` those of the density by it.
    """
    whole = total(slope)
    for s in range(v.strata):
        grad[v.rate + s] -= data[v.centres + s] * whole
    for i in range(slope.size):
        at, by_eta = codes[v.codes + start + i], slope[i]
        of_mean = v.covariate < 0
        size = means[i] if of_mean else data[v.covariate + start + i]
        by_mean = 1.0
        if v.kind == POWER or (v.kind == CONST_POWER and of_mean):
            by_mean = 1.0 / size if size != 0.0 else 0.0
            size = log(abs(size)) if size != 0.0 else -1e300
        rate, weight = theta[v.rate + at], by_eta
        if v.kind == CONST_POWER:
            const = theta[v.const + at]
            # The share of the constant, without overflow.
            share = 1.0 / (1.0 + exp(min(700.0, rate * size - log(const))))
            grad[v.const + at] += by_eta * share / const
            weight = by_eta * (1.0 - share)
        grad[v.rate + at] += weight * size
        if of_mean:
            mean_slope[i] += weight * rate * by_mean * rates[i]
