"""Special functions of one number, with derivatives, in plain Python that the engine compiles.

No branches but selections, so that a compiler can move them out of a loop, or do several at once.
Families write their `RowKernel` with these and with ``exp``, ``log``, ``log1p``, ``sqrt`` of
`math`.
"""

from __future__ import annotations

from math import erfc, exp, log, log1p, nan, pi, sqrt

__all__ = [
    "HALF_LOG_2PI",
    "gammaln",
    "log_com_poisson",
    "log_erfcx",
    "log_i0e",
    "log_ndtr",
    "sigmoid",
    "softplus",
    "stirling",
    "stirling_rest",
    "stirling_rest_slope",
]

HALF_LOG_2PI = 0.5 * log(2.0 * pi)
SERIES_FROM = 10.0
LOG_2 = log(2.0)
SQRT_HALF = sqrt(0.5)
MOST_TERMS = 100_000.0
"""Of the sum that normalises a Conway-Maxwell-Poisson distribution, on each side of its mode."""
FAR_TAIL = -30.0
"""Where the normal distribution function's asymptotic series is exact."""


def sigmoid(x: float) -> float:
    """``1 / (1 + exp(-x))``, to full relative precision on both sides."""
    e = exp(-abs(x))
    return (1.0 if x >= 0.0 else e) / (1.0 + e)


def softplus(x: float) -> float:
    """``log(1 + exp(x))``, to full relative precision on both sides."""
    e = exp(-abs(x))
    s = e / (2.0 + e)
    return (x if x > 0.0 else 0.0) + 2.0 * s * _area_tangent(s * s)


def _area_tangent(z: float) -> float:
    """``artanh(√z) / √z`` for z up to 1/9, by its series."""
    q = 1 / 25 + z * (1 / 27 + z * (1 / 29 + z * (1 / 31 + z * (1 / 33))))
    q = 1 / 17 + z * (1 / 19 + z * (1 / 21 + z * (1 / 23 + z * q)))
    q = 1 / 9 + z * (1 / 11 + z * (1 / 13 + z * (1 / 15 + z * q)))
    return 1.0 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * q)))


def stirling_rest(x: float) -> float:
    """What Stirling's formula leaves of log Γ(x), for x > 0."""
    small = x < SERIES_FROM
    near = x if small else SERIES_FROM
    far = near + 10.0 if small else x
    shift = (near + 9.5) * log(near + 10.0) - 10.0 - log(_rising(near)) - (near - 0.5) * log(near)
    return _series(far) + (shift if small else 0.0)


def stirling_rest_slope(x: float) -> float:
    """Derivative of `stirling_rest`."""
    small = x < SERIES_FROM
    near = x if small else SERIES_FROM
    far = near + 10.0 if small else x
    shift = log(near + 10.0) - 0.5 / (near + 10.0) - _reciprocals(near) - log(near) + 0.5 / near
    return _series_slope(far) + (shift if small else 0.0)


def stirling(x: float) -> tuple[float, float]:
    """`stirling_rest` and its slope."""
    return stirling_rest(x), stirling_rest_slope(x)


def gammaln(x: float) -> tuple[float, float]:
    """Log Γ(x) and its slope, for x > 0."""
    log_x = log(x)
    value = stirling_rest(x) + (x - 0.5) * log_x - x + HALF_LOG_2PI
    return value, stirling_rest_slope(x) + log_x - 0.5 / x


def _series(x: float) -> float:
    r = 1.0 / (x * x)
    tail = 1 / 1188 - r * (691 / 360360 - r * (1 / 156))
    tail = 1 / 1260 - r * (1 / 1680 - r * tail)
    return (1 / 12 - r * (1 / 360 - r * tail)) / x


def _series_slope(x: float) -> float:
    r = 1.0 / (x * x)
    tail = 1 / 132 - r * (691 / 32760 - r * (1 / 12))
    tail = 1 / 252 - r * (1 / 240 - r * tail)
    return -r * (1 / 12 - r * (1 / 120 - r * tail))


