"""``gr(g, cov=A)``: known covariances between the levels of a group, from a matrix in ``data2``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import label_key
from bayesmix.errors import DataError, FormulaError, did_you_mean, listed
from bayesmix.formula.tree import Name

SYMMETRIC = 1e-8
"""By how much mirrored entries may differ, relative to the largest."""


@dataclass(frozen=True)
class Known:
    """Known covariances between levels, those of the fit and others that it may predict.

    Attributes
    ----------
    name : str
        What ``data2`` calls the matrix.
    keys : tuple of str
        What its labels are looked up by: the group's levels in their order, then the others.
    root : ndarray
        Lower Cholesky factor of the matrix in that order.
    size : int
        The number of levels of the group.
    """

    name: str
    keys: tuple[str, ...]
    root: np.ndarray
    size: int

    @property
    def factor(self) -> np.ndarray:
        """The Cholesky factor of the levels of the fit."""
        return self.root[: self.size, : self.size]

    @property
    def variance(self) -> float:
        """The mean variance of the levels of the fit, in units of sd²."""
        return float((self.factor**2).sum(axis=1).mean())


def build_known(
    name: Name, group: str, keys: Sequence[str], data2: Mapping[str, Any], source: str
) -> Known:
    """The matrix that a formula names, put in the order of a group's levels.

    Raises
    ------
    FormulaError
        If ``data2`` has no such matrix.
    DataError
        If it is no square table of numbers with labels, lacks some of the levels, or is not
        symmetric and positive definite.
    """
    order, values = labelled_matrix(name, group, keys, data2, source)
    return Known(name.name, order, _root(name.name, values), len(keys))


def labelled_matrix(
    name: Name, group: str, keys: Sequence[str], data2: Mapping[str, Any], source: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """A symmetric matrix that a formula names, and its labels: a group's levels, then others.

    Raises
    ------
    FormulaError, DataError
        As `build_known`, but for a matrix that is not positive definite.
    """
    labels, values = square_table(name, data2, source)
    positions = {key: i for i, key in enumerate(labels)}
    missing = [key for key in keys if key not in positions]
    if missing:
        raise DataError(
            f"data2[{name.name!r}] has no row for {listed(missing)}, levels of {group!r}."
            f"{did_you_mean(missing[0], labels)} Its labels are {listed(labels)}."
        )
    _check_symmetric(name.name, labels, values)
    order = (*keys, *(key for key in labels if key not in set(keys)))
    at = [positions[key] for key in order]
    return order, values[np.ix_(at, at)]


def square_table(
    name: Name, data2: Mapping[str, Any], source: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """The labels and numbers of a matrix that a formula names.

    Raises
    ------
    FormulaError, DataError
    """
    return _table(name.name, _found(name, data2, source))


def known_rows(name: Name, data2: Mapping[str, Any], rows: pd.Index, source: str) -> np.ndarray:
    """The covariances of rows, found by their labels, or in their order if it numbers them.

    Raises
    ------
    FormulaError
        If ``data2`` has no such matrix.
    DataError
        If it isn't one of these rows, or not symmetric and positive definite.
    """
    labels, values = square_table(name, data2, source)
    keys = tuple(map(label_key, rows))
    if len(labels) != len(keys):
        raise DataError(
            f"data2[{name.name!r}] has {len(labels)} rows, and the model {len(keys)}: it must have "
            "one for each row that is complete."
        )
    if not rows.is_unique:
        raise DataError(f"data2[{name.name!r}] is of rows whose labels must differ.")
    _check_symmetric(name.name, labels, values)
    if set(labels) != set(keys):
        numbers = [tuple(str(i + first) for i in range(len(keys))) for first in (0, 1)]
        if labels not in numbers:
            alone = [key for key in keys if key not in set(labels)]
            raise DataError(
                f"data2[{name.name!r}] has no label for {listed(alone)}, rows of the data; its "
                f"labels are {listed(labels)}. Give it the labels of the rows, or numbers."
            )
        labels = keys
    positions = {label: i for i, label in enumerate(labels)}
    at = [positions[key] for key in keys]
    values = values[np.ix_(at, at)]
    _root(name.name, values)
    return values


def _found(name: Name, data2: Mapping[str, Any], source: str) -> Any:
    if name.name in data2:
        return data2[name.name]
    there = f"data2 has {listed(data2)}." if data2 else "The model was given no data2."
    raise FormulaError(
        f"The formula names a matrix {name.name!r} that is not in data2."
        + did_you_mean(name.name, data2),
        source,
        name.span,
        hint=f"{there} Pass data2={{{name.name!r}: …}}, a DataFrame with levels as labels.",
    )


def _table(name: str, table: Any) -> tuple[tuple[str, ...], np.ndarray]:
    """Labels and numbers, the columns in the order of the rows."""
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"data2[{name!r}] must be a pandas DataFrame whose row and column labels are levels, "
            f"not {type(table).__name__}."
        )
    rows, columns = _labels(name, table.index), _labels(name, table.columns)
    if len(rows) != len(columns):
        raise DataError(
            f"data2[{name!r}] must be square; it has {len(rows)} rows and {len(columns)} columns."
        )
    alone = [key for key in rows if key not in set(columns)]
    if alone:
        raise DataError(f"data2[{name!r}] has rows but no columns called {listed(alone)}.")
    try:
        values = table.to_numpy(dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"data2[{name!r}] must hold numbers only: {error}.") from error
    if not np.isfinite(values).all():
        i, j = np.argwhere(~np.isfinite(values))[0]
        raise DataError(f"data2[{name!r}] is missing or infinite at {rows[i]!r}, {columns[j]!r}.")
    return rows, values[:, [columns.index(key) for key in rows]]


def _labels(name: str, index: pd.Index) -> tuple[str, ...]:
    keys = tuple(map(label_key, index))
    twice = [key for i, key in enumerate(keys) if key in keys[:i]]
    if twice:
        raise DataError(f"data2[{name!r}] has the label {twice[0]!r} twice.")
    return keys


def _check_symmetric(name: str, labels: Sequence[str], values: np.ndarray) -> None:
    apart = np.abs(values - values.T)
    if apart.max(initial=0.0) > SYMMETRIC * np.abs(values).max():
        i, j = np.unravel_index(apart.argmax(), apart.shape)
        raise DataError(
            f"data2[{name!r}] is not symmetric: it has {values[i, j]:g} at {labels[i]!r}, "
            f"{labels[j]!r} and {values[j, i]:g} at {labels[j]!r}, {labels[i]!r}. If that is "
            "rounding, take the mean of the matrix and its transpose."
        )


def _root(name: str, values: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.cholesky(0.5 * (values + values.T))
    except np.linalg.LinAlgError:
        least = np.linalg.eigvalsh(values).min()
        raise DataError(
            f"data2[{name!r}] is not positive definite: its smallest eigenvalue is {least:.3g}. If "
            "that is rounding, add a small number to the diagonal; else look for labels with the "
            "same row."
        ) from None
