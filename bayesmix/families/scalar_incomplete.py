"""Incomplete gamma and beta functions of numbers, as logarithms with their derivatives.

Of the two tails the smaller one is computed, by its series or continued fraction, which is
differentiated along the way; the other is what is left.

References
----------
W. Press et al. (2007), Numerical recipes, 6.2 and 6.4.
"""

from __future__ import annotations

from math import exp, expm1, inf, log, log1p

from bayesmix.families.scalar import (
    HALF_LOG_2PI,
    LOG_2,
    log_ndtr,
    stirling_rest,
    stirling_rest_slope,
)

__all__ = ["log_betainc", "log_gammainc", "log_gammaincc", "log_stdtr"]

Slopes2 = tuple[float, float, float]
Slopes3 = tuple[float, float, float, float]

MOST = 100_000
"""Terms, more than are needed for parameters up to about 1e8."""
ENOUGH = 1e-16
TINY = 1e-300
FARTHEST = 1e150
"""Its square is a float."""
NORMAL_FROM = 1e9
"""Degrees of freedom from which on Student's distribution is taken for the normal one."""


def log_gammainc(a: float, x: float) -> Slopes2:
    """Log of the regularised lower incomplete gamma function, and its slopes by a and x."""
    if x <= 0.0:
        return -inf, 0.0, 0.0
    if x < a + 1.0:
        return _lower(a, x)
    value, by_a, by_x = _upper(a, x)
    odds = _odds(value)
    return _rest(value), -odds * by_a, -odds * by_x


def log_gammaincc(a: float, x: float) -> Slopes2:
    """Log of the regularised upper incomplete gamma function, and its slopes by a and x."""
    if x <= 0.0:
        return 0.0, 0.0, 0.0
    if x >= a + 1.0:
        return _upper(a, x)
    value, by_a, by_x = _lower(a, x)
    odds = _odds(value)
    return _rest(value), -odds * by_a, -odds * by_x


def log_betainc(a: float, b: float, x: float) -> Slopes3:
    """Log of the regularised incomplete beta function, and its slopes by a, b and x."""
    if x <= 0.0:
        return -inf, 0.0, 0.0, 0.0
    if x >= 1.0:
        return 0.0, 0.0, 0.0, 0.0
    if x * (a + b + 2.0) < a + 1.0:
        return _left(a, b, x, log(x), log1p(-x), 1.0 - x)
    value, by_b, by_a, by_x = _left(b, a, 1.0 - x, log1p(-x), log(x), x)
    odds = _odds(value)
    return _rest(value), -odds * by_a, -odds * by_b, odds * by_x


def log_stdtr(nu: float, t: float) -> Slopes2:
    """Log of Student's distribution function, and its slopes by nu and t."""
    if nu > NORMAL_FROM:
        value, slope = log_ndtr(t)
        return value, 0.0, slope
    tail, by_nu = _student_tail(nu, abs(t))
    a = 0.5 * nu
    gammas = a * log1p(0.5 / a) - 0.5 + stirling_rest(a + 0.5) - stirling_rest(a)
    density = gammas - HALF_LOG_2PI - (a + 0.5) * log1p(t * t / nu)
    if t < 0.0:
        return tail, by_nu, exp(density - tail)
    value = _rest(tail)
    return value, -_odds(tail) * by_nu, exp(density - value)


def _student_tail(nu: float, t: float) -> tuple[float, float]:
    """Log of the probability beyond t, and its slope by nu, for t of 0 or more."""
    if t == 0.0:
        return -LOG_2, 0.0
    t = min(t, FARTHEST)
    a, ratio = 0.5 * nu, t * t / nu
    x, rest = 1.0 / (1.0 + ratio), ratio / (1.0 + ratio)
    log_x, log_rest, by_nu = -log1p(ratio), log(rest), x * rest / nu
    if x * (a + 2.5) < a + 1.0:
        value, by_a, _, by_x = _left(a, 0.5, x, log_x, log_rest, rest)
        return value - LOG_2, 0.5 * by_a + by_x * by_nu
    value, _, by_b, by_rest = _left(0.5, a, rest, log_rest, log_x, x)
    return _rest(value) - LOG_2, -_odds(value) * (0.5 * by_b - by_rest * by_nu)


def _rest(value: float) -> float:
    """``log(1 - exp(value))``."""
    return log1p(-exp(value)) if value < -0.7 else log(-expm1(value))


def _odds(value: float) -> float:
    return exp(value) / -expm1(value)


