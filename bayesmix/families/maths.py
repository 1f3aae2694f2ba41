"""The elementary functions that formulas are written in: once for numpy, once for PyTensor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy import special

from bayesmix.families import scalar, scalar_incomplete

__all__ = ["NUMPY", "Maths", "com_poisson_sums", "tensor_maths"]

Function = Callable[..., Any]

HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)
MOST_SUMMED = 5000.0
"""Terms of a sum that PyTensor has for every row at once."""
SMALLEST = np.log(np.finfo(float).tiny)


@dataclass(frozen=True)
class Maths:
    """Elementary functions of one array library, under numpy's and scipy's names."""

    exp: Function
    expm1: Function
    log: Function
    log1p: Function
    sqrt: Function
    abs: Function
    maximum: Function
    minimum: Function
    where: Function
    arctan: Function
    arctan2: Function
    sin: Function
    cos: Function
    gammaln: Function
    ndtr: Function
    log_ndtr: Function
    sigmoid: Function
    softplus: Function
    log_erfcx: Function
    log_i0e: Function
    log_gammainc: Function
    log_gammaincc: Function
    log_betainc: Function
    log_beta_binomial: Function
    log_com_poisson: Function
    log_com_poisson_tail: Function
    log_stdtr: Function
    integer: Function
    take: Function

    def stirling_rest(self, x: Any) -> Any:
        """What Stirling's formula leaves of log Γ(x), for x > 0."""
        large, small = self.maximum(x, 10.0), self.minimum(x, 10.0)
        r = 1.0 / large**2
        tail = 1 / 1680 - r * (1 / 1188 - r * (691 / 360360))
        series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * tail))) / large
        exact = self.gammaln(small) - (small - 0.5) * self.log(small) + small - HALF_LOG_2PI
        return self.where(x < 10.0, exact, series)


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, x)


def _integer(x: np.ndarray) -> np.ndarray:
    return np.asarray(x).astype(np.int64)


