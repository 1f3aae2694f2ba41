"""Compound symmetry: one correlation of all residuals of a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.correlations.layout import Layout


@dataclass(frozen=True)
class CompoundSymmetry:
    """``cosy()``. Given k others the mean is ρ / (1 + (k - 1) ρ) times their sum."""

    @property
    def names(self) -> Mapping[str, tuple[float, float]]:
        return {"cosy": (0.0, 1.0)}

    def whiten(
        self, given: Mapping[str, Any], residuals: Any, layout: Layout, m: Any
    ) -> tuple[Any, Any]:
        rho, mask = given["cosy"], layout.mask
        position = np.arange(len(mask))[:, None]
        less = 1 + (position - 1) * rho
        e = residuals - rho / less * (m.cumsum(residuals, axis=-2) - residuals)
        scale = m.sqrt((1 - rho) * (less + rho) / less)
        return e * mask / scale, scale * mask + (1 - mask)

    def colour(self, given: Mapping[str, Any], white: Any, layout: Layout, m: Any) -> Any:
        rho, position = given["cosy"], np.arange(len(layout.rows))[:, None]
        less = 1 + (position - 1) * rho
        own = m.sqrt((1 - rho) * (less + rho) / less) * white
        passed = rho * m.sqrt((1 - rho) / (less * (less + rho))) * white
        return (own + m.cumsum(passed, axis=-2) - passed) * layout.mask

    def marginal(self, given: Mapping[str, Any]) -> np.ndarray:
        return np.ones((1, 1, 1))

    def precise(
        self, given: Mapping[str, Any], residuals: np.ndarray, layout: Layout
    ) -> tuple[np.ndarray, np.ndarray]:
        rho, mask = given["cosy"], layout.mask
        share = rho / (1 + (mask.sum(axis=0) - 1) * rho)
        total = residuals.sum(axis=-2, keepdims=True)
        diagonal = np.broadcast_to((1 - share) / (1 - rho), residuals.shape)
        return (residuals - share * total) / (1 - rho), diagonal
