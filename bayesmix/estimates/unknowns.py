"""What is searched for: numbers within bounds, and the parameters' values that they stand for.

Those of group effects are in `bayesmix.estimates.covariances`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bayesmix.correlations.partials import coefficients
from bayesmix.design import PredictorDesign
from bayesmix.parameters import Parameter
from bayesmix.priors import lkj, stationary

FAR = 15.0
"""Where a logarithm ends."""
MARGIN = 1e-6
"""What a parameter between two bounds keeps from them."""


class Unknown(Protocol):
    """Numbers that stand for values of parameters."""

    @property
    def start(self) -> np.ndarray: ...

    @property
    def bounds(self) -> list[tuple[float, float]]: ...

    def values(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """By variable, with an axis for one sample."""


@dataclass(frozen=True)
class Number:
    """A parameter whose values stand for themselves: on a log scale if only 0 bounds them.

    Attributes
    ----------
    parameter : Parameter
    first : float
        Where the search starts, on the natural scale.
    unit : float
        What it is of the size of, if nothing bounds it.
    """

    parameter: Parameter
    first: float
    unit: float = 1.0

    @property
    def _range(self) -> tuple[float, float]:
        slot = self.parameter.slots[0]
        return slot.lower, slot.upper

    @property
    def _logged(self) -> bool:
        return np.isfinite(self._range[0]) and not np.isfinite(self._range[1])

    @property
    def start(self) -> np.ndarray:
        first = np.log(self.first - self._range[0]) if self._logged else self.first / self.unit
        return np.full(self.parameter.size, first)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        lower, upper = self._range
        bounds = (-FAR, FAR) if self._logged else (lower + MARGIN, upper - MARGIN)
        return [bounds] * self.parameter.size

    def values(self, x: np.ndarray) -> dict[str, np.ndarray]:
        value = self._range[0] + np.exp(x) if self._logged else self.unit * x
        return {self.parameter.name: value.reshape(1, *self.parameter.shape)}


@dataclass(frozen=True)
class Scales:
    """Standard deviations, which may be 0, in units."""

    parameter: Parameter
    unit: float

    @property
    def start(self) -> np.ndarray:
        return np.ones(self.parameter.size)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        return [(0.0, np.inf)] * self.parameter.size

    def values(self, x: np.ndarray) -> dict[str, np.ndarray]:
        values = self.unit * np.abs(x)
        return {self.parameter.name: values.reshape(1, *self.parameter.shape)}


@dataclass(frozen=True)
class Thresholds:
    """Values that increase, each run of them by itself: the first, and logarithms of steps."""

    parameter: Parameter

    @property
    def start(self) -> np.ndarray:
        x = np.zeros(self.parameter.size)
        for run in self.parameter.runs:
            x[run.start] = -0.5 * (run.stop - run.start - 1)
        return x

    @property
    def bounds(self) -> list[tuple[float, float]]:
        firsts = {run.start for run in self.parameter.runs}
        free = (-np.inf, np.inf)
        return [free if k in firsts else (-FAR, FAR) for k in range(self.parameter.size)]

    def values(self, x: np.ndarray) -> dict[str, np.ndarray]:
        runs = (x[run] for run in self.parameter.runs)
        each = [r[0] + np.append(0.0, np.cumsum(np.exp(r[1:]))) for r in runs]
        return {self.parameter.name: np.concatenate(each)[None]}


@dataclass(frozen=True)
class Correlations:
    """Those under the diagonal of a matrix, from partial ones' shares of the way from -1 to 1."""

    parameter: Parameter

    @property
    def start(self) -> np.ndarray:
        return np.zeros(self.parameter.size)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        return [(-FAR, FAR)] * self.parameter.size

    def values(self, x: np.ndarray) -> dict[str, np.ndarray]:
        return {self.parameter.name: lkj.of_partials(1.0 / (1.0 + np.exp(-x)))[None]}


@dataclass(frozen=True)
class Series:
    """Coefficients of a stationary series, by its partial autocorrelations."""

    parameter: Parameter

    @property
    def start(self) -> np.ndarray:
        return np.zeros(self.parameter.size)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        return [(MARGIN - 1.0, 1.0 - MARGIN)] * self.parameter.size

    def values(self, x: np.ndarray) -> dict[str, np.ndarray]:
        name = self.parameter.name
        return {name: stationary.SIGNS[name] * np.array([coefficients(list(x))])}


@dataclass(frozen=True)
class Coefficients:
    """Coefficients of columns, as steps from a start that all matter alike.

    Attributes
    ----------
    parameters : tuple of Parameter
    first : ndarray
        Of all of them, one parameter after the other.
    steps : ndarray
        Coefficients × steps.
    """

    parameters: tuple[Parameter, ...]
    first: np.ndarray
    steps: np.ndarray

    @classmethod
    def of(cls, parameter: Parameter, columns: np.ndarray, like: float) -> Coefficients:
        """Those whose predictor starts near `like`, and changes by about 1 with each step."""
        first = np.linalg.lstsq(columns, np.full(len(columns), like))[0]
        triangle = np.linalg.qr(columns, mode="r")
        return cls((parameter,), first, np.linalg.inv(triangle) * np.sqrt(len(columns)))

    @property
    def start(self) -> np.ndarray:
        return np.zeros(len(self.first))

    @property
    def bounds(self) -> list[tuple[float, float]]:
        return [(-np.inf, np.inf)] * len(self.first)

    def values(self, x: np.ndarray) -> dict[str, np.ndarray]:
        ends = np.cumsum([p.size for p in self.parameters])
        each = np.split(self.first + self.steps @ x, ends[:-1])
        return {p.name: b[None] for p, b in zip(self.parameters, each, strict=True)}


@dataclass(frozen=True)
class Shares:
    """Shares of a whole, each as its part of what those before have left."""

    parameter: Parameter

    @property
    def start(self) -> np.ndarray:
        return 1.0 / np.arange(self.parameter.size, 1, -1)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        return [(0.0, 1.0)] * (self.parameter.size - 1)

    def values(self, x: np.ndarray) -> dict[str, np.ndarray]:
        left = np.append(1.0, np.cumprod(1.0 - x))
        return {self.parameter.name: (left * np.append(x, 1.0))[None]}


@dataclass(frozen=True)
class Unknowns:
    """All of them, one after the other.

    Attributes
    ----------
    parts : tuple of Unknown
    centred : tuple of PredictorDesign
        Scales whose intercept is searched for where their variance functions have usual values.
    """

    parts: tuple[Unknown, ...]
    centred: tuple[PredictorDesign, ...] = ()

    @property
    def start(self) -> np.ndarray:
        return np.concatenate([np.empty(0), *(u.start for u in self.parts)])

    @property
    def bounds(self) -> list[tuple[float, float]]:
        return [b for u in self.parts for b in u.bounds]

    def each(self, x: np.ndarray) -> list[np.ndarray]:
        """The numbers of each."""
        ends = np.cumsum([len(u.start) for u in self.parts])
        return np.split(x, ends[:-1]) if self.parts else []

    def values(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """What they stand for."""
        pairs = zip(self.parts, self.each(x), strict=True)
        values = {name: value for u, own in pairs for name, value in u.values(own).items()}
        for p in self.centred:
            name, less = p.target.variable, p.centred(values)
            values[name] = np.column_stack([values[name][:, 0] - less, values[name][:, 1:]])
        return values
