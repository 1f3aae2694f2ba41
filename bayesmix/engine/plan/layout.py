"""Where each parameter of a model stands in the vector that the sampler moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from bayesmix.design import PredictorDesign
from bayesmix.engine.plan.shifts import Centered, Level, Mean, Shift
from bayesmix.parameters import Parameter, Role, Target
from bayesmix.priors import Distribution, Resolved, lkj
from bayesmix.priors.shrinking import Shrinking
from bayesmix.spec import GroupPriors, ModelSpec

if TYPE_CHECKING:
    from bayesmix.engine.plan.informed import Informed

Block = tuple[tuple[int, ...], int]
"""Members of a block of correlated coefficients, and where its partial correlations start."""


@dataclass(frozen=True)
class At:
    """A line of the table of parameters, and its numbers: `size` of them from `start`."""

    parameter: Parameter
    start: int
    size: int

    @property
    def stop(self) -> int:
        return self.start + self.size

    @property
    def numbers(self) -> slice:
        return slice(self.start, self.stop)

    def scalars(self) -> Iterator[tuple[int, Resolved]]:
        """Position and prior of those that have a prior of their own.

        In the place of a response's correlations stand shares, their partial ones' from -1 to 1.
        """
        return enumerate(self._each, self.start)

    @property
    def _each(self) -> tuple[Resolved, ...]:
        p = self.parameter
        if p.role != Role.CORRELATIONS:
            return p.each
        shapes = lkj.partial_shapes(len(lkj.matrix(np.zeros(p.size))), *p.prior.distribution.params)
        betas = (Distribution("beta", (shape, shape)) for shape in shapes)
        return tuple(Resolved(beta, 0.0, 1.0, p.prior.source) for beta in betas)


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
        Where the coefficient stands, or the first of several thresholds.
    size : int
        How many there are.
    source : int
        Where that stands which is taken from it: a mean of effects, or another coefficient.
    weight : float
        How much of it.
    """

    target: int
    size: int
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
    sd: slice
    blocks: tuple[Block, ...]
    effects: slice
    centered: tuple[bool, ...]
    shifts: tuple[ShiftAt, ...] = ()
    reflected: tuple[tuple[int, int], ...] = ()

    @property
    def strata(self) -> int:
        return (self.sd.stop - self.sd.start) // self.k

    @property
    def size(self) -> int:
        return self.priors.group.size

    @property
    def k(self) -> int:
        return len(self.priors.coefs)

    @property
    def numbers(self) -> slice:
        """All of the group's."""
        return slice(self.sd.start, self.effects.stop)


