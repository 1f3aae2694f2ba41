"""The arithmetic of integrated effects, for the levels of a tile side by side.

A level has rows e = Q R r + noise, of standard deviation sigma, with Q orthonormal and effects
r = Λ u, u standard normal. In units of sigma, with f = Q'e / σ and B = R Λ / σ, all that is needed
comes from the QR decomposition of [I; B], whose triangular part T has T'T = I + B'B = M, the
precision of u given e: it is as exact for a standard deviation of 10⁶ sigma as for one of 10⁻⁶.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from bayesmix.engine.kernels.options import reordered
from bayesmix.engine.kernels.predictors import add_scaled, dot, multiply
from bayesmix.engine.numerics.elementary import log

Array = Any


def fill_loadings(t: Any, r: Array, factor: Array, scale: float, work: Array) -> None:
    """``B = scale · R Λ``; R is zero under its diagonal, Λ above."""
    for j in range(t.k):
        for i in range(t.rank):
            out = lane(t, work, j * t.rank + i)
            fill(0.0, out)
            for c in range(max(i, j), t.k):
                add_scaled(scale * factor[c * t.k + j], lane(t, r, i * t.k + c), out)


def integrate(t: Any, work: Array) -> float:
    """Mean and covariance of u given e, from B and f; the log of their density's normaliser.

    Fills ``mode`` with the mean û and ``root`` with the inverse of T, column by column; the
    covariance is its product with its transpose. f becomes f - B û.
    """
    f, logp = t.k * t.rank * t.levels, 0.0
    for j in range(t.k):
        logp += _fill_length(t, j, work)
        for c in range(j + 1, t.k + 1):
            _eliminate(t, j, c * t.rank * t.levels, t.spare, work)
    for j in range(t.k - 1, -1, -1):
        _eliminate(t, j, f, t.mode + j * t.levels, work)
        mode = lane(t, work[t.mode :], j)
        logp -= 0.5 * dot(mode, mode)
    for j in range(t.k):
        _invert(t, j, work)
    return logp


def lane(t: Any, a: Array, i: int) -> Array:
    """Number i of the arrays in ``a`` that have a number for each level."""
    return a[i * t.levels : (i + 1) * t.levels]


def _fill_length(t: Any, j: int, work: Array) -> float:
    """What `_eliminate` needs of ``s = √(1 + |column j of B|²)``; returns minus its logarithm."""
    inverse, shrink = lane(t, work[t.inverse :], j), lane(t, work[t.shrink :], j)
    fill(1.0, shrink)
    for i in range(t.rank):
        column = lane(t, work, j * t.rank + i)
        add_product(1.0, column, column, shrink)
    logp = -0.5 * _total_log(shrink)
    for n in range(shrink.size):
        s = sqrt(shrink[n])
        both = 1.0 / (s * (1.0 + s))
        inverse[n], shrink[n] = both * (1.0 + s), both * s
    return logp


def _eliminate(t: Any, j: int, at: int, along_at: int, work: Array) -> None:
    """Reflect another column as the reflection that makes (1; column j) (s; 0) does.

    What becomes of its entry at the place of the 1, which was 0, is stored.
    """
    along, step = lane(t, work[along_at:], 0), lane(t, work[t.spare :], 1)
    fill(0.0, along)
    for i in range(t.rank):
        add_product(1.0, lane(t, work, j * t.rank + i), lane(t, work[at:], i), along)
    multiply(lane(t, work[t.inverse :], j), along)
    _fill_product(along, lane(t, work[t.shrink :], j), step)
    for i in range(t.rank):
        add_product(-1.0, lane(t, work, j * t.rank + i), step, lane(t, work[at:], i))


def _invert(t: Any, r: int, work: Array) -> None:
    """Column r of the inverse of T."""
    root, rest = work[t.root + r * t.k * t.levels :], t.spare + 2 * t.levels
    inverse, own = lane(t, work[t.inverse :], r), lane(t, root, r)
    fill(0.0, own)
    add_scaled(1.0, inverse, own)
    for i in range(t.rank):
        _fill_product(lane(t, work, r * t.rank + i), inverse, lane(t, work[rest:], i))
    for j in range(r - 1, -1, -1):
        out = lane(t, root, j)
        _eliminate(t, j, rest, t.spare, work)
        fill(0.0, out)
        add_scaled(-1.0, lane(t, work[t.spare :], 0), out)


def fill(value: float, out: Array) -> None:
    """``out[:] = value``."""
    for n in range(out.size):
        out[n] = value


@reordered
def add_product(factor: float, a: Array, b: Array, out: Array) -> None:
    """``out += factor * a * b``."""
    for n in range(out.size):
        out[n] += factor * (a[n] * b[n])


def _fill_product(a: Array, b: Array, out: Array) -> None:
    for n in range(out.size):
        out[n] = a[n] * b[n]


@reordered
def _total_log(a: Array) -> float:
    s = 0.0
    for n in range(a.size):
        s += log(a[n])
    return s
