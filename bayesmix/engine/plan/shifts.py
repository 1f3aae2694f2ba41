"""What centred effects are deviations from, and what their means are parts of.

With many rows per level the data tell sums of effects and of population columns, and not their
parts. Two changes of variables, both linear and of constant volume, make parameters of the sums.

A population column that doesn't vary within a group's levels adds to the effects of that group:
their sums with it are the parameters (hierarchical centring), for one group each.

The mean over levels of a centred coefficient that the population could say as well adds to the
population: b' = b + mean(r) is the parameter, and the mean a coordinate of its own, by a reflection
of the effects that leaves their prior as it is. The data then know b' and nothing of the mean,
which has its prior. As they stand, b and the means of crossed groups would lie along a ridge that
is spread over all levels, which no diagonal metric sees and no trajectory gets along in one turn.

Monotonic effects are zero at the lowest level, where there may be few rows: the population's
columns say what steps of one size would be, and their coefficients take that up.

References
----------
Gelfand, Sahu and Carlin (1995), Efficient parametrisations for normal linear mixed models,
*Biometrika* 82(3). Papaspiliopoulos, Roberts and Zanella (2020), Scalable inference for crossed
random effects models, *Biometrika* 107(1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bayesmix.design.monotonic import climbed_evenly
from bayesmix.engine.numerics.transforms import IDENTITY, transform_of
from bayesmix.engine.plan.levels import WithinLevels, groups_of
from bayesmix.parameters import Target
from bayesmix.priors import Resolved
from bayesmix.spec import GroupPriors, ModelSpec

Centered = frozenset[tuple[str, str]]
"""Group and coefficient of the effects that are parameters themselves."""

EXACT = 1e-9


@dataclass(frozen=True)
class Shift:
    """A population coefficient that is added to a group's effects.

    Attributes
    ----------
    group : str
    target : Target
    column : int
        The coefficient, 0 being the intercept where there is one.
    weights : ndarray
        Levels × the group's coefficients: how much of it is added to each effect.
    """

    group: str
    target: Target
    column: int
    weights: np.ndarray


@dataclass(frozen=True)
class Mean:
    """The mean over levels of a group's coefficient, which is added to the population's.

    Attributes
    ----------
    group : str
    coef : int
        The group's coefficient.
    level : int
        In whose place the mean stands among the parameters.
    target : Target
    weights : ndarray
        How much of it is added to each coefficient of the population.
    lowers : float
        How much of it is taken from every threshold that stands in the place of the intercept.
    """

    group: str
    coef: int
    level: int
    target: Target
    weights: np.ndarray
    lowers: float = 0.0


@dataclass(frozen=True)
class Level:
    """A monotonic effect with steps of one size, which is added to the population's coefficients.

    Attributes
    ----------
    target : Target
    column : int
        The effect's own coefficient.
    weights : ndarray
        How much of it is added to each coefficient.
    lowers : float
        How much of it is taken from every threshold that stands in the place of the intercept.
    """

    target: Target
    column: int
    weights: np.ndarray
    lowers: float = 0.0


def shifts_of(spec: ModelSpec, centered: Centered, without: str | None = None) -> tuple[Shift, ...]:
    """The population coefficients that centred effects take up, each those of one group.

    Parameters
    ----------
    spec : ModelSpec
    centered : frozenset of (str, str)
    without : str, optional
        A group whose effects are integrated out; what it has in common with the population is left
        to it.
    """
    return tuple(
        shift
        for part in spec.parts
        for target in part.predictors
        for shift in _of_predictor(part, target, centered, without)
    )


def means_of(spec: ModelSpec, centered: Centered, shifts: tuple[Shift, ...]) -> tuple[Mean, ...]:
    """The means of centred effects that the population's coefficients take up.

    They are those of coefficients that the population can say, by columns without bounds that are
    not shifts of the same group.

    Parameters
    ----------
    spec : ModelSpec
    centered : frozenset of (str, str)
    shifts : tuple of Shift
        Those of the same model.
    """
    groups = [g for g in spec.groups if any(name == g.group.name for name, _ in centered)]
    return tuple(
        mean
        for part in spec.parts
        for target in part.predictors
        for g in groups
        if g.group.size > 1 and g.group.name in groups_of(part, target)
        for mean in _of_group(part, target, g, centered, shifts)
    )


def levels_of(spec: ModelSpec) -> Iterator[Level]:
    """What columns without bounds say of each monotonic effect, by least squares."""
    pairs = ((part, p) for part in spec.parts for p in part.predictors.values())
    for part, p in pairs:
        for c in p.monotonic:
            columns = _free_columns(part, p.target)
            for at, x, steps in c.of_coefficients:
                values = x * climbed_evenly(steps)
                weights = np.linalg.lstsq(columns, values)[0]
                yield Level(p.target, at, weights[:-1], float(weights[-1]))


def _of_predictor(
    spec: ModelSpec, target: Target, centered: Centered, without: str | None
) -> Iterator[Shift]:
    # What few levels have in common is known least, so those groups come first.
    names = sorted(groups_of(spec, target), key=lambda n: spec.design.group(n).size)
    columns = enumerate(_columns(spec, target).T)
    own = _has_own_prior(spec, target)
    left = {at: values for at, values in columns if own[at]}
    if without in names:
        names.remove(without)
        for column in _common(spec, target, without, left):
            del left[column]
    for name in names:
        within = WithinLevels(spec, name, {target: 1.0})
        for column, values in tuple(left.items()):
            weights = _weights(spec, within, centered, values)
            if weights is not None:
                yield Shift(name, target, column, weights)
                del left[column]


def _common(
    spec: ModelSpec, target: Target, name: str, columns: dict[int, np.ndarray]
) -> list[int]:
    """The columns without bounds that a group says in the same way at all levels."""
    z, free = WithinLevels(spec, name, {target: 1.0}).z, _unbounded(spec, target)
    return [c for c, values in columns.items() if free[c] and _combination(z, values) is not None]


def _of_group(
    spec: ModelSpec, target: Target, g: GroupPriors, centered: Centered, shifts: tuple[Shift, ...]
) -> Iterator[Mean]:
    name, columns = g.group.name, _free_columns(spec, target)
    within = WithinLevels(spec, name, {target: 1.0})
    own = [s.column for s in shifts if s.group == name and s.target == target]
    # A level like most others, for the data on it are those on a sum over all others.
    level = int(np.argsort(np.bincount(within.index, minlength=within.size))[within.size // 2])
    for coef, z in zip(within.positions, within.z.T, strict=True):
        if (name, g.names[coef]) in centered:
            weights = _combination(columns, z)
            if weights is not None and weights.any() and not weights[own].any():
                yield Mean(name, int(coef), level, target, weights[:-1], float(weights[-1]))


def replaces_intercept(spec: ModelSpec, target: Target) -> bool:
    """Whether a vector of thresholds stands for the intercept of a predictor."""
    return target.is_main and spec.family.intercept is not None and spec.family.level_free


def _combination(columns: np.ndarray, values: np.ndarray) -> np.ndarray | None:
    """The weights with which columns add up to values, if they do."""
    if not columns.size:
        return None
    weights = np.linalg.lstsq(columns, values)[0]
    size = EXACT * np.abs(values).max()
    if np.abs(values - columns @ weights).max() > size:
        return None
    return np.where(np.abs(weights) * np.abs(columns).max(axis=0) > size, weights, 0.0)


def _weights(
    spec: ModelSpec, within: WithinLevels, centered: Centered, values: np.ndarray
) -> np.ndarray | None:
    """How a group says a column of the population by its centred coefficients, if it can."""
    if not any(group == within.group for group, _ in centered):
        return None
    coefs, size = within.coefs(values), EXACT * np.abs(values).max()
    rest = values - np.einsum("nk,nk->n", within.z, coefs[within.index])
    g = next(g for g in spec.groups if g.group.name == within.group)
    weights = np.zeros((within.size, len(g.coefs)))
    weights[:, within.positions] = coefs
    others = [i for i, name in enumerate(g.names) if (within.group, name) not in centered]
    exact = np.abs(rest).max() <= size and (np.abs(weights[:, others]) <= size).all()
    return np.where(np.isin(np.arange(len(g.coefs)), others), 0.0, weights) if exact else None


def _columns(spec: ModelSpec, target: Target) -> np.ndarray:
    """The population's columns as its coefficients multiply them, centred."""
    columns = spec.predictors[target].columns
    values = columns.values.copy()
    values[:, columns.has_intercept :] = columns.centred
    return values


def _free_columns(spec: ModelSpec, target: Target) -> np.ndarray:
    """Zeros where a coefficient has bounds; last the column that thresholds stand for, if any."""
    columns = np.where(_unbounded(spec, target), _columns(spec, target), 0.0)
    return np.column_stack([columns, np.full(len(columns), replaces_intercept(spec, target))])


def _unbounded(spec: ModelSpec, target: Target) -> np.ndarray:
    free = [transform_of(p.lower, p.upper) == IDENTITY for p in _priors(spec, target)]
    return np.array(free, bool) & _has_own_prior(spec, target)


def _has_own_prior(spec: ModelSpec, target: Target) -> np.ndarray:
    """Whether each coefficient is a column's, and has a prior that doesn't shrink several.

    Intercepts that have to increase from one predictor to the next are no one's own.
    """
    own = np.array([p.distribution.of_one for p in _priors(spec, target)], bool)
    own[len(own) - len(spec.predictors[target].columns.others) :] = False
    if any(p.owner == target for run in spec.increasing for p in run):
        own[0] = False
    return own


def _priors(spec: ModelSpec, target: Target) -> tuple[Resolved, ...]:
    coefficients = spec.by_name.get(target.variable)
    return () if coefficients is None else coefficients.priors
