"""Contrasts of quantities: pairwise, sequential, with the first, or arithmetic on ``b0, b1, …``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from bayesmix.effects.arithmetic import computed
from bayesmix.errors import PredictionError

PAIRS = {
    "pairwise": lambda n: [(j, i) for i, j in combinations(range(n), 2)],
    "sequential": lambda n: [(i + 1, i) for i in range(n - 1)],
    "reference": lambda n: [(i, 0) for i in range(1, n)],
}
"""Which is less which."""


def contrasted(hypothesis: str | Sequence[str], values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Names and draws of contrasts; see `Estimates.hypothesis`."""
    if isinstance(hypothesis, str) and hypothesis in PAIRS:
        pairs = PAIRS[hypothesis](values.shape[1])
        differences = [values[:, i] - values[:, j] for i, j in pairs]
        return [f"b{i} - b{j}" for i, j in pairs], _columns(differences, len(values))
    texts = [hypothesis] if isinstance(hypothesis, str) else list(hypothesis)
    return texts, _columns([_contrast(t, values) for t in texts], len(values))


def _contrast(text: str, values: np.ndarray) -> np.ndarray:
    known = {f"b{i}": values[:, i] for i in range(values.shape[1])}
    if not isinstance(text, str):
        raise PredictionError(f"A hypothesis is text such as 'b1 - b0 = 0', not {text!r}.")
    sides = text.split("=")
    if len(sides) > 2:
        raise PredictionError(f"{text!r} has more than one '='.")
    left, *right = (computed(side, known, "quantity") for side in sides)
    return np.broadcast_to(left - right[0] if right else left, len(values))


def _columns(columns: Sequence[np.ndarray], samples: int) -> np.ndarray:
    return np.column_stack(columns) if columns else np.empty((samples, 0))
