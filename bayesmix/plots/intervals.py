"""Estimates with intervals, one under the other: levels of groups, effects, standard deviations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.plots.style import BLUE, GREY, INK, MUTED, bounds, dress, figure, level_text, size_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayesmix.effects import Estimates
    from bayesmix.summary import VarCorrs

MANY = 60
"""Levels above which their names aren't written."""


def caterpillar(table: pd.DataFrame, sort: str | bool = True) -> Figure:
    """Levels of a group, from the least to the largest, a panel for each coefficient.

    Parameters
    ----------
    table : DataFrame
        Of `Fit.ranef` or `Fit.coef`: indexed by level and coefficient, with quantiles.
    sort : bool or str
        Each panel by its own estimates, all by those of one coefficient, or as in the table.
    """
    group, names = table.index.names[0], list(table.index.unique(1))
    levels = len(table.index.unique(0))
    height = size_of(levels, 0.17) if levels <= MANY else 6.0
    fig = figure(min(3.4 * len(names) + 1.2, 13), height)
    shared = sort is False or isinstance(sort, str)
    panels = fig.subplots(1, len(names), squeeze=False, sharey=shared)[0]
    for axes, name in zip(panels, names, strict=True):
        own = table.xs(name, level=1)
        by = own if sort is True else table.xs(sort, level=1) if isinstance(sort, str) else None
        own = own if by is None else own.loc[by["Estimate"].sort_values(kind="stable").index]
        _column(axes, own, [str(v) for v in own.index])
        dress(axes, title=name)
    panels[0].set_ylabel(group if levels <= MANY else f"{levels} levels of {group}", color=INK)
    fig.supxlabel(f"{level_text(table)}, on the scale of the link", fontsize=9, color=MUTED)
    return fig


def forest(estimates: Estimates) -> Figure:
    """Comparisons, slopes, predictions or hypotheses, a row for each.

    Parameters
    ----------
    estimates : Estimates
    """
    table = estimates.table
    labels = _labels(estimates.rows)
    fig = figure(7.0, size_of(len(table), 0.3))
    axes = fig.subplots()
    order = table.iloc[::-1].reset_index(drop=True)
    _column(axes, order, labels[::-1])
    averaged = estimates.about.get("clusters")
    dress(axes, level_text(table) + (f"; clusters: {averaged}" if averaged else ""))
    return fig


def _labels(rows: pd.DataFrame) -> list[str]:
    """What tells rows apart: columns of which there are several values."""
    if "effect in" in rows:
        rows = rows.drop(columns="clusters")
    varying = [c for c in rows if rows[c].nunique() > 1]
    texts = [", ".join(_text(v) for v in row) for row in rows[varying].itertuples(index=False)]
    return texts if any(texts) else [", ".join(map(str, rows.iloc[0])) or "average"] * len(rows)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def varcorr(result: VarCorrs) -> Figure:
    """Standard deviations and correlations of the groups' effects with their intervals.

    Parameters
    ----------
    result : VarCorrs
        Of `Fit.varcorr`.
    """
    sds = pd.concat([_named(item.sd, name) for name, item in result.items()])
    cors = [
        _correlations(item.cor, item.pairs, name) for name, item in result.items() if item.pairs
    ]
    fig = figure(9.0 if cors else 6.5, size_of(len(sds), 0.32))
    panels = fig.subplots(1, 2 if cors else 1, squeeze=False)[0]
    _column(panels[0], sds.iloc[::-1], list(sds.index[::-1]))
    panels[0].set_xlim(left=0)
    dress(panels[0], level_text(sds), title="Standard deviations")
    if cors:
        both = pd.concat(cors)
        _column(panels[1], both.iloc[::-1], list(both.index[::-1]))
        panels[1].set_xlim(-1, 1)
        dress(panels[1], level_text(both), title="Correlations")
    return fig


def _named(table: pd.DataFrame, name: str) -> pd.DataFrame:
    name = name.replace("residual__", "residual")
    return table.set_axis([f"{name} {c}".strip() for c in table.index])


def _correlations(cor: pd.DataFrame, pairs: Sequence[Any], name: str) -> pd.DataFrame:
    return cor.loc[list(pairs)].set_axis([f"{name}: {a}, {b}" for a, b in pairs])


def _column(axes: Axes, table: pd.DataFrame, labels: Sequence[str]) -> None:
    """Intervals and estimates from below to above, with a line at zero if that is in sight."""
    y, (low, high) = np.arange(len(table)), bounds(table)
    few = len(table) <= MANY
    axes.hlines(y, low, high, color=BLUE, linewidth=1.6 if few else 0.5, alpha=1 if few else 0.5)
    axes.plot(table["Estimate"], y, "o", color=BLUE if few else INK, markersize=4 if few else 1.5)
    if low.min() < 0 < high.max():
        axes.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.set_yticks(y if few else [], labels if few else [])
    axes.set_ylim(-0.7, len(table) - 0.3)
    if len(table) > 25:
        axes.tick_params(axis="y", labelsize=7)
