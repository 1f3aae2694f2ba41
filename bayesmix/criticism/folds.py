"""Which rows are left out together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.spec import ModelSpec

FUTURE = "future"
HOW = ("random", "stratified", "grouped", FUTURE)


def folds_of(
    spec: ModelSpec, k: int, group: str | None, folds: Any, rng: np.random.Generator
) -> np.ndarray:
    """The fold of each row, counted from 0; -1 for rows that are never left out; see `Fit.kfold`.

    Raises
    ------
    PredictionError
        For groups that aren't there, counts that can't be.
    """
    rows = len(spec.design.frame)
    if folds is not None and not isinstance(folds, str):
        return _given(folds, rows)
    if group is not None and folds is None:
        return _levels(spec, group)
    if folds == FUTURE and group is not None:
        return _last(_levels(spec, group), k, group)
    _check_count(k, rows)
    how = "random" if folds is None else folds
    if how not in HOW:
        raise PredictionError(
            f"folds must be one of {listed(HOW)} or a fold for each row, not {folds!r}."
        )
    if how == "random":
        return _shuffled(rows, k, rng)
    if group is None:
        raise PredictionError(f"folds={how!r} needs group=, the column to go by.")
    levels = _levels(spec, group)
    return _grouped(levels, k, group, rng) if how == "grouped" else _stratified(levels, k, rng)


def _given(folds: Any, rows: int) -> np.ndarray:
    values = np.asarray(folds)
    if values.shape != (rows,):
        raise PredictionError(f"folds must have a value for each of the {rows} rows.")
    labels, numbers = np.unique(values, return_inverse=True)
    if len(labels) < 2:
        raise PredictionError("folds must name two folds at least.")
    return numbers


def _levels(spec: ModelSpec, group: str) -> np.ndarray:
    """The level of each row: of a grouping factor, or of a column."""
    groups = {g.name: g for g in spec.design.groups}
    if group in groups:
        return groups[group].of_row
    frame = spec.design.frame
    if group not in frame.columns:
        there = list(dict.fromkeys([*groups, *frame.columns]))
        raise PredictionError(
            f"There is no group {group!r}; the model has {listed(there, limit=30)}."
            + did_you_mean(str(group), there)
        )
    return pd.factorize(frame[group], sort=True)[0]


def _check_count(k: Any, most: int, of: str = "rows", least: int = 2) -> None:
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not least <= k <= most:
        raise PredictionError(
            f"k must be a whole number from {least} to {most}, the {of}, not {k!r}."
        )


def _shuffled(rows: int, k: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(np.arange(rows) % k)


def _grouped(levels: np.ndarray, k: int, group: str, rng: np.random.Generator) -> np.ndarray:
    """Whole levels in every fold."""
    count = int(levels.max()) + 1
    _check_count(k, count, f"levels of {group!r}")
    return _shuffled(count, k, rng)[levels]


def _stratified(levels: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of every level in every fold, as evenly as can be."""
    order = rng.permutation(len(levels))
    order = order[np.argsort(levels[order], kind="stable")]
    folds = np.empty(len(levels), int)
    folds[order] = np.arange(len(levels)) % k
    return folds


def _last(times: np.ndarray, k: int, group: str) -> np.ndarray:
    """The last `k` times, each by itself; there is one before them at least."""
    known = int(times.max()) + 1
    _check_count(k, known - 1, f"values of {group!r} but the first", least=1)
    return np.maximum(times - (known - k), -1)
