"""Checks of responses and of parameters: what families share when they say no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bayesmix.errors import DataError, PredictionError

__all__ = [
    "COUNT_LINKS",
    "LARGEST_COUNT",
    "REAL_LINKS",
    "SCALE_LINKS",
    "UNIT_LINKS",
    "check_finite",
    "check_whole",
    "drawable",
    "drawn_shape",
    "require",
]

UNIT_LINKS = (
    "logit",
    "probit",
    "probit_approx",
    "cloglog",
    "loglog",
    "cauchit",
    "softit",
    "identity",
    "log",
)
COUNT_LINKS = ("log", "identity", "sqrt", "softplus", "squareplus")
SCALE_LINKS = ("log", "identity", "softplus", "squareplus")
REAL_LINKS = (
    "identity",
    "log",
    "inverse",
    "softplus",
    "squareplus",
    "logit",
    "probit",
    "probit_approx",
    "cloglog",
    "loglog",
    "cauchit",
    "softit",
)

LARGEST_COUNT = 9e18
"""Just under what numpy can draw from a Poisson distribution as a 64 bit integer."""


def require(
    ok: np.ndarray, values: np.ndarray, must: str, labels: Sequence[Any] | None = None
) -> None:
    """DataError about the first value that isn't `ok`, with its row's label or position."""
    bad = np.flatnonzero(~np.asarray(ok))
    if bad.size:
        at = int(bad[0])
        row = at if labels is None else labels[at]
        more = f" ({bad.size} rows in all)" if bad.size > 1 else ""
        raise DataError(f"Row {row!r} has {_shown(values[at])}{more}: {must}")


def check_finite(y: Any, what: str, labels: Sequence[Any] | None = None) -> np.ndarray:
    """`y` as floats, all finite; DataError otherwise."""
    y = np.asarray(y)
    if y.dtype.kind not in "biuf":
        kind = "text or mixed values" if y.dtype.kind in "OUST" else f"values of type {y.dtype}"
        raise DataError(f"{what} must be numbers, and this column holds {kind}.")
    require(np.isfinite(y), y, f"{what} must be finite numbers.", labels)
    return y.astype(float)


def check_whole(
    y: Any, what: str, least: int = 0, hint: str = "", labels: Sequence[Any] | None = None
) -> np.ndarray:
    """`y` as floats, all whole numbers from `least` up; DataError otherwise."""
    y = check_finite(y, what, labels)
    must = f"{what} must be whole numbers, {least} or larger.{hint}"
    require((y >= least) & (y == np.floor(y)), y, must, labels)
    return y


def drawn_shape(*parameters: Any) -> tuple[int, ...]:
    """The shape of one response for each element of the broadcast parameters."""
    return np.broadcast_shapes(*(np.shape(p) for p in parameters))


def drawable(name: str, value: Any, lower: float = -np.inf, upper: float = np.inf) -> np.ndarray:
    """The parameter as floats, all within reach of a random generator; PredictionError if not."""
    value = np.asarray(value, dtype=float)
    bad = ~(np.isfinite(value) & (value >= lower) & (value <= upper))
    if bad.any():
        first = np.unravel_index(np.argmax(bad), bad.shape)
        at = f" at (draw, row) {tuple(map(int, first))}" if value.ndim == 2 else ""
        raise PredictionError(
            f"Can't draw responses with {name} = {value[first]:.6g}{at} "
            f"({int(bad.sum())} of {bad.size} values): it must be finite and lie between "
            f"{lower:g} and {upper:g}."
        )
    return value


def _shown(value: Any) -> str:
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)
