"""Log densities that keep their digits in the tails and at large counts.

Written as a sum of log gammas, the log probability of a count of a million loses seven of its
sixteen digits. Split into a deviance, which is small near the mode, and what Stirling's formula
leaves over, it loses none.

References
----------
C. Loader (2000), Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np

from bayesmix.families.maths import HALF_LOG_2PI, NUMPY, Maths

__all__ = [
    "HALF_LOG_2PI",
    "beta_logp",
    "binomial_logp",
    "gamma_logp",
    "half_deviance",
    "log_difference",
    "log_event",
    "log_mills",
    "log_one_more",
    "log_probabilities",
    "log_ratio",
    "log_sum",
    "negbinomial_logp",
    "poisson_logp",
    "quietly",
    "rising_rest",
    "stirling_rest",
    "student_logp",
]

FLAT = 36.0
"""exp(-FLAT) vanishes beside 1 in double precision."""

LOG_NOTHING = -300.0
"""Where the logarithm of a number says that it vanishes beside 1, however often it is added."""

VAST = 1e30

SQRT_HALF = np.sqrt(0.5)
LOG_2 = np.log(2.0)


def stirling_rest(x: Any, m: Maths = NUMPY) -> Any:
    """What Stirling's formula leaves of log Γ(x): log Γ(x) - (x - ½) log x + x - ½ log 2π."""
    return m.stirling_rest(x)


def half_deviance(x: Any, mean: Any, log_mean: Any, m: Maths = NUMPY) -> Any:
    """``x log(x / mean) + mean - x``, for positive x, without cancellation near x = mean."""
    near = m.abs(x - mean) < 0.1 * (x + mean)
    # Where it isn't near, any safe value will do: PyTensor differentiates both branches.
    close = m.where(near, mean, x)
    t = (x - close) / close
    return m.where(
        near,
        close * ((1.0 + t) * m.log1p(t) - t),
        x * (m.log(x) - log_mean) + mean - x,
    )


def log_probabilities(p: Mapping[str, Any], name: str = "mu", m: Maths = NUMPY) -> tuple[Any, Any]:
    """log(p) and log(1 - p) of a probability, from its log odds where given; -inf if it is none."""
    odds = p.get(f"{name}_log_odds")
    if odds is not None:
        return -m.softplus(-odds), -m.softplus(odds)
    mu = p[name]
    known = (mu >= 0) & (mu <= 1)
    return m.where(known, m.log(mu), -np.inf), m.where(known, m.log1p(-mu), -np.inf)


def log_difference(high: Any, low: Any, m: Maths = NUMPY) -> Any:
    """``log(exp(high) - exp(low))`` for high above low."""
    return high + m.log(-m.expm1(low - high))


def log_event(log_hazard: Any, m: Maths = NUMPY) -> Any:
    """``log(1 - exp(-hazard))`` from the logarithm of the hazard, however small or large."""
    some = m.minimum(m.maximum(log_hazard, -FLAT), FLAT)
    return m.where(log_hazard < -FLAT, log_hazard, m.log(-m.expm1(-m.exp(some))))


def log_ratio(w: Any, m: Maths = NUMPY) -> Any:
    """``log(1 + w) / w``, 1 at w = 0."""
    near = m.abs(w) < 1e-3
    far = m.where(near, 1.0, w)
    series = 1.0 - w * (1 / 2 - w * (1 / 3 - w * (1 / 4 - w * (1 / 5 - w * (1 / 6)))))
    return m.where(near, series, m.log1p(far) / far)


def log_mills(x: Any, m: Maths = NUMPY) -> Any:
    """``log(Φ(x) exp(x²/2))``, exact however far x is below 0; for x up to about 0."""
    return m.log_erfcx(-SQRT_HALF * x) - LOG_2


def log_sum(a: Any, b: Any, m: Maths = NUMPY) -> Any:
    """``log(exp(a) + exp(b))``; -inf if both are."""
    larger, smaller = m.maximum(a, b), m.minimum(a, b)
    apart = m.where(smaller > -np.inf, smaller - larger, -np.inf)
    return m.where(larger > -np.inf, larger + m.log1p(m.exp(apart)), -np.inf)


def poisson_logp(y: Any, mu: Any, m: Maths = NUMPY) -> Any:
    """Log probability of a count with mean `mu`; -inf where `mu` is no mean."""
    s = m.maximum(y, 1.0)
    some = -half_deviance(s, mu, m.log(mu), m) - stirling_rest(s, m) - 0.5 * m.log(s) - HALF_LOG_2PI
    return m.where((mu >= 0) & (mu < np.inf), m.where(y < 1, -mu, some), -np.inf)


