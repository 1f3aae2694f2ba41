"""Products of bases: `t2()`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from bayesmix.smooths.basis import Basis, Columns, largest_row
from bayesmix.smooths.penalised import Smooth, natural, without_mean


def tensor(bases: Sequence[Basis], rows: np.ndarray) -> Smooth:
    """A smooth function of several covariates on scales of their own.

    Each product of a basis's penalised part or free part with those of the others is a block with
    an sd of its own; that of all the free ones has none.

    Parameters
    ----------
    bases : sequence of Basis
        One for each covariate.
    rows : ndarray
        Covariates on the data, rows × covariates.
    """
    on_data = [b.on(rows[:, [i]]) for i, b in enumerate(bases)]
    made = [natural(values, b) for values, b in zip(on_data, bases, strict=True)]
    columns = _Products(tuple(b.columns for b in bases), tuple(made))
    values, size = columns.on(rows), [m.shape[1] for m in made]
    places = np.arange(values.shape[1]).reshape(size)
    free = places[tuple(slice(b.rank, None) for b in bases)].ravel()
    chosen = np.eye(values.shape[1])
    blocks = tuple(
        chosen[:, places[part].ravel()] / largest_row(values) for part in _penalised(bases)
    )
    fixed = chosen[:, free] @ without_mean(values[:, free])
    return Smooth(columns, fixed, blocks)


@dataclass(frozen=True)
class _Products:
    """Every product of one function of each of some bases."""

    parts: tuple[Columns, ...]
    combinations: tuple[np.ndarray, ...]

    def on(self, rows: np.ndarray) -> np.ndarray:
        values = (part.on(rows[:, [i]]) @ self.combinations[i] for i, part in enumerate(self.parts))
        return row_products(values)


def row_products(matrices: Iterable[np.ndarray]) -> np.ndarray:
    """Every product of one column of each, on every row; those of the last go round first."""
    first, *others = matrices
    for matrix in others:
        first = (first[:, :, None] * matrix[:, None, :]).reshape(len(first), -1)
    return first


def _penalised(bases: Sequence[Basis]) -> Iterable[tuple[slice, ...]]:
    """Where each block stands, the first covariate's parts taking turns first, as in mgcv."""
    for frees in product((False, True), repeat=len(bases)):
        if not all(frees):
            yield tuple(
                slice(b.rank, None) if free else slice(0, b.rank)
                for b, free in zip(bases, frees[::-1], strict=True)
            )
