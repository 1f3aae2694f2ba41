"""Draws of coefficients: the population's, and those of each level of a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bayesmix.design.matrix import INTERCEPT
from bayesmix.families.maths import NUMPY
from bayesmix.families.thresholds import EQUIDISTANT, FLEXIBLE, THRESHOLD, Thresholds
from bayesmix.parameters import Parameter, Role
from bayesmix.predict.draws import Draws
from bayesmix.spec import GroupPriors, ModelSpec


def population(spec: ModelSpec, draws: Draws) -> tuple[list[str], np.ndarray]:
    """Names (with the prefix of their dpar) and draws of all population coefficients."""
    names, parts = [], [np.empty((len(draws), 0))]
    for p in spec.of_role(Role.THRESHOLDS):
        names += _threshold_names(spec, p)
        parts.append(_thresholds(spec, p, draws))
    for p in spec.of_role(Role.POPULATION):
        names += [p.owner.named(label) for label in p.coords[0]]
        parts.append(draws[p.name])
    return names, np.concatenate(parts, axis=1)


def _threshold_names(spec: ModelSpec, p: Parameter) -> list[str]:
    """Intercepts, each with its number."""
    return [f"{p.owner.prefix}Intercept[{k}]" for k in _numbers(spec, p)]


def _numbers(spec: ModelSpec, p: Parameter) -> Sequence[Any]:
    """Of parameters that all thresholds are made of those of the thresholds."""
    made = _made_of(spec, p)
    return p.coords[0] if made is None else range(1, 1 + made.most({}))


def _made_of(spec: ModelSpec, p: Parameter) -> Thresholds | None:
    """How thresholds are made of parameters; None if they are these."""
    family = spec.response_of(p.owner).family
    kind = family.option(THRESHOLD) if family.options else FLEXIBLE
    known = kind != EQUIDISTANT or p.owner.called("delta") in spec.by_name
    count = len(family.outcome[1]) - 1 - (family.first_code == 0)
    return Thresholds(kind, (count,)) if kind != FLEXIBLE and known else None


def _thresholds(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    made = _made_of(spec, p)
    if made is None:
        return draws[p.name]
    own = spec.response_of(p.owner).variables
    values = {n: draws[v] for n, v in own.items() if v == p.name or n == "delta"}
    return np.stack(made.all(values, {}, NUMPY), axis=-1)


def of_levels(spec: ModelSpec, draws: Draws, g: GroupPriors) -> tuple[list[str], np.ndarray]:
    """Names and draws, samples × levels × coefficients, of the coefficients of each level.

    A coefficient that only one side has counts as 0 on the other. An intercept's deviation lowers
    the thresholds that stand for the intercept.
    """
    (names, values), thresholds = population(spec, draws), _of_intercepts(spec)
    lowered = {place for places in thresholds.values() for place in places}
    several = thresholds | {k: v for k, v in _of_specific(spec).items() if k not in names}
    own = [name for name in g.names if name not in (*names, *several)]
    both = [*names, *own]
    total = np.zeros((len(draws), g.group.size, len(both)))
    total[:, :, : len(names)] = values[:, None, :]
    for k, name in enumerate(g.names):
        effects, places = draws[f"r_{g.group.name}"][:, :, k], several.get(name, [name])
        for place in places:
            total[:, :, both.index(place)] += -effects if place in lowered else effects
    negated = {
        name
        for p in spec.of_role(Role.THRESHOLDS)
        if spec.response_of(p.owner).family.less_thresholds
        for name in _threshold_names(spec, p)
    }
    total[:, :, [name in negated for name in both]] *= -1.0
    return both, total


def _of_intercepts(spec: ModelSpec) -> dict[str, list[str]]:
    """The thresholds by the intercept whose place they take."""
    return {
        f"{p.owner.prefix}{INTERCEPT}": _threshold_names(spec, p)
        for p in spec.of_role(Role.THRESHOLDS)
    }


def _of_specific(spec: ModelSpec) -> dict[str, list[str]]:
    """The coefficients of each threshold by what a common one would be called."""
    found: dict[str, list[str]] = {}
    for p in spec.of_role(Role.POPULATION):
        for label in p.coords[0] if p.owner.category else ():
            found.setdefault(label, []).append(p.owner.named(label))
    return found
