"""A response's rows as the tables that the kernel reads: predictors, terms, columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bayesmix.design import (
    Expression,
    GroupEffects,
    LatentResiduals,
    PredictorDesign,
    Regions,
    Smooths,
    VarianceFunction,
)
from bayesmix.design.monotonic import Steps
from bayesmix.design.processes import Process
from bayesmix.engine.kernels.tables import CONST_POWER, EXPON, NONE, POWER, PREDICTOR
from bayesmix.engine.plan.layout import Layout
from bayesmix.engine.plan.likelihood import block_rows, shared_of, terms_of
from bayesmix.engine.plan.programs import program_of
from bayesmix.engine.plan.store import Store
from bayesmix.families.scalar_links import LINKS, SCALES, is_plain
from bayesmix.spec import ModelSpec

FUNCTIONS = {"varPower": POWER, "varExp": EXPON, "varConstPower": CONST_POWER}
"""Variance functions."""

CONSTANT = PREDICTOR.names.index("constant")

SAME = 0.75
"""Share of rows with the level of the row before from which on that is worth a look."""


class Rows:
    """Builds the records of one response, and gathers on the way what they point at.

    Parameters
    ----------
    spec : ModelSpec
        The model of that response, or of several `together`.
    layout : Layout
        That of all.
    data, codes : Store
        Where columns and levels go.
    terms, climbs : list
        Where records of its predictors go, after those of others.
    """

    def __init__(
        self,
        spec: ModelSpec,
        layout: Layout,
        data: Store,
        codes: Store,
        terms: list[Any],
        climbs: list[Any],
    ) -> None:
        self.spec, self.layout, self.data, self.codes = spec, layout, data, codes
        self.terms, self.climbs = terms, climbs
        self.block_rows = block_rows(spec.response)
        self.variances: list[tuple[int, ...]] = []
        self.indices = {
            (g.name, member): codes.add(g.of_member(member))
            for g in spec.design.groups
            for member in range(max(1, len(g.units)))
        }
        self.predictors = [self.predictor(k, d.name) for k, d in enumerate(spec.family.dpars)]
        expressions = (p.expression for p in spec.predictors.values())
        self.curves = [self.curve(c) for c in expressions if c is not None]

    @property
    def work(self) -> int:
        """How much of scratch it needs."""
        return (3 * len(self.predictors) + 2) * self.block_rows

    def tiles(self, columns: np.ndarray) -> np.ndarray:
        return tiles(columns, self.block_rows)

    def predictor(self, number: int, dpar: str) -> tuple[Any, ...]:
        response = self.spec.response
        scales = response.family.row.scales
        scale = SCALES[scales[number] if number < len(scales) else "natural"]
        # A tied one is the other once more; its slopes are added to the same parameters.
        dpar = response.family.dpar(dpar).same_as or dpar
        if dpar in response.predictors:
            p = response.predictors[dpar]
            self.variances += [self.variance(number, v, p) for v in p.variances]
            return self.with_formula(dpar, p, scale)
        fixed = response.family.dpar(dpar).fixed
        if fixed is not None:
            return self._predictor(NONE, "identity", scale, True, offset=self.data.add(fixed))
        at = self.layout[response.variable(dpar)].start
        return self._predictor(at, "identity", scale, constant=True)

    def varies(self, dpar: str) -> bool:
        """The kernels take some for ones that differ between rows.

        They are that of the first parameter, and those that it is a function of.
        """
        family = self.spec.family
        return dpar in (family.dpar_names[0], *family.nonlinear)

    def with_formula(self, dpar: str, p: PredictorDesign, scale: int) -> tuple[Any, ...]:
        c, first = p.columns, len(self.terms)
        start = self.layout[c.variable].start if c.names else NONE
        self.terms += [record for t in p.groups for record in self.bracket(t)]
        self.terms += [self.region_term(r) for r in p.regions]
        self.terms += [self.latent_term(c) for c in p.contributions if type(c) is LatentResiduals]
        if p.smooths:
            at = self.layout[p.smooths.variable].start
            self.terms.append(self.basis_term(at, p.smooths))
        for gps in p.processes:
            at = self.layout[gps.named("zgp")].start
            for gp, (_, numbers) in zip(gps.processes, gps.parts, strict=True):
                made = self.place_term if gp.basis is None else self.basis_term
                self.terms.append(made(at + numbers.start, gp))
        for m in p.monotonic:
            everywhere = self.codes.add(np.zeros(len(m.matrix.values))), 1
            self.terms += [
                self.climbed(start + at, 1, everywhere, x, steps)
                for at, x, steps in m.of_coefficients
            ]
        more = len(self.terms) > first or p.variances or p.offset.any()
        columns = c.centred[:, : c.centred.shape[1] - len(c.others)]
        only_intercept = not (columns.size or more)
        slopes = columns.shape[1], self.data.add(self.tiles(columns))
        return self._predictor(
            start if c.has_intercept else NONE,
            self.spec.family.eta_link(dpar),
            scale,
            constant=only_intercept and c.has_intercept and not self.varies(dpar),
            slopes=(start + c.has_intercept, *slopes),
            offset=self.data.add(p.offset) if p.offset.any() else NONE,
            terms=(first, len(self.terms) - first),
        )

    def _predictor(
        self,
        intercept: int,
        link: str,
        scale: int,
        constant: bool,
        slopes: tuple[int, int, int] = (NONE, 0, NONE),
        offset: int = NONE,
        terms: tuple[int, int] = (0, 0),
    ) -> tuple[Any, ...]:
        plain = is_plain(LINKS[link], scale)
        return (intercept, *slopes, offset, LINKS[link], scale, plain, constant, *terms)

    def bracket(self, t: GroupEffects) -> Iterator[tuple[Any, ...]]:
        group, index = self.layout.group(t.group), self.spec.design.group(t.group)
        levels = self.indices[t.group, t.member], runs(index.of_member(t.member))
        if t.steps:
            for position, x, steps in zip(t.positions, t.values.T, t.steps, strict=True):
                yield self.climbed(group.effects.start + position, group.k, levels, x, steps)
            return
        intercept = int(t.has_intercept)
        columns = t.values[:, intercept:]
        places = group.effects.start + t.positions[0], group.k, *levels, intercept
        yield *places, columns.shape[1], self.data.add(self.tiles(columns)), 0, 0

    def climbed(
        self, at: int, stride: int, levels: tuple[int, int], x: np.ndarray, steps: Sequence[Steps]
    ) -> tuple[Any, ...]:
        """A column times the coefficient of each row's level, and heights."""
        first = len(self.climbs)
        self.climbs += [(self.layout[s.variable].start, self.codes.add(s.codes)) for s in steps]
        return at, stride, *levels, 0, 1, self.data.add(x), first, len(steps)

    def region_term(self, regions: Regions) -> tuple[Any, ...]:
        """Like a bracket with an intercept alone."""
        at, index = self.layout[regions.named("rcar")].start, regions.index
        return at, 1, self.codes.add(index), runs(index), 1, 0, NONE, 0, 0

    def latent_term(self, c: LatentResiduals) -> tuple[Any, ...]:
        """Every row is a level of its own."""
        at = self.layout[c.residuals.target.called("err")].start
        return at, 1, self.codes.add(c.rows), 0, 1, 0, NONE, 0, 0

    def basis_term(self, at: int, basis: Process | Smooths) -> tuple[Any, ...]:
        """Columns times the effects of one level, which all rows have."""
        values = basis.values
        level, size = self.codes.add(np.zeros(len(values))), values.shape[1]
        return at, size, level, 1, 0, size, self.data.add(self.tiles(values)), 0, 0

    def place_term(self, at: int, p: Process) -> tuple[Any, ...]:
        """What rows are multiplied by, times the value at the place of each."""
        columns = self.data.add(self.tiles(p.values[:, None]))
        return at, 1, self.codes.add(p.codes), runs(p.codes), 0, 1, columns, 0, 0

    def variance(self, target: int, v: VarianceFunction, p: PredictorDesign) -> tuple[int, ...]:
        kind = FUNCTIONS[v.function]
        places = {what: self.layout[name].start for what, name in v.names.items()}
        rate = places["expon"] if kind == EXPON else places["power"]
        covariate = NONE
        if not v.of_mean:
            covariate = self.data.add(v.values if kind == EXPON else np.log(v.values))
        centres = self.data.add(p.centres.get(v.rate, np.zeros(len(v.centres))))
        strata = self.codes.add(v.codes), len(v.centres), centres
        return kind, target, rate, places.get("const", rate), covariate, *strata

    def curve(self, c: Expression) -> tuple[int, ...]:
        """The record of what a predictor is of others."""
        # Here, for it imports numba.
        from bayesmix.engine.kernels.curves import compiled_curve

        p = program_of(c)
        return (
            compiled_curve().address,
            self.spec.family.dpar_names.index(c.follows[0]),
            len(c.follows),
            self.data.add(p.columns),
            *p.columns.shape,
            self.data.add(p.numbers),
            p.numbers.size,
            self.codes.add(p.operations),
            len(p.operations),
            p.result,
        )

    def values(self) -> dict[str, int]:
        """What its record has beside the addresses of tables."""
        response, family = self.spec.response.data, self.spec.family
        terms = [self.data.add(term) for term in terms_of(self.spec.response)]
        weights, shared = response.aux.get("weights"), shared_of(self.spec.response, self.layout)
        n_dpars = len(self.predictors) - len(family.nonlinear)
        return {
            "n_rows": len(response.y),
            "block_rows": self.block_rows,
            "varying": int(not all(p[CONSTANT] for p in self.predictors[1:n_dpars])),
            "y": self.data.add(response.y),
            "aux": terms[0] if terms else 0,
            "weights": self.data.add(np.ones(self.block_rows) if weights is None else weights),
            "weights_step": int(weights is not None),
            "shared": shared.start,
            "n_shared": shared.stop - shared.start,
            "mean_link": LINKS[family.eta_link(family.main[0])],
            "n_dpars": n_dpars,
        }


def tiles(columns: np.ndarray, rows: int) -> np.ndarray:
    """Rows × columns as blocks of so many rows, in each of which every column is contiguous."""
    n, k = columns.shape
    full = n - n % rows
    blocks = columns[:full].reshape(full // rows, rows, k).transpose(0, 2, 1)
    return np.concatenate([blocks.ravel(), columns[full:].T.ravel()])


def runs(index: np.ndarray) -> int:
    """Whether most rows have the level of the row before."""
    return int((index[1:] == index[:-1]).sum() > SAME * index.size)
