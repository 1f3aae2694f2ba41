"""Data frames and groups of them that print well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
        names = [name or "" for name in self.index.names]
        # Rows that columns describe need no numbers.
        described = len(self.columns) > 0 and self.columns[0] != "Estimate"
        plain = described and names == [""] and isinstance(self.index, pd.RangeIndex)
        return html_table(formatted(self), () if plain else names)


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


def html_table(text: pd.DataFrame, index: Sequence[str]) -> str:
    """A data frame of texts as HTML: one row of headings, numbers to the right, no index clutter.

    Parameters
    ----------
    text : DataFrame
    index : sequence of str
        Headings of the index's levels; none, and the index isn't shown.
    """
    most, shown = pd.get_option("display.max_rows"), pd.get_option("display.min_rows")
    cut = most is not None and len(text) > most
    ends = (shown + 1) // 2 if cut else len(text)
    head = "".join(_cell("th", name, "left") for name in index)
    head += "".join(
        _cell("th", name, _side(text.iloc[:, i])) for i, name in enumerate(text.columns)
    )
    rows = _html_rows(text.head(ends), index)
    if cut:
        width = len(index) + text.shape[1]
        rows += f'<tr><td colspan="{width}" style="text-align:center">⋮</td></tr>'
        rows += _html_rows(text.tail(shown // 2), index)
    size = f"<p>{len(text)} rows</p>" if cut else ""
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f'<table class="dataframe">{body}</table>{size}'


def _html_rows(text: pd.DataFrame, index: Sequence[str]) -> str:
    """The rows; labels of outer levels of the index once."""
    sides, before, rows = [_side(text.iloc[:, i]) for i in range(text.shape[1])], None, []
    for label, values in zip(text.index, text.itertuples(index=False, name=None), strict=True):
        labels = label if isinstance(label, tuple) else (label,)
        same = _shared(labels, before) if len(labels) > 1 else 0
        cells = ["" if i < same else str(x) for i, x in enumerate(labels)] if index else []
        row = "".join(_cell("th", x, "left") for x in cells)
        row += "".join(_cell("td", x, side) for x, side in zip(values, sides, strict=True))
        rows.append(f"<tr>{row}</tr>")
        before = labels
    return "".join(rows)


def _shared(labels: tuple[Any, ...], before: tuple[Any, ...] | None) -> int:
    """How many of the first labels are those of the row before; the last is always shown."""
    if before is None:
        return 0
    pairs = zip(labels[:-1], before[:-1], strict=True)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), len(labels) - 1)


def _cell(tag: str, value: Any, side: str) -> str:
    return f'<{tag} style="text-align:{side}">{escape(str(value))}</{tag}>'


def _side(column: pd.Series) -> str:
    """Numbers stand to the right, words to the left."""
    return "right" if all(_reads_as_number(v) for v in column) else "left"


def _reads_as_number(value: Any) -> bool:
    if value == "" or isinstance(value, int | float | np.number):
        return True
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def formatted(table: pd.DataFrame) -> pd.DataFrame:
    """The same as text: one number of decimals for the whole of a row's estimates.

    What stands before the estimates says what they are of: its numbers are as short as they are.
    """
    by_row, rows, names = _decimals(table), len(table), list(table.columns)
    first = names.index("Estimate") if "Estimate" in names else 0
    texts = {
        i: _short(table.iloc[:, i])
        if i < first
        else _texts(table.iloc[:, i], [FIXED[name]] * rows if name in FIXED else by_row)
        for i, name in enumerate(names)
    }
    return pd.DataFrame(texts, index=table.index, dtype=object).set_axis(table.columns, axis=1)


def _texts(column: pd.Series, decimals: list[int]) -> list[Any]:
    if not pd.api.types.is_float_dtype(column.dtype):
        return column.tolist()
    return [_text(v, d) for v, d in zip(column, decimals, strict=True)]


def _short(column: pd.Series) -> list[Any]:
    if not pd.api.types.is_float_dtype(column.dtype):
        return column.tolist()
    return ["" if np.isnan(v) else f"{v:.4g}" for v in column]


def _text(value: float, decimals: int) -> str:
    """A number with so many decimals, none below zero that reads zero, nothing for nan."""
    if np.isnan(value):
        return ""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _decimals(table: pd.DataFrame) -> list[int]:
    """From 2 to 6: two significant digits of each row's error, or else of its largest number."""
    if not table.columns.is_unique or not {"Estimate", "Est.Error"} <= set(table.columns):
        return _by_size(table)
    errors = table["Est.Error"].to_numpy(float)
    rounding = 1e-9 * np.maximum(1.0, np.abs(table["Estimate"].to_numpy(float)))
    with np.errstate(all="ignore"):
        digits = DIGITS - 1 - np.floor(np.log10(np.where(errors > rounding, errors, np.nan)))
    return [int(d) for d in np.clip(np.where(np.isfinite(digits), digits, 2), 2, 6)]


def _by_size(table: pd.DataFrame) -> list[int]:
    numbers = table.select_dtypes("float").drop(columns=list(FIXED), errors="ignore").abs()
    with np.errstate(all="ignore"):
        digits = DIGITS - 1 - np.floor(np.log10(numbers.max(axis=1).to_numpy(float)))
    return [int(d) for d in np.clip(np.where(np.isfinite(digits), digits, 2), 2, 6)]


def _html(item: Any) -> str:
    if hasattr(item, "_repr_html_"):
        return item._repr_html_()
    return f"<pre>{escape(repr(item))}</pre>"
