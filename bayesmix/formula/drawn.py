"""Factors of terms whose values hang on draws: ``mo(x)``, ``me(x, sdx)``, ``mi(x)``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bayesmix.formula.imputed import IMPUTED, check_imputed
from bayesmix.formula.measured import MEASURED, Measurement, is_measured
from bayesmix.formula.monotonic import MONOTONIC, check_monotonic
from bayesmix.formula.tree import Call, Expr, Name, Term, Terms

CHECKS: Mapping[str, object] = MappingProxyType(
    {MONOTONIC: check_monotonic, MEASURED: Measurement.of, IMPUTED: check_imputed}
)
"""What raises FormulaError for a call that can't be read, by the function's name."""


def is_drawn(factor: Expr) -> bool:
    """Whether it is a call of one of them."""
    return isinstance(factor, Call) and factor.function in CHECKS


def drawn_factors(term: Term) -> tuple[Call, ...]:
    """Those that a term has, in order."""
    return tuple(f for f in term.factors if is_drawn(f))


def reads_of(factor: Name | Call) -> tuple[Expr, ...]:
    """The expressions of columns that a factor is made of."""
    if is_measured(factor):
        return Measurement.of(factor).reads
    return (factor.args[0],) if is_drawn(factor) else (factor,)


def parted(terms: Terms) -> tuple[Terms, Terms]:
    """The terms without such factors, and those with some, which have no intercept."""
    drawn = tuple(t for t in terms.terms if drawn_factors(t))
    plain = tuple(t for t in terms.terms if not drawn_factors(t))
    return replace(terms, terms=plain), Terms(False, drawn)
