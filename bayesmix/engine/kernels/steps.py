"""Monotonic effects: coefficients times how high the steps of each row have come.

What `size` steps add up to at level j is size · (the sum of the first j shares), which stands in
theta in the place of the shares.
"""

from __future__ import annotations

from typing import Any

from bayesmix.engine.kernels.shrinkage import add_shares

Array = Any


def add_steps(steps: Any, theta: Array) -> None:
    """Fill in the heights of levels."""
    for i in range(steps.size):
        s = steps[i]
        total = 0.0
        for j in range(s.at, s.at + s.size):
            total += theta[j]
            theta[j] = s.size * total


def add_steps_gradient(steps: Any, shares: Any, x: Array, theta: Array, grad: Array) -> None:
    """Put the shares back, and turn derivatives by heights into those by them."""
    if steps.size == 0:
        return
    add_shares(shares, x, theta)
    for i in range(steps.size):
        s = steps[i]
        above = 0.0
        for j in range(s.at + s.size - 1, s.at - 1, -1):
            above += grad[j]
            grad[j] = s.size * above


def add_climbed(
    t: Any, climbs: Any, theta: Array, data: Array, codes: Array, start: int, eta: Array
) -> None:
    """Add a coefficient, or that of each row's level, times a column and heights."""
    levels = codes[t.codes + start : t.codes + start + eta.size]
    column = data[t.columns + start : t.columns + start + eta.size]
    for i in range(eta.size):
        value = theta[t.at + t.stride * levels[i]] * column[i]
        for k in range(t.climb, t.climb + t.n_climbs):
            value *= _height(climbs[k], theta, codes, start + i)
        eta[i] += value


def add_climbed_gradient(
    t: Any, climbs: Any, theta: Array, grad: Array, data: Array, codes: Array, start: int,
    slope: Array,
) -> None:  # fmt: skip
    """The backward pass of `add_climbed`."""
    levels = codes[t.codes + start : t.codes + start + slope.size]
    column = data[t.columns + start : t.columns + start + slope.size]
    first, last = t.climb, t.climb + t.n_climbs
    for i in range(slope.size):
        at, by = t.at + t.stride * levels[i], slope[i] * column[i]
        value = by
        for k in range(first, last):
            value *= _height(climbs[k], theta, codes, start + i)
        grad[at] += value
        for k in range(first, last):
            code = codes[climbs[k].codes + start + i]
            if code > 0:
                rest = by * theta[at]
                for other in range(first, last):
                    if other != k:
                        rest *= _height(climbs[other], theta, codes, start + i)
                grad[climbs[k].at + code - 1] += rest


def _height(climb: Any, theta: Array, codes: Array, row: int) -> float:
    """That of a row; nothing at the lowest level."""
    code = codes[climb.codes + row]
    return theta[climb.at + code - 1] if code > 0 else 0.0
