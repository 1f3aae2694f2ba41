"""NUTS through nutpie, on the PyMC model compiled by numba."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from bayesmix.errors import SamplingError
from bayesmix.sampling.collect import Sampled
from bayesmix.sampling.problem import Problem
from bayesmix.sampling.settings import Settings, seed_number
from bayesmix.variables import variable_dims

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

__all__ = ["STAT_NAMES", "compiled", "run_compiled", "sample_nutpie"]

STAT_NAMES = {
    "logp": "lp",
    "diverging": "diverging",
    "energy": "energy",
    "energy_error": "energy_error",
    "mean_tree_accept": "acceptance_rate",
    "step_size": "step_size",
    "depth": "tree_depth",
    "n_steps": "n_steps",
    "maxdepth_reached": "reached_max_treedepth",
}


def sample_nutpie(problem: Problem, settings: Settings) -> Sampled:
    """Compile the PyMC model, unless an earlier fit has done so, and sample it with nutpie."""
    names = (*variable_dims(problem.spec), *problem.own)
    ready = compiled(problem.pymc(), names)
    start = time.perf_counter()
    tree = run_compiled(ready, settings)
    return _sampled(tree, names, time.perf_counter() - start)


_COMPILED: WeakKeyDictionary[pm.Model, tuple[Any, Any]] = WeakKeyDictionary()


def compiled(model: pm.Model, names: tuple[str, ...]) -> Any:
    """What nutpie makes of the PyMC model; made again if it has changed."""
    import nutpie

    state = _state(model)
    if model not in _COMPILED or _COMPILED[model][0] != state:
        made = nutpie.compile_pymc_model(model, backend="numba", var_names=names)
        # The labels go on afterwards: nutpie doesn't know those of every type.
        _COMPILED[model] = state, dataclasses.replace(made, dims={}, _coords={})
    return _COMPILED[model][1]


def _state(model: pm.Model) -> tuple[Any, ...]:
    """What the compiled model hangs on and a user may change."""
    variables = (*model.basic_RVs, *model.deterministics, *model.potentials)
    transforms = tuple(model.rvs_to_transforms[rv] for rv in model.free_RVs)
    return variables, transforms, tuple(v.get_value().tobytes() for v in model.data_vars)


def run_compiled(ready: Any, settings: Settings, **options: Any) -> Any:
    """Sample what nutpie has compiled; a tree of data sets, unless `options` say otherwise.

    Raises
    ------
    SamplingError
        If no chain finds a place to start, or one breaks down.
    KeyboardInterrupt
        nutpie's own waiting would give back the draws so far instead.
    """
    import nutpie

    running = nutpie.sample(
        ready,
        draws=int(settings.draws),
        # nutpie's adaptation panics at 0.
        tune=max(1, int(settings.tune)),
        chains=int(settings.chains),
        cores=settings.cores and int(settings.cores),
        seed=seed_number(settings.random_seed),
        target_accept=float(settings.target_accept),
        progress_bar=settings.progressbar,
        save_warmup=False,
        blocking=False,
        **options,
    )
    try:
        return running.wait()
    except RuntimeError as error:
        running.cancel()
        raise SamplingError(_cause(error)) from error
    except BaseException:
        running.cancel()
        raise


def _cause(error: RuntimeError) -> str:
    what = str(error).partition("\n")[0]
    if "initialization" in what:
        return (
            "No chain found a place to start: the density is not finite wherever the sampler "
            "tried. Look at the priors, and whether the response is on their scale."
        )
    return f"The sampler broke down: {what}"


def _sampled(tree: xr.DataTree, names: tuple[str, ...], seconds: float) -> Sampled:
    posterior = {name: tree["posterior"][name].to_numpy() for name in names}
    stats = tree["sample_stats"].to_dataset()
    kept = {ours: stats[name].to_numpy() for name, ours in STAT_NAMES.items() if name in stats}
    return Sampled(posterior, kept, "nutpie", "nutpie", seconds)
