"""Residuals of linear predictors, made of standard normal numbers: a correlation, and a scale."""

from __future__ import annotations

from typing import Any

from bayesmix.engine.kernels.native import call

Array = Any

FORWARD, BACK = 0, 1


def add_latent(latents: Any, x: Array, theta: Array, data: Array, scratch: Array) -> None:
    """Put residuals in the place of numbers; ``scratch`` keeps them in order, without a scale."""
    for i in range(latents.size):
        r = latents[i]
        z, u = scratch[r.work : r.work + r.size], scratch[r.work + r.size : r.work + 2 * r.size]
        for k in range(r.size):
            z[k] = x[r.at + int(data[r.aux + k])]
        _call(r, FORWARD, theta, theta, data, scratch)
        for k in range(r.size):
            theta[r.at + int(data[r.aux + k])] = theta[r.sd] * u[k]


def add_latent_gradient(
    latents: Any, x: Array, theta: Array, grad: Array, data: Array, scratch: Array
) -> float:
    """The backward pass of `add_latent`; returns the log density of the numbers."""
    logp = 0.0
    for i in range(latents.size):
        r = latents[i]
        lines = scratch[r.work : r.work + 4 * r.size]
        u, by_u, by_z = lines[r.size :], lines[2 * r.size :], lines[3 * r.size :]
        for k in range(r.size):
            by = grad[r.at + int(data[r.aux + k])]
            grad[r.sd] += by * u[k]
            by_u[k] = by * theta[r.sd]
        _call(r, BACK, theta, grad, data, scratch)
        for k in range(r.size):
            at = r.at + int(data[r.aux + k])
            grad[at] = by_z[k] - x[at]
            logp -= 0.5 * x[at] * x[at]
    return logp


def _call(r: Any, way: int, theta: Array, grad: Array, data: Array, scratch: Array) -> None:
    start, double = scratch.ctypes.data + 8 * r.work, 8
    call(
        r.colour,
        way,
        r.size,
        data.ctypes.data + double * r.aux,
        start,
        start + double * r.size,
        start + double * 2 * r.size,
        start + double * 3 * r.size,
        theta.ctypes.data + double * r.shared,
        grad.ctypes.data + double * r.shared,
        r.n_shared,
        start + double * 4 * r.size,
    )
