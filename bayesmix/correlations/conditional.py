"""Residuals of a group that aren't known, given those that are.

With R the correlations of a group's rows, r the residuals of those known in units of their scales,
others have the mean ``R₂₁ R₁₁⁻¹ r`` and the covariances ``R₂₂ - R₂₁ R₁₁⁻¹ R₁₂``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.correlations.dense import Dense, parts
from bayesmix.correlations.layout import Correlation, Layout


@dataclass(frozen=True)
class Conditional:
    """Normal residuals in units of their scales.

    Attributes
    ----------
    mean : ndarray
        Samples × rows.
    factor : ndarray
        Samples × rows × rows: the Cholesky factor of their covariances.
    squares : ndarray
        Samples: the sum of squares of what is new in each of the known ones.
    """

    mean: np.ndarray
    factor: np.ndarray
    squares: np.ndarray

    def of(self, white: np.ndarray) -> np.ndarray:
        """How far residuals are from their means, of standard normal numbers."""
        return (self.factor @ white[..., None])[..., 0]


def given_known(
    correlation: Correlation,
    given: Mapping[str, Any],
    group: Layout,
    unit: np.ndarray,
    new: np.ndarray,
) -> Conditional:
    """The residuals of one group that are `new`, for some samples at a time.

    Parameters
    ----------
    correlation : Correlation
    given : mapping of str to array
        Its parameters.
    group : Layout
        That of one group.
    unit : ndarray
        Samples × positions: what is known.
    new : ndarray of bool
        Which positions aren't.
    """
    found = []
    for some in parts(len(unit), len(new)):
        own = {name: v[some] for name, v in given.items()}
        cov = covariances(correlation, own, group, len(unit[some]))
        found.append(_conditional(cov, unit[some], new))
    return Conditional(*(np.concatenate(part) for part in zip(*found, strict=True)))


def covariances(
    correlation: Correlation, given: Mapping[str, Any], group: Layout, samples: int
) -> np.ndarray:
    """Of the residuals of one group, samples × positions × positions.

    From their matrix, where the correlation has one, or else from what colours residuals.
    """
    if isinstance(correlation, Dense):
        ((_, _, matrix),) = correlation.blocks(given, group, np)
        return matrix
    columns = [
        correlation.colour(given, white, group, np)[..., 0] for white in _impulses(samples, group)
    ]
    factor = np.stack(columns, axis=-1)
    return factor @ np.swapaxes(factor, -1, -2)


def _impulses(samples: int, group: Layout) -> Iterator[np.ndarray]:
    """One at each position."""
    for t in range(len(group.rows)):
        impulse = np.zeros((samples, len(group.rows), 1))
        impulse[:, t] = 1.0
        yield impulse


def _conditional(
    cov: np.ndarray, unit: np.ndarray, new: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means and Cholesky factors of new residuals; the known ones' sum of squares."""
    inner, between = cov[:, ~new][:, :, ~new], cov[:, ~new][:, :, new]
    residuals = unit[:, ~new, None]
    solved = np.linalg.solve(inner, np.concatenate([between, residuals], axis=-1))
    weights, whole = solved[..., :-1], solved[..., -1:]
    mean = (np.swapaxes(weights, -1, -2) @ residuals)[..., 0]
    left = cov[:, new][:, :, new] - np.swapaxes(between, -1, -2) @ weights
    return mean, np.linalg.cholesky(left), (residuals * whole).sum(axis=(-2, -1))
