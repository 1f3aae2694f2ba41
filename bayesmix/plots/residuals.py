"""Residuals against what they should not hang on: fitted values, groups, time and distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesmix.plots.style import (
    BLUE,
    GREY,
    MUTED,
    ORANGE,
    PALE,
    dress,
    figure,
    name_ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NAMED = 30
"""Levels whose names have room."""

WINDOW = 0.15
"""Share of the rows that a running mean is of."""


def residuals(values: pd.Series, x: pd.Series, standardised: bool = True) -> Figure:
    """Residuals against a number, with running mean and spread, or by the levels of a factor.

    Parameters
    ----------
    values : Series
        Of each row, as in `Fit.residuals`.
    x : Series
        What they are set against; its name is the axis's.
    standardised : bool
        Whether they are standard normal if the model is right.
    """
    fig = figure(7.0, 4.3)
    axes = fig.subplots()
    axes.axhline(0, color=GREY, linewidth=0.8)
    if standardised:
        for y in (-1.96, 1.96):
            axes.axhline(y, color=GREY, linewidth=0.8, linestyle=(0, (1, 3)))
    name = str(x.name)
    if pd.api.types.is_numeric_dtype(x.dtype) and x.dtype != bool:
        _scatter(axes, values.to_numpy(), x.to_numpy(float))
    else:
        _boxes(axes, values.to_numpy(), x)
        count = x.nunique()
        name = f"{count} levels of {name}, by their medians" if count > MOST_NAMED else name
    dress(axes, name, "standardised residual" if standardised else "residual")
    return fig


def _scatter(axes: Axes, values: np.ndarray, x: np.ndarray) -> None:
    axes.plot(x, values, "o", color=BLUE, alpha=0.4, markersize=3.5, markeredgewidth=0)
    if len(np.unique(x)) < 8:
        return
    at, mean, spread = running(x, values)
    axes.plot(at, mean, color=ORANGE, linewidth=1.8, label="running mean")
    for sign in (-1, 1):
        axes.plot(at, mean + sign * spread, color=ORANGE, linewidth=1.2, linestyle=(0, (4, 2)),
                  label="± running sd" if sign > 0 else None)  # fmt: skip
    axes.legend(frameon=False, fontsize=8, labelcolor=MUTED)


def running(x: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means of x, means and standard deviations of the values, of windows of neighbours in x."""
    order = np.argsort(x, kind="stable")
    size = int(np.clip(WINDOW * len(x), min(len(x), 10), len(x)))
    windows = np.lib.stride_tricks.sliding_window_view
    near = windows(values[order], size)
    return windows(x[order], size).mean(axis=1), near.mean(axis=1), near.std(axis=1, ddof=1)


def _boxes(axes: Axes, values: np.ndarray, x: pd.Series) -> None:
    """A box for each level; of many levels they are ordered by their medians, without names."""
    levels = x.cat.categories if isinstance(x.dtype, pd.CategoricalDtype) else pd.unique(x)
    of_level = {level: values[(x == level).to_numpy()] for level in levels}
    of_level = {level: v for level, v in of_level.items() if len(v)}
    many = len(of_level) > MOST_NAMED
    parts = sorted(of_level.values(), key=np.median) if many else list(of_level.values())
    line = {"color": BLUE, "linewidth": 1.0}
    axes.boxplot(
        parts, positions=range(len(parts)), widths=0.6, patch_artist=True, manage_ticks=False,
        boxprops={"facecolor": PALE, "edgecolor": BLUE, "linewidth": 1.0},
        whiskerprops=line, capprops=line, medianprops={"color": ORANGE, "linewidth": 1.8},
        flierprops={"marker": "o", "markersize": 3, "markerfacecolor": BLUE,
                    "markeredgewidth": 0, "alpha": 0.5},
    )  # fmt: skip
    if many:
        axes.set_xticks([])
    else:
        name_ticks(axes, [str(level) for level in of_level])


def autocorrelation(table: pd.DataFrame) -> Figure:
    """Stems by lag, with the bounds of independent residuals.

    Parameters
    ----------
    table : DataFrame
        Of `Fit.autocorrelation`.
    """
    fig = figure(6.0, 3.8)
    axes = fig.subplots()
    later = table.loc[1:]
    axes.fill_between(later.index, -later["bound"], later["bound"], color=PALE, alpha=0.6,
                      linewidth=0, label="95% of independent residuals")  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.vlines(table.index, 0, table["autocorrelation"], color=BLUE, linewidth=1.6)
    axes.plot(table.index, table["autocorrelation"], "o", color=BLUE, markersize=5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    least = min(table["autocorrelation"].min(), *-later["bound"], 0.0)
    axes.set_ylim(max(-1.05, least - 0.05), 1.05)
    axes.legend(frameon=False, fontsize=8, labelcolor=MUTED)
    dress(axes, "lag", "autocorrelation of residuals")
    return fig


def semivariogram(table: pd.DataFrame, standardised: bool = True) -> Figure:
    """Points by distance, the larger the more pairs they are of.

    Parameters
    ----------
    table : DataFrame
        Of `Fit.semivariogram`.
    standardised : bool
        Whether independent residuals have a semivariance of 1.
    """
    fig = figure(6.0, 3.8)
    axes = fig.subplots()
    if standardised:
        axes.axhline(1, color=GREY, linewidth=0.8, linestyle=(0, (1, 3)))
    x, y = table["distance"], table["semivariance"]
    axes.plot(x, y, color=BLUE, linewidth=1.0, alpha=0.5)
    axes.scatter(x, y, s=12 + 60 * table["pairs"] / table["pairs"].max(), color=BLUE, zorder=3,
                 edgecolor="white", linewidth=0.5)  # fmt: skip
    axes.set_ylim(0, 1.12 * max(y.max(), 1.0 if standardised else 0.0))
    axes.set_xlim(0, 1.04 * x.max())
    dress(axes, "distance", "semivariance of residuals")
    if standardised:
        axes.annotate("independent residuals", (1.0, 1.0), (-2, 3),
                      xycoords=("axes fraction", "data"), textcoords="offset points",
                      ha="right", fontsize=8, color=MUTED)  # fmt: skip
    return fig
