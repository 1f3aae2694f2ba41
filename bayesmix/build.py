"""`build_spec`: what the user gives, checked and put together as a `ModelSpec`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.correlations import Distance
from bayesmix.design import (
    Design,
    Measured,
    PredictorDesign,
    build_design,
)
from bayesmix.design.columns import label_key
from bayesmix.design.measured import TRUE, as_measured
from bayesmix.design.parameters import of_groups, of_imputed, of_measured, of_predictors
from bayesmix.design.rank import check_rank
from bayesmix.errors import (
    DataError,
    FamilyError,
    FormulaError,
    PriorError,
)
from bayesmix.families import Family
from bayesmix.families import family as find_family
from bayesmix.families.family import Vector
from bayesmix.formula import Formula, MvFormula, bf, with_ties
from bayesmix.formula.multivariate import formulas_of
from bayesmix.frames import to_pandas
from bayesmix.likelihood import Rescor, likelihood_of, rescor_of
from bayesmix.parameters import MAIN, Parameter, Role, Slot, Target, Transform, labels
from bayesmix.parameters.slots import Key, dpar_key
from bayesmix.priors import Prior, PriorTable, common, resolve, serial
from bayesmix.priors import default_priors as brms_priors
from bayesmix.priors.autoscale import autoscaled, check_scheme
from bayesmix.priors.defaults import of_distances, of_variances
from bayesmix.priors.distributions import Distribution
from bayesmix.priors.shrinking import hyper_parameters, shrinkings_of
from bayesmix.spec import GroupPriors, ModelSpec, Response


def build_spec(
    formula: str | Formula | MvFormula,
    data: Any,
    family: str | Family | Sequence[str | Family] | None = None,
    prior: Prior | Iterable[Prior] | None = (),
    namespace: Mapping[str, Callable[..., Any]] | None = None,
    data2: Mapping[str, pd.DataFrame] | None = None,
    default_priors: str = "brms",
    whole: ModelSpec | None = None,
) -> ModelSpec:
    """Check and put together what the user gives; see `on_rows` for `whole`.

    Raises
    ------
    FormulaError, DataError, FamilyError, PriorError
    """
    check_scheme(default_priors)
    frame, formula = to_pandas(data), bf(formula)
    families = families_of(formula, family)
    formula, asked = _settled(formula, families, frame.columns)
    of_all = None if whole is None else {r.name: r.data for r in whole.responses}
    known = None if whole is None else whole.predictors
    design = build_design(formula, frame, asked, namespace, _matrices(data2), of_all, known)
    rescor = rescor_of(formula, design)
    responses = tuple(_responses(design, asked, rescor))
    vectors, plain = _vectors(responses), _plain(responses)
    of_rows = [p for r in responses for p in r.likelihood.parameters]
    of_rows += [rescor.parameter] if rescor else []
    latent = (*of_groups(design), *of_measured(design), *of_imputed(design))
    declared = (*of_predictors(design), *vectors, *latent, *plain, *of_rows)
    declared = tuple(map(_of_response, declared))
    user = _as_tuple(prior)
    priors = _resolved(responses, declared, user, default_priors, design)
    parameters = _completed(declared, priors)
    for r in responses:
        _check_nonlinear(parameters, r)
    spec = ModelSpec(responses, design, parameters, priors, user, default_priors, rescor)
    for g in spec.groups:
        _check_correlations(g)
    for p in design.predictors:
        _check_rank(spec, p)
    for r in responses:
        _check_increasing(spec, r)
    return spec


def on_rows(spec: ModelSpec, rows: np.ndarray) -> ModelSpec:
    """The model of some of the rows, in the order given.

    It has the priors that it has on all, the baseline hazard, all regions, and all steps.

    Parameters
    ----------
    spec : ModelSpec
    rows : ndarray of int

    Raises
    ------
    DataError
        If the rows don't make a model: a factor or the response has too few levels left.
    """
    made = rebuilt(spec, spec.design.frame.iloc[rows])
    priors = made.priors.as_in(spec.priors)
    declared = (p for p in made.parameters if p.role != Role.SHRINKAGE)
    parameters = _completed(declared, priors)
    return replace(made, parameters=parameters, priors=priors)


def rebuilt(spec: ModelSpec, data: pd.DataFrame) -> ModelSpec:
    """The model built from other rows; steps, regions and bases are those of the first."""
    return build_spec(
        spec.formula,
        data,
        [r.asked for r in spec.responses],
        spec.user_priors,
        spec.design.functions,
        spec.design.data2,
        spec.defaults,
        whole=spec,
    )


def families_of(
    formula: Formula | MvFormula, family: str | Family | Sequence[str | Family] | None
) -> tuple[Family, ...]:
    """The family of each response: what its formula says, else the model's.

    Raises
    ------
    FamilyError
        If there is no such family, two are said, or as many as there are no responses.
    """
    formulas, usual = formulas_of(formula), family
    each = isinstance(family, Sequence) and not isinstance(family, str)
    if each and len(family) != len(formulas):
        raise FamilyError(
            f"family= has {len(family)} families for {len(formulas)} responses; give one for all, "
            "or one each."
        )
    given = tuple(family) if each else (usual,) * len(formulas)
    return tuple(_family_of(f, g, each) for f, g in zip(formulas, given, strict=True))


def _family_of(formula: Formula, given: str | Family | None, own: bool) -> Family:
    """That of the formula counts where the model's is for all responses."""
    if formula.family is None:
        return find_family("gaussian" if given is None else given)
    said = find_family(formula.family)
    if own and given is not None and find_family(given) != said:
        raise FamilyError(
            f"The formula says family {said.name!r}, and family= {find_family(given).name!r}; "
            "leave one out."
        )
    return said


