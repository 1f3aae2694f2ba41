"""Data frames and groups of them that print well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

DIGITS = 2
"""Significant digits of an estimate's error that are worth printing."""


class Table(pd.DataFrame):
    """A data frame that prints its estimates with the digits that their errors leave."""

    @property
    def _constructor(self) -> Callable[..., Table]:
        return Table

    def __repr__(self) -> str:
        return formatted(self).to_string()

    def _repr_html_(self) -> str:
        return formatted(self).to_html()


class ByGroup[Item](Mapping[str, Item]):
    """Results by grouping factor, one under the other when printed."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = dict(items)

    def __getitem__(self, group: str) -> Item:
        return self._items[group]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return "\n\n".join(f"{group}\n{item!r}" for group, item in self._items.items())

    def _repr_html_(self) -> str:
        parts = (f"<h4>{group}</h4>{_html(item)}" for group, item in self._items.items())
        return "\n".join(parts)


def formatted(table: pd.DataFrame) -> pd.DataFrame:
    """The same as text: one number of decimals for the whole of a row's estimates."""
    out = pd.DataFrame(table).astype(object)
    scale = _decimals(table)
    for column in table.columns:
        if str(column) in ("Bulk_ESS", "Tail_ESS", "Levels"):
            out[column] = [f"{v:.0f}" for v in table[column]]
        elif str(column) == "Rhat":
            out[column] = [f"{v:.3f}" for v in table[column]]
        elif pd.api.types.is_numeric_dtype(table[column].dtype):
            out[column] = [f"{v:.{d}f}" for v, d in zip(table[column], scale, strict=True)]
    return out


def _decimals(table: pd.DataFrame) -> list[int]:
    """Enough to show two significant digits of each row's error, from 2 to 6."""
    if "Est.Error" not in table:
        return [2] * len(table)
    errors = table["Est.Error"].to_numpy(float)
    with np.errstate(all="ignore"):
        digits = DIGITS - 1 - np.floor(np.log10(np.abs(errors)))
    return [int(d) for d in np.clip(np.where(np.isfinite(digits), digits, 2), 2, 6)]


def _html(item: Any) -> str:
    return item._repr_html_() if hasattr(item, "_repr_html_") else f"<pre>{item!r}</pre>"
