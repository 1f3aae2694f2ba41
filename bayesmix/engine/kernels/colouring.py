"""Correlated residuals from independent ones: what undoes `whitening`.

A correlation is two functions of numbers in order. ``colour(shared, gap, place, z, u)`` fills in
the residuals that are made of standard normal z; ``transposed(shared, gap, place, by_u, by_z)``
fills in derivatives by z of what has derivatives by the residuals. Those by the correlation's
parameters are the ones that `whitening` takes back of minus the derivatives by z.
"""

from __future__ import annotations

from math import exp, expm1, log, sqrt
from typing import Any

from bayesmix.engine.kernels.whitening import end

Array = Any


def colour_car1(shared: Array, gap: Array, place: Array, z: Array, u: Array) -> None:
    """At a distance d the correlation is φ^d."""
    log_phi = log(shared[0])
    for k in range(gap.size):
        u[k] = z[k]
        if gap[k] != 0.0:
            decay, left = exp(gap[k] * log_phi), -expm1(2.0 * gap[k] * log_phi)
            u[k] = decay * u[k - 1] + sqrt(left) * z[k]


def transposed_car1(shared: Array, gap: Array, place: Array, by_u: Array, by_z: Array) -> None:
    """The transpose of `colour_car1`."""
    log_phi, passed = log(shared[0]), 0.0
    for k in range(gap.size - 1, -1, -1):
        whole = by_u[k] + passed
        by_z[k], passed = whole, 0.0
        if gap[k] != 0.0:
            by_z[k] = sqrt(-expm1(2.0 * gap[k] * log_phi)) * whole
            passed = exp(gap[k] * log_phi) * whole


def colour_cosy(shared: Array, gap: Array, place: Array, z: Array, u: Array) -> None:
    """All residuals of a group have one correlation."""
    rho, before, at = shared[0], 0.0, 0
    for k in range(gap.size):
        if gap[k] == 0.0:
            before, at = 0.0, 0
        less = 1.0 + (at - 1) * rho
        u[k] = rho / less * before + sqrt((1.0 - rho) * (less + rho) / less) * z[k]
        before, at = before + u[k], at + 1


def transposed_cosy(shared: Array, gap: Array, place: Array, by_u: Array, by_z: Array) -> None:
    """The transpose of `colour_cosy`."""
    rho, first = shared[0], 0
    while first < gap.size:
        last = end(gap, first)
        passed = 0.0
        for k in range(last - 1, first - 1, -1):
            less = 1.0 + (k - first - 1) * rho
            whole = by_u[k] + passed
            by_z[k] = sqrt((1.0 - rho) * (less + rho) / less) * whole
            passed += rho / less * whole
        first = last


def colour_ar(shared: Array, gap: Array, place: Array, z: Array, u: Array) -> None:
    """Autoregression of the first order."""
    _colour_arma(shared[0], 0.0, gap, z, u)


def colour_ma(shared: Array, gap: Array, place: Array, z: Array, u: Array) -> None:
    """A moving average of the first order."""
    _colour_arma(0.0, shared[0], gap, z, u)


def colour_arma(shared: Array, gap: Array, place: Array, z: Array, u: Array) -> None:
    """Both."""
    _colour_arma(shared[0], shared[1], gap, z, u)


def transposed_ar(shared: Array, gap: Array, place: Array, by_u: Array, by_z: Array) -> None:
    """The transpose of `colour_ar`."""
    _transposed_arma(shared[0], 0.0, gap, by_u, by_z)


def transposed_ma(shared: Array, gap: Array, place: Array, by_u: Array, by_z: Array) -> None:
    """The transpose of `colour_ma`."""
    _transposed_arma(0.0, shared[0], gap, by_u, by_z)


def transposed_arma(shared: Array, gap: Array, place: Array, by_u: Array, by_z: Array) -> None:
    """The transpose of `colour_arma`."""
    _transposed_arma(shared[0], shared[1], gap, by_u, by_z)


def _colour_arma(phi: float, theta: float, gap: Array, z: Array, u: Array) -> None:
    """Innovations, and what is left of the one before."""
    series = 1.0 + (phi + theta) ** 2 / (1.0 - phi * phi)
    v, innovation = series, 0.0
    for k in range(gap.size):
        if gap[k] == 0.0:
            v, innovation = series, sqrt(series) * z[k]
            u[k] = innovation
            continue
        share = theta / v
        passed = share * innovation
        v = 1.0 + theta * theta - theta * share
        innovation = sqrt(v) * z[k]
        u[k] = phi * u[k - 1] + innovation + passed


def _transposed_arma(phi: float, theta: float, gap: Array, by_u: Array, by_z: Array) -> None:
    """Variances of innovations stand in ``by_z`` until they are needed."""
    series = 1.0 + (phi + theta) ** 2 / (1.0 - phi * phi)
    for k in range(gap.size):
        by_z[k] = series
        if gap[k] != 0.0:
            by_z[k] = 1.0 + theta * theta - theta * theta / by_z[k - 1]
    after = 0.0
    for k in range(gap.size - 1, -1, -1):
        whole = by_u[k] + phi * after
        by_z[k] = sqrt(by_z[k]) * (whole + theta / by_z[k] * after)
        after = whole if gap[k] != 0.0 else 0.0
