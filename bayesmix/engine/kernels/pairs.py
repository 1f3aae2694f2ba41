"""Residuals with a correlation for each pair of times; `whitening` says what functions do."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from bayesmix.engine.kernels.triangles import (
    colour_by,
    colour_by_transposed,
    factorise,
    factorise_backward,
    inverted,
    whiten_by,
    whiten_by_backward,
    whiten_with,
    whiten_with_backward,
)
from bayesmix.engine.kernels.whitening import end

Array = Any


def whiten_unstr(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """The correlations are made of partial ones' shares of the way from -1 to 1.

    A group with the first times has the first rows of the factor; others have one of their own.
    """
    factor = _factor(shared)
    matrix, own = factor @ factor.T, np.empty_like(factor)
    inverse, logs = inverted(factor), np.log(np.diag(factor)).cumsum()
    total, first = 0.0, 0
    while first < gap.size:
        last = end(gap, first)
        if _from_first(place[first:last]):
            whiten_with(inverse, u[first:last], white[first:last])
            total += logs[last - first - 1]
        else:
            _fill_root(matrix, place[first:last], own)
            total += whiten_by(own, u[first:last], white[first:last])
        first = last
    return total


def backward_unstr(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, logs: float, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_unstr`."""
    factor = _factor(shared)
    matrix, own, by_own = factor @ factor.T, np.empty_like(factor), np.empty_like(factor)
    by_factor, by_matrix = np.zeros_like(factor), np.zeros_like(factor)
    inverse, groups, first = inverted(factor), np.zeros(len(factor)), 0
    while first < gap.size:
        last = end(gap, first)
        at, new = place[first:last], white[first:last]
        if _from_first(at):
            whiten_with_backward(inverse, new, by_white[first:last], by_u[first:last], by_factor)
            groups[: at.size] += 1.0
        else:
            _fill_root(matrix, at, own)
            by_own[:] = 0.0
            whiten_by_backward(own, new, by_white[first:last], by_u[first:last], logs, by_own)
            factorise_backward(own, at.size, by_own)
            for i in range(at.size):
                for j in range(i + 1):
                    by_matrix[int(at[i]), int(at[j])] += by_own[i, j]
        first = last
    by_factor += (by_matrix + by_matrix.T) @ factor
    for i in range(len(factor)):
        by_factor[i, i] -= logs * groups[i] / factor[i, i]
    _add_by_partials(shared, factor, by_factor, by)


def colour_unstr(shared: Array, gap: Array, place: Array, z: Array, u: Array) -> None:
    """What undoes `whiten_unstr`."""
    _colour(shared, gap, place, z, u, False)


def transposed_unstr(shared: Array, gap: Array, place: Array, by_u: Array, by_z: Array) -> None:
    """Its transpose."""
    _colour(shared, gap, place, by_u, by_z, True)


def _colour(
    shared: Array, gap: Array, place: Array, given: Array, made: Array, transposed: bool
) -> None:
    factor = _factor(shared)
    matrix, own, first = factor @ factor.T, np.empty_like(factor), 0
    while first < gap.size:
        last = end(gap, first)
        root = factor
        if not _from_first(place[first:last]):
            root = own
            _fill_root(matrix, place[first:last], own)
        if transposed:
            colour_by_transposed(root, given[first:last], made[first:last])
        else:
            colour_by(root, given[first:last], made[first:last])
        first = last


def _from_first(at: Array) -> bool:
    """Whether a group has the first times, and none after a gap."""
    return int(at[at.size - 1]) == at.size - 1


def _fill_root(matrix: Array, at: Array, root: Array) -> None:
    """The factor of some rows and columns of a matrix."""
    for i in range(at.size):
        for j in range(i + 1):
            root[i, j] = matrix[int(at[i]), int(at[j])]
    factorise(root, at.size)


def _factor(shares: Array) -> Array:
    """The Cholesky factor of all times."""
    size = int(sqrt(2.0 * shares.size)) + 1
    factor, at = np.zeros((size, size)), 0
    for i in range(size):
        left = 1.0
        for j in range(i):
            factor[i, j] = (2.0 * shares[at] - 1.0) * left
            left *= 2.0 * sqrt(shares[at] * (1.0 - shares[at]))
            at += 1
        factor[i, i] = left
    return factor


def _add_by_partials(shares: Array, factor: Array, by_factor: Array, by: Array) -> None:
    """The backward pass of `_factor`."""
    at = 0
    for i in range(1, len(factor)):
        after = 0.0
        for j in range(i + 1):
            after += by_factor[i, j] * factor[i, j]
        left = 1.0
        for j in range(i):
            after -= by_factor[i, j] * factor[i, j]
            square = 4.0 * shares[at] * (1.0 - shares[at])
            partial = 2.0 * shares[at] - 1.0
            by[at] += 2.0 * by_factor[i, j] * left - 2.0 * partial * after / square
            left *= sqrt(square)
            at += 1
