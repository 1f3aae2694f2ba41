"""What the loop over rows is given, by how the rows of a response hang together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from bayesmix.correlations import Distance, Known, Layout, Unstructured
from bayesmix.design import Residuals
from bayesmix.engine.kernels.tables import BLOCK_ROWS, EXPONENTIAL, GAUSSIAN, MATERN3, MATERN5
from bayesmix.engine.plan.layout import Layout as Places
from bayesmix.likelihood import CorrelatedRows, IndependentRows, LaggedRows
from bayesmix.spec import Response

DECAYS = {
    ("corExp", 1.5): EXPONENTIAL,
    ("corGaus", 1.5): GAUSSIAN,
    ("corMatern", 1.5): MATERN3,
    ("corMatern", 2.5): MATERN5,
}
"""What correlations make of distances, by function and smoothness."""


def uncovered_likelihood(response: Response) -> str | None:
    """Why there is no loop for a response's rows; None if there is one."""
    likelihood = response.likelihood
    if isinstance(likelihood, CorrelatedRows):
        if "sigma" not in response.family.dpar_names[1:2]:
            return "correlated residuals without a 'sigma' have no kernel"
    elif not isinstance(likelihood, IndependentRows | LaggedRows):
        return f"rows that hang together ({type(likelihood).__name__}) have no kernel"
    return None


def compiled_likelihood(response: Response) -> Any:
    """The callback over a response's rows."""
    from bayesmix.engine.kernels.lags import compiled_lagged
    from bayesmix.engine.kernels.rows import compiled_rows
    from bayesmix.engine.kernels.series import compiled_correlated

    likelihood, family = response.likelihood, response.family
    if isinstance(likelihood, CorrelatedRows):
        return compiled_correlated(likelihood.residuals.correlation, family.name)
    if isinstance(likelihood, LaggedRows):
        return compiled_lagged(family.row)
    return compiled_rows(family.row)


def block_rows(response: Response) -> int:
    """How many rows are done at once."""
    together = not isinstance(response.likelihood, IndependentRows)
    return max(1, len(response.data.y)) if together else BLOCK_ROWS


def terms_of(response: Response) -> list[np.ndarray]:
    """The addition terms that the loop is given, in their order."""
    likelihood = response.likelihood
    if isinstance(likelihood, IndependentRows):
        return [response.data.aux[name] for name in response.family.row.takes]
    return series_terms(likelihood.residuals, likelihood.residuals.layout)


def series_terms(residuals: Residuals, layout: Layout) -> list[np.ndarray]:
    """Those of rows that hang together."""
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


def shared_of(response: Response, places: Places) -> slice:
    """Where the numbers stand that all rows share."""
    likelihood = response.likelihood
    if isinstance(likelihood, IndependentRows):
        name = response.family.row.shared
        return slice(0, 0) if name is None else places[response.variable(name)].numbers
    return numbers_of_residuals(likelihood.residuals, places)


def numbers_of_residuals(residuals: Residuals, places: Places) -> slice:
    """Where the parameters of a correlation, or of lags, stand."""
    names = residuals.orders or residuals.correlation.names
    at = [places[residuals.target.called(name)].numbers for name in names]
    return slice(at[0].start, at[-1].stop) if at else slice(0, 0)
