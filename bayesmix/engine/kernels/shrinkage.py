"""Shares that add up to one, and numbers that shrinkage priors scale.

Shares are the parts that exponentials of as many numbers have in their sum. With independent gamma
distributions for the exponentials, whose sum says nothing, the shares are Dirichlet distributed.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Any

from bayesmix.engine.kernels.tables import HORSESHOE

Array = Any


def add_shares(shares: Any, x: Array, theta: Array) -> None:
    """The shares, in place of their numbers."""
    for i in range(shares.size):
        s = shares[i]
        largest = x[s.at]
        for j in range(s.at, s.at + s.size):
            largest = max(largest, x[j])
        total = 0.0
        for j in range(s.at, s.at + s.size):
            theta[j] = exp(x[j] - largest)
            total += theta[j]
        for j in range(s.at, s.at + s.size):
            theta[j] /= total


def add_shares_gradient(shares: Any, x: Array, theta: Array, grad: Array, data: Array) -> float:
    """Derivatives by the numbers; returns the log density of the gamma distributions."""
    logp = 0.0
    for i in range(shares.size):
        s = shares[i]
        mean = 0.0
        for j in range(s.size):
            mean += grad[s.at + j] * theta[s.at + j]
        for j in range(s.size):
            at, alpha = s.at + j, data[s.alpha + j]
            grad[at] = theta[at] * (grad[at] - mean) + alpha - exp(x[at])
            logp += alpha * x[at] - exp(x[at])
    return logp


def scale(shrunk: Any, theta: Array) -> None:
    """The values, in place of the standard normal numbers that they are multiples of."""
    for i in range(shrunk.size):
        s = shrunk[i]
        size = _scale(s, theta)
        theta[s.at] = size * theta[s.at] if s.standardised else size


def add_scale_gradient(shrunk: Any, x: Array, theta: Array, grad: Array) -> float:
    """Derivatives by numbers and scales; returns the log density of the numbers.

    That of a number which stands for nothing, beside a value that is the scale itself, is standard
    normal too.
    """
    logp = 0.0
    for i in range(shrunk.size):
        s = shrunk[i]
        z, by_value = x[s.at], grad[s.at]
        by_scale = by_value * z if s.standardised else by_value
        grad[s.at] = (by_value * _scale(s, theta) if s.standardised else 0.0) - z
        _add_slopes(s, theta, grad, by_scale)
        logp -= 0.5 * z * z
    return logp


def _unit(s: Any, theta: Array) -> float:
    return theta[s.unit] if s.unit >= 0 else 1.0


def _scale(s: Any, theta: Array) -> float:
    unit, local, level = _unit(s, theta), theta[s.local], theta[s.level]
    if s.kind != HORSESHOE:
        return unit * sqrt(local * level / (1.0 - level))
    t, slab = unit * level * local, s.slab_scale * s.slab_scale * theta[s.slab]
    return t * sqrt(slab / (slab + t * t))


def _add_slopes(s: Any, theta: Array, grad: Array, by_scale: float) -> None:
    """The scale's derivatives, times that by the scale."""
    unit, local, level = _unit(s, theta), theta[s.local], theta[s.level]
    if s.kind != HORSESHOE:
        by_log = by_scale * _scale(s, theta)
        grad[s.local] += 0.5 * by_log / local
        grad[s.level] += 0.5 * by_log / (level * (1.0 - level))
        if s.unit >= 0:
            grad[s.unit] += by_log / unit
        return
    factor = s.slab_scale * s.slab_scale
    t, slab = unit * level * local, factor * theta[s.slab]
    share = slab / (slab + t * t)
    by_t = by_scale * share * sqrt(share)
    grad[s.local] += by_t * unit * level
    grad[s.level] += by_t * unit * local
    grad[s.slab] += factor * by_scale * 0.5 * t * sqrt(share) * (1.0 - share) / slab
    if s.unit >= 0:
        grad[s.unit] += by_t * level * local
