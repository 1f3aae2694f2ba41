"""Inverse links with their slopes, for one number, on the scale that a family computes on.

A family says for each dpar whether its density wants the natural value, the log of a positive one
or the log odds of a probability; those keep their digits where the natural value is rounded to 0
or 1. Outside a link's range the value is nan, so that the density is no number and is rejected.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import atan, atan2, exp, expm1, log, log1p, nan, sqrt
from types import MappingProxyType

from bayesmix.families.scalar import log_ndtr, sigmoid, softplus

SCALES: Mapping[str, int] = MappingProxyType({"natural": 0, "log": 1, "odds": 2})
NATURAL, LOG_SCALE, ODDS = 0, 1, 2

IDENTITY, LOG, INVERSE, SQRT, INVERSE_SQUARE, LOGM1, LOG1P, TAN_HALF = 0, 1, 2, 3, 4, 5, 6, 7
SOFTPLUS, SQUAREPLUS, LOGIT, PROBIT, PROBIT_APPROX, CLOGLOG = 8, 9, 10, 11, 12, 13
LOGLOG, CAUCHIT, SOFTIT = 14, 15, 16

LINKS: Mapping[str, int] = MappingProxyType(
    {
        "identity": IDENTITY,
        "log": LOG,
        "inverse": INVERSE,
        "sqrt": SQRT,
        "1/mu^2": INVERSE_SQUARE,
        "logm1": LOGM1,
        "log1p": LOG1P,
        "tan_half": TAN_HALF,
        "softplus": SOFTPLUS,
        "squareplus": SQUAREPLUS,
        "logit": LOGIT,
        "probit": PROBIT,
        "probit_approx": PROBIT_APPROX,
        "cloglog": CLOGLOG,
        "loglog": LOGLOG,
        "cauchit": CAUCHIT,
        "softit": SOFTIT,
    }
)

FLAT = 36.0
"""exp(-FLAT) vanishes beside 1 in double precision."""
STEEPEST = 700.0
"""Where a hazard stops growing, for its exponential not to overflow."""


def is_plain(link: int, scale: int) -> bool:
    """Whether the linear predictor is itself the value on the family's scale."""
    plain_log = scale == LOG_SCALE and link == LOG
    plain_odds = scale == ODDS and link == LOGIT
    return plain_log or plain_odds or (scale == NATURAL and link == IDENTITY)


def value_and_slope(link: int, scale: int, eta: float) -> tuple[float, float]:
    """The value of a dpar on the family's scale, and its derivative by eta."""
    if link >= LOGIT:
        return _of_probability(link, scale, eta)
    value, slope = _natural(link, eta)
    if scale == NATURAL:
        return value, slope
    if scale == LOG_SCALE:
        return _log(link, eta, value, slope)
    if link == LOG:
        # The odds of exp(eta); eta is below 0.
        rest = -expm1(eta)
        return eta - (log(rest) if rest > 0.0 else nan), 1.0 / rest
    return log(value) - log1p(-value), slope / (value * (1.0 - value))


def _log(link: int, eta: float, value: float, slope: float) -> tuple[float, float]:
    """The logarithm, where it isn't the one of the (rounded) natural value."""
    if link == LOG or (link == SOFTPLUS and eta < -FLAT):
        return eta, 1.0
    if link == SQUAREPLUS:
        return log(value), 1.0 / sqrt(eta * eta + 4.0)
    # At 0 the slope is infinite, and no matter: what it is multiplied with is 0, or rejected.
    return log(value), (slope / value if value > 0.0 else 0.0)


def _natural(link: int, eta: float) -> tuple[float, float]:
    if link == IDENTITY:
        return eta, 1.0
    if link == LOG:
        return exp(eta), exp(eta)
    if link == INVERSE:
        return 1.0 / eta, -1.0 / (eta * eta)
    if link == SQRT:
        return eta * eta, 2.0 * eta
    if link == INVERSE_SQUARE:
        root = sqrt(eta)
        return 1.0 / root, -0.5 / (root * eta)
    if link == LOGM1:
        return exp(eta) + 1.0, exp(eta)
    if link == LOG1P:
        return expm1(eta), exp(eta)
    if link == TAN_HALF:
        return 2.0 * atan(eta), 2.0 / (1.0 + eta * eta)
    if link == SOFTPLUS:
        return softplus(eta), sigmoid(eta)
    return _squareplus(eta)


def _squareplus(eta: float) -> tuple[float, float]:
    root = sqrt(eta * eta + 4.0)
    larger = 0.5 * (abs(eta) + root)
    value = larger if eta >= 0.0 else 1.0 / larger
    return value, value / root


def _of_probability(link: int, scale: int, eta: float) -> tuple[float, float]:
    odds, slope = odds_and_slope(link, eta)
    if scale == ODDS:
        return odds, slope
    if scale == LOG_SCALE:
        return -softplus(-odds), sigmoid(-odds) * slope
    return sigmoid(odds), sigmoid(odds) * sigmoid(-odds) * slope


def odds_and_slope(link: int, eta: float) -> tuple[float, float]:
    """The log odds, exact in both tails."""
    if link == LOGIT:
        return eta, 1.0
    if link == PROBIT:
        low, low_slope = log_ndtr(eta)
        high, high_slope = log_ndtr(-eta)
        return low - high, low_slope + high_slope
    if link == PROBIT_APPROX:
        square = 0.07056 * eta * eta
        return eta * (square + 1.5976), 3.0 * square + 1.5976
    if link == CLOGLOG:
        return _cloglog_odds(eta)
    if link == LOGLOG:
        odds, slope = _cloglog_odds(-eta)
        return -odds, slope
    if link == CAUCHIT:
        low, high = atan2(1.0, -eta), atan2(1.0, eta)
        return log(low) - log(high), (1.0 / low + 1.0 / high) / (1.0 + eta * eta)
    if eta < -FLAT:
        return eta, 1.0
    return log(softplus(eta)), sigmoid(eta) / softplus(eta)


def _cloglog_odds(eta: float) -> tuple[float, float]:
    if eta < -FLAT:
        return eta, 1.0
    hazard = exp(min(eta, STEEPEST))
    rest = -expm1(-hazard)
    return hazard + log(rest), (hazard / rest if eta < STEEPEST else 0.0)
