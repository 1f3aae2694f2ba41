"""Censoring: of some rows only a bound, or two, of the response is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from bayesmix.errors import FamilyError
from bayesmix.families.derived import of_density
from bayesmix.families.family import Aux, Dpars, Family
from bayesmix.families.generated import generated
from bayesmix.families.maths import Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.special import log_difference

__all__ = ["LEFT", "RIGHT", "censored"]

LEFT, RIGHT, INTERVAL = -1.0, 1.0, 2.0
"""What ``cens`` is where only an upper, only a lower bound, or both are known; else 0."""

KERNEL = """
def censored(y, cens, «v#»):
    if cens < -0.5:
        return below(y, «v#»)
    if cens > 0.5:
        return above(y, «v#»)
    return point(y, «v#»)

def with_intervals(y, cens, y2, «v#»):
    if cens < 1.5:
        return censored(y, cens, «v#»)
    low, «l#» = below(y, «v#»)
    high, «h#» = below(y2, «v#»)
    if low > -0.7:
        high, «h#» = above(y, «v#»)
        low, «l#» = above(y2, «v#»)
    rest, share = -expm1(low - high), exp(low - high)
    return high + log(rest), «(h# - share * l#) / rest»
"""


@cache
def censored(base: Family, interval: bool) -> Family:
    """The family of a response of which `cens` says in which rows it is a bound.

    Parameters
    ----------
    base : Family
        With a distribution function.
    interval : bool
        Whether ``y2`` has upper bounds.

    Raises
    ------
    FamilyError
        If it has none.

    References
    ----------
    brms: ``resp_cens``, https://paulbuerkner.com/brms/reference/addition-terms.html
    """
    if base.log_cdf is None:
        raise FamilyError(
            f"cens() needs a family with a distribution function, which {base.name!r} hasn't here."
        )
    made = _shared(base)
    return replace(base, density=made.density, row=_row(base, made, interval))


def _row(base: Family, made: Censored, interval: bool) -> Any:
    """Around the kernels of the base; of the whole density where those are given terms."""
    if base.row is None:
        return None
    if not base.row.takes and base.row.below is not None:
        return CensoredRow(base.row, interval)
    terms = ("cens", *base.terms_at("y2")) if interval else ("cens",)
    return of_density(base, made.density, terms)


@dataclass(frozen=True)
class Censored:
    """The density of a response that may be a bound."""

    base: Family

    def __reduce__(self) -> tuple[Any, ...]:
        return _shared, (self.base,)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        """The density, or the probability of what is known; ``P(y < Y <= y2)`` for an interval."""
        cens, base = aux["cens"], self.base
        below, above = base.log_cdf(y, p, aux, m), base.log_sf(y, p, aux, m)
        logp = m.where(cens == 0, base.density(y, p, aux, m), m.where(cens < 0, below, above))
        if "y2" not in aux:
            return logp
        y2, at_y2 = aux["y2"], base.at_bound("y2", aux)
        lower = log_difference(base.log_cdf(y2, p, at_y2, m), below, m)
        upper = log_difference(above, base.log_sf(y2, p, at_y2, m), m)
        # The tail in which both are small has the digits.
        return m.where(cens == INTERVAL, m.where(below < above, lower, upper), logp)


@cache
def _shared(base: Family) -> Censored:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Censored(base)


@dataclass(frozen=True)
class CensoredRow:
    """The row kernel of a censored response, from that of the base."""

    base: RowKernel
    interval: bool

    shared, picked = None, ()

    @property
    def below(self) -> Callable[..., tuple[float, ...]]:
        return self.base.below

    @property
    def above(self) -> Callable[..., tuple[float, ...]]:
        return self.base.above

    @property
    def scales(self) -> tuple[str, ...]:
        return self.base.scales

    @property
    def takes(self) -> tuple[str, ...]:
        return ("cens", "y2") if self.interval else ("cens",)

    @property
    def function(self) -> Callable[..., tuple[float, ...]]:
        return _kernel(self.base, self.interval)


@cache
def _kernel(base: RowKernel, interval: bool) -> Callable[..., tuple[float, ...]]:
    name = "with_intervals" if interval else "censored"
    functions = {"point": base.function, "below": base.below, "above": base.above}
    return generated(name, KERNEL, len(base.scales), **functions)
