"""Ordered categories: thresholds cut a latent variable around mu into pieces.

With F the inverse link, ``P(y <= k) = F(disc · (threshold_k - mu))``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from math import exp, expm1, log
from typing import Any

import numpy as np

from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import LINKS, SCALE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.scalar_links import LINKS as CODES
from bayesmix.families.scalar_links import odds_and_slope
from bayesmix.families.support import check_whole, drawable
from bayesmix.families.thresholds import (
    FLEXIBLE,
    OPTION,
    THRES,
    USUAL,
    Thresholds,
    row_of,
    with_thresholds,
)

__all__ = ["FAMILY"]

ORDINAL_LINKS = ("logit", "probit", "probit_approx", "cloglog", "cauchit", "loglog", "softit")


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    check_whole(y, "the response of family 'cumulative'", 1, labels=labels)


def _prepare(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    """With a threshold between each category and the next."""
    ready, thresholds = with_thresholds(family, y, levels, ordered=True)
    return _with(ready, _made(family.dpar("mu").link, thresholds))


@dataclass(frozen=True)
class Cumulative:
    """What the family computes under one link."""

    link: str
    thresholds: Thresholds = USUAL
    enumerated: bool = False
    """Whether a row's thresholds are found one by one, which needs no vector to take from."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.link, self.thresholds, self.enumerated)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        """F(b) - F(a) = F(b) (1 - F(a)) (1 - odds of a / odds of b), where nothing cancels."""
        code, count = m.integer(y), self.thresholds.count(p, aux)
        below, above = code > 1, code <= count
        find = self.thresholds.search if self.enumerated else self.thresholds.at
        low = self._odds(p, find(p, code - 2, aux, m), m)
        high = self._odds(p, find(p, code - 1, aux, m), m)
        gap = m.where(below & above, low - high, -1.0)
        logp = m.where(above, -m.softplus(-high), 0.0) + m.where(below, -m.softplus(low), 0.0)
        return logp + m.where(below & above, m.log(-m.expm1(gap)), 0.0)

    def mean(self, p: Dpars, aux: Aux) -> Array:
        """The probability of every category, on the last axis."""
        with np.errstate(all="ignore"):
            mu, disc = np.asarray(p["mu"])[..., None], np.asarray(p["disc"])[..., None]
            thresholds = np.stack(self.thresholds.all(p, aux, NUMPY), axis=-1)
            odds = LINKS[self.link].log_odds(disc * (thresholds - mu))
            upper = NUMPY.sigmoid(odds)
        if self.thresholds.grouped:
            there = np.arange(upper.shape[-1]) < np.asarray(aux[THRES])[:, None]
            upper = np.where(there, upper, 1.0)
        ends = [np.zeros((*upper.shape[:-1], 1)), np.ones((*upper.shape[:-1], 1))]
        return np.diff(np.concatenate([ends[0], upper, ends[1]], axis=-1), axis=-1)

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        """Numbers of categories, from 1."""
        drawable("mu", p["mu"])
        upper = self.mean(p, aux).cumsum(axis=-1)[..., :-1]
        return 1 + (rng.random((*upper.shape[:-1], 1)) > upper).sum(axis=-1)

    def _odds(self, p: Dpars, threshold: Any, m: Maths) -> Any:
        return LINKS[self.link].log_odds(p["disc"] * (threshold - p["mu"]), m)


@dataclass(frozen=True)
class CumulativeRow:
    """The row kernel under one link."""

    made: Cumulative

    takes = ()
    shared = "thresholds"
    picked = (-2, -1)
    scales = ("natural", "log")
    below = above = None

    @property
    def function(self) -> Callable[..., tuple[float, ...]]:
        return _kernel(CODES[self.made.link])


@cache
def _kernel(link: int) -> Callable[..., tuple[float, ...]]:
    """Selections in the place of branches, so that several rows can be done at once."""

    def cumulative(y, mu, log_disc, low, high, last):  # type: ignore
        disc, below, above = exp(log_disc), y > 1.0, y <= last
        a, b = disc * (low - mu), disc * (high - mu)
        odds_a, slope_a = odds_and_slope(link, a)
        odds_b, slope_b = odds_and_slope(link, b)
        rest = -expm1(odds_a - odds_b if below and above else -40.0)
        e_a, e_b = exp(-abs(odds_a)), exp(-abs(odds_b))
        # One logarithm for 1 - F(a), F(b) and what is between them.
        outer = (1.0 + e_a if below else 1.0) * (1.0 + e_b if above else 1.0)
        beyond = (odds_a if below and odds_a > 0.0 else 0.0) - (
            odds_b if above and odds_b < 0.0 else 0.0
        )
        share = (1.0 - rest) / rest
        s_a = ((1.0 if odds_a > 0.0 else e_a) / (1.0 + e_a) + share) * slope_a
        s_b = ((1.0 if odds_b < 0.0 else e_b) / (1.0 + e_b) + share) * slope_b
        s_a, s_b = -s_a if below else 0.0, s_b if above else 0.0
        by_low, by_high = s_a * disc, s_b * disc
        return log(rest / outer) - beyond, -by_low - by_high, s_a * a + s_b * b, by_low, by_high

    return cumulative


def _made(link: str, thresholds: Thresholds = USUAL, enumerated: bool = False) -> Cumulative:
    return _shared(link, thresholds, enumerated)


@cache
def _shared(*facts: Any) -> Cumulative:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Cumulative(*facts)


def enumerated(link: str, thresholds: Thresholds = USUAL) -> Cumulative:
    """The same in operations that a kernel can be derived of."""
    return _made(link, thresholds, True)


def _linked(family: Family) -> Family:
    return _with(family, _made(family.dpar("mu").link))


def _with(family: Family, made: Cumulative) -> Family:
    functions = {"density": made.density, "mean": made.mean, "random": made.random}
    return replace(family, row=_row(family, made), **functions)


def _row(family: Family, made: Cumulative) -> Any:
    """By hand for the usual thresholds; of the density for others."""
    if made.thresholds.kind == FLEXIBLE and not made.thresholds.grouped:
        return CumulativeRow(_made(made.link))
    scales = {d.name: "log" if d.lower == 0.0 else "natural" for d in family.dpars}
    return row_of(made.density, scales, made.thresholds)


FAMILY = Family(
    name="cumulative",
    dpars=(
        Dpar("mu", "logit", ORDINAL_LINKS, latent=True),
        Dpar("disc", "log", SCALE_LINKS, lower=0.0, fixed=1.0),
    ),
    check=_check,
    density=_made("logit").density,
    mean=_made("logit").mean,
    random=_made("logit").random,
    discrete=True,
    row=CumulativeRow(_made("logit")),
    first_code=1,
    may=(THRES,),
    intercept="thresholds",
    prepare=_prepare,
    linked=_linked,
    options=(OPTION,),
)