def _settled(
    formula: Formula | MvFormula, families: Sequence[Family], columns: pd.Index
) -> tuple[Formula | MvFormula, list[Family]]:
    """Formulas with their ties, and families that know what is fixed."""
    pairs = zip(formulas_of(formula), families, strict=True)
    ready = [with_ties(f, family.dpar_names, columns) for f, family in pairs]
    pairs = zip(ready, families, strict=True)
    asked = [family.settled(dict(f.fixed), dict(f.tied)) for f, family in pairs]
    if isinstance(formula, MvFormula):
        return replace(formula, formulas=tuple(ready)), asked
    return ready[0], asked


def _responses(
    design: Design, asked: Sequence[Family], rescor: Rescor | None
) -> Iterator[Response]:
    shared = ("nu",) if rescor is not None and rescor.nu else ()
    for name, family in zip(design.names, asked, strict=True):
        part = design.of(name)
        (data,) = part.responses
        predictors = {p.dpar: p for p in part.predictors}
        about = data, data.family, predictors, likelihood_of(part, name)
        yield Response(name, part.formula, *about, family, shared)


def _of_response(p: Parameter) -> Parameter:
    """The priors of what belongs to a response know which."""
    if not isinstance(p.owner, Target) or not p.owner.resp:
        return p
    return replace(p, slots=tuple(replace(slot, resp=p.owner.resp) for slot in p.slots))


def _vectors(responses: Iterable[Response]) -> Iterator[Parameter]:
    """The parameters of several values that all rows share."""
    for r in responses:
        for v in r.family.vectors:
            if v.correlations:
                yield _correlations(v, r)
            else:
                yield _shares(v, r) if v.shares else _thresholds(v, r)


