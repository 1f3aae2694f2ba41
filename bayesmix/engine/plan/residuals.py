"""What the kernels are told of correlated residuals: the order of rows, and their places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bayesmix.correlations import Distance, Known, Layout, Unstructured
from bayesmix.design import Residuals
from bayesmix.design.residuals import Kind
from bayesmix.engine.kernels.tables import EXPONENTIAL, GAUSSIAN, MATERN3, MATERN5
from bayesmix.engine.plan.layout import Layout as Places

if TYPE_CHECKING:
    from bayesmix.engine.plan.packing import _Packer

DECAYS = {
    ("corExp", 1.5): EXPONENTIAL,
    ("corGaus", 1.5): GAUSSIAN,
    ("corMatern", 1.5): MATERN3,
    ("corMatern", 2.5): MATERN5,
}
"""What correlations make of distances, by function and smoothness."""


def series_terms(residuals: Residuals, layout: Layout) -> list[np.ndarray]:
    """The addition terms of rows that hang together."""
    order, gap = in_time(layout)
    places = PLACES.get(type(residuals.correlation))
    if places is None:
        return [order, gap, np.full(len(order), float(residuals.orders.get("ar", 0)))]
    groups = (column[at >= 0] for at, column in zip(layout.rows.T, layout.times.T, strict=True))
    return [order, gap, *places(residuals.correlation, groups)]


def _numbers(correlation: Unstructured, groups: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Those of the times."""
    return (correlation.number(times).astype(float) for times in groups)


def _distances(correlation: Distance, groups: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """What is made of distances, and those in every group."""
    yield np.array([DECAYS[correlation.function, correlation.smoothness]], float)
    for places in groups:
        apart = np.abs(np.subtract.outer(places, places))
        yield apart[np.tril_indices(len(apart), -1)]


def _roots(correlation: Known, groups: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The Cholesky factor of every group."""
    for at in groups:
        rows = at.astype(int)
        root = np.linalg.cholesky(correlation.matrix[np.ix_(rows, rows)])
        yield root[np.tril_indices(len(root))]


PLACES = {Unstructured: _numbers, Distance: _distances, Known: _roots}
"""What loops are told of the places of rows in a group, by correlation."""


def in_levels(layout: Layout, index: np.ndarray) -> Layout:
    """Series in the order of the levels that they are in; `index` says it of each row."""
    order = np.argsort(index[layout.rows[0]], kind="stable")
    return replace(layout, rows=layout.rows[:, order], times=layout.times[:, order])


def within_levels(residuals: Residuals, index: np.ndarray) -> bool:
    """Whether all rows of a series have one level."""
    codes = residuals.series.codes
    return len(np.unique(np.stack([codes, index]), axis=1).T) == len(np.unique(codes))


def in_time(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of rows, group by group in time; and how long after the one before each is.

    That is 0 for the first of a group, and for the others above it.
    """
    distances = np.abs(layout.distances)
    distances[0] = 0.0
    there = layout.rows.T >= 0
    return layout.rows.T[there].astype(float), distances.T[there]


def numbers_of_residuals(residuals: Residuals, places: Places) -> slice:
    """Where the parameters of a correlation, or of lags, stand."""
    names = residuals.orders or residuals.correlation.names
    at = [places[residuals.target.called(name)].numbers for name in names]
    return slice(at[0].start, at[-1].stop) if at else slice(0, 0)


LINES = 9
"""Numbers of scratch for each latent residual, see `kernels.latent`."""


def latents(packer: _Packer) -> list[tuple[int, ...]]:
    """The records of residuals of linear predictors."""
    found = (p.residuals for p in packer.layout.predictors.values() if p.residuals)
    return [_latent(packer, r) for r in found if r.kind == Kind.LATENT]


def _latent(packer: _Packer, residuals: Residuals) -> tuple[int, ...]:
    from bayesmix.engine.kernels.residuals import compiled_colouring

    called, shared = residuals.target.called, numbers_of_residuals(residuals, packer.layout)
    err, sd = packer.layout[called("err")], packer.layout[called("sderr")]
    aux = packer.data.add(np.concatenate(series_terms(residuals, residuals.layout)))
    work = packer.scratch
    packer.scratch += LINES * err.size
    colour = compiled_colouring(residuals.correlation).address
    places = err.start, err.size, sd.start, shared.start, shared.stop - shared.start
    return *places, aux, work, colour
