"""The figure of a demo: its three predictions in three panels on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesmix.demo.models import Demo
from bayesmix.demo.predictions import Prediction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".pdf", ".svg")

INK, MUTED, GREY = "#333333", "#666666", "#8a8a8a"
COLOURS = (INK, "#0072b2", "#c75000")
"""For the average, the fitted and the new cluster; told apart by colour-blind people too."""


def draw(demo: Demo, predictions: Sequence[Prediction], data: pd.DataFrame) -> Figure:
    """The predictions beside each other, with the data behind them.

    Parameters
    ----------
    demo : Demo
    predictions : sequence of Prediction
        For the average, the fitted and the new cluster.
    data : DataFrame
        What the model was fitted to.
    """
    from matplotlib.figure import Figure

    observed = _observed(demo, data)
    figure = Figure(figsize=(11, 4.5), dpi=160, layout="constrained")
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    average, fitted, new = panels
    for axes in (average, new):
        _clusters(axes, observed)
    _own_data(fitted, observed, demo)
    for axes, prediction, colour in zip(panels, predictions, COLOURS, strict=True):
        _prediction(axes, demo, prediction, colour)
        _dress(axes, demo, prediction, colour)
    average.set_ylabel(demo.y_label, color=INK)
    figure.suptitle(demo.formula, x=0.01, ha="left", family="monospace", fontsize=10)
    figure.supxlabel(_caption(demo, predictions), x=0.01, ha="left", fontsize=9, color=MUTED)
    return figure


def _observed(demo: Demo, data: pd.DataFrame) -> pd.DataFrame:
    """Cluster, place on the x axis and response of every row."""
    places = {value: i for i, value in enumerate(demo.grid)}
    x = data[demo.x].astype(object).map(places)
    return pd.DataFrame({"cluster": data[demo.group], "x": x, "y": demo.observed(data)})


def _clusters(axes: Axes, observed: pd.DataFrame) -> None:
    """A thin line for each cluster's data, its mean where there are several values at one place."""
    clusters = observed.groupby("cluster", observed=True)
    strength = np.clip(9 / clusters.ngroups, 0.1, 0.45)
    for _, rows in clusters:
        means = rows.groupby("x")["y"].mean()
        axes.plot(means.index, means, color=GREY, alpha=strength, linewidth=0.9, zorder=1)


def _own_data(axes: Axes, observed: pd.DataFrame, demo: Demo) -> None:
    own = observed[observed["cluster"] == demo.level]
    beside = 0.15 if demo.categorical else 0
    axes.plot(own["x"] + beside, own["y"], "o", color=INK, markersize=4.5, zorder=3)


def _prediction(axes: Axes, demo: Demo, prediction: Prediction, colour: str) -> None:
    draw = _bars if demo.categorical else _bands
    if prediction.response is not None:
        draw(axes, prediction.response, colour, outer=True)
    draw(axes, prediction.expected, colour, outer=False)


def _bands(axes: Axes, table: pd.DataFrame, colour: str, outer: bool) -> None:
    x = range(len(table))
    if outer:
        axes.plot(x, table[["Q2.5", "Q97.5"]], color=colour, linewidth=1, linestyle=(0, (4, 3)))
        return
    axes.fill_between(x, table["Q2.5"], table["Q97.5"], color=colour, alpha=0.22, linewidth=0)
    axes.plot(x, table["Estimate"], color=colour, linewidth=2.2)


def _bars(axes: Axes, table: pd.DataFrame, colour: str, outer: bool) -> None:
    x, width = range(len(table)), 1.2 if outer else 4
    axes.vlines(x, table["Q2.5"], table["Q97.5"], color=colour, linewidth=width)
    if not outer:
        axes.plot(x, table["Estimate"], "o", color=colour, markersize=9, markeredgecolor="white")


def _dress(axes: Axes, demo: Demo, prediction: Prediction, colour: str) -> None:
    who = prediction.who[0].upper() + prediction.who[1:]
    axes.set_title(f"{who}\n", loc="left", color=colour, weight="bold")
    axes.annotate(prediction.how, (0, 1), (0, 6), "axes fraction", "offset points", color=MUTED)
    axes.set_xticks(range(len(demo.grid)), [str(value) for value in demo.grid])
    axes.margins(x=0.2 if demo.categorical else 0.04)
    axes.set_xlabel(demo.x_label, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=INK, color=GREY)


def _caption(demo: Demo, predictions: Sequence[Prediction]) -> str:
    expected, single = ("Thick bars", "thin bars") if demo.categorical else ("Bands", "dashed")
    parts = [f"{expected}: 95% interval of the expected value"]
    if any(p.response is not None for p in predictions):
        parts.append(f"; {single}: where 95% of single responses lie")
    parts.append(f". Grey: data of all {demo.noun}s. Black: data of {demo.noun} {demo.level}.")
    return "".join(parts)
