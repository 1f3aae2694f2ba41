"""Autoregression and moving averages of any order.

With θ[0] = 1 a series r is a sum of an autoregression's values x, r[t] = Σ θ[j] x[t - j], so that
its covariances k steps apart are Σ θ[i] θ[j] γ[k + i - j] of those of x, which follow from the
coefficients step by step. Source: Brockwell, P. J. and Davis, R. A. (1991), Time Series, sections
3.3 and 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.correlations.dense import Block, Dense
from bayesmix.correlations.layout import Layout
from bayesmix.correlations.partials import longer, most, partials
from bayesmix.correlations.recursion import before


@dataclass(frozen=True)
class Stationary(Dense):
    """``arma(p=2, q=1, cov=True)``: orders above 1, or times that some groups lack.

    As in `Arma` the scale is that of innovations. Its parameters have their lags on the last axis.

    Attributes
    ----------
    p, q : int
    gaps : bool
        Whether times are whole numbers of steps; else rows that follow each other are one apart.
    """

    p: int
    q: int
    gaps: bool = False

    @property
    def names(self) -> Mapping[str, tuple[float, float]]:
        orders = {"ar": self.p, "ma": self.q}
        return {name: (-most(order), most(order)) for name, order in orders.items() if order}

    def whiten(
        self, given: Mapping[str, Any], residuals: Any, layout: Layout, m: Any
    ) -> tuple[Any, Any]:
        """Of an autoregression without a matrix: only the last `p` residuals count."""
        if self.q or self.gaps:
            return super().whiten(given, residuals, layout, m)
        orders = _predictions([given["ar"][..., k] for k in range(self.p)], m)
        order, mask = np.minimum(np.arange(len(layout.rows)), self.p), layout.mask
        e, past = residuals, residuals
        for lag in range(self.p):
            zero = 0.0 * orders[0][1]
            weights = [w[lag] if lag < len(w) else zero for w, _ in orders]
            past = before(past, m)
            e = e - m.stack(weights, axis=-1)[..., order][..., None] * past
        scale = m.sqrt(m.stack([v for _, v in orders], axis=-1))[..., order][..., None]
        return e * mask / scale, scale * mask + (1 - mask)

    def blocks(self, given: Mapping[str, Any], layout: Layout, m: Any) -> list[Block]:
        """Groups with the same steps have the same matrix."""
        kinds = layout.kinds if self.gaps else self._sizes(layout)
        apart = [np.abs(np.subtract.outer(t, t)).astype(int) for _, t in kinds]
        gamma = self.covariances(given, max(a.max() for a in apart), m)
        pairs = zip(kinds, apart, strict=True)
        return [(groups, len(a), gamma[..., a]) for (groups, _), a in pairs]

    def _sizes(self, layout: Layout) -> list[tuple[np.ndarray, np.ndarray]]:
        sizes = (layout.rows >= 0).sum(axis=0)
        return [(np.flatnonzero(sizes == size), np.arange(size)) for size in np.unique(sizes)]

    def covariances(self, given: Mapping[str, Any], steps: int, m: Any) -> Any:
        """Those of residuals 0, 1, … steps apart, innovations having a variance of 1."""
        theta = [1.0, *(given["ma"][..., k] for k in range(self.q))]
        phi = [given["ar"][..., k] for k in range(self.p)]
        one = m.ones_like((phi + theta[1:])[0])
        known = _autoregressive(phi, steps + self.q, one)
        gamma, k, total = m.stack(known, axis=-1), np.arange(steps + 1), 0.0
        for lag in range(-self.q, self.q + 1):
            weight = sum(a * theta[i - lag] for i, a in enumerate(theta) if 0 <= i - lag <= self.q)
            total = total + (weight * one)[..., None] * gamma[..., np.abs(k + lag)]
        return total

    def marginal(self, given: Mapping[str, Any]) -> np.ndarray:
        return np.sqrt(self.covariances(given, 0, np))[:, :, None]


def _predictions(phi: list[Any], m: Any) -> list[tuple[list[Any], Any]]:
    """By as many values before as there are: the weights, and the variance that is left."""
    weights, each = [], partials(phi)
    left = m.ones_like(phi[0])
    for partial in each:
        left = left / ((1.0 - partial) * (1.0 + partial))
    found = [(weights, left)]
    for partial in each:
        weights, left = longer(weights, partial), left * (1.0 - partial) * (1.0 + partial)
        found.append((weights, left))
    return found


def _autoregressive(phi: list[Any], steps: int, one: Any) -> list[Any]:
    """The covariances of a series without a moving average."""
    weights, left, known = [], one, [one]
    for partial in partials(phi):
        known.append(
            sum(w * r for w, r in zip(weights, known[:0:-1], strict=True)) + partial * left
        )
        weights, left = longer(weights, partial), left * (1.0 - partial) * (1.0 + partial)
    while len(known) <= steps:
        known.append(sum((w * r for w, r in zip(phi, known[::-1], strict=False)), 0.0 * one))
    return [r / left for r in known]
