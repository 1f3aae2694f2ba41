"""Fewer rows with the same sums of squares, for a normal response with one sigma.

The log density sees the rows of design and response only through sums of squares of linear
combinations of their columns. Rows that agree in all their levels (a cell) can therefore be
replaced by the triangular factor R of their QR decomposition: as many rows as the cell has rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import sqrt
from typing import Any

import numpy as np
from numba import carray, types

from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.kernels.native import pointer_to
from bayesmix.engine.kernels.options import reordered
from bayesmix.engine.kernels.predictors import dot

CHUNK = 256
"""Rows of a cell that are taken in at once."""
TOLERANCE = 1e-12
"""What is left of a column, relative to its length, that counts as rounding."""
SIGNATURE = types.int64(*[types.int64] * 10)


def compress(
    columns: np.ndarray, levels: Sequence[np.ndarray], ends: Sequence[int]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Rows with the same sums of squares, ``‖columns @ a‖²`` for any a that the levels choose.

    Parameters
    ----------
    columns : ndarray
        Rows × columns, multiplied by the roots of the weights. The columns of grouping factors
        come first, factor after factor; then those with coefficients of the population, last the
        response.
    levels : sequence of ndarray of int
        For each grouping factor the level of each row.
    ends : sequence of int
        For each grouping factor the number of columns up to and with its own.

    Returns
    -------
    columns : ndarray
        The new rows, sorted by the first factor's level, those without any of its columns last.
    levels : list of ndarray
        Their levels; of no meaning where all columns of the factor are 0.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> level, one, y = np.repeat([0, 1], 50), np.ones(100), rng.normal(size=100)
    >>> rows, (levels,) = compress(np.stack([one, y], axis=1), [level], [1])
    >>> rows.shape, levels.tolist()
    ((3, 2), [0, 1, 0])
    >>> bool(np.isclose(((y - 2) ** 2).sum(), ((rows[:, 1] - 2 * rows[:, 0]) ** 2).sum()))
    True
    """
    levels = [np.ascontiguousarray(lv, np.int64) for lv in levels]
    kept: list[tuple[np.ndarray, list[np.ndarray]]] = []
    for i, end in enumerate([*ends, columns.shape[1]]):
        columns, first, pivot = _reduced(columns, levels[i:])
        levels = [lv[first] for lv in levels]
        done = pivot < end
        kept.append((columns[done], [lv[done] for lv in levels]))
        columns, levels = columns[~done], [lv[~done] for lv in levels]
    rows, of_rows = zip(*kept, strict=True)
    return np.concatenate(rows), [np.concatenate(lv) for lv in zip(*of_rows, strict=True)]


def _reduced(
    columns: np.ndarray, levels: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The triangular factors of all cells; for each of their rows an old one, and its pivot."""
    columns = np.ascontiguousarray(columns, float)
    n, p = columns.shape
    order = np.lexsort(levels[::-1]) if levels else np.arange(n)
    starts = _starts([lv[order] for lv in levels], n)
    most = int(np.minimum(np.diff(starts), p).sum())
    rows, first, pivot = np.empty((most, p)), np.empty(most, np.int64), np.empty(most, np.int64)
    scratch = np.empty((2 * p, CHUNK + p))
    arrays = columns, order, starts, rows, first, pivot, scratch
    addresses = (a.ctypes.data for a in arrays)
    rank = _reduction()(*addresses, n, p, len(starts) - 1)
    return rows[:rank], first[:rank], pivot[:rank]


def _starts(levels: Sequence[np.ndarray], n: int) -> np.ndarray:
    """Where each cell starts in the sorted rows, and their number."""
    new = np.zeros(n, bool)
    new[:1] = True
    for lv in levels:
        new[1:] |= lv[1:] != lv[:-1]
    return np.append(np.flatnonzero(new), n)


@cache
def _reduction() -> Any:
    return callback(SIGNATURE, reduce_cells).ctypes


def reduce_cells(columns_, order_, starts_, rows_, first_, pivot_, scratch_, n, p, cells):  # type: ignore
    """Fill rows, first old rows and pivots of all cells; returns the number of rows."""
    columns = carray(pointer_to(columns_), (n, p), np.float64)
    order = carray(pointer_to(order_), n, np.int64)
    starts = carray(pointer_to(starts_), cells + 1, np.int64)
    most = 0
    for cell in range(cells):
        most += min(p, starts[cell + 1] - starts[cell])
    rows = carray(pointer_to(rows_), (most, p), np.float64)
    first = carray(pointer_to(first_), most, np.int64)
    pivot = carray(pointer_to(pivot_), most, np.int64)
    scratch = carray(pointer_to(scratch_), (2 * p, CHUNK + p), np.float64)
    at = 0
    for cell in range(cells):
        members = order[starts[cell] : starts[cell + 1]]
        rank = reduce_cell(columns, members, rows[at:], pivot[at:], scratch)
        first[at : at + rank] = order[starts[cell]]
        at += rank
    return at


def reduce_cell(columns, members, rows, pivot, scratch):  # type: ignore
    """The triangular factor of one cell, chunk after chunk of its rows; its rank."""
    p, rank = columns.shape[1], 0
    for start in range(0, len(members), CHUNK):
        chunk = members[start : start + CHUNK]
        m = rank + len(chunk)
        for k in range(p):
            for i in range(rank):
                scratch[k, i] = rows[i, k]
            for i in range(len(chunk)):
                scratch[k, rank + i] = columns[chunk[i], k]
        rank = triangular(scratch[:p, :m], scratch[p:, :m], rows, pivot)
    return rank


def triangular(block, basis, rows, pivot):  # type: ignore
    """Gram and Schmidt's decomposition, each column twice, those that depend on others left out."""
    p, m = block.shape
    rank = 0
    for k in range(p):
        column = block[k]
        length = sqrt(dot(column, column))
        for r in range(rank):
            rows[r, k] = 0.0
        for _ in range(2):
            for r in range(rank):
                rows[r, k] += project_out(column, basis[r])
        left = sqrt(dot(column, column))
        if rank < m and left > TOLERANCE * length:
            for i in range(m):
                basis[rank, i] = column[i] / left
            rows[rank, :k] = 0.0
            rows[rank, k] = left
            pivot[rank] = k
            rank += 1
    return rank


@reordered
def project_out(column, direction):  # type: ignore
    """Take the part along a unit vector out of a column; its length."""
    along = dot(direction, column)
    for i in range(len(column)):
        column[i] -= along * direction[i]
    return along
