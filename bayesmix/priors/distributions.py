"""A prior distribution: a name and numbers, and what can be computed from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bayesmix.errors import PriorError, did_you_mean, listed
from bayesmix.priors import lkj, shares
from bayesmix.priors.laws import DISTRIBUTIONS, Law
from bayesmix.priors.rounding import format_number

__all__ = ["FLAT", "Distribution", "signature"]


@dataclass(frozen=True)
class Distribution:
    """A prior distribution: a name of `DISTRIBUTIONS` and its numbers.

    Parameters
    ----------
    name : str
        Stan's name; ``"flat"`` is the improper uniform, ``"lkj"`` the one for correlations,
        ``"dirichlet"`` that for shares that add up to one, ``"constant"`` a value that is fixed.
    params : tuple of float
        Its numbers, in Stan's order (a gamma has shape and *rate*). A Dirichlet has one for each
        share, or one for all.

    Raises
    ------
    PriorError
        If there is no such distribution, or it doesn't take these numbers.

    References
    ----------
    Stan Functions Reference, https://mc-stan.org/docs/functions-reference/

    Examples
    --------
    >>> sd = Distribution("student_t", (3, 0, 2.5))
    >>> str(sd), sd.support
    ('student_t(3, 0, 2.5)', (-inf, inf))
    """

    name: str
    params: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", tuple(float(p) for p in self.params))
        if self.name not in DISTRIBUTIONS:
            raise PriorError(
                f"There is no distribution {self.name!r}.{did_you_mean(self.name, DISTRIBUTIONS)} "
                f"There is {listed(DISTRIBUTIONS, limit=len(DISTRIBUTIONS))}."
            )
        _check_count(self)
        _check_values(self)

    def __str__(self) -> str:
        if self.name == "flat":
            return ""
        return f"{self.name}({', '.join(map(format_number, self.params))})"

    def rounded(self) -> str:
        """Its text, with four digits of each number."""
        return f"{self.name}({', '.join(f'{p:.4g}' for p in self.params)})"

    @property
    def source(self) -> str:
        """The text that makes it again, its numbers with all their digits."""
        return f"{self.name}({', '.join(map(repr, self.params))})" if self.proper else ""

    @property
    def law(self) -> Law:
        """What its numbers mean and who computes it."""
        return DISTRIBUTIONS[self.name]

    @property
    def support(self) -> tuple[float, float]:
        """The natural range, (lower, upper)."""
        return self.law.support(*self.params[: len(self.law.args)])

    @property
    def proper(self) -> bool:
        """Whether the density integrates to one, so that it can be drawn from."""
        return self.name != "flat"

    @property
    def fixed(self) -> bool:
        """Whether it is no distribution but a value."""
        return self.name == "constant"

    @property
    def of_one(self) -> bool:
        """Whether it is one of a single number: not of correlations, nor of shares."""
        return self.name not in ("lkj", "dirichlet")

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density; zero everywhere for a flat prior and a constant.

        Parameters
        ----------
        x : array_like
            Values on the parameter's own scale; for ``lkj`` lower Cholesky factors ``(..., K, K)``,
            for ``dirichlet`` shares ``(..., K)``.

        Returns
        -------
        ndarray
            The shape of `x`, or ``(...)`` for ``lkj`` and ``dirichlet``.
        """
        if self.name == "lkj":
            return lkj.cholesky_logpdf(x, *self.params)
        if self.name == "dirichlet":
            return shares.logpdf(x, self.params)
        if self.law.scipy is None:
            return np.zeros(np.shape(x))
        return _scipy(self).logpdf(np.asarray(x, dtype=float))

    def log_mass(self, lower: float = -math.inf, upper: float = math.inf) -> float:
        """Log of the probability between two bounds: what a truncated density is divided by.

        Zero for a flat prior and a constant, which have no density to divide.
        """
        low, high = self.support
        if self.law.scipy is None or (lower <= low and high <= upper):
            return 0.0
        return _log_probability(_scipy(self), lower, upper)

    def rvs(
        self,
        rng: np.random.Generator,
        size: int | tuple[int, ...] | None = None,
        lower: float = -math.inf,
        upper: float = math.inf,
    ) -> np.ndarray:
        """Random numbers between two bounds, by the inverse of the distribution function.

        Raises
        ------
        PriorError
            For a flat prior, and for ``lkj`` and ``dirichlet``, whose draws are matrices and
            vectors (`lkj.cholesky_rvs`, `shares.rvs`).
        """
        if self.fixed:
            return np.full(() if size is None else size, self.params[0])
        if self.law.scipy is None:
            raise PriorError(_not_drawable(self))
        return _truncated_rvs(_scipy(self), rng, size, lower, upper)


