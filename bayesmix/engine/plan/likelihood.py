"""What the loop over rows is given, by how the rows of a response hang together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bayesmix.correlations import CAR1, Arma, CompoundSymmetry, Layout, Unstructured
from bayesmix.design import Residuals
from bayesmix.engine.kernels.tables import BLOCK_ROWS
from bayesmix.engine.plan.layout import Layout as Places
from bayesmix.spec import CorrelatedRows, IndependentRows, LaggedRows, ModelSpec, Response

CORRELATIONS = (Arma, CAR1, CompoundSymmetry, Unstructured)
"""Those of residuals that have a loop."""


def uncovered_likelihood(response: Response) -> str | None:
    """Why there is no loop for a response's rows; None if there is one."""
    likelihood = response.likelihood
    if isinstance(likelihood, CorrelatedRows):
        kind = type(likelihood.residuals.correlation)
        if kind not in CORRELATIONS:
            return f"correlated residuals ({kind.__name__}) have no kernel"
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


def block_rows(spec: ModelSpec) -> int:
    """How many rows are done at once."""
    together = not isinstance(spec.response.likelihood, IndependentRows)
    return max(1, len(spec.response.data.y)) if together else BLOCK_ROWS


def terms_of(response: Response) -> list[np.ndarray]:
    """The addition terms that the loop is given, in their order."""
    likelihood = response.likelihood
    if isinstance(likelihood, IndependentRows):
        return [response.data.aux[name] for name in response.family.row.takes]
    return series_terms(likelihood.residuals, likelihood.residuals.layout)


def series_terms(residuals: Residuals, layout: Layout) -> list[np.ndarray]:
    """Those of rows that hang together."""
    order, gap = in_time(layout)
    if isinstance(residuals.correlation, Unstructured):
        numbers = residuals.correlation.number(layout.times.T[layout.rows.T >= 0])
        return [order, gap, numbers.astype(float)]
    return [order, gap, np.full(len(order), float(residuals.orders.get("ar", 0)))]


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
    distances = layout.distances.copy()
    distances[0] = 0.0
    there = layout.rows.T >= 0
    return layout.rows.T[there].astype(float), distances.T[there]


def shared_of(response: Response, places: Places) -> slice:
    """Where the numbers stand that all rows share."""
    likelihood = response.likelihood
    if isinstance(likelihood, IndependentRows):
        name = response.family.row.shared
        return slice(0, 0) if name is None else places[name].numbers
    residuals = likelihood.residuals
    names = residuals.orders or residuals.correlation.names
    at = [places[name].numbers for name in names]
    return slice(at[0].start, at[-1].stop)
