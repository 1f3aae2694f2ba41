"""Cross-validation by fitting again: in folds, by groups, and row by row where sampling fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy import special

from bayesmix.criticism.elpd import made
from bayesmix.criticism.folds import FUTURE, folds_of
from bayesmix.criticism.log_lik import GROUP
from bayesmix.criticism.refits import Task, run
from bayesmix.errors import PredictionError

if TYPE_CHECKING:
    from arviz_stats.utils import ELPDData


def kfold(
    model: Any,
    tree: xr.DataTree,
    k: int,
    group: str | None,
    folds: Any,
    seed: np.random.SeedSequence,
    settings: Mapping[str, Any],
    n_jobs: int | None,
    progressbar: bool,
    resp: str | None = None,
) -> ELPDData:
    """See `Fit.kfold`."""
    from arviz_stats.utils import ELPDDataLOOKFold

    splitting, fitting = seed.spawn(2)
    fold = folds_of(model.spec, k, group, folds, np.random.default_rng(splitting))
    numbers, ahead = range(int(fold.max()) + 1), isinstance(folds, str) and folds == FUTURE
    seeds = fitting.spawn(len(numbers))
    tasks = [
        Task(
            model,
            np.flatnonzero(fold == i),
            _what(model, fold, i, group, folds),
            seeds[i],
            settings,
            np.flatnonzero(fold < i) if ahead else np.flatnonzero(fold != i),
            "past" if ahead else "fit",
            resp,
        )
        for i in numbers
    ]
    values = np.empty(len(fold))
    for task, result in zip(tasks, run(tasks, n_jobs, progressbar), strict=True):
        values[task.left_out] = result.elpd
    judged = np.flatnonzero(fold >= 0)
    log_lik = _only(tree)
    log_lik = log_lik.isel({log_lik.dims[-1]: judged})
    elpd = log_lik.isel(chain=0, draw=0, drop=True).copy(data=values[judged])
    samples = log_lik.sizes["chain"] * log_lik.sizes["draw"]
    p = log_predictive_density(log_lik) - elpd
    about = {"n_folds": len(numbers), "p_kfold_i": p}
    return made(ELPDDataLOOKFold, elpd, p, samples, **about)


def reloo(
    model: Any,
    tree: xr.DataTree,
    result: ELPDData,
    k_threshold: float,
    seed: np.random.SeedSequence,
    settings: Mapping[str, Any],
    n_jobs: int | None,
    progressbar: bool,
) -> ELPDData:
    """See `Fit.reloo`."""
    bad = np.flatnonzero(result.pareto_k.to_numpy() > k_threshold)
    rows = np.arange(len(model.data))
    labels, seeds = (
        result.pareto_k[result.pareto_k.dims[0]].to_numpy().tolist(),
        seed.spawn(len(bad)),
    )
    tasks = [
        Task(model, np.array([row]), f"row {labels[row]!r}", s, settings, np.delete(rows, row))
        for row, s in zip(bad, seeds, strict=True)
    ]
    elpd, pareto_k = result.elpd_i.copy(deep=True), result.pareto_k.copy(deep=True)
    for task, refitted in zip(tasks, run(tasks, n_jobs, progressbar) if tasks else [], strict=True):
        elpd[task.left_out] = refitted.elpd
        pareto_k[task.left_out] = 0.0
    p = log_predictive_density(_only(tree)) - elpd
    sums = made(type(result), elpd, p, result.n_samples, good_k=result.good_k)
    return replace(result, elpd=sums.elpd, se=sums.se, p=sums.p, elpd_i=elpd, pareto_k=pareto_k,
                   p_loo_i=p, warning=bool((pareto_k > result.good_k).any()))  # fmt: skip


def log_predictive_density(log_lik: xr.DataArray) -> xr.DataArray:
    """Of each row, in the sample."""
    total = xr.apply_ufunc(
        special.logsumexp, log_lik, input_core_dims=[["chain", "draw"]], kwargs={"axis": (-2, -1)}
    )
    return total - np.log(log_lik.sizes["chain"] * log_lik.sizes["draw"])


def _only(tree: xr.DataTree) -> xr.DataArray:
    (values,) = tree[GROUP].data_vars.values()
    return values


def _what(model: Any, fold: np.ndarray, i: int, group: str | None, folds: Any) -> str:
    """A fold in words."""
    if isinstance(folds, str) and folds == FUTURE:
        return f"{group} from {_value(model, fold, i, group)} on"
    if group is None or folds is not None:
        return f"fold {i}"
    for g in model.spec.design.groups:
        if g.name == group:
            return f"{group} {g.levels[i]!r}"
    return f"{group} {_value(model, fold, i, group)}"


def _value(model: Any, fold: np.ndarray, i: int, column: str) -> str:
    """What a fold has in a column."""
    value = model.spec.design.frame[column].iloc[int(np.argmax(fold == i))]
    return repr(value.item() if isinstance(value, np.generic) else value)


def check_threshold(k_threshold: Any) -> float:
    """PredictionError unless it is a number above 0."""
    if isinstance(k_threshold, bool) or not isinstance(k_threshold, int | float) or k_threshold < 0:
        raise PredictionError(f"k_threshold must be a number from 0 on, not {k_threshold!r}.")
    return float(k_threshold)