def _rising(x: float) -> float:
    """``x (x + 1) … (x + 9)``, pairs at a time."""
    y = x * (x + 9.0)
    return y * (y + 8.0) * (y + 14.0) * (y + 18.0) * (y + 20.0)


def _reciprocals(x: float) -> float:
    """``1 / x + 1 / (x + 1) + … + 1 / (x + 9)``."""
    y = x * (x + 9.0)
    inner = 1.0 / (y + 8.0) + 1.0 / (y + 14.0) + 1.0 / (y + 18.0) + 1.0 / (y + 20.0)
    return (2.0 * x + 9.0) * (1.0 / y + inner)


def log_ndtr(x: float) -> tuple[float, float]:
    """Logarithm of the normal distribution function, and its slope."""
    if x < FAR_TAIL:
        r = 1.0 / (x * x)
        series = 1.0 - r * (1.0 - r * (3.0 - r * (15.0 - r * (105.0 - r * 945.0))))
        return -0.5 * x * x - HALF_LOG_2PI - log(-x) + log(series), -x / series
    below = 0.5 * erfc(-x * SQRT_HALF)
    value = log(below) if x < -1.0 else log1p(-0.5 * erfc(x * SQRT_HALF))
    return value, exp(-0.5 * x * x - HALF_LOG_2PI) / below


def log_erfcx(x: float) -> tuple[float, float]:
    """``log(exp(x²) erfc(x))`` and its slope."""
    z = -x / SQRT_HALF
    if z < FAR_TAIL:
        r = 1.0 / (z * z)
        rest = -r * (1.0 - r * (3.0 - r * (15.0 - r * (105.0 - r * 945.0))))
        return log1p(rest) - log(-z) - HALF_LOG_2PI + LOG_2, 2.0 * x * rest / (1.0 + rest)
    value, slope = log_ndtr(z)
    return x * x + LOG_2 + value, 2.0 * x - slope / SQRT_HALF


def log_i0e(x: float) -> tuple[float, float]:
    """``log(exp(-x) I0(x))`` for x >= 0, and its slope: a Bessel function."""
    zeroth, first = 1.0, 1.0
    if x < 15.0:
        term, q = 1.0, 0.25 * x * x
        for k in range(1, 60):
            term *= q / (k * k)
            zeroth += term
            first += term / (k + 1)
        return log(zeroth) - x, 0.5 * x * first / zeroth - 1.0
    of_zeroth, of_first = 1.0, 1.0
    for k in range(1, 20):
        odd = (2.0 * k - 1.0) ** 2
        of_zeroth *= odd / (8.0 * k * x)
        of_first *= (odd - 4.0) / (8.0 * k * x)
        zeroth += of_zeroth
        first += of_first
    return log(zeroth) - HALF_LOG_2PI - 0.5 * log(x), first / zeroth - 1.0


def log_com_poisson(log_mu: float, shape: float) -> tuple[float, float, float]:
    """``log Σ (mu^k / k!)^shape`` and its slopes, from the mode outwards.

    By its asymptotic series where that has all digits; nan where the sum would be longer than
    `MOST_TERMS` terms on a side, as for a shape next to 0.
    """
    mu = exp(log_mu)
    if mu > 1000.0 * shape and mu * shape > 1e4:
        return _com_poisson_series(log_mu, mu, shape)
    if mu > 1e9:
        return nan, nan, nan
    mode = float(int(mu))
    total, by_mu, by_shape = 1.0, 0.0, 0.0
    k, exponent, term = mode, 0.0, 1.0
    while term > 1e-17 * total:
        if k > mode + MOST_TERMS:
            return nan, nan, nan
        k += 1.0
        exponent += log_mu - log(k)
        term = exp(shape * exponent)
        total += term
        by_mu += term * (k - mode)
        by_shape += term * exponent
    k, exponent, term = mode, 0.0, 1.0
    while k > 0.0 and term > 1e-17 * total:
        if k < mode - MOST_TERMS:
            return nan, nan, nan
        exponent += log(k) - log_mu
        k -= 1.0
        term = exp(shape * exponent)
        total += term
        by_mu += term * (k - mode)
        by_shape += term * exponent
    at_mode = mode * log_mu - gammaln(mode + 1.0)[0]
    value = shape * at_mode + log(total)
    return value, shape * (mode + by_mu / total), at_mode + by_shape / total


