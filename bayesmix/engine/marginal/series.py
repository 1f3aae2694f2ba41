"""The rows of a model with integrated effects whose residuals hang together.

Rows of residuals that are one draw have one level of the integrated group, so that what whitens
their errors whitens the group's columns too, and leaves what `tiles` integrates. Derivatives go the
same way back, to the errors and to the parameters of the correlation. With M⁻¹ the covariance of
u, left = f - B û and W the whitened columns, those by W are left · (Λ û)' - W Λ M⁻¹ Λ' in units of
sigma.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
from numba import carray

from bayesmix.engine.kernels.native import call, pointer_to
from bayesmix.engine.kernels.predictors import dot
from bayesmix.engine.marginal.moments import add_level_moments, colour
from bayesmix.engine.marginal.rows import add_rows, fill_errors
from bayesmix.engine.marginal.tables import OTHER, TILE
from bayesmix.engine.marginal.tiles import fill, integrate, lane

Array = Any

WHITEN, BACK = 0, 1


def add_series(
    head: Any, k: int, factor: Array, theta: Array, data: Array, codes: Array, grad: Array,
    moments: Array, errors: Array, noise: int,
) -> float:  # fmt: skip
    """What `add_tiles` does, of rows that hang together; the first tile has all rows in order."""
    tiles = carray(pointer_to(head.tiles), head.n_tiles, TILE)
    others = carray(pointer_to(head.others), head.n_others, OTHER)
    n, scale, work = head.n_rows, 1.0 / theta[head.sigma], errors[head.errors :]
    fill_errors(head, tiles[0], others, scale, theta, data, codes, work, errors)
    logp = 0.0
    for c in range(k + 1):
        logs = _pass(head, WHITEN, c, k, theta, data, grad, errors)
        if c == 0:
            logp -= logs
    white, by_white = errors[n:], errors[(k + 2) * n :]
    squares, explained = 0.0, 0.0
    for i in range(1, tiles.size):
        t = tiles[i]
        by, f = factor[t.stratum * k * k :], work[k * t.rank * t.levels :]
        _gather(t, n, by, scale, white, codes, work)
        logp += integrate(t, work)
        left = f[: t.rank * t.levels]
        squares += dot(left, left)
        explained += add_level_moments(t, work, moments[t.stratum * k * k :])
        if noise > 0:
            effects = carray(pointer_to(noise), head.n_levels * k, np.float64)
            colour(t, by, lane(t, codes[t.codes :], 0), work, work[head.work :], effects)
        _scatter(t, n, by, scale, white, codes, work, work[head.work :], by_white)
    for c in range(k, -1, -1):
        _pass(head, BACK, c, k, theta, data, grad, errors)
    by_errors = errors[(2 * k + 3) * n :]
    for i in range(n):
        errors[i] = -by_errors[i]
    add_rows(head, tiles[0], others, scale, work, data, codes, errors, grad)
    grad[head.sigma] += (squares - head.weight + explained) * scale
    return logp - 0.5 * squares + head.weight * log(scale)


def _pass(
    head: Any, way: int, c: int, k: int, theta: Array, data: Array, grad: Array, errors: Array
) -> float:
    """Whiten the errors (0) or a column of the group (from 1 on), or go the way back."""
    n, double = head.n_rows, 8
    first, start = data.ctypes.data, errors.ctypes.data
    by_u = (2 * k + 3) * n
    if way == BACK:
        fill(0.0, errors[by_u : by_u + n])
    return call(
        head.rows,
        way,
        n,
        first + double * head.aux,
        int(c == 0),
        start if c == 0 else first + double * (head.z + (c - 1) * n),
        start + double * (1 + c) * n,
        start + double * (k + 2 + c) * n,
        start + double * by_u,
        theta.ctypes.data + double * head.shared,
        grad.ctypes.data + double * head.shared,
        head.n_shared,
        start + double * (2 * k + 4 + 2 * c) * n,
    )


def _gather(
    t: Any, n: int, factor: Array, scale: float, white: Array, codes: Array, work: Array
) -> None:
    """B and f of the levels of a tile; zeros where a level has no more rows."""
    starts, counts = lane(t, codes[t.codes :], 1), lane(t, codes[t.codes :], 2)
    fill(0.0, work[: (t.k + 1) * t.rank * t.levels])
    for level in range(t.levels):
        for i in range(counts[level]):
            row, at = starts[level] + i, i * t.levels + level
            work[t.k * t.rank * t.levels + at] = white[row]
            for j in range(t.k):
                s = 0.0
                for c in range(j, t.k):
                    s += factor[c * t.k + j] * white[(1 + c) * n + row]
                work[j * t.rank * t.levels + at] = scale * s


def _scatter(
    t: Any, n: int, factor: Array, scale: float, white: Array, codes: Array, work: Array,
    own: Array, by_white: Array,
) -> None:  # fmt: skip
    """Derivatives by what is whitened, row by row; ``own`` is scratch for a level."""
    k, left = t.k, work[t.k * t.rank * t.levels :]
    starts, counts = lane(t, codes[t.codes :], 1), lane(t, codes[t.codes :], 2)
    mean, cov, root = own[:k], own[k : k + k * k], own[k + k * k : k + 2 * k * k]
    for level in range(t.levels):
        _fill_effects(t, level, factor, work, mean, cov, root)
        for i in range(counts[level]):
            row, rest = starts[level] + i, left[i * t.levels + level]
            by_white[row] = -rest
            for c in range(k):
                s = 0.0
                for j in range(k):
                    s += cov[c * k + j] * white[(1 + j) * n + row]
                by_white[(1 + c) * n + row] = scale * (rest * mean[c] - scale * s)


def _fill_effects(
    t: Any, level: int, factor: Array, work: Array, mean: Array, cov: Array, root: Array
) -> None:
    """Mean and covariance of a level's effects given the data."""
    k = t.k
    for i in range(k):
        mean[i] = 0.0
        for j in range(i + 1):
            mean[i] += factor[i * k + j] * work[t.mode + j * t.levels + level]
        for r in range(k):
            s = 0.0
            for j in range(min(i, r) + 1):
                s += factor[i * k + j] * work[t.root + (r * k + j) * t.levels + level]
            root[i * k + r] = s
    for i in range(k):
        for j in range(k):
            cov[i * k + j] = dot(root[i * k : (i + 1) * k], root[j * k : (j + 1) * k])
