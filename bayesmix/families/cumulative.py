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

from bayesmix.errors import DataError
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import LINKS, SCALE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.scalar import sigmoid, softplus
from bayesmix.families.scalar_links import LINKS as CODES
from bayesmix.families.scalar_links import odds_and_slope
from bayesmix.families.support import check_whole, drawable
from bayesmix.families.thresholds import (
    OPTION,
    dpars_of,
    search_threshold,
    threshold_at,
    thresholds_of,
    vector_of,
)

__all__ = ["FAMILY"]

ORDINAL_LINKS = ("logit", "probit", "probit_approx", "cloglog", "cauchit", "loglog", "softit")


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    check_whole(y, "the response of family 'cumulative'", 1, labels=labels)


def _prepare(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    """With a threshold between each category and the next."""
    labels = tuple(range(1, int(y.max()) + 1)) if levels is None else levels
    if len(labels) < 2:
        raise DataError("Family 'cumulative' needs a response of at least two categories.")
    kind, count = family.option("threshold"), len(labels) - 1
    dpars = (*family.dpars, *dpars_of(kind, ordered=True))
    vectors = (vector_of(kind, count, ordered=True),)
    ready = replace(
        family,
        dpars=dpars,
        vectors=vectors,
        outcome=("category", labels),
        level_free=kind != "sum_to_zero",
    )
    return _with(ready, _made(family.dpar("mu").link, kind, count))


@dataclass(frozen=True)
class Cumulative:
    """What the family computes under one link, with so many thresholds.

    Without a number it is that of the values, which arrays know.
    """

    link: str
    kind: str = "flexible"
    count: int | None = None
    enumerated: bool = False
    """Whether a row's thresholds are found one by one, which needs no vector to take from."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.link, self.kind, self.count, self.enumerated)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        """F(b) - F(a) = F(b) (1 - F(a)) (1 - odds of a / odds of b), where nothing cancels."""
        code, count = m.integer(y), self._count(p)
        below, above = code > 1, code <= count
        find = search_threshold if self.enumerated else threshold_at
        low = self._odds(p, find(self.kind, p, code - 2, count, m), m)
        high = self._odds(p, find(self.kind, p, code - 1, count, m), m)
        gap = m.where(below & above, low - high, -1.0)
        logp = m.where(above, -m.softplus(-high), 0.0) + m.where(below, -m.softplus(low), 0.0)
        return logp + m.where(below & above, m.log(-m.expm1(gap)), 0.0)

    def mean(self, p: Dpars, aux: Aux) -> Array:
        """The probability of every category, on the last axis."""
        with np.errstate(all="ignore"):
            mu, disc = np.asarray(p["mu"])[..., None], np.asarray(p["disc"])[..., None]
            thresholds = np.stack(thresholds_of(self.kind, p, self._count(p)), axis=-1)
            odds = LINKS[self.link].log_odds(disc * (thresholds - mu))
            upper = NUMPY.sigmoid(odds)
        ends = [np.zeros((*upper.shape[:-1], 1)), np.ones((*upper.shape[:-1], 1))]
        return np.diff(np.concatenate([ends[0], upper, ends[1]], axis=-1), axis=-1)

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        """Numbers of categories, from 1."""
        drawable("mu", p["mu"])
        upper = self.mean(p, aux).cumsum(axis=-1)[..., :-1]
        return 1 + (rng.random((*upper.shape[:-1], 1)) > upper).sum(axis=-1)

    def _count(self, p: Dpars) -> Any:
        return p["thresholds"].shape[-1] if self.count is None else self.count

    def _odds(self, p: Dpars, threshold: Any, m: Maths) -> Any:
        return LINKS[self.link].log_odds(p["disc"] * (threshold - p["mu"]), m)


@dataclass(frozen=True)
class CumulativeRow:
    """The row kernel under one link."""

    made: Cumulative

    takes = ()
    shared = "thresholds"
    scales = ("natural", "log")
    below = above = None

    @property
    def function(self) -> Callable[..., tuple[float, ...]]:
        return _kernel(CODES[self.made.link])


@cache
def _kernel(link: int) -> Callable[..., tuple[float, ...]]:
    def cumulative(y, mu, log_disc, shared, slopes, weight):  # type: ignore
        k, disc = int(y), exp(log_disc)
        logp, by_mu, by_disc, low = 0.0, 0.0, 0.0, 0.0
        rest, share = 1.0, 0.0
        inner = 1 < k <= shared.size
        if k > 1:
            a = disc * (shared[k - 2] - mu)
            low, low_slope = odds_and_slope(link, a)
        if k <= shared.size:
            b = disc * (shared[k - 1] - mu)
            high, high_slope = odds_and_slope(link, b)
            if inner:
                rest, share = -expm1(low - high), exp(low - high)
            logp += log(rest) - softplus(-high)
            s = (sigmoid(-high) + share / rest) * high_slope
            slopes[k - 1] += weight * s * disc
            by_mu, by_disc = by_mu - s * disc, by_disc + s * b
        if k > 1:
            logp -= softplus(low)
            s = -(sigmoid(low) + share / rest) * low_slope
            slopes[k - 2] += weight * s * disc
            by_mu, by_disc = by_mu - s * disc, by_disc + s * a
        return logp, by_mu, by_disc

    return cumulative


def _made(
    link: str, kind: str = "flexible", count: int | None = None, enumerated: bool = False
) -> Cumulative:
    return _shared(link, kind, count, enumerated)


@cache
def _shared(*facts: Any) -> Cumulative:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Cumulative(*facts)


def enumerated(link: str, kind: str = "flexible", count: int | None = None) -> Cumulative:
    """The same in operations that a kernel can be derived of."""
    return _made(link, kind, count, True)


def _linked(family: Family) -> Family:
    return _with(family, _made(family.dpar("mu").link))


def _with(family: Family, made: Cumulative) -> Family:
    functions = {"density": made.density, "mean": made.mean, "random": made.random}
    return replace(family, row=_row(family, made), **functions)


def _row(family: Family, made: Cumulative) -> Any:
    """By hand for the usual thresholds; of the density for others."""
    if made.kind == "flexible":
        return CumulativeRow(_made(made.link))
    scales = {d.name: "log" if d.lower == 0.0 else "natural" for d in family.dpars}
    (vector,) = family.vectors
    return derived_row(made.density, scales, shared=(vector.name, len(vector.labels)))


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
    intercept="thresholds",
    prepare=_prepare,
    linked=_linked,
    options=(OPTION,),
)
