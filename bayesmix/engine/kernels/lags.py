"""The loops over rows whose mean has the residuals of rows before, in place of `rows`.

They have its signature and the addition terms of `series`, the third of which is how many lags
``ar`` has. What is new in a normal row is linear in the rows before: it can be whitened, too
(`whitening`), with scales of one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import carray

from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.kernels.rows import SIGNATURE
from bayesmix.families.row import RowKernel

Array = Any

kernel = None
"""Linked when a loop is compiled."""


@cache
def compiled_lagged(row: RowKernel) -> Any:
    """The callback for a family's row kernel."""
    return callback(SIGNATURE, LAGGED[len(row.scales)], kernel=row.function)


def lagged_2(n, y_, aux_, step, weights_, values_, slopes_, stride, varying, shared_, by_, m):  # type: ignore
    """Families of two parameters."""
    y, weights, aux = carray(y_, n), carray(weights_, n), carray(aux_, 3 * step)
    order, gap, p = aux[:n], aux[step : step + n], int(aux[2 * step])
    values, slopes = carray(values_, 2 * stride), carray(slopes_, 2 * stride)
    shared, by = carray(shared_, m), carray(by_, m)
    work = np.zeros(4 * n)
    _means(shared, p, order, gap, y, values, work)
    logp, total = 0.0, 0.0
    for k in range(n):
        i = int(order[k])
        at = stride + (i if varying else 0)
        value, work[2 * n + k], by_second = kernel(y[i], work[n + k], values[at])
        logp += weights[i] * value
        work[2 * n + k] *= weights[i]
        total += weights[i] * by_second
        if varying:
            slopes[at] = weights[i] * by_second
    if not varying:
        slopes[stride] = total
    _means_backward(shared, p, order, gap, work, slopes, by)
    return logp


def lagged_3(n, y_, aux_, step, weights_, values_, slopes_, stride, varying, shared_, by_, m):  # type: ignore
    """Families of three parameters."""
    y, weights, aux = carray(y_, n), carray(weights_, n), carray(aux_, 3 * step)
    order, gap, p = aux[:n], aux[step : step + n], int(aux[2 * step])
    values, slopes = carray(values_, 3 * stride), carray(slopes_, 3 * stride)
    shared, by = carray(shared_, m), carray(by_, m)
    work = np.zeros(4 * n)
    _means(shared, p, order, gap, y, values, work)
    logp, total, more = 0.0, 0.0, 0.0
    for k in range(n):
        i = int(order[k])
        at = stride + (i if varying else 0)
        value, by_mean, by_second, by_third = kernel(
            y[i], work[n + k], values[at], values[at + stride]
        )
        logp += weights[i] * value
        work[2 * n + k] = weights[i] * by_mean
        total += weights[i] * by_second
        more += weights[i] * by_third
        if varying:
            slopes[at], slopes[at + stride] = weights[i] * by_second, weights[i] * by_third
    if not varying:
        slopes[stride], slopes[2 * stride] = total, more
    _means_backward(shared, p, order, gap, work, slopes, by)
    return logp


LAGGED = {2: lagged_2, 3: lagged_3}


def _means(
    shared: Array, p: int, order: Array, gap: Array, y: Array, eta: Array, work: Array
) -> None:
    """Errors and, after them, means with the errors before: see `bayesmix.correlations.lags`."""
    n, place = order.size, 0
    for k in range(n):
        place = place + 1 if gap[k] != 0.0 else 0
        i, passed, drawn = int(order[k]), 0.0, 0.0
        for j in range(min(p, place)):
            drawn += shared[j] * work[k - 1 - j]
        for j in range(min(shared.size - p, place)):
            passed += shared[p + j] * work[k - 1 - j]
        work[k] = y[i] - eta[i] - passed
        work[n + k] = eta[i] + passed + drawn


def _means_backward(
    shared: Array, p: int, order: Array, gap: Array, work: Array, slopes: Array, by: Array
) -> None:
    """From the last row to the first; derivatives by means are the third part of ``work``."""
    n, last = order.size, order.size
    for k in range(n - 1, -1, -1):
        # By the error of this row, from what rows after it have taken.
        by_error = 0.0
        for j in range(min(p, last - 1 - k)):
            by_error += shared[j] * work[2 * n + k + 1 + j]
        for j in range(min(shared.size - p, last - 1 - k)):
            after = k + 1 + j
            by_error += shared[p + j] * (work[2 * n + after] - work[3 * n + after])
        work[3 * n + k] = by_error
        slopes[int(order[k])] = work[2 * n + k] - by_error
        if gap[k] == 0.0:
            last = k
    place = 0
    for k in range(n):
        place = place + 1 if gap[k] != 0.0 else 0
        for j in range(min(p, place)):
            by[j] += work[2 * n + k] * work[k - 1 - j]
        for j in range(min(shared.size - p, place)):
            by[p + j] += (work[2 * n + k] - work[3 * n + k]) * work[k - 1 - j]


def whiten_lags(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """Errors, which are kept in ``work``, and what is new."""
    p, at = int(place[0]), 0
    for k in range(gap.size):
        at = at + 1 if gap[k] != 0.0 else 0
        work[k] = u[k]
        for j in range(min(shared.size - p, at)):
            work[k] -= shared[p + j] * work[k - 1 - j]
        white[k] = work[k]
        for j in range(min(p, at)):
            white[k] -= shared[j] * work[k - 1 - j]
    return 0.0


def backward_lags(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, logs: float, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_lags`; derivatives by errors are those by residuals."""
    n, p, last = gap.size, int(place[0]), gap.size
    for k in range(n - 1, -1, -1):
        by_u[k] += by_white[k]
        for j in range(min(p, last - 1 - k)):
            by_u[k] -= shared[j] * by_white[k + 1 + j]
            by[j] -= by_white[k + 1 + j] * work[k]
        for j in range(min(shared.size - p, last - 1 - k)):
            by_u[k] -= shared[p + j] * by_u[k + 1 + j]
            by[p + j] -= by_u[k + 1 + j] * work[k]
        if gap[k] == 0.0:
            last = k
