"""Log density of a normal model with one group's effects integrated out, and draws of them.

With e the response less all that the other parameters say, and in the notation of
`marginal_tiles`,

    log p(e) = -Σ w · log σ - ½ Σ (|e / σ - Q B û|² + |û|²) - Σ log |T|,

a sum of like signs: nothing cancels, however large the effects are beside sigma. Constants are left
out. The derivatives by Λ are those of the EM algorithm: Λ'⁻¹ Σ (E[u u'] - I).
"""

from __future__ import annotations

from functools import cache
from math import log
from typing import Any

import numpy as np
from numba import carray, types

from bayesmix.engine.compiling import callback
from bayesmix.engine.correlations import add_factor_gradient
from bayesmix.engine.groups import _add_scales, add_effects, add_effects_gradient
from bayesmix.engine.kernel import LOG_DENSITY, NOT_FINITE, _add_priors, _constrain
from bayesmix.engine.marginal_rows import add_rows, fill_errors
from bayesmix.engine.marginal_tables import MARGINAL, OTHER, TILE
from bayesmix.engine.marginal_tiles import add_product, fill_loadings, integrate
from bayesmix.engine.native import pointer_to
from bayesmix.engine.predictors import add_scaled, dot
from bayesmix.engine.tables import BLOCK, GROUP, SCALAR

Array = Any
DRAW = types.int64(*[types.int64] * 5)


@cache
def compiled_density() -> Any:
    """The callback ``(n, x, gradient, log density, MARGINAL)``."""
    return callback(LOG_DENSITY, evaluate)


@cache
def compiled_draw() -> Any:
    """The callback ``(draws, n, x, noise, MARGINAL)`` that turns noise into effects."""
    return callback(DRAW, draw)


def evaluate(n, x_, grad_, logp_, user_data_):  # type: ignore
    head = carray(user_data_, 1, MARGINAL)[0]
    x, grad, logp = carray(x_, n), carray(grad_, n), carray(logp_, 1)
    logp[0] = log_density(head, x, grad)
    finite = np.isfinite(logp[0])
    for i in range(n):
        finite = finite and np.isfinite(grad[i])
    return 0 if finite else NOT_FINITE


def draw(draws, n, x_, noise_, user_data_):  # type: ignore
    head = carray(pointer_to(user_data_), 1, MARGINAL)[0]
    groups = carray(pointer_to(head.groups), head.n_groups, GROUP)
    k = groups[head.integrated].k
    x = carray(pointer_to(x_), (draws, n), np.float64)
    noise = carray(pointer_to(noise_), (draws, head.n_levels * k), np.float64)
    for i in range(draws):
        draw_effects(head, x[i], noise[i])
    return 0


def log_density(head: Any, x: Array, grad: Array) -> float:
    """The log density, its gradient left in ``grad``."""
    groups = carray(pointer_to(head.groups), head.n_groups, GROUP)
    blocks = carray(pointer_to(head.blocks), head.n_blocks, BLOCK)
    codes = carray(pointer_to(head.codes), head.n_codes, np.int32)
    theta, scratch = np.empty(x.size), np.empty(head.scratch)
    grad[:] = 0.0
    logp = _fill_theta(head, groups, blocks, codes, x, theta, scratch)
    g = groups[head.integrated]
    factor, moments = scaled_factor(g, theta, scratch), np.zeros((g.strata, g.k, g.k))
    logp += _add_tiles(head, factor, theta, codes, grad, moments)
    for i in range(head.n_groups):
        logp += add_effects_gradient(groups[i], blocks, x, theta, grad, codes, scratch)
    _add_moments(g, blocks, x, theta, grad, codes, scratch, factor, moments)
    scalars = carray(pointer_to(head.scalars), head.n_scalars, SCALAR)
    return logp + _add_priors(scalars, x, theta, grad)


def draw_effects(head: Any, x: Array, noise: Array) -> None:
    """Turn standard normal numbers, levels × coefficients, into one draw of the effects."""
    groups = carray(pointer_to(head.groups), head.n_groups, GROUP)
    blocks = carray(pointer_to(head.blocks), head.n_blocks, BLOCK)
    codes = carray(pointer_to(head.codes), head.n_codes, np.int32)
    tiles = carray(pointer_to(head.tiles), head.n_tiles, TILE)
    theta, scratch = np.empty(x.size), np.empty(head.scratch)
    _fill_theta(head, groups, blocks, codes, x, theta, scratch)
    factor = scaled_factor(groups[head.integrated], theta, scratch)
    errors, work = np.empty(head.errors), np.empty(head.work)
    for i in range(tiles.size):
        t = tiles[i]
        if t.k > 0:
            columns, lengths, mode, root, _ = parts(work, t)
            _integrate_tile(head, t, factor[t.stratum], theta, codes, errors, work)
            levels = codes[t.codes : t.codes + t.levels]
            _colour(factor[t.stratum], mode, root, levels, noise)


def _fill_theta(
    head: Any, groups: Any, blocks: Any, codes: Array, x: Array, theta: Array, scratch: Array
) -> float:
    """The parameters on their own scales; the log density of the other groups' effects."""
    _constrain(carray(pointer_to(head.scalars), head.n_scalars, SCALAR), x, theta)
    logp = 0.0
    for i in range(groups.size):
        logp += add_effects(groups[i], blocks, x, theta, codes, scratch)
    return logp


