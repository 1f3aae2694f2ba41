"""Exact Gaussian processes: their values at places, from standard normal numbers, and back.

The values are f = L z with L Lᵀ = K, the covariances of the places. What stands in scratch is Lᵀ,
for rows of that are contiguous. With f̄ the derivatives by f, those by L are f̄ zᵀ below the
diagonal, so that those by K are half of M = L⁻ᵀ S L⁻¹, where S is symmetric and has (Lᵀ f̄)[i] z[j]
below the diagonal and on it: S times a matrix takes two running sums of its rows.

References
----------
I. Murray (2016), Differentiation of the Cholesky decomposition, arXiv 1602.07527.
"""

from __future__ import annotations

from functools import cache
from math import exp, nan, sqrt
from typing import Any

import numpy as np
from numba import carray, types

from bayesmix.design.processes import NUGGET
from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.kernels.native import pointer_to
from bayesmix.engine.kernels.options import reordered
from bayesmix.engine.kernels.predictors import add_scaled, dot
from bayesmix.engine.kernels.tables import PROCESS

Array = Any
SIGNATURE = types.float64(types.voidptr, *[types.int64] * 5)
"""`PROCESS`; addresses of data, scratch, x, theta and grad, 0 on the way to theta."""


@cache
def compiled_exact() -> Any:
    """The callback that evaluates any exact process."""
    return callback(SIGNATURE, evaluate, inline=True)


def scratch_of(size: int) -> int:
    """How much of scratch a process of so many places needs."""
    return 3 * size * size + 5 * size


def evaluate(process_, data_, scratch_, x_, theta_, grad_):  # type: ignore
    """Fill in the values, or turn derivatives by them into those by what they are made of.

    Returns the log density of the numbers on the way back, else 0, or nan if there are no values.
    """
    p = carray(process_, 1, PROCESS)[0]
    squares = _doubles(data_ + 8 * p.squares, p.dims * p.size * p.size)
    work = _doubles(scratch_ + 8 * p.work, 3 * p.size * p.size + 5 * p.size)
    z, f = _doubles(x_ + 8 * p.at, p.size), _doubles(theta_ + 8 * p.at, p.size)
    sd, scales = _doubles(theta_ + 8 * p.sd, 1)[0], _doubles(theta_ + 8 * p.scale, p.dims)
    if grad_ == 0:
        return fill(p, squares, sd, scales, z, f, work)
    by_scales = _doubles(grad_ + 8 * p.scale, p.dims)
    by_f = _doubles(grad_ + 8 * p.at, p.size)
    by_sd = _doubles(grad_ + 8 * p.sd, 1)
    by_sd[0] += differentiate(p, squares, sd, scales, z, work, by_f, by_scales)
    return -0.5 * dot(z, z) - 0.9189385332046728 * p.size


def fill(
    p: Any, squares: Array, sd: float, scales: Array, z: Array, f: Array, work: Array
) -> float:
    """The root of the covariances, and the values."""
    n = p.size
    root, rest = work[: n * n], work[3 * n * n :]
    for i in range(n):
        f[i] = 0.0
    for i in range(n):
        row = root[i * n + i : i * n + n]
        correlations(p, squares, scales, i, i, n, rest[:n], rest[n : 2 * n], rest[2 * n : 3 * n])
        for j in range(n - i):
            row[j] = sd * sd * rest[n + j]
        row[0] += NUGGET
        subtract_rows(root, i, n, row)
        if not row[0] > 0.0:
            return nan
        rate = 1.0 / sqrt(row[0])
        for j in range(n - i):
            row[j] *= rate
        add_scaled(z[i], row, f[i:])
    return 0.0


def correlations(
    p: Any, squares: Array, scales: Array, i: int, first: int, last: int,
    distances: Array, values: Array, slopes: Array,
) -> None:  # fmt: skip
    """Of place i with some others, correlations and minus their slopes over distances.

    ``distances``, squared and in length scales, are those that they are taken by.
    """
    n, m = p.size, last - first
    for j in range(m):
        distances[j] = 0.0
    for k in range(p.dims):
        at = (k * n + i) * n
        add_scaled(1.0 / (scales[k] * scales[k]), squares[at + first : at + last], distances[:m])
    if p.smoothness == 0.0:
        for j in range(m):
            e = exp(-0.5 * distances[j])
            values[j], slopes[j] = e, e
    elif p.smoothness == 0.5:
        for j in range(m):
            r = sqrt(distances[j])
            e = exp(-r)
            values[j], slopes[j] = e, e / r if r > 0.0 else 0.0
    elif p.smoothness == 1.5:
        for j in range(m):
            r = sqrt(3.0 * distances[j])
            e = exp(-r)
            values[j], slopes[j] = (1.0 + r) * e, 3.0 * e
    else:
        for j in range(m):
            r = sqrt(5.0 * distances[j])
            e = exp(-r)
            values[j], slopes[j] = (1.0 + r + r * r / 3.0) * e, 5.0 / 3.0 * (1.0 + r) * e


