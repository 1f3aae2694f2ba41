"""Which regions are neighbours, from a matrix in ``data2``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bayesmix.design.known import labelled_matrix
from bayesmix.errors import DataError, listed
from bayesmix.formula.tree import Name

JITTER = float(np.sqrt(np.finfo(float).eps))
"""What brms adds to the precisions, in units of the most neighbours that a region has."""

SOFT = 0.001
"""Standard deviation of the effects' mean where they add up to zero but for a little."""


@dataclass(frozen=True)
class Neighbours:
    """An undirected graph of regions.

    Attributes
    ----------
    name : str
        What ``data2`` calls its matrix.
    edges : ndarray of int
        Pairs × 2: each pair of neighbours once.
    size : int
        The number of regions.
    """

    name: str
    edges: np.ndarray
    size: int

    @cached_property
    def counts(self) -> np.ndarray:
        """How many neighbours each region has."""
        return np.bincount(self.edges.ravel(), minlength=self.size).astype(float)

    @cached_property
    def matrix(self) -> np.ndarray:
        """One where regions are neighbours, else zero."""
        matrix = np.zeros((self.size, self.size))
        first, second = self.edges.T
        matrix[first, second] = matrix[second, first] = 1.0
        return matrix

    @cached_property
    def proper(self) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues and vectors of D^-½ W D^-½, D the diagonal of counts, W the matrix."""
        root = np.sqrt(self.counts)
        return np.linalg.eigh(self.matrix / root / root[:, None])

    @cached_property
    def intrinsic(self) -> tuple[np.ndarray, np.ndarray]:
        """Those of D - W, less the first, which belong to what all regions have in common."""
        values, vectors = np.linalg.eigh(np.diag(self.counts) - self.matrix)
        return values[1:], vectors[:, 1:]

    @cached_property
    def typical_variance(self) -> float:
        """Geometric mean of the variances of intrinsic effects that add up to zero.

        Source: Riebler, A. et al. (2016), An intuitive Bayesian spatial model for disease mapping
        that accounts for scaling, section 3.2; with the jitter that brms's has.
        """
        values, vectors = self.intrinsic
        variances = (vectors**2 / (values + JITTER * self.counts.max())).sum(axis=1)
        return float(np.exp(np.log(variances).mean()))

    def roughness(self, effects: Any) -> Any:
        """Sum of the squared differences of neighbours; of tensors, or samples × regions."""
        first, second = self.edges.T
        return ((effects[..., first] - effects[..., second]) ** 2).sum(axis=-1)

    def products(self, effects: Any) -> Any:
        """Sum of the products of neighbours."""
        first, second = self.edges.T
        return (effects[..., first] * effects[..., second]).sum(axis=-1)


def build_neighbours(
    name: Name,
    group: str,
    keys: Sequence[str],
    data2: Mapping[str, Any],
    source: str,
    connected: bool,
) -> Neighbours:
    """The graph of a model's regions; rows and columns of others don't count, as in brms.

    Raises
    ------
    FormulaError
        If ``data2`` has no such matrix.
    DataError
        If it is no square table of numbers with labels, lacks some of the regions, is not
        symmetric or has other entries than zeros and ones. If a region has no neighbours or, where
        they have to be `connected`, regions can't all be reached from each other.
    """
    labels, matrix = labelled_matrix(name, group, keys, data2, source)
    _check_binary(name.name, labels, matrix)
    matrix = matrix[: len(keys), : len(keys)]
    first, second = np.nonzero(np.triu(matrix, 1))
    neighbours = Neighbours(name.name, np.stack([first, second], axis=1), len(keys))
    _check_islands(neighbours, keys)
    if connected:
        _check_connected(neighbours, keys)
    return neighbours


def _check_binary(name: str, labels: Sequence[str], matrix: np.ndarray) -> None:
    if np.diag(matrix).any():
        label = labels[int(np.diag(matrix).nonzero()[0][0])]
        raise DataError(
            f"data2[{name!r}] has {label!r} as a neighbour of itself; its diagonal must be zero."
        )
    other = (matrix != 0) & (matrix != 1)
    if other.any():
        i, j = np.argwhere(other)[0]
        raise DataError(
            f"data2[{name!r}] must hold ones for neighbours and zeros for others; it has "
            f"{matrix[i, j]:g} at {labels[i]!r}, {labels[j]!r}. If every number but 0 means "
            f"neighbours, pass ({name} != 0).astype(int)."
        )


def _check_islands(neighbours: Neighbours, keys: Sequence[str]) -> None:
    alone = [key for key, count in zip(keys, neighbours.counts, strict=True) if count == 0]
    if alone:
        raise DataError(
            f"In data2[{neighbours.name!r}] {listed(alone)} {_has(alone)} no neighbours among the "
            "regions of the data. Link each to its nearest region with ones, or leave its rows out."
        )


def _has(labels: Sequence[str]) -> str:
    return "has" if len(labels) == 1 else "have"


def _check_connected(neighbours: Neighbours, keys: Sequence[str]) -> None:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    pieces, piece_of = connected_components(csr_array(neighbours.matrix), directed=False)
    if pieces > 1:
        other = [key for key, piece in zip(keys, piece_of, strict=True) if piece != piece_of[0]]
        raise DataError(
            f"The regions of data2[{neighbours.name!r}] fall into {pieces} parts without links "
            f"between them: {keys[0]!r} can't be reached from {listed(other)}. Intrinsic effects "
            "(icar, esicar, bym2) need one part: link the parts with ones, or use "
            'type="escar".'
        )
