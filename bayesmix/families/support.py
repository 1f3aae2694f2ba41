"""Checks of responses and of parameters: what families share when they say no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.errors import DataError, PredictionError

__all__ = [
    "LARGEST_COUNT",
    "Counts",
    "Finite",
    "Positive",
    "Proportion",
    "Successes",
    "check_finite",
    "check_whole",
    "drawable",
    "drawn_shape",
    "require",
]

LARGEST_COUNT = 9e18
"""Just under what numpy can draw from a Poisson distribution as a 64 bit integer."""


def require(
    ok: np.ndarray, values: np.ndarray, rule: str, labels: Sequence[Any] | None = None
) -> None:
    """DataError about the first value that isn't `ok`, with its row's label or position."""
    bad = np.flatnonzero(~np.asarray(ok))
    if bad.size:
        row = bad[0] if labels is None else labels[bad[0]]
        more = f" (and {bad.size - 1} more)" if bad.size > 1 else ""
        raise DataError(f"{_sentence(rule)} Row {row}{more} has {values[bad[0]]:.10g}.")


def check_finite(y: Any, what: str, labels: Sequence[Any] | None = None) -> np.ndarray:
    """`y` as floats, all finite; DataError otherwise."""
    y = np.asarray(y)
    if y.dtype.kind not in "biuf":
        raise DataError(f"{_sentence(what)} must be numbers; it has the type {y.dtype}.")
    y = y.astype(float)
    require(np.isfinite(y), y, f"{what} must be finite numbers.", labels)
    return y


def check_whole(
    y: Any, what: str, least: int = 0, labels: Sequence[Any] | None = None
) -> np.ndarray:
    """`y` as floats, all whole numbers from `least` up; DataError otherwise."""
    y = check_finite(y, what, labels)
    rule = f"{what} must be whole numbers, {least} or larger."
    require((y >= least) & (y == np.floor(y)), y, rule, labels)
    return y


@dataclass(frozen=True)
class Finite:
    """The check of a family of real numbers; it names the family."""

    family: str

    def __call__(self, y: Any, aux: Any, labels: Sequence[Any] | None = None) -> None:
        check_finite(y, f"the response of family {self.family!r}", labels)


@dataclass(frozen=True)
class Counts:
    """The check of a family of counts; it names the family."""

    family: str

    def __call__(self, y: Any, aux: Any, labels: Sequence[Any] | None = None) -> None:
        check_whole(y, f"the response of family {self.family!r}", labels=labels)


@dataclass(frozen=True)
class Positive:
    """The check of a family of positive numbers, or of such and zeros."""

    family: str
    or_zero: bool = False

    def __call__(self, y: Any, aux: Any, labels: Sequence[Any] | None = None) -> None:
        what = f"the response of family {self.family!r}"
        y = check_finite(y, what, labels)
        rule = "not be negative" if self.or_zero else "be positive"
        require((y > 0) | (self.or_zero & (y == 0)), y, f"{what} must {rule}.", labels)


@dataclass(frozen=True)
class Proportion:
    """The check of a family of proportions, whose ends may be possible too."""

    family: str
    or_zero: bool = False
    or_one: bool = False

    def __call__(self, y: Any, aux: Any, labels: Sequence[Any] | None = None) -> None:
        what = f"the response of family {self.family!r}"
        y = check_finite(y, what, labels)
        ends = [end for end, there in (("0", self.or_zero), ("1", self.or_one)) if there]
        possible = (y > 0) & (y < 1) | (self.or_zero & (y == 0)) | (self.or_one & (y == 1))
        rule = f"{what} must lie between 0 and 1"
        rule += f", or be {' or '.join(ends)}." if ends else ", and not be 0 or 1."
        require(possible, y, rule, labels)


@dataclass(frozen=True)
class Successes:
    """The check of a family of successes in a number of trials."""

    family: str

    def __call__(self, y: Any, aux: Any, labels: Sequence[Any] | None = None) -> None:
        what = f"the response of family {self.family!r}"
        trials = f"the trials() of family {self.family!r}"
        trials = check_whole(aux["trials"], trials, 1, labels=labels)
        y = check_whole(y, what, labels=labels)
        require(y <= trials, y, f"{what} must not be larger than its trials().", labels)


def drawn_shape(*parameters: Any) -> tuple[int, ...]:
    """The shape of one response for each element of the broadcast parameters."""
    return np.broadcast_shapes(*(np.shape(p) for p in parameters))


def drawable(name: str, value: Any, lower: float = -np.inf, upper: float = np.inf) -> np.ndarray:
    """The parameter as floats, all within reach of a random generator; PredictionError if not."""
    value = np.asarray(value, dtype=float)
    bad = ~(np.isfinite(value) & (value >= lower) & (value <= upper))
    if bad.any():
        raise PredictionError(
            f"Can't draw responses with {name} = {value[bad].flat[0]:.6g} ({int(bad.sum())} of "
            f"{bad.size} values): it must be finite and lie between {lower:g} and {upper:g}."
        )
    return value


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
