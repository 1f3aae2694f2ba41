"""Expectations along a variable: conditional effects, and a line for each cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.plots.style import (
    BLUE,
    CYCLE,
    GREY,
    INK,
    MUTED,
    ORANGE,
    bounds,
    dress,
    figure,
    label,
    level_text,
    name_ticks,
    places,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayesmix.effects import Estimates

MOST_POINTS = 2000
"""Observations that a picture can show one by one."""


def conditional_effect(
    estimates: Estimates, data: pd.DataFrame | None = None, response: str | None = None
) -> Figure:
    """An effect with its band, or bars for labels; a colour for each value of the second column.

    Parameters
    ----------
    estimates : Estimates
        One of `Fit.conditional_effects`.
    data : DataFrame, optional
        Observations to show behind.
    response : str, optional
        Their column.
    """
    table = estimates.table
    x, *others = [c for c in estimates.rows if c != "condition"]
    panels = list(dict.fromkeys(table["condition"])) if "condition" in table else [None]
    fig = figure(min(4.2 * len(panels) + 2, 13), 4.3)
    all_axes = fig.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, condition in zip(all_axes, panels, strict=True):
        part = table if condition is None else table[table["condition"] == condition]
        if data is not None and response in data and not others:
            _points(axes, data, x, response)
        _curves(axes, part, x, others)
        frame = pd.DataFrame() if data is None else data
        dress(axes, label(frame, x), title=condition)
    name = response or "expected response"
    all_axes[0].set_ylabel(label(pd.DataFrame() if data is None else data, name), color=INK)
    held = estimates.about.get("conditions")
    note = f"{level_text(table)}" + (f"; {held}" if held else "")
    fig.supxlabel(f"{note}; clusters: {estimates.about.get('clusters', 'no groups')}",
                  fontsize=8, color=MUTED)  # fmt: skip
    return fig


def conditional_smooth(estimates: Estimates, name: str, data: pd.DataFrame) -> Figure:
    """A smooth function with its band, or, of two numbers, heights with lines between them.

    Parameters
    ----------
    estimates : Estimates
        One of `Fit.conditional_smooths`.
    name : str
        What it is called.
    data : DataFrame
        Of the fit, whose covariates are ticked on the axis.
    """
    x, *others = list(estimates.rows)
    numbers = [c for c in others if estimates.rows[c].nunique() > len(CYCLE)]
    fig = figure(6.2, 4.3)
    axes = fig.subplots()
    if numbers and pd.api.types.is_numeric_dtype(estimates.rows[numbers[0]].dtype):
        _heights(fig, axes, estimates.table, x, numbers[0], name)
        axes.plot(data[x], data[numbers[0]], ".", color=INK, markersize=2, alpha=0.5)
        dress(axes, label(data, x), label(data, numbers[0]), title=name)
        return fig
    _curves(axes, estimates.table, x, others)
    if pd.api.types.is_numeric_dtype(data[x].dtype):
        axes.plot(data[x], np.zeros(len(data)), "|", color=GREY, markersize=6, alpha=0.5,
                  transform=axes.get_xaxis_transform(), clip_on=False)  # fmt: skip
    dress(axes, label(data, x), f"{name}, scale of the link")
    fig.supxlabel(level_text(estimates.table), fontsize=8, color=MUTED)
    return fig


def _heights(fig: Figure, axes: Axes, table: pd.DataFrame, x: str, z: str, name: str) -> None:
    """Colours for estimates over two numbers; of further columns the first values."""
    rest = [c for c in table.columns[: table.columns.get_loc("Estimate")] if c not in (x, z)]
    for c in rest:
        table = table[table[c] == table[c].iloc[0]]
    grid = table.pivot_table("Estimate", z, x)
    most = float(np.abs(grid.to_numpy()).max())
    levels = np.linspace(-most, most, 13)
    drawn = axes.contourf(grid.columns, grid.index, grid, levels, cmap="PuOr_r")
    axes.contour(grid.columns, grid.index, grid, levels, colors=INK, linewidths=0.4, alpha=0.5)
    fig.colorbar(drawn, ax=axes, label=f"{name}, scale of the link")


def _curves(axes: Axes, table: pd.DataFrame, x: str, others: list[str]) -> None:
    keys = [table[c].map(_text) for c in others]
    curve = pd.Series("", table.index) if not keys else keys[0].str.cat(keys[1:], sep=", ")
    labels = list(dict.fromkeys(curve))
    at, ticks = places(table[x])
    for i, name in enumerate(labels):
        own = (curve == name).to_numpy()
        low, high = (b[own] for b in bounds(table))
        colour, middle = CYCLE[i % len(CYCLE)], table["Estimate"][own]
        if ticks is None:
            axes.fill_between(at[own], low, high, color=colour, alpha=0.2, linewidth=0)
            axes.plot(at[own], middle, color=colour, linewidth=2, label=name)
        else:
            beside = at[own] + 0.14 * (i - (len(labels) - 1) / 2)
            axes.vlines(beside, low, high, color=colour, linewidth=2)
            axes.plot(beside, middle, "o", color=colour, markersize=6, label=name)
    if ticks is not None:
        name_ticks(axes, ticks)
        axes.margins(x=0.15)
    if len(labels) > 1:
        axes.legend(title=", ".join(others), frameon=False, fontsize=8, title_fontsize=8)


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _points(axes: Axes, data: pd.DataFrame, x: str, response: str) -> None:
    """The observations, those of labels side by side rather than on top of each other."""
    if not pd.api.types.is_numeric_dtype(data[response].dtype):
        return
    shown = data.sample(MOST_POINTS, random_state=1) if len(data) > MOST_POINTS else data
    at, ticks = places(shown[x].astype(object) if data[x].dtype == "category" else shown[x])
    if data[x].dtype == "category":
        at, ticks = shown[x].cat.codes.to_numpy(float), [str(v) for v in data[x].cat.categories]
    if ticks is not None:
        at = at + np.random.default_rng(1).uniform(-0.12, 0.12, len(at))
    strength = float(np.clip(60 / len(shown), 0.08, 0.35))
    axes.plot(at, shown[response], "o", color=GREY, alpha=strength, markersize=3)


def spaghetti(
    fitted: Estimates,
    average: Estimates,
    new: Estimates,
    x: str,
    group: str,
    data: pd.DataFrame | None = None,
    response: str | None = None,
) -> Figure:
    """A line for each fitted cluster, the average one's, and the band of a new cluster.

    Parameters
    ----------
    fitted, average, new : Estimates
        Predictions on one grid of `x`, in those clusters.
    x, group : str
    data : DataFrame, optional
        Observations to show behind.
    response : str, optional
        Their column.
    """
    fig = figure(7, 4.8)
    axes = fig.subplots()
    at, ticks = places(average.rows[x])
    low, high = bounds(new.table)
    axes.fill_between(at, low, high, color=ORANGE, alpha=0.13, linewidth=0,
                      label=f"new {group}, {level_text(new.table)}")  # fmt: skip
    if data is not None and response in data:
        _points(axes, data, x, response)
    lines = fitted.table.pivot_table("Estimate", _order(fitted.rows[x]), group, sort=False)
    strength = float(np.clip(9 / lines.shape[1], 0.08, 0.8))
    axes.plot(at, lines.to_numpy(), color=BLUE, linewidth=0.9, alpha=strength)
    axes.plot([], [], color=BLUE, linewidth=0.9, label=f"each fitted {group} ({lines.shape[1]})")
    axes.plot(at, average.table["Estimate"], color=INK, linewidth=2.4, label=f"average {group}")
    if ticks is not None:
        name_ticks(axes, ticks)
    axes.legend(frameon=False, fontsize=8)
    frame = pd.DataFrame() if data is None else data
    dress(axes, label(frame, x), label(frame, response or "expected response"))
    return fig


def _order(column: pd.Series) -> np.ndarray:
    """A number for each value, in order of appearance."""
    return pd.factorize(column)[0]
