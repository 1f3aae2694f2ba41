"""The families with more zeros than others have, made of those."""

from __future__ import annotations

from bayesmix.families import gamma, lognormal, negbinomial, poisson
from bayesmix.families.family import Family
from bayesmix.families.inflated import hurdle, inflated
from bayesmix.families.support import Counts, Positive

__all__ = ["FAMILIES"]


def _inflated(base: Family) -> Family:
    name = f"zero_inflated_{base.name}"
    return inflated(base, name, Counts(name))


def _hurdle(base: Family) -> Family:
    name = f"hurdle_{base.name.lower()}"
    return hurdle(base, name, Counts(name) if base.discrete else Positive(name, or_zero=True))


FAMILIES = (
    _inflated(poisson.FAMILY),
    _inflated(negbinomial.FAMILY),
    _hurdle(poisson.FAMILY),
    _hurdle(negbinomial.FAMILY),
    _hurdle(gamma.FAMILY),
    _hurdle(lognormal.FAMILY),
)
