"""Effects of regions that resemble those of neighbours, and their density.

In x stand standardised effects or, of intrinsic ones, numbers that are all of one scale
(`bayesmix.priors.car.from_free`).
"""

from __future__ import annotations

from math import log1p, sqrt
from typing import Any

from bayesmix.engine.kernels.tables import BYM2, ESCAR

Array = Any


def add_regions(cars: Any, x: Array, theta: Array) -> None:
    """Fill in the effects."""
    for i in range(cars.size):
        c = cars[i]
        sd = theta[c.sd]
        if c.kind == ESCAR:
            for j in range(c.at, c.at + c.size):
                theta[j] = sd * x[j]
            continue
        taken = (1.0 - c.kept) * _mean(x, c.free, c.size)
        if c.kind != BYM2:
            for j in range(c.size):
                theta[c.at + j] = sd * (x[c.free + j] - taken)
            continue
        own, spatial = sqrt(1.0 - theta[c.share]), sqrt(theta[c.share] / c.variance)
        for j in range(c.size):
            theta[c.free + j] = x[c.free + j] - taken
            theta[c.at + j] = sd * (own * x[c.at + j] + spatial * theta[c.free + j])


def add_regions_gradient(
    cars: Any, x: Array, theta: Array, grad: Array, data: Array, codes: Array
) -> float:
    """Turn derivatives by effects into those by what is in x; returns the log density of that."""
    logp = 0.0
    for i in range(cars.size):
        c = cars[i]
        if c.kind == ESCAR:
            logp += _proper(c, x, theta, grad, data, codes)
            continue
        if c.kind == BYM2:
            logp += _split(c, x, theta, grad)
        else:
            _unscale(c, theta, grad)
        logp += _intrinsic(c, x, grad, codes)
    return logp


def _mean(x: Array, start: int, size: int) -> float:
    total = 0.0
    for j in range(start, start + size):
        total += x[j]
    return total / size


def _unscale(c: Any, theta: Array, grad: Array) -> None:
    """From derivatives by effects to those by standardised ones and by the sd."""
    sd = theta[c.sd]
    for j in range(c.at, c.at + c.size):
        grad[c.sd] += grad[j] * theta[j] / sd
        grad[j] *= sd


def _split(c: Any, x: Array, theta: Array, grad: Array) -> float:
    """From derivatives by effects to those by their two parts; the log density of one of them."""
    _unscale(c, theta, grad)
    logp, share = 0.0, theta[c.share]
    own, spatial = sqrt(1.0 - share), sqrt(share / c.variance)
    for j in range(c.size):
        slope, z = grad[c.at + j], x[c.at + j]
        change = -0.5 * z / own + 0.5 * theta[c.free + j] / (c.variance * spatial)
        grad[c.share] += slope * change
        grad[c.at + j] = own * slope - z
        grad[c.free + j] += spatial * slope
        logp -= 0.5 * z * z + 0.9189385332046728
    return logp


def _intrinsic(c: Any, x: Array, grad: Array, codes: Array) -> float:
    """From derivatives by intrinsic effects to those by their numbers; the log density."""
    mean, slope = _mean(x, c.free, c.size), _mean(grad, c.free, c.size)
    for j in range(c.free, c.free + c.size):
        grad[j] -= (1.0 - c.kept) * slope + mean
    logp = -0.5 * c.size * mean * mean
    for e in range(c.edges, c.edges + 2 * c.n_edges, 2):
        first, second = c.free + codes[e], c.free + codes[e + 1]
        apart = x[first] - x[second]
        grad[first] -= apart
        grad[second] += apart
        logp -= 0.5 * apart * apart
    return logp


def _proper(c: Any, x: Array, theta: Array, grad: Array, data: Array, codes: Array) -> float:
    """From derivatives by proper effects to those by standardised ones; the log density."""
    _unscale(c, theta, grad)
    logp, share = 0.0, theta[c.share]
    for j in range(c.size):
        z, count, value = x[c.at + j], data[c.counts + j], data[c.values + j]
        logp += 0.5 * (log1p(-share * value) - count * z * z)
        grad[c.at + j] -= count * z
        grad[c.share] -= 0.5 * value / (1.0 - share * value)
    for e in range(c.edges, c.edges + 2 * c.n_edges, 2):
        first, second = c.at + codes[e], c.at + codes[e + 1]
        logp += share * x[first] * x[second]
        grad[c.share] += x[first] * x[second]
        grad[first] += share * x[second]
        grad[second] += share * x[first]
    return logp
