"""The functions of every correlation of residuals, and callbacks of them for rows in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from numba import carray, types

from bayesmix.correlations import (
    CAR1,
    Arma,
    CompoundSymmetry,
    Correlation,
    Distance,
    Known,
    Unstructured,
)
from bayesmix.engine.kernels import colouring, lags, pairs, places, whitening
from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.kernels.rows import POINTER

Function = Callable[..., Any]

WHITENING = types.float64(
    *(types.int64, types.int64, POINTER, types.int64),
    *(POINTER, POINTER, POINTER, POINTER),
    *(POINTER, POINTER, types.int64, POINTER),
)
"""What to do, rows, addition terms, how often logs of scales count; residuals, what is new in them,
derivatives by that and by residuals; shared values, derivatives by them, their number; scratch.
"""
COLOURING = types.float64(
    *(types.int64, types.int64, POINTER),
    *(POINTER, POINTER, POINTER, POINTER),
    *(POINTER, POINTER, types.int64, POINTER),
)
"""The same without logs; z, residuals, derivatives by residuals and by z; and so on."""


def compiled_whitening(correlation: Correlation | None) -> Any:
    """The callback that whitens, or goes the way back; of past residuals where there is none."""
    return _compiled_whitening(_kind(correlation))


def compiled_colouring(correlation: Correlation) -> Any:
    """The callback that makes residuals of standard normal numbers, or goes the way back."""
    return _compiled_colouring(_kind(correlation))


@cache
def _compiled_whitening(kind: Any) -> Any:
    whiten, backward = WHITENINGS[kind]
    return callback(WHITENING, whitened, whiten=whiten, backward=backward)


@cache
def _compiled_colouring(kind: Any) -> Any:
    (whiten, backward), (colour, transposed) = WHITENINGS[kind], COLOURINGS[kind]
    linked = {"whiten": whiten, "backward": backward, "colour": colour, "transposed": transposed}
    return callback(COLOURING, coloured, **linked)


whiten = backward = colour = transposed = None
"""Linked when a callback is compiled."""


def whitened(back, n, aux_, logs, u_, white_, by_white_, by_u_, shared_, by_, m, work_):  # type: ignore
    """`whiten`, or where ``back`` is 1 `backward`, of rows that stand in order."""
    aux, work = carray(aux_, n * (n + 5) // 2), carray(work_, 2 * n)
    gap, place = aux[n : 2 * n], aux[2 * n :]
    u, white, shared = carray(u_, n), carray(white_, n), carray(shared_, m)
    if back == 0:
        return whiten(shared, gap, place, u, white, work)
    by_white, by_u, by = carray(by_white_, n), carray(by_u_, n), carray(by_, m)
    backward(shared, gap, place, u, white, by_white, by_u, by, float(logs), work)
    return 0.0


def coloured(back, n, aux_, z_, u_, by_u_, by_z_, shared_, by_, m, work_):  # type: ignore
    """`colour`, or where ``back`` is 1 derivatives by z and by the correlation's parameters."""
    aux, work = carray(aux_, n * (n + 5) // 2), carray(work_, 5 * n)
    gap, place = aux[n : 2 * n], aux[2 * n :]
    z, u, shared = carray(z_, n), carray(u_, n), carray(shared_, m)
    if back == 0:
        colour(shared, gap, place, z, u)
        return 0.0
    by_u, by_z, by = carray(by_u_, n), carray(by_z_, n), carray(by_, m)
    transposed(shared, gap, place, by_u, by_z)
    white, by_white, rest = work[:n], work[n : 2 * n], work[2 * n : 3 * n]
    whiten(shared, gap, place, u, white, work[3 * n :])
    for k in range(n):
        by_white[k], rest[k] = -by_z[k], 0.0
    backward(shared, gap, place, u, white, by_white, rest, by, 0.0, work[3 * n :])
    return 0.0


def whitening_of(correlation: Correlation) -> tuple[Function, Function]:
    """The two functions of `whitening` that a correlation has."""
    return WHITENINGS[_kind(correlation)]


def _kind(correlation: Correlation | None) -> Any:
    """A type, and of autoregression and moving averages the orders."""
    is_arma = isinstance(correlation, Arma)
    return (correlation.p, correlation.q) if is_arma else type(correlation)


WHITENINGS = {
    (1, 0): (whitening.whiten_ar, whitening.backward_ar),
    (0, 1): (whitening.whiten_ma, whitening.backward_ma),
    (1, 1): (whitening.whiten_arma, whitening.backward_arma),
    CAR1: (whitening.whiten_car1, whitening.backward_car1),
    CompoundSymmetry: (whitening.whiten_cosy, whitening.backward_cosy),
    Unstructured: (pairs.whiten_unstr, pairs.backward_unstr),
    Distance: (places.whiten_places, places.backward_places),
    Known: (places.whiten_known, places.backward_known),
    type(None): (lags.whiten_lags, lags.backward_lags),
}
COLOURINGS = {
    (1, 0): (colouring.colour_ar, colouring.transposed_ar),
    (0, 1): (colouring.colour_ma, colouring.transposed_ma),
    (1, 1): (colouring.colour_arma, colouring.transposed_arma),
    CAR1: (colouring.colour_car1, colouring.transposed_car1),
    CompoundSymmetry: (colouring.colour_cosy, colouring.transposed_cosy),
    Unstructured: (pairs.colour_unstr, pairs.transposed_unstr),
    Distance: (places.colour_places, places.transposed_places),
}
"""Of what latent residuals may have."""
