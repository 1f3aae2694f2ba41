"""The distributions that a prior can name, as data: Stan's numbers, scipy's and PyMC's names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["DISTRIBUTIONS", "Law"]

Bounds = tuple[float, float]
Recipe = Callable[..., tuple[str, dict[str, Any]]]
"""From a distribution's numbers to another library's name for it and keyword arguments."""


def _real_line(*_: float) -> Bounds:
    return -math.inf, math.inf


def _positive(*_: float) -> Bounds:
    return 0.0, math.inf


def _unit_interval(*_: float) -> Bounds:
    return 0.0, 1.0


@dataclass(frozen=True)
class Law:
    """What the numbers of a distribution mean, and who computes it.

    Parameters
    ----------
    args : tuple of str
        Stan's names of the numbers, in order.
    positive : tuple of str
        Those that must be greater than zero.
    support : callable
        The numbers to the natural range.
    scipy, pymc : callable or None
        The numbers to the name in scipy.stats or PyMC and its keyword arguments; None where the
        distribution isn't one of a single number.
    half : callable or None
        As `pymc`, for the distribution folded at a location of zero.
    many : bool
        Whether the last of `args` may be several numbers.
    """

    args: tuple[str, ...]
    positive: tuple[str, ...]
    support: Callable[..., Bounds]
    scipy: Recipe | None = None
    pymc: Recipe | None = None
    half: Recipe | None = None
    many: bool = False


def _point(value: float) -> Bounds:
    return value, value


_LAWS = {
    "normal": Law(
        ("mu", "sigma"),
        ("sigma",),
        _real_line,
        lambda mu, sigma: ("norm", {"loc": mu, "scale": sigma}),
        lambda mu, sigma: ("Normal", {"mu": mu, "sigma": sigma}),
        lambda mu, sigma: ("HalfNormal", {"sigma": sigma}),
    ),
    "std_normal": Law(
        (),
        (),
        _real_line,
        lambda: ("norm", {}),
        lambda: ("Normal", {"mu": 0.0, "sigma": 1.0}),
        lambda: ("HalfNormal", {"sigma": 1.0}),
    ),
    "student_t": Law(
        ("nu", "mu", "sigma"),
        ("nu", "sigma"),
        _real_line,
        lambda nu, mu, sigma: ("t", {"df": nu, "loc": mu, "scale": sigma}),
        lambda nu, mu, sigma: ("StudentT", {"nu": nu, "mu": mu, "sigma": sigma}),
        lambda nu, mu, sigma: ("HalfStudentT", {"nu": nu, "sigma": sigma}),
    ),
    "cauchy": Law(
        ("mu", "sigma"),
        ("sigma",),
        _real_line,
        lambda mu, sigma: ("cauchy", {"loc": mu, "scale": sigma}),
        lambda mu, sigma: ("Cauchy", {"alpha": mu, "beta": sigma}),
        lambda mu, sigma: ("HalfCauchy", {"beta": sigma}),
    ),
    "double_exponential": Law(
        ("mu", "sigma"),
        ("sigma",),
        _real_line,
        lambda mu, sigma: ("laplace", {"loc": mu, "scale": sigma}),
        lambda mu, sigma: ("Laplace", {"mu": mu, "b": sigma}),
    ),
    "logistic": Law(
        ("mu", "sigma"),
        ("sigma",),
        _real_line,
        lambda mu, sigma: ("logistic", {"loc": mu, "scale": sigma}),
        lambda mu, sigma: ("Logistic", {"mu": mu, "s": sigma}),
    ),
    "gumbel": Law(
        ("mu", "beta"),
        ("beta",),
        _real_line,
        lambda mu, beta: ("gumbel_r", {"loc": mu, "scale": beta}),
        lambda mu, beta: ("Gumbel", {"mu": mu, "beta": beta}),
    ),
    "skew_normal": Law(
        ("xi", "omega", "alpha"),
        ("omega",),
        _real_line,
        lambda xi, omega, alpha: ("skewnorm", {"a": alpha, "loc": xi, "scale": omega}),
        lambda xi, omega, alpha: ("SkewNormal", {"mu": xi, "sigma": omega, "alpha": alpha}),
    ),
    "lognormal": Law(
        ("mu", "sigma"),
        ("sigma",),
        _positive,
        lambda mu, sigma: ("lognorm", {"s": sigma, "scale": math.exp(mu)}),
        lambda mu, sigma: ("LogNormal", {"mu": mu, "sigma": sigma}),
    ),
    "chi_square": Law(
        ("nu",),
        ("nu",),
        _positive,
        lambda nu: ("chi2", {"df": nu}),
        lambda nu: ("ChiSquared", {"nu": nu}),
    ),
    "inv_chi_square": Law(
        ("nu",),
        ("nu",),
        _positive,
        lambda nu: ("invgamma", {"a": nu / 2, "scale": 0.5}),
        lambda nu: ("InverseGamma", {"alpha": nu / 2, "beta": 0.5}),
    ),
    "scaled_inv_chi_square": Law(
        ("nu", "sigma"),
        ("nu", "sigma"),
        _positive,
        lambda nu, sigma: ("invgamma", {"a": nu / 2, "scale": nu * sigma**2 / 2}),
        lambda nu, sigma: ("InverseGamma", {"alpha": nu / 2, "beta": nu * sigma**2 / 2}),
    ),
    "exponential": Law(
        ("beta",),
        ("beta",),
        _positive,
        lambda beta: ("expon", {"scale": 1 / beta}),
        lambda beta: ("Exponential", {"lam": beta}),
    ),
    "gamma": Law(
        ("alpha", "beta"),
        ("alpha", "beta"),
        _positive,
        lambda alpha, beta: ("gamma", {"a": alpha, "scale": 1 / beta}),
        lambda alpha, beta: ("Gamma", {"alpha": alpha, "beta": beta}),
    ),
    "inv_gamma": Law(
        ("alpha", "beta"),
        ("alpha", "beta"),
        _positive,
        lambda alpha, beta: ("invgamma", {"a": alpha, "scale": beta}),
        lambda alpha, beta: ("InverseGamma", {"alpha": alpha, "beta": beta}),
    ),
    "weibull": Law(
        ("alpha", "sigma"),
        ("alpha", "sigma"),
        _positive,
        lambda alpha, sigma: ("weibull_min", {"c": alpha, "scale": sigma}),
        lambda alpha, sigma: ("Weibull", {"alpha": alpha, "beta": sigma}),
    ),
    "rayleigh": Law(
        ("sigma",),
        ("sigma",),
        _positive,
        lambda sigma: ("rayleigh", {"scale": sigma}),
        lambda sigma: ("Weibull", {"alpha": 2.0, "beta": sigma * math.sqrt(2.0)}),
    ),
    "beta": Law(
        ("alpha", "beta"),
        ("alpha", "beta"),
        _unit_interval,
        lambda alpha, beta: ("beta", {"a": alpha, "b": beta}),
        lambda alpha, beta: ("Beta", {"alpha": alpha, "beta": beta}),
    ),
    "uniform": Law(
        ("alpha", "beta"),
        (),
        lambda alpha, beta: (alpha, beta),
        lambda alpha, beta: ("uniform", {"loc": alpha, "scale": beta - alpha}),
        lambda alpha, beta: ("Uniform", {"lower": alpha, "upper": beta}),
    ),
    "lkj": Law(("eta",), ("eta",), _real_line),
    "dirichlet": Law(("alpha",), ("alpha",), _unit_interval, many=True),
    "constant": Law(("value",), (), _point),
    "flat": Law((), (), _real_line),
}

DISTRIBUTIONS: Mapping[str, Law] = MappingProxyType(_LAWS)
"""Every distribution by Stan's name, with ``lkj`` for correlations, ``dirichlet`` for shares,
``constant`` for a value that is fixed and ``flat`` for no prior.
"""
