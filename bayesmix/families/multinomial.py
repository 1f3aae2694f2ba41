"""Counts of several categories out of a number of trials, alike or varying in their shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.shares import REFCAT, Shares, columns_of, with_categories
from bayesmix.families.special import rising_rest
from bayesmix.families.support import check_whole, drawable, require

__all__ = ["FAMILIES"]


@dataclass(frozen=True)
class CountsOfTrials:
    """The check of counts that add up to the trials; it names the family."""

    family: str

    def __call__(self, y: Any, aux: Aux, labels: Sequence[Any] | None = None) -> None:
        what = f"the response of family {self.family!r}"
        columns = [check_whole(c, what, labels=labels) for c in columns_of(y, aux)]
        total = np.sum(columns, axis=0)
        rule = f"the counts of family {self.family!r} must add up to their trials()."
        require(total == aux["trials"], total, rule, labels)


@dataclass(frozen=True)
class Multinomial:
    """What the families compute once the categories are known."""

    shares: Shares
    varying: bool

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.shares, self.varying)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        trials, logs = aux["trials"], self.shares.logs(p, m)
        counts = columns_of(y, aux)
        total = m.gammaln(trials + 1.0)
        for count, log_share in zip(counts, logs, strict=True):
            some = m.where(count > 0, count * log_share, 0.0)
            total = total + some - m.gammaln(count + 1.0)
        return total + self._variation(counts, logs, trials, p["phi"], m) if self.varying else total

    def _variation(
        self, counts: list[Any], logs: list[Any], trials: Any, phi: Any, m: Maths
    ) -> Any:
        """What is added where the shares vary: rising powers over powers."""
        log_phi = m.log(phi)
        added = -rising_rest(phi, log_phi, trials, m)
        for count, log_share in zip(counts, logs, strict=True):
            a, log_a = phi * m.exp(log_share), log_phi + log_share
            added = added + rising_rest(a, log_a, count, m)
        return added

    def mean(self, p: Dpars, aux: Aux) -> Array:
        """The expected count of every category, on the last axis."""
        return np.asarray(aux["trials"], float)[..., None] * self.shares.of(p)

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        """Counts of the categories, on the last axis."""
        shares = self.shares.of(p)
        if self.varying:
            phi = drawable("phi", p["phi"], np.finfo(float).tiny)[..., None]
            parts = rng.standard_gamma(np.maximum(shares * phi, np.finfo(float).tiny))
            shares = parts / parts.sum(axis=-1, keepdims=True)
        trials = np.broadcast_to(np.asarray(aux["trials"]).astype(np.int64), shares.shape[:-1])
        return rng.multinomial(trials, shares)


@cache
def _made(shares: Shares, varying: bool) -> Multinomial:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Multinomial(shares, varying)


def _prepare(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    family, shares = with_categories(family, levels)
    made = _made(shares, "phi" in family.dpar_names)
    scales = dict.fromkeys(shares.mains, "natural") | ({"phi": "log"} if made.varying else {})
    row = derived_row(made.density, scales, ("trials", *family.column_names(len(shares.labels))))
    return replace(family, density=made.density, mean=made.mean, random=made.random, row=row)


def _family(name: str, *more: Dpar) -> Family:
    none = _made(Shares(("",), (None,)), bool(more))
    return Family(
        name=name,
        dpars=(Dpar("mu", "logit", ("logit",), latent=True), *more),
        check=CountsOfTrials(name),
        density=none.density,
        mean=none.mean,
        random=none.random,
        discrete=True,
        columns=True,
        needs=("trials",),
        prepare=_prepare,
        options=(REFCAT,),
    )


FAMILIES = (
    _family("multinomial"),
    _family("dirichlet_multinomial", Dpar("phi", "log", SCALE_LINKS, lower=0.0)),
)
