"""One sampling run: find the sampler, sample, collect, judge."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bayesmix.engine import uncovered
from bayesmix.engine.plan.given import unknown
from bayesmix.errors import ConvergenceWarning, SamplingError
from bayesmix.randomness import seed_sequence
from bayesmix.sampling.collect import Sampled, collect
from bayesmix.sampling.exact import check_not_exact
from bayesmix.sampling.fused_nuts import sample_fused
from bayesmix.sampling.judge import judge
from bayesmix.sampling.prior import draw_prior
from bayesmix.sampling.problem import Problem
from bayesmix.sampling.samplers import find_sampler
from bayesmix.sampling.settings import Settings
from bayesmix.variables import variable_dims

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["run", "run_prior"]

PACKAGE = str(Path(__file__).parent.parent)


def run(problem: Problem, sampler: str, settings: Settings) -> xr.DataTree:
    """Sample the posterior of a model.

    Parameters
    ----------
    problem : Problem
    sampler : str
        ``"auto"`` or one of `SAMPLERS`.
    settings : Settings

    Returns
    -------
    xarray.DataTree
        Groups ``posterior``, ``sample_stats`` and ``observed_data``.

    Raises
    ------
    SamplingError
        If there is no such sampler, nothing to sample, no chain could start, or the predictors fit
        the response exactly.

    Warns
    -----
    ConvergenceWarning
        Once, with all that `judge` finds.
    """
    chosen = find_sampler(sampler, problem)
    if settings.parametrization != "auto" and chosen.sample is not sample_fused:
        raise SamplingError(
            "parametrization= is for the fused engine; the PyMC model is noncentered. "
            + _why_not_fused(problem)
        )
    if settings.init is not None:
        _check_init(problem, settings.init, chosen.sample is sample_fused)
    if not variable_dims(problem.spec):
        raise SamplingError("The model has no parameters, so there is nothing to sample.")
    if not problem.changes:
        check_not_exact(problem.spec)
    idata = collect(problem.spec, chosen.sample(problem, settings), settings)
    doubts = judge(idata)
    if doubts is not None:
        warnings.warn(doubts, ConvergenceWarning, skip_file_prefixes=(PACKAGE,))
    return idata


def run_prior(problem: Problem, settings: Settings) -> xr.DataTree:
    """Draw from the prior in place of the posterior.

    Parameters
    ----------
    problem : Problem
    settings : Settings
        Of which ``draws``, ``chains`` and ``random_seed`` count.

    Returns
    -------
    xarray.DataTree
        As of `run`; the draws are independent.

    Raises
    ------
    PriorError
        If a prior is flat; it names the parameters.
    SamplingError
        If the user has changed the PyMC model.
    """
    if problem.changes:
        raise SamplingError(
            f"model.pymc was changed ({'; '.join(problem.changes)}), and prior_only= knows only "
            "the priors that the model was built with."
        )
    start, shape = time.perf_counter(), (settings.chains, settings.draws)
    seed = seed_sequence(settings.random_seed, SamplingError)
    drawn = draw_prior(problem.spec, math.prod(shape), seed)
    values = {str(n): v.to_numpy().reshape(*shape, *v.shape[2:]) for n, v in drawn.items()}
    stats = {"diverging": np.zeros(shape, bool)}
    sampled = Sampled(values, stats, "prior", "numpy", time.perf_counter() - start)
    return collect(problem.spec, sampled, settings)


def _check_init(problem: Problem, init: Mapping[str, np.ndarray], is_fused: bool) -> None:
    if not is_fused:
        raise SamplingError(
            f"init= is for the fused engine; others begin where they think best. "
            f"{_why_not_fused(problem)}"
        )
    wrong = unknown(problem.spec, init)
    if wrong:
        raise SamplingError(f"init=: {wrong}.")


def _why_not_fused(problem: Problem) -> str:
    reason = "; ".join(problem.changes) or uncovered(problem.spec)
    return f"The engine can't take this model: {reason}." if reason else "Use sampler='fused'."
