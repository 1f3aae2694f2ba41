"""Population coefficients, groups' deviations from them, and their sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.matrix import INTERCEPT
from bayesmix.parameters import Parameter, Role
from bayesmix.predict import Draws
from bayesmix.spec import GroupPriors, ModelSpec
from bayesmix.statistics import summarise
from bayesmix.tables import ByGroup, Table


def fixef(spec: ModelSpec, draws: Draws, probs: Sequence[float], robust: bool) -> Table:
    """The population coefficients; see `Fit.fixef`."""
    names, values = population(spec, draws)
    return Table(summarise(values, pd.Index(names, name="coef", dtype=object), probs, robust))


def ranef(
    spec: ModelSpec, draws: Draws, probs: Sequence[float], robust: bool
) -> ByGroup[pd.DataFrame]:
    """The groups' deviations; see `Fit.ranef`."""
    return ByGroup(
        {
            g.group.name: _by_level(g, g.names, draws[f"r_{g.group.name}"], probs, robust)
            for g in spec.groups
        }
    )


def coef(
    spec: ModelSpec, draws: Draws, probs: Sequence[float], robust: bool
) -> ByGroup[pd.DataFrame]:
    """The groups' own coefficients; see `Fit.coef`."""
    names, values = population(spec, draws)
    thresholds = _thresholds(spec)
    return ByGroup(
        {
            g.group.name: _sums(g, names, values, thresholds, draws, probs, robust)
            for g in spec.groups
        }
    )


def ngrps(spec: ModelSpec) -> Table:
    """The number of levels of each group."""
    sizes = {g.name: g.size for g in spec.design.groups}
    return Table({"Levels": sizes.values()}, index=pd.Index(sizes, name="group", dtype=object))


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


def _sums(
    g: GroupPriors,
    names: list[str],
    values: np.ndarray,
    thresholds: Mapping[str, list[str]],
    draws: Draws,
    probs: Sequence[float],
    robust: bool,
) -> pd.DataFrame:
    """A coefficient that only one side has counts as 0 on the other.

    An intercept's deviation lowers the thresholds that stand for the intercept.
    """
    own = [name for name in g.names if name not in (*names, *thresholds)]
    both = [*names, *own]
    total = np.zeros((len(draws), g.group.size, len(both)))
    total[:, :, : len(names)] = values[:, None, :]
    for k, name in enumerate(g.names):
        effects, places = draws[f"r_{g.group.name}"][:, :, k], thresholds.get(name)
        for place in (name,) if places is None else places:
            total[:, :, both.index(place)] += effects if places is None else -effects
    return _by_level(g, both, total, probs, robust)


def _thresholds(spec: ModelSpec) -> dict[str, list[str]]:
    """The thresholds by the intercept whose place they take."""
    return {
        f"{p.owner.prefix}{INTERCEPT}": [_coef(p, label) for label in p.coords[0]]
        for p in spec.of_role(Role.THRESHOLDS)
    }


def _by_level(
    g: GroupPriors,
    names: Sequence[str],
    values: np.ndarray,
    probs: Sequence[float],
    robust: bool,
) -> pd.DataFrame:
    index = pd.MultiIndex.from_product(
        [pd.Index(g.group.levels, dtype=object).infer_objects(), list(names)],
        names=[g.group.name, "coef"],
    )
    return Table(summarise(values.reshape(len(values), -1), index, probs, robust))
