"""Square matrices as one array, row by row: roots, inverses of these, and products.

Of a lower triangle L stands Lᵀ, for rows of that are contiguous where its columns are needed.
"""

from __future__ import annotations

from typing import Any

from bayesmix.engine.kernels.options import reordered
from bayesmix.engine.kernels.predictors import add_scaled

Array = Any


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
