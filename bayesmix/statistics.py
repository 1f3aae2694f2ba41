"""Draws → the columns ``Estimate, Est.Error, Q2.5, Q97.5``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.errors import PredictionError

MAD = 1.482602218505602
"""Makes the median absolute deviation of a normal its sd."""


def summarise(
    values: np.ndarray, index: pd.Index, probs: Sequence[float], robust: bool
) -> pd.DataFrame:
    """One row for each quantity.

    Parameters
    ----------
    values : ndarray
        ``(sample, quantity)``.
    index : Index
        Names of the quantities.
    probs : sequence of float
        Quantiles; each becomes a column ``Q2.5``.
    robust : bool
        Median and mad (times 1.4826) in place of mean and sd.

    Raises
    ------
    PredictionError
        If `probs` aren't between 0 and 1.
    """
    probs = checked_probs(probs)
    centre, spread = _robust(values) if robust else _moments(values)
    columns = {"Estimate": centre, "Est.Error": spread}
    quantiles = np.quantile(values, probs, axis=0) if probs else []
    columns |= {f"Q{100 * p:g}": q for p, q in zip(probs, quantiles, strict=True)}
    return pd.DataFrame(columns, index=index)


def checked_probs(probs: Sequence[float]) -> list[float]:
    """The quantiles as floats; PredictionError for others than between 0 and 1."""
    values = list(probs) if isinstance(probs, Iterable) else [probs]
    if not all(map(is_probability, values)):
        raise PredictionError(f"probs must be numbers between 0 and 1, not {probs!r}.")
    return [float(p) for p in values]


def is_probability(value: Any) -> bool:
    """Whether it is a number from 0 to 1."""
    return isinstance(value, Real) and not isinstance(value, bool) and bool(0 <= value <= 1)


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(values) < 2:
        return values.mean(axis=0), np.full(values.shape[1], np.nan)
    return values.mean(axis=0), values.std(axis=0, ddof=1)


def _robust(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    median = np.median(values, axis=0)
    return median, MAD * np.median(np.abs(values - median), axis=0)
