"""The loops over rows whose residuals hang together, in place of the one of independent rows.

They have its signature (`rows.SIGNATURE`) and are called once, with all rows. Addition terms say in
which order the rows are gone through, groups one after the other, each in the order of time; how
long after the row before each is, 0 for the first of a group; and the number of lags of ``ar``. The
values that rows share are the parameters of the correlation.

A correlation is two functions of residuals in units of their scales, ``u``. ``whiten(shared, gap,
place, u, white, work)`` fills in what is new in each, and returns the sum of the logarithms of its
scales. ``backward(shared, gap, place, u, white, by_white, by_u, by, work)`` adds to the derivatives
by ``u`` and by the parameters what those by ``white`` and that sum make of them. The formulas are
those of `bayesmix.correlations`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import exp, expm1, log, log1p, sqrt
from typing import Any

import numpy as np
from numba import carray

from bayesmix.correlations import CAR1, Arma, CompoundSymmetry, Correlation, Unstructured
from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.kernels.rows import SIGNATURE
from bayesmix.families.row import RowKernel
from bayesmix.families.scalar import gammaln

Array = Any


def compiled_correlated(correlation: Correlation, family: str) -> Any:
    """The callback for rows whose residuals in a group are one draw."""
    whiten, backward = CORRELATIONS[type(correlation)](correlation)
    tails = {"gaussian": normal, "student": student}[family]
    return _compiled(whiten, backward, tails)


@cache
def _compiled(
    whiten: Callable[..., Any], backward: Callable[..., Any], tails: Callable[..., Any]
) -> Any:
    return callback(SIGNATURE, correlated, whiten=whiten, backward=backward, tails=tails)


@cache
def compiled_lagged(row: RowKernel) -> Any:
    """The callback for rows whose mean has the residuals of rows before."""
    return callback(SIGNATURE, LAGGED[len(row.scales)], kernel=row.function)


whiten = backward = tails = kernel = None
"""Linked when a loop is compiled."""


def correlated(n, y_, aux_, step, weights_, values_, slopes_, stride, varying, shared_, by_, m):  # type: ignore
    """Normal or Student rows."""
    y, aux = carray(y_, n), carray(aux_, 3 * step)
    order, gap, place = aux[:n], aux[step : step + n], aux[2 * step : 2 * step + n]
    values, slopes = carray(values_, 3 * stride), carray(slopes_, 3 * stride)
    shared, by = carray(shared_, m), carray(by_, m)
    work = np.zeros(6 * n)
    u, white, by_white, by_u = work[:n], work[n : 2 * n], work[2 * n : 3 * n], work[3 * n : 4 * n]
    logp = 0.0
    for k in range(n):
        i = int(order[k])
        log_sigma = values[stride + (i if varying else 0)]
        u[k] = (y[i] - values[i]) * exp(-log_sigma)
        logp -= log_sigma
    logp -= whiten(shared, gap, place, u, white, work[4 * n :])
    logp += tails(gap, white, values[2 * stride :], by_white, slopes[2 * stride :])
    backward(shared, gap, place, u, white, by_white, by_u, by, work[4 * n :])
    total = 0.0
    for k in range(n):
        i = int(order[k])
        slopes[i] = -by_u[k] * exp(-values[stride + (i if varying else 0)])
        by_scale = -u[k] * by_u[k] - 1.0
        total += by_scale
        if varying:
            slopes[stride + i] = by_scale
    if not varying:
        slopes[stride] = total
    return logp


def normal(gap: Array, white: Array, nu: Array, by_white: Array, by_nu: Array) -> float:
    """The log density of what is new in each residual, and its derivatives."""
    squares = 0.0
    for k in range(gap.size):
        squares += white[k] * white[k]
        by_white[k] = -white[k]
    return -0.5 * squares


def student(gap: Array, white: Array, nu: Array, by_white: Array, by_nu: Array) -> float:
    """Those of a group are one draw of Student's t of several dimensions."""
    df, logp, total, first = nu[0], 0.0, 0.0, 0
    none, by_none = gammaln(0.5 * df)
    while first < gap.size:
        last = _end(gap, first)
        size, squares = last - first, 0.0
        for k in range(first, last):
            squares += white[k] * white[k]
        whole = 0.5 * (df + size)
        all_, by_all = gammaln(whole)
        spread = log1p(squares / df)
        logp += all_ - none - 0.5 * size * log(df) - whole * spread
        total += 0.5 * (by_all - by_none - size / df - spread)
        total += whole * squares / (df * (df + squares))
        for k in range(first, last):
            by_white[k] = -2.0 * whole / (df + squares) * white[k]
        first = last
    # Where another parameter differs between rows, derivatives are summed over all of them.
    by_nu[: gap.size] = 0.0
    by_nu[0] = total
    return logp


