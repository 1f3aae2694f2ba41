"""Correlations that decay with the time between, which needs not be equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.correlations.layout import Layout
from bayesmix.correlations.recursion import accumulate, after, before


@dataclass(frozen=True)
class CAR1:
    """``car1()``: at a distance d the correlation is φ^d, so only the residual before counts."""

    @property
    def names(self) -> Mapping[str, tuple[float, float]]:
        return {"car1": (0.0, 1.0)}

    def whiten(
        self, given: Mapping[str, Any], residuals: Any, layout: Layout, m: Any
    ) -> tuple[Any, Any]:
        decay, scale = self._decay(given, layout, m)
        white = (residuals - decay * before(residuals, m)) / scale
        return white * layout.mask, scale * layout.mask + (1 - layout.mask)

    def colour(self, given: Mapping[str, Any], white: Any, layout: Layout, m: Any) -> Any:
        decay, scale = self._decay(given, layout, m)
        return accumulate(white * scale, decay, m) * layout.mask

    def marginal(self, given: Mapping[str, Any]) -> np.ndarray:
        return np.ones((1, 1, 1))

    def precise(
        self, given: Mapping[str, Any], residuals: np.ndarray, layout: Layout
    ) -> tuple[np.ndarray, np.ndarray]:
        decay, _ = self._decay(given, layout, np)
        white, scale = self.whiten(given, residuals, layout, np)
        inverse = layout.mask / scale**2
        back = white / scale
        return back - after(decay * back), inverse + after(decay**2 * inverse)

    def _decay(self, given: Mapping[str, Any], layout: Layout, m: Any) -> tuple[Any, Any]:
        """The correlation with the residual before, 0 at first, and what is left of the scale."""
        first = (np.arange(len(layout.rows)) == 0)[:, None]
        log_decay = m.log(given["car1"]) * layout.distances
        left = m.sqrt(-m.expm1(2 * log_decay))
        return m.where(first, 0.0, m.exp(log_decay)), m.where(first, 1.0, left)
