"""Log density of a normal model with one group's effects integrated out, and draws of them.

With e the response less all that the other parameters say, and in the notation of
`marginal_tiles`,

    log p(e) = -Σ w · log σ - ½ Σ (|e / σ - Q B û|² + |û|²) - Σ log |T|,

a sum of like signs: nothing cancels, however large the effects are beside sigma. Constants are left
out. The derivatives by Λ are those of the EM algorithm: Λ'⁻¹ Σ (E[u u'] - I).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import log
from typing import Any

import numpy as np
from numba import carray

from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.kernels.density import (
    LOG_DENSITY,
    NOT_FINITE,
    in_units,
    to_theta,
    to_units,
    to_x,
)
from bayesmix.engine.kernels.effects import _add_scales, add_effects_gradient
from bayesmix.engine.kernels.native import pointer_to
from bayesmix.engine.kernels.tables import BLOCK, GROUP, HEAD
from bayesmix.engine.marginal.moments import add_level_moments, colour
from bayesmix.engine.marginal.rows import add_rows, fill_errors
from bayesmix.engine.marginal.series import add_series
from bayesmix.engine.marginal.tables import MARGINAL, OTHER, TILE
from bayesmix.engine.marginal.tiles import fill, fill_loadings, integrate, lane
from bayesmix.engine.numerics.correlations import add_factor_gradient

Array = Any


@cache
def compiled_density(series: bool = False) -> Any:
    """The callback ``(n, x, gradient, log density, MARGINAL)``; of rows that hang together too."""
    made = density_with(add_series if series else add_tiles)
    return callback(LOG_DENSITY, evaluate, log_density=made)


log_density = None
"""Linked when the callback is compiled."""


def evaluate(n, x_, grad_, logp_, user_data_):  # type: ignore
    """`log_density` as nutpie calls it; of one point after the other where there are several."""
    head, model = carray(user_data_, 1, MARGINAL)[0], carray(user_data_, 1, HEAD)[0]
    x, grad, logp = in_units(model, carray(x_, n)), carray(grad_, head.n_dim), carray(logp_, 1)
    memory, finite = np.empty(head.memory), True
    for at in range(0, n, head.n_dim):
        noise = head.noise + at // head.n_dim * head.noise_step
        logp[0] = log_density(head, model, x[at : at + head.n_dim], grad, noise, memory)
        to_units(model, grad)
        finite = finite and np.isfinite(logp[0])
        for i in range(grad.size):
            finite = finite and np.isfinite(grad[i])
    return 0 if finite else NOT_FINITE


def density_with(add_data: Callable[..., float]) -> Callable[..., float]:
    """The log density of a model with a function for what the rows add to it."""

    def log_density(
        head: Any, model: Any, x: Array, grad: Array, noise: int, memory: Array
    ) -> float:
        """The log density, its gradient left in ``grad``; ``model`` is the first part of ``head``.

        Where ``noise`` is the address of standard normal numbers, levels × coefficients, they are
        turned into a draw of the integrated effects.
        """
        groups = carray(pointer_to(head.groups), head.n_groups, GROUP)
        blocks = carray(pointer_to(head.blocks), head.n_blocks, BLOCK)
        data = carray(pointer_to(head.data), head.n_data, np.float64)
        codes = carray(pointer_to(head.codes), head.n_codes, np.int32)
        g = groups[head.integrated]
        size = g.strata * g.k * g.k
        # Slices of an array that numba owns are counted, which takes half the time.
        theta = carray(pointer_to(memory.ctypes.data), memory.size, np.float64)
        scratch = theta[x.size :]
        factor = scratch[head.scratch :]
        moments = factor[size:]
        fill(0.0, grad)
        fill(0.0, moments[:size])
        logp = to_theta(model, groups, blocks, x, theta, data, codes, scratch)
        _fill_scaled_factor(g, theta, scratch, factor)
        logp += add_data(
            head, g.k, factor, theta, data, codes, grad, moments, moments[size:], noise
        )
        for i in range(head.n_groups):
            logp += add_effects_gradient(groups[i], blocks, x, theta, grad, codes, scratch)
        _add_moments(g, blocks, x, theta, grad, codes, scratch, factor, moments)
        return logp + to_x(model, x, theta, grad, data)

    log_density.__qualname__ = f"log_density_{add_data.__name__}"  # its name in the cache
    return log_density


def _fill_scaled_factor(g: Any, theta: Array, scratch: Array, factor: Array) -> None:
    """Λ = sd · L of every stratum."""
    for i in range(g.strata * g.k):
        for j in range(g.k):
            factor[i * g.k + j] = theta[g.sd + i] * scratch[g.factor + i * g.k + j]


def add_tiles(
    head: Any,
    k: int,
    factor: Array,
    theta: Array,
    data: Array,
    codes: Array,
    grad: Array,
    moments: Array,
    errors: Array,
    noise: int,
) -> float:
    """The log density of the data, with the derivatives by sigma, coefficients and effects.

    Adds Σ (E[u u'] - I) to the ``moments`` of each stratum.
    """
    tiles = carray(pointer_to(head.tiles), head.n_tiles, TILE)
    others = carray(pointer_to(head.others), head.n_others, OTHER)
    work, scale = errors[head.errors :], 1.0 / theta[head.sigma]
    logp, squares, explained = 0.0, 0.0, 0.0
    for i in range(tiles.size):
        t = tiles[i]
        by, f = factor[t.stratum * k * k :], work[t.k * t.rank * t.levels :]
        fill_loadings(t, data[t.data :], by, scale, work)
        fill_errors(head, t, others, scale, theta, data, codes, f, errors)
        logp += integrate(t, work)
        squares += add_rows(head, t, others, scale, f, data, codes, errors, grad)
        explained += add_level_moments(t, work, moments[t.stratum * k * k :])
        if noise > 0 and t.k > 0:
            effects = carray(pointer_to(noise), head.n_levels * k, np.float64)
            colour(t, by, lane(t, codes[t.codes :], 0), work, work[head.work :], effects)
    grad[head.sigma] += (squares - head.weight + explained) * scale
    return logp - 0.5 * squares + head.weight * log(scale)


def _add_moments(
    g: Any, blocks: Any, x: Array, theta: Array, grad: Array, codes: Array, scratch: Array,
    factor: Array, moments: Array,
) -> None:  # fmt: skip
    """Derivatives by standard deviations and correlations of the integrated group."""
    own = scratch[g.factor :]
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
