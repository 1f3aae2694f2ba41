"""Standard deviations and correlations of group effects, as numbers that are searched for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from bayesmix.formula.structures import Structure
from bayesmix.predict.standard import correlation_root
from bayesmix.priors import common, lkj, serial
from bayesmix.spec import GroupPriors

MARGIN = 1e-6
"""What correlations keep from the ends of their range."""

Bounds = list[tuple[float, float]]


class Block(Protocol):
    """The Cholesky factor of the covariances of some coefficients, from numbers."""

    @property
    def start(self) -> list[float]: ...

    @property
    def bounds(self) -> Bounds: ...

    def roots(self, x: np.ndarray) -> np.ndarray:
        """Of rows of numbers, … × size × size."""


@dataclass(frozen=True)
class Free:
    """Every entry for itself, as in lme4: a variance of 0 is a value like others."""

    size: int

    @property
    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        return np.tril_indices(self.size)

    @property
    def start(self) -> list[float]:
        return [float(i == j) for i, j in zip(*self._places, strict=True)]

    @property
    def bounds(self) -> Bounds:
        return [(0.0 if i == j else -np.inf, np.inf) for i, j in zip(*self._places, strict=True)]

    def roots(self, x: np.ndarray) -> np.ndarray:
        roots = np.zeros((len(x), self.size, self.size))
        roots[(slice(None), *self._places)] = x
        return roots


@dataclass(frozen=True)
class Structured:
    """Standard deviations, then what correlations hang on.

    Attributes
    ----------
    size : int
    structure : Structure
    """

    size: int
    structure: Structure

    @property
    def _sds(self) -> int:
        return {"own": self.size, "one": 1, "unit": 0}[self.structure.sds]

    @property
    def _ranges(self) -> Bounds:
        """Of the numbers of the correlations."""
        if self.size == 1:
            return []
        counts = {"none": 0, "free": self.size * (self.size - 1) // 2, "toeplitz": self.size - 1}
        kind = self.structure.correlations
        lower = -1.0 / (self.size - 1) if kind == "common" else -1.0
        return [(lower + MARGIN, 1.0 - MARGIN)] * counts.get(kind, 1)

    @property
    def start(self) -> list[float]:
        return [1.0] * self._sds + [0.0] * len(self._ranges)

    @property
    def bounds(self) -> Bounds:
        return [(0.0, np.inf)] * self._sds + self._ranges

    def roots(self, x: np.ndarray) -> np.ndarray:
        sds, numbers = np.split(x, [self._sds], axis=1)
        sds = np.ones_like(x[:, :1]) if self.structure.sds == "unit" else np.abs(sds)
        if not numbers.size:
            return sds[:, :, None] * np.eye(self.size)
        return sds[:, :, None] * FACTORS[self.structure.correlations](numbers, self.size)


Factor = Callable[[np.ndarray, int], np.ndarray]

FACTORS: Mapping[str, Factor] = {
    "free": lambda r, size: correlation_root(lkj.matrix(lkj.of_partials((1.0 + r) / 2.0))),
    "common": lambda r, size: correlation_root(common.matrix(r[:, 0], size)),
    "ar1": lambda r, size: serial.cholesky([r[:, 0]], size, np),
    "toeplitz": lambda r, size: serial.cholesky(list(r.T), size, np),
}
"""Cholesky factors of correlations, from rows of numbers between -1 and 1."""


@dataclass(frozen=True)
class Covariance:
    """Standard deviations and correlations of a group's effects, in every stratum of ``by``.

    Attributes
    ----------
    group : GroupPriors
    units : ndarray
        What each coefficient is of the size of.
    """

    group: GroupPriors
    units: np.ndarray

    @cached_property
    def parts(self) -> list[tuple[tuple[int, ...], Block]]:
        """The coefficients that have numbers together, and their factor."""
        members: dict[object, list[int]] = {}
        for i, c in enumerate(self.group.coefs):
            together = c.correlated or c.structure.sds == "one"
            members.setdefault(c.id if together else i, []).append(i)
        return [(tuple(m), self._block(m)) for m in members.values()]

    def _block(self, members: list[int]) -> Block:
        structure, size = self.group.coefs[members[0]].structure, len(members)
        free = structure.sds == "own" and (structure.correlations == "free" or size == 1)
        return Free(size) if free else Structured(size, structure)

    @property
    def strata(self) -> int:
        by = self.group.group.by
        return 1 if by is None else len(by.levels)

    @property
    def start(self) -> np.ndarray:
        return np.array([v for _, b in self.parts for v in b.start] * self.strata)

    @property
    def bounds(self) -> Bounds:
        return [v for _, b in self.parts for v in b.bounds] * self.strata

    def roots(self, x: np.ndarray) -> np.ndarray:
        """Cholesky factors of covariances, strata × coefficients × coefficients."""
        roots = np.zeros((self.strata, *[len(self.units)] * 2))
        ends = np.cumsum([len(b.start) for _, b in self.parts])
        each = np.split(x.reshape(self.strata, -1), ends[:-1], axis=1)
        for (members, block), own in zip(self.parts, each, strict=True):
            units = self._units(members)
            roots[(slice(None), *np.ix_(members, members))] = units[:, None] * block.roots(own)
        return roots

    def _units(self, members: tuple[int, ...]) -> np.ndarray:
        """One for all where they have one standard deviation."""
        units, sds = self.units[list(members)], self.group.coefs[members[0]].structure.sds
        return {"own": units, "one": np.full_like(units, units[0]), "unit": np.ones_like(units)}[
            sds
        ]

    def values(self, x: np.ndarray) -> dict[str, np.ndarray]:
        name, roots = self.group.group.name, self.roots(x)
        sd = np.sqrt((roots**2).sum(axis=-1))
        rows = np.divide(roots, sd[..., None], out=np.zeros_like(roots), where=sd[..., None] > 0)
        cor = rows @ np.moveaxis(rows, -1, -2)
        diagonal = np.arange(len(self.units))
        cor[:, diagonal, diagonal] = 1.0
        strata = slice(None) if self.group.group.by is not None else 0
        values = {f"sd_{name}": sd[None, strata]}
        return values | ({f"cor_{name}": cor[None, strata]} if self.group.correlated else {})
