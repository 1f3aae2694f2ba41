"""The parameters that predictors and groups have, without their priors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bayesmix.design.build import Design, PredictorDesign
from bayesmix.design.contributions import Smooths
from bayesmix.design.groups import Group
from bayesmix.design.imputed import latent_parameters
from bayesmix.design.matrix import INTERCEPT
from bayesmix.design.spine import GroupCoef, Spine, blocks, coefs_of, sd_of
from bayesmix.formula.tree import SmoothTerm, render
from bayesmix.parameters import MAIN, Parameter, Role, Slot, Transform, labels


def of_predictors(design: Design) -> Iterator[Parameter]:
    """The population coefficients of every predictor, and what its variance functions have."""
    families = {n: r.family for n, r in zip(design.names, design.responses, strict=True)}
    frames = dict(zip(design.names, design.frames.own, strict=True))
    for p in design.predictors:
        if p.columns.names:
            family = families[p.target.resp]
            several = family.main if family.main_outcome is not None and not family.parts else ()
            yield _population(p, p.dpar in several, p.dpar in family.nonlinear)
    for p in design.predictors:
        for v in p.variances:
            yield from v.parameters
        if p.smooths:
            yield from _smooths(p, p.smooths)
        for c in p.drawn:
            yield from c.parameters
        for gp in p.processes:
            yield from gp.parameters
        for r in p.regions:
            yield from r.parameters
        if p.residuals:
            yield from p.residuals.parameters(frames[p.target.resp].index)


def of_measured(design: Design) -> Iterator[Parameter]:
    """What true values of covariates with measurement error are drawn with, and they."""
    for m in design.measured:
        yield from m.parameters


def of_imputed(design: Design) -> Iterator[Parameter]:
    """The values of responses that are parameters."""
    return latent_parameters(design.names, design.responses, design.frames.own)


def of_groups(design: Design) -> Iterator[Parameter]:
    """Standard deviations, correlations and effects of every grouping factor."""
    for group in design.groups:
        coefs = coefs_of(design.spine, group.name)
        yield _sd(group, coefs)
        if any(len(block) > 1 for block in blocks(design.spine, group.name)):
            yield _cor(group, coefs)
        if group.dist == "student":
            yield _df(group)
            yield _mixing(group)
        yield _effects(group, coefs)


def _population(p: PredictorDesign, shared: bool, nonlinear: bool) -> Parameter:
    """Intercepts of nonlinear parameters are coefficients as others, as in brms."""
    names = p.columns.names
    # Those of thresholds have a prior together, as in brms.
    dpar = MAIN if p.target.category else p.dpar
    slots = [Slot("b", dpar, "", name, shared=shared) for name in names]
    if p.columns.has_intercept and not nonlinear:
        slots[0] = Slot(INTERCEPT, p.dpar, shared=shared)
    t = p.target
    return Parameter(t.variable, Role.POPULATION, t, (t.dim,), (names,), tuple(slots))


def _smooths(p: PredictorDesign, smooths: Smooths) -> Iterator[Parameter]:
    """Standard deviations of blocks, one prior for those of a term, and coefficients."""
    t, labels = p.target, [smooth_label(s.term) for s in smooths.smooths for _ in s.blocks]
    slots = tuple(Slot("sds", p.dpar, "", label) for label in labels)
    dim, blocks = f"{t.prefix}smooth", smooths.blocks
    yield Parameter(f"sd{t.smooth}", Role.SMOOTH_SD, t, (dim,), (blocks,), slots)
    pairs = zip(blocks, smooths.sizes, strict=True)
    names = tuple(f"{name}[{i + 1}]" for name, size in pairs for i in range(size))
    dim = f"{t.prefix}basis"
    yield Parameter(t.smooth, Role.SMOOTH, t, (dim,), (names,), transform=Transform.STANDARDISED)


def smooth_label(term: SmoothTerm) -> str:
    """A term as priors call it, options and all, in R's spelling: ``s(x, by = f)``."""
    bases = {"s": ("tp",), "t2": ("cr",) * len(term.bases)}
    options = {
        "bs": _listed([f'"{b}"' for b in term.bases]) if term.bases != bases[term.function] else "",
        "k": _listed(map(str, term.sizes)),
        "by": term.by_text,
    }
    given = [f"{name} = {text}" for name, text in options.items() if text]
    return f"{term.function}({', '.join([*map(render, term.covariates), *given])})"


def _listed(items: Iterable[str]) -> str:
    """One for all where they are the same."""
    items = tuple(items)
    if len(set(items)) <= 1:
        return "".join(items[:1])
    return f"c({', '.join(items)})"


def _sd(group: Group, coefs: Spine) -> Parameter:
    pairs = zip(coefs, sd_of(coefs), strict=True)
    slots = tuple(_sd_slot(c, own == k) for k, (c, own) in enumerate(pairs))
    axes = {**_strata(group), **_coefs(group, coefs)}
    return _of_group("sd", Role.SD, group, axes, slots)


def _cor(group: Group, coefs: Spine) -> Parameter:
    axes = {**_strata(group), **_coefs(group, coefs), **_coefs(group, coefs, "coef2")}
    slots = (Slot("cor", "", group.name),)
    return _of_group("cor", Role.COR, group, axes, slots, Transform.CORRELATION)


def _df(group: Group) -> Parameter:
    return _of_group("df", Role.DF, group, {}, (Slot("df", "", group.name, lower=1.0),))


def _mixing(group: Group) -> Parameter:
    return _of_group("udf", Role.MIXING, group, _levels(group), ())


def _effects(group: Group, coefs: Spine) -> Parameter:
    axes = {**_levels(group), **_coefs(group, coefs)}
    return _of_group("r", Role.EFFECTS, group, axes, (), Transform.STANDARDISED)


def _of_group(
    what: str,
    role: Role,
    group: Group,
    axes: dict[str, tuple],
    slots: tuple[Slot, ...],
    transform: Transform = Transform.BOUNDED,
) -> Parameter:
    name, dims, coords = f"{what}_{group.name}", tuple(axes), tuple(axes.values())
    return Parameter(name, role, group.name, dims, coords, slots, transform)


def _sd_slot(c: GroupCoef, own: bool) -> Slot:
    """One that is the same as another's is no parameter of its own."""
    dpar, coef = (MAIN, c.name) if c.target.category else (c.target.dpar, c.coef)
    resp = c.target.resp
    coef = "" if own and c.structure.sds == "one" else coef
    fixed = None if own and c.structure.own_sd else 1.0
    return Slot("sd", dpar, c.group, coef, fixed=fixed, resp=resp)


def _levels(group: Group) -> dict[str, tuple]:
    return {group.name: labels(group.levels)}


def _strata(group: Group) -> dict[str, tuple]:
    return {} if group.by is None else {group.by.name: labels(group.by.levels)}


def _coefs(group: Group, coefs: Spine, dim: str = "coef") -> dict[str, tuple]:
    return {f"{group.name}_{dim}": tuple(c.name for c in coefs)}