def _thresholds(v: Vector, r: Response) -> Parameter:
    """Labelled ``item,1`` where groups have their own."""
    strata = r.data.strata[0] if v.runs else ()
    groups = [label_key(s) for s, n in zip(strata, v.runs, strict=True) for _ in range(n)]
    of = groups or [""] * len(v.labels)
    pairs = list(zip(of, v.labels, strict=True))
    slots = tuple(Slot(v.class_, "", g, str(k) if v.each else "") for g, k in pairs)
    names = tuple(f"{g},{k}" for g, k in pairs) if groups else v.labels
    transform = Transform.ORDERED if v.ordered else Transform.BOUNDED
    target = Target(r.name, MAIN)
    axes = (target.prefix + v.dim,), (names,)
    return Parameter(
        r.variable(v.name), Role.THRESHOLDS, target, *axes, slots, transform, lengths=v.runs
    )


def _shares(v: Vector, r: Response) -> Parameter:
    """Those of each stratum have the same prior."""
    slots = (Slot(v.class_, shares=len(v.labels)),)
    coords = (*(labels(s) for s in r.data.strata if v.strata), v.labels)
    target = Target(r.name, MAIN)
    dims, made = tuple(target.prefix + dim for dim in v.dims), Transform.SHARES
    return Parameter(r.variable(v.name), Role.SHARES, target, dims, coords, slots, made)


def _correlations(v: Vector, r: Response) -> Parameter:
    """Those under the diagonal, row by row, with one prior."""
    target = Target(r.name, MAIN)
    axes, slots = ((target.prefix + v.dim,), (v.labels,)), (Slot(v.class_),)
    transform = Transform.CORRELATION
    return Parameter(r.variable(v.name), Role.CORRELATIONS, target, *axes, slots, transform)


def _plain(responses: Iterable[Response]) -> Iterator[Parameter]:
    """The parameters without a formula: one value each, on the natural scale."""
    made: set[str] = set()
    for r in responses:
        for name in r.family.free_dpars:
            if name not in r.predictors and r.variable(name) not in made:
                d, shared = r.family.dpar(name), name in r.shared
                slot = Slot(name, lower=d.lower, upper=d.upper)
                target = Target("" if shared else r.name, name)
                made.add(r.variable(name))
                yield Parameter(r.variable(name), Role.DPAR, target, slots=(slot,))


def _resolved(
    responses: Sequence[Response],
    declared: Iterable[Parameter],
    user: tuple[Prior, ...],
    scheme: str,
    design: Design,
) -> PriorTable:
    slots = tuple(slot for p in declared for slot in p.slots)
    defaults: dict[tuple[str, ...], Any] = {}
    measured = {m.named(TRUE): m for m in design.measured}
    for r in responses:
        # Those that belong to none, such as correlations, have the same default for all.
        own = [slot for slot in slots if slot.resp in ("", r.name)]
        for key, prior in _defaults(r, own, scheme, measured).items():
            whose = {s.resp for s in own if key in ((s.class_, s.dpar), s.key)}
            defaults |= {
                (key if isinstance(key, Key) or not w else (*key, w)): prior for w in whose
            }
    sizes = {r.name: len(r.data.y) for r in responses} | {"": len(design.frame)}
    return resolve(slots, defaults, user, sizes)


def _defaults(
    r: Response, slots: Sequence[Slot], scheme: str, measured: Mapping[str, Measured]
) -> dict[tuple[str, ...], Distribution | str]:
    """The priors of a response's parameters that the user says nothing about."""
    offsets = {dpar: float(p.offset.mean()) for dpar, p in r.predictors.items()}
    defaults = brms_priors(r.family, r.data.seen, slots, offsets)
    functions = (v for p in r.predictors.values() for v in p.variances)
    defaults |= of_variances(functions)
    for residuals in (p.residuals for p in r.predictors.values() if p.residuals):
        if isinstance(residuals.correlation, Distance):
            defaults |= of_distances(residuals.series.usual_distance)
    if scheme == "autoscale":
        columns = {dpar_key(dpar): _by_coef(p, measured) for dpar, p in r.predictors.items()}
        offset = offsets.get(MAIN, 0.0)
        defaults |= autoscaled(r.family, r.data.seen, slots, columns, offset)
    return defaults


