"""A model as the tables that the kernel reads; see `tables` for what is in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.correlations.kernels import SMOOTHNESS, constant
from bayesmix.design import (
    Processes,
    Regions,
)
from bayesmix.design.processes import Process
from bayesmix.engine.kernels.tables import (
    BLOCK,
    BYM2,
    CAR,
    CLIMB,
    CURVE,
    ESCAR,
    GROUP,
    HEAD,
    HORSESHOE,
    ICAR,
    LATENT,
    NONE,
    ORDERED,
    PREDICTOR,
    PROCESS,
    R2D2,
    REFLECTION,
    RESPONSE,
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
from bayesmix.engine.plan.residuals import latents
from bayesmix.engine.plan.rows import Rows
from bayesmix.engine.plan.store import Store
from bayesmix.engine.plan.together import parts_of
from bayesmix.parameters import Role, Transform
from bayesmix.priors import Resolved
from bayesmix.priors.shares import concentration
from bayesmix.priors.shrinkage import Horseshoe
from bayesmix.priors.shrinking import Member, Shrinking
from bayesmix.spec import ModelSpec

if TYPE_CHECKING:
    from bayesmix.engine.plan.informed import Informed

OF_RESPONSES = "predictors", "variances", "curves"
"""Tables of which each response has a part."""

REGIONS = {"escar": ESCAR, "bym2": BYM2}
"""Kinds of effects of regions; all others are intrinsic."""


@dataclass(frozen=True)
class Packed:
    """The kernel's user data, and all arrays whose addresses are in it."""

    head: np.ndarray
    kept: tuple[np.ndarray, ...]


def pack(spec: ModelSpec, layout: Layout, rows: Sequence[int]) -> Packed:
    """Hand a model to the kernel.

    Parameters
    ----------
    spec : ModelSpec
    layout : Layout
    rows : sequence of int
        For each response the address of its compiled loop over rows.
    """
    packer = _Packer(spec, layout)
    tables = packer.tables()
    tables["responses"] = packer.responses(tables, rows)
    arrays = tables | {"data": packer.data.array(), "codes": packer.codes.array()}
    values = {
        "n_dim": layout.n_dim,
        "scratch": packer.scratch + (layout.n_dim if tables["unlike"].size else 0),
        "work": max(r.work for r in packer.rows),
        "mixed": packer.scratch,
        "units": 0,
        **{name: array.ctypes.data for name, array in arrays.items()},
        **{f"n_{name}": array.size for name, array in arrays.items()},
    }
    head = np.array([tuple(values[name] for name in HEAD.names)], HEAD)
    return Packed(head, tuple(arrays.values()))


