"""Functions of formulas that learn from the data of the fit and remember it on new data."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.interpolate import BSpline

from bayesmix.design.frames import PACKAGE
from bayesmix.errors import ExtrapolationWarning


class Scale:
    """``(x - mean) / sd`` with the sample sd (n - 1), as R's ``scale()``."""

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.learnt: tuple[float, float] | None = None

    def __call__(self, x: Any) -> np.ndarray:
        x = numbers(x, "scale()")
        if self.learnt is None:
            sd = float(np.std(x, ddof=1)) if x.size > 1 else 0.0
            if not sd > 0:
                raise ValueError("scale() needs values that differ")
            self.learnt = float(np.mean(x)), sd
        mean, sd = self.learnt
        return (x - mean) / sd


class Center:
    """``x - mean``."""

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.mean: float | None = None

    def __call__(self, x: Any) -> np.ndarray:
        x = numbers(x, "center()")
        if self.mean is None:
            self.mean = float(np.mean(x))
        return x - self.mean


class Polynomial:
    """Orthonormal polynomials on the data of the fit, or powers (`raw`), as R's ``poly()``.

    By the three-term recurrence of Kennedy and Gentle (1980), *Statistical Computing*, pages
    343-344; its constants are what is remembered.
    """

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.degree = 0
        self.raw = False
        self.learnt: tuple[np.ndarray, np.ndarray] | None = None

    def __call__(self, x: Any, degree: int = 1, raw: bool = False) -> np.ndarray:
        x = numbers(x, "poly()")
        if not self.degree:
            self._learn(x, degree, raw)
        if self.raw:
            return x[:, None] ** np.arange(1, self.degree + 1)
        return self._columns(x, *self.learnt)

    def _learn(self, x: np.ndarray, degree: int, raw: bool) -> None:
        whole(degree, "the degree of poly()", 1)
        if not raw and degree >= np.unique(x).size:
            raise ValueError(
                f"poly() of degree {degree} needs more than {degree} different values, "
                f"there are {np.unique(x).size}"
            )
        self.degree, self.raw = degree, bool(raw)
        self.learnt = None if raw else _recurrence(x, degree)

    def _columns(self, x: np.ndarray, centres: np.ndarray, squares: np.ndarray) -> np.ndarray:
        p = np.empty((x.size, self.degree + 1))
        p[:, 0] = 1.0
        for k in range(self.degree):
            p[:, k + 1] = _next(x, p, k, centres, squares)
        return p[:, 1:] / np.sqrt(squares[1:])


def _recurrence(x: np.ndarray, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """The centres of the recurrence, and the squared norms of its polynomials."""
    centres, squares = np.empty(degree), np.empty(degree + 1)
    p = np.empty((x.size, degree + 1))
    p[:, 0], squares[0] = 1.0, x.size
    for k in range(degree):
        centres[k] = (x * p[:, k] ** 2).sum() / squares[k]
        p[:, k + 1] = _next(x, p, k, centres, squares)
        squares[k + 1] = (p[:, k + 1] ** 2).sum()
    return centres, squares


def _next(
    x: np.ndarray, p: np.ndarray, k: int, centres: np.ndarray, squares: np.ndarray
) -> np.ndarray:
    column = (x - centres[k]) * p[:, k]
    return column if k == 0 else column - squares[k] / squares[k - 1] * p[:, k - 1]


class Splines:
    """B-spline basis without its first column, knots at quantiles, as R's ``splines::bs()``."""

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.knots: np.ndarray | None = None
        self.degree = 3

    def __call__(
        self, x: Any, df: int | None = None, knots: Iterable[float] | None = None, degree: int = 3
    ) -> np.ndarray:
        x = numbers(x, "bs()")
        if self.knots is None:
            self.degree = whole(degree, "the degree of bs()", 1)
            self.knots = self._knots(x, df, knots)
        if not x.size:
            return np.empty((0, self.knots.size - self.degree - 2))
        self._warn_outside(x)
        return BSpline.design_matrix(x, self.knots, self.degree, True).toarray()[:, 1:]

    def _warn_outside(self, x: np.ndarray) -> None:
        """Beyond the outer knots the outer pieces go on, as in R."""
        low, high = self.knots[0], self.knots[-1]
        outside = (x < low) | (x > high)
        if outside.any():
            warnings.warn(
                f"bs() is extrapolated for {outside.sum()} values, {x[outside][0]:.9g} the first: "
                f"the data of the fit end at {low:.9g} and {high:.9g}. Stay between these, or "
                "model what is beyond them by a straight term.",
                ExtrapolationWarning,
                skip_file_prefixes=(PACKAGE,),
            )

    def _knots(self, x: np.ndarray, df: int | None, knots: Iterable[float] | None) -> np.ndarray:
        if df is not None and knots is not None:
            raise ValueError("bs() takes df= or knots=, not both")
        low, high = x.min(), x.max()
        inner = self._quantiles(x, df) if knots is None else np.atleast_1d(np.array(knots, float))
        if not low < high or not ((low < inner) & (inner < high)).all():
            raise ValueError(f"the knots of bs() must lie between {low:g} and {high:g}")
        ends = self.degree + 1
        return np.concatenate([np.full(ends, low), np.sort(inner), np.full(ends, high)])

    def _quantiles(self, x: np.ndarray, df: int | None) -> np.ndarray:
        inner = 0 if df is None else whole(df, "the df of bs()", self.degree) - self.degree
        return np.quantile(x, np.linspace(0, 1, inner + 2)[1:-1])


def whole(value: Any, what: str, least: int) -> int:
    """`value` as a whole number from `least` up; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        shown = value if isinstance(value, int | float | str) else type(value).__name__
        raise ValueError(f"{what} must be a whole number, {least} or more, not {shown}")
    return value


def numbers(x: Any, what: str) -> np.ndarray:
    """A column of numbers as floats; ValueError for anything else."""
    values = np.asarray(x)
    if values.ndim != 1 or values.dtype.kind not in "biuf":
        raise ValueError(f"{what} takes one column of numbers")
    return values.astype(float)
