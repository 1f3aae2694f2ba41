"""The intercepts of a mixture's components, where they increase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bayesmix.parameters import Parameter
from bayesmix.priors.defaults import on_link
from bayesmix.pymc_model.vectors import increasing
from bayesmix.spec import Response

INCREASING = "ordered_Intercept"
"""What the variable is called, as in brms."""

LEAST_STEP = 0.1
"""Between the intercepts with which chains begin."""


def increasing_intercepts(name: str, run: Sequence[Parameter], response: Response) -> Any:
    """One variable for all; chains begin at quantiles of the response."""
    return increasing(name, [p.priors[0] for p in run], _start(len(run), response))


def _start(count: int, response: Response) -> np.ndarray:
    """Increasing, on the scales of the links."""
    shares = (np.arange(count) + 0.5) / count
    z = [on_link(response.data.y, response.family.dpar(d).link) for d in response.family.main]
    if any(values is None for values in z):
        return np.linspace(-1.0, 1.0, count)
    start = np.array([np.quantile(v, q) for v, q in zip(z, shares, strict=True)])
    steps = np.maximum(np.diff(start), LEAST_STEP)
    return start[0] + np.concatenate([[0.0], np.cumsum(steps)])
