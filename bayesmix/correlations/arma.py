"""Autoregression and moving averages of the first order.

The innovations of a stationary series: with w[t] = r[t] - φ r[t-1] and variances v, those are
e[t] = w[t] - θ / v[t-1] · e[t-1], and v[t] = 1 + θ² - θ² / v[t-1], which begins with the variance
of the series. Source: Brockwell, P. J. and Davis, R. A. (1991), Time Series, section 5.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.correlations.layout import Layout
from bayesmix.correlations.recursion import accumulate, accumulate_back, after, before


@dataclass(frozen=True)
class Arma:
    """``ar(cov=True)``, ``ma(cov=True)``, ``arma(cov=True)``: orders of 0 or 1.

    As in brms the scale is that of innovations: residuals have a larger one.
    """

    p: int
    q: int

    @property
    def names(self) -> Mapping[str, tuple[float, float]]:
        there = {"ar": self.p, "ma": self.q}
        return {name: (-1.0, 1.0) for name, order in there.items() if order}

    def whiten(
        self, given: Mapping[str, Any], residuals: Any, layout: Layout, m: Any
    ) -> tuple[Any, Any]:
        v, mask = self._variances(given, layout, m), layout.mask
        e = residuals - given["ar"] * before(residuals, m) if self.p else residuals
        if self.q:
            e = accumulate(e, -given["ma"] / _first_one(v, m), m)
        scale = m.sqrt(v)
        return e * mask / scale, scale * mask + (1 - mask)

    def colour(self, given: Mapping[str, Any], white: Any, layout: Layout, m: Any) -> Any:
        v = self._variances(given, layout, m)
        steps = white * m.sqrt(v)
        if self.q:
            steps = steps + given["ma"] / _first_one(v, m) * before(steps, m)
        return (accumulate(steps, given["ar"], m) if self.p else steps) * layout.mask

    def marginal(self, given: Mapping[str, Any]) -> np.ndarray:
        phi, theta = given.get("ar", 0.0), given.get("ma", 0.0)
        return np.sqrt(1 + (phi + theta) ** 2 / (1 - phi**2))

    def precise(
        self, given: Mapping[str, Any], residuals: np.ndarray, layout: Layout
    ) -> tuple[np.ndarray, np.ndarray]:
        """One pass back: the transpose of what whitens."""
        v, (white, scale) = (
            self._variances(given, layout, np),
            self.whiten(given, residuals, layout, np),
        )
        phi, passed = given.get("ar", 0.0), given.get("ma", 0.0) / v
        back = accumulate_back(white / scale, -passed)
        inverse = np.broadcast_to(layout.mask / v, white.shape)
        diagonal = inverse + (phi + passed) ** 2 * after(accumulate_back(inverse, passed**2))
        return back - phi * after(back), diagonal

    def _variances(self, given: Mapping[str, Any], layout: Layout, m: Any) -> Any:
        """Of innovations, in closed form: v - 1 solves a recursion of its inverse."""
        position = np.arange(len(layout.rows))[:, None]
        phi, theta = given.get("ar", 0.0), given.get("ma", 0.0)
        first = (phi + theta) ** 2 / (1 - phi**2)
        if not self.q:
            return 1 + first * (position == 0)
        powers = (theta**2) ** position
        return 1 + powers * first / (1 + first * (m.cumsum(powers, axis=-2) - powers))


def _first_one(v: Any, m: Any) -> Any:
    """The variances before each, and something that isn't 0 at first."""
    return m.concatenate([m.ones_like(v[..., :1, :]), v[..., :-1, :]], axis=-2)
