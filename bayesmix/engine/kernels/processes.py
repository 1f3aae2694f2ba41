"""Gaussian processes: coefficients of basis functions, and their density.

In x stand standard normal numbers, in theta these times sd √S(ω), S the spectral density. Exact
processes, of values at places, are evaluated at an address (`exact`).
"""

from __future__ import annotations

from math import exp, log
from typing import Any

from bayesmix.engine.kernels.native import call
from bayesmix.engine.kernels.tables import PROCESS

Array = Any
ITEMSIZE = PROCESS.itemsize


def add_processes(
    address: int, gps: Any, x: Array, theta: Array, data: Array, scratch: Array
) -> float:
    """Fill in the coefficients, or the values at places; returns 0, or nan if there are none."""
    found = 0.0
    for i in range(gps.size):
        p = gps[i]
        if p.function:
            found += call(
                p.function,
                address + i * ITEMSIZE,
                data.ctypes.data,
                scratch.ctypes.data,
                x.ctypes.data,
                theta.ctypes.data,
                0,
            )
            continue
        level = _level(p, theta)
        for j in range(p.size):
            squares = _squares(p, j, theta, data)
            theta[p.at + j] = exp(level + 0.5 * _log_decay(p, squares)) * x[p.at + j]
    return found


def add_processes_gradient(
    address: int, gps: Any, x: Array, theta: Array, grad: Array, data: Array, scratch: Array
) -> float:
    """Turn derivatives by these into those by what is in x; returns its log density."""
    logp = 0.0
    for i in range(gps.size):
        p = gps[i]
        if p.function:
            logp += call(
                p.function,
                address + i * ITEMSIZE,
                data.ctypes.data,
                scratch.ctypes.data,
                x.ctypes.data,
                theta.ctypes.data,
                grad.ctypes.data,
            )
            continue
        level = _level(p, theta)
        for j in range(p.size):
            at = p.at + j
            through, z = grad[at] * theta[at], x[at]
            grad[p.sd] += through / theta[p.sd]
            squares, rate = _squares(p, j, theta, data), 1.0
            if p.smoothness > 0.0:
                rate = (2.0 * p.smoothness + p.dims) / (2.0 * p.smoothness + squares)
            for k in range(p.dims):
                scale = theta[_scale(p, k)]
                slope = 1.0 / scale - rate * data[p.squares + j * p.dims + k] * scale
                grad[_scale(p, k)] += 0.5 * through * slope
            grad[at] = grad[at] * exp(level + 0.5 * _log_decay(p, squares)) - z
            logp -= 0.5 * z * z + 0.9189385332046728
    return logp


def _level(p: Any, theta: Array) -> float:
    """The logarithm of what all standard normal numbers are multiplied by."""
    level = log(theta[p.sd]) + 0.5 * p.constant
    for k in range(p.dims):
        level += 0.5 * log(theta[_scale(p, k)])
    return level


def _scale(p: Any, k: int) -> int:
    """Where the length scale of a covariate stands."""
    return p.scale + (k if p.several else 0)


def _squares(p: Any, j: int, theta: Array, data: Array) -> float:
    """The sum of squares of a function's frequencies times length scales."""
    total = 0.0
    for k in range(p.dims):
        scale = theta[_scale(p, k)]
        total += data[p.squares + j * p.dims + k] * scale * scale
    return total


def _log_decay(p: Any, squares: float) -> float:
    """How the spectral density hangs on the frequency; Matérn's have a smoothness."""
    if p.smoothness == 0.0:
        return -0.5 * squares
    return -(p.smoothness + 0.5 * p.dims) * log(2.0 * p.smoothness + squares)
