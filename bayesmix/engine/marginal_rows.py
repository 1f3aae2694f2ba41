"""The rows of a tile: errors given the parameters, and derivatives by what the errors are made of.

A slot is one row of each level of the tile. Its columns are those of Q, of the population, of each
other group, and the response.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray

from bayesmix.engine.marginal_tables import OTHER
from bayesmix.engine.marginal_tiles import add_product
from bayesmix.engine.native import pointer_to
from bayesmix.engine.options import reordered
from bayesmix.engine.predictors import add_scaled, dot

Array = Any


def fill_errors(
    head: Any, t: Any, scale: float, theta: Array, codes: Array, along: Array, errors: Array
) -> None:
    """Fill ``along`` with Q'e and ``errors`` with e - Q Q'e, both times ``scale``."""
    along[:] = 0.0
    for s in range(t.slots):
        columns, e = _columns(head, t, s), errors[s * t.levels : (s + 1) * t.levels]
        _fill_error(head, t, s, columns, scale, theta, codes, e)
        for i in range(t.rank):
            add_product(1.0, columns[i], e, along[i])
    for s in range(t.slots):
        columns, e = _columns(head, t, s), errors[s * t.levels : (s + 1) * t.levels]
        for i in range(t.rank):
            add_product(-1.0, columns[i], along[i], e)


def add_rows(
    head: Any, t: Any, scale: float, left: Array, codes: Array, errors: Array, grad: Array
) -> float:
    """Put Q · left, what the effects leave, back into the errors; their sum of squares.

    The errors are then derivatives: by the linear predictor, over ``scale``.
    """
    squares = 0.0
    for s in range(t.slots):
        columns, e = _columns(head, t, s), errors[s * t.levels : (s + 1) * t.levels]
        for i in range(t.rank):
            add_product(1.0, columns[i], left[i], e)
        squares += dot(e, e)
        for j in range(head.n_coefficients):
            grad[head.coefficients + j] += scale * dot(columns[t.rank + j], e)
        _add_others(head, t, s, columns, scale, codes, e, grad)
    return squares


def _columns(head: Any, t: Any, slot: int) -> Array:
    data = carray(pointer_to(head.data), head.n_data, np.float64)
    n = t.rank + head.columns
    at = t.data + (t.rank * t.k + slot * n) * t.levels
    return data[at : at + n * t.levels].reshape((n, t.levels))


def _fill_error(
    head: Any, t: Any, s: int, columns: Array, scale: float, theta: Array, codes: Array, e: Array
) -> None:
    e[:] = columns[columns.shape[0] - 1]
    for j in range(head.n_coefficients):
        add_scaled(-theta[head.coefficients + j], columns[t.rank + j], e)
    others = carray(pointer_to(head.others), head.n_others, OTHER)
    for h in range(others.size):
        o = others[h]
        levels = _levels(t, s, h, others.size, codes)
        for c in range(o.k):
            _gather(theta[o.at + c :], o.k, levels, columns[t.rank + o.column + c], e)
    for n in range(e.size):
        e[n] *= scale


def _add_others(
    head: Any, t: Any, s: int, columns: Array, scale: float, codes: Array, e: Array, grad: Array
) -> None:
    others = carray(pointer_to(head.others), head.n_others, OTHER)
    for h in range(others.size):
        o = others[h]
        levels = _levels(t, s, h, others.size, codes)
        for c in range(o.k):
            column = columns[t.rank + o.column + c]
            for n in range(e.size):
                grad[o.at + levels[n] * o.k + c] += scale * e[n] * column[n]


def _levels(t: Any, slot: int, other: int, n_others: int, codes: Array) -> Array:
    at = t.codes + (1 + slot * n_others + other) * t.levels
    return codes[at : at + t.levels]


@reordered
def _gather(effects: Array, k: int, levels: Array, column: Array, e: Array) -> None:
    for n in range(e.size):
        e[n] -= effects[k * levels[n]] * column[n]
