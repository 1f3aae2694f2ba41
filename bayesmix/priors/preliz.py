"""Distributions of PreliZ as priors; the package itself is not needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bayesmix.errors import PriorError, listed
from bayesmix.priors.distributions import Distribution

__all__ = ["from_preliz", "is_preliz"]

HALVES = ("HalfNormal", "HalfStudentT", "HalfCauchy")

NAMES: Mapping[str, Callable[[Any], Distribution]] = {
    "Normal": lambda d: Distribution("normal", (d.mu, d.sigma)),
    "HalfNormal": lambda d: Distribution("normal", (0.0, d.sigma)),
    "StudentT": lambda d: Distribution("student_t", (d.nu, d.mu, d.sigma)),
    "HalfStudentT": lambda d: Distribution("student_t", (d.nu, 0.0, d.sigma)),
    "Cauchy": lambda d: Distribution("cauchy", (d.alpha, d.beta)),
    "HalfCauchy": lambda d: Distribution("cauchy", (0.0, d.beta)),
    "Laplace": lambda d: Distribution("double_exponential", (d.mu, d.b)),
    "Logistic": lambda d: Distribution("logistic", (d.mu, d.s)),
    "Gumbel": lambda d: Distribution("gumbel", (d.mu, d.beta)),
    "SkewNormal": lambda d: Distribution("skew_normal", (d.mu, d.sigma, d.alpha)),
    "LogNormal": lambda d: Distribution("lognormal", (d.mu, d.sigma)),
    "ChiSquared": lambda d: Distribution("chi_square", (d.nu,)),
    "Exponential": lambda d: Distribution("exponential", (d.lam,)),
    "Gamma": lambda d: Distribution("gamma", (d.alpha, d.beta)),
    "InverseGamma": lambda d: Distribution("inv_gamma", (d.alpha, d.beta)),
    "Weibull": lambda d: Distribution("weibull", (d.alpha, d.beta)),
    "Beta": lambda d: Distribution("beta", (d.alpha, d.beta)),
    "Uniform": lambda d: Distribution("uniform", (d.lower, d.upper)),
    "Dirichlet": lambda d: Distribution("dirichlet", tuple(np.ravel(d.alpha))),
}
"""For each of PreliZ's distributions that there is here: this one."""


def is_preliz(value: Any) -> bool:
    """Whether something is a distribution of PreliZ, which isn't imported for the answer."""
    return type(value).__module__.partition(".")[0] == "preliz"


def from_preliz(value: Any) -> tuple[Distribution, float | None, float | None]:
    """The distribution that an object of PreliZ is, and its bounds.

    Parameters
    ----------
    value : preliz distribution
        With numbers; a half or truncated one has bounds.

    Returns
    -------
    distribution : Distribution
    lower, upper : float or None

    Raises
    ------
    PriorError
        If it has no numbers yet, or is one that there isn't here.
    """
    if not value.is_frozen:
        raise PriorError(f"PreliZ's {type(value).__name__} has no numbers yet: give them first.")
    if type(value).__name__ == "Truncated":
        distribution, lower, upper = from_preliz(value.dist)
        return distribution, _inner(max, lower, value.lower), _inner(min, upper, value.upper)
    name = type(value).__name__
    if name not in NAMES:
        raise PriorError(
            f"PreliZ's {name} is no prior here. There is {listed(NAMES, limit=len(NAMES))}, and "
            "Truncated."
        )
    return NAMES[name](value), 0.0 if name in HALVES else None, None


def _inner(closer: Callable[..., float], one: float | None, other: Any) -> float | None:
    """The narrower of two bounds, None where both are open."""
    given = [float(b) for b in (one, other) if b is not None and math.isfinite(b)]
    return closer(given) if given else None
