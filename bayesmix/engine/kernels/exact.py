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
from bayesmix.engine.kernels.informed import add_beside, back, inform, volume
from bayesmix.engine.kernels.native import pointer_to
from bayesmix.engine.kernels.predictors import add_scaled, dot
from bayesmix.engine.kernels.squares import add_rows, invert, subtract_rows
from bayesmix.engine.kernels.tables import PROCESS

Array = Any
SIGNATURE = types.float64(types.voidptr, *[types.int64] * 5)
"""`PROCESS`; addresses of data, scratch, x, theta and grad, 0 on the way to theta."""


@cache
def compiled_exact() -> Any:
    """The callback that evaluates any exact process."""
    return callback(SIGNATURE, evaluate, inline=True)


def scratch_of(size: int, informed: bool) -> int:
    """How much of scratch a process of so many places needs."""
    return (5 if informed else 3) * size * (size + 2)


def numbers_at(size: int) -> slice:
    """Where in scratch an informed process leaves its standard normal numbers."""
    first = 5 * size * size + 8 * size
    return slice(first, first + size)


def evaluate(process_, data_, scratch_, x_, theta_, grad_):  # type: ignore
    """Fill in the values, or turn derivatives by them into those by what they are made of.

    Returns the log density of the numbers on the way back, else 0, or nan if there are no values.
    """
    p = carray(process_, 1, PROCESS)[0]
    n, matrices = p.size, 5 if p.known >= 0 else 3
    squares = _doubles(data_ + 8 * p.squares, p.dims * n * n)
    work = _doubles(scratch_ + 8 * p.work, matrices * n * n)
    rest = _doubles(scratch_ + 8 * (p.work + matrices * n * n), 2 * matrices * n)
    x, f = _doubles(x_ + 8 * p.at, n), _doubles(theta_ + 8 * p.at, n)
    sd, scales = _doubles(theta_ + 8 * p.sd, 1)[0], _doubles(theta_ + 8 * p.scale, p.dims)
    z = rest[8 * n : 9 * n] if p.known >= 0 else x
    if grad_ == 0:
        failed = fill_root(p, squares, sd, scales, work, rest)
        if p.known >= 0:
            known = _doubles(data_ + 8 * p.known, (2 + p.n_beside) * n)
            b, second = _doubles(theta_ + 8 * p.beside, p.n_beside), work[3 * n * n : 4 * n * n]
            failed += inform(work, n, known, b, x, second, rest[5 * n : 8 * n], z)
        fill(work, n, z, f)
        return failed
    by_scales = _doubles(grad_ + 8 * p.scale, p.dims)
    by_f = _doubles(grad_ + 8 * p.at, n)
    by_sd = _doubles(grad_ + 8 * p.sd, 1)
    turn(p, z, work, rest, by_f)
    if p.known >= 0:
        known = _doubles(data_ + 8 * p.known, (2 + p.n_beside) * n)
        by_b = _doubles(grad_ + 8 * p.beside, p.n_beside)
        add_beside(work, n, known, rest[9 * n : 10 * n], by_b, rest)
    by_sd[0] += differentiate(p, squares, sd, scales, work, rest, by_scales)
    logp = -0.5 * dot(z, z) - 0.9189385332046728 * n
    return logp + volume(work[3 * n * n : 4 * n * n], n) if p.known >= 0 else logp


def fill_root(p: Any, squares: Array, sd: float, scales: Array, root: Array, rest: Array) -> float:
    """The root of the covariances; returns 0, or nan if there is none."""
    n = p.size
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
    return 0.0


def fill(root: Array, n: int, z: Array, f: Array) -> None:
    """The values."""
    for i in range(n):
        f[i] = 0.0
    for i in range(n):
        add_scaled(z[i], root[i * n + i : i * n + n], f[i:])


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


def turn(p: Any, z: Array, work: Array, rest: Array, by_f: Array) -> None:
    """Turn derivatives by values into those by what is in x.

    L⁻¹, and S L⁻¹ on and below the diagonal, are left for `differentiate`.
    """
    n = p.size
    root, inverse, product = work[: n * n], work[n * n : 2 * n * n], work[2 * n * n : 3 * n * n]
    u, sums = rest[3 * n : 4 * n], rest[4 * n : 5 * n]
    for i in range(n):
        u[i] = dot(root[i * n + i : i * n + n], by_f[i:])
    if p.known >= 0:
        second, square = work[3 * n * n : 4 * n * n], work[4 * n * n : 5 * n * n]
        vectors, by_h = rest[5 * n : 8 * n], rest[9 * n : 10 * n]
        back(root, second, n, vectors, z, u, by_f, inverse, product, square, by_h, sums)
        return
    for i in range(n):
        by_f[i] = u[i] - z[i]
    invert(root, n, inverse)
    multiply_triangles(inverse, n, u, z, sums, product)


def differentiate(
    p: Any, squares: Array, sd: float, scales: Array, work: Array, rest: Array, by_scales: Array
) -> float:
    """Add derivatives by length scales; returns that by sd."""
    n = p.size
    inverse, product = work[n * n : 2 * n * n], work[2 * n * n : 3 * n * n]
    distances, values, slopes = rest[:n], rest[n : 2 * n], rest[2 * n : 3 * n]
    by_sd = 0.0
    for i in range(n):
        by = rest[4 * n : 4 * n + i + 1]
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


def _doubles(address: int, size: int) -> Array:
    return carray(pointer_to(address), size, np.float64)
