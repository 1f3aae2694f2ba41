"""A model as the tables that the kernel reads; see `tables` for what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.correlations.kernels import SMOOTHNESS, constant
from bayesmix.design import (
    Expression,
    GroupEffects,
    LatentResiduals,
    PredictorDesign,
    Processes,
    Regions,
    Residuals,
    Smooths,
    VarianceFunction,
)
from bayesmix.design.monotonic import Steps
from bayesmix.design.processes import Process
from bayesmix.design.residuals import Kind
from bayesmix.engine.kernels.tables import (
    BLOCK,
    BYM2,
    CAR,
    CLIMB,
    CONST_POWER,
    CURVE,
    ESCAR,
    EXPON,
    GROUP,
    HEAD,
    HORSESHOE,
    ICAR,
    LATENT,
    NONE,
    ORDERED,
    POWER,
    PREDICTOR,
    PROCESS,
    R2D2,
    REFLECTION,
    SCALAR,
    SHARES,
    SHIFT,
    SHRUNK,
    STEPS,
    TERM,
    TIED,
    UNLIKE,
    VARIANCE,
)
from bayesmix.engine.numerics.correlations import KINDS
from bayesmix.engine.numerics.priors import code_of
from bayesmix.engine.numerics.transforms import transform_of
from bayesmix.engine.plan.layout import At, GroupAt, Layout
from bayesmix.engine.plan.likelihood import (
    block_rows,
    numbers_of_residuals,
    series_terms,
    shared_of,
    terms_of,
)
from bayesmix.engine.plan.programs import program_of
from bayesmix.families.scalar_links import LINKS, SCALES, is_plain
from bayesmix.parameters import Role, Transform
from bayesmix.priors import Resolved
from bayesmix.priors.shares import concentration
from bayesmix.priors.shrinkage import Horseshoe
from bayesmix.priors.shrinking import Member, Shrinking
from bayesmix.spec import ModelSpec

FUNCTIONS = {"varPower": POWER, "varExp": EXPON, "varConstPower": CONST_POWER}
"""Variance functions."""

REGIONS = {"escar": ESCAR, "bym2": BYM2}
"""Kinds of effects of regions; all others are intrinsic."""

SAME = 0.75
"""Share of rows with the level of the row before from which on that is worth a look."""


@dataclass(frozen=True)
class Packed:
    """The kernel's user data, and all arrays whose addresses are in it."""

    head: np.ndarray
    kept: tuple[np.ndarray, ...]


def pack(spec: ModelSpec, layout: Layout, rows: int) -> Packed:
    """Hand a model to the kernel.

    Parameters
    ----------
    spec : ModelSpec
    layout : Layout
    rows : int
        Address of the family's compiled loop over rows.
    """
    packer = _Packer(spec, layout)
    tables = packer.tables()
    response = packer.response()
    arrays = tables | {"data": packer.data.array(), "codes": packer.codes.array()}
    predictors, n_dpars = tables["predictors"], len(spec.family.dpars) - len(spec.family.nonlinear)
    values = {
        "n_dim": layout.n_dim,
        "n_rows": len(spec.response.data.y),
        "scratch": packer.scratch + (layout.n_dim if tables["unlike"].size else 0),
        "mixed": packer.scratch,
        "rows": rows,
        "units": 0,
        "block_rows": packer.block_rows,
        "mean_link": LINKS[spec.family.eta_link(spec.family.main[0])],
        "n_dpars": n_dpars,
        "varying": int((predictors["constant"][1:n_dpars] == 0).any()),
        **{name: array.ctypes.data for name, array in arrays.items()},
        **{f"n_{name}": array.size for name, array in arrays.items()},
        **response,
    }
    head = np.array([tuple(values[name] for name in HEAD.names)], HEAD)
    return Packed(head, tuple(arrays.values()))


