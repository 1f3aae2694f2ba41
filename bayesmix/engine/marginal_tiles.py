"""The arithmetic of integrated effects, for many levels side by side.

A level has rows e = Q R r + noise, of standard deviation sigma, with Q orthonormal and effects
r = Λ u, u standard normal. In units of sigma, with f = Q'e / σ and B = R Λ / σ, all that is needed
comes from the QR decomposition of [I; B], whose triangular part T has T'T = I + B'B = M, the
precision of u given e: it is as exact for a standard deviation of 10⁶ sigma as for one of 10⁻⁶.

Arrays have the levels of a tile as their last axis; columns come first: ``columns[j]`` are the rows
of column j of B, ``columns[k]`` those of f.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from bayesmix.engine.elementary import log
from bayesmix.engine.options import reordered
from bayesmix.engine.predictors import add_scaled, dot

Array = Any


def fill_loadings(r: Array, factor: Array, scale: float, columns: Array) -> None:
    """``B = scale · R Λ``; R is zero under its diagonal, Λ above."""
    k, rank = columns.shape[0] - 1, columns.shape[1]
    for j in range(k):
        for i in range(rank):
            columns[j, i, :] = 0.0
            for c in range(max(i, j), k):
                add_scaled(scale * factor[c, j], r[i * k + c], columns[j, i])


def integrate(columns: Array, lengths: Array, mode: Array, root: Array, work: Array) -> float:
    """Mean and covariance of u given e; the log of their density's normaliser.

    Parameters
    ----------
    columns : array
        B and f; f becomes f - B mode.
    lengths : array
        Filled with the diagonal of T.
    mode : array
        Filled with the mean of u.
    root : array
        Filled with the inverse of T, whose product with its transpose is the covariance of u;
        ``root[r]`` is its column r.
    work : array
        A row for each row of B, and one.
    """
    k = lengths.shape[0]
    for j in range(k):
        fill_length(columns[j], lengths[j])
        for c in range(j + 1, k + 1):
            project(columns[j], columns[c], lengths[j], work[0])
    for j in range(k - 1, -1, -1):
        project(columns[j], columns[k], lengths[j], mode[j])
    for r in range(k):
        invert(columns, lengths, r, root[r], work)
    logp = 0.0
    for j in range(k):
        logp -= 0.5 * dot(mode[j], mode[j]) + total_log(lengths[j])
    return logp


def invert(columns: Array, lengths: Array, r: int, root: Array, work: Array) -> None:
    """Column r of the inverse of T."""
    rest = work[1:]
    divide(1.0, lengths[r], root[r])
    for i in range(rest.shape[0]):
        multiply_into(columns[r, i], root[r], rest[i])
    for j in range(r - 1, -1, -1):
        project(columns[j], rest, lengths[j], work[0])
        root[j, :] = 0.0
        add_scaled(-1.0, work[0], root[j])


def fill_length(column: Array, length: Array) -> None:
    """``√(1 + |column|²)``."""
    length[:] = 1.0
    for i in range(column.shape[0]):
        add_product(1.0, column[i], column[i], length)
    for n in range(length.size):
        length[n] = sqrt(length[n])


def project(column: Array, other: Array, length: Array, along: Array) -> None:
    """Reflect another column as the reflection that makes (1; column) (length; 0) does.

    ``along`` is filled with what becomes of its entry at the place of the 1, which was 0.
    """
    along[:] = 0.0
    for i in range(column.shape[0]):
        add_product(1.0, column[i], other[i], along)
    for n in range(along.size):
        along[n] /= length[n]
    for i in range(column.shape[0]):
        reflect(column[i], along, length, other[i])


@reordered
def reflect(column: Array, along: Array, length: Array, other: Array) -> None:
    for n in range(other.size):
        other[n] -= column[n] * along[n] / (1.0 + length[n])


@reordered
def add_product(factor: float, a: Array, b: Array, out: Array) -> None:
    """``out += factor * a * b``."""
    for n in range(out.size):
        out[n] += factor * (a[n] * b[n])


@reordered
def multiply_into(a: Array, b: Array, out: Array) -> None:
    """``out = a * b``."""
    for n in range(out.size):
        out[n] = a[n] * b[n]


@reordered
def divide(a: float, b: Array, out: Array) -> None:
    """``out = a / b``."""
    for n in range(out.size):
        out[n] = a / b[n]


@reordered
def total_log(a: Array) -> float:
    """The sum of the logarithms."""
    s = 0.0
    for n in range(a.size):
        s += log(a[n])
    return s
