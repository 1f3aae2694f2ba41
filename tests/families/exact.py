"""Densities as textbooks write them, with as many digits as it takes (mpmath).

Each is of a response and of parameters `p`; probabilities are told by their log odds.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import mpmath as mp

__all__ = ["DENSITIES", "ODDS", "SHARES", "log_density"]

DIGITS = 420
ODDS = ("mu", "zi", "hu", "zoi", "coi", "quantile", "bias")
"""Which parameters are told by their log odds, if they are probabilities."""
SHARES = {
    "bernoulli", "binomial", "beta_binomial", "Beta", "xbeta", "zero_inflated_binomial",
    "zero_inflated_beta_binomial", "zero_inflated_beta", "zero_one_inflated_beta",
    "discrete_weibull",
}  # fmt: skip
"""Families whose mu is a probability."""


def log_density(name: str, y: Any, given: dict[str, Any]) -> float:
    """The logarithm of one density."""
    with mp.workdps(DIGITS):
        numbers = {k: _exactly(v) for k, v in given.items()}
        for k in ODDS:
            if k in numbers and (k != "mu" or name in SHARES):
                numbers[k] = 1 / (1 + mp.exp(-numbers[k]))
        return float(mp.log(DENSITIES[name](_exactly(y), SimpleNamespace(**numbers))))


def _exactly(value: Any) -> Any:
    return [mp.mpf(float(v)) for v in value] if isinstance(value, list) else mp.mpf(float(value))


def _normal(z: Any) -> Any:
    return mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)


def _gaussian(y: Any, p: Any) -> Any:
    return _normal((y - p.mu) / p.sigma) / p.sigma


def _student(y: Any, p: Any) -> Any:
    z, half = (y - p.mu) / p.sigma, (p.nu + 1) / 2
    scale = mp.gamma(half) / mp.gamma(p.nu / 2) / mp.sqrt(mp.pi * p.nu) / p.sigma
    return scale * (1 + z * z / p.nu) ** -half


def _skew_normal(y: Any, p: Any) -> Any:
    delta = p.alpha / mp.sqrt(1 + p.alpha**2)
    omega = p.sigma / mp.sqrt(1 - 2 * delta**2 / mp.pi)
    z = (y - p.mu) / omega + delta * mp.sqrt(2 / mp.pi)
    return _normal(z) * mp.erfc(-p.alpha * z / mp.sqrt(2)) / omega


def _exgaussian(y: Any, p: Any) -> Any:
    u, s = (y - p.mu + p.beta) / p.sigma, p.sigma / p.beta
    return mp.exp(s * s / 2 - s * u) * mp.erfc((s - u) / mp.sqrt(2)) / 2 / p.beta


def _asym_laplace(y: Any, p: Any) -> Any:
    z, q = (y - p.mu) / p.sigma, p.quantile
    return q * (1 - q) / p.sigma * mp.exp(-z * (q - (1 if z < 0 else 0)))


def _gen_extreme_value(y: Any, p: Any) -> Any:
    z = (y - p.mu) / p.sigma
    t = mp.exp(-z) if p.xi == 0 else (1 + p.xi * z) ** (-1 / p.xi)
    return t ** (p.xi + 1) * mp.exp(-t) / p.sigma


def _von_mises(y: Any, p: Any) -> Any:
    return mp.exp(p.kappa * mp.cos(y - p.mu)) / (2 * mp.pi * mp.besseli(0, p.kappa))


def _lognormal(y: Any, p: Any) -> Any:
    return _gaussian(mp.log(y), p) / y


def _shifted_lognormal(y: Any, p: Any) -> Any:
    return _lognormal(y - p.ndt, p)


def _gamma(y: Any, p: Any) -> Any:
    rate = p.shape / p.mu
    return rate**p.shape * y ** (p.shape - 1) * mp.exp(-rate * y) / mp.gamma(p.shape)


def _exponential(y: Any, p: Any) -> Any:
    return mp.exp(-y / p.mu) / p.mu


def _weibull(y: Any, p: Any) -> Any:
    z = y / p.mu * mp.gamma(1 + 1 / p.shape)
    return p.shape / y * z**p.shape * mp.exp(-(z**p.shape))


def _frechet(y: Any, p: Any) -> Any:
    z = y / p.mu * mp.gamma(1 - 1 / p.nu)
    return p.nu / y * z**-p.nu * mp.exp(-(z**-p.nu))


def _inverse_gaussian(y: Any, p: Any) -> Any:
    power = p.shape * (y - p.mu) ** 2 / (2 * p.mu**2 * y)
    return mp.sqrt(p.shape / (2 * mp.pi * y**3)) * mp.exp(-power)


def _wiener(y: Any, p: Any) -> Any:
    """At the upper boundary, by the series of images."""
    t, a, w, v = y - p.ndt, p.bs, 1 - p.bias, -p.mu
    terms = [(w + 2 * k) * mp.exp(-((a * (w + 2 * k)) ** 2) / (2 * t)) for k in range(-40, 41)]
    return mp.exp(-v * a * w - v * v * t / 2) * a / mp.sqrt(2 * mp.pi * t**3) * mp.fsum(terms)


def _cox(y: Any, p: Any) -> Any:
    """With one spline, whose value and integral are given."""
    return p.bhaz * p.mu * mp.exp(-p.mu * p.cbhaz)


def _bernoulli(y: Any, p: Any) -> Any:
    return p.mu if y == 1 else 1 - p.mu


def _binomial(y: Any, p: Any) -> Any:
    return mp.binomial(p.trials, y) * p.mu**y * (1 - p.mu) ** (p.trials - y)


def _beta_binomial(y: Any, p: Any) -> Any:
    a, b = p.mu * p.phi, (1 - p.mu) * p.phi
    rising = mp.rf(a, y) * mp.rf(b, p.trials - y) / mp.rf(p.phi, p.trials)
    return mp.binomial(p.trials, y) * rising


def _beta(y: Any, p: Any) -> Any:
    a, b = p.mu * p.phi, (1 - p.mu) * p.phi
    return y ** (a - 1) * (1 - y) ** (b - 1) / mp.beta(a, b)


def _xbeta(y: Any, p: Any) -> Any:
    width = 1 + 2 * p.kappa
    if 0 < y < 1:
        return _beta((y + p.kappa) / width, p) / width
    a, b = p.mu * p.phi, (1 - p.mu) * p.phi
    a, b = (a, b) if y == 0 else (b, a)
    x = p.kappa / width
    return x**a / (a * mp.beta(a, b)) * mp.hyp2f1(a, 1 - b, a + 1, x)


def _poisson(y: Any, p: Any) -> Any:
    return mp.exp(y * mp.log(p.mu) - p.mu - mp.loggamma(y + 1))


def _negbinomial(y: Any, p: Any) -> Any:
    k = p.shape
    ways = mp.exp(mp.loggamma(y + k) - mp.loggamma(k) - mp.loggamma(y + 1))
    return ways * (p.mu / (p.mu + k)) ** y * (k / (p.mu + k)) ** k


def _negbinomial2(y: Any, p: Any) -> Any:
    return _negbinomial(y, SimpleNamespace(mu=p.mu, shape=1 / p.sigma))


def _geometric(y: Any, p: Any) -> Any:
    return (p.mu / (1 + p.mu)) ** y / (1 + p.mu)


def _discrete_weibull(y: Any, p: Any) -> Any:
    return p.mu ** (y**p.shape) - p.mu ** ((y + 1) ** p.shape)


def _com_poisson(y: Any, p: Any) -> Any:
    last = int(p.mu) + 4000

    def term(k: Any) -> Any:
        return mp.exp(p.shape * (k * mp.log(p.mu) - mp.loggamma(k + 1)))

    with mp.workdps(40):
        total = mp.fsum(term(k) for k in range(last))
    return term(y) / total


def _inflated(base: Callable[..., Any]) -> Callable[..., Any]:
    """With more zeros than the base has."""
    return lambda y, p: (p.zi if y == 0 else 0) + (1 - p.zi) * base(y, p)


def _apart(base: Callable[..., Any], share: str, has_zero: bool = False) -> Callable[..., Any]:
    """Zeros of their own alone; the base is without those that it has."""

    def density(y: Any, p: Any) -> Any:
        zero = getattr(p, share)
        others = 1 - base(mp.mpf(0), p) if has_zero else 1
        return zero if y == 0 else (1 - zero) * base(y, p) / others

    return density


def _zero_one(y: Any, p: Any) -> Any:
    if 0 < y < 1:
        return (1 - p.zoi) * _beta(y, p)
    return p.zoi * (p.coi if y == 1 else 1 - p.coi)


def _logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def _cumulative(y: Any, p: Any) -> Any:
    below = [mp.mpf(0), *(_logistic(p.disc * (t - p.mu)) for t in p.thresholds), mp.mpf(1)]
    return below[int(y)] - below[int(y) - 1]


def _sratio(y: Any, p: Any) -> Any:
    stops = [*(_logistic(p.disc * (t - p.mu)) for t in p.thresholds), mp.mpf(1)]
    return mp.fprod(1 - s for s in stops[: int(y) - 1]) * stops[int(y) - 1]


def _cratio(y: Any, p: Any) -> Any:
    goes_on = [*(_logistic(p.disc * (p.mu - t)) for t in p.thresholds), mp.mpf(0)]
    return mp.fprod(goes_on[: int(y) - 1]) * (1 - goes_on[int(y) - 1])


def _acat(y: Any, p: Any) -> Any:
    steps = [p.disc * (p.mu - t) for t in p.thresholds]
    weights = [mp.exp(mp.fsum(steps[:k])) for k in range(len(steps) + 1)]
    return weights[int(y) - 1] / mp.fsum(weights)


def _hurdle_cumulative(y: Any, p: Any) -> Any:
    return p.hu if y == 0 else (1 - p.hu) * _cumulative(y, p)


DENSITIES: dict[str, Callable[..., Any]] = {
    "gaussian": _gaussian,
    "student": _student,
    "skew_normal": _skew_normal,
    "exgaussian": _exgaussian,
    "asym_laplace": _asym_laplace,
    "gen_extreme_value": _gen_extreme_value,
    "von_mises": _von_mises,
    "lognormal": _lognormal,
    "shifted_lognormal": _shifted_lognormal,
    "Gamma": _gamma,
    "exponential": _exponential,
    "weibull": _weibull,
    "frechet": _frechet,
    "inverse.gaussian": _inverse_gaussian,
    "wiener": _wiener,
    "cox": _cox,
    "bernoulli": _bernoulli,
    "binomial": _binomial,
    "beta_binomial": _beta_binomial,
    "Beta": _beta,
    "xbeta": _xbeta,
    "poisson": _poisson,
    "negbinomial": _negbinomial,
    "negbinomial2": _negbinomial2,
    "geometric": _geometric,
    "discrete_weibull": _discrete_weibull,
    "com_poisson": _com_poisson,
    "zero_inflated_poisson": _inflated(_poisson),
    "zero_inflated_negbinomial": _inflated(_negbinomial),
    "zero_inflated_binomial": _inflated(_binomial),
    "zero_inflated_beta_binomial": _inflated(_beta_binomial),
    "zero_inflated_beta": _apart(_beta, "zi"),
    "zero_inflated_asym_laplace": _apart(_asym_laplace, "zi"),
    "hurdle_poisson": _apart(_poisson, "hu", has_zero=True),
    "hurdle_negbinomial": _apart(_negbinomial, "hu", has_zero=True),
    "hurdle_gamma": _apart(_gamma, "hu"),
    "hurdle_lognormal": _apart(_lognormal, "hu"),
    "zero_one_inflated_beta": _zero_one,
    "cumulative": _cumulative,
    "hurdle_cumulative": _hurdle_cumulative,
    "sratio": _sratio,
    "cratio": _cratio,
    "acat": _acat,
}
