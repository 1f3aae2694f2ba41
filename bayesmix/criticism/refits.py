"""Fits to all rows but some: tasks for joblib, small results.

A task is a model's definition, row numbers and settings, and gives the log predictive densities of
the rows left out. Its random numbers are its own, so that results don't hang on how or in which
order tasks run; a ``joblib.parallel_config`` of the user takes them elsewhere.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from bayesmix.errors import BayesmixError, ConvergenceWarning, PredictionError

PACKAGE = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Task:
    """A fit to some rows, which is judged by others.

    Attributes
    ----------
    model : Model
    left_out : ndarray of int
        Those that it is judged by.
    what : str
        In words, for messages.
    seed : SeedSequence
    settings : mapping
        Arguments of ``Model.fit``.
    kept : ndarray of int
        Those that it is fitted to.
    given : str
        What rows are conditional on where residuals are correlated, as ``Fit.log_lik`` has it.
    resp : str or None
        The response that is judged.
    """

    model: Any
    left_out: np.ndarray
    what: str
    seed: np.random.SeedSequence
    settings: Mapping[str, Any]
    kept: np.ndarray
    given: str = "fit"
    resp: str | None = None


@dataclass(frozen=True)
class Result:
    """The log predictive density of each row left out, and what was warned of."""

    elpd: np.ndarray
    warnings: tuple[str, ...]


def run(tasks: Sequence[Task], n_jobs: int | None, progressbar: bool) -> list[Result]:
    """The results of tasks, in their order.

    Parameters
    ----------
    tasks : sequence of Task
    n_jobs : int or None
        As joblib has it: None is 1, or what the ``joblib.parallel_config`` around says.
    progressbar : bool

    Warns
    -----
    ConvergenceWarning
        Once, if any fit warned.
    """
    import joblib

    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    alone = joblib.effective_n_jobs(n_jobs) == 1
    made = parallel(joblib.delayed(refit)(task, None if alone else 1) for task in tasks)
    results = list(_tracked(made, len(tasks), progressbar))
    _warn(tasks, results)
    return results


def refit(task: Task, cores: int | None) -> Result:
    """Fit without the rows, and look at them.

    Raises
    ------
    PredictionError
        If the other rows make no model, or one that knows nothing of these.
    """
    frame = task.model.data
    sampling, levels = task.seed.spawn(2)
    settings = {"progressbar": False, "cores": cores, **task.settings}
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit = task.model.on_rows(task.kept).fit(
                random_seed=np.random.default_rng(sampling), **settings
            )
        values = fit.log_lik(
            frame.iloc[task.left_out],
            allow_new_levels=True,
            sample_new_levels="gaussian",
            random_seed=levels,
            kind=task.given,
            resp=task.resp,
        ).to_numpy()
    except BayesmixError as error:
        raise PredictionError(
            f"Without {task.what} there is no fit to judge it by: {error}"
        ) from error
    messages = tuple(str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning))
    return Result(special.logsumexp(values, axis=0) - np.log(len(values)), messages)


def _tracked(results: Iterable[Result], total: int, progressbar: bool) -> Iterable[Result]:
    if not progressbar:
        return results
    from rich.progress import track

    return track(results, "Fitting without some rows", total, transient=True)


def _warn(tasks: Sequence[Task], results: Sequence[Result]) -> None:
    bad = [(t, r) for t, r in zip(tasks, results, strict=True) if r.warnings]
    if bad:
        task, result = bad[0]
        warnings.warn(
            f"{len(bad)} of {len(tasks)} fits should not be trusted yet. The first, without "
            f"{task.what}: {result.warnings[0]}\nkfold and reloo take draws=, target_accept= and "
            "the others, too.",
            ConvergenceWarning,
            skip_file_prefixes=(PACKAGE,),
        )
