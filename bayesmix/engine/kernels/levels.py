"""Levels that are not alike: known covariances, Student scales, weights of their densities.

What stands in x for the effects of such a group are independent normal numbers, levels ×
coefficients. Those of levels with known covariances are mixed, A = F Fᵀ, before `effects` makes
effects of them, and those of Student levels are scaled after it, by √(df · u) with u of the level.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any

from bayesmix.families.scalar import gammaln

Array = Any
LOG_2 = log(2.0)


def mix_levels(unlike: Any, x: Array, mixed: Array, data: Array) -> float:
    """Fill ``mixed`` with x, but for mixed levels; returns what `effects` lacks of the log density.

    That counts each number as standard normal.
    """
    for i in range(x.size):
        mixed[i] = x[i]
    logp = 0.0
    for i in range(unlike.size):
        t = unlike[i]
        if t.factor >= 0:
            _mix(t, x, mixed, data)
        for level in range(t.size):
            weight = data[t.weights + level] if t.weights >= 0 else 1.0
            for j in range(t.effects + level * t.k, t.effects + (level + 1) * t.k):
                logp += 0.5 * (mixed[j] * mixed[j] - weight * x[j] * x[j])
    return logp


def add_mix_gradient(unlike: Any, x: Array, mixed: Array, grad: Array, data: Array) -> None:
    """Turn derivatives by mixed numbers into those by x."""
    for i in range(unlike.size):
        t = unlike[i]
        for j in range(t.effects, t.effects + t.size * t.k):
            grad[j] += mixed[j]
        if t.factor >= 0:
            _mix_back(t, grad, data)
        for level in range(t.size):
            weight = data[t.weights + level] if t.weights >= 0 else 1.0
            for j in range(t.effects + level * t.k, t.effects + (level + 1) * t.k):
                grad[j] -= weight * x[j]


def scale_levels(unlike: Any, x: Array, theta: Array) -> None:
    """Multiply the effects of Student levels by their scales."""
    for i in range(unlike.size):
        t = unlike[i]
        if t.df >= 0:
            for level in range(t.size):
                scale = sqrt(theta[t.df]) * exp(0.5 * x[t.mixing + level])
                for j in range(t.effects + level * t.k, t.effects + (level + 1) * t.k):
                    theta[j] *= scale


def add_levels_gradient(unlike: Any, x: Array, theta: Array, grad: Array) -> float:
    """The backward pass of `scale_levels`; returns the log density of the levels' log u.

    1 / u is chi squared with df degrees of freedom.
    """
    logp = 0.0
    for i in range(unlike.size):
        t = unlike[i]
        if t.df >= 0:
            df = theta[t.df]
            log_gamma, slope = gammaln(0.5 * df)
            for level in range(t.size):
                v = x[t.mixing + level]
                scale, inner, inverse = sqrt(df) * exp(0.5 * v), 0.0, exp(-v)
                for j in range(t.effects + level * t.k, t.effects + (level + 1) * t.k):
                    inner += grad[j] * theta[j]
                    grad[j] *= scale
                grad[t.mixing + level] += 0.5 * (inner - df + inverse)
                grad[t.df] += 0.5 * (inner / df - LOG_2 - slope - v)
                logp -= 0.5 * (df * (LOG_2 + v) + inverse) + log_gamma
    return logp


def _mix(t: Any, x: Array, mixed: Array, data: Array) -> None:
    for level in range(t.size):
        row = t.factor + level * t.size
        for k in range(t.k):
            total = 0.0
            for other in range(level + 1):
                total += data[row + other] * x[t.effects + other * t.k + k]
            mixed[t.effects + level * t.k + k] = total


def _mix_back(t: Any, grad: Array, data: Array) -> None:
    """By the transposed factor, in place: what stands below isn't overwritten before it is read."""
    for level in range(t.size):
        for k in range(t.k):
            total = 0.0
            for other in range(level, t.size):
                total += data[t.factor + other * t.size + level] * grad[t.effects + other * t.k + k]
            grad[t.effects + level * t.k + k] = total