class _Packer:
    """Builds the tables, and gathers on the way what they point at."""

    def __init__(self, spec: ModelSpec, layout: Layout) -> None:
        self.spec, self.layout = spec, layout
        self.data, self.codes = Store(np.float64), Store(np.int32)
        self.scratch = 0
        self.terms: list[tuple[Any, ...]] = []
        self.climbs: list[tuple[int, int]] = []
        self.blocks: list[tuple[Any, ...]] = []

    @cached_property
    def rows(self) -> tuple[Rows, ...]:
        """Those of each response, or of all together."""
        stores = self.data, self.codes, self.terms, self.climbs
        return tuple(Rows(part, self.layout, *stores) for part in parts_of(self.spec))

    def tables(self) -> dict[str, np.ndarray]:
        rows = self.rows
        groups = [self.group(g) for g in self.layout.groups]
        groups += [g for at in self.layout.of_role(Role.SMOOTH) for g in self.smooth(at)]
        scalars = [_scalar(at, prior) for at, prior in self.layout.scalars()]
        return {
            "scalars": np.array(scalars, SCALAR),
            "predictors": np.array([p for r in rows for p in r.predictors], PREDICTOR),
            "terms": np.array(self.terms, TERM),
            "groups": np.array(groups, GROUP),
            "blocks": np.array(self.blocks, BLOCK),
            "shifts": np.array(self.shifts(), SHIFT),
            "reflections": np.array(self.reflections(), REFLECTION),
            "ordered": np.array(self.ordered(), ORDERED),
            "unlike": np.array(self.unlike(), UNLIKE),
            "shares": np.array(self.shares(), SHARES),
            "shrunk": np.array(self.shrunk(), SHRUNK),
            "variances": np.array([v for r in rows for v in r.variances], VARIANCE),
            "tied": np.array(self.tied(), TIED),
            "cars": np.array(self.cars(), CAR),
            "gps": np.array(self.gps(), PROCESS),
            "steps": np.array(self.steps(), STEPS),
            "latents": np.array(latents(self), LATENT),
            "climbs": np.array(self.climbs, CLIMB),
            "curves": np.array([c for r in rows for c in r.curves], CURVE),
        }

    def responses(self, tables: Mapping[str, np.ndarray], loops: Iterable[int]) -> np.ndarray:
        """The table of responses, each of which has a part of other tables."""
        found, at = [], {name: tables[name].ctypes.data for name in OF_RESPONSES}
        for rows, loop in zip(self.rows, loops, strict=True):
            sizes = {name: len(getattr(rows, name)) for name in OF_RESPONSES}
            values = {
                "rows": loop,
                **rows.values(),
                **at,
                **{f"n_{name}": size for name, size in sizes.items()},
                "curve": at["curves"] if rows.curves else 0,
            }
            found.append(tuple(values[name] for name in RESPONSE.names))
            at = {name: at[name] + size * tables[name].itemsize for name, size in sizes.items()}
        return np.array(found, RESPONSE)

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

    def steps(self) -> list[tuple[int, int]]:
        found = (c for p in self.layout.predictors.values() for c in p.monotonic)
        return [(self.layout[n].start, s.size) for c in found for n, s in c.shares.items()]

    def gps(self) -> list[tuple[Any, ...]]:
        found = (c for p in self.layout.predictors.values() for c in p.processes)
        return [record for c in found for record in self.processes(c)]

    def processes(self, c: Processes) -> Iterator[tuple[Any, ...]]:
        """The record of each of a predictor's Gaussian processes."""
        sd, scale, first = (self.layout[c.named(w)].start for w in ("sdgp", "lscale", "zgp"))
        for i, (gp, (scales, numbers)) in enumerate(zip(c.processes, c.parts, strict=True)):
            places = first + numbers.start, gp.size, sd + i, scale + scales.start, int(gp.several)
            nu = SMOOTHNESS.get(gp.term.kernel, 0.0)
            if gp.basis is None:
                informed = self.layout.informed.get(c.named("zgp"), (None,) * len(c.processes))
                beside = self.layout.at.get(c.target.variable)
                at = NONE if beside is None else beside.start
                yield *places, *self.exact(gp, nu, informed[i], at)
            else:
                yield *places, *self.approximate(gp, nu)

    def approximate(self, gp: Process, nu: float) -> tuple[Any, ...]:
        squares = gp.basis.frequencies**2
        dims = squares.shape[1]
        level = np.log(constant(gp.term.kernel, dims))
        return dims, self.data.add(squares), 0, NONE, NONE, NONE, 0, nu, level

    def exact(
        self, gp: Process, nu: float, informed: Informed | None, beside: int
    ) -> tuple[Any, ...]:
        # Here, for it imports numba.
        from bayesmix.engine.kernels.exact import compiled_exact, scratch_of

        squares, work = gp.squares, self.scratch
        self.scratch += scratch_of(gp.size, informed is not None)
        known, n_beside = NONE, 0
        if informed is not None:
            known, n_beside = self.data.add(informed.known), len(informed.beside)
        function = compiled_exact().address
        places = self.data.add(squares), function, work, known, beside, n_beside
        return len(squares), *places, nu, 0.0

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


def _concentration(at: At) -> np.ndarray:
    return concentration(at.parameter.prior.distribution.params, at.parameter.shape[-1])


def _scalar(at: int, prior: Resolved) -> tuple[Any, ...]:
    code, a, b, c = code_of(prior.distribution)
    lower, upper = prior.lower, prior.upper
    return at, transform_of(lower, upper), code, lower, upper, a, b, c
