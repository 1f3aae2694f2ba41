"""Group effects: from standardised ones, or with a density of their own, and back.

``theta`` holds the effects and ``grad`` the derivatives by them where ``x`` holds what they are
made of, levels × coefficients. Non-centred, that is z with r = sd · L z. Centred, it is r itself,
or r plus the population coefficients that it is a deviation from, or a reflection of that which has
its mean for a coordinate, see `shifts`. Each coefficient may be one or the other: a row of
r = sd · L z needs of the rows above their z, which is known in either case.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Any

from bayesmix.engine.kernels.options import reordered
from bayesmix.engine.numerics.correlations import add_factor_gradient, add_lkj, fill_factor

Array = Any


def add_effects(g: Any, blocks: Any, x: Array, theta: Array, codes: Array, scratch: Array) -> float:
    """Fill ``theta`` with the effects; returns the log density of what they are made of."""
    size = g.strata * g.k * g.k
    factor = scratch[g.factor : g.factor + size]
    for stratum in range(g.strata):
        _fill_factor(g, blocks, stratum, x, codes, factor)
    if g.k * g.strata == 1:
        return _add_levels_of_one(g, x, theta, codes)
    logp = 0.0
    z = scratch[g.work : g.work + 2 * g.k]
    for level in range(g.size):
        logp += _add_level(g, level, x, theta, codes, factor, z)
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
    for i in range(size):
        slope[i] = 0.0
    if g.k * g.strata == 1:
        slope[0] = _add_levels_gradient_of_one(g, x, theta, grad, codes)
    else:
        z = scratch[g.work : g.work + 2 * g.k]
        for level in range(g.size):
            _add_level(g, level, x, theta, codes, factor, z)
            _add_level_gradient(g, level, theta, grad, codes, factor, slope, z)
    logp = 0.0
    for stratum in range(g.strata):
        logp += _add_scales(g, stratum, theta, grad, codes, factor, slope)
        at = stratum * g.k * g.k
        for i in range(g.block, g.block + g.n_blocks):
            b = blocks[i]
            add_factor_gradient(b, g.k, stratum, x, codes, factor[at:], slope[at:], grad)
            logp += add_lkj(b, g, stratum, x, codes, grad)
    return logp


def subtract_shifts(shifts: Any, theta: Array, data: Array) -> None:
    """Take from centred effects, then from coefficients, what their parameters are more."""
    for i in range(shifts.size):
        s = shifts[i]
        for j in range(s.size):
            theta[s.target + j] -= data[s.weights + j] * theta[s.source]


def add_shift_gradient(shifts: Any, grad: Array, data: Array) -> None:
    """The backward pass of `subtract_shifts`."""
    for i in range(shifts.size - 1, -1, -1):
        s = shifts[i]
        total = 0.0
        for j in range(s.size):
            total += data[s.weights + j] * grad[s.target + j]
        grad[s.source] -= total


def reflect_effects(reflections: Any, values: Array) -> None:
    """From √levels times the mean and contrasts to effects; and the same of derivatives, back."""
    for i in range(reflections.size):
        r = reflections[i]
        root, total = sqrt(float(r.size)), 0.0
        for j in range(r.size):
            total += values[r.effects + j * r.stride]
        apart = (total - root * values[r.mean]) / (root - 1.0)
        for j in range(r.size):
            values[r.effects + j * r.stride] -= apart / root
        values[r.mean] += apart


def _fill_factor(g: Any, blocks: Any, stratum: int, x: Array, codes: Array, factor: Array) -> None:
    part = factor[stratum * g.k * g.k : (stratum + 1) * g.k * g.k]
    for i in range(part.size):
        part[i] = 0.0
    for i in range(g.k):
        part[i * g.k + i] = 1.0
    for i in range(g.block, g.block + g.n_blocks):
        fill_factor(blocks[i], g.k, stratum, x, codes, part)


def _add_level(
    g: Any, level: int, x: Array, theta: Array, codes: Array, factor: Array, z: Array
) -> float:
    """R = sd · L z of one level, with z for what is given of r, and r for what is given of z."""
    stratum, at = codes[g.strata_of + level], g.effects + level * g.k
    logp = 0.0
    for i in range(g.k):
        row, sd = (stratum * g.k + i) * g.k, theta[g.sd + stratum * g.k + i]
        before = 0.0
        for j in range(i):
            before += factor[row + j] * z[j]
        if codes[g.centered + i]:
            z[i] = (theta[at + i] / sd - before) / factor[row + i]
        else:
            z[i] = x[at + i]
            theta[at + i] = sd * (before + factor[row + i] * z[i])
        logp -= 0.5 * z[i] * z[i]
    return logp


def _add_level_gradient(
    g: Any,
    level: int,
    theta: Array,
    grad: Array,
    codes: Array,
    factor: Array,
    slope: Array,
    z: Array,
) -> None:
    """The backward pass of `_add_level`.

    ``slope`` gathers derivatives by the rows of sd · L, or of L where the effects are given. What
    follows z in its array are the derivatives by z.
    """
    k, stratum, at = g.k, codes[g.strata_of + level], g.effects + level * g.k
    for i in range(k):
        z[k + i] = -z[i]
    for i in range(k - 1, -1, -1):
        row, sd = (stratum * k + i) * k, theta[g.sd + stratum * k + i]
        if codes[g.centered + i]:
            s = by_row = -z[k + i] / factor[row + i]
            grad[at + i] -= s / sd
        else:
            s = grad[at + i]
            by_row = sd * s
            grad[at + i] = z[k + i] + by_row * factor[row + i]
        for j in range(i):
            z[k + j] += by_row * factor[row + j]
        for j in range(i + 1):
            slope[row + j] += s * z[j]


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
        if codes[g.centered + i]:
            levels = codes[g.counts + stratum]
            grad[at] += (s - levels) / theta[at]
            logp -= levels * log(theta[at])
        else:
            grad[at] += s
            for j in range(i + 1):
                slope[row + j] *= theta[at]
    return logp


def _add_levels_of_one(g: Any, x: Array, theta: Array, codes: Array) -> float:
    """`_add_level` of all levels, which have one coefficient: loops that can be vectorised."""
    at, sd = slice(g.effects, g.effects + g.size), theta[g.sd]
    if codes[g.centered]:
        return -0.5 * _squares(theta[at]) / (sd * sd)
    return -0.5 * _scale(sd, x[at], theta[at])


def _add_levels_gradient_of_one(g: Any, x: Array, theta: Array, grad: Array, codes: Array) -> float:
    """`_add_level_gradient` of all levels; returns the derivative by the row of sd · L."""
    at, sd = slice(g.effects, g.effects + g.size), theta[g.sd]
    if codes[g.centered]:
        _add_density_gradient(1.0 / (sd * sd), theta[at], grad[at])
        return _squares(theta[at]) / (sd * sd)
    return _add_scale_gradient(sd, x[at], grad[at])


@reordered
def _squares(effects: Array) -> float:
    """Their sum."""
    total = 0.0
    for i in range(effects.size):
        total += effects[i] * effects[i]
    return total


@reordered
def _scale(sd: float, z: Array, effects: Array) -> float:
    """Fill in the effects; returns the sum of the squares of z."""
    total = 0.0
    for i in range(z.size):
        effects[i] = sd * z[i]
        total += z[i] * z[i]
    return total


@reordered
def _add_scale_gradient(sd: float, z: Array, grad: Array) -> float:
    """Turn derivatives by the effects into those by z; returns the one by `sd`."""
    by_sd = 0.0
    for i in range(z.size):
        by_sd += grad[i] * z[i]
        grad[i] = sd * grad[i] - z[i]
    return by_sd


@reordered
def _add_density_gradient(precision: float, effects: Array, grad: Array) -> None:
    for i in range(effects.size):
        grad[i] -= precision * effects[i]
