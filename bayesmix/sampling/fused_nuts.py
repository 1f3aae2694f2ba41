"""NUTS through nutpie, on the fused engine: nothing is compiled for the model."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.metadata import version
from inspect import signature
from itertools import batched
from operator import attrgetter
from types import ModuleType
from typing import Any

import numpy as np

from bayesmix.engine import Fused, compile_fused
from bayesmix.errors import SamplingError
from bayesmix.randomness import seed_sequence
from bayesmix.sampling.collect import STATS, Sampled
from bayesmix.sampling.nutpie_nuts import STAT_NAMES, run_compiled
from bayesmix.sampling.problem import Problem
from bayesmix.sampling.settings import Settings

__all__ = ["NutpieModel", "sample_fused", "unknown_nutpie"]

DRAWS, PARAMETER = "x", "parameter"
"""What nutpie is told that the parameters are called, and their dimension."""
SMALL = 2**22
"""Numbers of several chains that are dealt with at once, which saves threads."""


@dataclass(frozen=True)
class NutpieModel:
    """A model of the engine in the shape of nutpie's compiled models."""

    fused: Fused
    coords: Mapping[str, Any]
    dims: Mapping[str, Any]
    reparameterized_names: tuple[str, ...] = ()

    @property
    def n_dim(self) -> int:
        return self.fused.n_dim

    def _make_sampler(
        self,
        settings: Any,
        init_mean: np.ndarray,
        cores: int,
        progress_type: Any,
        extra_callback: Any,
        extra_callback_rate: Any,
        store: Any,
    ) -> Any:
        from nutpie import _lib

        model = self._make_model(init_mean)
        return _lib.PySampler.from_pymc(
            settings, cores, model, progress_type, extra_callback, extra_callback_rate, store
        )

    def _make_model(self, init_mean: np.ndarray) -> Any:
        from nutpie import _lib

        n, density = self.n_dim, self.fused.sampled
        logp = _lib.LogpFunc(density.address, density.data_address, density)
        expand = _lib.ExpandFunc(n, n, density.expand_address, density.data_address, density)
        sizes, dims = {PARAMETER: n}, {DRAWS: (PARAMETER,)}
        variables = _lib.PyVariable.new_variables([DRAWS], ["float64"], [(n,)], sizes, dims)
        return _lib.PyMcModel(
            logp, expand, variables, n, sizes, {}, self.fused.initial_point, _no_adapter
        )


SIGNATURES = {
    "LogpFunc": "ptr, user_data_ptr, keep_alive",
    "ExpandFunc": "dim, expanded_dim, ptr, user_data_ptr, keep_alive",
    "PyVariable.new_variables": "names, item_types, shapes, dim_sizes, dims",
    "PyMcModel": "density, expand, variables, dim, dim_sizes, coords, init_func, transform_adapter",
    "PySampler.from_pymc": (
        "settings, cores, model, progress_type, extra_callback, extra_callback_rate, store"
    ),
}
"""What is used of nutpie's private names, and with which arguments."""


@cache
def unknown_nutpie() -> str | None:
    """Why the engine can't be run by the nutpie that is installed; None if it can."""
    _import_nutpie()
    from nutpie import _lib

    for name, arguments in SIGNATURES.items():
        try:
            found = ", ".join(signature(attrgetter(name)(_lib)).parameters)
        except (AttributeError, ValueError) as error:
            found = str(error)
        if found != arguments:
            return f"nutpie {version('nutpie')} has another {name}() than the fused engine knows."
    return None


class _StandIn(ModuleType):
    """A module that is imported when something is asked of it."""

    def __getattr__(self, name: str) -> Any:
        _leave(self)
        return getattr(import_module(self.__name__), name)


def _import_nutpie() -> None:
    """Without ArviZ, which it imports and doesn't use here.

    ArviZ brings all of matplotlib, a quarter of a second of a first fit.
    """
    if "arviz" in sys.modules:
        return
    sys.modules["arviz"] = stand_in = _StandIn("arviz")
    try:
        import_module("nutpie")
    finally:
        _leave(stand_in)


def _leave(stand_in: ModuleType) -> None:
    if sys.modules.get(stand_in.__name__) is stand_in:
        del sys.modules[stand_in.__name__]


def sample_fused(problem: Problem, settings: Settings) -> Sampled:
    """Sample a model that the engine takes.

    Raises
    ------
    SamplingError
        If it doesn't, or no chain can start.
    """
    how = settings.parametrization, settings.marginalize, settings.init
    fused = compile_fused(problem.spec, *how)
    seeds = seed_sequence(settings.random_seed, SamplingError)
    seeded = replace(settings, random_seed=seeds)
    start = time.perf_counter()
    model = NutpieModel(fused, {}, {})
    draws, stats = unpack(run_compiled(model, seeded, return_raw_trace=True), settings.draws)
    posterior = _posterior(fused, draws, seeds, settings)
    return Sampled(posterior, stats, "fused", "nutpie", time.perf_counter() - start)


def _posterior(
    fused: Fused, draws: Iterator[np.ndarray], seeds: np.random.SeedSequence, settings: Settings
) -> dict[str, np.ndarray]:
    """The variables of all chains; large chains are made one by one and their raw draws let go."""
    posterior: dict[str, np.ndarray] = {}
    at, together = 0, max(1, SMALL // (settings.draws * fused.n_dim))
    for chains in batched(draws, together):
        found = fused.posterior(np.stack(chains), [at, *seeds.generate_state(4)])
        for name, values in found.items():
            if len(chains) == settings.chains:
                posterior[name] = values
                continue
            if name not in posterior:
                posterior[name] = np.empty((settings.chains, *values.shape[1:]))
            posterior[name][at : at + len(chains)] = values
        at += len(chains)
    return posterior


def unpack(results: Any, draws: int) -> tuple[Iterator[np.ndarray], dict[str, np.ndarray]]:
    """Unconstrained draws, draw × parameter, chain after chain, and the statistics.

    nutpie's tables hold the warm-up too; each is let go when its chain has been taken.
    """
    draw_batches, stat_batches = results.get_arrow_trace()
    del results
    kept = {
        ours: np.stack([_rows(b.column(theirs), draws) for b in stat_batches])
        for theirs, ours in STAT_NAMES.items()
        if ours in STATS
    }
    return _taken(list(draw_batches), draws), kept


def _taken(batches: list[Any], draws: int) -> Iterator[np.ndarray]:
    while batches:
        yield _rows(batches.pop(0).column(DRAWS), draws).reshape(draws, -1)


def _rows(column: Any, draws: int) -> np.ndarray:
    """The draws after tuning of one column, one row each."""
    import pyarrow

    after = pyarrow.array(column.slice(len(column) - draws, draws))
    flat = after.flatten() if hasattr(after, "flatten") else after
    return np.asarray(flat.to_numpy(zero_copy_only=False))


def _no_adapter(*args: Any, **kwargs: Any) -> Any:
    raise SamplingError("The fused engine can't adapt by normalising flows; use sampler='nutpie'.")
