"""The rows of a tile: errors given the parameters, and derivatives by what the errors are made of.

A slot is one row of each level of the tile. Its columns are those of Q, of the population, of each
other group, and the response.
"""

from __future__ import annotations

from typing import Any

from bayesmix.engine.kernels.options import reordered
from bayesmix.engine.kernels.predictors import add_scaled, dot
from bayesmix.engine.marginal.tiles import add_product, fill, lane

Array = Any


def fill_errors(
    head: Any, t: Any, others: Any, scale: float, theta: Array, data: Array, codes: Array,
    along: Array, errors: Array,
) -> None:  # fmt: skip
    """Fill ``along`` with Q'e and ``errors`` with e - Q Q'e, both times ``scale``."""
    for i in range(t.rank):
        fill(0.0, lane(t, along, i))
    for s in range(t.slots):
        columns, e = _slot(head, t, s, data), lane(t, errors, s)
        _fill_error(head, t, others, s, theta, columns, codes, e)
        for n in range(e.size):
            e[n] *= scale
        for i in range(t.rank):
            add_product(1.0, lane(t, columns, i), e, lane(t, along, i))
    for s in range(t.slots):
        columns, e = _slot(head, t, s, data), lane(t, errors, s)
        for i in range(t.rank):
            add_product(-1.0, lane(t, columns, i), lane(t, along, i), e)


def add_rows(
    head: Any, t: Any, others: Any, scale: float, left: Array, data: Array, codes: Array,
    errors: Array, grad: Array,
) -> float:  # fmt: skip
    """Put Q · left, what the effects leave, back into the errors; their sum of squares.

    The errors are then the derivatives by the linear predictor, over ``scale``.
    """
    squares = 0.0
    for s in range(t.slots):
        columns, e = _slot(head, t, s, data), lane(t, errors, s)
        for i in range(t.rank):
            add_product(1.0, lane(t, columns, i), lane(t, left, i), e)
        squares += dot(e, e)
        for j in range(head.n_coefficients):
            grad[head.coefficients + j] += scale * dot(lane(t, columns, t.rank + j), e)
        _add_others(t, others, s, scale, columns, codes, e, grad)
    return squares


def _slot(head: Any, t: Any, slot: int, data: Array) -> Array:
    return data[t.data + (t.rank * t.k + slot * (t.rank + head.columns)) * t.levels :]


def _fill_error(
    head: Any, t: Any, others: Any, s: int, theta: Array, columns: Array, codes: Array, e: Array
) -> None:
    fill(0.0, e)
    add_scaled(1.0, lane(t, columns, t.rank + head.columns - 1), e)
    for j in range(head.n_coefficients):
        add_scaled(-theta[head.coefficients + j], lane(t, columns, t.rank + j), e)
    for h in range(others.size):
        o, levels = others[h], _levels(t, others.size, s, h, codes)
        for c in range(o.k):
            column = lane(t, columns, t.rank + o.column + c)
            _take_effects(theta[o.at + c :], o.k, levels, column, e)


def _add_others(
    t: Any, others: Any, s: int, scale: float, columns: Array, codes: Array, e: Array, grad: Array
) -> None:
    for h in range(others.size):
        o, levels = others[h], _levels(t, others.size, s, h, codes)
        for c in range(o.k):
            column = lane(t, columns, t.rank + o.column + c)
            _scatter(grad[o.at + c :], o.k, levels, scale, column, e)


def _levels(t: Any, n_others: int, slot: int, other: int, codes: Array) -> Array:
    return lane(t, codes[t.codes :], 1 + slot * n_others + other)


@reordered
def _take_effects(effects: Array, k: int, levels: Array, column: Array, e: Array) -> None:
    for n in range(e.size):
        e[n] -= effects[k * levels[n]] * column[n]


def _scatter(effects: Array, k: int, levels: Array, scale: float, column: Array, e: Array) -> None:
    for n in range(e.size):
        effects[k * levels[n]] += scale * e[n] * column[n]
