"""Link functions, written once for numpy and for PyTensor.

A link between 0 and 1 also says the log odds of its inverse. They stay exact where the
probability itself has been rounded to 0 or 1, and with ``sigmoid(log_odds)`` for the probability
PyTensor's rewriting finds exact ``log(p)`` and ``log(1 - p)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import special

from bayesmix.families.maths import NUMPY, Maths

__all__ = [
    "COUNT_LINKS",
    "LINKS",
    "LOCATION_LINKS",
    "POSITIVE_LINKS",
    "REAL_LINKS",
    "SCALE_LINKS",
    "SHARE_LINKS",
    "UNIT_LINKS",
    "Link",
]

Formula = Callable[[Any, Maths], Any]

FLAT = 36.0
"""exp(-FLAT) vanishes beside 1 in double precision."""


@dataclass(frozen=True)
class Link:
    """A link function and its inverse.

    Parameters
    ----------
    name : str
        brms's name.
    forward : callable
        From the natural scale to that of the linear predictor; numpy.
    backward : callable
        ``backward(eta, maths)``: from the linear predictor to the natural scale.
    lower, upper : float
        The open interval that `backward` maps into.
    odds : callable, optional
        ``odds(eta, maths)``: the log odds of ``backward(eta)``, exact in both tails.

    References
    ----------
    brms: ``brmsfamily``, https://paulbuerkner.com/brms/reference/brmsfamily.html

    Examples
    --------
    >>> float(LINKS["logm1"].inverse(0.0))
    2.0
    >>> float(LINKS["logit"].link(0.5))
    0.0
    """

    name: str
    forward: Callable[[np.ndarray], np.ndarray]
    backward: Formula
    lower: float = -np.inf
    upper: float = np.inf
    odds: Formula | None = None

    def link(self, values: Any) -> np.ndarray:
        """The linear predictor of natural-scale values; nan or an infinity where there is none."""
        with np.errstate(all="ignore"):
            return self.forward(np.asarray(values, dtype=float))

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        """The natural-scale values of a linear predictor."""
        if m is not NUMPY:
            # From the log odds log densities in PyTensor keep their digits in the tails.
            return self.backward(eta, m) if self.odds is None else m.sigmoid(self.odds(eta, m))
        with np.errstate(all="ignore"):
            return self.backward(np.asarray(eta, dtype=float), m)

    def log_odds(self, eta: Any, m: Maths = NUMPY) -> Any:
        """``log(mu / (1 - mu))`` of ``mu = inverse(eta)``, exact even where mu rounds to 0 or 1."""
        if m is not NUMPY:
            return self.odds(eta, m)
        with np.errstate(all="ignore"):
            eta = np.asarray(eta, dtype=float)
            return special.logit(self.inverse(eta)) if self.odds is None else self.odds(eta, m)


def _same(x: Any, m: Maths = NUMPY) -> Any:
    return x


def _exp(x: Any, m: Maths) -> Any:
    return m.exp(x)


def _reciprocal(x: Any, m: Maths = NUMPY) -> Any:
    return 1.0 / x


def _square(x: Any, m: Maths) -> Any:
    return x**2


def _inverse_square(x: np.ndarray) -> np.ndarray:
    return 1.0 / x**2


def _inverse_root(x: Any, m: Maths) -> Any:
    return 1.0 / m.sqrt(x)


def _logm1(x: np.ndarray) -> np.ndarray:
    return np.log(x - 1.0)


def _exp_plus_1(x: Any, m: Maths) -> Any:
    return m.exp(x) + 1.0


def _expm1(x: Any, m: Maths) -> Any:
    return m.expm1(x)


def _tan_half(x: np.ndarray) -> np.ndarray:
    return np.tan(x / 2.0)


def _twice_arctan(x: Any, m: Maths) -> Any:
    return 2.0 * m.arctan(x)


def _inverse_softplus(x: np.ndarray) -> np.ndarray:
    return x + np.log(-np.expm1(-x))


def _softplus(x: Any, m: Maths) -> Any:
    return m.softplus(x)


def _inverse_squareplus(x: np.ndarray) -> np.ndarray:
    return x - 1.0 / x


def _squareplus(x: Any, m: Maths) -> Any:
    larger = (m.abs(x) + m.sqrt(x**2 + 4.0)) / 2.0
    return m.where(x < 0, 1.0 / larger, larger)


def _sigmoid(x: Any, m: Maths) -> Any:
    return m.sigmoid(x)


def _ndtr(x: Any, m: Maths) -> Any:
    return m.ndtr(x)


def _probit_odds(x: Any, m: Maths) -> Any:
    return m.log_ndtr(x) - m.log_ndtr(-x)


def _probit_approx_odds(x: Any, m: Maths) -> Any:
    return x * (0.07056 * x**2 + 1.5976)


def _probit_approx(x: Any, m: Maths) -> Any:
    return m.sigmoid(_probit_approx_odds(x, m))


def _probit_approx_link(p: np.ndarray) -> np.ndarray:
    # The one real root of a x^3 + b x = logit(p), as hyperbolic functions give it.
    a, b = 0.07056, 1.5976
    scale = 2.0 * np.sqrt(b / (3.0 * a))
    return scale * np.sinh(np.arcsinh(3.0 * special.logit(p) / (b * scale)) / 3.0)


def _cloglog_link(p: np.ndarray) -> np.ndarray:
    return np.log(-np.log1p(-p))


def _cloglog(x: Any, m: Maths) -> Any:
    return -m.expm1(-m.exp(x))


def _cloglog_odds(x: Any, m: Maths) -> Any:
    # Beyond 700 it would be infinite, and its gradient no number.
    hazard = m.exp(m.minimum(m.maximum(x, -FLAT), 700.0))
    return m.where(x < -FLAT, x, hazard + m.log(-m.expm1(-hazard)))


def _loglog_link(p: np.ndarray) -> np.ndarray:
    return -np.log(-np.log(p))


def _loglog(x: Any, m: Maths) -> Any:
    return m.exp(-m.exp(-x))


def _loglog_odds(x: Any, m: Maths) -> Any:
    return -_cloglog_odds(-x, m)


def _cauchit_link(p: np.ndarray) -> np.ndarray:
    return -1.0 / np.tan(np.pi * p)


def _cauchit(x: Any, m: Maths) -> Any:
    return m.arctan2(1.0, -x) / np.pi


def _cauchit_odds(x: Any, m: Maths) -> Any:
    return m.log(m.arctan2(1.0, -x)) - m.log(m.arctan2(1.0, x))


def _softit_link(p: np.ndarray) -> np.ndarray:
    return _inverse_softplus(p / (1.0 - p))


def _softit(x: Any, m: Maths) -> Any:
    odds = m.softplus(x)
    return odds / (1.0 + odds)


def _softit_odds(x: Any, m: Maths) -> Any:
    return m.where(x < -FLAT, x, m.log(m.softplus(m.maximum(x, -FLAT))))


_ALL = (
    Link("identity", _same, _same),
    Link("log", np.log, _exp, 0.0),
    Link("inverse", _reciprocal, _reciprocal),
    Link("sqrt", np.sqrt, _square, 0.0),
    Link("1/mu^2", _inverse_square, _inverse_root, 0.0),
    Link("logm1", _logm1, _exp_plus_1, 1.0),
    Link("log1p", np.log1p, _expm1, -1.0),
    Link("tan_half", _tan_half, _twice_arctan, -np.pi, np.pi),
    Link("softplus", _inverse_softplus, _softplus, 0.0),
    Link("squareplus", _inverse_squareplus, _squareplus, 0.0),
    Link("logit", special.logit, _sigmoid, 0.0, 1.0, _same),
    Link("probit", special.ndtri, _ndtr, 0.0, 1.0, _probit_odds),
    Link("probit_approx", _probit_approx_link, _probit_approx, 0.0, 1.0, _probit_approx_odds),
    Link("cloglog", _cloglog_link, _cloglog, 0.0, 1.0, _cloglog_odds),
    Link("loglog", _loglog_link, _loglog, 0.0, 1.0, _loglog_odds),
    Link("cauchit", _cauchit_link, _cauchit, 0.0, 1.0, _cauchit_odds),
    Link("softit", _softit_link, _softit, 0.0, 1.0, _softit_odds),
)

LINKS: Mapping[str, Link] = MappingProxyType({link.name: link for link in _ALL})
"""Every link, by brms's name."""

UNIT_LINKS = (
    "logit",
    "probit",
    "probit_approx",
    "cloglog",
    "loglog",
    "cauchit",
    "softit",
    "identity",
    "log",
)
"""Links of a probability."""

SHARE_LINKS = ("logit", "identity", "probit", "probit_approx", "cloglog", "cauchit", "log")
"""Links of the probability of something that happens apart, an excess zero say."""

COUNT_LINKS = ("log", "identity", "sqrt", "softplus", "squareplus")
"""Links of an expected count."""

POSITIVE_LINKS = ("log", "identity", "inverse", "softplus", "squareplus")
"""Links of a positive mean."""

SCALE_LINKS = ("log", "identity", "softplus", "squareplus")
"""Links of a positive parameter such as sigma."""

LOCATION_LINKS = ("identity", "log", "inverse", "softplus", "squareplus")
"""Links of a location."""

REAL_LINKS = (*LOCATION_LINKS, *UNIT_LINKS[:-2])
"""Links of a location that may be one of probabilities."""
