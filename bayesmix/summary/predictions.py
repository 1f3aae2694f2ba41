"""Predictions, summarised for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bayesmix.statistics import summarise
from bayesmix.tables import Table

if TYPE_CHECKING:
    import xarray as xr


def by_row(draws: xr.DataArray, probs: Sequence[float], robust: bool) -> Table:
    """Draws ``(sample, obs)`` as a table with a row for each obs."""
    return Table(summarise(draws.to_numpy(), draws.indexes["obs"], probs, robust))
