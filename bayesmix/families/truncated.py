"""Truncation: responses beyond known bounds don't exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from bayesmix.errors import FamilyError
from bayesmix.families.derived import of_density
from bayesmix.families.family import Array, Aux, Dpars, Family
from bayesmix.families.generated import generated
from bayesmix.families.maths import Maths
from bayesmix.families.row import RowKernel
from bayesmix.families.special import log_difference

__all__ = ["BOUNDS", "truncated"]

BOUNDS = ("lb", "ub")

KERNELS = """
def with_lb(y, TERMS lb, «v#»):
    logp, «d#» = point(y, TERMS «v#»)
    mass, «m#» = above(lb, «v#»)
    return logp - mass, «d# - m#»

def with_ub(y, TERMS ub, «v#»):
    logp, «d#» = point(y, TERMS «v#»)
    mass, «m#» = below(ub, «v#»)
    return logp - mass, «d# - m#»

def with_both(y, TERMS lb, ub, «v#»):
    logp, «d#» = point(y, TERMS «v#»)
    low, «l#» = below(lb, «v#»)
    high, «h#» = below(ub, «v#»)
    if low > -0.7:
        high, «h#» = above(lb, «v#»)
        low, «l#» = above(ub, «v#»)
    rest, share = -expm1(low - high), exp(low - high)
    return logp - high - log(rest), «d# - (h# - share * l#) / rest»
"""


@cache
def truncated(base: Family, given: tuple[str, ...]) -> Family:
    """The family of responses between bounds.

    Parameters
    ----------
    base : Family
        That of the responses if there were no bounds.
    given : tuple of str
        Which of `BOUNDS` there are.

    Raises
    ------
    FamilyError
        If it has no distribution function, or its mean between bounds isn't known.

    References
    ----------
    brms: ``resp_trunc``, https://paulbuerkner.com/brms/reference/addition-terms.html
    """
    if base.log_cdf is None or base.between is None:
        raise FamilyError(
            f"trunc() needs a family whose distribution between bounds is known, which that of "
            f"{base.name!r} isn't here."
        )
    made = _shared(base)
    return replace(
        base,
        density=made.density,
        mean=made.mean,
        random=made.random,
        linear=(),
        needs=(*base.needs, *given),
        mean_needs=None,
        row=_row(base, made, given),
    )


def _row(base: Family, made: Truncated, given: tuple[str, ...]) -> Any:
    """Around the kernels of the base; of the whole density where its tails are given terms."""
    if base.row is None:
        return None
    if base.row.below is not None and not base.discrete:
        return TruncatedRow(base.row, given)
    return of_density(base, made.density, base.terms_at(*given))


@dataclass(frozen=True)
class Truncated:
    """What the family of responses between bounds computes."""

    base: Family

    def __reduce__(self) -> tuple[Any, ...]:
        return _shared, (self.base,)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        return self.base.density(y, p, aux, m) - self._log_mass(p, aux, m)

    def mean(self, p: Dpars, aux: Aux) -> Array:
        return self.base.between.mean(self._of_rows(p, aux), *_bounds(aux), aux)

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        return self.base.between.random(rng, self._of_rows(p, aux), *_bounds(aux), aux)

    def _of_rows(self, p: Dpars, aux: Aux) -> Dpars:
        return p if self.base.adjust is None else self.base.adjust(p, aux)

    def _log_mass(self, p: Dpars, aux: Aux, m: Maths) -> Any:
        """Log of the probability between the bounds, from the tail that has its digits."""
        if "ub" not in aux:
            return self._at("lb", p, aux, m)[1]
        if "lb" not in aux:
            return self._at("ub", p, aux, m)[0]
        low, high = self._at("lb", p, aux, m)
        below, above = self._at("ub", p, aux, m)
        return m.where(low < high, log_difference(below, low, m), log_difference(high, above, m))

    def _at(self, bound: str, p: Dpars, aux: Aux, m: Maths) -> tuple[Any, Any]:
        """Logs of the probabilities below a bound, and above; a count can be its bounds."""
        y = aux[bound] - 1.0 if bound == "lb" and self.base.discrete else aux[bound]
        given = y, p, self.base.at_bound(bound, aux), m
        return self.base.log_cdf(*given), self.base.log_sf(*given)


def _bounds(aux: Mapping[str, Array]) -> tuple[Array, Array]:
    return aux.get("lb", np.array(-np.inf)), aux.get("ub", np.array(np.inf))


@cache
def _shared(base: Family) -> Truncated:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Truncated(base)


@dataclass(frozen=True)
class TruncatedRow:
    """The row kernel between bounds, from that of the base."""

    base: RowKernel
    given: tuple[str, ...]

    shared, picked = None, ()
    below = above = None

    @property
    def scales(self) -> tuple[str, ...]:
        return self.base.scales

    @property
    def takes(self) -> tuple[str, ...]:
        return (*self.base.takes, *self.given)

    @property
    def function(self) -> Callable[..., tuple[float, ...]]:
        return _kernel(self.base, self.given)


@cache
def _kernel(base: RowKernel, given: tuple[str, ...]) -> Callable[..., tuple[float, ...]]:
    text = KERNELS.replace("TERMS", "".join(f"{name}, " for name in base.takes))
    name = f"with_{given[0]}" if len(given) == 1 else "with_both"
    functions = {"point": base.function, "below": base.below, "above": base.above}
    return generated(name, text, len(base.scales), **functions)
