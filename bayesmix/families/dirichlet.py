"""The Dirichlet distribution of shares that add up to one, with their means and a precision phi."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from operator import and_
from typing import Any

import numpy as np

from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.shares import REFCAT, Shares, columns_of, with_categories
from bayesmix.families.support import check_finite, drawable, require

__all__ = ["FAMILIES"]

CONCENTRATION_LINKS = (*SCALE_LINKS, "logm1")
TOLERANCE = 0.001
"""How far from one the sum of shares may be that were rounded."""


@dataclass(frozen=True)
class Simplex:
    """The check of positive shares that add up to one; it names the family."""

    family: str

    def __call__(self, y: Any, aux: Aux, labels: Sequence[Any] | None = None) -> None:
        what = f"the response of family {self.family!r}"
        columns = [check_finite(c, what, labels) for c in columns_of(y, aux)]
        for share in columns:
            require(share > 0, share, f"{what} must be shares above 0.", labels)
        total = np.sum(columns, axis=0)
        require(np.abs(total - 1) < TOLERANCE, total, f"{what} must add up to 1 in a row.", labels)


@dataclass(frozen=True)
class Dirichlet:
    """What the family computes once the categories are known."""

    shares: Shares

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.shares,)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        phi = p["phi"]
        total = m.gammaln(phi)
        for share, log_mean in zip(columns_of(y, aux), self.shares.logs(p, m), strict=True):
            a = phi * m.exp(log_mean)
            total = total + (a - 1.0) * m.log(share) - m.gammaln(a)
        return m.where(phi > 0, total, -np.inf)

    def mean(self, p: Dpars, aux: Aux) -> Array:
        """The mean of every share, on the last axis."""
        return self.shares.of(p)

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        """Shares, on the last axis."""
        phi = drawable("phi", p["phi"], np.finfo(float).tiny)[..., None]
        parts = rng.standard_gamma(np.maximum(self.shares.of(p) * phi, np.finfo(float).tiny))
        return parts / parts.sum(axis=-1, keepdims=True)


@cache
def _made(shares: Shares) -> Dirichlet:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Dirichlet(shares)


def _prepare(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    family, shares = with_categories(family, levels)
    made = _made(shares)
    scales = {**dict.fromkeys(shares.mains, "natural"), "phi": "log"}
    row = derived_row(made.density, scales, family.column_names(len(shares.labels)))
    return replace(family, density=made.density, mean=made.mean, random=made.random, row=row)


@dataclass(frozen=True)
class Concentrations:
    """What `dirichlet2` computes: each category's predictor is the log of its own parameter."""

    names: tuple[str, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        return _concentrations, (self.names,)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        total = m.gammaln(sum(p[name] for name in self.names))
        for share, name in zip(columns_of(y, aux), self.names, strict=True):
            total = total + (p[name] - 1.0) * m.log(share) - m.gammaln(p[name])
        return m.where(reduce(and_, (p[name] > 0 for name in self.names)), total, -np.inf)

    def mean(self, p: Dpars, aux: Aux) -> Array:
        """The mean of every share, on the last axis."""
        parts = self._stacked(p)
        return parts / parts.sum(axis=-1, keepdims=True)

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        """Shares, on the last axis."""
        tiny = np.finfo(float).tiny
        parts = rng.standard_gamma(drawable("a concentration", self._stacked(p), 0) + tiny)
        return parts / parts.sum(axis=-1, keepdims=True)

    def _stacked(self, p: Dpars) -> Array:
        return np.stack(np.broadcast_arrays(*(p[name] for name in self.names)), axis=-1)


@cache
def _concentrations(names: tuple[str, ...]) -> Concentrations:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Concentrations(names)


def _prepare_concentrations(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    mu = family.dpar("mu")
    family, shares = with_categories(family, levels)
    names = shares.mains
    made = _concentrations(names)
    others = tuple(replace(mu, name=name) for name in names)
    row = derived_row(made.density, dict.fromkeys(names, "log"), family.column_names(len(names)))
    functions = {"density": made.density, "mean": made.mean, "random": made.random}
    return replace(family, dpars=others, row=row, **functions)


NONE = _made(Shares(("",), (None,)))

FAMILY = Family(
    name="dirichlet",
    dpars=(
        Dpar("mu", "logit", ("logit",), latent=True),
        Dpar("phi", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Simplex("dirichlet"),
    density=NONE.density,
    mean=NONE.mean,
    random=NONE.random,
    columns=True,
    prepare=_prepare,
    options=(REFCAT,),
)

ALONE = _concentrations(("mu",))

FAMILY_OF_CONCENTRATIONS = replace(
    FAMILY,
    name="dirichlet2",
    dpars=(Dpar("mu", "log", CONCENTRATION_LINKS, lower=0.0),),
    check=Simplex("dirichlet2"),
    density=ALONE.density,
    mean=ALONE.mean,
    random=ALONE.random,
    prepare=_prepare_concentrations,
    options=(replace(REFCAT, value=None, default=None, values=(None,)),),
)

FAMILIES = (FAMILY, FAMILY_OF_CONCENTRATIONS)
