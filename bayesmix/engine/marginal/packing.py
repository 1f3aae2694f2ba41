"""A model with one group's effects integrated out, as the tables that its kernel reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bayesmix.design import Group
from bayesmix.engine.kernels.tables import (
    BLOCK,
    GROUP,
    ORDERED,
    REFLECTION,
    SCALAR,
    SHARES,
    SHIFT,
    SHRUNK,
    TIED,
)
from bayesmix.engine.marginal.compress import compress
from bayesmix.engine.marginal.tables import MARGINAL, OTHER, TILE, tile_scratch
from bayesmix.engine.plan.layout import GroupAt, Layout
from bayesmix.engine.plan.packing import Packed, _Packer, _scalar
from bayesmix.parameters import MAIN, Parameter, Role
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


def remaining(spec: ModelSpec, name: str) -> ModelSpec:
    """The model of what is sampled: the group's effects aside, and no row of data."""
    groups = tuple(_without_rows(g, empty=g.name == name) for g in spec.design.groups)
    parameters = tuple(_without_effects(p, name) for p in spec.parameters)
    return replace(spec, design=replace(spec.design, groups=groups), parameters=parameters)


def pack(spec: ModelSpec, layout: Layout, name: str) -> Packed:
    """Hand a model to the kernel.

    Parameters
    ----------
    spec : ModelSpec
        The whole model.
    layout : Layout
        Of the `remaining` one.
    name : str
        The group that is integrated out.
    """
    packer = _Packer(remaining(spec, name), layout)
    tables = _sampled(packer)
    rows = compressed(spec, name)
    tiles = _Tiles(packer, rows, spec.design.group(name))
    tables |= {"tiles": np.array(tiles.records, TILE), "others": _others(layout, name)}
    arrays = tables | {"data": packer.data.array(), "codes": packer.codes.array()}
    values = {
        **_model(spec, layout, name),
        "columns": rows.rest.shape[1],
        **_scratch(layout.group(name), layout.n_dim + packer.scratch, tiles),
        "scratch": packer.scratch,
        **{key: array.ctypes.data for key, array in arrays.items()},
        **{f"n_{key}": array.size for key, array in arrays.items()},
    }
    head = np.array([tuple(values.get(key, 0) for key in MARGINAL.names)], MARGINAL)
    return Packed(head, tuple(arrays.values()))


def _sampled(packer: _Packer) -> dict[str, np.ndarray]:
    """The tables of what is sampled."""
    layout = packer.layout
    groups = [packer.group(g) for g in layout.groups]
    return {
        "scalars": np.array([_scalar(at, prior) for at, prior in layout.scalars()], SCALAR),
        "groups": np.array(groups, GROUP),
        "blocks": np.array(packer.blocks, BLOCK),
        "shifts": np.array(packer.shifts(), SHIFT),
        "reflections": np.array(packer.reflections(), REFLECTION),
        "ordered": np.array([], ORDERED),
        "shares": np.array(packer.shares(), SHARES),
        "shrunk": np.array(packer.shrunk(), SHRUNK),
        "tied": np.array(packer.tied(), TIED),
    }


def _others(layout: Layout, name: str) -> np.ndarray:
    column, others = _coefficients(layout)["n_coefficients"], []
    for g in layout.groups:
        if g.priors.group.name != name:
            others.append((g.effects.start, g.k, column))
            column += g.k
    return np.array(others, OTHER)


def _model(spec: ModelSpec, layout: Layout, name: str) -> dict[str, float]:
    weights = spec.response.data.aux.get("weights")
    return {
        "n_dim": layout.n_dim,
        "integrated": [g.priors.group.name for g in layout.groups].index(name),
        "n_levels": spec.design.group(name).size,
        **_coefficients(layout),
        "sigma": layout["sigma"].start,
        "weight": len(spec.response.data.y) if weights is None else weights.sum(),
    }


def _coefficients(layout: Layout) -> dict[str, int]:
    parts = layout.of_role(Role.POPULATION)
    return {"coefficients": 0, "n_coefficients": sum(at.size for at in parts)}


def _scratch(g: GroupAt, before: int, tiles: _Tiles) -> dict[str, int]:
    """Sizes of scratch: what tiles need, and, in all, Λ and moments and a level's effects too."""
    factors = 2 * g.strata * g.k**2
    memory = before + factors + tiles.errors + tiles.scratch + g.k
    return {"errors": tiles.errors, "work": tiles.scratch, "memory": memory}


def compressed(spec: ModelSpec, name: str) -> Rows:
    """The rows of a model, as few as there can be."""
    p, response = spec.response.predictors[MAIN], spec.response.data
    names = [g.name for g in spec.design.groups]
    names.sort(key=lambda n: n != name)
    of_group = [_columns(spec, n) for n in names]
    columns = [*of_group, p.columns.values, (response.y - p.offset)[:, None]]
    ends = np.cumsum([c.shape[1] for c in columns])
    table = np.concatenate(columns, axis=1)
    if "weights" in response.aux:
        table *= np.sqrt(response.aux["weights"])[:, None]
    levels = [spec.design.group(n).index for n in names]
    table, levels = compress(table, levels, ends[: len(names)])
    z, others, x, y = np.split(table, ends[[0, len(names) - 1, -2]], axis=1)
    if p.columns.has_intercept:
        x[:, 1:] -= x[:, :1] * p.columns.means
    rest = np.concatenate([x, others, y], axis=1)
    return Rows(z, rest, levels[0], np.stack(levels, 1)[:, 1:])


class _Tiles:
    """Cuts compressed rows into tiles of levels."""

    def __init__(self, packer: _Packer, rows: Rows, group: Group) -> None:
        self.packer, self.rows = packer, rows
        self.strata = np.zeros(group.size, int) if group.by is None else group.by.of_level
        with_level = int((rows.z != 0.0).any(axis=1).sum())
        self.counts = np.bincount(rows.level[:with_level], minlength=group.size)
        self.starts = np.cumsum(self.counts) - self.counts
        self.errors = self.scratch = 0
        self.records = [self.tile(lv) for lv in self.cut()]
        self.records += [self.rest(at) for at in range(with_level, len(rows.rest), ERRORS)]

    def cut(self) -> Iterator[np.ndarray]:
        """The levels of each tile: of one stratum, those with most rows first."""
        order = np.lexsort([-self.counts, self.strata])
        while order.size:
            width = np.clip(ERRORS // max(self.counts[order[0]], 1), NARROWEST, WIDEST)
            same = self.strata[order[:width]] == self.strata[order[0]]
            yield order[: same.sum()]
            order = order[same.sum() :]

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


def _without_effects(p: Parameter, group: str) -> Parameter:
    gone = p.role == Role.EFFECTS and p.owner == group
    return replace(p, coords=((), p.coords[1])) if gone else p


def _without_rows(group: Group, empty: bool) -> Group:
    none = np.empty(0, np.int32)
    if not empty:
        return replace(group, index=none)
    by = group.by and replace(group.by, of_level=none)
    return replace(group, levels=(), keys=(), index=none, by=by)
