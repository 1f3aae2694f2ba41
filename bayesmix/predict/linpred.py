"""Linear predictors of chunks of rows: draws × rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bayesmix.design.contributions import linear_predictor
from bayesmix.predict.draws import Draws
from bayesmix.predict.levels import NewLevels
from bayesmix.predict.rows import Rows

Part = slice | np.ndarray
"""Some rows."""

SCRATCH = 2**17
"""Elements of the temporary arrays; bounds the memory beside the result."""


def chunks(samples: int, rows: int) -> Iterator[slice]:
    """Slices of rows such that samples × rows of one stay within the scratch."""
    step = max(1, SCRATCH // max(1, samples))
    for start in range(0, rows, step):
        yield slice(start, min(rows, start + step))


@dataclass(frozen=True)
class ChunkValues:
    """What contributions ask for on a chunk of rows: draws, and the effects of its levels."""

    draws: Draws
    rows: Rows
    new: NewLevels
    part: Part
    etas: dict[str, np.ndarray] = field(default_factory=dict)
    _effects: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.draws[name]

    def effects(self, group: str) -> tuple[np.ndarray, np.ndarray]:
        """Effects of the levels among the rows, and where each row finds its own.

        The effects are coefficients × samples × levels: gathered from contiguous memory.
        """
        if group not in self._effects:
            self._effects[group] = self._gathered(group)
        return self._effects[group]

    def once(self, name: str, make: Callable[[Callable[[int], np.ndarray]], Any]) -> Any:
        """What is made once for all rows of a prediction."""
        return self.new.once(name, make)

    def _gathered(self, group: str) -> tuple[np.ndarray, np.ndarray]:
        fitted, index = self.draws[f"r_{group}"], self.rows.located[group].index[self.part]
        levels, at = np.unique(index, return_inverse=True)
        is_new = levels >= fitted.shape[1]
        effects = np.empty((fitted.shape[2], len(self.draws), len(levels)))
        effects[:, :, ~is_new] = np.moveaxis(fitted[:, levels[~is_new]], 2, 0)
        if is_new.any():
            more = self.new.effects(group, levels[is_new] - fitted.shape[1])
            effects[:, :, is_new] = np.moveaxis(more, 2, 0)
        return effects, at.reshape(index.shape)


def linear_predictors(
    draws: Draws, rows: Rows, new: NewLevels, part: Part
) -> dict[str, np.ndarray]:
    """Linear predictors of some rows, ``(sample, row)`` each, on the scale of their links.

    Parameters
    ----------
    draws : Draws
    rows : Rows
    new : NewLevels
    part : slice or ndarray of int
        Which of the rows.

    Returns
    -------
    dict of str to ndarray
        By dpar.
    """
    values = ChunkValues(draws, rows, new, part)
    count = part.stop - part.start if isinstance(part, slice) else len(part)
    shape = len(draws), count
    for target, contributions in rows.predictors.items():
        values.etas[target.dpar] = linear_predictor(contributions, values, shape, part)
    return values.etas
