"""Group effects: from standardised ones, or with a density of their own, and back.

``theta`` holds the effects and ``grad`` the derivatives by them where ``x`` holds what they are
made of, levels × coefficients. Non-centred, that is z with r = sd · L z; centred, it is r itself,
or r plus the population coefficients that it is a deviation from: with many rows per level the data
tell that sum, and not its parts.
"""

from __future__ import annotations

from math import log
from typing import Any

from bayesmix.engine.correlations import add_factor_gradient, add_lkj, fill_factor

Array = Any


def add_effects(g: Any, blocks: Any, x: Array, theta: Array, codes: Array, scratch: Array) -> float:
    """Fill ``theta`` with the effects; returns the log density of what they are made of."""
    size = g.strata * g.k * g.k
    factor = scratch[g.factor : g.factor + size]
    for stratum in range(g.strata):
        _fill_factor(g, blocks, stratum, x, codes, factor)
    logp = 0.0
    work = scratch[g.work : g.work + 2 * g.k]
    for level in range(g.size):
        stratum = codes[g.strata_of + level]
        at = g.effects + level * g.k
        if g.centered:
            logp += _whiten(g, stratum, at, theta, factor, work)
        else:
            logp += _colour(g, stratum, at, x, theta, factor)
    return logp


def add_effects_gradient(
    g: Any, blocks: Any, x: Array, theta: Array, grad: Array, codes: Array, scratch: Array
) -> float:
    """Turn derivatives by the effects into derivatives by x; returns the log density of the rest.

    The rest are the correlations' prior, and for centred effects the determinant.
    """
    size = g.strata * g.k * g.k
    factor = scratch[g.factor : g.factor + size]
    slope = scratch[g.factor + size : g.factor + 2 * size]
    slope[:] = 0.0
    work = scratch[g.work : g.work + 2 * g.k]
    for level in range(g.size):
        stratum = codes[g.strata_of + level]
        at = g.effects + level * g.k
        if g.centered:
            _whiten(g, stratum, at, theta, factor, work)
            _add_whitened(g, stratum, at, theta, grad, factor, slope, work)
        else:
            _add_coloured(g, stratum, at, x, theta, grad, factor, slope)
    logp = 0.0
    for stratum in range(g.strata):
        logp += _add_scales(g, stratum, theta, grad, codes, factor, slope)
        levels = codes[g.counts + stratum] if g.centered else 0
        for i in range(g.block, g.block + g.n_blocks):
            part, by = factor[stratum * g.k * g.k :], slope[stratum * g.k * g.k :]
            add_factor_gradient(blocks[i], g.k, stratum, x, codes, part, by, grad)
            logp += add_lkj(blocks[i], stratum, levels, x, grad)
    return logp


def shift_effects(shifts: Any, theta: Array, data: Array) -> None:
    """Take from centred effects what they are deviations from."""
    for i in range(shifts.size):
        s = shifts[i]
        for j in range(s.size):
            theta[s.effects + j] -= data[s.weights + j] * theta[s.source]


def add_shift_gradient(shifts: Any, grad: Array, data: Array) -> None:
    """What derivatives by the effects make of those by what they are deviations from."""
    for i in range(shifts.size):
        s = shifts[i]
        total = 0.0
        for j in range(s.size):
            total += data[s.weights + j] * grad[s.effects + j]
        grad[s.source] -= total


def _fill_factor(g: Any, blocks: Any, stratum: int, x: Array, codes: Array, factor: Array) -> None:
    part = factor[stratum * g.k * g.k : (stratum + 1) * g.k * g.k]
    part[:] = 0.0
    for i in range(g.k):
        part[i * g.k + i] = 1.0
    for i in range(g.block, g.block + g.n_blocks):
        fill_factor(blocks[i], g.k, stratum, x, codes, part)


def _colour(g: Any, stratum: int, at: int, x: Array, theta: Array, factor: Array) -> float:
    """R = sd · L z of one level."""
    logp = 0.0
    for i in range(g.k):
        row = (stratum * g.k + i) * g.k
        s = 0.0
        for j in range(i + 1):
            s += factor[row + j] * x[at + j]
        theta[at + i] = theta[g.sd + stratum * g.k + i] * s
        logp -= 0.5 * x[at + i] * x[at + i]
    return logp


def _add_coloured(
    g: Any, stratum: int, at: int, x: Array, theta: Array, grad: Array, factor: Array, slope: Array
) -> None:
    """The backward pass of `_colour`; ``slope`` gathers derivatives by L, over sd."""
    sd = g.sd + stratum * g.k
    for j in range(g.k):
        s = 0.0
        for i in range(j, g.k):
            row = (stratum * g.k + i) * g.k
            slope[row + j] += grad[at + i] * x[at + j]
            s += factor[row + j] * theta[sd + i] * grad[at + i]
        grad[at + j] = s - x[at + j]


def _whiten(g: Any, stratum: int, at: int, theta: Array, factor: Array, z: Array) -> float:
    """Z with r = sd · L z of one level."""
    logp = 0.0
    for i in range(g.k):
        row = (stratum * g.k + i) * g.k
        s = theta[at + i] / theta[g.sd + stratum * g.k + i]
        for j in range(i):
            s -= factor[row + j] * z[j]
        z[i] = s / factor[row + i]
        logp -= 0.5 * z[i] * z[i]
    return logp


def _add_whitened(
    g: Any, stratum: int, at: int, theta: Array, grad: Array, factor: Array, slope: Array, z: Array
) -> None:
    """The backward pass of `_whiten`; ``slope`` gathers derivatives by L.

    What follows z in its array becomes w, the solution of L' w = z.
    """
    k, first = g.k, stratum * g.k
    for i in range(k):
        z[k + i] = z[i]
    for i in range(k - 1, -1, -1):
        row = (first + i) * k
        z[k + i] /= factor[row + i]
        for j in range(i):
            z[k + j] -= factor[row + j] * z[k + i]
        for j in range(i + 1):
            slope[row + j] += z[k + i] * z[j]
        grad[at + i] -= z[k + i] / theta[g.sd + first + i]


def _add_scales(
    g: Any, stratum: int, theta: Array, grad: Array, codes: Array, factor: Array, slope: Array
) -> float:
    """Derivatives by the standard deviations; leaves those by L in ``slope``."""
    logp = 0.0
    for i in range(g.k):
        at, row = g.sd + stratum * g.k + i, (stratum * g.k + i) * g.k
        s = 0.0
        for j in range(i + 1):
            s += slope[row + j] * factor[row + j]
        if g.centered:
            levels = codes[g.counts + stratum]
            grad[at] += (s - levels) / theta[at]
            logp -= levels * log(theta[at])
        else:
            grad[at] += s
            for j in range(i + 1):
                slope[row + j] *= theta[at]
    return logp
