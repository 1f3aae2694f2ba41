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
from bayesmix.engine.marginal_tiles import fill, fill_loadings, integrate, lane
from bayesmix.engine.native import pointer_to
from bayesmix.engine.predictors import dot
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
    size = head.n_levels * groups[head.integrated].k
    x = carray(pointer_to(x_), draws * n, np.float64)
    noise = carray(pointer_to(noise_), draws * size, np.float64)
    for i in range(draws):
        draw_effects(head, groups, x[i * n : (i + 1) * n], noise[i * size : (i + 1) * size])
    return 0


def log_density(head: Any, x: Array, grad: Array) -> float:
    """The log density, its gradient left in ``grad``."""
    groups = carray(pointer_to(head.groups), head.n_groups, GROUP)
    blocks = carray(pointer_to(head.blocks), head.n_blocks, BLOCK)
    codes = carray(pointer_to(head.codes), head.n_codes, np.int32)
    theta, scratch = np.empty(x.size), np.empty(head.scratch)
    fill(0.0, grad)
    logp = _fill_theta(head, groups, blocks, codes, x, theta, scratch)
    g = groups[head.integrated]
    factor, moments = np.empty(g.strata * g.k * g.k), np.empty(g.strata * g.k * g.k)
    _fill_scaled_factor(g, theta, scratch, factor)
    logp += _add_tiles(head, g.k, factor, theta, codes, grad, moments)
    for i in range(head.n_groups):
        logp += add_effects_gradient(groups[i], blocks, x, theta, grad, codes, scratch)
    _add_moments(g, blocks, x, theta, grad, codes, scratch, factor, moments)
    scalars = carray(pointer_to(head.scalars), head.n_scalars, SCALAR)
    return logp + _add_priors(scalars, x, theta, grad)


def draw_effects(head: Any, groups: Any, x: Array, noise: Array) -> None:
    """Turn standard normal numbers, levels × coefficients, into one draw of the effects."""
    blocks = carray(pointer_to(head.blocks), head.n_blocks, BLOCK)
    codes = carray(pointer_to(head.codes), head.n_codes, np.int32)
    theta, scratch = np.empty(x.size), np.empty(head.scratch)
    _fill_theta(head, groups, blocks, codes, x, theta, scratch)
    g = groups[head.integrated]
    factor, u = np.empty(g.strata * g.k * g.k), np.empty(g.k)
    _fill_scaled_factor(g, theta, scratch, factor)
    tiles = carray(pointer_to(head.tiles), head.n_tiles, TILE)
    errors, work = np.empty(head.errors), np.empty(head.work)
    for i in range(tiles.size):
        t = tiles[i]
        if t.k > 0:
            by = factor[t.stratum * t.k * t.k :]
            _integrate_tile(head, t, by, theta, codes, errors, work)
            _colour(t, by, lane(t, codes[t.codes :], 0), work, u, noise)


def _fill_theta(
    head: Any, groups: Any, blocks: Any, codes: Array, x: Array, theta: Array, scratch: Array
) -> float:
    """The parameters on their own scales; the log density of the other groups' effects."""
    _constrain(carray(pointer_to(head.scalars), head.n_scalars, SCALAR), x, theta)
    logp = 0.0
    for i in range(groups.size):
        logp += add_effects(groups[i], blocks, x, theta, codes, scratch)
    return logp


def _fill_scaled_factor(g: Any, theta: Array, scratch: Array, factor: Array) -> None:
    """Λ = sd · L of every stratum."""
    for i in range(g.strata * g.k):
        for j in range(g.k):
            factor[i * g.k + j] = theta[g.sd + i] * scratch[g.factor + i * g.k + j]