class _Store:
    """Arrays put one after the other."""

    def __init__(self, dtype: type) -> None:
        self.dtype = dtype
        self.parts: list[np.ndarray] = []
        self.size = 0

    def add(self, values: Any) -> int:
        """Append values; returns where they start."""
        part = np.ascontiguousarray(values, self.dtype).ravel()
        self.parts.append(part)
        self.size += part.size
        return self.size - part.size

    def array(self) -> np.ndarray:
        return np.concatenate([*self.parts, np.empty(0, self.dtype)])


class _Packer:
    """Builds the tables, and gathers on the way what they point at."""

    def __init__(self, spec: ModelSpec, layout: Layout) -> None:
        self.spec, self.layout = spec, layout
        self.block_rows = block_rows(spec)
        self.data, self.codes = _Store(np.float64), _Store(np.int32)
        self.scratch = 0
        self.terms: list[tuple[Any, ...]] = []
        self.climbs: list[tuple[int, int]] = []
        self.blocks: list[tuple[Any, ...]] = []
        self.variances: list[tuple[int, ...]] = []
        self.indices = {
            (g.name, member): self.codes.add(g.of_member(member))
            for g in spec.design.groups
            for member in range(max(1, len(g.units)))
        }

    def tables(self) -> dict[str, np.ndarray]:
        predictors = [self.predictor(k, d.name) for k, d in enumerate(self.spec.family.dpars)]
        groups = [self.group(g) for g in self.layout.groups]
        groups += [g for at in self.layout.of_role(Role.SMOOTH) for g in self.smooth(at)]
        scalars = [_scalar(at, prior) for at, prior in self.layout.scalars()]
        return {
            "scalars": np.array(scalars, SCALAR),
            "predictors": np.array(predictors, PREDICTOR),
            "terms": np.array(self.terms, TERM),
            "groups": np.array(groups, GROUP),
            "blocks": np.array(self.blocks, BLOCK),
            "shifts": np.array(self.shifts(), SHIFT),
            "reflections": np.array(self.reflections(), REFLECTION),
            "ordered": np.array(self.ordered(), ORDERED),
            "unlike": np.array(self.unlike(), UNLIKE),
            "shares": np.array(self.shares(), SHARES),
            "shrunk": np.array(self.shrunk(), SHRUNK),
            "variances": np.array(self.variances, VARIANCE),
            "tied": np.array(self.tied(), TIED),
            "cars": np.array(self.cars(), CAR),
            "gps": np.array(self.gps(), PROCESS),
            "steps": np.array(self.steps(), STEPS),
            "latents": np.array(self.latents(), LATENT),
            "climbs": np.array(self.climbs, CLIMB),
            "curves": np.array(self.curves(), CURVE),
        }

    def response(self) -> dict[str, int]:
        response = self.spec.response.data
        terms = [self.data.add(term) for term in terms_of(self.spec.response)]
        weights, shared = response.aux.get("weights"), shared_of(self.spec.response, self.layout)
        return {
            "y": self.data.add(response.y),
            "aux": terms[0] if terms else 0,
            "weights": self.data.add(np.ones(self.block_rows) if weights is None else weights),
            "weights_step": int(weights is not None),
            "shared": shared.start,
            "n_shared": shared.stop - shared.start,
        }

    def tiles(self, columns: np.ndarray) -> np.ndarray:
        return tiles(columns, self.block_rows)

    def ordered(self) -> list[tuple[int, int]]:
        places = (at for at in self.layout.at.values())
        ordered = (at for at in places if at.parameter.transform == Transform.ORDERED)
        runs = [range(at.start, at.stop)[run] for at in ordered for run in at.parameter.runs]
        return [(self.codes.add(r), len(r)) for r in (*runs, *self.layout.increasing)]

    def shares(self) -> list[tuple[int, int, int]]:
        places = (at for at in self.layout.at.values())
        shares = [at for at in places if at.parameter.transform == Transform.SHARES]
        return [
            (start, at.parameter.shape[-1], self.data.add(_concentration(at)))
            for at in shares
            for start in range(at.start, at.stop, at.parameter.shape[-1])
        ]

    def shrunk(self) -> list[tuple[Any, ...]]:
        return [r for s in self.layout.shrinkings for m in s.members for r in self.shrunk_of(s, m)]

    def shrunk_of(self, s: Shrinking, m: Member) -> Iterator[tuple[Any, ...]]:
        """The records of one parameter's values."""
        at = [self.layout[s.variable(h.name)].start for h in s.hypers]
        unit = self.layout[s.unit].start if s.unit else NONE
        standardised = int(m.parameter.role == Role.POPULATION)
        first = self.layout[m.parameter.name].start
        for i, position in enumerate(m.positions, m.start):
            if isinstance(s.prior, Horseshoe):
                local, level, slab = at
                places = HORSESHOE, first + position, local + i, level, slab
                yield *places, unit, standardised, s.prior.scale_slab
            else:
                level, share = at
                places = R2D2, first + position, share + i, level, NONE
                yield *places, unit, standardised, 0.0

    def predictor(self, number: int, dpar: str) -> tuple[Any, ...]:
        response = self.spec.response
        scales = response.family.row.scales
        scale = SCALES[scales[number] if number < len(scales) else "natural"]
        # A tied one is the other once more; its slopes are added to the same parameters.
        dpar = response.family.dpar(dpar).same_as or dpar
        if dpar in response.predictors:
            p = response.predictors[dpar]
            self.variances += [self.variance(number, v, p) for v in p.variances]
            return self.with_formula(p, scale)
        fixed = response.family.dpar(dpar).fixed
        if fixed is not None:
            return self._predictor(NONE, "identity", scale, True, offset=self.data.add(fixed))
        return self._predictor(self.layout[dpar].start, "identity", scale, constant=True)

    def varies(self, p: PredictorDesign) -> bool:
        """The kernels take some for ones that differ between rows.

        They are that of the first parameter, and those that it is a function of.
        """
        family = self.spec.family
        return p.dpar in (family.dpar_names[0], *family.nonlinear)

    def with_formula(self, p: PredictorDesign, scale: int) -> tuple[Any, ...]:
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
            self.spec.family.eta_link(p.dpar),
            scale,
            constant=only_intercept and c.has_intercept and not self.varies(p),
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
        levels = self.indices[t.group, t.member], _runs(index.of_member(t.member))
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
        return at, 1, self.codes.add(index), _runs(index), 1, 0, NONE, 0, 0

    def latent_term(self, c: LatentResiduals) -> tuple[Any, ...]:
        """Every row is a level of its own."""
        at = self.layout[c.residuals.target.called("err")].start
        return at, 1, self.codes.add(c.rows), 0, 1, 0, NONE, 0, 0

    def latents(self) -> list[tuple[int, ...]]:
        found = (p.residuals for p in self.layout.predictors.values() if p.residuals)
        return [self.latent(r) for r in found if r.kind == Kind.LATENT]

    def latent(self, residuals: Residuals) -> tuple[int, ...]:
        """The record of a predictor's residuals."""
        from bayesmix.engine.kernels.residuals import compiled_colouring

        called, shared = residuals.target.called, numbers_of_residuals(residuals, self.layout)
        err = self.layout[called("err")]
        aux = self.data.add(np.concatenate(series_terms(residuals, residuals.layout)))
        work = self.scratch
        self.scratch += 9 * err.size
        colour = compiled_colouring(residuals.correlation).address
        places = err.start, err.size, self.layout[called("sderr")].start
        return *places, shared.start, shared.stop - shared.start, aux, work, colour

    def cars(self) -> list[tuple[Any, ...]]:
        return [self.car(r) for p in self.layout.predictors.values() for r in p.regions]

    def car(self, regions: Regions) -> tuple[Any, ...]:
        """The record of a predictor's effects of regions."""
        kind, n = REGIONS.get(regions.term.type, ICAR), regions.neighbours
        at = self.layout[regions.named("rcar")].start
        return (
            kind,
            at,
            self.layout[regions.named("zcar")].start if kind == BYM2 else at,
            n.size,
            self.layout[regions.named("sdcar")].start,
            self.layout[regions.named(regions.share)].start if regions.share else NONE,
            self.codes.add(n.edges),
            len(n.edges),
            self.data.add(n.counts) if kind == ESCAR else NONE,
            self.data.add(n.proper[0]) if kind == ESCAR else NONE,
            regions.slack * n.size**0.5,
            n.typical_variance if kind == BYM2 else 1.0,
        )

    def basis_term(self, at: int, basis: Process | Smooths) -> tuple[Any, ...]:
        """Columns times the effects of one level, which all rows have."""
        values = basis.values
        level, size = self.codes.add(np.zeros(len(values))), values.shape[1]
        return at, size, level, 1, 0, size, self.data.add(self.tiles(values)), 0, 0

    def place_term(self, at: int, p: Process) -> tuple[Any, ...]:
        """What rows are multiplied by, times the value at the place of each."""
        columns = self.data.add(self.tiles(p.values[:, None]))
        return at, 1, self.codes.add(p.codes), _runs(p.codes), 0, 1, columns, 0, 0

    def steps(self) -> list[tuple[int, int]]:
        found = (c for p in self.layout.predictors.values() for c in p.monotonic)
        return [(self.layout[n].start, s.size) for c in found for n, s in c.shares.items()]

    def curves(self) -> list[tuple[int, ...]]:
        expressions = (p.expression for p in self.layout.predictors.values())
        return [self.curve(c) for c in expressions if c is not None]

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

    def gps(self) -> list[tuple[Any, ...]]:
        found = (c for p in self.layout.predictors.values() for c in p.processes)
        return [record for c in found for record in self.processes(c)]

    def processes(self, c: Processes) -> Iterator[tuple[Any, ...]]:
        """The record of each of a predictor's Gaussian processes."""
        sd, scale, first = (self.layout[c.named(w)].start for w in ("sdgp", "lscale", "zgp"))
        for i, (gp, (scales, numbers)) in enumerate(zip(c.processes, c.parts, strict=True)):
            places = first + numbers.start, gp.size, sd + i, scale + scales.start, int(gp.several)
            nu = SMOOTHNESS.get(gp.term.kernel, 0.0)
            yield *places, *(self.exact if gp.basis is None else self.approximate)(gp, nu)

    def approximate(self, gp: Process, nu: float) -> tuple[Any, ...]:
        squares = gp.basis.frequencies**2
        dims = squares.shape[1]
        level = np.log(constant(gp.term.kernel, dims))
        return dims, self.data.add(squares), 0, NONE, nu, level

    def exact(self, gp: Process, nu: float) -> tuple[Any, ...]:
        # Here, for it imports numba.
        from bayesmix.engine.kernels.exact import compiled_exact, scratch_of

        apart = (gp.places[:, None] - gp.places) ** 2
        squares = np.moveaxis(apart, -1, 0) if gp.several else apart.sum(axis=-1)[None]
        work = self.scratch
        self.scratch += scratch_of(gp.size)
        function = compiled_exact().address
        return len(squares), self.data.add(squares), function, work, nu, 0.0

    def smooth(self, at: At) -> Iterator[tuple[Any, ...]]:
        """Each block of coefficients is a group with as many levels."""
        sd, start = self.layout[f"sd{at.parameter.name}"].start, at.start
        for i, size in enumerate(self.layout.predictors[at.parameter.owner].smooths.sizes):
            yield self._alike(size, sd + i, start)
            start += size

    def _alike(self, size: int, sd: int, effects: int) -> tuple[Any, ...]:
        """A group with one coefficient, which isn't centred."""
        factor = self.scratch
        self.scratch += 4
        strata, counts, centred = np.zeros(size), [size], [False]
        codes = self.codes.add(strata), self.codes.add(counts)
        places = sd, effects, factor, factor + 2, 0, 0
        return size, 1, 1, *codes, *places, self.codes.add(centred)

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

    def unlike(self) -> list[tuple[int, ...]]:
        """The groups whose levels are not alike."""
        return [self._unlike(g) for g in self.layout.groups if not g.priors.group.alike]

    def _unlike(self, g: GroupAt) -> tuple[int, ...]:
        group, student = g.priors.group, g.priors.group.dist == "student"
        return (
            g.effects.start,
            g.size,
            g.k,
            NONE if group.known is None else self.data.add(group.known.factor),
            self.layout[f"df_{group.name}"].start if student else NONE,
            self.layout[f"udf_{group.name}"].start if student else NONE,
            NONE if group.pw is None else self.data.add(group.pw),
        )

    def shifts(self) -> list[tuple[Any, ...]]:
        """Those of effects, then those of coefficients and thresholds."""
        groups, taken = self.layout.groups, self.layout.taken
        found = [(g.effects.start, g.size * g.k, s) for g in groups for s in g.shifts]
        return [
            *((at, size, s.source, self.data.add(s.weights)) for at, size, s in found),
            *(
                (t.target, t.size, t.source, self.data.add(np.full(t.size, t.weight)))
                for t in taken
            ),
        ]

    def tied(self) -> list[tuple[int, int]]:
        """Standard deviations that several coefficients share, stratum by stratum."""
        return [
            (start + k, start + first)
            for g in self.layout.groups
            for start in range(g.sd.start, g.sd.stop, g.k)
            for k, first in enumerate(g.priors.sd_of)
            if k != first
        ]

    def reflections(self) -> list[tuple[int, ...]]:
        return [
            (g.effects.start + coef, g.k, g.size, g.effects.start + level * g.k + coef)
            for g in self.layout.groups
            for coef, level in g.reflected
        ]

    def group(self, g: GroupAt) -> tuple[Any, ...]:
        by = g.priors.group.by
        strata_of = np.zeros(g.size, np.int32) if by is None else by.of_level
        first = len(self.blocks)
        for members, cpc in g.blocks:
            kind = KINDS[g.priors.structure(members).correlations]
            self.blocks.append((len(members), self.codes.add(members), cpc, kind, g.priors.eta))
        factor = self.scratch
        self.scratch += 2 * g.strata * g.k**2 + 2 * g.k
        return (
            g.size,
            g.k,
            g.strata,
            self.codes.add(strata_of),
            self.codes.add(np.bincount(strata_of, minlength=g.strata)),
            g.sd.start,
            g.effects.start,
            factor,
            self.scratch - 2 * g.k,
            first,
            len(g.blocks),
            self.codes.add(g.centered),
        )


def tiles(columns: np.ndarray, rows: int) -> np.ndarray:
    """Rows × columns as blocks of so many rows, in each of which every column is contiguous."""
    n, k = columns.shape
    full = n - n % rows
    blocks = columns[:full].reshape(full // rows, rows, k).transpose(0, 2, 1)
    return np.concatenate([blocks.ravel(), columns[full:].T.ravel()])


def _runs(index: np.ndarray) -> int:
    """Whether most rows have the level of the row before."""
    return int((index[1:] == index[:-1]).sum() > SAME * index.size)


def _concentration(at: At) -> np.ndarray:
    return concentration(at.parameter.prior.distribution.params, at.parameter.shape[-1])


def _scalar(at: int, prior: Resolved) -> tuple[Any, ...]:
    code, a, b, c = code_of(prior.distribution)
    lower, upper = prior.lower, prior.upper
    return at, transform_of(lower, upper), code, lower, upper, a, b, c
