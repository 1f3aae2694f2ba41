"""What centred effects are deviations from: the part of the population that their group can say.

With many rows per level the data tell the sum of a level's effect and of the population columns
that don't vary within levels, and not its two parts. So that sum is the parameter.

References
----------
Gelfand, Sahu and Carlin (1995), Efficient parametrisations for normal linear mixed models,
*Biometrika* 82(3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bayesmix.engine.levels import WithinLevels, groups_of
from bayesmix.spec import ModelSpec

Centered = frozenset[tuple[str, str]]
"""Group and coefficient of the effects that are parameters themselves."""

EXACT = 1e-9


@dataclass(frozen=True)
class Shift:
    """A population coefficient that is added to a group's effects.

    Attributes
    ----------
    group : str
    dpar : str
    column : int
        The coefficient, 0 being the intercept where there is one.
    weights : ndarray
        Levels × the group's coefficients: how much of it is added to each effect.
    """

    group: str
    dpar: str
    column: int
    weights: np.ndarray


def shifts_of(spec: ModelSpec, centered: Centered) -> tuple[Shift, ...]:
    """The population coefficients that centred effects take up, each those of one group.

    Parameters
    ----------
    spec : ModelSpec
    centered : frozenset of (str, str)
    """
    return tuple(s for dpar in spec.predictors for s in _of_dpar(spec, dpar, centered))


def _of_dpar(spec: ModelSpec, dpar: str, centered: Centered) -> Iterator[Shift]:
    # What few levels have in common is known least, so those groups come first.
    names = sorted(groups_of(spec, dpar), key=lambda n: spec.design.group(n).size)
    left = dict(enumerate(_columns(spec, dpar).T))
    for name in names:
        within = WithinLevels(spec, dpar, name)
        for column, values in tuple(left.items()):
            weights = _weights(spec, within, centered, values)
            if weights is not None:
                yield Shift(name, dpar, column, weights)
                del left[column]


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


def _columns(spec: ModelSpec, dpar: str) -> np.ndarray:
    """The population's columns as its coefficients multiply them, centred."""
    p = spec.predictors[dpar]
    c = next(c for c in spec.coefficients if c.dpar == dpar)
    values = p.population.values.copy()
    values[:, p.has_intercept :] -= c.means
    return values
