"""Where each parameter of a model stands in the vector that the sampler moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bayesmix.engine.shifts import Centered, Shift
from bayesmix.priors import Resolved
from bayesmix.spec import Coefficients, GroupPriors, ModelSpec

Block = tuple[tuple[int, ...], int]
"""Members of a block of correlated coefficients, and where its partial correlations start."""


@dataclass(frozen=True)
class CoefficientsAt:
    """The population coefficients of one predictor: the centred intercept, then the slopes."""

    coefficients: Coefficients
    start: int

    @property
    def slopes(self) -> slice:
        first = self.start + (self.coefficients.intercept is not None)
        return slice(first, first + len(self.coefficients.slopes))

    @property
    def stop(self) -> int:
        return self.slopes.stop

    def scalars(self) -> Iterator[tuple[int, Resolved]]:
        c = self.coefficients
        priors = (*(() if c.intercept is None else (c.intercept,)), *c.slopes)
        return enumerate(priors, self.start)


@dataclass(frozen=True)
class ShiftAt:
    """What a centred group's parameters are more than its effects.

    Attributes
    ----------
    source : int
        Where the population coefficient stands that is added.
    prior : Resolved
        Its prior, which has its bounds.
    weights : ndarray
        Levels × the group's coefficients: how much of it.
    """

    source: int
    prior: Resolved
    weights: np.ndarray


@dataclass(frozen=True)
class GroupAt:
    """One grouping factor: standard deviations, partial correlations, effects.

    Standard deviations are strata × coefficients (strata are the levels of ``gr(by=)``), partial
    correlations blocks × strata × rows × columns of the lower triangle, effects levels ×
    coefficients: standardised ones or, for `centered` coefficients, the effects themselves plus
    the `shifts`.
    """

    priors: GroupPriors
    start: int
    centered: tuple[bool, ...]
    shifts: tuple[ShiftAt, ...] = ()

    @property
    def strata(self) -> int:
        by = self.priors.group.by
        return 1 if by is None else len(by.levels)

    @property
    def size(self) -> int:
        return self.priors.group.size

    @property
    def k(self) -> int:
        return len(self.priors.coefs)

    @property
    def sd(self) -> slice:
        return slice(self.start, self.start + self.strata * self.k)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Those of more than one coefficient."""
        found, at = [], self.sd.stop
        for members in self.priors.blocks:
            if len(members) > 1:
                found.append((members, at))
                at += self.strata * _pairs(len(members))
        return tuple(found)

    @property
    def effects(self) -> slice:
        pairs = sum(_pairs(len(b)) for b in self.priors.blocks)
        first = self.sd.stop + self.strata * pairs
        return slice(first, first + self.size * self.k)

    @property
    def stop(self) -> int:
        return self.effects.stop

    def scalars(self) -> Iterator[tuple[int, Resolved]]:
        return enumerate(self.priors.sd * self.strata, self.start)


@dataclass(frozen=True)
class DparAt:
    """A dpar without a formula."""

    name: str
    prior: Resolved
    start: int

    @property
    def stop(self) -> int:
        return self.start + 1

    def scalars(self) -> Iterator[tuple[int, Resolved]]:
        return iter([(self.start, self.prior)])


@dataclass(frozen=True)
class Layout:
    """The parameters of a model, in order.

    Attributes
    ----------
    coefficients : tuple of CoefficientsAt
        One for each predictor.
    groups : tuple of GroupAt
    dpars : tuple of DparAt
    """

    coefficients: tuple[CoefficientsAt, ...]
    groups: tuple[GroupAt, ...]
    dpars: tuple[DparAt, ...]

    @property
    def parts(self) -> tuple[CoefficientsAt | GroupAt | DparAt, ...]:
        return (*self.coefficients, *self.groups, *self.dpars)

    @property
    def n_dim(self) -> int:
        return self.parts[-1].stop if self.parts else 0

    def scalars(self) -> Iterator[tuple[int, Resolved]]:
        """Position and prior of every parameter that has a prior of its own."""
        for part in self.parts:
            yield from part.scalars()

    def group(self, name: str) -> GroupAt:
        return next(g for g in self.groups if g.priors.group.name == name)


def build_layout(
    spec: ModelSpec, centered: Centered = frozenset(), shifts: Iterable[Shift] = ()
) -> Layout:
    """The layout of a model.

    Parameters
    ----------
    spec : ModelSpec
    centered : frozenset of (str, str)
        Group and coefficient of the effects that are parameters.
    shifts : iterable of Shift
        What is added to them.
    """
    at = 0
    coefficients: list[CoefficientsAt] = []
    groups: list[GroupAt] = []
    dpars: list[DparAt] = []
    for c in spec.coefficients:
        coefficients.append(CoefficientsAt(c, at))
        at = coefficients[-1].stop
    for g in spec.groups:
        name = g.group.name
        own = tuple(_shift_at(s, coefficients) for s in shifts if s.group == name)
        groups.append(GroupAt(g, at, tuple((name, n) in centered for n in g.names), own))
        at = groups[-1].stop
    for d in spec.plain_dpars:
        dpars.append(DparAt(d.name, spec.dpar_prior(d.name), at))
        at = dpars[-1].stop
    return Layout(tuple(coefficients), tuple(groups), tuple(dpars))


def _shift_at(shift: Shift, coefficients: Iterable[CoefficientsAt]) -> ShiftAt:
    at = next(c for c in coefficients if c.coefficients.dpar == shift.dpar)
    source, prior = tuple(at.scalars())[shift.column]
    return ShiftAt(source, prior, shift.weights)


def _pairs(size: int) -> int:
    return size * (size - 1) // 2
