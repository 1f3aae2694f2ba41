"""Parameters that may have different priors, as one vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt

from bayesmix.priors import Resolved


def shared_priors(priors: Sequence[Resolved]) -> list[tuple[Resolved, tuple[int, ...]]]:
    """The distinct priors, each with the positions of the parameters that have it."""
    positions: dict[tuple[Any, float, float], list[int]] = {}
    for i, p in enumerate(priors):
        positions.setdefault((p.distribution, p.lower, p.upper), []).append(i)
    return [(priors[at[0]], tuple(at)) for at in positions.values()]


def vector(name: str, priors: Sequence[Resolved]) -> Any:
    """One random variable for each distinct prior, put together in the order of `priors`.

    With one prior for all the variable is called `name`, otherwise ``name__0``, ``name__1``, ….
    """
    shared = shared_priors(priors)
    if len(shared) == 1:
        return priors[0].register(name, shape=len(priors))
    parts = [p.register(f"{name}__{i}", shape=len(at)) for i, (p, at) in enumerate(shared)]
    order = np.argsort(np.concatenate([at for _, at in shared]))
    return pt.concatenate(parts)[order]
