"""Mean and draws of a distribution between bounds, from its distribution function alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from bayesmix.families.family import Array, Aux, Between, Dpars
from bayesmix.families.maths import NUMPY
from bayesmix.families.special import log_difference, quietly
from bayesmix.families.support import drawable

__all__ = ["between"]

LogProbability = Callable[..., Any]

STEP = 0.1
NODES = np.arange(-4.5, 6.05, STEP)
FARTHEST = 700.0
"""The logarithm of how far from 0 a quantile is sought."""


@cache
def between(
    log_cdf: LogProbability,
    log_sf: LogProbability,
    positive: bool = False,
    corner: str | None = None,
) -> Between:
    """Mean and draws between bounds, for a continuous distribution.

    Draws are quantiles of uniform numbers; the mean is the integral of the probabilities beyond.
    Both keep their digits where the bounds are far in a tail.

    Parameters
    ----------
    log_cdf, log_sf : callable
        As `Family` has them.
    positive : bool
        Whether responses are.
    corner : str, optional
        The parameter at which the density isn't smooth.

    References
    ----------
    H. Takahasi & M. Mori (1974), Double exponential formulas for numerical integration.
    """
    made = _inverted(log_cdf, log_sf, positive, corner)
    return Between(made.mean, made.random)


@dataclass(frozen=True)
class Inverted:
    """What `between` computes with."""

    log_cdf: LogProbability
    log_sf: LogProbability
    positive: bool
    corner: str | None

    def __reduce__(self) -> tuple[Any, ...]:
        return _inverted, (self.log_cdf, self.log_sf, self.positive, self.corner)

    @quietly
    def mean(self, p: Dpars, lb: Array, ub: Array, aux: Aux) -> Array:
        """From somewhere inside the integral upwards of what is above, less what is below."""
        lb = np.maximum(lb, 0.0) if self.positive else lb
        low, high = (self._quantile(np.array(u), p, lb, ub, 1e-3) for u in (0.25, 0.75))
        start = 0.5 * (low + high)
        if self.corner is not None:
            at = p[self.corner]
            start = np.where((lb < at) & (at < ub), at, start)
        up = self._integral(start, high - low, ub, p, lb, ub)
        down = self._integral(start, low - high, lb, p, lb, ub)
        return start + up - down

    @quietly
    def random(self, rng: np.random.Generator, p: Dpars, lb: Array, ub: Array, aux: Aux) -> Array:
        p = {name: drawable(name, value) for name, value in p.items()}
        shape = np.broadcast_shapes(*(np.shape(v) for v in (*p.values(), lb, ub)))
        return self._quantile(rng.random(shape), p, lb, ub, 1e-14)

    def _integral(
        self, start: Array, scale: Array, end: Array, p: Dpars, lb: Array, ub: Array
    ) -> Array:
        """Of the probability beyond, from the start to an end, which may be infinite."""
        sign, total = np.sign(scale), np.zeros(())
        for distance, weight in _nodes(np.abs(scale), np.abs(end - start)):
            below, above = self._parts(start + sign * distance, p, lb, ub)
            beyond = np.where(sign > 0, above, below) - np.logaddexp(below, above)
            total = total + np.where(np.isfinite(weight), np.exp(beyond) * weight, 0.0)
        return total

    def _quantile(self, u: Array, p: Dpars, lb: Array, ub: Array, tolerance: float) -> Array:
        from scipy.optimize.elementwise import find_root

        names = list(p)
        args = np.broadcast_arrays(*p.values(), lb, ub, np.log(u) - np.log1p(-u))

        def excess(t: Array, *args: Array) -> Array:
            *values, lb, ub, target = args
            known = dict(zip(names, values, strict=True))
            below, above = self._parts(self._at(t), known, lb, ub)
            return np.arcsinh(np.clip(below - above - target, -1e300, 1e300))

        ends = (np.clip(self._from(bound), -FARTHEST, FARTHEST) for bound in args[-3:-1])
        limits = {"xatol": tolerance, "xrtol": tolerance, "fatol": 0.0, "frtol": 0.0}
        found = find_root(excess, tuple(ends), args=tuple(args), tolerances=limits)
        return np.clip(self._at(found.x), lb, ub)

    def _parts(self, y: Array, p: Dpars, lb: Array, ub: Array) -> tuple[Array, Array]:
        """Logs of the probabilities from `lb` to `y` and on to `ub`, each from the better tail."""
        ends = self._tails(lb, p), self._tails(y, p), self._tails(ub, p)
        return tuple(_log_between(a, b) for a, b in pairwise(ends))

    def _tails(self, y: Array, p: Dpars) -> tuple[Array, Array]:
        finite = np.isfinite(y)
        some = np.where(finite, y, 0.0)
        below = np.where(finite, self.log_cdf(some, p, {}, NUMPY), np.where(y > 0, 0.0, -np.inf))
        above = np.where(finite, self.log_sf(some, p, {}, NUMPY), np.where(y > 0, -np.inf, 0.0))
        return below, above

    def _at(self, t: Array) -> Array:
        """A coordinate in which numbers of any size are apart."""
        return np.exp(t) if self.positive else np.sinh(t)

    def _from(self, y: Array) -> Array:
        return np.log(np.maximum(y, 0.0)) if self.positive else np.arcsinh(y)


@cache
def _inverted(
    log_cdf: LogProbability, log_sf: LogProbability, positive: bool, corner: str | None
) -> Inverted:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Inverted(log_cdf, log_sf, positive, corner)


def _log_between(low: tuple[Array, Array], high: tuple[Array, Array]) -> Array:
    lower = low[0] < low[1]
    more, less = np.where(lower, high[0], low[1]), np.where(lower, low[0], high[1])
    return np.where(more > less, log_difference(more, less), -np.inf)


def _nodes(scale: Array, length: Array) -> Iterator[tuple[Array, Array]]:
    """Distances from 0 to a length, dense on the scale and at both ends, and their weights."""
    share = scale / length
    for x in NODES:
        e = np.exp(0.5 * np.pi * np.sinh(x))
        inner = 1.0 + share * e
        yield scale * e / inner, STEP * 0.5 * np.pi * np.cosh(x) * scale * e / inner**2