def _take(vector: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A vector's value for each row; the vector may be draws × 1 × values."""
    return np.take(vector[..., 0, :] if vector.ndim > 1 else vector, at, axis=-1)


def _log_erfcx(x: np.ndarray) -> np.ndarray:
    """``log(exp(x²) erfc(x))``, also where it overflows."""
    return np.where(x > -20.0, np.log(special.erfcx(x)), x**2 + np.log(2.0))


def _logarithm(function: Function, of_numbers: Function) -> Function:
    """The log of a probability; element by element where that is too small for a float."""
    element = np.vectorize(lambda *args: of_numbers(*map(float, args))[0], otypes=[float])

    def logarithm(*args: Any) -> Any:
        plain = np.log(function(*args))
        vanished = plain < SMALLEST
        if not np.any(vanished):
            return plain
        found = np.array(plain)
        some = (np.broadcast_to(arg, found.shape)[vanished] for arg in args)
        found[vanished] = element(*some)
        return found[()]

    return logarithm


def com_poisson_sums(log_mu: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log of the normaliser ``Σ (mu^k / k!)^shape``, and the mean.

    As `scalar.log_com_poisson`: a sum, its asymptotic series far out, nan for a sum without an end.
    """
    log_mu, shape = np.broadcast_arrays(np.asarray(log_mu, float), np.asarray(shape, float))
    mu = np.exp(log_mu)
    far = (mu > 1000.0 * shape) & (mu * shape > 1e4)
    last = scalar.MOST_TERMS
    lost = last * log_mu - special.gammaln(np.floor(mu) + last + 1.0) + special.gammaln(mu + 1.0)
    near = ~far & (mu <= 1e9) & (shape * lost < -40.0)
    log_z, mean = np.full(mu.shape, np.nan), np.full(mu.shape, np.nan)
    log_z[near], mean[near] = _com_poisson_summed(log_mu[near], shape[near])
    log_z[far], mean[far] = _com_poisson_series(log_mu[far], mu[far], shape[far], np.log)
    return log_z[()], mean[()]


def _com_poisson_series(log_mu: Any, mu: Any, shape: Any, log: Function) -> tuple[Any, Any]:
    """For large means (Gaunt, Iyengar, Olde Daalhuis and Simsek 2019)."""
    square, far = shape**2, shape * mu
    first, second = (square - 1.0) / 24.0, (square - 1.0) * (square + 23.0) / 1152.0
    third = (square - 1.0) * (5.0 * square**2 - 298.0 * square + 11237.0) / 414720.0
    series = 1.0 + (first + (second + third / far) / far) / far
    by_far = -(first + (2.0 * second + 3.0 * third / far) / far) / far
    log_z = far - (shape - 1.0) * (0.5 * log_mu + HALF_LOG_2PI) - 0.5 * log(shape) + log(series)
    return log_z, mu - (0.5 * (shape - 1.0) - by_far / series) / shape


def _com_poisson_summed(log_mu: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From the mode outwards, for as long as terms matter."""
    mode = np.floor(np.exp(log_mu))
    total, first = np.ones(mode.shape), mode.copy()
    for step in (1.0, -1.0):
        k, term = mode.copy(), np.ones(mode.shape)
        while np.any(term > 1e-17 * total):
            ratio = log_mu - np.log(np.where(step > 0, k + 1.0, np.maximum(k, 1.0)))
            term = np.where((step < 0) & (k <= 0), 0.0, term * np.exp(step * shape * ratio))
            k = k + step
            total, first = total + term, first + term * k
    return shape * (mode * log_mu - special.gammaln(mode + 1.0)) + np.log(total), first / total


def _com_poisson_tail(
    y: np.ndarray, below: np.ndarray, log_mu: np.ndarray, shape: np.ndarray
) -> np.ndarray:
    """As `scalar.log_com_poisson_tail`, element by element at once."""
    given = (np.asarray(v, float) for v in (y, below, log_mu, shape))
    y, below, log_mu, shape = np.broadcast_arrays(*given)
    down = below > 0.5
    k = np.where(down, y, y + 1.0)
    start = k * log_mu - special.gammaln(k + 1.0)
    total, exponent, term = np.ones(k.shape), np.zeros(k.shape), np.ones(k.shape)
    for _ in range(int(scalar.MOST_TERMS)):
        going = (term > 1e-17 * total) & (~down | (k > 0.0))
        if not np.any(going):
            return shape * start + np.log(total)
        step = np.where(down, np.log(np.maximum(k, 1.0)) - log_mu, log_mu - np.log(k + 1.0))
        exponent = exponent + step
        k = np.where(down, k - 1.0, k + 1.0)
        term = np.where(going, np.exp(shape * exponent), 0.0)
        total = total + term
    return np.where(going, np.nan, shape * start + np.log(total))


def _beta_binomial(y: np.ndarray, trials: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """As `scalar.log_beta_binomial`, element by element at once."""
    y, trials, a, b = np.broadcast_arrays(*(np.asarray(v, float) for v in (y, trials, a, b)))
    first = -special.betaln(y + 1.0, trials - y + 1.0) - np.log(trials + 1.0)
    first = first + special.betaln(y + a, trials - y + b) - special.betaln(a, b)
    total, term, k = np.ones(y.shape), np.ones(y.shape), y
    while np.any(k > 0.0):
        some = np.maximum(k, 1.0)
        ratio = some * (b + trials - some) / ((trials - some + 1.0) * (a + some - 1.0))
        term = np.where(k > 0.0, term * ratio, 0.0)
        total, k = total + term, k - 1.0
    return first + np.log(total)


NUMPY = Maths(
    exp=np.exp,
    expm1=np.expm1,
    log=np.log,
    log1p=np.log1p,
    sqrt=np.sqrt,
    abs=np.abs,
    maximum=np.maximum,
    minimum=np.minimum,
    where=np.where,
    arctan=np.arctan,
    arctan2=np.arctan2,
    sin=np.sin,
    cos=np.cos,
    gammaln=special.gammaln,
    ndtr=special.ndtr,
    log_ndtr=special.log_ndtr,
    sigmoid=special.expit,
    softplus=_softplus,
    log_erfcx=_log_erfcx,
    log_i0e=lambda x: np.log(special.i0e(x)),
    log_beta_binomial=_beta_binomial,
    log_com_poisson=lambda log_mu, shape: com_poisson_sums(log_mu, shape)[0],
    log_com_poisson_tail=_com_poisson_tail,
    log_gammainc=_logarithm(special.gammainc, scalar_incomplete.log_gammainc),
    log_gammaincc=_logarithm(special.gammaincc, scalar_incomplete.log_gammaincc),
    log_betainc=_logarithm(special.betainc, scalar_incomplete.log_betainc),
    log_stdtr=_logarithm(special.stdtr, scalar_incomplete.log_stdtr),
    integer=_integer,
    take=_take,
)


def _log_beta(a: Any, b: Any, library: Any) -> Any:
    return library.gammaln(a) + library.gammaln(b) - library.gammaln(a + b)


@cache
def tensor_maths() -> Maths:
    """The same for PyTensor, which is imported when first asked for."""
    import pytensor.tensor as pt

    # As float64: PyTensor would take a bare 2.0 under a root for a float32.
    root = np.sqrt(2.0)

    def log_erfcx(x: Any) -> Any:
        # By its series far out, where the derivative of erfcx is a difference of equal numbers.
        left, near, far = pt.minimum(x, -20.0), pt.clip(x, -20.0, 25.0), pt.maximum(x, 25.0)
        r = 0.5 / far**2
        rest = -r * (1.0 - r * (3.0 - r * (15.0 - r * (105.0 - r * 945.0))))
        right = pt.log1p(rest) - pt.log(far) - np.log(np.pi) / 2.0
        middle = pt.where(x > -20.0, pt.log(pt.erfcx(near)), left**2 + np.log(2.0))
        return pt.where(x < 25.0, middle, right)

    def log_ndtr(x: Any) -> Any:
        left, right = pt.minimum(x, -1.0), pt.maximum(x, -1.0)
        return pt.where(
            x < -1.0,
            log_erfcx(-left / root) - np.log(2.0) - left**2 / 2,
            pt.log1p(-pt.erfc(right / root) / 2),
        )

    def log_com_poisson(log_mu: Any, shape: Any) -> Any:
        """A sum up to some thousands, and for means beyond a thousand its asymptotic series.

        nan where neither has all its digits, as for a shape next to 0.
        """
        k = np.arange(3000.0)
        low = pt.minimum(log_mu, np.log(1000.0))
        terms = k * low[..., None] - special.gammaln(k + 1.0)
        summed = pt.logsumexp(shape[..., None] * terms, axis=-1)
        ended = shape * terms[..., -1] < summed - 35.0
        mu = pt.exp(log_mu)
        series, _ = _com_poisson_series(log_mu, mu, shape, pt.log)
        exact = pt.where(mu > 1000.0, shape * mu > 50.0, ended)
        return pt.where(exact, pt.where(mu > 1000.0, series, summed), np.nan)

    def log_com_poisson_tail(y: Any, below: Any, log_mu: Any, shape: Any) -> Any:
        """Of at most 3,000 terms from y on."""
        k, down = np.arange(3000.0), below > 0.5
        at = pt.where(down[..., None], y[..., None] - k, y[..., None] + 1.0 + k)
        some = pt.maximum(at, 0.0)
        terms = shape[..., None] * (some * log_mu[..., None] - pt.gammaln(some + 1.0))
        return pt.logsumexp(pt.where(at < 0.0, np.float64(-1e300), terms), axis=-1)

    def log_beta_binomial(y: Any, trials: Any, a: Any, b: Any) -> Any:
        """A sum of up to some thousands; nan for more successes."""
        k = pt.arange(pt.minimum(pt.max(y), MOST_SUMMED) + 1.0)
        n, some = trials[..., None], pt.minimum(k, y[..., None])
        ways = pt.gammaln(n + 1.0) - pt.gammaln(some + 1.0) - pt.gammaln(n - some + 1.0)
        a, b = a[..., None], b[..., None]
        shares = _log_beta(some + a, n - some + b, pt) - _log_beta(a, b, pt)
        terms = pt.where(k > y[..., None], np.float64(-1e300), ways + shares)
        return pt.where(y > MOST_SUMMED, np.nan, pt.logsumexp(terms, axis=-1))

    def log_stdtr(nu: Any, t: Any) -> Any:
        # In the middle from the middle: beside 1, x would lose the digits of t.
        ratio = pt.maximum(t**2 / nu, 1e-300)
        x, rest, far = 1.0 / (1.0 + ratio), ratio / (1.0 + ratio), t**2 > 3.0
        tail = pt.betainc(nu / 2, 0.5, pt.where(far, x, 0.5)) / 2
        inner = pt.betainc(0.5, nu / 2, pt.where(far, 0.5, rest)) / 2
        middle = pt.log1p(pt.where(t < 0, -inner, inner) - 0.5)
        return pt.where(far, pt.where(t < 0, pt.log(tail), pt.log1p(-tail)), middle)

    return Maths(
        exp=pt.exp,
        expm1=pt.expm1,
        log=pt.log,
        log1p=pt.log1p,
        sqrt=pt.sqrt,
        abs=pt.abs,
        maximum=pt.maximum,
        minimum=pt.minimum,
        where=pt.where,
        arctan=pt.arctan,
        arctan2=pt.arctan2,
        sin=pt.sin,
        cos=pt.cos,
        gammaln=pt.gammaln,
        ndtr=lambda x: pt.erfc(-x / root) / 2,
        log_ndtr=log_ndtr,
        sigmoid=pt.sigmoid,
        softplus=pt.softplus,
        log_erfcx=log_erfcx,
        log_i0e=lambda x: pt.log(pt.ive(0.0, x)),
        log_gammainc=lambda a, x: pt.log(pt.gammainc(a, x)),
        log_gammaincc=lambda a, x: pt.log(pt.gammaincc(a, x)),
        log_betainc=lambda a, b, x: pt.log(pt.betainc(a, b, x)),
        log_beta_binomial=log_beta_binomial,
        log_com_poisson=log_com_poisson,
        log_com_poisson_tail=log_com_poisson_tail,
        log_stdtr=log_stdtr,
        integer=lambda x: pt.cast(x, "int64"),
        take=lambda vector, at: vector.flatten()[at],
    )
