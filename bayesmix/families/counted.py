"""Mean and draws of a count between bounds, from its distribution function alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from bayesmix.families.family import Array, Aux, Between, Dpars
from bayesmix.families.maths import NUMPY
from bayesmix.families.special import log_difference, quietly
from bayesmix.families.support import drawable, drawn_shape

__all__ = ["counted"]

LogProbability = Callable[..., Any]
Biased = Callable[[Dpars, Aux], tuple[Array, Dpars, Aux]]
"""``biased(p, aux)``: the mean, and whose probability of y - 1 is that of y times y / mean."""

LARGEST = 2.0**62
MOST = 100_000
"""Terms of the sum of a mean; there is no number where they aren't enough."""


@cache
def counted(
    log_cdf: LogProbability, log_sf: LogProbability, biased: Biased | None = None
) -> Between:
    """Mean and draws between bounds, which are possible themselves.

    Draws are quantiles of uniform numbers, found by halving. Where the distribution that has
    probabilities in proportion to y · P(y) is known the mean is a ratio of probabilities, else a
    sum of those of more than each count.

    Parameters
    ----------
    log_cdf, log_sf : callable
        As `Family` has them.
    biased : callable, optional
    """
    made = _shared(log_cdf, log_sf, biased)
    return Between(made.mean, made.random)


@dataclass(frozen=True)
class Counted:
    """What `counted` computes with."""

    log_cdf: LogProbability
    log_sf: LogProbability
    biased: Biased | None

    def __reduce__(self) -> tuple[Any, ...]:
        return _shared, (self.log_cdf, self.log_sf, self.biased)

    @quietly
    def mean(self, p: Dpars, lb: Array, ub: Array, aux: Aux) -> Array:
        lb = np.maximum(lb, 0.0)
        if self.biased is None:
            return self._summed(p, lb, ub, aux)
        mean, others, more = self.biased(p, aux)
        within = self._log_mass(lb - 1.0, ub - 1.0, others, more)
        return mean * np.exp(within - self._log_mass(lb, ub, p, aux))

    def _summed(self, p: Dpars, lb: Array, ub: Array, aux: Aux) -> Array:
        total, mass = 0.0 * lb, self._log_mass(lb, ub, p, aux)
        for k in range(MOST):
            beyond = np.exp(self._log_mass(lb + k + 1.0, ub, p, aux) - mass)
            beyond = np.where(lb + k < ub, beyond, 0.0)
            total = total + beyond
            if np.all(beyond < 1e-17 * (1.0 + total)):
                return lb + total
        return np.where(beyond < 1e-17 * (1.0 + total), lb + total, np.nan)

    @quietly
    def random(self, rng: np.random.Generator, p: Dpars, lb: Array, ub: Array, aux: Aux) -> Array:
        p = {name: drawable(name, value) for name, value in p.items()}
        shape = drawn_shape(*p.values(), lb, ub, *aux.values())
        lb, ub = (np.broadcast_to(bound, shape) for bound in (np.maximum(lb, 0.0), ub))
        u = rng.random(shape)
        target = np.log(u) - np.log1p(-u)

        def reached(y: Array) -> Array:
            below, above = self._log_mass(lb, y, p, aux), self._log_mass(y + 1.0, ub, p, aux)
            return below - above >= target

        low, high = lb - 1.0, self._upper(reached, lb, ub)
        while np.any(high - low > 1.0):
            middle = np.floor((low + high) / 2.0)
            there = reached(middle)
            low, high = np.where(there, low, middle), np.where(there, middle, high)
        return drawable("a response", high, 0, LARGEST).astype(np.int64)

    def _upper(self, reached: Callable[[Array], Array], lb: Array, ub: Array) -> Array:
        """A count that is large enough: the upper bound, or found by doubling."""
        high = np.where(np.isfinite(ub), ub, lb + 1.0)
        while not np.all(there := reached(high) | (high >= np.minimum(ub, LARGEST))):
            high = np.where(there, high, 2.0 * high + 1.0)
        return high

    def _log_mass(self, lb: Array, ub: Array, p: Dpars, aux: Aux) -> Array:
        """Log of the probability from `lb` to `ub`, from the tail that has its digits."""
        low, high = self._tails(lb - 1.0, p, aux), self._tails(ub, p, aux)
        lower = low[0] < low[1]
        more, less = np.where(lower, high[0], low[1]), np.where(lower, low[0], high[1])
        return np.where(more > less, log_difference(more, less), -np.inf)

    def _tails(self, y: Array, p: Dpars, aux: Aux) -> tuple[Array, Array]:
        finite = np.isfinite(y)
        some = np.where(finite, y, 0.0)
        below = np.where(finite, self.log_cdf(some, p, aux, NUMPY), 0.0)
        above = np.where(finite, self.log_sf(some, p, aux, NUMPY), -np.inf)
        return below, above


@cache
def _shared(log_cdf: LogProbability, log_sf: LogProbability, biased: Biased | None) -> Counted:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Counted(log_cdf, log_sf, biased)