def scaled_factor(g: Any, theta: Array, scratch: Array) -> Array:
    """Λ = sd · L of every stratum."""
    factor = np.empty((g.strata, g.k, g.k))
    for s in range(g.strata):
        for i in range(g.k):
            row = g.factor + (s * g.k + i) * g.k
            for j in range(g.k):
                factor[s, i, j] = theta[g.sd + s * g.k + i] * scratch[row + j]
    return factor


def parts(work: Array, t: Any) -> tuple[Array, Array, Array, Array, Array]:
    """The scratch of a tile: columns, lengths, mode, root and spare of `integrate`."""
    m, k, rank = t.levels, t.k, t.rank
    columns, at = work[: (k + 1) * rank * m].reshape((k + 1, rank, m)), (k + 1) * rank * m
    lengths, at = work[at : at + k * m].reshape((k, m)), at + k * m
    mode, at = work[at : at + k * m].reshape((k, m)), at + k * m
    root, at = work[at : at + k * k * m].reshape((k, k, m)), at + k * k * m
    return columns, lengths, mode, root, work[at : at + (rank + 1) * m].reshape((rank + 1, m))


def _add_tiles(
    head: Any, factor: Array, theta: Array, codes: Array, grad: Array, moments: Array
) -> float:
    """The log density of the data, with the derivatives by sigma, coefficients and effects."""
    tiles = carray(pointer_to(head.tiles), head.n_tiles, TILE)
    errors, work = np.empty(head.errors), np.empty(head.work)
    sigma = theta[head.sigma]
    logp, squares, explained = 0.0, 0.0, 0.0
    for i in range(tiles.size):
        t = tiles[i]
        columns, _, mode, root, _ = parts(work, t)
        logp += _integrate_tile(head, t, factor[t.stratum], theta, codes, errors, work)
        squares += add_rows(head, t, 1.0 / sigma, columns[t.k], codes, errors, grad)
        explained += _add_level_moments(mode, root, moments[t.stratum])
    grad[head.sigma] += (squares - head.weight + explained) / sigma
    return logp - 0.5 * squares - head.weight * log(sigma)


def _integrate_tile(
    head: Any, t: Any, factor: Array, theta: Array, codes: Array, errors: Array, work: Array
) -> float:
    data = carray(pointer_to(head.data), head.n_data, np.float64)
    columns, lengths, mode, root, spare = parts(work, t)
    scale = 1.0 / theta[head.sigma]
    r = data[t.data : t.data + t.rank * t.k * t.levels].reshape((t.rank * t.k, t.levels))
    fill_loadings(r, factor, scale, columns)
    fill_errors(head, t, scale, theta, codes, columns[t.k], errors)
    return integrate(columns, lengths, mode, root, spare)


def _add_level_moments(mode: Array, root: Array, moments: Array) -> float:
    """Add Σ (E[u u'] - I); returns the part of the variance of u that the data explain."""
    k, m = mode.shape
    explained = float(k * m)
    for i in range(k):
        moments[i, i] -= m
        for j in range(i + 1):
            moments[i, j] += dot(mode[i], mode[j])
            for r in range(i, k):
                moments[i, j] += dot(root[r, i], root[r, j])
        for r in range(i, k):
            explained -= dot(root[r, i], root[r, i])
    return explained


def _add_moments(
    g: Any, blocks: Any, x: Array, theta: Array, grad: Array, codes: Array, scratch: Array,
    factor: Array, moments: Array,
) -> None:  # fmt: skip
    """Derivatives by standard deviations and correlations of the integrated group."""
    size = g.strata * g.k * g.k
    own, slope = scratch[g.factor : g.factor + size], scratch[g.factor + size : g.factor + 2 * size]
    slope[:] = moments.ravel()
    for s in range(g.strata):
        by = slope[s * g.k * g.k : (s + 1) * g.k * g.k]
        _solve_transposed(factor[s], by)
        _add_scales(g, s, theta, grad, codes, own, slope)
        for i in range(g.block, g.block + g.n_blocks):
            part = own[s * g.k * g.k :]
            add_factor_gradient(blocks[i], g.k, s, x, codes, part, by, grad)


def _solve_transposed(factor: Array, right: Array) -> None:
    """``Λ'⁻¹`` times a square matrix, in its place, of which only the lower triangle is needed."""
    k = factor.shape[0]
    for j in range(k):
        for i in range(k - 1, j - 1, -1):
            for c in range(i + 1, k):
                right[i * k + j] -= factor[c, i] * right[c * k + j]
            right[i * k + j] /= factor[i, i]


def _colour(factor: Array, mode: Array, root: Array, levels: Array, noise: Array) -> None:
    """r = Λ (mode + root · noise) of each level."""
    k = mode.shape[0]
    u = np.empty(k)
    for n in range(levels.size):
        r = noise[levels[n] * k : (levels[n] + 1) * k]
        for i in range(k):
            u[i] = mode[i, n]
            for c in range(i, k):
                u[i] += root[c, i, n] * r[c]
        for i in range(k):
            r[i] = 0.0
            for c in range(i + 1):
                r[i] += factor[i, c] * u[c]
