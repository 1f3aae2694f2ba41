"""Population coefficients, groups' deviations from them, and their sums."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayesmix.errors import PredictionError, did_you_mean, listed
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


def arranged(tables: ByGroup[pd.DataFrame], wide: bool, sort: str | None) -> ByGroup[pd.DataFrame]:
    """Tables of levels and coefficients, sorted by the estimates of one, or levels × coefficients.

    Raises
    ------
    PredictionError
        If no group has the coefficient to sort by.
    """
    known = list(dict.fromkeys(c for t in tables.values() for c in t.index.unique(1)))
    if sort is not None and sort not in known:
        raise PredictionError(
            f"sort: there is no coefficient {sort!r}; there is {listed(known)}."
            + did_you_mean(str(sort), known)
        )
    return ByGroup({name: _arranged(table, wide, sort) for name, table in tables.items()})


def _arranged(table: pd.DataFrame, wide: bool, sort: str | None) -> pd.DataFrame:
    estimates = table["Estimate"].unstack(sort=False)
    if sort in estimates:
        levels = estimates.sort_values(sort, kind="stable").index
        estimates, table = estimates.loc[levels], table.loc[list(levels)]
    if not wide:
        return table
    estimates.columns.name = None
    return Table(estimates)


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
