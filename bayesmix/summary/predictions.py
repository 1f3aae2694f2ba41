"""Predictions, summarised for each row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayesmix.predict.predicted import Predicted
from bayesmix.statistics import checked_probs, summarise
from bayesmix.tables import Table


def by_row(predicted: Predicted, probs: Sequence[float], robust: bool) -> Table:
    """A row for each obs, or for each and every cluster and category.

    Chunk by chunk: draws × rows are never there at once.
    """
    probs = checked_probs(probs)

    def table(part: slice, here: np.ndarray) -> pd.DataFrame:
        ordered = np.moveaxis(here, 0, 2)
        flat = ordered.reshape(len(ordered), -1)
        return summarise(flat, pd.RangeIndex(flat.shape[1]), probs, robust)

    axes = predicted.axes
    index = axes["obs"]
    if len(axes) > 1:
        index = pd.MultiIndex.from_product(list(axes.values()), names=list(axes))
    parts = list(predicted.each(table))
    whole = pd.concat(parts) if parts else table(slice(0, 0), np.empty((1, 1, 0)))
    return Table(whole.set_axis(index, axis=0))
