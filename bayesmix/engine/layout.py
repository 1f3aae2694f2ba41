"""Where each parameter of a model stands in the vector that the sampler moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from bayesmix.engine.shifts import Centered, Mean, Shift
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
        Levels × the group's coefficients: how much of it, reflected where effects are.
    """

    source: int
    prior: Resolved
    weights: np.ndarray


@dataclass(frozen=True)
class TakenAt:
    """What a population coefficient is less than its parameter.

    Attributes
    ----------
    target : int
        Where the coefficient stands.
    source : int
        Where that stands which is taken from it: a mean of effects, or another coefficient.
    weight : float
        How much of it.
    """

    target: int
    source: int
    weight: float


@dataclass(frozen=True)
class GroupAt:
    """One grouping factor: standard deviations, partial correlations, effects.

    Standard deviations are strata × coefficients (strata are the levels of ``gr(by=)``), partial
    correlations blocks × strata × rows × columns of the lower triangle, effects levels ×
    coefficients: standardised ones or, for `centered` coefficients, the effects themselves plus
    the `shifts`. Of coefficients in `reflected` they are the reflection that has √levels times
    the mean in the place of the level that is given.
    """

    priors: GroupPriors
    start: int
    centered: tuple[bool, ...]
    shifts: tuple[ShiftAt, ...] = ()
    reflected: tuple[tuple[int, int], ...] = ()

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
    taken : tuple of TakenAt
        From coefficients, one after the other, once they have been added to effects.
    """

    coefficients: tuple[CoefficientsAt, ...]
    groups: tuple[GroupAt, ...]
    dpars: tuple[DparAt, ...]
    taken: tuple[TakenAt, ...] = ()

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
    spec: ModelSpec,
    centered: Centered = frozenset(),
    shifts: tuple[Shift, ...] = (),
    means: tuple[Mean, ...] = (),
) -> Layout:
    """The layout of a model.

    Parameters
    ----------
    spec : ModelSpec
    centered : frozenset of (str, str)
        Group and coefficient of the effects that are parameters.
    shifts : tuple of Shift
        What is added to them.
    means : tuple of Mean
        Those of them that are added to the population.
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
        reflected = tuple((m.coef, m.level) for m in means if m.group == name)
        own = tuple(_shift_at(s, coefficients, reflected) for s in shifts if s.group == name)
        is_centered = tuple((name, n) in centered for n in g.names)
        groups.append(GroupAt(g, at, is_centered, own, reflected))
        at = groups[-1].stop
    for d in spec.plain_dpars:
        dpars.append(DparAt(d.name, spec.dpar_prior(d.name), at))
        at = dpars[-1].stop
    layout = Layout(tuple(coefficients), tuple(groups), tuple(dpars))
    return replace(layout, taken=tuple(_taken(layout, shifts, means)))


def reflect(effects: np.ndarray, level: int) -> np.ndarray:
    """Effects, whose last axis is that of levels, with √levels times their mean at one level.

    Householder's reflection, its own inverse, and symmetric. In the kernel: `reflect_effects`.
    """
    root = np.sqrt(effects.shape[-1])
    apart = (effects.sum(axis=-1) - root * effects[..., level]) / (root - 1.0)
    reflection = effects - (apart / root)[..., None]
    reflection[..., level] += apart
    return reflection


def _coefficients_of(coefficients: Iterable[CoefficientsAt], dpar: str) -> CoefficientsAt:
    return next(c for c in coefficients if c.coefficients.dpar == dpar)


def _shift_at(
    shift: Shift, coefficients: Iterable[CoefficientsAt], reflected: Iterable[tuple[int, int]]
) -> ShiftAt:
    at, weights = _coefficients_of(coefficients, shift.dpar), shift.weights.copy()
    for coef, level in reflected:
        # What all levels have in common the mean stands for.
        weights[:, coef] = reflect(weights[:, coef] - weights[:, coef].mean(), level)
    source, prior = tuple(at.scalars())[shift.column]
    return ShiftAt(source, prior, weights)


def _taken(layout: Layout, shifts: Iterable[Shift], means: Iterable[Mean]) -> Iterator[TakenAt]:
    """From each coefficient the means of effects, and of what is added to those effects."""
    for m in means:
        at, g = _coefficients_of(layout.coefficients, m.dpar).start, layout.group(m.group)
        own = [s for s in shifts if (s.group, s.dpar) == (m.group, m.dpar)]
        sources = {at + s.column: s.weights[:, m.coef].mean() for s in own}
        sources[g.effects.start + m.level * g.k + m.coef] = g.size**-0.5
        for column in np.flatnonzero(m.weights):
            for source, mean in sources.items():
                if mean:
                    yield TakenAt(at + int(column), source, float(m.weights[column] * mean))


def _pairs(size: int) -> int:
    return size * (size - 1) // 2