def binomial_logp(y: Any, n: Any, log_p: Any, log_q: Any, m: Maths = NUMPY) -> Any:
    """Log probability of `y` successes in `n` trials, from the logs of p and of 1 - p."""
    inner = (y > 0) & (y < n)
    s, size = m.where(inner, y, 1.0), m.where(inner, n, 2.0)
    some = _split_logp(s, size - s, log_p, log_q, m)
    return m.where(inner, some, n * m.where(y > 0, log_p, log_q))


def log_one_more(a: Any, b: Any, m: Maths = NUMPY) -> Any:
    """``log(1 + a / b)`` of positive numbers, also where their ratio overflows."""
    ratio = a / b
    vast = ratio > VAST
    return m.where(vast, m.log(a) - m.log(b), m.log1p(m.where(vast, 1.0, ratio)))


def negbinomial_logp(y: Any, shape: Any, log_p: Any, log_q: Any, m: Maths = NUMPY) -> Any:
    """Log probability of `y` failures before the `shape`-th success, from log p and log(1 - p).

    With ``p = shape / (shape + mu)`` the mean is `mu` and the variance ``mu + mu**2 / shape``.
    """
    s = m.maximum(y, 1.0)
    some = _split_logp(shape, s, log_p, log_q, m) + m.log(shape) - m.log(shape + s)
    return m.where(y < 1, shape * log_p, some)


def _split_logp(s: Any, f: Any, log_p: Any, log_q: Any, m: Maths) -> Any:
    """Log probability of `s` successes and `f` failures, both positive, `s` not always whole."""
    size = s + f
    log_size = m.log(size)
    return (
        stirling_rest(size, m)
        - stirling_rest(s, m)
        - stirling_rest(f, m)
        - half_deviance(s, size * m.exp(log_p), log_size + log_p, m)
        - half_deviance(f, size * m.exp(log_q), log_size + log_q, m)
        + 0.5 * (log_size - m.log(s) - m.log(f))
        - HALF_LOG_2PI
    )


def beta_logp(y: Any, a: Any, b: Any, total: Any, m: Maths = NUMPY) -> Any:
    """Log density of a beta with shapes `a` and `b`, whose sum is `total`."""
    log_y, log_rest = m.log(y), m.log1p(-y)
    log_total = m.log(total)
    return (
        stirling_rest(total, m)
        - stirling_rest(a, m)
        - stirling_rest(b, m)
        - half_deviance(a, total * y, log_total + log_y, m)
        - half_deviance(b, total * (1.0 - y), log_total + log_rest, m)
        + 0.5 * (m.log(a) + m.log(b) - log_total)
        - HALF_LOG_2PI
        - log_y
        - log_rest
    )


def rising_rest(a: Any, log_a: Any, n: Any, m: Maths = NUMPY) -> Any:
    """Log of ``a (a + 1) … (a + n - 1)`` less ``n log(a)``; 0 for a that is infinite.

    From the logarithm alone where `a` vanishes beside 1, however small it is.
    """
    vanishes = log_a < LOG_NOTHING
    some = m.where(vanishes, 1.0, a)
    rest = (some + n - 0.5) * m.log1p(n / some) - n + stirling_rest(some + n, m)
    steps = m.gammaln(m.maximum(n, 1.0)) - (n - 1.0) * log_a
    return m.where(vanishes, m.where(n > 0, steps, 0.0), rest - stirling_rest(some, m))


def gamma_logp(y: Any, mu: Any, shape: Any, m: Maths = NUMPY) -> Any:
    """Log density of a gamma with mean `mu`; -inf where a parameter is out of range."""
    deviance = half_deviance(mu, y, m.log(y), m) / mu
    rest = 0.5 * m.log(shape) - HALF_LOG_2PI - stirling_rest(shape, m) - m.log(y)
    known = (mu > 0) & (mu < np.inf) & (shape > 0) & (shape < np.inf)
    return m.where(known, rest - shape * deviance, -np.inf)


def student_logp(y: Any, nu: Any, mu: Any, sigma: Any, m: Maths = NUMPY) -> Any:
    """Log density of Student's t; -inf where `sigma` or `nu` isn't positive."""
    a = nu / 2.0
    gamma_ratio = a * m.log1p(0.5 / a) - 0.5 + stirling_rest(a + 0.5, m) - stirling_rest(a, m)
    spread = m.log1p(((y - mu) / sigma) ** 2 / nu)
    logp = gamma_ratio - HALF_LOG_2PI - m.log(sigma) - (a + 0.5) * spread
    return m.where((sigma > 0) & (nu > 0) & (nu < np.inf), logp, -np.inf)


def quietly(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function without numpy's floating point warnings: the infinities are the answer."""

    @wraps(function)
    def evaluated(*args: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*args)

    return evaluated
