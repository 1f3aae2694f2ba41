"""The loop over rows whose residuals hang together, in place of the one of independent rows.

It has its signature (`rows.SIGNATURE`) and is called once, with all rows. Addition terms say in
which order the rows are gone through, groups one after the other, each in the order of time; how
long after the row before each is, 0 for the first of a group; and what else the correlation knows
of their places, at most a number for each pair of rows and for each row. The values that rows share
are the parameters of the correlation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import exp, log, log1p
from typing import Any

import numpy as np
from numba import carray

from bayesmix.correlations import Correlation
from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.kernels.residuals import whitening_of
from bayesmix.engine.kernels.rows import SIGNATURE
from bayesmix.engine.kernels.whitening import end
from bayesmix.families.scalar import gammaln

Array = Any


def compiled_correlated(correlation: Correlation, family: str) -> Any:
    """The callback for rows whose residuals in a group are one draw."""
    whiten, backward = whitening_of(correlation)
    tails = {"gaussian": normal, "student": student}[family]
    return _compiled(whiten, backward, tails)


@cache
def _compiled(
    whiten: Callable[..., Any], backward: Callable[..., Any], tails: Callable[..., Any]
) -> Any:
    return callback(SIGNATURE, correlated, whiten=whiten, backward=backward, tails=tails)


whiten = backward = tails = None
"""Linked when the loop is compiled."""


def correlated(n, y_, aux_, step, weights_, values_, slopes_, stride, varying, shared_, by_, m):  # type: ignore
    """Normal or Student rows."""
    y, aux = carray(y_, n), carray(aux_, n * (n + 5) // 2)
    order, gap, place = aux[:n], aux[n : 2 * n], aux[2 * n :]
    values, slopes = carray(values_, 3 * stride), carray(slopes_, 3 * stride)
    shared, by = carray(shared_, m), carray(by_, m)
    work = np.zeros(6 * n)
    u, white, by_white, by_u = work[:n], work[n : 2 * n], work[2 * n : 3 * n], work[3 * n : 4 * n]
    logp = 0.0
    for k in range(n):
        i = int(order[k])
        log_sigma = values[stride + (i if varying else 0)]
        u[k] = (y[i] - values[i]) * exp(-log_sigma)
        logp -= log_sigma
    logp -= whiten(shared, gap, place, u, white, work[4 * n :])
    logp += tails(gap, white, values[2 * stride :], by_white, slopes[2 * stride :])
    backward(shared, gap, place, u, white, by_white, by_u, by, 1.0, work[4 * n :])
    total = 0.0
    for k in range(n):
        i = int(order[k])
        slopes[i] = -by_u[k] * exp(-values[stride + (i if varying else 0)])
        by_scale = -u[k] * by_u[k] - 1.0
        total += by_scale
        if varying:
            slopes[stride + i] = by_scale
    if not varying:
        slopes[stride] = total
    return logp


def normal(gap: Array, white: Array, nu: Array, by_white: Array, by_nu: Array) -> float:
    """The log density of what is new in each residual, and its derivatives."""
    squares = 0.0
    for k in range(gap.size):
        squares += white[k] * white[k]
        by_white[k] = -white[k]
    return -0.5 * squares


def student(gap: Array, white: Array, nu: Array, by_white: Array, by_nu: Array) -> float:
    """Those of a group are one draw of Student's t of several dimensions."""
    df, logp, total, first = nu[0], 0.0, 0.0, 0
    none, by_none = gammaln(0.5 * df)
    while first < gap.size:
        last = end(gap, first)
        size, squares = last - first, 0.0
        for k in range(first, last):
            squares += white[k] * white[k]
        whole = 0.5 * (df + size)
        all_, by_all = gammaln(whole)
        spread = log1p(squares / df)
        logp += all_ - none - 0.5 * size * log(df) - whole * spread
        total += 0.5 * (by_all - by_none - size / df - spread)
        total += whole * squares / (df * (df + squares))
        for k in range(first, last):
            by_white[k] = -2.0 * whole / (df + squares) * white[k]
        first = last
    # Where another parameter differs between rows, derivatives are summed over all of them.
    by_nu[: gap.size] = 0.0
    by_nu[0] = total
    return logp
