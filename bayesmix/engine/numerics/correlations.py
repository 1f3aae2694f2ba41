"""Correlated coefficients: canonical partial correlations to a Cholesky factor, and back.

Row i of the factor is cpc_ij times what the correlations before it have left of length one. The
LKJ prior makes the partial correlations independent betas.

References
----------
Lewandowski, Kurowicka and Joe (2009), Generating random correlation matrices based on vines and
extended onion method, *Journal of Multivariate Analysis* 100(9).
"""

from __future__ import annotations

from math import cosh, exp, log1p, tanh
from typing import Any

Array = Any


def fill_factor(b: Any, k: int, stratum: int, x: Array, codes: Array, factor: Array) -> None:
    """The rows and columns of one block, in the k × k factor of a stratum."""
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
