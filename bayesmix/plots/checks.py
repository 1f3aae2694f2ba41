"""Predictive checks: responses that the model makes beside those that were observed.

ArviZ draws what it knows to draw; bars and errors are drawn here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.plots.style import BLUE, GREY, INK, MUTED, PALE, dress, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROUP = "posterior_predictive"


def check(
    kind: str,
    predicted: np.ndarray,
    observed: pd.Series,
    groups: pd.Series | None = None,
    stat: str | Callable[..., Any] = "mean",
    expected: np.ndarray | None = None,
    log_lik: np.ndarray | None = None,
    discrete: bool = False,
) -> Figure:
    """A picture of predicted and observed responses.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    predicted : ndarray
        Draws × rows.
    observed : Series
        Named as the response.
    groups : Series, optional
        The set of each row, for a panel each.
    stat : str or callable
        Of kind ``"stat"``.
    expected : ndarray, optional
        The mean expectation of each row, for errors.
    log_lik : ndarray, optional
        Draws × rows, for leave-one-out.
    discrete : bool
        Whether responses are whole numbers.
    """
    if kind not in KINDS:
        raise PredictionError(
            f"kind must be one of {listed(KINDS)}, not {kind!r}.{did_you_mean(str(kind), KINDS)}"
        )
    if kind in OWN:
        return OWN[kind](predicted, observed, groups, expected)
    tree = _tree(predicted, observed, groups, log_lik)
    made = _figure(ARVIZ[kind](tree, stat, discrete))
    made.set_layout_engine("constrained")
    made.supxlabel(CAPTIONS[kind].format(len(predicted)), fontsize=8, color=MUTED)
    return made


def _tree(
    predicted: np.ndarray, observed: pd.Series, groups: pd.Series | None, log_lik: np.ndarray | None
) -> xr.DataTree:
    """What ArviZ draws from, with a variable for each set of rows."""
    name, y = str(observed.name), observed.to_numpy()
    sets = {name: np.arange(len(y))}
    if groups is not None:
        values = groups.to_numpy()
        sets = {f"{groups.name} = {v}": np.flatnonzero(values == v) for v in pd.unique(groups)}
    made, there, lik = {}, {}, {}
    for i, (label, at) in enumerate(sets.items()):
        dims = f"obs{i}"
        made[label] = (("chain", "draw", dims), predicted[None][:, :, at])
        there[label] = (dims, y[at])
        if log_lik is not None:
            lik[label] = (("chain", "draw", dims), log_lik[None][:, :, at])
    parts = {GROUP: xr.Dataset(made), "observed_data": xr.Dataset(there)}
    if log_lik is not None:
        parts["log_likelihood"] = xr.Dataset(lik)
        parts["posterior"] = xr.Dataset(
            {"none": (("chain", "draw"), np.zeros(log_lik[None].shape[:2]))}
        )
    return xr.DataTree.from_dict(parts)


def _figure(collection: Any) -> Figure:
    """ArviZ's picture; pyplot forgets it, so that notebooks show it once."""
    from matplotlib import pyplot

    made = collection.viz["figure"].item()
    pyplot.close(made)
    return made


def _distribution(kind: str) -> Callable[..., Any]:
    def draw(tree: xr.DataTree, stat: Any, discrete: bool) -> Any:
        from arviz_plots import plot_ppc_dist

        chosen = "hist" if kind == "kde" and discrete else kind
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # ArviZ would rather see another kind for counts; this one was asked for.
            warnings.filterwarnings("ignore", ".* look discrete", UserWarning)
            return plot_ppc_dist(
                tree, kind=chosen, num_samples=tree[GROUP].sizes["draw"], backend="matplotlib"
            )

    return draw


def _stat(tree: xr.DataTree, stat: Any, discrete: bool) -> Any:
    from arviz_plots import plot_ppc_tstat

    return plot_ppc_tstat(tree, t_stat=stat, backend="matplotlib")


def _intervals(tree: xr.DataTree, stat: Any, discrete: bool) -> Any:
    from arviz_plots import plot_ppc_interval

    return plot_ppc_interval(tree, backend="matplotlib")


def _rootogram(tree: xr.DataTree, stat: Any, discrete: bool) -> Any:
    from arviz_plots import plot_ppc_rootogram

    if not discrete:
        raise PredictionError("A rootogram is for counts; dens_overlay is for numbers.")
    return plot_ppc_rootogram(tree, backend="matplotlib")


def _pit(tree: xr.DataTree, stat: Any, discrete: bool) -> Any:
    from arviz_plots import plot_ppc_pit

    return plot_ppc_pit(tree, backend="matplotlib")