@reordered
def subtract_rows(root: Array, i: int, n: int, row: Array) -> None:
    """What row i of the covariances has by the rows of the root above it, four at a time."""
    m = n - i
    for k in range(0, i - i % 4, 4):
        at = k * n + i
        a, b = root[at : at + m], root[at + n : at + n + m]
        c, d = root[at + 2 * n : at + 2 * n + m], root[at + 3 * n : at + 3 * n + m]
        a_0, b_0, c_0, d_0 = a[0], b[0], c[0], d[0]
        for j in range(m):
            row[j] -= a_0 * a[j] + b_0 * b[j] + c_0 * c[j] + d_0 * d[j]
    for k in range(i - i % 4, i):
        a = root[k * n + i : k * n + i + m]
        add_scaled(-a[0], a, row)


def differentiate(
    p: Any, squares: Array, sd: float, scales: Array, z: Array, work: Array, by_f: Array,
    by_scales: Array,
) -> float:  # fmt: skip
    """Turn derivatives by values into those by numbers, add those by scales; returns that by sd."""
    n = p.size
    root, inverse, product = work[: n * n], work[n * n : 2 * n * n], work[2 * n * n : 3 * n * n]
    rest = work[3 * n * n :]
    u, sums = rest[3 * n : 4 * n], rest[4 * n :]
    for i in range(n):
        u[i] = dot(root[i * n + i : i * n + n], by_f[i:])
        by_f[i] = u[i] - z[i]
    invert(root, n, inverse)
    multiply_triangles(inverse, n, u, z, sums, product)
    by_sd = 0.0
    distances, values, slopes = rest[:n], rest[n : 2 * n], rest[2 * n : 3 * n]
    for i in range(n):
        by = sums[: i + 1]
        add_rows(inverse, product, i, n, by)
        correlations(p, squares, scales, i, 0, i, distances, values, slopes)
        by_sd += sd * (2.0 * dot(by[:i], values[:i]) + by[i])
        for j in range(i):
            slopes[j] *= by[j]
        for k in range(p.dims):
            at = (k * n + i) * n
            total = dot(slopes[:i], squares[at : at + i])
            by_scales[k] += sd * sd * total / (scales[k] * scales[k] * scales[k])
    return by_sd


@reordered
def invert(root: Array, n: int, inverse: Array) -> None:
    """The inverse of L, zeros above its diagonal."""
    for i in range(n):
        row = inverse[i * n : i * n + n]
        for j in range(n):
            row[j] = 0.0
        for k in range(0, i - i % 4, 4):
            m, at = k + 4, k * n
            a, b = inverse[at : at + m], inverse[at + n : at + n + m]
            c, d = inverse[at + 2 * n : at + 2 * n + m], inverse[at + 3 * n : at + 3 * n + m]
            at += i
            a_i, b_i, c_i, d_i = root[at], root[at + n], root[at + 2 * n], root[at + 3 * n]
            for j in range(m):
                row[j] += a_i * a[j] + b_i * b[j] + c_i * c[j] + d_i * d[j]
        for k in range(i - i % 4, i):
            add_scaled(root[k * n + i], inverse[k * n : k * n + k + 1], row[: k + 1])
        rate = 1.0 / root[i * n + i]
        for j in range(i):
            row[j] *= -rate
        row[i] = rate


def multiply_triangles(
    inverse: Array, n: int, u: Array, z: Array, sums: Array, product: Array
) -> None:
    """S L⁻¹ on and below the diagonal, by sums of the rows from below and from above."""
    for j in range(n):
        sums[j] = 0.0
    for k in range(n - 1, -1, -1):
        row = product[k * n : k * n + k + 1]
        for j in range(k + 1):
            row[j] = z[k] * sums[j]
        add_scaled(u[k], inverse[k * n : k * n + k + 1], sums[: k + 1])
    for j in range(n):
        sums[j] = 0.0
    for k in range(n):
        add_scaled(z[k], inverse[k * n : k * n + k + 1], sums[: k + 1])
        add_scaled(u[k], sums[: k + 1], product[k * n : k * n + k + 1])


@reordered
def add_rows(inverse: Array, product: Array, i: int, n: int, out: Array) -> None:
    """Row i of L⁻ᵀ S L⁻¹ to its diagonal, four rows of the product at a time."""
    m = i + 1
    for j in range(m):
        out[j] = 0.0
    for k in range(i, n - (n - i) % 4, 4):
        at = k * n
        a, b = product[at : at + m], product[at + n : at + n + m]
        c, d = product[at + 2 * n : at + 2 * n + m], product[at + 3 * n : at + 3 * n + m]
        at += i
        a_i, b_i, c_i = inverse[at], inverse[at + n], inverse[at + 2 * n]
        d_i = inverse[at + 3 * n]
        for j in range(m):
            out[j] += a_i * a[j] + b_i * b[j] + c_i * c[j] + d_i * d[j]
    for k in range(n - (n - i) % 4, n):
        add_scaled(inverse[k * n + i], product[k * n : k * n + m], out)


def _doubles(address: int, size: int) -> Array:
    return carray(pointer_to(address), size, np.float64)
