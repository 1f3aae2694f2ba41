"""The log density of any model and its gradient: the one function that assembles all others.

``x`` are the parameters as the sampler moves them, ``theta`` the same on their own scales. ``grad``
first gathers derivatives by theta and is turned into those by x, part by part, in place.
"""

from __future__ import annotations

from functools import cache
from math import exp
from typing import Any

import numpy as np
from numba import carray, types

from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.kernels.effects import (
    add_effects,
    add_effects_gradient,
    add_shift_gradient,
    reflect_effects,
    subtract_shifts,
)
from bayesmix.engine.kernels.latent import add_latent, add_latent_gradient
from bayesmix.engine.kernels.levels import (
    add_levels_gradient,
    add_mix_gradient,
    mix_levels,
    scale_levels,
)
from bayesmix.engine.kernels.native import call, pointer_to
from bayesmix.engine.kernels.predictors import (
    add_gradient,
    add_predictor,
    apply_link,
    multiply,
    product,
    total,
)
from bayesmix.engine.kernels.processes import add_processes, add_processes_gradient
from bayesmix.engine.kernels.regions import add_regions, add_regions_gradient
from bayesmix.engine.kernels.shrinkage import (
    add_scale_gradient,
    add_shares,
    add_shares_gradient,
    scale,
)
from bayesmix.engine.kernels.steps import add_steps, add_steps_gradient
from bayesmix.engine.kernels.tables import (
    BLOCK,
    CAR,
    CLIMB,
    CURVE,
    GROUP,
    HEAD,
    LATENT,
    ORDERED,
    PREDICTOR,
    PROCESS,
    REFLECTION,
    RESPONSE,
    SCALAR,
    SHARES,
    SHIFT,
    SHRUNK,
    STEPS,
    TERM,
    TIED,
    UNLIKE,
    VARIANCE,
)
from bayesmix.engine.kernels.variances import add_variance, add_variance_gradient
from bayesmix.engine.numerics.priors import density
from bayesmix.engine.numerics.transforms import constrain, jacobian
from bayesmix.families.scalar_links import NATURAL, value_and_slope

Array = Any
DOUBLES = types.CPointer(types.float64)
LOG_DENSITY = types.int64(types.uint64, DOUBLES, DOUBLES, DOUBLES, types.voidptr)
EXPAND = types.int64(types.uint64, types.uint64, DOUBLES, DOUBLES, types.voidptr)
NOT_FINITE = 3
"""A positive code tells nutpie to reject the point and go on."""


@cache
def compiled_density() -> Any:
    """The callback ``(n, x, gradient, log density, HEAD)``, which returns 0 or `NOT_FINITE`."""
    return callback(LOG_DENSITY, evaluate)


@cache
def compiled_expand() -> Any:
    """The callback that stores a draw as it is."""
    return callback(EXPAND, expand)


def expand(n, n_out, x_, out_, user_data_):  # type: ignore
    """Copy the parameters: what they stand for is computed for all draws at once."""
    x, out = carray(x_, n), carray(out_, n_out)
    for i in range(n_out):
        out[i] = x[i]
    return 0


def evaluate(n, x_, grad_, logp_, user_data_):  # type: ignore
    """Unpack the pointers, and let no number through that isn't one."""
    head = carray(user_data_, 1, HEAD)[0]
    x, grad, logp = in_units(head, carray(x_, n)), carray(grad_, n), carray(logp_, 1)
    memory = np.empty(n + head.scratch + head.work)
    logp[0] = log_density(head, x, grad, memory)
    to_units(head, grad)
    finite = np.isfinite(logp[0])
    for i in range(n):
        finite = finite and np.isfinite(grad[i])
    return 0 if finite else NOT_FINITE


def in_units(head: Any, x: Array) -> Array:
    """The parameters that the sampler's numbers stand for."""
    if head.units == 0:
        return x
    return x * carray(pointer_to(head.units), x.size, np.float64)


def to_units(head: Any, grad: Array) -> None:
    """Derivatives by the sampler's numbers."""
    if head.units != 0:
        units = carray(pointer_to(head.units), grad.size, np.float64)
        for i in range(grad.size):
            grad[i] *= units[i]


