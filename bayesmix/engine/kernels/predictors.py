"""Linear predictors of a block of rows, forward and backward.

Columns of a block stand one after the other (a tile), so that each is one contiguous loop.
"""

from __future__ import annotations

from typing import Any

from bayesmix.engine.kernels.options import reordered
from bayesmix.engine.kernels.steps import add_climbed, add_climbed_gradient
from bayesmix.families.scalar_links import value_and_slope

Array = Any


def add_predictor(
    p: Any, terms: Any, climbs: Any, theta: Array, data: Array, codes: Array, start: int, eta: Array
) -> None:
    """Fill ``eta`` with a predictor of the rows from ``start``."""
    m = eta.size
    eta[:] = theta[p.intercept] if p.intercept >= 0 else 0.0
    if p.offset >= 0:
        add_scaled(1.0, data[p.offset + start : p.offset + start + m], eta)
    at = p.columns + start * p.n_slopes
    for j in range(p.n_slopes):
        add_scaled(theta[p.slopes + j], data[at + j * m : at + (j + 1) * m], eta)
    for k in range(p.term, p.term + p.n_terms):
        if terms[k].n_climbs:
            add_climbed(terms[k], climbs, theta, data, codes, start, eta)
        else:
            _add_term(terms[k], theta, data, codes, start, eta)


def add_gradient(
    p: Any, terms: Any, climbs: Any, theta: Array, grad: Array, data: Array, codes: Array,
    start: int, slope: Array,
) -> None:  # fmt: skip
    """Add to ``grad`` what the derivatives by eta make of a predictor's parameters."""
    m = slope.size
    if p.intercept >= 0:
        grad[p.intercept] += total(slope)
    at = p.columns + start * p.n_slopes
    for j in range(p.n_slopes):
        grad[p.slopes + j] += dot(data[at + j * m : at + (j + 1) * m], slope)
    for k in range(p.term, p.term + p.n_terms):
        if terms[k].n_climbs:
            add_climbed_gradient(terms[k], climbs, theta, grad, data, codes, start, slope)
        else:
            _add_term_gradient(terms[k], grad, data, codes, start, slope)


def apply_link(link: int, scale: int, values: Array, slopes: Array) -> None:
    """Turn eta into the value on the family's scale, and keep its derivative."""
    for i in range(values.size):
        values[i], slopes[i] = value_and_slope(link, scale, values[i])


@reordered
def add_scaled(factor: float, column: Array, out: Array) -> None:
    """``out += factor * column``."""
    for i in range(out.size):
        out[i] += factor * column[i]


@reordered
def multiply(factors: Array, out: Array) -> None:
    """``out *= factors``."""
    for i in range(out.size):
        out[i] *= factors[i]


@reordered
def product(a: Array, b: Array, out: Array) -> None:
    """``out = a * b``."""
    for i in range(out.size):
        out[i] = a[i] * b[i]


@reordered
def dot(a: Array, b: Array) -> float:
    """The inner product."""
    s = 0.0
    for i in range(a.size):
        s += a[i] * b[i]
    return s


@reordered
def total(a: Array) -> float:
    """The sum."""
    s = 0.0
    for i in range(a.size):
        s += a[i]
    return s


def _add_term(t: Any, theta: Array, data: Array, codes: Array, start: int, eta: Array) -> None:
    m = eta.size
    levels = codes[t.codes + start : t.codes + start + m]
    if t.intercept:
        _gather(theta, t.at, t.stride, levels, eta)
    at = t.columns + start * t.n_columns
    for j in range(t.n_columns):
        column = data[at + j * m : at + (j + 1) * m]
        _gather_scaled(theta, t.at + t.intercept + j, t.stride, levels, column, eta)


def _add_term_gradient(
    t: Any, grad: Array, data: Array, codes: Array, start: int, slope: Array
) -> None:
    m = slope.size
    levels = codes[t.codes + start : t.codes + start + m]
    if t.intercept:
        _scatter(slope, t.at, t.stride, t.runs, levels, grad)
    at = t.columns + start * t.n_columns
    for j in range(t.n_columns):
        column = data[at + j * m : at + (j + 1) * m]
        _scatter_scaled(slope, t.at + t.intercept + j, t.stride, t.runs, levels, column, grad)


def _gather(theta: Array, at: int, stride: int, levels: Array, out: Array) -> None:
    effects = theta[at:]
    for i in range(out.size):
        out[i] += effects[stride * levels[i]]


def _gather_scaled(
    theta: Array, at: int, stride: int, levels: Array, column: Array, out: Array
) -> None:
    effects = theta[at:]
    for i in range(out.size):
        out[i] += effects[stride * levels[i]] * column[i]


def _scatter(slope: Array, at: int, stride: int, runs: int, levels: Array, grad: Array) -> None:
    effects = grad[at:]
    if not runs:
        for i in range(slope.size):
            effects[stride * levels[i]] += slope[i]
        return
    # Adding to one place again and again waits for it each time.
    level, s = levels[0], 0.0
    for i in range(slope.size):
        if levels[i] != level:
            effects[stride * level] += s
            level, s = levels[i], 0.0
        s += slope[i]
    effects[stride * level] += s


def _scatter_scaled(
    slope: Array, at: int, stride: int, runs: int, levels: Array, column: Array, grad: Array
) -> None:
    effects = grad[at:]
    if not runs:
        for i in range(slope.size):
            effects[stride * levels[i]] += slope[i] * column[i]
        return
    level, s = levels[0], 0.0
    for i in range(slope.size):
        if levels[i] != level:
            effects[stride * level] += s
            level, s = levels[i], 0.0
        s += slope[i] * column[i]
    effects[stride * level] += s
