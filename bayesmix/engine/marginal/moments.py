"""What is known of integrated effects given the data: sums of their moments, and draws."""

from __future__ import annotations

from typing import Any

from bayesmix.engine.kernels.predictors import dot
from bayesmix.engine.marginal.tiles import lane

Array = Any


def add_level_moments(t: Any, work: Array, moments: Array) -> float:
    """Add Σ (E[u u'] - I); returns how much of the variance of u the data explain."""
    mode, root = work[t.mode :], work[t.root :]
    explained = 0.0
    for i in range(t.k):
        for j in range(i + 1):
            s = -float(t.levels) if i == j else 0.0
            for r in range(i, t.k):
                s += dot(lane(t, root, r * t.k + i), lane(t, root, r * t.k + j))
            if i == j:
                explained -= s
            moments[i * t.k + j] += s + dot(lane(t, mode, i), lane(t, mode, j))
    return explained


def colour(t: Any, factor: Array, levels: Array, work: Array, u: Array, noise: Array) -> None:
    """From noise to Λ (û + root · noise), level by level."""
    k, m = t.k, t.levels
    for n in range(m):
        r = noise[levels[n] * k : (levels[n] + 1) * k]
        for i in range(k):
            u[i] = work[t.mode + i * m + n]
            for c in range(i, k):
                u[i] += work[t.root + (c * k + i) * m + n] * r[c]
        for i in range(k):
            r[i] = 0.0
            for c in range(i + 1):
                r[i] += factor[i * k + c] * u[c]
