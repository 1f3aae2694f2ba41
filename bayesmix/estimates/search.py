"""The largest value of a function within bounds, and its curvature there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Function = Callable[[np.ndarray], float]

STEP = 1e-3
"""Of the differences that stand for derivatives; unknowns are of the size of 1."""
AT_BOUND = 1e-4
"""From here on an unknown is at its bound."""
AWAY = 0.3
"""Where the search begins anew from a bound, as one may be left only by a long step."""
POLISH = 5
NEGLIGIBLE, SETTLED = 1e-9, 1e-6
"""What a step of Newton's method gains that isn't worth it, or that speaks of the largest value."""
UNKNOWN = 20.0
"""A standard error as large as this is that of a number that the data say nothing about."""


@dataclass(frozen=True)
class Maximum:
    """A largest value.

    Attributes
    ----------
    x : ndarray
    value : float
    inside : ndarray of bool
        Which numbers aren't at a bound.
    covariance : ndarray
        Of those inside, the inverse of the negative second derivatives; nan where these aren't
        positive definite.
    settled : bool
        Whether Newton's method has nothing more to gain.
    """

    x: np.ndarray
    value: float
    inside: np.ndarray
    covariance: np.ndarray
    settled: bool


def maximum(f: Function, start: np.ndarray, bounds: list[tuple[float, float]]) -> Maximum:
    """The largest value near a start.

    By L-BFGS-B, begun anew from bounds that it ended at, then Newton's method inside.
    """
    if not len(start):
        return Maximum(start, f(start), np.ones(0, bool), np.empty((0, 0)), True)
    lower, upper = np.array(bounds).T
    x = _climbed(f, start, bounds)
    at = ~_inside(x, lower, upper) & np.isfinite(lower) & ~np.isfinite(upper)
    if at.any():
        other = _climbed(f, np.where(at, lower + AWAY, x), bounds)
        x = other if f(other) > f(x) + SETTLED else x
    inside = _inside(x, lower, upper)
    return _polished(f, x, inside, lower, upper)


def _climbed(f: Function, start: np.ndarray, bounds: list[tuple[float, float]]) -> np.ndarray:
    from scipy.optimize import minimize

    lower, upper = np.array(bounds).T

    def slopes(x: np.ndarray) -> np.ndarray:
        return np.array([_slope(f, x, k, lower, upper) for k in range(len(x))])

    def loss(x: np.ndarray) -> float:
        value = f(x)
        return -value if np.isfinite(value) else 1e100

    options = {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-6}
    found = minimize(
        loss, start, jac=lambda x: -slopes(x), bounds=bounds, method="L-BFGS-B", options=options
    )
    return found.x


def _slope(f: Function, x: np.ndarray, k: int, lower: np.ndarray, upper: np.ndarray) -> float:
    """A central difference, within the bounds."""
    ends = []
    for step in (-STEP, STEP):
        moved = x.copy()
        moved[k] = np.clip(x[k] + step, lower[k], upper[k])
        ends.append((moved[k], f(moved)))
    (a, low), (b, high) = ends
    slope = (high - low) / (b - a)
    return slope if np.isfinite(slope) else 0.0


def _inside(x: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    return (x > lower + AT_BOUND) & (x < upper - AT_BOUND)


def _polished(
    f: Function, x: np.ndarray, inside: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> Maximum:
    """By Newton's method, as long as that is better."""
    value, at, gain = f(x), np.flatnonzero(inside), np.inf
    covariance = np.full((len(at), len(at)), np.nan)
    for _ in range(POLISH):
        slopes, curvatures = derivatives(f, x, at)
        try:
            covariance = _inverse(-curvatures)
        except np.linalg.LinAlgError:
            return Maximum(x, value, inside, np.full_like(covariance, np.nan), False)
        step = np.zeros_like(x)
        step[at] = covariance @ slopes
        gain = 0.5 * slopes @ step[at]
        moved = np.clip(x + step, lower, upper)
        better = f(moved)
        if gain < NEGLIGIBLE or not better > value:
            break
        x, value = moved, better
    if (np.diag(covariance) > UNKNOWN**2).any():
        return Maximum(x, value, inside, np.full_like(covariance, np.nan), False)
    return Maximum(x, value, inside, covariance, bool(gain < SETTLED))


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """LinAlgError unless it is positive definite."""
    inverse = np.linalg.inv(np.linalg.cholesky(matrix))
    return inverse.T @ inverse


def derivatives(f: Function, x: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and second derivatives by some of the numbers, by differences of fourth order.

    With those of second order ridges would seem to end, and to have their top elsewhere.
    """
    steps, count = STEP * np.eye(len(x))[at], len(at)
    centre, (up, down), (far_up, far_down) = f(x), _ends(f, x, steps), _ends(f, x, 2 * steps)
    near, far = up + down - 2 * centre, far_up + far_down - 2 * centre
    curvatures = np.diag(16 * near - far) / (12 * STEP**2)
    for i in range(count):
        for j in range(i):
            both = steps[i] + steps[j]
            close = f(x + both) + f(x - both) - 2 * centre - near[i] - near[j]
            wide = f(x + 2 * both) + f(x - 2 * both) - 2 * centre - far[i] - far[j]
            curvatures[i, j] = curvatures[j, i] = (16 * close - wide) / (24 * STEP**2)
    return (8 * (up - down) - (far_up - far_down)) / (12 * STEP), curvatures


def _ends(f: Function, x: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    up, down = ([f(x + sign * s) for s in steps] for sign in (1, -1))
    return np.array(up), np.array(down)