def _end(gap: Array, first: int) -> int:
    """Where the group ends that begins at `first`."""
    last = first + 1
    while last < gap.size and gap[last] != 0.0:
        last += 1
    return last


def whiten_car1(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """At a distance d the correlation is φ^d."""
    log_phi, total = log(shared[0]), 0.0
    for k in range(gap.size):
        white[k] = u[k]
        if gap[k] != 0.0:
            decay, left = exp(gap[k] * log_phi), -expm1(2.0 * gap[k] * log_phi)
            white[k] = (u[k] - decay * u[k - 1]) / sqrt(left)
            total += 0.5 * log(left)
    return total


def backward_car1(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_car1`."""
    log_phi, by_phi = log(shared[0]), 0.0
    for k in range(gap.size):
        if gap[k] == 0.0:
            by_u[k] += by_white[k]
            continue
        decay, left = exp(gap[k] * log_phi), -expm1(2.0 * gap[k] * log_phi)
        step = by_white[k] / sqrt(left)
        by_u[k] += step
        by_u[k - 1] -= decay * step
        by_decay = -step * u[k - 1] + (by_white[k] * white[k] + 1.0) * decay / left
        by_phi += by_decay * gap[k] * decay / shared[0]
    by[0] += by_phi


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
    by: Array, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_cosy`."""
    rho, by_rho, first = shared[0], 0.0, 0
    while first < gap.size:
        last = _end(gap, first)
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
            by_rho -= step * before / (less * less) + (by_white[k] * white[k] + 1.0) * by_log
        first = last
    by[0] += by_rho


def whiten_unstr(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """A correlation for each pair of times, made of partial ones' shares of the way from -1 to 1.

    A group with the first times has the first rows of the factor; others have one of their own.
    """
    factor = _factor(shared)
    matrix, own = factor @ factor.T, np.empty_like(factor)
    total, first = 0.0, 0
    while first < gap.size:
        last = _end(gap, first)
        size = last - first
        root = factor
        if int(place[last - 1]) != size - 1:
            root = own
            _cholesky(matrix, place[first:last], own)
        for i in range(size):
            rest = u[first + i]
            for j in range(i):
                rest -= root[i, j] * white[first + j]
            white[first + i] = rest / root[i, i]
            total += log(root[i, i])
        first = last
    return total


def backward_unstr(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_unstr`."""
    factor = _factor(shared)
    matrix, own, inverse = factor @ factor.T, np.empty_like(factor), np.empty_like(factor)
    by_factor, by_matrix = np.zeros_like(factor), np.zeros_like(factor)
    first = 0
    while first < gap.size:
        last = _end(gap, first)
        size = last - first
        if int(place[last - 1]) == size - 1:
            for i in range(size - 1, -1, -1):
                # Of the innovation, less what rows after it have taken.
                step = by_white[first + i]
                for k in range(i + 1, size):
                    step -= factor[k, i] * by_u[first + k]
                step /= factor[i, i]
                by_u[first + i] = step
                for j in range(i + 1):
                    by_factor[i, j] -= step * white[first + j]
                by_factor[i, i] -= 1.0 / factor[i, i]
        else:
            at = place[first:last]
            _cholesky(matrix, at, own)
            _invert(own, size, inverse)
            _add_by_matrix(inverse, at, white[first:last], by_white[first:last],
                           by_u[first:last], by_matrix)  # fmt: skip
        first = last
    by_factor += 2.0 * by_matrix @ factor
    _add_by_partials(shared, factor, by_factor, by)


def _factor(shares: Array) -> Array:
    """The Cholesky factor of all times."""
    size = int(sqrt(2.0 * shares.size)) + 1
    factor, at = np.zeros((size, size)), 0
    for i in range(size):
        left = 1.0
        for j in range(i):
            factor[i, j] = (2.0 * shares[at] - 1.0) * left
            left *= 2.0 * sqrt(shares[at] * (1.0 - shares[at]))
            at += 1
        factor[i, i] = left
    return factor


def _add_by_partials(shares: Array, factor: Array, by_factor: Array, by: Array) -> None:
    """The backward pass of `_factor`."""
    at = 0
    for i in range(1, len(factor)):
        after = 0.0
        for j in range(i + 1):
            after += by_factor[i, j] * factor[i, j]
        left = 1.0
        for j in range(i):
            after -= by_factor[i, j] * factor[i, j]
            square = 4.0 * shares[at] * (1.0 - shares[at])
            partial = 2.0 * shares[at] - 1.0
            by[at] += 2.0 * by_factor[i, j] * left - 2.0 * partial * after / square
            left *= sqrt(square)
            at += 1


def _cholesky(matrix: Array, at: Array, factor: Array) -> None:
    """The factor of some rows and columns of a matrix."""
    for i in range(at.size):
        for j in range(i + 1):
            rest = matrix[int(at[i]), int(at[j])]
            for k in range(j):
                rest -= factor[i, k] * factor[j, k]
            factor[i, j] = sqrt(rest) if i == j else rest / factor[j, j]


def _invert(factor: Array, size: int, inverse: Array) -> None:
    """The inverse of a lower triangle."""
    for j in range(size):
        inverse[j, j] = 1.0 / factor[j, j]
        for i in range(j + 1, size):
            rest = 0.0
            for k in range(j, i):
                rest -= factor[i, k] * inverse[k, j]
            inverse[i, j] = rest / factor[i, i]


def _add_by_matrix(
    inverse: Array, at: Array, white: Array, by_white: Array, by_u: Array, by_matrix: Array
) -> None:
    """Half of what the likelihood of one group takes of its correlations, and what by residuals."""
    size = at.size
    solved = np.zeros(size)
    for i in range(size):
        for k in range(i, size):
            by_u[i] += inverse[k, i] * by_white[k]
            solved[i] += inverse[k, i] * white[k]
    for i in range(size):
        for j in range(size):
            precision = 0.0
            for k in range(max(i, j), size):
                precision += inverse[k, i] * inverse[k, j]
            by_matrix[int(at[i]), int(at[j])] -= 0.5 * (precision + by_u[i] * solved[j])


def whiten_ar(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, work: Array
) -> float:
    """Autoregression of the first order."""
    return _whiten_arma(shared[0], 0.0, gap, u, white, work)


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
    by: Array, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_ar`."""
    by[0] += _backward_arma(shared[0], 0.0, gap, u, by_white, by_u, work)[0]


def backward_ma(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_ma`."""
    by[0] += _backward_arma(0.0, shared[0], gap, u, by_white, by_u, work)[1]


def backward_arma(
    shared: Array, gap: Array, place: Array, u: Array, white: Array, by_white: Array, by_u: Array,
    by: Array, work: Array,
) -> None:  # fmt: skip
    """The backward pass of `whiten_arma`."""
    by_phi, by_theta = _backward_arma(shared[0], shared[1], gap, u, by_white, by_u, work)
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
    phi: float, theta: float, gap: Array, u: Array, by_white: Array, by_u: Array, work: Array
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
        by_v -= 0.5 * (by_white[k] * e[k] / root + 1.0) / v[k]
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


def lagged_2(n, y_, aux_, step, weights_, values_, slopes_, stride, varying, shared_, by_, m):  # type: ignore
    """Families of two parameters."""
    y, weights, aux = carray(y_, n), carray(weights_, n), carray(aux_, 3 * step)
    order, gap, p = aux[:n], aux[step : step + n], int(aux[2 * step])
    values, slopes = carray(values_, 2 * stride), carray(slopes_, 2 * stride)
    shared, by = carray(shared_, m), carray(by_, m)
    work = np.zeros(4 * n)
    _means(shared, p, order, gap, y, values, work)
    logp, total = 0.0, 0.0
    for k in range(n):
        i = int(order[k])
        at = stride + (i if varying else 0)
        value, work[2 * n + k], by_second = kernel(y[i], work[n + k], values[at])
        logp += weights[i] * value
        work[2 * n + k] *= weights[i]
        total += weights[i] * by_second
        if varying:
            slopes[at] = weights[i] * by_second
    if not varying:
        slopes[stride] = total
    _means_backward(shared, p, order, gap, work, slopes, by)
    return logp


def lagged_3(n, y_, aux_, step, weights_, values_, slopes_, stride, varying, shared_, by_, m):  # type: ignore
    """Families of three parameters."""
    y, weights, aux = carray(y_, n), carray(weights_, n), carray(aux_, 3 * step)
    order, gap, p = aux[:n], aux[step : step + n], int(aux[2 * step])
    values, slopes = carray(values_, 3 * stride), carray(slopes_, 3 * stride)
    shared, by = carray(shared_, m), carray(by_, m)
    work = np.zeros(4 * n)
    _means(shared, p, order, gap, y, values, work)
    logp, total, more = 0.0, 0.0, 0.0
    for k in range(n):
        i = int(order[k])
        at = stride + (i if varying else 0)
        value, by_mean, by_second, by_third = kernel(
            y[i], work[n + k], values[at], values[at + stride]
        )
        logp += weights[i] * value
        work[2 * n + k] = weights[i] * by_mean
        total += weights[i] * by_second
        more += weights[i] * by_third
        if varying:
            slopes[at], slopes[at + stride] = weights[i] * by_second, weights[i] * by_third
    if not varying:
        slopes[stride], slopes[2 * stride] = total, more
    _means_backward(shared, p, order, gap, work, slopes, by)
    return logp


LAGGED = {2: lagged_2, 3: lagged_3}


def _means(
    shared: Array, p: int, order: Array, gap: Array, y: Array, eta: Array, work: Array
) -> None:
    """Errors and, after them, means with the errors before: see `bayesmix.correlations.lags`."""
    n, place = order.size, 0
    for k in range(n):
        place = place + 1 if gap[k] != 0.0 else 0
        i, passed, drawn = int(order[k]), 0.0, 0.0
        for j in range(min(p, place)):
            drawn += shared[j] * work[k - 1 - j]
        for j in range(min(shared.size - p, place)):
            passed += shared[p + j] * work[k - 1 - j]
        work[k] = y[i] - eta[i] - passed
        work[n + k] = eta[i] + passed + drawn


def _means_backward(
    shared: Array, p: int, order: Array, gap: Array, work: Array, slopes: Array, by: Array
) -> None:
    """From the last row to the first; derivatives by means are the third part of ``work``."""
    n, last = order.size, order.size
    for k in range(n - 1, -1, -1):
        # By the error of this row, from what rows after it have taken.
        by_error = 0.0
        for j in range(min(p, last - 1 - k)):
            by_error += shared[j] * work[2 * n + k + 1 + j]
        for j in range(min(shared.size - p, last - 1 - k)):
            after = k + 1 + j
            by_error += shared[p + j] * (work[2 * n + after] - work[3 * n + after])
        work[3 * n + k] = by_error
        slopes[int(order[k])] = work[2 * n + k] - by_error
        if gap[k] == 0.0:
            last = k
    place = 0
    for k in range(n):
        place = place + 1 if gap[k] != 0.0 else 0
        for j in range(min(p, place)):
            by[j] += work[2 * n + k] * work[k - 1 - j]
        for j in range(min(shared.size - p, place)):
            by[p + j] += (work[2 * n + k] - work[3 * n + k]) * work[k - 1 - j]


def _of_arma(correlation: Arma) -> tuple[Callable[..., Any], Callable[..., Any]]:
    if not correlation.q:
        return whiten_ar, backward_ar
    return (whiten_arma, backward_arma) if correlation.p else (whiten_ma, backward_ma)


CORRELATIONS = {
    Arma: _of_arma,
    CAR1: lambda correlation: (whiten_car1, backward_car1),
    CompoundSymmetry: lambda correlation: (whiten_cosy, backward_cosy),
    Unstructured: lambda correlation: (whiten_unstr, backward_unstr),
}
"""The functions of each kind of correlation."""
