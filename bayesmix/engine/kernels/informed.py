"""Exact Gaussian processes by numbers that the data leave nearly independent.

The rows say of the values f at places about what normal responses with precisions Λ would, and c is
Λ times these, less what the coefficients of columns beside take up. Given those, the numbers z of
f = L z have the precision matrix B = I + Lᵀ Λ L = R Rᵀ and the mean B⁻¹ h, h = Lᵀ c. In x stands v,
with z = R⁻ᵀ (v + R⁻¹ h), which would be standard normal whatever the length scales are. What stands
in scratch are Lᵀ and Rᵀ.

With z̄ the derivatives by z, those by v are w̄ = R⁻¹ z̄, and those by h are h̄ = R⁻ᵀ w̄. Those by B
are half of R⁻ᵀ S R⁻¹, and those by K half of L⁻ᵀ T L⁻¹ (`exact`). S and T are symmetric: below the
diagonal and on it S is -w w̄ᵀ - w̄ qᵀ - I with w = v + q and q = R⁻¹ h, and T is
R S R⁻¹ - R⁻ᵀ S R⁻¹ + Lᵀ f̄ zᵀ + h h̄ᵀ.
"""

from __future__ import annotations

from math import log, nan, sqrt
from typing import Any

from bayesmix.engine.kernels.options import reordered
from bayesmix.engine.kernels.predictors import add_scaled, dot
from bayesmix.engine.kernels.squares import add_rows, invert, subtract_rows

Array = Any


def inform(
    root: Array, n: int, known: Array, b: Array, v: Array, second: Array, vectors: Array, z: Array
) -> float:
    """The second root, and the numbers; ``vectors`` keep h, q and w. Returns 0 or nan."""
    precisions = known[:n]
    h, q, w = vectors[:n], vectors[n : 2 * n], vectors[2 * n : 3 * n]
    for i in range(n):
        above, row = root[i * n + i : i * n + n], second[i * n + i : i * n + n]
        for k in range(n - i):
            w[k] = precisions[i + k] * above[k]
        for j in range(n - i):
            at = i + j
            row[j] = dot(w[j : n - i], root[at * n + at : at * n + n])
        row[0] += 1.0
        subtract_rows(second, i, n, row)
        if not row[0] > 0.0:
            return nan
        rate = 1.0 / sqrt(row[0])
        for j in range(n - i):
            row[j] *= rate
    for i in range(n):
        w[i] = known[n + i]
    for j in range(b.size):
        add_scaled(-b[j], known[(2 + j) * n : (3 + j) * n], w)
    for i in range(n):
        h[i] = dot(root[i * n + i : i * n + n], w[i:])
        q[i] = h[i]
    solve(second, n, q)
    for i in range(n):
        w[i] = v[i] + q[i]
        z[i] = w[i]
    solve_back(second, n, z)
    return 0.0


def solve(second: Array, n: int, out: Array) -> None:
    """R⁻¹ times a vector, in its place."""
    for k in range(n):
        out[k] /= second[k * n + k]
        add_scaled(-out[k], second[k * n + k + 1 : k * n + n], out[k + 1 : n])


def solve_back(second: Array, n: int, out: Array) -> None:
    """R⁻ᵀ times a vector, in its place."""
    for i in range(n - 1, -1, -1):
        rest = dot(second[i * n + i + 1 : i * n + n], out[i + 1 : n])
        out[i] = (out[i] - rest) / second[i * n + i]


def add_beside(root: Array, n: int, known: Array, by_h: Array, by_b: Array, work: Array) -> None:
    """Add derivatives by the coefficients beside."""
    for i in range(n):
        work[i] = 0.0
    for i in range(n):
        add_scaled(by_h[i], root[i * n + i : i * n + n], work[i:n])
    for j in range(by_b.size):
        by_b[j] -= dot(known[(2 + j) * n : (3 + j) * n], work[:n])


