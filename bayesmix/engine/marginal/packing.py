"""A model with one group's effects integrated out, as the tables that its kernel reads."""

from __future__ import annotations

from dataclasses import replace

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
from bayesmix.engine.marginal.series_tiles import SeriesTiles
from bayesmix.engine.marginal.tables import MARGINAL, OTHER, TILE
from bayesmix.engine.marginal.tiling import Tiles
from bayesmix.engine.plan.layout import GroupAt, Layout
from bayesmix.engine.plan.likelihood import shared_of
from bayesmix.engine.plan.packing import Packed, _Packer, _scalar
from bayesmix.likelihood import IndependentRows
from bayesmix.parameters import Parameter, Role
from bayesmix.spec import ModelSpec


def remaining(spec: ModelSpec, name: str) -> ModelSpec:
    """The model of what is sampled: the group's effects aside, and no row of data."""
    groups = tuple(_without_rows(g, empty=g.name == name) for g in spec.design.groups)
    parameters = tuple(_without_effects(p, name) for p in spec.parameters)
    return replace(spec, design=replace(spec.design, groups=groups), parameters=parameters)


def pack(spec: ModelSpec, layout: Layout, name: str, whitening: int = 0) -> Packed:
    """Hand a model to the kernel.

    Parameters
    ----------
    spec : ModelSpec
        The whole model.
    layout : Layout
        Of the `remaining` one.
    name : str
        The group that is integrated out.
    whitening : int
        Where rows hang together, the address of what whitens them.
    """
    packer = _Packer(remaining(spec, name), layout)
    tables = _sampled(packer)
    series = not isinstance(spec.response.likelihood, IndependentRows)
    tiles = SeriesTiles(packer, spec, name) if series else Tiles(packer, spec, name)
    tables |= {"tiles": np.array(tiles.records, TILE), "others": _others(layout, name)}
    arrays = tables | {"data": packer.data.array(), "codes": packer.codes.array()}
    values = {
        **_model(spec, layout, name),
        **(_series(spec, layout, tiles, whitening) if series else {}),
        "columns": tiles.columns,
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


def _series(spec: ModelSpec, layout: Layout, tiles: SeriesTiles, whitening: int) -> dict[str, int]:
    """What whitens rows that hang together."""
    shared = shared_of(spec.response, layout)
    return {
        "rows": whitening,
        "n_rows": len(spec.response.data.y),
        "aux": tiles.aux,
        "z": tiles.z,
        "shared": shared.start,
        "n_shared": shared.stop - shared.start,
    }


def _scratch(g: GroupAt, before: int, tiles: Tiles | SeriesTiles) -> dict[str, int]:
    """Sizes of scratch: what tiles need, and, in all, Λ and moments and a level's effects too."""
    factors = 2 * g.strata * g.k**2
    memory = before + factors + tiles.errors + tiles.scratch + tiles.level
    return {"errors": tiles.errors, "work": tiles.scratch, "memory": memory}


def _without_effects(p: Parameter, group: str) -> Parameter:
    gone = p.role == Role.EFFECTS and p.owner == group
    return replace(p, coords=((), p.coords[1])) if gone else p


def _without_rows(group: Group, empty: bool) -> Group:
    none = np.empty(0, np.int32)
    if not empty:
        return replace(group, index=none)
    by = group.by and replace(group.by, of_level=none)
    return replace(group, levels=(), keys=(), index=none, by=by)
