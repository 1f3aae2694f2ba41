"""The average, a fitted and a new cluster side by side, on one scale, with the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.plots.style import BLUE, GREY, INK, MUTED, ORANGE, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (INK, BLUE, ORANGE)
"""For the average, the fitted and the new cluster."""
FEW = 4
"""Numbers on the x axis up to which each has its tick."""


@dataclass(frozen=True)
class Prediction:
    """What one cluster's responses are expected to be over the grid, and where they may lie.

    Attributes
    ----------
    who : str
        Which cluster, ``"average subject"``.
    how : str
        Where its effects come from.
    expected : DataFrame
        The expectation, one row a value of the grid; columns ``Estimate, Est.Error, Q2.5, Q97.5``.
    response : DataFrame or None
        The same of single responses; None for the average cluster, which is nobody, and
        where they would not compare with the data.
    """

    who: str
    how: str
    expected: pd.DataFrame
    response: pd.DataFrame | None = None


@dataclass(frozen=True)
class Scene:
    """What the predictions are along, and the data behind them.

    Attributes
    ----------
    grid : tuple
        The values on the x axis: numbers, or labels.
    noun, level : str
        What a cluster is, and which one is fitted.
    x_label, y_label, title : str
    observed : DataFrame
        Columns ``cluster``, ``x`` and ``y``, on the scale of the predictions.
    shares : bool
        Whether ``y`` is 0 or 1, so that of all clusters only the share of ones can be drawn.
    """

    grid: tuple[Any, ...]
    noun: str
    level: str
    x_label: str
    y_label: str
    title: str
    observed: pd.DataFrame
    shares: bool = False

    @property
    def categorical(self) -> bool:
        return isinstance(self.grid[0], str)

    @property
    def at(self) -> np.ndarray:
        """Where the grid's values stand."""
        return np.arange(len(self.grid)) if self.categorical else np.array(self.grid, float)


def three_predictions(scene: Scene, predictions: Sequence[Prediction]) -> Figure:
    """The predictions beside each other, with the data behind them.

    Parameters
    ----------
    scene : Scene
    predictions : sequence of Prediction
        For the average, the fitted and the new cluster.
    """
    fig = figure(11, 4.5)
    panels = fig.subplots(1, 3, sharex=True, sharey=True)
    average, fitted, new = panels
    for axes in (average, new):
        draw = _shares if scene.shares else _clusters
        draw(axes, scene.observed)
    _own_data(fitted, scene)
    for axes, prediction, colour in zip(panels, predictions, COLOURS, strict=True):
        _prediction(axes, scene, prediction, colour)
        _dress(axes, scene, prediction, colour)
    average.set_ylabel(scene.y_label, color=INK)
    fig.suptitle(scene.title, x=0.01, ha="left", family="monospace", fontsize=10)
    fig.supxlabel(_caption(scene, predictions), x=0.01, ha="left", fontsize=9, color=MUTED)
    return fig


def _clusters(axes: Axes, observed: pd.DataFrame) -> None:
    """A thin line for each cluster's data, its mean where there are several values at one place."""
    clusters = observed.groupby("cluster", observed=True)
    strength = np.clip(9 / clusters.ngroups, 0.1, 0.45)
    for _, rows in clusters:
        means = rows.groupby("x")["y"].mean()
        axes.plot(means.index, means, color=GREY, alpha=strength, linewidth=0.9, zorder=1)


def _shares(axes: Axes, observed: pd.DataFrame) -> None:
    """The share of ones among all rows."""
    shares = observed.groupby("x")["y"].mean()
    axes.plot(shares.index, shares, "s--", color=GREY, linewidth=0.9, markersize=5, zorder=1)


def _own_data(axes: Axes, scene: Scene) -> None:
    own = scene.observed[scene.observed["cluster"].astype(str) == str(scene.level)]
    if scene.shares:
        own = own.groupby("x", as_index=False)["y"].mean()
    beside = 0.15 if scene.categorical else 0
    axes.plot(own["x"] + beside, own["y"], "o", color=INK, markersize=4.5, zorder=3)


def _prediction(axes: Axes, scene: Scene, prediction: Prediction, colour: str) -> None:
    draw = _bars if scene.categorical else _bands
    if prediction.response is not None:
        draw(axes, scene.at, prediction.response, colour, outer=True)
    draw(axes, scene.at, prediction.expected, colour, outer=False)


def _bands(axes: Axes, x: np.ndarray, table: pd.DataFrame, colour: str, outer: bool) -> None:
    if outer:
        axes.plot(x, table[["Q2.5", "Q97.5"]], color=colour, linewidth=1, linestyle=(0, (4, 3)))
        return
    axes.fill_between(x, table["Q2.5"], table["Q97.5"], color=colour, alpha=0.22, linewidth=0)
    axes.plot(x, table["Estimate"], color=colour, linewidth=2.2)


def _bars(axes: Axes, x: np.ndarray, table: pd.DataFrame, colour: str, outer: bool) -> None:
    width = 1.2 if outer else 4
    axes.vlines(x, table["Q2.5"], table["Q97.5"], color=colour, linewidth=width)
    if not outer:
        axes.plot(x, table["Estimate"], "o", color=colour, markersize=9, markeredgecolor="white")


def _dress(axes: Axes, scene: Scene, prediction: Prediction, colour: str) -> None:
    who = prediction.who[0].upper() + prediction.who[1:]
    axes.set_title(f"{who}\n", loc="left", color=colour, weight="bold")
    axes.annotate(prediction.how, (0, 1), (0, 6), "axes fraction", "offset points", color=MUTED)
    if scene.categorical:
        axes.set_xticks(scene.at, list(scene.grid))
    elif len(scene.grid) <= FEW:
        axes.set_xticks(scene.at)
    axes.margins(x=0.2 if scene.categorical else 0.04)
    axes.set_xlabel(scene.x_label, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=INK, color=GREY)


def _caption(scene: Scene, predictions: Sequence[Prediction]) -> str:
    expected, single = ("Thick bars", "thin bars") if scene.categorical else ("Bands", "dashed")
    parts = [f"{expected}: 95% interval of the expected value"]
    if any(p.response is not None for p in predictions):
        parts.append(f"; {single}: where 95% of single responses lie")
    what = "share in the data" if scene.shares else "data"
    parts.append(
        f". Grey: {what} of all {scene.noun}s. Black: {what} of {scene.noun} {scene.level}."
    )
    return "".join(parts)
