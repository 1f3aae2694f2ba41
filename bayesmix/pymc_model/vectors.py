"""Parameters that may have different priors, as one vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.transforms import ordered

from bayesmix.priors import Resolved


def shared_priors(priors: Sequence[Resolved]) -> list[tuple[Resolved, tuple[int, ...]]]:
    """The distinct priors, each with the positions of the parameters that have it."""
    positions: dict[tuple[Any, float, float], list[int]] = {}
    for i, p in enumerate(priors):
        positions.setdefault((p.distribution, p.lower, p.upper), []).append(i)
    return [(priors[at[0]], tuple(at)) for at in positions.values()]


def vector(
    name: str,
    priors: Sequence[Resolved],
    given: Mapping[Any, Any] | None = None,
    start: np.ndarray | None = None,
) -> Any:
    """One random variable for each distinct prior, put together in the order of `priors`.

    With one prior for all the variable is called `name`, otherwise ``name__0``, ``name__1``, ….
    Those whose distribution is in `given` have its values there. Chains begin near `start`.
    """
    shared, given = shared_priors(priors), given or {}
    names = [name] if len(shared) == 1 else [f"{name}__{i}" for i in range(len(shared))]
    parts = [
        given.get(p.distribution)
        if p.distribution in given
        else p.register(n, shape=len(at), **({} if start is None else {"initval": start[list(at)]}))
        for n, (p, at) in zip(names, shared, strict=True)
    ]
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(np.concatenate([at for _, at in shared]))
    return pt.concatenate(parts)[order]


def increasing(name: str, priors: Sequence[Resolved], start: np.ndarray | None = None) -> Any:
    """One random vector whose values increase, each with its prior; chains begin near `start`."""
    if len(priors) == 1:
        return vector(name, priors)
    start = np.linspace(-1.0, 1.0, len(priors)) if start is None else start
    options = {"shape": len(priors), "transform": ordered, "initval": start}
    shared = shared_priors(priors)
    if len(shared) == 1:
        return priors[0].register(name, **options)
    values = pm.Flat(name, **options)
    for prior, at in shared:
        if prior.distribution.proper:
            family, params = prior.distribution.law.pymc(*prior.distribution.params)
            logp = pm.logp(getattr(pm, family).dist(**params), values[list(at)])
            pm.Potential(f"{name}_prior_{at[0]}", logp)
    return values
