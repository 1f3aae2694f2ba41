"""Shares whose log ratios to a reference are normal and correlated: the logistic normal.

References
----------
Aitchison and Shen (1980), Logistic-normal distributions: some properties and uses, *Biometrika*
67(2). brms: ``logistic_normal``, https://paulbuerkner.com/brms/reference/brmsfamily.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, reduce
from itertools import combinations
from operator import and_
from typing import Any

import numpy as np

from bayesmix.errors import FamilyError, PredictionError
from bayesmix.families.derived import DerivedRow, derived_row
from bayesmix.families.dirichlet import Simplex
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family, Vector
from bayesmix.families.links import SCALE_LINKS
from bayesmix.families.maths import HALF_LOG_2PI, NUMPY, Maths
from bayesmix.families.shares import REFCAT, Shares, columns_of, with_categories
from bayesmix.families.support import drawable

__all__ = ["FAMILY"]

LNCOR = "lncor"
"""The correlations of the log ratios, which all rows share."""


@dataclass(frozen=True)
class LogisticNormal:
    """What the family computes once the categories are known."""

    shares: Shares

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.shares,)

    @property
    def sigmas(self) -> tuple[str, ...]:
        """The parameters that are the log ratios' standard deviations."""
        return tuple("sigma" + main.removeprefix("mu") for main in self.shares.mains)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        factor, proper = self.factor(p.get(LNCOR), m)
        return self._normal(columns_of(y, aux), p, m, factor, proper)

    def of_partials(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        """The density, of canonical partial correlations in the place of correlations."""
        return self._normal(columns_of(y, aux), p, m, self._factor_of_partials(p.get(LNCOR), m), [])

    def _normal(
        self, y: list[Any], p: Dpars, m: Maths, factor: list[list[Any]], proper: list[Any]
    ) -> Any:
        """A multivariate normal density, by the factor of the correlations row by row."""
        logs = [m.log(share) for share in y]
        reference = logs[self.shares.names.index(None)]
        pairs = zip(self.shares.names, logs, strict=True)
        ratios = [log - reference for name, log in pairs if name is not None]
        total, z = -sum(logs), []
        for x, mu, sigma, row in zip(ratios, self.shares.mains, self.sigmas, factor, strict=True):
            *before, own = row
            rest = (x - p[mu]) / p[sigma] - sum(a * b for a, b in zip(before, z, strict=True))
            z.append(rest / own)
            total = total - 0.5 * z[-1] ** 2 - m.log(own) - m.log(p[sigma]) - HALF_LOG_2PI
        proper = [*proper, *(p[sigma] > 0 for sigma in self.sigmas)]
        return m.where(reduce(and_, proper), total, -np.inf)

    def factor(self, correlations: Any, m: Maths) -> tuple[list[list[Any]], list[Any]]:
        """The rows of their Cholesky factor, and what must hold of those of a proper matrix.

        Of one log ratio there are no correlations.
        """
        rows: list[list[Any]] = [[1.0]]
        proper, at = [], 0
        for _ in self.shares.mains[1:]:
            row, left = [], 1.0
            for before in rows:
                known = sum(a * b for a, b in zip(row, before, strict=False))
                row.append((correlations[..., at] - known) / before[-1])
                left, at = left - row[-1] ** 2, at + 1
            proper.append(left > 0)
            rows.append([*row, m.sqrt(m.where(left > 0, left, 1.0))])
        return rows, proper

    def _factor_of_partials(self, shares: Any, m: Maths) -> list[list[Any]]:
        """The same, each partial correlation as its share of the way from -1 to 1."""
        rows: list[list[Any]] = [[1.0]]
        at = 0
        for i in range(1, len(self.shares.mains)):
            row, left = [], 1.0
            for share in (shares[..., at + j] for j in range(i)):
                row.append((2.0 * share - 1.0) * left)
                left = left * (2.0 * m.sqrt(share * (1.0 - share)))
            rows.append([*row, left])
            at += i
        return rows

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        """Shares, on the last axis."""
        factor, _ = self.factor(p.get(LNCOR), NUMPY)
        shape = np.broadcast_shapes(*(np.shape(p[name]) for name in self.shares.mains))
        z = [rng.standard_normal(shape) for _ in factor]
        etas = {}
        for mu, name, row in zip(self.shares.mains, self.sigmas, factor, strict=True):
            deviation = sum(a * b for a, b in zip(row, z, strict=False))
            etas[mu] = p[mu] + drawable(name, p[name], 0) * deviation
        return self.shares.of(etas)


@cache
def _made(shares: Shares) -> LogisticNormal:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return LogisticNormal(shares)


def _prepare(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    if family.option(REFCAT.name) is None:
        raise FamilyError(
            "Family 'logistic_normal' is one of log ratios to a category: refcat= must name it."
        )
    mu, sigma = family.dpars
    family, shares = with_categories(family, levels)
    made = _made(shares)
    mains = (replace(mu, name=name) for name in shares.mains)
    sigmas = (replace(sigma, name=name) for name in made.sigmas)
    return replace(
        family,
        dpars=(*mains, *sigmas),
        vectors=(_correlations(shares),) if len(shares.mains) > 1 else (),
        density=made.density,
        random=made.random,
        row=_row(family.column_names(len(shares.labels)), made),
    )


def _row(columns: tuple[str, ...], made: LogisticNormal) -> DerivedRow:
    mains = made.shares.mains
    scales = dict.fromkeys(mains, "natural") | dict.fromkeys(made.sigmas, "log")
    pairs = len(mains) * (len(mains) - 1) // 2
    shared = (LNCOR, pairs) if pairs else None
    return derived_row(made.of_partials, scales, columns, shared=shared)


def _correlations(shares: Shares) -> Vector:
    """Of each category with those before it, as brms names them."""
    names = [main.removeprefix("mu") for main in shares.mains]
    pairs = sorted(combinations(range(len(names)), 2), key=lambda pair: pair[::-1])
    labels = tuple(f"{names[i]}__{names[j]}" for i, j in pairs)
    return Vector(LNCOR, f"{LNCOR}_pair", LNCOR, labels, correlations=True)


def _no_mean(p: Dpars, aux: Aux) -> Array:
    raise PredictionError(
        "The mean of a logistic normal distribution has no formula. Ask for responses, "
        "posterior_predict() or predict(), or for the mean log ratios, posterior_linpred()."
    )


ALONE = _made(Shares(("",), (None,)))

FAMILY = Family(
    name="logistic_normal",
    dpars=(
        Dpar("mu", "identity", ("identity",)),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Simplex("logistic_normal"),
    density=ALONE.density,
    mean=_no_mean,
    random=ALONE.random,
    columns=True,
    prepare=_prepare,
    options=(REFCAT,),
)
