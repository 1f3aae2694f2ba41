"""Loops over rows around a family's `RowKernel`, by the number of its dpars.

Each is compiled with one kernel in the place of ``kernel`` and called through its address. Dpars
after the first are often the same in all rows: then their values are read once, so that what a
kernel computes of them alone moves out of the loop, and their derivatives come back as sums.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from numba import carray, types

from bayesmix.engine.compiling import callback
from bayesmix.engine.options import reordered

POINTER = types.CPointer(types.float64)
SIGNATURE = types.float64(
    types.int64, POINTER, POINTER, POINTER, POINTER, POINTER, types.int64, types.int64
)
"""Rows; y, addition term, weights, values, slopes; from one dpar's values to the next's; varying.
"""


@cache
def compiled_rows(function: Callable[..., Any], dpars: int) -> Any:
    """The callback for a family's row function."""
    return callback(SIGNATURE, LOOPS[dpars], inline=True, kernel=function)


def _kernel(*args: float) -> tuple[float, ...]:
    """Hold the place of the family's row function, which `compiled_rows` links instead."""
    raise NotImplementedError


kernel = _kernel


@reordered
def rows_1(n, y_, aux_, weights_, values_, slopes_, stride, varying):  # type: ignore
    """The loop for one dpar."""
    y, aux, weights = carray(y_, n), carray(aux_, n), carray(weights_, n)
    a, da = carray(values_, n), carray(slopes_, n)
    total = 0.0
    for i in range(n):
        logp, d0 = kernel(y[i], aux[i], a[i])
        total += weights[i] * logp
        da[i] = weights[i] * d0
    return total


@reordered
def rows_2(n, y_, aux_, weights_, values_, slopes_, stride, varying):  # type: ignore
    """The loop for two dpars."""
    y, aux, weights = carray(y_, n), carray(aux_, n), carray(weights_, n)
    values, slopes = carray(values_, 2 * stride), carray(slopes_, 2 * stride)
    a, b = values[:n], values[stride : stride + n]
    da, db = slopes[:n], slopes[stride : stride + n]
    total = 0.0
    if varying:
        for i in range(n):
            logp, d0, d1 = kernel(y[i], aux[i], a[i], b[i])
            total += weights[i] * logp
            da[i], db[i] = weights[i] * d0, weights[i] * d1
        return total
    b0, s1 = b[0], 0.0
    for i in range(n):
        logp, d0, d1 = kernel(y[i], aux[i], a[i], b0)
        total += weights[i] * logp
        da[i] = weights[i] * d0
        s1 += weights[i] * d1
    db[0] = s1
    return total


@reordered
def rows_3(n, y_, aux_, weights_, values_, slopes_, stride, varying):  # type: ignore
    """The loop for three dpars."""
    y, aux, weights = carray(y_, n), carray(aux_, n), carray(weights_, n)
    values, slopes = carray(values_, 3 * stride), carray(slopes_, 3 * stride)
    a, b, c = values[:n], values[stride : stride + n], values[2 * stride : 2 * stride + n]
    da, db, dc = slopes[:n], slopes[stride : stride + n], slopes[2 * stride : 2 * stride + n]
    total = 0.0
    if varying:
        for i in range(n):
            logp, d0, d1, d2 = kernel(y[i], aux[i], a[i], b[i], c[i])
            total += weights[i] * logp
            da[i], db[i], dc[i] = weights[i] * d0, weights[i] * d1, weights[i] * d2
        return total
    b0, c0, s1, s2 = b[0], c[0], 0.0, 0.0
    for i in range(n):
        logp, d0, d1, d2 = kernel(y[i], aux[i], a[i], b0, c0)
        total += weights[i] * logp
        da[i] = weights[i] * d0
        s1 += weights[i] * d1
        s2 += weights[i] * d2
    db[0], dc[0] = s1, s2
    return total


LOOPS = {1: rows_1, 2: rows_2, 3: rows_3}