def _loo_pit(tree: xr.DataTree, stat: Any, discrete: bool) -> Any:
    from arviz_plots import plot_loo_pit

    return plot_loo_pit(tree, backend="matplotlib")


def _bars(
    predicted: np.ndarray, observed: pd.Series, groups: pd.Series | None, expected: Any
) -> Figure:
    """How often each value is observed, and predicted with 95% intervals."""
    values = np.unique(np.concatenate([np.unique(predicted), observed.to_numpy()]))
    panels = _panels(observed, groups)
    fig = figure(min(3.2 * len(panels) + 3, 13), 4)
    for axes, (title, at) in zip(_row(fig, len(panels)), panels.items(), strict=True):
        counts = np.stack([(predicted[:, at] == v).sum(axis=1) for v in values], axis=1)
        seen = [(observed.to_numpy()[at] == v).sum() for v in values]
        low, high = np.quantile(counts, [0.025, 0.975], axis=0)
        axes.bar(values, seen, color=PALE, edgecolor=GREY, width=0.8, label="observed")
        axes.vlines(values, low, high, color=BLUE, linewidth=1.6)
        axes.plot(values, counts.mean(axis=0), "o", color=BLUE, markersize=4,
                  label="predicted, 95% intervals")  # fmt: skip
        dress(axes, str(observed.name), title=title)
    fig.axes[0].set_ylabel("rows", color=INK)
    fig.axes[0].legend(frameon=False, fontsize=8)
    return fig


def _errors(
    predicted: np.ndarray, observed: pd.Series, groups: pd.Series | None, expected: Any
) -> Figure:
    """Observed less expected, against expected."""
    panels = _panels(observed, groups)
    fig = figure(min(3.2 * len(panels) + 3, 13), 4)
    errors = observed.to_numpy() - expected
    for axes, (title, at) in zip(_row(fig, len(panels)), panels.items(), strict=True):
        axes.axhline(0, color=GREY, linewidth=0.8)
        axes.plot(expected[at], errors[at], "o", color=BLUE, alpha=0.5, markersize=3.5)
        dress(axes, f"expected {observed.name}", title=title)
    fig.axes[0].set_ylabel(f"{observed.name} observed − expected", color=INK)
    return fig


def _panels(observed: pd.Series, groups: pd.Series | None) -> dict[str | None, np.ndarray]:
    if groups is None:
        return {None: np.arange(len(observed))}
    values = groups.to_numpy()
    return {f"{groups.name} = {v}": np.flatnonzero(values == v) for v in pd.unique(groups)}


def _row(fig: Figure, count: int) -> Any:
    return fig.subplots(1, count, squeeze=False, sharey=True)[0]


ARVIZ: Mapping[str, Callable[..., Any]] = {
    "dens_overlay": _distribution("kde"),
    "ecdf_overlay": _distribution("ecdf"),
    "hist": _distribution("hist"),
    "stat": _stat,
    "intervals": _intervals,
    "rootogram": _rootogram,
    "pit": _pit,
    "loo_pit": _loo_pit,
}

OVERLAY = "black: observed; blue: {} draws of the responses"

CAPTIONS = {
    "dens_overlay": OVERLAY,
    "ecdf_overlay": OVERLAY,
    "hist": OVERLAY,
    "stat": "dot: observed; curve: {} draws of the responses",
    "intervals": "dots: observed, by row; bars: intervals of {} draws of the responses",
    "rootogram": "observed beside predicted counts, square roots; {} draws",
    "pit": "uniform if the responses are like the predicted ones; {} draws",
    "loo_pit": "uniform if the responses are like those predicted without them; {} draws",
}

OWN: Mapping[str, Callable[..., Figure]] = {"bars": _bars, "error_scatter": _errors}

KINDS = (*ARVIZ, *OWN)
"""The kinds of pictures."""


def prior_posterior(tree: xr.DataTree, variables: list[str] | None = None) -> Figure:
    """The densities of parameters before and after the data.

    Parameters
    ----------
    tree : xarray.DataTree
        With the groups ``prior`` and ``posterior``.
    variables : list of str, optional
        Their names in the posterior.
    """
    from arviz_plots import plot_prior_posterior

    groups = {name: _unstacked(tree[name].to_dataset()) for name in ("prior", "posterior")}
    both = xr.DataTree.from_dict(groups)
    made = _figure(plot_prior_posterior(both, var_names=variables, backend="matplotlib"))
    made.set_layout_engine("constrained")
    return made


def _unstacked(data: xr.Dataset) -> xr.Dataset:
    """ArviZ calls the draws of all chains ``sample``, as a group may be called."""
    return data.rename({"sample": "sample "}) if "sample" in data.dims else data
