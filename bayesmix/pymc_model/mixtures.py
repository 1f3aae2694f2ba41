"""The intercepts of a mixture's components, where they increase."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.priors.defaults import on_link
from bayesmix.pymc_model.vectors import increasing
from bayesmix.spec import ModelSpec

INCREASING = "ordered_Intercept"
"""What the variable is called, as in brms."""

LEAST_STEP = 0.1
"""Between the intercepts with which chains begin."""


def increasing_intercepts(spec: ModelSpec) -> Any:
    """One variable for all; chains begin at quantiles of the response."""
    priors = [p.priors[0] for p in spec.increasing]
    return increasing(INCREASING, priors, _start(spec))


def _start(spec: ModelSpec) -> np.ndarray:
    """Increasing, on the scales of the links."""
    count, response = len(spec.increasing), spec.response
    shares = (np.arange(count) + 0.5) / count
    z = [on_link(response.data.y, response.family.dpar(d).link) for d in response.family.main]
    if any(values is None for values in z):
        return np.linspace(-1.0, 1.0, count)
    start = np.array([np.quantile(v, q) for v, q in zip(z, shares, strict=True)])
    steps = np.maximum(np.diff(start), LEAST_STEP)
    return start[0] + np.concatenate([[0.0], np.cumsum(steps)])