def _by_coef(p: PredictorDesign, measured: Mapping[str, Measured]) -> dict[str, np.ndarray]:
    """The columns, those of measured covariates as they were measured."""
    found = dict(zip(p.columns.names, p.columns.values.T, strict=True))
    for at, x, drawn in (product for c in p.drawn for product in c.of_coefficients):
        column = as_measured(x, drawn, measured)
        found |= {} if column is None else {p.columns.names[at]: column}
    return found


def _completed(declared: Iterable[Parameter], priors: PriorTable) -> tuple[Parameter, ...]:
    """The parameters with their priors, and those that shrinkage priors bring with them."""
    own = tuple(_with_priors(p, priors) for p in declared)
    return *own, *(h for s in shrinkings_of(own) for h in hyper_parameters(s))


def _with_priors(p: Parameter, priors: PriorTable) -> Parameter:
    found = tuple(priors.for_slot(slot) for slot in p.slots)
    fixed = any(prior.distribution.fixed for prior in found)
    if p.transform == Transform.ORDERED and fixed:
        raise PriorError(f"{p.name} are thresholds in increasing order, which can't be constants.")
    if p.transform == Transform.STATIONARY and fixed:
        raise PriorError(f"The coefficients {p.name} are of a stationary series, and no constants.")
    return replace(p, priors=found)


def _check_correlations(g: GroupPriors) -> None:
    checks = {"common": common.shapes, "ar1": serial.ar1_shape}
    for block in g.blocks:
        check = checks.get(g.structure(block).correlations)
        if check is not None and len(block) > 1:
            check(len(block), g.eta)


def _check_increasing(spec: ModelSpec, r: Response) -> None:
    """There must be intercepts, free to move, to be put in order."""
    for dpar in r.family.main if r.family.in_order else ():
        p = r.predictors[dpar]
        if not p.columns.has_intercept:
            raise FormulaError(
                f"The intercepts of the components increase, and {dpar!r} has none.",
                p.predictor.source,
                hint="Leave '0 +' out, or give the mixture order=\"none\".",
            )
        prior = spec.by_name[p.target.variable].priors[0]
        if prior.distribution.fixed or np.isfinite([prior.lower, prior.upper]).any():
            raise PriorError(
                f"The intercepts of the components increase, so that of {dpar!r} can't be a "
                'constant or have bounds; or give the mixture order="none".'
            )


def _check_nonlinear(parameters: Iterable[Parameter], r: Response) -> None:
    """PriorError for coefficients of nonlinear parameters without priors."""
    for p in parameters:
        own = p.role == Role.POPULATION and p.owner.resp == r.name
        dpar = p.owner.dpar if own else ""
        if dpar in r.family.nonlinear and not all(r.distribution.proper for r in p.priors):
            raise PriorError(
                f"The coefficients of the nonlinear parameter {dpar!r} need a prior, for no "
                f'default knows their scale: bx.prior("normal(0, 1)", "b", nlpar={dpar!r}), with a '
                "location and a scale that suit it."
            )


def _check_rank(spec: ModelSpec, p: PredictorDesign) -> None:
    if p.columns.names:
        columns = slice(int(p.columns.has_intercept), len(p.columns.matrix.names))
        slopes = spec.by_name[p.target.variable].priors[columns]
        check_rank(p, flat=[not prior.distribution.proper for prior in slopes])


def _matrices(data2: Any) -> Mapping[str, Any]:
    if data2 is not None and not isinstance(data2, Mapping):
        raise DataError(
            "data2= is a dict from the names in the formula to DataFrames, not "
            f"{type(data2).__name__}."
        )
    return data2 or {}


def _as_tuple(prior: Prior | Iterable[Prior] | None) -> tuple[Prior, ...]:
    """What `resolve` checks, once through an iterator."""
    if prior is None:
        return ()
    return tuple(prior) if isinstance(prior, Iterable) and not isinstance(prior, str) else (prior,)
