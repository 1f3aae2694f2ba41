"""Draws of coefficients: the population's, and those of each level of a group."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.design.matrix import INTERCEPT
from bayesmix.parameters import Parameter, Role
from bayesmix.predict.draws import Draws
from bayesmix.spec import GroupPriors, ModelSpec


def population(spec: ModelSpec, draws: Draws) -> tuple[list[str], np.ndarray]:
    """Names (with the prefix of their dpar) and draws of all population coefficients."""
    names, parts = [], [np.empty((len(draws), 0))]
    for p in (*spec.of_role(Role.THRESHOLDS), *spec.of_role(Role.POPULATION)):
        names += [p.owner.prefix + _coef(p, label) for label in p.coords[0]]
        parts.append(draws[p.name])
    return names, np.concatenate(parts, axis=1)


def _coef(p: Parameter, label: Any) -> str:
    """Thresholds are intercepts, each with its number."""
    return f"Intercept[{label}]" if p.role == Role.THRESHOLDS else label


def of_levels(spec: ModelSpec, draws: Draws, g: GroupPriors) -> tuple[list[str], np.ndarray]:
    """Names and draws, samples × levels × coefficients, of the coefficients of each level.

    A coefficient that only one side has counts as 0 on the other. An intercept's deviation lowers
    the thresholds that stand for the intercept.
    """
    (names, values), thresholds = population(spec, draws), _thresholds(spec)
    own = [name for name in g.names if name not in (*names, *thresholds)]
    both = [*names, *own]
    total = np.zeros((len(draws), g.group.size, len(both)))
    total[:, :, : len(names)] = values[:, None, :]
    for k, name in enumerate(g.names):
        effects, places = draws[f"r_{g.group.name}"][:, :, k], thresholds.get(name)
        for place in (name,) if places is None else places:
            total[:, :, both.index(place)] += effects if places is None else -effects
    if spec.family.less_thresholds:
        of_thresholds = {name for places in thresholds.values() for name in places}
        total[:, :, [name in of_thresholds for name in both]] *= -1.0
    return both, total


def _thresholds(spec: ModelSpec) -> dict[str, list[str]]:
    """The thresholds by the intercept whose place they take."""
    return {
        f"{p.owner.prefix}{INTERCEPT}": [_coef(p, label) for label in p.coords[0]]
        for p in spec.of_role(Role.THRESHOLDS)
    }
