"""Population coefficients, groups' deviations from them, and their sums."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayesmix.predict import Draws
from bayesmix.predict.coefficients import of_levels, population
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
    made = {
        g.group.name: _by_level(g, *of_levels(spec, draws, g), probs, robust) for g in spec.groups
    }
    return ByGroup(made)


def ngrps(spec: ModelSpec) -> Table:
    """The number of levels of each group."""
    sizes = {g.name: g.size for g in spec.design.groups}
    return Table({"Levels": sizes.values()}, index=pd.Index(sizes, name="group", dtype=object))


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