def volume(second: Array, n: int) -> float:
    """The logarithm of that of the numbers, over that of v."""
    total = 0.0
    for i in range(n):
        total -= log(second[i * n + i])
    return total


def back(
    root: Array, second: Array, n: int, vectors: Array, z: Array, u: Array, by: Array,
    inverse: Array, product: Array, square: Array, by_h: Array, sums: Array,
) -> None:  # fmt: skip
    """Turn derivatives by z, Lᵀ f̄ in ``u`` less z, into those by v in ``by``.

    L⁻¹ is left in ``inverse``, and T L⁻¹ in ``product``.
    """
    h, q, w = vectors[:n], vectors[n : 2 * n], vectors[2 * n : 3 * n]
    for i in range(n):
        by[i] = u[i] - z[i]
    solve(second, n, by)
    for i in range(n):
        by_h[i] = by[i]
    solve_back(second, n, by_h)
    invert(second, n, inverse)
    for i in range(n * n):
        product[i] = -inverse[i]
    subtract_triangle(inverse, n, w, by, sums, product)
    subtract_triangle(inverse, n, by, q, sums, product)
    for i in range(n):
        row = square[i * n : i * n + i + 1]
        add_rows(inverse, product, i, n, sums)
        for j in range(i + 1):
            row[j] = u[i] * z[j] + h[i] * by_h[j] - sums[j]
        add_columns(second, product, i, n, row)
    for i in range(n):
        for j in range(i):
            square[j * n + i] = square[i * n + j]
    invert(root, n, inverse)
    multiply(square, inverse, n, product)


def subtract_triangle(
    inverse: Array, n: int, a: Array, b: Array, sums: Array, product: Array
) -> None:
    """Take from a product what the inverse is times the symmetric matrix with a[i] b[j] below."""
    for j in range(n):
        sums[j] = 0.0
    for k in range(n - 1, -1, -1):
        add_scaled(-b[k], sums[:n], product[k * n : k * n + n])
        add_scaled(a[k], inverse[k * n : k * n + n], sums[:n])
    for j in range(n):
        sums[j] = 0.0
    for k in range(n):
        add_scaled(b[k], inverse[k * n : k * n + n], sums[:n])
        add_scaled(-a[k], sums[:n], product[k * n : k * n + n])


@reordered
def add_columns(second: Array, product: Array, i: int, n: int, out: Array) -> None:
    """Row i of R times a product to its diagonal, four rows of that at a time."""
    m = i + 1
    for k in range(0, m - m % 4, 4):
        at = k * n
        a, b = product[at : at + m], product[at + n : at + n + m]
        c, d = product[at + 2 * n : at + 2 * n + m], product[at + 3 * n : at + 3 * n + m]
        at += i
        a_i, b_i, c_i, d_i = second[at], second[at + n], second[at + 2 * n], second[at + 3 * n]
        for j in range(m):
            out[j] += a_i * a[j] + b_i * b[j] + c_i * c[j] + d_i * d[j]
    for k in range(m - m % 4, m):
        add_scaled(second[k * n + i], product[k * n : k * n + m], out[:m])


@reordered
def multiply(square: Array, inverse: Array, n: int, product: Array) -> None:
    """A symmetric matrix times an inverse, on the diagonal and below it."""
    for i in range(n):
        m = i + 1
        out = product[i * n : i * n + m]
        for j in range(m):
            out[j] = 0.0
        for k in range(0, n - n % 4, 4):
            at = k * n
            a, b = inverse[at : at + m], inverse[at + n : at + n + m]
            c, d = inverse[at + 2 * n : at + 2 * n + m], inverse[at + 3 * n : at + 3 * n + m]
            at = i * n + k
            a_i, b_i, c_i, d_i = square[at], square[at + 1], square[at + 2], square[at + 3]
            for j in range(m):
                out[j] += a_i * a[j] + b_i * b[j] + c_i * c[j] + d_i * d[j]
        for k in range(n - n % 4, n):
            add_scaled(square[i * n + k], inverse[k * n : k * n + m], out)
