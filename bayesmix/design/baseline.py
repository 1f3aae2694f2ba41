"""The baseline hazard of a Cox model: a mixture of splines of the time.

M-splines are positive and enclose an area of one; their integrals, I-splines, rise from 0 to 1.

References
----------
J. O. Ramsay (1988), Monotone regression splines in action. Statistical Science 3(4), 425-441.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from bayesmix.design.columns import first_row
from bayesmix.errors import DataError

__all__ = ["Baseline", "Column", "Settings", "Times", "UpTo", "columns_of"]

MARGIN = 50.0
"""The outer knots are beyond the times by the range of these, divided by this."""


class Times(Protocol):
    """What makes the times of a data frame."""

    def on(self, frame: pd.DataFrame) -> np.ndarray: ...


@dataclass(frozen=True)
class Settings:
    """What ``bhaz()`` says of the splines.

    Parameters
    ----------
    df : int
        Their number.
    degree : int
    intercept : bool
        Whether the first one is among them, without which there is no hazard at the first knot.
    """

    df: int = 5
    degree: int = 3
    intercept: bool = True

    @property
    def inner(self) -> int:
        """How many knots there are between the outer ones."""
        return self.df - self.degree - self.intercept


@dataclass(frozen=True)
class Baseline:
    """M-splines and I-splines between knots.

    Parameters
    ----------
    knots : tuple of float
        The outer ones as often as there are coefficients of the polynomials.
    degree : int
    first : int
        Which is the first of the splines that count.
    """

    knots: tuple[float, ...]
    degree: int
    first: int

    @classmethod
    def between(cls, times: np.ndarray, settings: Settings) -> Baseline:
        """With knots at quantiles of the times, as brms and splines2 put them.

        Raises
        ------
        DataError
            If there are fewer splines than polynomials of the degree need, or the times are all
            the same.

        Examples
        --------
        >>> Baseline.between(np.array([1.0, 2.0, 3.0, 6.0]), Settings(df=3, degree=1)).knots
        (0.9, 0.9, 2.5, 6.1, 6.1)
        """
        least = settings.degree + settings.intercept
        if settings.df < max(least, 1):
            raise DataError(
                f"bhaz() needs a df of {max(least, 1)} at least, for splines of degree "
                f"{settings.degree}; it is {settings.df}."
            )
        low, high = float(times.min()), float(times.max())
        if low == high:
            raise DataError(f"A baseline hazard needs times that differ; they are all {low:g}.")
        margin, ends = (high - low) / MARGIN, 1 + settings.degree
        shares = np.arange(1, settings.inner + 1) / (settings.inner + 1)
        inner = map(float, np.quantile(times, shares))
        knots = (*[max(low - margin, 0.0)] * ends, *inner, *[high + margin] * ends)
        return cls(knots, settings.degree, int(not settings.intercept))

    @property
    def count(self) -> int:
        return len(self.knots) - self.degree - 1 - self.first

    @property
    def ends(self) -> tuple[float, float]:
        """Between which times there is a hazard."""
        return self.knots[0], self.knots[-1]

    def hazard(self, k: int, times: np.ndarray) -> np.ndarray:
        """The k-th M-spline."""
        return self._spline(k)(times)

    def cumulative(self, k: int, times: np.ndarray) -> np.ndarray:
        """The k-th I-spline, which is 0 before the first knot."""
        return self._spline(k).antiderivative()(np.maximum(times, self.knots[0]))

    def _spline(self, k: int) -> Any:
        """A B-spline, made to enclose an area of one."""
        from scipy.interpolate import BSpline

        at, order = k + self.first, self.degree + 1
        coefficients = np.zeros(self.count + self.first)
        coefficients[at] = order / (self.knots[at + order] - self.knots[at])
        return BSpline(np.array(self.knots), coefficients, self.degree)


@dataclass(frozen=True)
class UpTo:
    """When the intervals of rows end, and any later time for rows without.

    Parameters
    ----------
    ends : Times
    kinds : Times
        What ``cens()`` says of the rows.
    kind : float
        What it says of an interval.
    later : float
    """

    ends: Times
    kinds: Times
    kind: float
    later: float

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        return np.where(self.kinds.on(frame) == self.kind, self.ends.on(frame), self.later)


@dataclass(frozen=True)
class Column:
    """A spline at the times of rows.

    Parameters
    ----------
    baseline : Baseline
    k : int
    times : Times
    integrated : bool
        Whether it is the I-spline.
    """

    baseline: Baseline
    k: int
    times: Times
    integrated: bool

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        """One value a row.

        Raises
        ------
        DataError
            For times at which there is no baseline hazard.
        """
        times = self.times.on(frame)
        self._check(times, frame.index)
        spline = self.baseline.cumulative if self.integrated else self.baseline.hazard
        return spline(self.k, times)

    def _check(self, times: np.ndarray, rows: pd.Index) -> None:
        low, high = self.baseline.ends
        outside = pd.Series((times > high) | ((times < low) & (not self.integrated)), index=rows)
        if outside.any():
            raise DataError(
                f"There is no baseline hazard at the time {times[outside.to_numpy()][0]:g} of row "
                f"{first_row(outside)}: its knots are from {low:g} to {high:g}."
            )


def columns_of(baseline: Baseline, times: Mapping[str, Times]) -> dict[str, Column]:
    """The columns of a baseline hazard, as families call them.

    Parameters
    ----------
    baseline : Baseline
    times : mapping of str to Times
        Those of the response (``""``) and of the terms that bound it.
    """
    numbers = range(baseline.count)
    found = {f"bhaz_{k + 1}": Column(baseline, k, times[""], False) for k in numbers}
    for name, own in times.items():
        start = f"{name}_" if name else ""
        found |= {f"{start}cbhaz_{k + 1}": Column(baseline, k, own, True) for k in numbers}
    return found
