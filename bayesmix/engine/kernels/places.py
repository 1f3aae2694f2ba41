"""Residuals that a matrix of their group whitens; `whitening` says what functions do.

Addition terms have numbers for pairs of a group's rows, row by row of a lower triangle. Of places
these are distances, the very first number being what correlations make of them; of known
covariances it is their Cholesky factor, diagonal and all.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Any

import numpy as np
from numba import carray

from bayesmix.engine.kernels.native import pointer_to
from bayesmix.engine.kernels.predictors import add_scaled, dot
from bayesmix.engine.kernels.tables import EXPONENTIAL, GAUSSIAN, MATERN3
from bayesmix.engine.kernels.triangles import (
    colour_by,
    colour_by_transposed,
    factorise,
    factorise_backward,
    whiten_by,
    whiten_by_backward,
)
from bayesmix.engine.kernels.whitening import end

Array = Any


def whiten_places(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """Correlations decay with distances over a range, and are smaller by a nugget."""
    size = longest(gap)
    return _whiten_places(shared, gap, place, u, white, np.empty(size * size), size)


def _whiten_places(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, memory: Array, size: int
) -> float:
    root, total, first, at, of = _square(memory, 0, size), 0.0, 0, 1, 0
    while first < gap.size:
        last = end(gap, first)
        if not _as_before(place, at, last - first, of):
            of = last - first
            _fill_root(int(place[0]), shared, place[at:], root, of)
        total += whiten_by(root, u[first:last], white[first:last])
        first, at = last, at + pairs(of)
    return total


def backward_places(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, logs: float, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_places`."""
    size = longest(gap)
    memory = np.empty(2 * size * size)
    _backward_places(shared, gap, place, white, by_white, by_u, by, logs, memory, size)


def _backward_places(
    shared: Array, gap: Array, place: Array, white: Array, by_white: Array, by_u: Array, by: Array,
    logs: float, memory: Array, size: int,
) -> None:  # fmt: skip
    root, by_root = _square(memory, 0, size), _square(memory, size * size, size)
    first, at, of = 0, 1, 0
    while first < gap.size:
        last = end(gap, first)
        if not _as_before(place, at, last - first, of):
            _add_by_distances(shared, place, at - pairs(of), root, of, by_root, by)
            of = last - first
            _fill_root(int(place[0]), shared, place[at:], root, of)
            by_root[:] = 0.0
        new, by_new, by_own = white[first:last], by_white[first:last], by_u[first:last]
        whiten_by_backward(root, new, by_new, by_own, logs, by_root)
        first, at = last, at + pairs(of)
    _add_by_distances(shared, place, at - pairs(of), root, of, by_root, by)


def colour_places(shared: Array, gap: Array, place: Array, z: Array, u: Array) -> None:
    """What undoes `whiten_places`."""
    size = longest(gap)
    _colour_places(shared, gap, place, z, u, False, np.empty(size * size), size)


def transposed_places(shared: Array, gap: Array, place: Array, by_u: Array, by_z: Array) -> None:
    """Its transpose."""
    size = longest(gap)
    _colour_places(shared, gap, place, by_u, by_z, True, np.empty(size * size), size)


def _colour_places(
    shared: Array, gap: Array, place: Array, given: Array, made: Array, transposed: bool,
    memory: Array, size: int,
) -> None:  # fmt: skip
    root, first, at, of = _square(memory, 0, size), 0, 1, 0
    while first < gap.size:
        last = end(gap, first)
        if not _as_before(place, at, last - first, of):
            of = last - first
            _fill_root(int(place[0]), shared, place[at:], root, of)
        if transposed:
            colour_by_transposed(root, given[first:last], made[first:last])
        else:
            colour_by(root, given[first:last], made[first:last])
        first, at = last, at + pairs(of)


def longest(gap: Array) -> int:
    """Rows of the largest group."""
    most, first = 0, 0
    while first < gap.size:
        last = end(gap, first)
        most, first = max(most, last - first), last
    return most


def pairs(size: int) -> int:
    """How many there are of so many rows."""
    return size * (size - 1) // 2


def _square(memory: Array, start: int, size: int) -> Array:
    """A matrix at an address: slices of an array that numba owns are counted, which takes time."""
    return carray(pointer_to(memory.ctypes.data + 8 * start), (size, size), np.float64)


def _as_before(place: Array, at: int, size: int, before: int) -> bool:
    """Whether a group has the distances of the one before it, whose size is given."""
    if size != before:
        return False
    step = pairs(size)
    for i in range(at, at + step):
        if place[i] != place[i - step]:
            return False
    return True


def _fill_root(kind: int, shared: Array, distances: Array, root: Array, size: int) -> None:
    """The Cholesky factor of a group's correlations."""
    kept = 1.0 - shared[1] if shared.size > 1 else 1.0
    for i in range(size):
        start = pairs(i)
        for j in range(i):
            root[i, j] = kept * _decay(kind, distances[start + j] / shared[0])[0]
        root[i, i] = 1.0
    factorise(root, size)


def _add_by_distances(
    shared: Array, place: Array, at: int, root: Array, size: int, by_root: Array, by: Array
) -> None:
    """The backward pass of `_fill_root`."""
    factorise_backward(root, size, by_root)
    kept = 1.0 - shared[1] if shared.size > 1 else 1.0
    for i in range(size):
        start = at + pairs(i)
        for j in range(i):
            d = place[start + j] / shared[0]
            value, slope = _decay(int(place[0]), d)
            by[0] -= by_root[i, j] * kept * slope * d / shared[0]
            if shared.size > 1:
                by[1] -= by_root[i, j] * value


def _decay(kind: int, d: float) -> tuple[float, float]:
    """A correlation at a distance, and its derivative."""
    if kind == EXPONENTIAL:
        value = exp(-d)
        return value, -value
    if kind == GAUSSIAN:
        value = exp(-d * d)
        return value, -2.0 * d * value
    if kind == MATERN3:
        z = sqrt(3.0) * d
        rest = exp(-z)
        return (1.0 + z) * rest, -sqrt(3.0) * z * rest
    z = sqrt(5.0) * d
    rest = exp(-z)
    return (1.0 + z + z * z / 3.0) * rest, -sqrt(5.0) / 3.0 * z * (1.0 + z) * rest


def whiten_known(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """The scales are known, and their logarithms left out."""
    first, at = 0, 0
    while first < gap.size:
        last = end(gap, first)
        for k in range(first, last):
            before = k - first
            rest = u[k] - dot(place[at : at + before], white[first:k])
            white[k] = rest / place[at + before]
            at += before + 1
        first = last
    return 0.0


def backward_known(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, logs: float, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_known`."""
    first, at = 0, 0
    while first < gap.size:
        last = end(gap, first)
        at += pairs(last - first + 1)
        row = at
        for k in range(last - 1, first - 1, -1):
            before = k - first
            row -= before + 1
            by_u[k] = (by_white[k] + by_u[k]) / place[row + before]
            add_scaled(-by_u[k], place[row : row + before], by_u[first:k])
        first = last
