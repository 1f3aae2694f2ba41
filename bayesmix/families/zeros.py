"""The families with more zeros than others have, made of those."""

from __future__ import annotations

from bayesmix.families import (
    asym_laplace,
    beta,
    beta_binomial,
    binomial,
    gamma,
    lognormal,
    negbinomial,
    poisson,
)
from bayesmix.families.family import Family
from bayesmix.families.inflated import hurdle, inflated
from bayesmix.families.support import Counts, Finite, Positive, Proportion, Successes

__all__ = ["FAMILIES"]


def _inflated(base: Family) -> Family:
    name = f"zero_inflated_{base.name}"
    return inflated(base, name, Successes(name) if base.needs else Counts(name))


def _with_share(base: Family, name: str, check: Proportion | Finite) -> Family:
    """Zeros of a family that has none of its own."""
    return hurdle(base, name, check, "zi")


def _hurdle(base: Family) -> Family:
    name = f"hurdle_{base.name.lower()}"
    return hurdle(base, name, Counts(name) if base.discrete else Positive(name, or_zero=True))


FAMILIES = (
    _inflated(poisson.FAMILY),
    _inflated(negbinomial.FAMILY),
    _inflated(binomial.FAMILY),
    _inflated(beta_binomial.FAMILY),
    _with_share(beta.FAMILY, "zero_inflated_beta", Proportion("zero_inflated_beta", or_zero=True)),
    _with_share(
        asym_laplace.FAMILY, "zero_inflated_asym_laplace", Finite("zero_inflated_asym_laplace")
    ),
    _hurdle(poisson.FAMILY),
    _hurdle(negbinomial.FAMILY),
    _hurdle(gamma.FAMILY),
    _hurdle(lognormal.FAMILY),
)