def signature(name: str) -> str:
    """How a distribution is written, ``student_t(nu, mu, sigma)``."""
    law = DISTRIBUTIONS[name]
    return f"{name}({', '.join(law.args)}{', …' if law.many else ''})"


def _check_count(distribution: Distribution) -> None:
    name, given = distribution.name, len(distribution.params)
    wanted = len(distribution.law.args)
    if given != wanted and not (distribution.law.many and given > wanted):
        raise PriorError(
            f"{str(distribution)!r}: {signature(name)} takes {wanted} "
            f"number{'s' if wanted != 1 else ''}, not {given}."
        )


def _check_values(distribution: Distribution) -> None:
    for arg, value in _by_argument(distribution):
        if not math.isfinite(value):
            raise PriorError(
                f"{str(distribution)!r}: {arg} must be a finite number, not {format_number(value)}."
            )
        if arg in distribution.law.positive and value <= 0:
            raise PriorError(
                f"{str(distribution)!r}: {arg} of {signature(distribution.name)} must be "
                f"greater than 0, not {format_number(value)}."
            )
    low, high = distribution.support
    if low >= high and not distribution.fixed:
        raise PriorError(f"{str(distribution)!r}: the first number must be below the second.")


def _by_argument(distribution: Distribution) -> list[tuple[str, float]]:
    """The numbers with their names; the last name is that of all further numbers."""
    return list(zip_longest(distribution.law.args, distribution.params,
                            fillvalue=(distribution.law.args or ("",))[-1]))  # fmt: skip


def _not_drawable(distribution: Distribution) -> str:
    if distribution.name == "lkj":
        return "An lkj prior is one of matrices: draw them with lkj.cholesky_rvs()."
    if distribution.name == "dirichlet":
        return "A dirichlet prior is one of vectors: draw them with shares.rvs()."
    return 'A flat prior can\'t be drawn from: give the parameter a proper one, "normal(0, 1)" say.'


def _scipy(distribution: Distribution) -> Any:
    """The frozen distribution of scipy.stats (imported here: it is slow to load)."""
    from scipy import stats

    name, kwargs = distribution.law.scipy(*distribution.params)
    return getattr(stats, name)(**kwargs)


def _log_probability(frozen: Any, lower: float, upper: float) -> float:
    # Of the two tails the smaller one keeps its digits.
    if lower > frozen.median():
        outer, inner = frozen.logsf(lower), frozen.logsf(upper)
    else:
        outer, inner = frozen.logcdf(upper), frozen.logcdf(lower)
    if outer == -np.inf or inner >= outer:
        return -math.inf
    return float(outer + np.log1p(-np.exp(inner - outer)))


def _truncated_rvs(
    frozen: Any,
    rng: np.random.Generator,
    size: int | tuple[int, ...] | None,
    lower: float,
    upper: float,
) -> np.ndarray:
    if lower > frozen.median():
        x = frozen.isf(rng.uniform(frozen.sf(upper), frozen.sf(lower), size))
    else:
        x = frozen.ppf(rng.uniform(frozen.cdf(lower), frozen.cdf(upper), size))
    low, high = max(lower, frozen.support()[0]), min(upper, frozen.support()[1])
    return np.clip(x, np.nextafter(low, math.inf), np.nextafter(high, -math.inf))


FLAT = Distribution("flat")
"""The improper uniform prior, written ``""``."""