@dataclass(frozen=True)
class Layout:
    """The parameters of a model, in the order of their table.

    Attributes
    ----------
    predictors : mapping of Target to PredictorDesign
        Those that the coefficients belong to.
    at : mapping of str to At
        By the parameter's name.
    groups : tuple of GroupAt
        What belongs to one grouping factor, put together.
    taken : tuple of TakenAt
        From coefficients, one after the other, once they have been added to effects.
    shrinkings : tuple of Shrinking
        What shrinkage priors scale: in place of its values stand numbers that are standard normal.
    increasing : tuple of tuple of int
        Where intercepts stand that increase: the first, and logs of differences.
    informed : mapping of str to tuple of Informed or None
        By variable which exact processes have numbers that take up what rows say.
    """

    predictors: Mapping[Target, PredictorDesign]
    at: Mapping[str, At]
    groups: tuple[GroupAt, ...]
    taken: tuple[TakenAt, ...] = ()
    shrinkings: tuple[Shrinking, ...] = ()
    increasing: tuple[tuple[int, ...], ...] = ()
    informed: Mapping[str, tuple[Informed | None, ...]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> At:
        return self.at[name]

    @property
    def n_dim(self) -> int:
        return sum(at.size for at in self.at.values())

    def of_role(self, role: Role) -> tuple[At, ...]:
        return tuple(at for at in self.at.values() if at.parameter.role == role)

    def scalars(self) -> Iterator[tuple[int, Resolved]]:
        """Position and prior of every number that has a prior of its own."""
        for at in self.at.values():
            if at.parameter.role != Role.COR:
                yield from (s for s in at.scalars() if s[1].distribution.of_one)

    def group(self, name: str) -> GroupAt:
        return next(g for g in self.groups if g.priors.group.name == name)


def build_layout(
    spec: ModelSpec,
    centered: Centered = frozenset(),
    shifts: tuple[Shift, ...] = (),
    means: tuple[Mean, ...] = (),
    levels: Iterable[Level] = (),
    informed: Mapping[str, tuple[Informed | None, ...]] | None = None,
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
    levels : iterable of Level
        Monotonic effects that are.
    informed : mapping of str to tuple of Informed or None
        Exact processes whose numbers take up what rows say of them.
    """
    at = _placed(spec)
    groups = tuple(_group_at(g, at, centered, shifts, means) for g in spec.groups)
    increasing = tuple(tuple(at[p.name].start for p in run) for run in spec.increasing)
    layout = Layout(spec.predictors, at, groups, (), spec.shrinkings, increasing)
    taken = (*_taken(layout, shifts, means), *_of_steps(layout, levels))
    return replace(layout, taken=taken, informed=informed or {})


def _placed(spec: ModelSpec) -> dict[str, At]:
    """Every parameter after the one before it."""
    placed: dict[str, At] = {}
    start = 0
    for p in spec.parameters:
        size = _partial_correlations(spec, p) if p.role == Role.COR else p.size
        placed[p.name] = At(p, start, size)
        start += size
    return placed


def _partial_correlations(spec: ModelSpec, p: Parameter) -> int:
    strata, g = p.size // p.shape[-1] ** 2, spec.group(p.owner)
    return strata * sum(numbers_of(g, block) for block in g.blocks)


def _group_at(
    g: GroupPriors,
    at: Mapping[str, At],
    centered: Centered,
    shifts: Iterable[Shift],
    means: Iterable[Mean],
) -> GroupAt:
    name = g.group.name
    reflected = tuple((m.coef, m.level) for m in means if m.group == name)
    return GroupAt(
        g,
        at[f"sd_{name}"].numbers,
        tuple(_blocks(g, at)),
        at[f"r_{name}"].numbers,
        tuple((name, n) in centered for n in g.names),
        tuple(_shift_at(s, at, reflected) for s in shifts if s.group == name),
        reflected,
    )


def _blocks(g: GroupPriors, at: Mapping[str, At]) -> Iterator[Block]:
    """Those of more than one coefficient."""
    sd = at[f"sd_{g.group.name}"]
    strata, start = sd.size // len(g.coefs), sd.stop
    for members in g.blocks:
        if len(members) > 1:
            yield members, start
            start += strata * numbers_of(g, members)


def reflect(effects: np.ndarray, level: int) -> np.ndarray:
    """Effects, whose last axis is that of levels, with √levels times their mean at one level.

    Householder's reflection, its own inverse, and symmetric. In the kernel: `reflect_effects`.
    """
    root = np.sqrt(effects.shape[-1])
    apart = (effects.sum(axis=-1) - root * effects[..., level]) / (root - 1.0)
    reflection = effects - (apart / root)[..., None]
    reflection[..., level] += apart
    return reflection


def _shift_at(shift: Shift, at: Mapping[str, At], reflected: Iterable[tuple[int, int]]) -> ShiftAt:
    weights = shift.weights.copy()
    for coef, level in reflected:
        # What all levels have in common the mean stands for.
        weights[:, coef] = reflect(weights[:, coef] - weights[:, coef].mean(), level)
    source, prior = tuple(at[shift.target.variable].scalars())[shift.column]
    return ShiftAt(source, prior, weights)


def _taken(layout: Layout, shifts: Iterable[Shift], means: Iterable[Mean]) -> Iterator[TakenAt]:
    """From each coefficient the means of effects, and of what is added to those effects.

    Thresholds go down where an intercept would go up.
    """
    for m in means:
        for source, mean in _parts_of_mean(layout, shifts, m):
            at = layout.at.get(m.target.variable)
            for column in np.flatnonzero(m.weights):
                yield TakenAt(at.start + int(column), 1, source, float(m.weights[column] * mean))
            if m.lowers:
                for t in _thresholds(layout, m.target):
                    yield TakenAt(t.start, t.size, source, -m.lowers * mean)


def _of_steps(layout: Layout, levels: Iterable[Level]) -> Iterator[TakenAt]:
    """From each coefficient, or the thresholds, what monotonic effects have in common with it."""
    for level in levels:
        at = layout[level.target.variable].start
        for column in np.flatnonzero(level.weights):
            weight = float(level.weights[column])
            yield TakenAt(at + int(column), 1, at + level.column, weight)
        if level.lowers:
            for t in _thresholds(layout, level.target):
                yield TakenAt(t.start, t.size, at + level.column, -level.lowers)


def _thresholds(layout: Layout, target: Target) -> Iterator[At]:
    """Those that stand for the intercept of a predictor."""
    return (at for at in layout.of_role(Role.THRESHOLDS) if at.parameter.owner == target)


def _parts_of_mean(layout: Layout, shifts: Iterable[Shift], m: Mean) -> Iterator[tuple[int, float]]:
    """What a mean of effects is the sum of: places, and how much of what stands there."""
    g = layout.group(m.group)
    for s in shifts:
        if (s.group, s.target) == (m.group, m.target):
            mean = float(s.weights[:, m.coef].mean())
            if mean:
                yield layout[m.target.variable].start + s.column, mean
    yield g.effects.start + m.level * g.k + m.coef, g.size**-0.5


def numbers_of(g: GroupPriors, block: tuple[int, ...]) -> int:
    """How many numbers the correlations of a block are made of, in one stratum."""
    size = len(block)
    counts = {"free": size * (size - 1) // 2, "toeplitz": size - 1}
    return counts.get(g.structure(block).correlations, min(1, size - 1))
