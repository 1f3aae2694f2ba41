"""What the loop over rows is given, by how the rows of a response hang together."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.engine.kernels.tables import BLOCK_ROWS
from bayesmix.engine.plan.layout import Layout
from bayesmix.engine.plan.residuals import numbers_of_residuals, series_terms
from bayesmix.likelihood import CorrelatedRows, IndependentRows, LaggedRows
from bayesmix.spec import Response


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


def shared_of(response: Response, places: Layout) -> slice:
    """Where the numbers stand that all rows share."""
    likelihood = response.likelihood
    if isinstance(likelihood, IndependentRows):
        name = response.family.row.shared
        return slice(0, 0) if name is None else places[response.variable(name)].numbers
    return numbers_of_residuals(likelihood.residuals, places)