def log_density(head: Any, x: Array, grad: Array, memory: Array) -> float:
    """The log density, its gradient left in ``grad``."""
    # Slices of an array that numba owns are counted, which takes time in the inner loops.
    theta = carray(pointer_to(memory.ctypes.data), memory.size, np.float64)
    scratch = theta[x.size :]
    groups = carray(pointer_to(head.groups), head.n_groups, GROUP)
    blocks = carray(pointer_to(head.blocks), head.n_blocks, BLOCK)
    data = carray(pointer_to(head.data), head.n_data, np.float64)
    codes = carray(pointer_to(head.codes), head.n_codes, np.int32)
    for i in range(grad.size):
        grad[i] = 0.0
    unlike = carray(pointer_to(head.unlike), head.n_unlike, UNLIKE)
    logp, z = 0.0, x
    if unlike.size:
        z = scratch[head.mixed : head.mixed + x.size]
        logp += mix_levels(unlike, x, z, data)
    logp += to_theta(head, groups, blocks, z, theta, data, codes, scratch)
    scale_levels(unlike, x, theta)
    responses = carray(pointer_to(head.responses), head.n_responses, RESPONSE)
    for i in range(responses.size):
        work = scratch[head.scratch :]
        logp += _add_likelihood(head, responses[i], theta, data, codes, grad, work)
    logp += add_levels_gradient(unlike, x, theta, grad)
    for i in range(head.n_groups):
        logp += add_effects_gradient(groups[i], blocks, z, theta, grad, codes, scratch)
    add_mix_gradient(unlike, x, z, grad, data)
    cars = carray(pointer_to(head.cars), head.n_cars, CAR)
    logp += add_regions_gradient(cars, x, theta, grad, data, codes)
    gps = carray(pointer_to(head.gps), head.n_gps, PROCESS)
    logp += add_processes_gradient(head.gps, gps, x, theta, grad, data, scratch)
    latents = carray(pointer_to(head.latents), head.n_latents, LATENT)
    logp += add_latent_gradient(latents, x, theta, grad, data, scratch)
    steps = carray(pointer_to(head.steps), head.n_steps, STEPS)
    shares = carray(pointer_to(head.shares), head.n_shares, SHARES)
    add_steps_gradient(steps, shares, x, theta, grad)
    return logp + to_x(head, x, theta, grad, data)


def to_theta(
    head: Any, groups: Any, blocks: Any, x: Array, theta: Array, data: Array, codes: Array,
    scratch: Array,
) -> float:  # fmt: skip
    """Fill ``theta``; returns the log density of what effects are made of."""
    scalars = carray(pointer_to(head.scalars), head.n_scalars, SCALAR)
    ordered = carray(pointer_to(head.ordered), head.n_ordered, ORDERED)
    shifts = carray(pointer_to(head.shifts), head.n_shifts, SHIFT)
    reflections = carray(pointer_to(head.reflections), head.n_reflections, REFLECTION)
    _constrain(scalars, x, theta)
    _order(ordered, x, theta, codes)
    add_shares(carray(pointer_to(head.shares), head.n_shares, SHARES), x, theta)
    scale(carray(pointer_to(head.shrunk), head.n_shrunk, SHRUNK), theta)
    _tie(carray(pointer_to(head.tied), head.n_tied, TIED), theta)
    add_regions(carray(pointer_to(head.cars), head.n_cars, CAR), x, theta)
    add_latent(carray(pointer_to(head.latents), head.n_latents, LATENT), x, theta, data, scratch)
    subtract_shifts(shifts, theta, data)
    gps = carray(pointer_to(head.gps), head.n_gps, PROCESS)
    logp = add_processes(head.gps, gps, x, theta, data, scratch)
    add_steps(carray(pointer_to(head.steps), head.n_steps, STEPS), theta)
    reflect_effects(reflections, theta)
    for i in range(head.n_groups):
        logp += add_effects(groups[i], blocks, x, theta, codes, scratch)
    return logp


