"""The compressed rows of a model, cut into tiles of levels of the integrated group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bayesmix.design import Group
from bayesmix.engine.marginal.compress import compress
from bayesmix.engine.marginal.tables import tile_scratch
from bayesmix.engine.plan.packing import _Packer
from bayesmix.parameters import MAIN
from bayesmix.spec import ModelSpec

WIDEST, NARROWEST = 256, 8
ERRORS = 4096
"""Rows of a tile, where that doesn't make it too narrow: they and their scratch fit the cache."""


@dataclass(frozen=True)
class Rows:
    """Compressed rows, sorted by the level of the integrated group.

    Attributes
    ----------
    z : ndarray
        Columns of the integrated group.
    rest : ndarray
        Columns of the population, of the other groups, and the response.
    level : ndarray
        Of the integrated group.
    others : ndarray
        Rows × other groups, levels.
    """

    z: np.ndarray
    rest: np.ndarray
    level: np.ndarray
    others: np.ndarray


def compressed(spec: ModelSpec, name: str) -> Rows:
    """The rows of a model, as few as there can be."""
    names, columns = columns_of(spec, name)
    ends = np.cumsum([c.shape[1] for c in columns])
    table, weights = np.concatenate(columns, axis=1), spec.response.data.aux.get("weights")
    if weights is not None:
        table *= np.sqrt(weights)[:, None]
    levels = [spec.design.group(n).index for n in names]
    table, levels = compress(table, levels, ends[: len(names)])
    z, others, x, y = np.split(table, ends[[0, len(names) - 1, -2]], axis=1)
    if spec.response.predictors[MAIN].columns.has_intercept:
        x[:, 1:] -= x[:, :1] * spec.response.predictors[MAIN].columns.means
    rest = np.concatenate([x, others, y], axis=1)
    return Rows(z, rest, levels[0], np.stack(levels, 1)[:, 1:])


def columns_of(spec: ModelSpec, name: str) -> tuple[list[str], list[np.ndarray]]:
    """The groups, that which is integrated out first; and columns: theirs, the population's, y's.

    The population's are not centred.
    """
    p, response = spec.response.predictors[MAIN], spec.response.data
    names = sorted((g.name for g in spec.design.groups), key=lambda n: n != name)
    of_group = [_columns(spec, n) for n in names]
    return names, [*of_group, p.columns.values, (response.y - p.offset)[:, None]]


def strata_of(group: Group) -> np.ndarray:
    """The stratum of each level."""
    return np.zeros(group.size, int) if group.by is None else group.by.of_level


def cut(counts: np.ndarray, strata: np.ndarray) -> Iterator[np.ndarray]:
    """The levels of each tile: of one stratum, those with most rows first."""
    order = np.lexsort([-counts, strata])
    while order.size:
        width = np.clip(ERRORS // max(counts[order[0]], 1), NARROWEST, WIDEST)
        same = strata[order[:width]] == strata[order[0]]
        yield order[: same.sum()]
        order = order[same.sum() :]


class Tiles:
    """Cuts compressed rows into tiles of levels.

    Attributes
    ----------
    records : list of tuple
        As `TILE` has them.
    columns : int
        Those of a slot beside Q's.
    errors, scratch, level : int
        The scratch that the largest tile needs, and a level.
    """

    def __init__(self, packer: _Packer, spec: ModelSpec, name: str) -> None:
        self.packer, self.rows = packer, compressed(spec, name)
        rows, group = self.rows, spec.design.group(name)
        self.columns, self.level = rows.rest.shape[1], rows.z.shape[1]
        self.strata = strata_of(group)
        with_level = int((rows.z != 0.0).any(axis=1).sum())
        self.counts = np.bincount(rows.level[:with_level], minlength=group.size)
        self.starts = np.cumsum(self.counts) - self.counts
        self.errors = self.scratch = 0
        self.records = [self.tile(lv) for lv in cut(self.counts, self.strata)]
        self.records += [self.rest(at) for at in range(with_level, len(rows.rest), ERRORS)]

    def tile(self, levels: np.ndarray) -> tuple[int, ...]:
        counts = self.counts[levels]
        slots = np.arange(counts.max())[:, None]
        index = np.where(slots < counts, self.starts[levels] + slots, -1)
        z = _taken(self.rows.z, index)
        q, r = np.linalg.qr(z.transpose(1, 0, 2))
        k, rank = z.shape[2], q.shape[2]
        at = self.packer.data.add(r.transpose(1, 2, 0))
        codes = self.add(index, q.transpose(1, 2, 0), levels)
        return self.record(index, k, rank, int(self.strata[levels[0]]), at, codes)

    def rest(self, start: int) -> tuple[int, ...]:
        """Rows on which the integrated group has no say."""
        index = np.arange(start, min(start + ERRORS, len(self.rows.rest)))
        width = min(index.size, WIDEST)
        index = np.append(index, np.full(-index.size % width, -1)).reshape(-1, width)
        at = self.packer.data.size
        codes = self.add(index, np.empty((len(index), 0, width)), np.zeros(width))
        return self.record(index, 0, 0, 0, at, codes)

    def record(
        self, index: np.ndarray, k: int, rank: int, stratum: int, data: int, codes: int
    ) -> tuple[int, ...]:
        slots, levels = index.shape
        scratch, size = tile_scratch(levels, k, rank)
        self.errors, self.scratch = max(self.errors, index.size), max(self.scratch, size)
        return levels, slots, k, rank, stratum, data, codes, *scratch

    def add(self, index: np.ndarray, q: np.ndarray, levels: np.ndarray) -> int:
        """Store the slots of a tile; returns where its codes start."""
        rest = _taken(self.rows.rest, index).transpose(0, 2, 1)
        self.packer.data.add(np.concatenate([q, rest], axis=1))
        others = _taken(self.rows.others, index).transpose(0, 2, 1)
        at = self.packer.codes.add(levels)
        self.packer.codes.add(others)
        return at


def _taken(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """``values[index]`` with zeros where the index is -1."""
    return values[index] * (index >= 0)[..., None].astype(values.dtype)


def _columns(spec: ModelSpec, name: str) -> np.ndarray:
    """What a group's coefficients multiply, in their order."""
    terms = [t for t in spec.response.predictors[MAIN].groups if t.group == name]
    return np.concatenate([t.values for t in terms], axis=1)