def _add_tiles(
    head: Any, k: int, factor: Array, theta: Array, codes: Array, grad: Array, moments: Array
) -> float:
    """The log density of the data, with the derivatives by sigma, coefficients and effects.

    Fills ``moments`` with Σ (E[u u'] - I) of every stratum.
    """
    tiles = carray(pointer_to(head.tiles), head.n_tiles, TILE)
    others = carray(pointer_to(head.others), head.n_others, OTHER)
    data = carray(pointer_to(head.data), head.n_data, np.float64)
    errors, work = np.empty(head.errors), np.empty(head.work)
    fill(0.0, moments)
    sigma = theta[head.sigma]
    logp, squares, explained = 0.0, 0.0, 0.0
    for i in range(tiles.size):
        t = tiles[i]
        by = factor[t.stratum * k * k :]
        logp += _integrate_tile(head, t, by, theta, codes, errors, work)
        left = work[t.k * t.rank * t.levels :]
        squares += add_rows(head, t, others, 1.0 / sigma, left, data, codes, errors, grad)
        explained += _add_level_moments(t, work, moments[t.stratum * k * k :])
    grad[head.sigma] += (squares - head.weight + explained) / sigma
    return logp - 0.5 * squares - head.weight * log(sigma)


def _integrate_tile(
    head: Any, t: Any, factor: Array, theta: Array, codes: Array, errors: Array, work: Array
) -> float:
    others = carray(pointer_to(head.others), head.n_others, OTHER)
    data = carray(pointer_to(head.data), head.n_data, np.float64)
    scale, along = 1.0 / theta[head.sigma], work[t.k * t.rank * t.levels :]
    fill_loadings(t, data[t.data :], factor, scale, work)
    fill_errors(head, t, others, scale, theta, data, codes, along, errors)
    return integrate(t, work)


def _add_level_moments(t: Any, work: Array, moments: Array) -> float:
    """Add Σ (E[u u'] - I); returns how much of the variance of u the data explain."""
    mode, root = work[t.mode :], work[t.root :]
    explained = 0.0
    for i in range(t.k):
        for j in range(i + 1):
            s = -float(t.levels) if i == j else 0.0
            for r in range(i, t.k):
                s += dot(lane(t, root, r * t.k + i), lane(t, root, r * t.k + j))
            if i == j:
                explained -= s
            moments[i * t.k + j] += s + dot(lane(t, mode, i), lane(t, mode, j))
    return explained


def _add_moments(
    g: Any, blocks: Any, x: Array, theta: Array, grad: Array, codes: Array, scratch: Array,
    factor: Array, moments: Array,
) -> None:  # fmt: skip
    """Derivatives by standard deviations and correlations of the integrated group."""
    own = scratch[g.factor : g.factor + g.strata * g.k * g.k]
    for s in range(g.strata):
        at = s * g.k * g.k
        _solve_transposed(g.k, factor[at:], moments[at:])
        _add_scales(g, s, theta, grad, codes, own, moments)
        for i in range(g.block, g.block + g.n_blocks):
            add_factor_gradient(blocks[i], g.k, s, x, codes, own[at:], moments[at:], grad)


def _solve_transposed(k: int, factor: Array, right: Array) -> None:
    """``Λ'⁻¹`` times a square matrix, in its place, of which only the lower triangle is needed."""
    for j in range(k):
        for i in range(k - 1, j - 1, -1):
            for c in range(i + 1, k):
                right[i * k + j] -= factor[c * k + i] * right[c * k + j]
            right[i * k + j] /= factor[i * k + i]


def _colour(t: Any, factor: Array, levels: Array, work: Array, u: Array, noise: Array) -> None:
    """r = Λ (û + root · noise) of each level."""
    k, m = t.k, t.levels
    for n in range(m):
        r = noise[levels[n] * k : (levels[n] + 1) * k]
        for i in range(k):
            u[i] = work[t.mode + i * m + n]
            for c in range(i, k):
                u[i] += work[t.root + (c * k + i) * m + n] * r[c]
        for i in range(k):
            r[i] = 0.0
            for c in range(i + 1):
                r[i] += factor[i * k + c] * u[c]
