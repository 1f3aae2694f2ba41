"""Data frames and groups of them that print well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.errors import listed

DIGITS = 2
"""Significant digits of an estimate's error that are worth printing."""
FIXED = {"Bulk_ESS": 0, "Tail_ESS": 0, "Rhat": 3}
"""Decimals of the columns that have nothing to do with the estimate's error."""


class Table(pd.DataFrame):
    """A data frame that prints its estimates with the digits that their errors leave.

    Long ones are shortened as pandas does it (``pandas.options.display.max_rows``).
    """

    @property
    def _constructor(self) -> Callable[..., Table]:
        return Table

    def __repr__(self) -> str:
        return formatted(self).to_string(
            max_rows=pd.get_option("display.max_rows"),
            min_rows=pd.get_option("display.min_rows"),
            show_dimensions="truncate",
        )

    def _repr_html_(self) -> str:
        limit = pd.get_option("display.max_rows")
        return formatted(self).to_html(max_rows=limit, show_dimensions="truncate")


class ByGroup[Item](Mapping[str, Item]):
    """Results by grouping factor, one under the other when printed."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = dict(items)

    def __getitem__(self, group: str) -> Item:
        if group not in self._items:
            raise KeyError(f"no group {group!r}; there is {listed(self._items) or 'none'}")
        return self._items[group]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        if not self._items:
            return "no groups"
        return "\n\n".join(f"{group}\n{item!r}" for group, item in self._items.items())

    def _repr_html_(self) -> str:
        parts = (f"<h4>{escape(group)}</h4>{_html(item)}" for group, item in self._items.items())
        return "\n".join(parts)


def formatted(table: pd.DataFrame) -> pd.DataFrame:
    """The same as text: one number of decimals for the whole of a row's estimates."""
    by_row, rows = _decimals(table), len(table)
    texts = {
        i: _texts(table.iloc[:, i], [FIXED[name]] * rows if name in FIXED else by_row)
        for i, name in enumerate(table.columns)
    }
    return pd.DataFrame(texts, index=table.index, dtype=object).set_axis(table.columns, axis=1)


def _texts(column: pd.Series, decimals: list[int]) -> list[Any]:
    if not pd.api.types.is_float_dtype(column.dtype):
        return column.tolist()
    return [_text(v, d) for v, d in zip(column, decimals, strict=True)]


def _text(value: float, decimals: int) -> str:
    """A number with so many decimals, none below zero that reads zero, nothing for nan."""
    if np.isnan(value):
        return ""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _decimals(table: pd.DataFrame) -> list[int]:
    """Enough to show two significant digits of each row's error, from 2 to 6."""
    if not table.columns.is_unique or not {"Estimate", "Est.Error"} <= set(table.columns):
        return [2] * len(table)
    errors = table["Est.Error"].to_numpy(float)
    rounding = 1e-9 * np.maximum(1.0, np.abs(table["Estimate"].to_numpy(float)))
    with np.errstate(all="ignore"):
        digits = DIGITS - 1 - np.floor(np.log10(np.where(errors > rounding, errors, np.nan)))
    return [int(d) for d in np.clip(np.where(np.isfinite(digits), digits, 2), 2, 6)]


def _html(item: Any) -> str:
    if hasattr(item, "_repr_html_"):
        return item._repr_html_()
    return f"<pre>{escape(repr(item))}</pre>"