def log_com_poisson_tail(
    y: float, below: float, log_mu: float, shape: float
) -> tuple[float, float, float, float, float]:
    """Log of the sum of ``(mu^k / k!)^shape`` up to y if that is `below` mu, else beyond; slopes.

    nan where that has more than `MOST_TERMS` terms that matter.
    """
    down = below > 0.5
    k = y if down else y + 1.0
    start = k * log_mu - gammaln(k + 1.0)[0]
    total, by_mu, by_shape = 1.0, 0.0, 0.0
    first, exponent, term = k, 0.0, 1.0
    while term > 1e-17 * total and (k > 0.0 or not down):
        if abs(k - first) > MOST_TERMS:
            return nan, nan, nan, nan, nan
        exponent += log(k) - log_mu if down else log_mu - log(k + 1.0)
        k += -1.0 if down else 1.0
        term = exp(shape * exponent)
        total += term
        by_mu += term * (k - first)
        by_shape += term * exponent
    value = shape * start + log(total)
    return value, 0.0, 0.0, shape * (first + by_mu / total), start + by_shape / total


def log_beta_binomial(
    y: float, trials: float, a: float, b: float
) -> tuple[float, float, float, float, float]:
    """Log of the probability of at most y beta-binomial successes, and its slopes by a and b.

    From y downwards, each term from the one before.
    """
    failures = trials - y
    log_a, by_a = _log_rising(a, y)
    log_b, by_b = _log_rising(b, failures)
    log_n, by_n = _log_rising(a + b, trials)
    ways = gammaln(trials + 1.0)[0] - gammaln(y + 1.0)[0] - gammaln(failures + 1.0)[0]
    total, of_a, of_b, term, slope_a, slope_b, k = 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, y
    while k > 0.0:
        before, after = a + k - 1.0, b + trials - k
        term *= k * after / ((trials - k + 1.0) * before)
        slope_a -= 1.0 / before
        slope_b += 1.0 / after
        k -= 1.0
        total += term
        of_a += term * slope_a
        of_b += term * slope_b
    value = ways + log_a + log_b - log_n + log(total)
    return value, 0.0, 0.0, by_a - by_n + of_a / total, by_b - by_n + of_b / total


def _log_rising(a: float, n: float) -> tuple[float, float]:
    """Log of ``a (a + 1) … (a + n - 1)`` and its slope."""
    high, slope_high = gammaln(a + n)
    low, slope_low = gammaln(a)
    return high - low, slope_high - slope_low


def _com_poisson_series(log_mu: float, mu: float, shape: float) -> tuple[float, float, float]:
    """The same for large means (Gaunt, Iyengar, Olde Daalhuis and Simsek 2019)."""
    square, far = shape * shape, shape * mu
    first, second = (square - 1.0) / 24.0, (square - 1.0) * (square + 23.0) / 1152.0
    quartic = (5.0 * square - 298.0) * square + 11237.0
    third = (square - 1.0) * quartic / 414720.0
    series = 1.0 + (first + (second + third / far) / far) / far
    by_far = -(first + (2.0 * second + 3.0 * third / far) / far) / (far * far)
    by_shape = shape / 12.0 + shape * (square + 11.0) / 288.0 / far
    last = 2.0 * quartic + (square - 1.0) * (20.0 * square - 596.0)
    by_shape += shape * last / 414720.0 / (far * far)
    value = far - (shape - 1.0) * (0.5 * log_mu + HALF_LOG_2PI) - 0.5 * log(shape) + log(series)
    return (
        value,
        far - 0.5 * (shape - 1.0) + by_far * far / series,
        mu - 0.5 * log_mu - HALF_LOG_2PI - 0.5 / shape + (by_shape / far + by_far * mu) / series,
    )
