"""NUTS through `pymc.sample`: PyMC's own, numpyro's and blackjax's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from bayesmix.sampling.collect import STATS, Sampled
from bayesmix.sampling.problem import Problem
from bayesmix.sampling.settings import Settings, seed_number
from bayesmix.variables import variable_dims

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["sample_blackjax", "sample_numpyro", "sample_pymc"]


def sample_pymc(problem: Problem, settings: Settings) -> Sampled:
    """Sample with PyMC's own NUTS."""
    return _sample(problem, settings, "pymc")


def sample_numpyro(problem: Problem, settings: Settings) -> Sampled:
    """Sample with numpyro's NUTS, which calls the potential energy (minus the log density) lp."""
    sampled = _sample(problem, settings, "numpyro")
    sampled.stats["lp"] *= -1
    return sampled


def sample_blackjax(problem: Problem, settings: Settings) -> Sampled:
    """Sample with blackjax's NUTS."""
    return _sample(problem, settings, "blackjax")


def _sample(problem: Problem, settings: Settings, sampler: str) -> Sampled:
    from bayesmix.pymc_model.sample import sample

    names = (*variable_dims(problem.spec), *problem.own)
    start = time.perf_counter()
    tree = sample(
        problem.pymc(),
        sampler,
        names,
        draws=int(settings.draws),
        tune=int(settings.tune),
        chains=int(settings.chains),
        cores=settings.cores and int(settings.cores),
        seed=seed_number(settings.random_seed),
        target_accept=float(settings.target_accept),
        progressbar=settings.progressbar,
    )
    return _sampled(tree, names, sampler, time.perf_counter() - start)


def _sampled(tree: xr.DataTree, names: tuple[str, ...], sampler: str, seconds: float) -> Sampled:
    posterior, stats = tree["posterior"], tree["sample_stats"]
    kept = {name: np.array(stats[name]) for name in STATS if name in stats}
    seconds = posterior.attrs.get("sampling_time", seconds)
    return Sampled({n: posterior[n].to_numpy() for n in names}, kept, sampler, sampler, seconds)
