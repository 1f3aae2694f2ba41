"""Thin plate regression splines of any number of covariates.

Source: Wood (2003), "Thin plate regression splines", JRSS B 65, 95-114.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import factorial, gamma, pi

import numpy as np

from bayesmix.smooths.basis import Basis

MOST_POINTS = 2000
"""Of more different points than these the spline is made of some."""


def thin_plate(rows: np.ndarray, k: int) -> Basis:
    """The thin plate spline through the data's points, cut down to its `k` strongest functions.

    mgcv draws the points by chance where there are more than 2,000 different ones; here they are
    spread evenly over the sorted ones.

    Parameters
    ----------
    rows : ndarray
        Covariates on the data, rows × covariates.
    k : int
        The number of functions, more than `null_space` and at most that of different points.
    """
    shift = rows.mean(axis=0)
    points = _points(rows - shift)
    order = _order(rows.shape[1])
    powers = _powers(rows.shape[1], order)
    radial = _radial(points, points, order)
    values, vectors = _strongest(radial, k)
    free = k - len(powers)
    keep = _orthogonal(_monomials(points, powers).T @ vectors)[:, :free]
    weights = vectors @ keep
    columns = _ThinPlate(shift, points, order, powers, weights, np.ones(k))
    norms = np.sqrt((columns.on(points + shift) ** 2).mean(axis=0))
    penalty = np.zeros((k, k))
    penalty[:free, :free] = keep.T @ (values[:, None] * keep)
    penalty = penalty / norms[:, None] / norms
    return Basis(_ThinPlate(shift, points, order, powers, weights, norms), penalty, free)


def null_space(dims: int) -> int:
    """How many polynomials of so many covariates have no penalty."""
    return len(_powers(dims, _order(dims)))


@dataclass(frozen=True)
class _ThinPlate:
    """Radial functions around points, and polynomials, each of a mean square of one."""

    shift: np.ndarray
    points: np.ndarray
    order: int
    powers: tuple[tuple[int, ...], ...]
    weights: np.ndarray
    norms: np.ndarray

    def on(self, rows: np.ndarray) -> np.ndarray:
        at = rows - self.shift
        radial = _radial(at, self.points, self.order) @ self.weights
        return np.column_stack([radial, _monomials(at, self.powers)]) / self.norms


def _points(rows: np.ndarray) -> np.ndarray:
    """The different ones among the rows, some of them if they are very many."""
    points = np.unique(rows, axis=0)
    if len(points) <= MOST_POINTS:
        return points
    return points[np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int)]


def _order(dims: int) -> int:
    """That of the penalised derivatives: the least for which first derivatives are continuous."""
    return (dims + 1) // 2 + 1


def _powers(dims: int, order: int) -> tuple[tuple[int, ...], ...]:
    """The exponents of the polynomials without penalty, those of the first covariate first."""
    found = (p[::-1] for p in product(range(order), repeat=dims))
    return tuple(p for p in found if sum(p) < order)


def _monomials(rows: np.ndarray, powers: tuple[tuple[int, ...], ...]) -> np.ndarray:
    return np.prod(rows[:, None, :] ** np.array(powers), axis=2)


def _radial(rows: np.ndarray, points: np.ndarray, order: int) -> np.ndarray:
    """Wood (2003), equation 4, of the distances between rows and points."""
    dims, power = points.shape[1], 2 * order - points.shape[1]
    r = np.sqrt(((rows[:, None, :] - points[None]) ** 2).sum(axis=2))
    half = 2 ** (2 * order - 1) * pi ** (dims / 2) * factorial(order - 1)
    if dims % 2:
        return gamma(dims / 2 - order) / (2 * half) * r**power
    sign = (-1) ** (order + 1 + dims // 2)
    logs = np.log(np.where(r > 0.0, r, 1.0))
    return sign / (half * factorial(order - dims // 2)) * r**power * logs


def _strongest(matrix: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues that are largest in size, decreasing, with their vectors."""
    values, vectors = np.linalg.eigh(matrix)
    order = np.argsort(-np.abs(values), kind="stable")[:k]
    order = order[np.argsort(-values[order], kind="stable")]
    return values[order], vectors[:, order]


def _orthogonal(matrix: np.ndarray) -> np.ndarray:
    """A basis whose first vectors are orthogonal to the rows of a matrix.

    Which one counts for the scale of the penalty: it is made by reflections that leave the last
    places, as mgcv's.
    """
    q = np.linalg.qr(matrix[:, ::-1].T, mode="complete")[0]
    return q[::-1, ::-1]
