"""The linear predictor: draws × rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bayesmix.predict.draws import Draws
from bayesmix.predict.levels import NewLevels
from bayesmix.predict.rows import PredictorRows, Rows
from bayesmix.variables import coef_name

SCRATCH = 2**18
"""Elements of the temporary arrays; bounds the memory beside the result."""


def chunks(samples: int, rows: int) -> Iterator[slice]:
    """Slices of rows such that samples × rows of one stay within the scratch."""
    step = max(1, SCRATCH // max(1, samples))
    for start in range(0, rows, step):
        yield slice(start, min(rows, start + step))


def linear_predictors(
    draws: Draws, rows: Rows, new: NewLevels, dpars: tuple[str, ...], part: slice
) -> dict[str, np.ndarray]:
    """Linear predictors of some rows, ``(sample, row)`` each, on the scale of their links.

    Parameters
    ----------
    draws : Draws
    rows : Rows
    new : NewLevels
    dpars : tuple of str
        Those wanted, with a formula each.
    part : slice
        The rows.
    """
    used = dict.fromkeys(b.group for d in dpars for b in rows.predictors[d].groups)
    effects = {group: _effects(draws, rows, new, group, part) for group in used}
    return {d: _linear_predictor(draws, rows.predictors[d], effects, d, part) for d in dpars}


def _effects(
    draws: Draws, rows: Rows, new: NewLevels, group: str, part: slice
) -> tuple[np.ndarray, np.ndarray]:
    """Effects of the levels among some rows, and where each row finds its own.

    The effects are coefficients × samples × levels: gathered from contiguous memory.
    """
    fitted, index = draws[f"r_{group}"], rows.located[group].index[part]
    levels, at = np.unique(index, return_inverse=True)
    is_new = levels >= fitted.shape[1]
    effects = np.empty((fitted.shape[2], len(draws), len(levels)))
    effects[:, :, ~is_new] = np.moveaxis(fitted[:, levels[~is_new]], 2, 0)
    if is_new.any():
        more = new.effects(group, levels[is_new] - fitted.shape[1])
        effects[:, :, is_new] = np.moveaxis(more, 2, 0)
    return effects, at


def _linear_predictor(
    draws: Draws,
    p: PredictorRows,
    effects: dict[str, tuple[np.ndarray, np.ndarray]],
    dpar: str,
    part: slice,
) -> np.ndarray:
    eta = np.zeros((len(draws), part.stop - part.start))
    if p.population.shape[1]:
        np.matmul(draws[coef_name(dpar)], p.population[part].T, out=eta)
    eta += p.offset[part]
    term = np.empty_like(eta)
    for bracket in p.groups:
        values, at = effects[bracket.group]
        for column, position in enumerate(bracket.positions):
            np.take(values[position], at, axis=1, out=term, mode="clip")
            term *= bracket.values[part, column]
            eta += term
    return eta