def to_x(head: Any, x: Array, theta: Array, grad: Array, data: Array) -> float:
    """Turn derivatives by theta, but for group effects, into those by x.

    Returns the log density of the priors and of the transforms' volume.
    """
    scalars = carray(pointer_to(head.scalars), head.n_scalars, SCALAR)
    ordered = carray(pointer_to(head.ordered), head.n_ordered, ORDERED)
    shifts = carray(pointer_to(head.shifts), head.n_shifts, SHIFT)
    reflections = carray(pointer_to(head.reflections), head.n_reflections, REFLECTION)
    codes = carray(pointer_to(head.codes), head.n_codes, np.int32)
    _untie(carray(pointer_to(head.tied), head.n_tied, TIED), grad)
    logp = _add_priors(scalars, theta, grad)
    reflect_effects(reflections, grad)
    add_shift_gradient(shifts, grad, data)
    logp += _add_order_gradient(ordered, x, grad, codes)
    shares = carray(pointer_to(head.shares), head.n_shares, SHARES)
    shrunk = carray(pointer_to(head.shrunk), head.n_shrunk, SHRUNK)
    logp += add_scale_gradient(shrunk, x, theta, grad)
    logp += add_shares_gradient(shares, x, theta, grad, data)
    return logp + _add_jacobians(scalars, x, grad)


def _tie(tied: Any, theta: Array) -> None:
    """Standard deviations that are the same as others."""
    for i in range(tied.size):
        theta[tied[i].at] = theta[tied[i].source]


def _untie(tied: Any, grad: Array) -> None:
    """The backward pass of `_tie`."""
    for i in range(tied.size):
        grad[tied[i].source] += grad[tied[i].at]
        grad[tied[i].at] = 0.0


def _order(ordered: Any, x: Array, theta: Array, codes: Array) -> None:
    for i in range(ordered.size):
        v = ordered[i]
        for j in range(v.places + 1, v.places + v.size):
            theta[codes[j]] = theta[codes[j - 1]] + exp(x[codes[j]])


def _add_order_gradient(ordered: Any, x: Array, grad: Array, codes: Array) -> float:
    """The backward pass of `_order`; returns the log of its volume."""
    logp = 0.0
    for i in range(ordered.size):
        v = ordered[i]
        for j in range(v.places + v.size - 1, v.places, -1):
            at = codes[j]
            grad[codes[j - 1]] += grad[at]
            grad[at] = grad[at] * exp(x[at]) + 1.0
            logp += x[at]
    return logp


def _constrain(scalars: Any, x: Array, theta: Array) -> None:
    for i in range(x.size):
        theta[i] = x[i]
    for i in range(scalars.size):
        s = scalars[i]
        theta[s.at] = constrain(x[s.at], s.transform, s.lower, s.upper)


def _add_priors(scalars: Any, theta: Array, grad: Array) -> float:
    logp = 0.0
    for i in range(scalars.size):
        s = scalars[i]
        value, slope = density(s.code, s.a, s.b, s.c, theta[s.at])
        grad[s.at] += slope
        logp += value
    return logp


def _add_jacobians(scalars: Any, x: Array, grad: Array) -> float:
    """Turn derivatives by theta into those by x; returns the log of the transforms' volume."""
    logp = 0.0
    for i in range(scalars.size):
        s = scalars[i]
        rate, log_rate, log_slope = jacobian(x[s.at], s.transform, s.lower, s.upper)
        grad[s.at] = grad[s.at] * rate + log_slope
        logp += log_rate
    return logp


