"""Colours, figures and axes that all pictures share."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GREY, PALE = "#333333", "#666666", "#8a8a8a", "#c8c8c8"
BLUE, ORANGE, GREEN, PURPLE, SKY = "#0072b2", "#c75000", "#007a5e", "#9b4f96", "#56b4e9"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, INK)
"""Told apart by colour-blind people too (after Okabe and Ito)."""


@cache
def _picture() -> type[Figure]:
    """A figure that a notebook shows also where pyplot was never imported."""
    from matplotlib.figure import Figure

    class Picture(Figure):
        def _repr_png_(self) -> bytes:
            buffer = BytesIO()
            self.savefig(buffer, format="png")
            return buffer.getvalue()

    return Picture


def figure(width: float = 7.0, height: float = 4.5) -> Figure:
    """An empty one, in inches."""
    return _picture()(figsize=(width, height), dpi=120, layout="constrained")


def dress(axes: Axes, x: str | None = None, y: str | None = None, title: str | None = None) -> None:
    """Labels, and no more lines than needed."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=INK, color=GREY)
    if x is not None:
        axes.set_xlabel(x, color=INK)
    if y is not None:
        axes.set_ylabel(y, color=INK)
    if title is not None:
        axes.set_title(title, loc="left", color=INK, fontsize=10, weight="bold")


def label(frame: pd.DataFrame, column: str) -> str:
    """A column with its unit, where ``frame.attrs["units"]`` knows it."""
    unit = frame.attrs.get("units", {}).get(column)
    return column if unit is None else f"{column} ({unit})"


def bounds(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The outer quantiles of a table; the estimates where it has none."""
    names = sorted((c for c in table if _is_quantile(c)), key=lambda c: float(c[1:]))
    if not names:
        return table["Estimate"], table["Estimate"]
    return table[names[0]], table[names[-1]]


def level_text(table: pd.DataFrame) -> str:
    """What share of the draws the intervals hold, ``"95% intervals"``."""
    quantiles = sorted(float(c[1:]) for c in table if _is_quantile(c))
    return f"{quantiles[-1] - quantiles[0]:g}% intervals" if len(quantiles) > 1 else "estimates"


def _is_quantile(name: Any) -> bool:
    return isinstance(name, str) and name[:1] == "Q" and name[1:].replace(".", "", 1).isdigit()


def places(column: pd.Series) -> tuple[np.ndarray, list[str] | None]:
    """Where values stand on an axis: numbers at themselves, labels side by side."""
    if pd.api.types.is_numeric_dtype(column.dtype) and column.dtype != bool:
        return column.to_numpy(float), None
    labels = list(dict.fromkeys(column))
    order = {value: i for i, value in enumerate(labels)}
    return np.array([order[v] for v in column], float), [str(v) for v in labels]


def name_ticks(axes: Axes, labels: list[str]) -> None:
    """Labels side by side, aslant where they would run into each other."""
    long = sum(map(len, labels)) > 60
    axes.set_xticks(
        range(len(labels)), labels, rotation=25 if long else 0, ha="right" if long else "center"
    )


def size_of(rows: int, each: float = 0.22, least: float = 2.2, most: float = 11.0) -> float:
    """The height that so many rows of labels need."""
    return float(np.clip(0.9 + each * rows, least, most))
