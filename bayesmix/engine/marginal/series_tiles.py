"""The rows of a model whose residuals hang together, in order, and tiles of levels of the group."""

from __future__ import annotations

import numpy as np

from bayesmix.engine.marginal.tables import tile_scratch
from bayesmix.engine.marginal.tiling import columns_of, cut, strata_of
from bayesmix.engine.plan.packing import _Packer
from bayesmix.engine.plan.residuals import in_levels, series_terms
from bayesmix.parameters import MAIN
from bayesmix.spec import ModelSpec


class SeriesTiles:
    """Rows of one series stand together, series of one level of the integrated group too.

    Attributes
    ----------
    records, columns, errors, scratch, level
        As of `Tiles`; the first record is of all rows.
    z, aux : int
        Where the group's columns and the addition terms stand in data.
    """

    def __init__(self, packer: _Packer, spec: ModelSpec, name: str) -> None:
        group, residuals = spec.design.group(name), spec.response.likelihood.residuals
        self.packer, self.strata = packer, strata_of(group)
        terms = series_terms(residuals, in_levels(residuals.layout, group.index))
        order = terms[0].astype(int)
        names, columns = columns_of(spec, name)
        z, *others, _, y = (c[order] for c in columns)
        x = population(spec)[order]
        rest = np.concatenate([x, *others, y], axis=1)
        self.z, self.k = packer.data.add(z.T), z.shape[1]
        self.aux = packer.data.add(np.concatenate(terms))
        levels = [spec.design.group(n).index[order] for n in names]
        self.columns = rest.shape[1]
        # Errors and derivatives by them; four for each column that is whitened, see `series`.
        self.errors = len(order) * (2 + 4 * (self.k + 1))
        self.level, self.scratch = self.k + 2 * self.k**2, 0
        self.counts = np.bincount(levels[0], minlength=group.size)
        self.starts = np.cumsum(self.counts) - self.counts
        at = packer.data.add(rest.T), packer.codes.add(np.stack(levels))
        whole = len(order), 1, 0, 0, 0, *at, *tile_scratch(len(order), 0, 0)[0]
        self.records = [whole, *(self.tile(lv) for lv in cut(self.counts, self.strata))]

    def tile(self, levels: np.ndarray) -> tuple[int, ...]:
        slots = max(1, int(self.counts[levels].max()))
        scratch, size = tile_scratch(levels.size, self.k, slots)
        self.scratch = max(self.scratch, size)
        codes = self.packer.codes.add([levels, self.starts[levels], self.counts[levels]])
        stratum = int(self.strata[levels[0]])
        return levels.size, slots, self.k, slots, stratum, 0, codes, *scratch


def population(spec: ModelSpec) -> np.ndarray:
    """The population's columns as its coefficients multiply them, centred."""
    columns = spec.response.predictors[MAIN].columns
    values = columns.values.copy()
    values[:, columns.has_intercept :] = columns.centred
    return values