def _add_likelihood(
    head: Any, r: Any, theta: Array, data: Array, codes: Array, grad: Array, work: Array
) -> float:
    predictors = carray(pointer_to(r.predictors), r.n_predictors, PREDICTOR)
    terms = carray(pointer_to(head.terms), head.n_terms, TERM)
    most = r.block_rows
    size = r.n_predictors * most
    values, links, slopes = work[:size], work[size : 2 * size], work[2 * size : 3 * size]
    variances = carray(pointer_to(r.variances), r.n_variances, VARIANCE)
    climbs = carray(pointer_to(head.climbs), head.n_climbs, CLIMB)
    means, rates = work[3 * size : 3 * size + most], work[3 * size + most :]
    _fill_constants(predictors, most, theta, data, values, links)
    logp = 0.0
    for start in range(0, r.n_rows, most):
        m = min(most, r.n_rows - start)
        for k in range(r.n_dpars, r.n_predictors):
            eta = values[k * most : k * most + m]
            add_predictor(predictors[k], terms, climbs, theta, data, codes, start, eta)
        for k in range(r.n_dpars):
            p, at = predictors[k], k * most
            if not p.constant:
                add_predictor(p, terms, climbs, theta, data, codes, start, values[at : at + m])
                if k == 0 and r.curve != 0:
                    _add_curve(r, data, codes, values, links, start, m)
                if k == 0 and variances.size:
                    means[:m] = values[:m]
                    apply_link(r.mean_link, NATURAL, means[:m], rates[:m])
                for v in range(variances.size):
                    if variances[v].target == k:
                        eta = values[at : at + m]
                        add_variance(variances[v], theta, data, codes, start, means[:m], eta)
                if not p.plain:
                    apply_link(p.link, p.scale, values[at : at + m], links[at : at + m])
        logp += _rows(r, theta, data, start, m, values, slopes, grad)
        for k in range(r.n_dpars):
            at = k * most
            if not (predictors[k].constant or predictors[k].plain):
                multiply(links[at : at + m], slopes[at : at + m])
        for v in range(variances.size):
            at = variances[v].target * most
            add_variance_gradient(
                variances[v], theta, grad, data, codes, start,
                means[:m], rates[:m], slopes[at : at + m], slopes[:m],
            )  # fmt: skip
        for k in range(r.n_dpars, r.n_predictors):
            at = k * most
            product(links[at : at + m], slopes[:m], slopes[at : at + m])
        for k in range(r.n_predictors):
            p, at = predictors[k], k * most
            if p.constant and p.intercept < 0:
                continue
            if p.constant:
                sum_ = total(slopes[at : at + m]) if r.varying else slopes[at]
                grad[p.intercept] += sum_ * links[at]
            else:
                by = slopes[at : at + m]
                add_gradient(p, terms, climbs, theta, grad, data, codes, start, by)
    return logp


def _add_curve(
    r: Any, data: Array, codes: Array, values: Array, links: Array, start: int, m: int
) -> None:
    """Add what the first predictor is of others; in the place of their links its derivatives."""
    curve = carray(pointer_to(r.curve), 1, CURVE)[0]
    first = 8 * curve.first * r.block_rows
    call(
        curve.function,
        r.curve,
        data.ctypes.data,
        codes.ctypes.data,
        values.ctypes.data,
        values.ctypes.data + first,
        links.ctypes.data + first,
        r.block_rows,
        start,
        m,
    )


def _fill_constants(
    predictors: Any, most: int, theta: Array, data: Array, values: Array, links: Array
) -> None:
    """Those that are the same in all rows: a parameter, or a number that is fixed."""
    for k in range(predictors.size):
        p, at = predictors[k], k * most
        if p.constant:
            eta = theta[p.intercept] if p.intercept >= 0 else data[p.offset]
            value, links[at] = value_and_slope(p.link, p.scale, eta)
            values[at : at + most] = value


def _rows(
    r: Any, theta: Array, data: Array, start: int, m: int, values: Array, slopes: Array,
    grad: Array,
) -> float:  # fmt: skip
    """The family's part: log density of the rows, derivatives by the values in ``slopes``.

    Those by the vector that all rows share are added to ``grad``.
    """
    first = data.ctypes.data
    return call(
        r.rows,
        m,
        first + 8 * (r.y + start),
        first + 8 * (r.aux + start),
        r.n_rows,
        first + 8 * (r.weights + start * r.weights_step),
        values.ctypes.data,
        slopes.ctypes.data,
        r.block_rows,
        r.varying,
        theta.ctypes.data + 8 * r.shared,
        grad.ctypes.data + 8 * r.shared,
        r.n_shared,
    )
