"""NUTS through nutpie, on the fused engine: nothing is compiled for the model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.engine import Fused, compile_fused
from bayesmix.errors import SamplingError
from bayesmix.randomness import seed_sequence
from bayesmix.sampling.collect import STATS, Sampled
from bayesmix.sampling.nutpie_nuts import STAT_NAMES, run_compiled
from bayesmix.sampling.settings import Settings

if TYPE_CHECKING:
    from bayesmix.model import Model

__all__ = ["NutpieModel", "sample_fused"]

DRAWS, PARAMETER = "x", "parameter"
"""What nutpie is told that the parameters are called, and their dimension."""


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

        n, density = self.n_dim, self.fused.density
        logp = _lib.LogpFunc(density.address, density.data_address, density)
        expand = _lib.ExpandFunc(n, n, density.expand_address, density.data_address, density)
        sizes, dims = {PARAMETER: n}, {DRAWS: (PARAMETER,)}
        variables = _lib.PyVariable.new_variables([DRAWS], ["float64"], [(n,)], sizes, dims)
        return _lib.PyMcModel(
            logp, expand, variables, n, sizes, {}, self.fused.initial_point, _no_adapter
        )


def sample_fused(model: Model, settings: Settings) -> Sampled:
    """Sample a model that the engine takes.

    Raises
    ------
    SamplingError
        If it doesn't, or no chain can start.
    """
    start = time.perf_counter()
    fused = compile_fused(model.spec, settings.parametrization, settings.marginalize)
    seeds = seed_sequence(settings.random_seed, SamplingError)
    seeded = replace(settings, random_seed=seeds)
    results = run_compiled(NutpieModel(fused, {}, {}), seeded, return_raw_trace=True)
    x, stats = unpack(results, settings.draws)
    posterior = fused.posterior(x, seeds.generate_state(4))
    seconds = time.perf_counter() - start
    return Sampled(posterior, stats, "fused", "nutpie", seconds)


def unpack(results: Any, draws: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Unconstrained draws, chain × draw × parameter, and statistics, from nutpie's arrow tables."""
    draw_batches, stat_batches = results.get_arrow_trace()
    x = np.stack([_rows(b.column(DRAWS), draws).reshape(draws, -1) for b in draw_batches])
    kept = {
        ours: np.stack([_rows(b.column(theirs), draws) for b in stat_batches])
        for theirs, ours in STAT_NAMES.items()
        if ours in STATS
    }
    return x, kept


def _rows(column: Any, draws: int) -> np.ndarray:
    """The draws after tuning of one column, one row each."""
    import pyarrow

    after = pyarrow.array(column.slice(len(column) - draws, draws))
    flat = after.flatten() if hasattr(after, "flatten") else after
    return np.asarray(flat.to_numpy(zero_copy_only=False))


def _no_adapter(*args: Any, **kwargs: Any) -> Any:
    raise SamplingError("The fused engine can't adapt by normalising flows.")
