"""Bounded parameters from unbounded numbers."""

from __future__ import annotations

from math import exp, inf

import numpy as np
from scipy.special import expit

from bayesmix.families.scalar import sigmoid, softplus

IDENTITY, ABOVE, BELOW, BETWEEN, FIXED = 0, 1, 2, 3, 4
"""A value that is fixed keeps its number, which is standard normal and stands for nothing."""


def transform_of(lower: float, upper: float) -> int:
    """Which transform keeps a parameter within these bounds."""
    if lower == upper:
        return FIXED
    if lower == -inf:
        return IDENTITY if upper == inf else BELOW
    return ABOVE if upper == inf else BETWEEN


def constrain(u: float, transform: int, lower: float, upper: float) -> float:
    """The parameter."""
    if transform == IDENTITY:
        return u
    if transform == ABOVE:
        return lower + exp(u)
    if transform == BELOW:
        return upper - exp(u)
    if transform == FIXED:
        return lower
    return lower + (upper - lower) * sigmoid(u)


def jacobian(u: float, transform: int, lower: float, upper: float) -> tuple[float, float, float]:
    """The derivative of `constrain`, the logarithm of its size, and that one's derivative."""
    if transform == IDENTITY:
        return 1.0, 0.0, 0.0
    if transform == ABOVE:
        return exp(u), u, 1.0
    if transform == BELOW:
        return -exp(u), u, 1.0
    if transform == FIXED:
        return 0.0, -0.5 * u * u, -u
    p, q = sigmoid(u), sigmoid(-u)
    return (upper - lower) * p * q, -softplus(u) - softplus(-u), q - p


def constrained(u: np.ndarray, lower: float, upper: float) -> np.ndarray:
    """`constrain` for an array of draws."""
    transform = transform_of(lower, upper)
    if transform == IDENTITY:
        return u
    if transform == FIXED:
        return np.full_like(u, lower)
    if transform == BETWEEN:
        return lower + (upper - lower) * expit(u)
    return lower + np.exp(u) if transform == ABOVE else upper - np.exp(u)


def increasing(u: np.ndarray) -> np.ndarray:
    """Increasing values: the first, and the logs of the differences, on the last axis."""
    return np.cumsum(np.concatenate([u[..., :1], np.exp(u[..., 1:])], axis=-1), axis=-1)


def decreased(x: np.ndarray) -> np.ndarray:
    """The inverse of `increasing`."""
    return np.concatenate([x[..., :1], np.log(np.diff(x, axis=-1))], axis=-1)


def unconstrained(x: np.ndarray, lower: float, upper: float) -> np.ndarray:
    """The inverse of `constrained`."""
    transform = transform_of(lower, upper)
    if transform == IDENTITY:
        return x
    if transform == FIXED:
        return np.zeros_like(x)
    if transform == BETWEEN:
        return np.log(x - lower) - np.log(upper - x)
    return np.log(x - lower) if transform == ABOVE else np.log(upper - x)
