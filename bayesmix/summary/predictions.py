"""Predictions, summarised for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from bayesmix.statistics import summarise
from bayesmix.tables import Table

if TYPE_CHECKING:
    import xarray as xr


def by_row(draws: xr.DataArray, probs: Sequence[float], robust: bool) -> Table:
    """Draws ``(sample, obs)`` as a table with a row for each obs, or for each and each category."""
    samples, *dims = draws.dims
    index = draws.indexes["obs"]
    if len(dims) > 1:
        index = pd.MultiIndex.from_product([draws.indexes[d] for d in dims], names=dims)
    values = draws.to_numpy().reshape(draws.sizes[samples], -1)
    return Table(summarise(values, index, probs, robust))
