"""Log densities of the priors and their slopes, for one number; constants are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp, log, log1p, sqrt
from types import MappingProxyType

from bayesmix.families.scalar import log_ndtr, sigmoid
from bayesmix.priors import Distribution

FLAT, NORMAL, STUDENT, LAPLACE, LOGISTIC, SKEW_NORMAL, GUMBEL = 0, 1, 2, 3, 4, 5, 6
LOGNORMAL, GAMMA, INV_GAMMA, WEIBULL, BETA = 7, 8, 9, 10, 11

Recipe = Callable[..., tuple[int, float, float, float]]

CODES: Mapping[str, Recipe] = MappingProxyType(
    {
        "flat": lambda: (FLAT, 0.0, 0.0, 0.0),
        "constant": lambda value: (FLAT, 0.0, 0.0, 0.0),
        "uniform": lambda alpha, beta: (FLAT, 0.0, 0.0, 0.0),
        "normal": lambda mu, sigma: (NORMAL, mu, sigma, 0.0),
        "std_normal": lambda: (NORMAL, 0.0, 1.0, 0.0),
        "student_t": lambda nu, mu, sigma: (STUDENT, mu, sigma, nu),
        "cauchy": lambda mu, sigma: (STUDENT, mu, sigma, 1.0),
        "double_exponential": lambda mu, sigma: (LAPLACE, mu, sigma, 0.0),
        "logistic": lambda mu, sigma: (LOGISTIC, mu, sigma, 0.0),
        "skew_normal": lambda xi, omega, alpha: (SKEW_NORMAL, xi, omega, alpha),
        "gumbel": lambda mu, beta: (GUMBEL, mu, beta, 0.0),
        "lognormal": lambda mu, sigma: (LOGNORMAL, mu, sigma, 0.0),
        "chi_square": lambda nu: (GAMMA, nu / 2, 0.5, 0.0),
        "inv_chi_square": lambda nu: (INV_GAMMA, nu / 2, 0.5, 0.0),
        "scaled_inv_chi_square": lambda nu, sigma: (INV_GAMMA, nu / 2, nu * sigma**2 / 2, 0.0),
        "exponential": lambda beta: (GAMMA, 1.0, beta, 0.0),
        "gamma": lambda alpha, beta: (GAMMA, alpha, beta, 0.0),
        "inv_gamma": lambda alpha, beta: (INV_GAMMA, alpha, beta, 0.0),
        "weibull": lambda alpha, sigma: (WEIBULL, alpha, sigma, 0.0),
        "rayleigh": lambda sigma: (WEIBULL, 2.0, sigma * sqrt(2.0), 0.0),
        "beta": lambda alpha, beta: (BETA, alpha, beta, 0.0),
    }
)
"""For each distribution of a single number: its code here, and its numbers."""


def code_of(distribution: Distribution) -> tuple[int, float, float, float]:
    """The code and the numbers of a prior; KeyError if there is none."""
    return CODES[distribution.name](*distribution.params)


def density(code: int, a: float, b: float, c: float, x: float) -> tuple[float, float]:
    """Log density at x, up to a constant, and its slope."""
    if code == FLAT:
        return 0.0, 0.0
    if code <= GUMBEL:
        value, slope = _standardised(code, c, (x - a) / b)
        return value, slope / b
    if code == BETA:
        return (a - 1.0) * log(x) + (b - 1.0) * log1p(-x), (a - 1.0) / x - (b - 1.0) / (1.0 - x)
    return _positive(code, a, b, x)


def _standardised(code: int, c: float, z: float) -> tuple[float, float]:
    """Of location 0 and scale 1."""
    if code == NORMAL:
        return -0.5 * z * z, -z
    if code == STUDENT:
        return -0.5 * (c + 1.0) * log1p(z * z / c), -(c + 1.0) * z / (c + z * z)
    if code == LAPLACE:
        return -abs(z), -1.0 if z > 0.0 else 1.0
    if code == LOGISTIC:
        return -abs(z) - 2.0 * log1p(exp(-abs(z))), 1.0 - 2.0 * sigmoid(z)
    if code == SKEW_NORMAL:
        log_share, slope = log_ndtr(c * z)
        return log_share - 0.5 * z * z, c * slope - z
    e = exp(-z)
    return -z - e, e - 1.0


def _positive(code: int, a: float, b: float, x: float) -> tuple[float, float]:
    """Of positive numbers."""
    log_x = log(x)
    if code == LOGNORMAL:
        z = (log_x - a) / b
        return -0.5 * z * z - log_x, -(z / b + 1.0) / x
    if code == GAMMA:
        return (a - 1.0) * log_x - b * x, (a - 1.0) / x - b
    if code == INV_GAMMA:
        return -(a + 1.0) * log_x - b / x, (b / x - a - 1.0) / x
    power = exp(a * (log_x - log(b)))
    return (a - 1.0) * log_x - power, (a - 1.0 - a * power) / x
