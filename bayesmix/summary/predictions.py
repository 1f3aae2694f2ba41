"""Predictions, summarised for each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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
    return _tables(predicted, lambda flat: summarise(flat, _numbers(flat), probs, robust))


def frequencies_by_row(predicted: Predicted, labels: Sequence[Any], first_code: int) -> Table:
    """A row for each obs, or for each and every cluster: how often each category was drawn.

    Parameters
    ----------
    predicted : Predicted
        Numbers of categories.
    labels : sequence
        The categories.
    first_code : int
        The number of the first one.
    """
    codes = range(first_code, first_code + len(labels))

    def table(flat: np.ndarray) -> pd.DataFrame:
        shares = {
            f"P(Y = {v})": (flat == k).mean(axis=0) for v, k in zip(labels, codes, strict=True)
        }
        return pd.DataFrame(shares, _numbers(flat))

    return _tables(predicted, table)


def _tables(predicted: Predicted, made: Callable[[np.ndarray], pd.DataFrame]) -> Table:
    """Those of samples × quantities, one for each chunk, put together."""

    def table(part: slice, here: np.ndarray) -> pd.DataFrame:
        ordered = np.moveaxis(here, 0, 2)
        return made(ordered.reshape(len(ordered), -1))

    axes = predicted.axes
    index = axes["obs"]
    if len(axes) > 1:
        index = pd.MultiIndex.from_product(list(axes.values()), names=list(axes))
    parts = list(predicted.each(table))
    whole = pd.concat(parts) if parts else table(slice(0, 0), np.empty((1, 1, 0)))
    return Table(whole.set_axis(index, axis=0))


def _numbers(flat: np.ndarray) -> pd.RangeIndex:
    return pd.RangeIndex(flat.shape[1])