def _gamma_factor(a: float, x: float) -> tuple[float, float]:
    """Log of ``x**a exp(-x) / Γ(a)``, and its slope by a."""
    t = (x - a) / a
    log_ratio = log1p(t) if t > -0.5 else log(x) - log(a)
    value = a * (log_ratio - t) + 0.5 * log(a) - HALF_LOG_2PI - stirling_rest(a)
    return value, log_ratio + 0.5 / a - stirling_rest_slope(a)


def _lower(a: float, x: float) -> Slopes2:
    term = total = 1.0 / a
    reciprocals, slope = 1.0 / a, -1.0 / (a * a)
    for n in range(1, MOST):
        reciprocals += 1.0 / (a + n)
        term *= x / (a + n)
        total += term
        slope -= term * reciprocals
        if term * (1.0 + reciprocals) < ENOUGH * total:
            break
    value, by_a = _gamma_factor(a, x)
    return value + log(total), by_a + slope / total, 1.0 / (x * total)


def _upper(a: float, x: float) -> Slopes2:
    b = x + 1.0 - a
    c, c_slope = 1.0 / TINY, 0.0
    d, d_slope = 1.0 / b, 1.0 / (b * b)
    total, slope = log(d), 1.0 / b
    for i in range(1, MOST):
        factor = -i * (i - a)
        b += 2.0
        d_slope = i * d + factor * d_slope - 1.0
        d = factor * d + b
        c_slope = i / c - factor * c_slope / (c * c) - 1.0
        c = b + factor / c
        d_slope, d = -d_slope / (d * d), 1.0 / d
        step = c * d
        total += log(step)
        change = c_slope / c + d_slope / d
        slope += change
        if abs(step - 1.0) + abs(change) < ENOUGH:
            break
    value, by_a = _gamma_factor(a, x)
    return value + total, by_a + slope, -exp(-total) / x


def _beta_factor(a: float, b: float, log_x: float, log_rest: float) -> tuple[float, float, float]:
    """Log of ``x**a (1 - x)**b / B(a, b)``, and its slopes by a and b."""
    n = a + b
    log_a, log_b = log_x + log(n / a), log_rest + log(n / b)
    value = a * log_a + b * log_b + 0.5 * (log(a) + log(b) - log(n)) - HALF_LOG_2PI
    value += stirling_rest(n) - stirling_rest(a) - stirling_rest(b)
    both = stirling_rest_slope(n) - 0.5 / n
    by_a = log_a + 0.5 / a + both - stirling_rest_slope(a)
    by_b = log_b + 0.5 / b + both - stirling_rest_slope(b)
    return value, by_a, by_b


def _left(a: float, b: float, x: float, log_x: float, log_rest: float, rest: float) -> Slopes3:
    """The incomplete beta function for x below about the mean, by Lentz's algorithm."""
    c, c_a, c_b = 1.0, 0.0, 0.0
    d = 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    d_a, d_b = d * d * x * (1.0 - b) / (a + 1.0) ** 2, d * d * x / (a + 1.0)
    total, by_a, by_b = log(d), d_a / d, d_b / d
    for k in range(2, MOST):
        m = k // 2
        low, high = a + k - 1.0, a + k
        if k % 2 == 0:
            f = m * (b - m) * x / (low * high)
            f_a, f_b = -f * (1.0 / low + 1.0 / high), m * x / (low * high)
        else:
            f = -(a + m) * (a + b + m) * x / (low * high)
            f_b = -(a + m) * x / (low * high)
            f_a = f * (1.0 / (a + m) - 1.0 / low - 1.0 / high) + f_b
        d_a, d_b = f_a * d + f * d_a, f_b * d + f * d_b
        d = 1.0 / (1.0 + f * d)
        d_a, d_b = -d_a * d * d, -d_b * d * d
        c_a, c_b = f_a / c - f * c_a / (c * c), f_b / c - f * c_b / (c * c)
        c = 1.0 + f / c
        total += log(c * d)
        of_a, of_b = c_a / c + d_a / d, c_b / c + d_b / d
        by_a, by_b = by_a + of_a, by_b + of_b
        if abs(c * d - 1.0) + abs(of_a) + abs(of_b) < ENOUGH:
            break
    value, of_a, of_b = _beta_factor(a, b, log_x, log_rest)
    value += total - log(a)
    by_x = a * exp(-total) / (x * rest)
    return value, of_a + by_a - 1.0 / a, of_b + by_b, by_x
