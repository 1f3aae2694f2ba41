"""The linear predictor: draws × rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bayesmix.design import Located
from bayesmix.predict.draws import Draws
from bayesmix.predict.rows import GroupRows, Rows
from bayesmix.spec import ModelSpec
from bayesmix.variables import coef_name

SCRATCH = 2**22
"""Elements of the temporary arrays; bounds the memory beside the result."""


def linear_predictor(
    spec: ModelSpec, draws: Draws, rows: Rows, new: Mapping[str, np.ndarray], dpar: str
) -> np.ndarray:
    """One dpar's linear predictor, ``(sample, row)``, on the scale of its link.

    Parameters
    ----------
    spec : ModelSpec
    draws : Draws
    rows : Rows
    new : mapping of str to ndarray
        Effects of new levels, by group.
    dpar : str
        One with a formula.
    """
    p = rows.predictors[dpar]
    has_population = p.population.shape[1] > 0
    b = draws[coef_name(dpar)] if has_population else np.zeros((len(draws), 0))
    eta = np.empty((len(draws), len(rows)))
    for part in chunks(len(draws), len(rows)):
        np.matmul(b, p.population[part].T, out=eta[:, part])
        eta[:, part] += p.offset[part]
        for bracket in p.groups:
            _add_group(eta, part, bracket, draws, rows.located[bracket.group], new)
    return eta


def chunks(samples: int, rows: int) -> Iterator[slice]:
    """Slices of rows such that samples × rows of one stay within the scratch."""
    step = max(1, SCRATCH // max(1, samples))
    for start in range(0, rows, step):
        yield slice(start, min(rows, start + step))


def _add_group(
    eta: np.ndarray,
    part: slice,
    bracket: GroupRows,
    draws: Draws,
    located: Located,
    new: Mapping[str, np.ndarray],
) -> None:
    fitted = draws[f"r_{bracket.group}"]
    index = located.index[part]
    is_new = index >= fitted.shape[1]
    for column, position in enumerate(bracket.positions):
        values = fitted[:, np.where(is_new, 0, index), position]
        if is_new.any():
            extra = new[bracket.group][:, index[is_new] - fitted.shape[1], position]
            values[:, is_new] = extra
        eta[:, part] += values * bracket.values[part, column]
