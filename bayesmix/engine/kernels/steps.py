"""Monotonic effects: what each level adds to a predictor, in the place of the steps' shares.

What `size` steps add up to at level j is size · b · (the sum of the first j shares), b being the
coefficient; a bracket's kernel takes it to the rows.
"""

from __future__ import annotations

from typing import Any

from bayesmix.engine.kernels.shrinkage import add_shares

Array = Any


def add_steps(steps: Any, theta: Array) -> None:
    """Fill in what levels add."""
    for i in range(steps.size):
        s = steps[i]
        sum_ = 0.0
        for j in range(s.at, s.at + s.size):
            sum_ += theta[j]
            theta[j] = s.size * theta[s.coef] * sum_


def add_steps_gradient(steps: Any, shares: Any, x: Array, theta: Array, grad: Array) -> None:
    """Put the shares back, and turn derivatives by what levels add into those by what it is of."""
    if steps.size == 0:
        return
    add_shares(shares, x, theta)
    for i in range(steps.size):
        s = steps[i]
        sum_, by_coef = 0.0, 0.0
        for j in range(s.at, s.at + s.size):
            sum_ += theta[j]
            by_coef += grad[j] * sum_
        above = 0.0
        for j in range(s.at + s.size - 1, s.at - 1, -1):
            above += grad[j]
            grad[j] = s.size * theta[s.coef] * above
        grad[s.coef] += s.size * by_coef
