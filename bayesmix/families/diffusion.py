"""Random times and sides at which a diffusion with drift leaves an interval, without error.

From its place it first leaves the largest interval around it that has an end in common with the
given one: by symmetry each side is as likely as the drift says, at whatever time, and the time is
a Jacobi variable. Half of the time, about, that is the end of the way.

References
----------
L. Devroye (2009), On exact simulation algorithms for some distributions related to Jacobi theta
functions. N. Polson, J. Scott & J. Windle (2013), Bayesian inference for logistic models using
Pólya-Gamma latent variables.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_ndtr

from bayesmix.families.family import Array

__all__ = ["first_passages"]

SHORT = 0.64
"""Where the two series for the density of a Jacobi variable change places."""
LEAST = 1e-6
"""A drift that makes no difference."""


def first_passages(
    rng: np.random.Generator, drift: Array, width: Array, start: Array
) -> tuple[Array, Array]:
    """Times at which diffusions of variance 1 leave intervals, and whether at the upper end.

    Parameters
    ----------
    rng : Generator
    drift, width : array_like
    start : array_like
        As a share of the width.
    """
    drift, width, start = np.broadcast_arrays(drift, width, start)
    shape, drift = drift.shape, drift.ravel()
    below, above = (start * width).ravel(), ((1.0 - start) * width).ravel()
    times, upper = np.zeros(drift.size), np.zeros(drift.size, bool)
    on = np.arange(drift.size)
    while on.size:
        reach = np.minimum(below[on], above[on])
        times[on] += reach**2 * jacobi(rng, np.abs(drift[on]) * reach)
        up = rng.random(on.size) < expit(2.0 * drift[on] * reach)
        left = np.where(up, above[on] == reach, below[on] == reach)
        upper[on] = up
        step = np.where(up, reach, -reach)
        below[on], above[on] = below[on] + step, above[on] - step
        on = on[~left]
    return times.reshape(shape), upper.reshape(shape)


def jacobi(rng: np.random.Generator, drift: Array) -> Array:
    """Times at which diffusions that start at 0 leave the interval from -1 to 1."""
    drift, found = np.maximum(drift, LEAST), np.empty(drift.size)
    on = np.arange(drift.size)
    while on.size:
        x = _proposal(rng, drift[on])
        accepted = _accepted(rng, x)
        found[on[accepted]] = x[accepted]
        on = on[~accepted]
    return found


def _proposal(rng: np.random.Generator, drift: Array) -> Array:
    """From the first terms of the series: inverse Gaussian for short times, else exponential."""
    rate = np.pi**2 / 8.0 + 0.5 * drift**2
    root, time = np.sqrt(1.0 / SHORT), SHORT * drift
    log_short = np.log(2.0) + np.logaddexp(
        log_ndtr(root * (time - 1.0)) - drift, log_ndtr(-root * (time + 1.0)) + drift
    )
    log_long = np.log(np.pi / 2.0) - np.log(rate) - rate * SHORT
    is_long = rng.random(drift.size) < expit(log_long - log_short)
    x = SHORT + rng.standard_exponential(drift.size) / rate
    x[~is_long] = _short_time(rng, drift[~is_long])
    return x


def _short_time(rng: np.random.Generator, drift: Array) -> Array:
    """Inverse Gaussian numbers of mean 1 / drift and shape 1, below `SHORT`."""
    found, on = np.empty(drift.size), np.arange(drift.size)
    while on.size:
        slow = drift[on] * SHORT < 1.0
        first, second = rng.standard_exponential((2, on.size))
        free = SHORT / (1.0 + SHORT * first) ** 2
        tilted = rng.random(on.size) < np.exp(-0.5 * drift[on] ** 2 * free)
        x = np.where(slow, free, rng.wald(1.0 / drift[on], 1.0))
        accepted = np.where(slow, (first**2 <= 2.0 * second / SHORT) & tilted, x < SHORT)
        found[on[accepted]] = x[accepted]
        on = on[~accepted]
    return found


def _accepted(rng: np.random.Generator, x: Array) -> Array:
    """By the alternating series of the density, up to where its partial sums decide."""
    total = _term(0, x)
    level = rng.random(x.size) * total
    accepted, open_ = np.zeros(x.size, bool), np.ones(x.size, bool)
    n = 0
    while open_.any():
        n += 1
        total = total + (-_term(n, x) if n % 2 else _term(n, x))
        decided = open_ & (level <= total if n % 2 else level > total)
        accepted |= decided & bool(n % 2)
        open_ &= ~decided
    return accepted


def _term(n: int, x: Array) -> Array:
    half = n + 0.5
    short = (2.0 / (np.pi * x)) ** 1.5 * np.exp(-2.0 * half**2 / x)
    return np.pi * half * np.where(x < SHORT, short, np.exp(-0.5 * half**2 * np.pi**2 * x))
