"""Bases of one covariate: cubic and cyclic regression splines, P-splines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline, CubicSpline

from bayesmix.smooths.basis import Basis

EDGE = 0.001
"""By what share of the range the inner knots of P-splines go beyond the data."""


def cubic(x: np.ndarray, k: int) -> Basis:
    """A cubic regression spline: natural, through `k` values at knots among the data's quantiles.

    Beyond the knots it goes on as a line. The penalty is the integral of the squared second
    derivative.

    Parameters
    ----------
    x : ndarray
        The covariate on the data.
    k : int
        The number of functions, at most that of different values.
    """
    knots = _quantiles(x, k)
    spline = CubicSpline(knots, np.eye(k), bc_type="natural")
    return Basis(_Linear(spline, knots[0], knots[-1]), _roughness(spline), k - 2)


def cyclic(x: np.ndarray, k: int) -> Basis:
    """A cubic regression spline whose ends join, with `k` - 1 functions.

    Parameters
    ----------
    x : ndarray
        The covariate on the data; its range is the period.
    k : int
        The number of knots.
    """
    values = np.vstack([np.eye(k - 1), np.eye(k - 1)[:1]])
    spline = CubicSpline(_quantiles(x, k), values, bc_type="periodic")
    return Basis(_Periodic(spline), _roughness(spline), k - 2)


def p_spline(x: np.ndarray, k: int, degree: int = 3, order: int = 2) -> Basis:
    """B-splines on equally spaced knots, with a penalty on differences of their coefficients.

    Parameters
    ----------
    x : ndarray
        The covariate on the data.
    k : int
        The number of functions, more than `degree`.
    degree : int
        Of the splines.
    order : int
        Of the differences.
    """
    margin = EDGE * np.ptp(x)
    low, high = x.min() - margin, x.max() + margin
    steps = np.arange(-degree, k + 1) * (high - low) / (k - degree)
    differences = np.diff(np.eye(k), order, axis=0)
    spline = BSpline(low + steps, np.eye(k), degree)
    return Basis(_Linear(spline, low, high), differences.T @ differences, k - order)


@dataclass(frozen=True)
class _Linear:
    """A spline that goes on as a line beyond two points."""

    spline: CubicSpline | BSpline
    low: float
    high: float

    def on(self, rows: np.ndarray) -> np.ndarray:
        x = rows[:, 0]
        inside = np.clip(x, self.low, self.high)
        return self.spline(inside) + (x - inside)[:, None] * self.spline(inside, 1)


@dataclass(frozen=True)
class _Periodic:
    """A spline that begins anew after its last knot."""

    spline: CubicSpline

    def on(self, rows: np.ndarray) -> np.ndarray:
        low, high = self.spline.x[[0, -1]]
        return self.spline(low + (rows[:, 0] - low) % (high - low))


def _quantiles(x: np.ndarray, k: int) -> np.ndarray:
    return np.quantile(np.unique(x), np.linspace(0.0, 1.0, k))


def _roughness(spline: CubicSpline) -> np.ndarray:
    """The integral of the squared second derivative, which is linear between knots."""
    width, ends = np.diff(spline.x), spline(spline.x, 2)
    left, right = ends[:-1], ends[1:]
    mean = (left + right) / 2.0
    return sum(
        np.einsum("i,ij,ik->jk", width * w, part, part)
        for w, part in ((1 / 6, left), (2 / 3, mean), (1 / 6, right))
    )
