"""From a sampler's output to the tree of data sets that a fit keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from numbers import Integral
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.errors import SamplingError
from bayesmix.sampling.settings import Settings
from bayesmix.spec import ModelSpec
from bayesmix.variables import SAMPLE_DIMS, dataset, observed, variable_dims

__all__ = ["STATS", "Sampled", "collect"]

STATS: Mapping[str, str] = {
    "lp": "float64",
    "diverging": "bool",
    "energy": "float64",
    "energy_error": "float64",
    "acceptance_rate": "float64",
    "step_size": "float64",
    "tree_depth": "int64",
    "n_steps": "int64",
    "reached_max_treedepth": "bool",
}
"""The sampler statistics that are kept, by the names of ArviZ, with their types."""


@dataclass(frozen=True)
class Sampled:
    """What a sampler gives back.

    Attributes
    ----------
    posterior : mapping of str to ndarray
        By variable, ``(chain, draw, …)``; the user's own too.
    stats : mapping of str to ndarray
        ``(chain, draw)``, by the names of `STATS`; ``diverging`` is always there.
    sampler : str
        Its name as `Model.fit` has it.
    library : str
        The package it is from.
    seconds : float
        Time that sampling took, without compiling.
    """

    posterior: Mapping[str, np.ndarray]
    stats: Mapping[str, np.ndarray]
    sampler: str
    library: str
    seconds: float


def collect(spec: ModelSpec, sampled: Sampled, settings: Settings) -> xr.DataTree:
    """The draws as a tree, named and labelled.

    Parameters
    ----------
    spec : ModelSpec
    sampled : Sampled
    settings : Settings

    Returns
    -------
    xarray.DataTree
        Groups ``posterior``, ``sample_stats`` and ``observed_data``; what ran stands in the
        attributes of the first two.

    Raises
    ------
    SamplingError
        If a chain has no finite value of some variable.
    """
    _check_finite({name: sampled.posterior[name] for name in variable_dims(spec)})
    attrs = _attributes(sampled, settings)
    posterior = _with_own(dataset(spec, sampled.posterior), sampled).assign_attrs(attrs)
    groups = {
        "posterior": posterior,
        "sample_stats": _stats(sampled, posterior).assign_attrs(attrs),
        "observed_data": observed(spec),
    }
    return xr.DataTree.from_dict(groups)


def _with_own(posterior: xr.Dataset, sampled: Sampled) -> xr.Dataset:
    """With the variables that a user has added to the PyMC model, their dimensions numbered."""
    own = {n: v for n, v in sampled.posterior.items() if n not in posterior}
    dims = {n: [f"{n}_dim_{i}" for i in range(v.ndim - 2)] for n, v in own.items()}
    return posterior.assign({n: ((*SAMPLE_DIMS, *dims[n]), v) for n, v in own.items()})


def _stats(sampled: Sampled, posterior: xr.Dataset) -> xr.Dataset:
    variables = {
        name: (SAMPLE_DIMS, np.asarray(sampled.stats[name]).astype(dtype))
        for name, dtype in STATS.items()
        if name in sampled.stats
    }
    return xr.Dataset(variables, coords={dim: posterior[dim] for dim in SAMPLE_DIMS})


def _attributes(sampled: Sampled, settings: Settings) -> dict[str, Any]:
    """The first six are ArviZ's."""
    return {
        "created_at": datetime.now(UTC).isoformat(),
        "creation_library": "bayesmix",
        "inference_library": sampled.library,
        "inference_library_version": version(sampled.library),
        "sampling_time": float(sampled.seconds),
        "tuning_steps": int(settings.tune),
        "sampler": sampled.sampler,
        "target_accept": float(settings.target_accept),
        **_seed(settings.random_seed),
    }


def _seed(random_seed: Any) -> dict[str, Any]:
    """The seed where it is a number; as text beyond the integers of a file."""
    if not isinstance(random_seed, Integral):
        return {}
    seed = int(random_seed)
    return {"random_seed": seed if seed < 2**63 else str(seed)}


def _check_finite(values: Mapping[str, np.ndarray]) -> None:
    for name, draws in values.items():
        dead = ~np.isfinite(draws).any(axis=tuple(range(1, draws.ndim)))
        if dead.any():
            raise SamplingError(
                f"Chain {int(dead.argmax())} has no finite value of {name!r}: the sampler could "
                "not move. Look at the priors and at the scale of the data."
            )
