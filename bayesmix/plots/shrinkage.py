"""How partial pooling moves estimates: arrows from each level's own to the pooled one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bayesmix.errors import PredictionError, listed
from bayesmix.plots.style import BLUE, GREY, INK, ORANGE, PALE, dress, figure, size_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayesmix.summary import Shrinkage

NAMED = 25
"""Levels up to which their names are written."""


def shrinkage(result: Shrinkage, coefs: tuple[str, str] | None = None) -> Figure:
    """Two coefficients against each other, or one by level, before and after pooling.

    Parameters
    ----------
    result : Shrinkage
        Of `Fit.shrinkage`.
    coefs : tuple of str, optional
        Which two; the first two by default.
    """
    names = list(result.levels.index.unique(1))
    chosen = tuple(names[:2]) if coefs is None else tuple(coefs)
    unknown = [c for c in chosen if c not in names]
    if unknown:
        raise PredictionError(f"There is no coefficient {unknown[0]!r}; there is {listed(names)}.")
    if len(chosen) == 1:
        return _one(result, chosen[0])
    return _two(result, *chosen)


def _two(result: Shrinkage, first: str, second: str) -> Figure:
    fig = figure(6.8, 5.6)
    axes = fig.subplots()
    table = {c: result.levels.xs(c, level=1) for c in (first, second)}
    before = np.column_stack([table[c]["no_pooling"] for c in table])
    after = np.column_stack([table[c]["partial_pooling"] for c in table])
    centre = result.population[[first, second]].to_numpy(float)
    _ellipses(axes, result, first, second, centre)
    there = np.isfinite(before).all(axis=1)
    few = len(after) <= NAMED
    arrows = {"width": 0.003, "headwidth": 4} if few else {"width": 0.0012, "alpha": 0.35}
    axes.quiver(
        *before[there].T,
        *(after - before)[there].T,
        angles="xy",
        scale_units="xy",
        scale=1,
        color=GREY,
        zorder=2,
        **arrows,
    )
    size = 5 if few else 2.5
    axes.plot(*before[there].T, "o", color=PALE, markersize=size, markeredgecolor=GREY,
              label="own rows alone")  # fmt: skip
    axes.plot(*after.T, "o", color=BLUE, markersize=size, label="partial pooling", zorder=3)
    axes.plot(*centre, "P", color=ORANGE, markersize=11, label="population", zorder=4)
    if few:
        for label, (x, y) in zip(table[first].index, after, strict=True):
            axes.annotate(
                str(label), (x, y), (4, 3), textcoords="offset points", fontsize=7, color=INK
            )
    axes.legend(frameon=False, fontsize=8, loc="best")
    dress(axes, first, second, f"Shrinkage of {result.levels.index.names[0]}")
    return fig


def _ellipses(axes: Axes, result: Shrinkage, first: str, second: str, centre: np.ndarray) -> None:
    """Where the model's distribution has half and 95% of the levels."""
    model = result.covariance["model"]
    off = model.get((first, second), model.get((second, first)))
    cov = np.array([[model[first, first], off], [off, model[second, second]]])
    values, vectors = np.linalg.eigh(cov)
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for share in (0.5, 0.95):
        radius = np.sqrt(-2 * np.log(1 - share))
        x, y = centre[:, None] + radius * vectors @ (
            np.sqrt(np.maximum(values, 0))[:, None] * circle
        )
        axes.plot(x, y, color=ORANGE, linewidth=1.2, zorder=5)
        top = int(np.argmax(y))
        place = {"textcoords": "offset points", "ha": "center", "fontsize": 7, "color": ORANGE}
        axes.annotate(f"{100 * share:g}% of levels", (x[top], y[top]), (0, 3), **place)


def _one(result: Shrinkage, name: str) -> Figure:
    table = result.levels.xs(name, level=1).sort_values("partial_pooling")
    few = len(table) <= 3 * NAMED
    fig = figure(6.5, size_of(min(len(table), 60), 0.2))
    axes, y = fig.subplots(), np.arange(len(table))
    own, pooled = table["no_pooling"], table["partial_pooling"]
    axes.hlines(y, own, pooled, color=GREY, linewidth=1 if few else 0.4)
    axes.plot(own, y, "o", color=PALE, markeredgecolor=GREY, markersize=5 if few else 2,
              label="own rows alone")  # fmt: skip
    axes.plot(pooled, y, "o", color=BLUE, markersize=5 if few else 2, label="partial pooling")
    axes.axvline(result.population[name], color=ORANGE, linewidth=1.2, label="population")
    axes.set_yticks(y if few else [], [str(v) for v in table.index] if few else [])
    axes.legend(frameon=False, fontsize=8)
    dress(axes, name, str(result.levels.index.names[0]))
    return fig
