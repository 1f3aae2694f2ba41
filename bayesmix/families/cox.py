"""Cox's proportional hazards: mu times a baseline hazard that is a mixture of splines of time.

The hazard is ``mu · Σ sbhaz_k M_k(t)`` with M-splines M and shares sbhaz that add up to one;
integrated, with I-splines, it is minus the log of the probability to last longer. There is no
hazard known beyond the last knot, just after the last time of the data: neither has a response a
mean, nor can it be drawn. What can be asked for is the hazard ratio ``posterior_epred(dpar="mu")``.

References
----------
D. R. Cox (1972), Regression models and life-tables. JRSS B 34(2), 187-220.
brms: https://paulbuerkner.com/brms/reference/brmsfamily.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from bayesmix.errors import PredictionError
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Between, Dpar, Dpars, Family, Vector
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_event
from bayesmix.families.support import Positive

__all__ = ["FAMILY", "with_baseline"]


@cache
def with_baseline(base: Family, count: int, stratified: bool) -> Family:
    """The family with a baseline hazard of so many splines.

    Parameters
    ----------
    base : Family
    count : int
    stratified : bool
        Whether each stratum of ``bhaz(gr=)`` has shares of its own.
    """
    made, numbers = _made(count, stratified), range(1, count + 1)
    cumulative = tuple(f"cbhaz_{k}" for k in numbers)
    takes = (*(f"bhaz_{k}" for k in numbers), *cumulative, *(("gr",) if stratified else ()))
    strata = "gr" if stratified else ""
    labels = tuple(numbers)
    vector = Vector("sbhaz", "bhaz", "sbhaz", labels, ordered=False, shares=True, strata=strata)
    return replace(
        base,
        density=made.density,
        log_cdf=made.log_cdf,
        log_sf=made.log_sf,
        vectors=(vector,),
        at_bounds=cumulative,
        row=derived_row(
            made.density, {"mu": "log"}, takes, shared=(vector.name, count), strata=strata
        ),
    )


@dataclass(frozen=True)
class Cox:
    """What the family computes with a number of splines, in strata or not."""

    count: int
    stratified: bool

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.count, self.stratified)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        """The log of the hazard, and of the probability to have come so far."""
        hazard = self._mixed("bhaz", p, aux, m)
        some = hazard > 0
        log_hazard = m.where(some, m.log(m.where(some, hazard, 1.0)), -np.inf)
        logp = log_hazard + m.log(p["mu"]) + self.log_sf(y, p, aux, m)
        return m.where(p["mu"] > 0, logp, -np.inf)

    def log_cdf(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        cumulative = self._mixed("cbhaz", p, aux, m)
        some = cumulative > 0
        log_cumulative = m.log(m.where(some, cumulative, 1.0)) + m.log(p["mu"])
        return m.where(some, log_event(log_cumulative, m), -np.inf)

    def log_sf(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        return -p["mu"] * self._mixed("cbhaz", p, aux, m)

    def _mixed(self, name: str, p: Dpars, aux: Aux, m: Maths) -> Any:
        """The mixture of splines at the rows."""
        return sum(self._share(k, p, aux, m) * aux[f"{name}_{k + 1}"] for k in range(self.count))

    def _share(self, k: int, p: Dpars, aux: Aux, m: Maths) -> Any:
        share = p["sbhaz"][..., k]
        return m.take(share, m.integer(aux["gr"])) if self.stratified else share


@cache
def _made(count: int, stratified: bool) -> Cox:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Cox(count, stratified)


def _no_mean(p: Dpars, aux: Aux) -> Array:
    raise PredictionError(
        "The mean of a Cox model's times isn't known, for its baseline hazard ends at the last "
        'knot. Ask for the hazard ratio, posterior_epred(dpar="mu"), or its logarithm, '
        "posterior_linpred()."
    )


def _no_times(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    raise PredictionError(
        "Times of a Cox model can't be drawn, for its baseline hazard ends at the last knot, "
        'which some outlast. Ask for the hazard ratio, posterior_epred(dpar="mu"), or its '
        "logarithm, posterior_linpred()."
    )


def _no_mean_between(p: Dpars, lb: Array, ub: Array, aux: Aux) -> Array:
    return _no_mean(p, aux)


def _no_times_between(rng: np.random.Generator, p: Dpars, lb: Array, ub: Array, aux: Aux) -> Array:
    return _no_times(rng, p, aux)


FAMILY = Family(
    name="cox",
    dpars=(Dpar("mu", "log", ("log", "identity", "softplus", "squareplus"), lower=0.0),),
    check=Positive("cox", or_zero=True),
    density=_made(0, False).density,
    mean=_no_mean,
    random=_no_times,
    may=("bhaz",),
    log_cdf=_made(0, False).log_cdf,
    log_sf=_made(0, False).log_sf,
    between=Between(_no_mean_between, _no_times_between),
)
