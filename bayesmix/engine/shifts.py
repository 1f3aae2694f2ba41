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


def shifts_of(spec: ModelSpec, centered: frozenset[str]) -> tuple[Shift, ...]:
    """The population coefficients that centred groups take up, each in one group.

    Parameters
    ----------
    spec : ModelSpec
    centered : frozenset of str
    """
    return tuple(s for dpar in spec.predictors for s in _of_dpar(spec, dpar, centered))


def _of_dpar(spec: ModelSpec, dpar: str, centered: frozenset[str]) -> Iterator[Shift]:
    # What few levels have in common is known least, so those groups come first.
    names = sorted(set(groups_of(spec, dpar)) & centered, key=lambda n: spec.design.group(n).size)
    left = dict(enumerate(_columns(spec, dpar).T))
    for name in names:
        within = WithinLevels(spec, dpar, name)
        for column, values in tuple(left.items()):
            coefs = within.coefs(values)
            rest = values - np.einsum("nk,nk->n", within.z, coefs[within.index])
            if np.abs(rest).max() <= EXACT * np.abs(values).max():
                yield Shift(name, dpar, column, _spread(spec, name, within.positions, coefs))
                del left[column]


def _columns(spec: ModelSpec, dpar: str) -> np.ndarray:
    """The population's columns as its coefficients multiply them, centred."""
    p = spec.predictors[dpar]
    c = next(c for c in spec.coefficients if c.dpar == dpar)
    values = p.population.values.copy()
    values[:, p.has_intercept :] -= c.means
    return values


def _spread(spec: ModelSpec, name: str, positions: np.ndarray, coefs: np.ndarray) -> np.ndarray:
    """Coefficients at their places among all that the group has."""
    g = next(g for g in spec.groups if g.group.name == name)
    weights = np.zeros((g.group.size, len(g.coefs)))
    weights[:, positions] = coefs
    return weights
