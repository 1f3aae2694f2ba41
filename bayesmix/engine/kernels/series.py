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
from numba import carray, types

from bayesmix.correlations import (
    CAR1,
    Arma,
    CompoundSymmetry,
    Correlation,
    Distance,
    Known,
    Unstructured,
)
from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.kernels.pairs import backward_unstr, whiten_unstr
from bayesmix.engine.kernels.places import (
    backward_known,
    backward_places,
    whiten_known,
    whiten_places,
)
from bayesmix.engine.kernels.rows import POINTER, SIGNATURE
from bayesmix.engine.kernels.whitening import (
    backward_ar,
    backward_arma,
    backward_car1,
    backward_cosy,
    backward_ma,
    end,
    whiten_ar,
    whiten_arma,
    whiten_car1,
    whiten_cosy,
    whiten_ma,
)
from bayesmix.families.scalar import gammaln

Array = Any

WHITENING = types.float64(
    *(types.int64, types.int64, POINTER, types.int64),
    *(POINTER, POINTER, POINTER, POINTER),
    *(POINTER, POINTER, types.int64, POINTER),
)
"""What to do, rows, addition terms, how often logs of scales count; residuals, what is new in them,
derivatives by that and by residuals; shared values, derivatives by them, their number; scratch.
"""


def compiled_correlated(correlation: Correlation, family: str) -> Any:
    """The callback for rows whose residuals in a group are one draw."""
    whiten, backward = CORRELATIONS[type(correlation)](correlation)
    tails = {"gaussian": normal, "student": student}[family]
    return _compiled(whiten, backward, tails)


@cache
def _compiled(
    whiten: Callable[..., Any], backward: Callable[..., Any], tails: Callable[..., Any]
) -> Any:
    return callback(SIGNATURE, correlated, whiten=whiten, backward=backward, tails=tails)


def compiled_whitening(correlation: Correlation) -> Any:
    """The callback that whitens, or goes the way back."""
    whiten, backward = CORRELATIONS[type(correlation)](correlation)
    return _compiled_whitening(whiten, backward)


@cache
def _compiled_whitening(whiten: Callable[..., Any], backward: Callable[..., Any]) -> Any:
    return callback(WHITENING, whitened, whiten=whiten, backward=backward)


whiten = backward = tails = None
"""Linked when a loop is compiled."""


def whitened(back, n, aux_, logs, u_, white_, by_white_, by_u_, shared_, by_, m, work_):  # type: ignore
    """`whiten`, or where ``back`` is 1 `backward`, of rows that stand in order."""
    aux, work = carray(aux_, n * (n + 5) // 2), carray(work_, 2 * n)
    gap, place = aux[n : 2 * n], aux[2 * n :]
    u, white, shared = carray(u_, n), carray(white_, n), carray(shared_, m)
    if back == 0:
        return whiten(shared, gap, place, u, white, work)
    by_white, by_u, by = carray(by_white_, n), carray(by_u_, n), carray(by_, m)
    backward(shared, gap, place, u, white, by_white, by_u, by, float(logs), work)
    return 0.0


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


def _of_arma(correlation: Arma) -> tuple[Callable[..., Any], Callable[..., Any]]:
    if not correlation.q:
        return whiten_ar, backward_ar
    return (whiten_arma, backward_arma) if correlation.p else (whiten_ma, backward_ma)


CORRELATIONS = {
    Arma: _of_arma,
    CAR1: lambda correlation: (whiten_car1, backward_car1),
    CompoundSymmetry: lambda correlation: (whiten_cosy, backward_cosy),
    Unstructured: lambda correlation: (whiten_unstr, backward_unstr),
    Distance: lambda correlation: (whiten_places, backward_places),
    Known: lambda correlation: (whiten_known, backward_known),
}
"""The functions of each kind of correlation."""
