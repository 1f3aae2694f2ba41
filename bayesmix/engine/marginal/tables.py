"""The records in which a model with integrated effects is handed to its kernel; see `tables`."""

from __future__ import annotations

import numpy as np

from bayesmix.engine.kernels.tables import HEAD, _record

_OWN = _record(
    "n_tiles tiles n_others others integrated n_levels coefficients n_coefficients columns sigma"
    " errors memory noise noise_step z rows n_rows aux shared n_shared",
    "weight",
)
MARGINAL = np.dtype([*HEAD.descr, *_OWN.descr])
"""The model: `HEAD`, without responses, and what is integrated.

``integrated`` is the group's row in the table of groups; ``coefficients`` and ``sigma`` are in x.
``columns`` counts those of a slot beside Q's, ``errors`` and ``work`` the scratch that the
largest tile needs, ``memory`` all scratch. ``weight`` is the sum of the weights of the data. Where
``noise`` is the address of standard normal numbers, levels × coefficients, they are turned into a
draw of the effects; those for the next point stand ``noise_step`` bytes further. Where rows hang
together, ``z`` is where the group's columns stand in data, ``rows`` the address of what whitens
``n_rows`` of them, ``aux`` and ``shared`` what that is given, as in `RESPONSE`.
"""

TILE = _record("levels slots k rank stratum data codes inverse shrink mode root spare")
"""Levels of the integrated group with about as many rows, side by side; rows of none have k = 0.

In data: R, ``rank`` × k; then for every slot the columns of Q (``rank``), of the population, of the
other groups, and the response. In codes: the levels; then for every slot those of the other groups.
Where rows hang together (`series`), the first tile has all of them in one slot and no Q; others
have no data, and in codes the levels, where their rows start, and how many there are.
The last five are positions in the scratch of `marginal_tiles`, at whose start is B, column by
column, and then f; all have the levels as their last axis.
"""

OTHER = _record("at k column")
"""Another group: where its effects start in x, and its first column after those of Q."""


def tile_scratch(levels: int, k: int, rank: int) -> tuple[tuple[int, ...], int]:
    """The last five fields of a `TILE`, and the size of its scratch."""
    sizes = np.array([(k + 1) * rank, k, k, k, k * k, rank + 2]) * levels
    ends = np.cumsum(sizes).tolist()
    return tuple(ends[:-1]), ends[-1]
