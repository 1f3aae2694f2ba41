"""Residuals whose correlations make each hang on few before it: what is new, in one pass.

A correlation is two functions of residuals in units of their scales, ``u``. ``whiten(shared, gap,
place, u, white, work)`` fills in what is new in each, and returns the sum of the logarithms of its
scales. ``backward(shared, gap, place, u, white, by_white, by_u, by, logs, work)`` adds to the
derivatives by ``u`` and by the parameters what those by ``white`` make of them, and to the latter
those of minus that sum, ``logs`` times; ``work`` is as `whiten` left it. The formulas are those of
`bayesmix.correlations`.
"""

from __future__ import annotations

from math import exp, expm1, log, sqrt
from typing import Any

Array = Any


def end(gap: Array, first: int) -> int:
    """Where the group ends that begins at `first`."""
    last = first + 1
    while last < gap.size and gap[last] != 0.0:
        last += 1
    return last


def whiten_car1(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """At a distance d the correlation is φ^d."""
    log_phi, total, before = log(shared[0]), 0.0, 0.0
    decay = root = log_root = 0.0
    for k in range(gap.size):
        white[k] = u[k]
        if gap[k] != 0.0:
            if gap[k] != before:
                before = gap[k]
                decay, root = exp(before * log_phi), sqrt(-expm1(2.0 * before * log_phi))
                log_root = log(root)
            white[k] = (u[k] - decay * u[k - 1]) / root
            total += log_root
    return total


def backward_car1(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, logs: float, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_car1`."""
    log_phi, by_phi, before = log(shared[0]), 0.0, 0.0
    decay = left = root = 0.0
    for k in range(gap.size):
        if gap[k] == 0.0:
            by_u[k] += by_white[k]
            continue
        if gap[k] != before:
            before = gap[k]
            decay, left = exp(before * log_phi), -expm1(2.0 * before * log_phi)
            root = sqrt(left)
        step = by_white[k] / root
        by_u[k] += step
        by_u[k - 1] -= decay * step
        by_decay = -step * u[k - 1] + (by_white[k] * white[k] + logs) * decay / left
        by_phi += by_decay * before * decay
    by[0] += by_phi / shared[0]


def whiten_cosy(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """All residuals of a group have one correlation."""
    rho, total, before, place = shared[0], 0.0, 0.0, 0
    for k in range(gap.size):
        if gap[k] == 0.0:
            before, place = 0.0, 0
        less = 1.0 + (place - 1) * rho
        variance = (1.0 - rho) * (less + rho) / less
        white[k] = (u[k] - rho / less * before) / sqrt(variance)
        total += 0.5 * log(variance)
        before, place = before + u[k], place + 1
    return total


def backward_cosy(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, logs: float, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_cosy`."""
    rho, by_rho, first = shared[0], 0.0, 0
    while first < gap.size:
        last = end(gap, first)
        before = 0.0
        for k in range(first, last):
            before += u[k]
        passed = 0.0
        for k in range(last - 1, first - 1, -1):
            place = k - first
            before -= u[k]
            less = 1.0 + (place - 1) * rho
            step = by_white[k] / sqrt((1.0 - rho) * (less + rho) / less)
            by_u[k] += step - passed
            passed += step * rho / less
            by_log = 0.5 * (place / (less + rho) - (place - 1) / less - 1.0 / (1.0 - rho))
            by_rho -= step * before / (less * less) + (by_white[k] * white[k] + logs) * by_log
        first = last
    by[0] += by_rho


def whiten_ar(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """Autoregression of the first order."""
    phi, groups = shared[0], 0
    root = sqrt(1.0 - phi * phi)
    white[0] = u[0]
    for k in range(1, gap.size):
        white[k] = u[k] - phi * u[k - 1]
    for k in range(gap.size):
        if gap[k] == 0.0:
            white[k] = root * u[k]
            groups += 1
    return -groups * log(root)


def whiten_ma(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """A moving average of the first order."""
    return _whiten_arma(0.0, shared[0], gap, u, white, work)


def whiten_arma(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """Both."""
    return _whiten_arma(shared[0], shared[1], gap, u, white, work)


def backward_ar(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, logs: float, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_ar`."""
    phi, by_phi, by_first = shared[0], 0.0, 0.0
    left = 1.0 - phi * phi
    root = sqrt(left)
    for k in range(gap.size):
        if gap[k] == 0.0:
            by_u[k] += root * by_white[k]
            by_first -= by_white[k] * u[k] / root + logs / left
        else:
            by_u[k] += by_white[k]
            by_u[k - 1] -= phi * by_white[k]
            by_phi -= by_white[k] * u[k - 1]
    by[0] += by_phi + by_first * phi


def backward_ma(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, logs: float, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_ma`."""
    by[0] += _backward_arma(0.0, shared[0], gap, u, by_white, by_u, logs, work)[1]


def backward_arma(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, logs: float, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_arma`."""
    by_phi, by_theta = _backward_arma(shared[0], shared[1], gap, u, by_white, by_u, logs, work)
    by[0] += by_phi
    by[1] += by_theta


def _whiten_arma(
    phi: float, theta: float, gap: Array, u: Array, white: Array, work: Array
) -> float:
    """Innovations e and their variances v, which are kept in ``work``."""
    n, total = gap.size, 0.0
    e, v = work[:n], work[n : 2 * n]
    series = 1.0 + (phi + theta) ** 2 / (1.0 - phi * phi)
    for k in range(n):
        e[k], v[k] = u[k], series
        if gap[k] != 0.0:
            share = theta / v[k - 1]
            e[k] = u[k] - phi * u[k - 1] - share * e[k - 1]
            v[k] = 1.0 + theta * theta - theta * share
        white[k] = e[k] / sqrt(v[k])
        total += 0.5 * log(v[k])
    return total


def _backward_arma(
    phi: float,
    theta: float,
    gap: Array,
    u: Array,
    by_white: Array,
    by_u: Array,
    logs: float,
    work: Array,
) -> tuple[float, float]:
    """From the last row to the first; returns derivatives by φ and θ."""
    n, by_phi, by_theta, by_e, by_v = gap.size, 0.0, 0.0, 0.0, 0.0
    e, v = work[:n], work[n : 2 * n]
    left = 1.0 - phi * phi
    for k in range(n - 1, -1, -1):
        if k + 1 < n and gap[k + 1] != 0.0:
            # What the row after has taken of this one's innovation and variance.
            share = theta / v[k]
            by_v = by_e * share * e[k] / v[k] + by_v * share * share
            by_e = -share * by_e
        else:
            by_e, by_v = 0.0, 0.0
        root = sqrt(v[k])
        by_e += by_white[k] / root
        by_v -= 0.5 * (by_white[k] * e[k] / root + logs) / v[k]
        by_u[k] += by_e
        if gap[k] != 0.0:
            by_u[k - 1] -= phi * by_e
            by_phi -= by_e * u[k - 1]
            by_theta -= by_e * e[k - 1] / v[k - 1]
            by_theta += 2.0 * by_v * (theta - theta / v[k - 1])
        else:
            more = 2.0 * by_v * (phi + theta) / left
            by_theta += more
            by_phi += more * (1.0 + (phi + theta) * phi / left)
    return by_phi, by_theta
