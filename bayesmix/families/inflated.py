"""More zeros than a distribution has: inflation adds some, a hurdle makes all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from bayesmix.families.counted import counted
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.generated import generated
from bayesmix.families.links import SHARE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.special import log_difference, log_probabilities, log_sum
from bayesmix.families.support import drawable, drawn_shape

__all__ = ["hurdle", "inflated"]

KERNELS = """
def inflated(y, «v#», odds):
    logp, «d#» = point(y, «v#»)
    logp -= softplus(odds)
    if y > 0.0:
        return logp, «d#», -sigmoid(odds)
    zero = -softplus(-odds)
    total = max(logp, zero) + log1p(exp(-abs(logp - zero)))
    share = exp(logp - total)
    return total, «share * d#», (1.0 - share) - sigmoid(odds)

def hurdle(y, «v#», odds):
    if y == 0.0:
        return -softplus(-odds), «0.0 * v#», sigmoid(-odds)
    logp, «d#» = point(y, «v#»)
    return logp - softplus(odds), «d#», -sigmoid(odds)

def hurdle_of_counts(y, «v#», odds):
    if y == 0.0:
        return -softplus(-odds), «0.0 * v#», sigmoid(-odds)
    logp, «d#» = point(y, «v#»)
    zero, «z#» = point(0.0, «v#»)
    ratio = exp(zero) / -expm1(zero)
    logp -= log(-expm1(zero)) + softplus(odds)
    return logp, «d# + ratio * z#», -sigmoid(odds)
"""


def inflated(base: Family, name: str, check: Callable[..., None]) -> Family:
    """The family of counts that are 0 with probability ``zi``, and else of `base`.

    Where `base` has no zeros, as a beta hasn't, `hurdle` with ``share="zi"`` is the same.

    Parameters
    ----------
    base : Family
    name : str
    check : callable
        That of its responses.

    References
    ----------
    brms: ``zero_inflated_poisson`` and others,
    https://paulbuerkner.com/brms/articles/brms_families.html
    """
    return _extended(base, _shared(Inflated, base), name, check, "zi", "inflated")


def hurdle(base: Family, name: str, check: Callable[..., None], share: str = "hu") -> Family:
    """The family of responses that are 0 with probability ``hu``, and else those of `base` but 0.

    Parameters
    ----------
    base : Family
    name : str
    check : callable
        That of its responses.
    share : str
        What the probability is called.

    References
    ----------
    brms: ``hurdle_poisson`` and others, https://paulbuerkner.com/brms/articles/brms_families.html
    """
    kernel = "hurdle_of_counts" if base.discrete else "hurdle"
    return _extended(base, _shared(Hurdle, base, share), name, check, share, kernel)


def _extended(
    base: Family,
    made: Inflated | Hurdle,
    name: str,
    check: Callable[..., None],
    share: str,
    kernel: str,
) -> Family:
    return replace(
        base,
        name=name,
        dpars=(*base.dpars, Dpar(share, "logit", SHARE_LINKS, 0.0, 1.0)),
        check=check,
        density=made.density,
        mean=made.mean,
        random=made.random,
        linear=(*base.linear, share) if made.keeps_linear else (share,),
        row=_row(base, made, share, kernel),
        log_cdf=None if base.log_cdf is None else made.log_cdf,
        log_sf=None if base.log_cdf is None else made.log_sf,
        between=counted(made.log_cdf, made.log_sf) if base.discrete else None,
        quantile=None,
    )


def _row(base: Family, made: Inflated | Hurdle, share: str, kernel: str) -> Any:
    """Around the kernel of the base; of the whole density where that is given addition terms."""
    if not base.row.takes:
        return ZerosRow(base.row, kernel)
    scales = dict(zip(base.dpar_names, base.row.scales, strict=True))
    return derived_row(made.density, {**scales, share: "odds"}, base.row.takes)


@dataclass(frozen=True)
class OfBase:
    """What computes with a base family."""

    base: Family

    def __reduce__(self) -> tuple[Any, ...]:
        return _shared, (type(self), self.base)


@dataclass(frozen=True)
class Inflated(OfBase):
    """What a family with additional zeros computes."""

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        zero, rest = log_probabilities(p, "zi", m)
        logp = rest + self.base.density(y, p, aux, m)
        return m.where(y < 0.5, log_sum(zero, logp, m), logp)

    def log_cdf(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        zero, rest = log_probabilities(p, "zi", m)
        some = m.maximum(y, 0.0)
        below = log_sum(zero, rest + self.base.log_cdf(some, p, aux, m), m)
        return m.where(y < 0, -np.inf, below)

    def log_sf(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        _, rest = log_probabilities(p, "zi", m)
        return m.where(y < 0, 0.0, rest + self.base.log_sf(m.maximum(y, 0.0), p, aux, m))

    @property
    def keeps_linear(self) -> bool:
        """Whether the mean is linear where the base's is."""
        return True

    def mean(self, p: Dpars, aux: Aux) -> Array:
        return (1.0 - p["zi"]) * self.base.mean(p, aux)

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        zi = drawable("zi", p["zi"], 0, 1)
        counts = self.base.random(rng, p, aux)
        return np.where(rng.random(drawn_shape(zi, counts)) < zi, 0, counts)


@dataclass(frozen=True)
class Hurdle(OfBase):
    """What a family with a hurdle computes."""

    share: str = "hu"

    def __reduce__(self) -> tuple[Any, ...]:
        return _shared, (type(self), self.base, self.share)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        zero, rest = log_probabilities(p, self.share, m)
        there = m.abs(y) > 0
        # Any response but 0 will do where it is 0, for its density isn't used.
        some = self.base.density(m.where(there, y, 0.5), p, aux, m)
        return m.where(there, rest + some - self._log_passed(0.0 * y, p, aux, m), zero)

    def log_cdf(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        zero, rest = log_probabilities(p, self.share, m)
        below = self.base.log_cdf(self._positive(y, m), p, aux, m)
        if self.base.discrete:
            none = self.base.log_cdf(0.0 * y, p, aux, m)
            below = log_difference(below, none, m) - self._log_passed(0.0 * y, p, aux, m)
        return m.where(y < 0, -np.inf, m.where(y > 0, log_sum(zero, rest + below, m), zero))

    def log_sf(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        _, rest = log_probabilities(p, self.share, m)
        above = self.base.log_sf(self._positive(y, m), p, aux, m)
        above = above - self._log_passed(0.0 * y, p, aux, m)
        return m.where(y < 0, 0.0, m.where(y > 0, rest + above, rest))

    def _positive(self, y: Any, m: Maths) -> Any:
        """A response that the base has, also where there is none: both branches are computed."""
        return m.where(y > 0, y, 1.0)

    @property
    def keeps_linear(self) -> bool:
        """Whether the mean is linear where the base's is."""
        return not self.base.discrete

    def mean(self, p: Dpars, aux: Aux) -> Array:
        passed = np.exp(self._log_passed(np.zeros(1), p, aux, NUMPY))
        return (1.0 - p[self.share]) * self.base.mean(p, aux) / passed

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        share = drawable(self.share, p[self.share], 0, 1)
        some = self._above_zero(rng, p, aux)
        return np.where(rng.random(drawn_shape(share, some)) < share, 0, some)

    def _log_passed(self, zeros: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        """Log of the probability that the base has for more than 0."""
        if not self.base.discrete:
            return 0.0
        return m.log(-m.expm1(self.base.density(zeros, p, aux, m)))

    def _above_zero(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        if not self.base.discrete:
            return self.base.random(rng, p, aux)
        zero = np.exp(self.base.logp(np.zeros(1), p, aux))
        u = rng.random(drawn_shape(*p.values()))
        return np.maximum(self.base.quantile(zero + u * (1.0 - zero), p, aux), 1).astype(np.int64)


@cache
def _shared(kind: type, *args: Any) -> Any:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return kind(*args)


@dataclass(frozen=True)
class ZerosRow:
    """The row kernel of a family with more zeros, from that of the base."""

    base: RowKernel
    kernel: str

    takes = ()
    shared, picked = None, ()
    below = above = None

    @property
    def scales(self) -> tuple[str, ...]:
        return (*self.base.scales, "odds")

    @property
    def function(self) -> Callable[..., tuple[float, ...]]:
        return _kernel(self.kernel, self.base)


@cache
def _kernel(name: str, base: RowKernel) -> Callable[..., tuple[float, ...]]:
    return generated(name, KERNELS, len(base.scales), point=base.exact)
