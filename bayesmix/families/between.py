"""Distributions between bounds, from their quantiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from bayesmix.families.family import Array, Dpars
from bayesmix.families.maths import NUMPY
from bayesmix.families.special import log_sum, quietly
from bayesmix.families.support import drawn_shape

__all__ = ["between", "bisected"]

Quantile = Callable[[Dpars, Array, Array], Array]
"""``quantile(p, low, high)``: where `low` is the log of the probability of less, `high` of more.

Both are given, for each has the digits of its own tail.
"""

STEPS = 200
"""Halvings of a bracket, enough for any float."""


def between(
    log_cdf: Callable[..., Any],
    log_sf: Callable[..., Any],
    quantile: Quantile,
    support: tuple[float, float] = (-np.inf, np.inf),
) -> FromQuantiles:
    """Mean and draws between bounds of a distribution whose quantiles are known.

    Parameters
    ----------
    log_cdf, log_sf : callable
        As `Family` has them.
    quantile : callable
    support : (float, float)
        Where the distribution lives; bounds beyond are no bounds.
    """
    return FromQuantiles(log_cdf, log_sf, quantile, support)


@dataclass(frozen=True)
class FromQuantiles:
    """Mean and draws between bounds, in the place of a `Between`."""

    log_cdf: Callable[..., Any]
    log_sf: Callable[..., Any]
    quantile: Quantile
    support: tuple[float, float]

    @quietly
    def mean(self, p: Dpars, lb: Array, ub: Array) -> Array:
        """The mean of the quantiles, by the tanh-sinh rule, which doesn't mind infinite ends."""
        p = {name: np.asarray(v, float)[..., None] for name, v in p.items()}
        low, high = (np.asarray(v, float)[..., None] for v in (lb, ub))
        log_u, log_v, weights = _rule()
        values = self._at(p, low, high, log_u, log_v)
        total = np.where(np.isfinite(values), values, 0.0) @ weights
        return np.clip(total, np.squeeze(low, -1), np.squeeze(high, -1))

    @quietly
    def random(self, rng: np.random.Generator, p: Dpars, lb: Array, ub: Array) -> Array:
        u = rng.random(drawn_shape(*p.values(), lb, ub))
        return self._at(p, lb, ub, np.log(u), np.log1p(-u))

    def _at(self, p: Dpars, lb: Array, ub: Array, log_u: Array, log_v: Array) -> Array:
        """The quantile of the share u of the mass between the bounds; v is 1 - u."""
        below, above = self._tails(p, lb), self._tails(p, ub)
        low = log_sum(below[0] + log_v, above[0] + log_u)
        high = log_sum(below[1] + log_v, above[1] + log_u)
        return np.clip(self.quantile(p, low, high), lb, ub)

    def _tails(self, p: Dpars, bound: Array) -> tuple[Array, Array]:
        """Log probabilities of less and of more than a bound."""
        least, most = self.support
        inside = (bound > least) & (bound < most)
        safe = np.where(inside, bound, _middle(least, most))
        low, high = (f(safe, p, {}, NUMPY) for f in (self.log_cdf, self.log_sf))
        low = np.where(bound <= least, -np.inf, np.where(bound >= most, 0.0, low))
        return low, np.where(bound <= least, 0.0, np.where(bound >= most, -np.inf, high))


def bisected(log_cdf: Callable[..., Any], log_sf: Callable[..., Any], least: float) -> Quantile:
    """Quantiles of a distribution that has no formula for them.

    Parameters
    ----------
    log_cdf, log_sf : callable
        As `Family` has them.
    least : float
        Where the distribution begins: 0, or -inf.
    """
    return Bisected(log_cdf, log_sf, least)


@dataclass(frozen=True)
class Bisected:
    """A bracket that is doubled until it holds the quantile, then halved until nothing is left."""

    log_cdf: Callable[..., Any]
    log_sf: Callable[..., Any]
    least: float

    def __call__(self, p: Dpars, low: Array, high: Array) -> Array:
        def is_below(y: Array) -> Array:
            """Whether y lies below the quantile, judged in the tail that has the digits."""
            below = self.log_cdf(y, p, {}, NUMPY) < low
            return np.where(low < high, below, self.log_sf(y, p, {}, NUMPY) > high)

        left, right = self._bracket(is_below, np.shape(low))
        for _ in range(STEPS):
            middle = 0.5 * (left + right)
            under = is_below(middle)
            left, right = np.where(under, middle, left), np.where(under, right, middle)
            if np.all(right - left <= 1e-15 * np.maximum(np.abs(left), np.abs(right))):
                break
        return 0.5 * (left + right)

    def _bracket(
        self, is_below: Callable[[Array], Array], shape: tuple[int, ...]
    ) -> tuple[Array, Array]:
        right = np.ones(shape)
        left = np.zeros(shape) if self.least == 0.0 else -right
        for _ in range(1000):
            short = is_below(right)
            if not short.any():
                break
            right = np.where(short, 2.0 * right, right)
        if self.least != 0.0:
            for _ in range(1000):
                long = ~is_below(left)
                if not long.any():
                    break
                left = np.where(long, 2.0 * left, left)
        return left, right


def _middle(least: float, most: float) -> float:
    """A value that a distribution function takes."""
    if np.isfinite(least):
        return least + 1.0 if not np.isfinite(most) else 0.5 * (least + most)
    return 0.0


@cache
def _rule() -> tuple[Array, Array, Array]:
    """Nodes of the tanh-sinh rule between 0 and 1: log u, log(1 - u), and weights."""
    t = np.linspace(-4.0, 4.0, 161)
    s = np.pi * np.sinh(t)
    weights = (t[1] - t[0]) * np.pi * np.cosh(t) / (4.0 * np.cosh(s / 2.0) ** 2)
    return -np.logaddexp(0.0, -s), -np.logaddexp(0.0, s), weights / weights.sum()
