"""Lower triangles: Cholesky factors, what they whiten, and the way back."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np

from bayesmix.engine.kernels.predictors import add_scaled, dot

Array = Any


def factorise(matrix: Array, size: int) -> None:
    """Put the Cholesky factor in the place of a matrix's lower triangle."""
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i, j] - dot(matrix[i, :j], matrix[j, :j])
            matrix[i, j] = sqrt(rest) if i == j else rest / matrix[j, j]


def factorise_backward(factor: Array, size: int, by: Array) -> None:
    """From derivatives by the factor to those by the lower triangle of the matrix, in place."""
    for i in range(size - 1, -1, -1):
        for j in range(i, -1, -1):
            step = by[i, j] / factor[j, j]
            if i == j:
                step *= 0.5
            else:
                by[j, j] -= step * factor[i, j]
            by[i, j] = step
            add_scaled(-step, factor[j, :j], by[i, :j])
            add_scaled(-step, factor[i, :j], by[j, :j])


def whiten_by(factor: Array, u: Array, white: Array) -> float:
    """Solve for what is new in each; returns the sum of the logarithms of the scales."""
    total = 0.0
    for i in range(u.size):
        white[i] = (u[i] - dot(factor[i, :i], white[:i])) / factor[i, i]
        total += log(factor[i, i])
    return total


def whiten_by_backward(
    factor: Array, white: Array, by_white: Array, by_u: Array, logs: float, by_factor: Array
) -> None:
    """The backward pass of `whiten_by`; derivatives by the factor are added to ``by_factor``."""
    for i in range(white.size - 1, -1, -1):
        # Of the innovation, less what rows after it have taken.
        by_u[i] = (by_white[i] + by_u[i]) / factor[i, i]
        add_scaled(-by_u[i], factor[i, :i], by_u[:i])
        add_scaled(-by_u[i], white[: i + 1], by_factor[i, : i + 1])
        by_factor[i, i] -= logs / factor[i, i]


def inverted(factor: Array) -> Array:
    """The inverse of a whole factor, for many to be whitened by the same."""
    inverse = np.zeros_like(factor)
    for i in range(len(factor)):
        inverse[i, i] = 1.0 / factor[i, i]
        for j in range(i):
            inverse[i, j] = -dot(factor[i, j:i], inverse[j:i, j]) * inverse[i, i]
    return inverse


def whiten_with(inverse: Array, u: Array, white: Array) -> None:
    """`whiten_by` without what is the same for all."""
    for i in range(u.size):
        new = 0.0
        for j in range(i + 1):
            new += inverse[i, j] * u[j]
        white[i] = new


def whiten_with_backward(
    inverse: Array, white: Array, by_white: Array, by_u: Array, by_factor: Array
) -> None:
    """The backward pass of `whiten_with`; derivatives by the factor are added to ``by_factor``."""
    for i in range(white.size):
        step = 0.0
        for j in range(i, white.size):
            step += inverse[j, i] * by_white[j]
        by_u[i] += step
        for j in range(i + 1):
            by_factor[i, j] -= step * white[j]


def colour_by(factor: Array, z: Array, u: Array) -> None:
    """What undoes `whiten_by`."""
    for i in range(z.size):
        u[i] = dot(factor[i, : i + 1], z[: i + 1])


def colour_by_transposed(factor: Array, by_u: Array, by_z: Array) -> None:
    """Its transpose."""
    for i in range(by_u.size):
        by_z[i] = 0.0
        add_scaled(by_u[i], factor[i, : i + 1], by_z[: i + 1])
