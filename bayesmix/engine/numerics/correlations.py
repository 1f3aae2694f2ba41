"""Correlated coefficients: canonical partial correlations to a Cholesky factor, and back.

Row i of the factor is cpc_ij times what the correlations before it have left of length one. The
LKJ prior makes the partial correlations independent betas. Of one correlation for all pairs, and of
one to the power of the steps between two coefficients, the factor has a formula. One correlation
for each number of steps is made of partial autocorrelations, see `bayesmix.priors.serial`.

References
----------
Lewandowski, Kurowicka and Joe (2009), Generating random correlation matrices based on vines and
extended onion method, *Journal of Multivariate Analysis* 100(9).
"""

from __future__ import annotations

from math import cosh, exp, log, log1p, sqrt, tanh
from typing import Any

import numpy as np

from bayesmix.families.scalar import sigmoid, softplus

Array = Any

FREE, COMMON, AR1, TOEPLITZ = 0, 1, 2, 3
KINDS = {"free": FREE, "common": COMMON, "ar1": AR1, "toeplitz": TOEPLITZ}
"""By the correlations of a structure."""


def fill_factor(b: Any, k: int, stratum: int, x: Array, codes: Array, factor: Array) -> None:
    """The rows and columns of one block, in the k × k factor of a stratum."""
    if b.kind == TOEPLITZ:
        start = b.cpc + stratum * (b.size - 1)
        made, _ = _toeplitz(b.size, x[start : start + b.size - 1], -1)
        for i in range(1, b.size):
            for j in range(i + 1):
                factor[k * codes[b.members + i] + codes[b.members + j]] = made[i, j]
        return
    if b.kind != FREE:
        for i in range(1, b.size):
            for j in range(i + 1):
                at = k * codes[b.members + i] + codes[b.members + j]
                factor[at] = _entry(b, x[b.cpc + stratum], i, j)[0]
        return
    v = b.cpc + stratum * (b.size * (b.size - 1) // 2)
    for i in range(1, b.size):
        row = k * codes[b.members + i]
        left = 1.0
        for j in range(i):
            factor[row + codes[b.members + j]] = tanh(0.5 * x[v]) * left
            left /= cosh(0.5 * x[v])
            v += 1
        factor[row + codes[b.members + i]] = left


def add_factor_gradient(
    b: Any, k: int, stratum: int, x: Array, codes: Array, factor: Array, slope: Array, grad: Array
) -> None:
    """What the derivatives by the factor (``slope``) make of the block's parameters."""
    if b.kind == TOEPLITZ:
        start = b.cpc + stratum * (b.size - 1)
        for v in range(b.size - 1):
            _, by_v = _toeplitz(b.size, x[start : start + b.size - 1], v)
            for i in range(1, b.size):
                for j in range(i + 1):
                    entry = k * codes[b.members + i] + codes[b.members + j]
                    grad[start + v] += slope[entry] * by_v[i, j]
        return
    if b.kind != FREE:
        at = b.cpc + stratum
        for i in range(1, b.size):
            for j in range(i + 1):
                by_entry = slope[k * codes[b.members + i] + codes[b.members + j]]
                grad[at] += by_entry * _entry(b, x[at], i, j)[1]
        return
    v = b.cpc + stratum * (b.size * (b.size - 1) // 2)
    for i in range(1, b.size):
        row = k * codes[b.members + i]
        after = 0.0
        for j in range(i + 1):
            at = row + codes[b.members + j]
            after += slope[at] * factor[at]
        left = 1.0
        for j in range(i):
            at = row + codes[b.members + j]
            shrink = 1.0 / cosh(0.5 * x[v])
            after -= slope[at] * factor[at]
            grad[v] += 0.5 * (slope[at] * left * shrink * shrink - tanh(0.5 * x[v]) * after)
            left *= shrink
            v += 1


def add_lkj(b: Any, g: Any, stratum: int, x: Array, codes: Array, grad: Array) -> float:
    """Log density of the prior, less the logarithm of the factor's determinant.

    The latter once for each level, and of the rows of centred coefficients.
    """
    if b.kind == TOEPLITZ:
        return _add_partials(b, g, stratum, x, codes, grad)
    if b.kind != FREE:
        return _add_structured(b, g, stratum, x, codes, grad)
    v = b.cpc + stratum * (b.size * (b.size - 1) // 2)
    logp = 0.0
    for i in range(1, b.size):
        is_centered = codes[g.centered + codes[b.members + i]]
        levels = codes[g.counts + stratum] if is_centered else 0
        for j in range(i):
            shape = b.eta + 0.5 * (b.size - 2 - j) - 0.5 * levels
            logp -= shape * (abs(x[v]) + 2.0 * log1p(exp(-abs(x[v]))))
            grad[v] -= shape * tanh(0.5 * x[v])
            v += 1
    return logp


def _entry(b: Any, v: float, i: int, j: int) -> tuple[float, float]:
    """An entry of the factor of a structure with one correlation, and its derivative by v."""
    return _common(b.size, v, i, j) if b.kind == COMMON else _autoregressive(v, i, j)


def _autoregressive(v: float, i: int, j: int) -> tuple[float, float]:
    """Of powers of ρ = tanh(v / 2): ρ^(i - j), but in the first column times √(1 - ρ²)."""
    rho, left = tanh(0.5 * v), 1.0 / cosh(0.5 * v)
    power, before = 1.0, 0.0
    for _ in range(i - j):
        before = power
        power *= rho
    by_v = (i - j) * before * 0.5 * left * left
    if j == 0:
        return power, by_v
    return power * left, by_v * left - 0.5 * power * rho * left


def _common(size: int, v: float, i: int, j: int) -> tuple[float, float]:
    """Of one correlation ρ = (size u - 1) / (size - 1), u = sigmoid(v).

    With t[j] = 1 + j ρ it is √((1 - ρ) t[j] / t[j-1]) on the diagonal, and under it
    ρ √((1 - ρ) / (t[j-1] t[j])).
    """
    scale = size / (size - 1.0)
    u, rest = sigmoid(v), scale * sigmoid(-v)
    rho, by_v = 1.0 - rest, scale * u * sigmoid(-v)
    # 1 + j ρ and that of the column before, with their digits also where ρ is as low as it can be.
    t = (size - 1.0 - j) / (size - 1.0) + j * scale * u
    before = (size - j) / (size - 1.0) + (j - 1) * scale * u
    if i == j:
        value = sqrt(rest * t / before)
        return value, 0.5 * by_v * value * (j / t - (j - 1) / before - 1.0 / rest)
    root = sqrt(rest / (before * t))
    bend = -0.5 * (1.0 / rest + (j - 1) / before + j / t)
    return rho * root, by_v * root * (1.0 + rho * bend)


def _add_structured(b: Any, g: Any, stratum: int, x: Array, codes: Array, grad: Array) -> float:
    """`add_lkj` of a structure with one correlation: a beta distribution of sigmoid(v)."""
    at = b.cpc + stratum
    v = x[at]
    second = (b.size - 1) * (b.eta - 1.0) + 1.0
    first = second if b.kind == AR1 else b.eta
    logp = -first * softplus(-v) - second * softplus(v)
    grad[at] += first * sigmoid(-v) - second * sigmoid(v)
    for i in range(1, b.size):
        if codes[g.centered + codes[b.members + i]]:
            levels = codes[g.counts + stratum]
            value, slope = _entry(b, v, i, i)
            logp -= levels * log(value)
            grad[at] -= levels * slope / value
    return logp


def _toeplitz(size: int, v: Array, by: int) -> tuple[Array, Array]:
    """The factor of partial autocorrelations tanh(v / 2), and its derivative by one of them.

    Each row is what predicts it from those before (Durbin 1960), and what that leaves.
    """
    factor, slope = np.zeros((size, size)), np.zeros((size, size))
    weights, by_weights = np.zeros(size), np.zeros(size)
    longer, by_longer = np.zeros(size), np.zeros(size)
    factor[0, 0], left, by_left = 1.0, 1.0, 0.0
    for i in range(1, size):
        phi, root = tanh(0.5 * v[i - 1]), 1.0 / cosh(0.5 * v[i - 1])
        by_phi = 0.5 * root * root if by == i - 1 else 0.0
        by_root = -0.5 * phi * root if by == i - 1 else 0.0
        for m in range(i - 1):
            other, by_other = weights[i - 2 - m], by_weights[i - 2 - m]
            longer[m] = weights[m] - phi * other
            by_longer[m] = by_weights[m] - by_phi * other - phi * by_other
        longer[i - 1], by_longer[i - 1] = phi, by_phi
        for m in range(i):
            weights[m], by_weights[m] = longer[m], by_longer[m]
        left, by_left = left * root, by_left * root + left * by_root
        for m in range(i):
            for j in range(i - m):
                before, by_before = factor[i - 1 - m, j], slope[i - 1 - m, j]
                factor[i, j] += weights[m] * before
                slope[i, j] += by_weights[m] * before + weights[m] * by_before
        factor[i, i], slope[i, i] = left, by_left
    return factor, slope


def _add_partials(b: Any, g: Any, stratum: int, x: Array, codes: Array, grad: Array) -> float:
    """`add_lkj` of partial autocorrelations: betas of their sigmoids, two equal parameters each."""
    logp, at = 0.0, b.cpc + stratum * (b.size - 1)
    for v in range(b.size - 1):
        shape = (b.size - 1 - v) * b.eta
        for i in range(v + 1, b.size):
            if codes[g.centered + codes[b.members + i]]:
                shape -= 0.5 * codes[g.counts + stratum]
        logp -= shape * (abs(x[at + v]) + 2.0 * log1p(exp(-abs(x[at + v]))))
        grad[at + v] -= shape * tanh(0.5 * x[at + v])
    return logp
