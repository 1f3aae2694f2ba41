"""`ModelSpec`: formula, data, family and priors, checked and put together; a model's definition.

Two things evaluate its density, the PyMC model (`pymc_model`) and the engine (`engine`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.correlations import Distance
from bayesmix.design import (
    Design,
    Group,
    Measured,
    PredictorDesign,
    ResponseData,
    blocks,
    build_design,
)
from bayesmix.design.columns import label_key, may_miss
from bayesmix.design.measured import TRUE, as_measured
from bayesmix.design.parameters import of_groups, of_imputed, of_measured, of_predictors
from bayesmix.design.rank import check_rank
from bayesmix.design.spine import Spine, coefs_of, sd_of
from bayesmix.errors import (
    DataError,
    FamilyError,
    FormulaError,
    PredictionError,
    PriorError,
    did_you_mean,
    listed,
)
from bayesmix.families import Family
from bayesmix.families import family as find_family
from bayesmix.families.family import Vector
from bayesmix.formula import Formula, MvFormula, bf, with_ties
from bayesmix.formula.multivariate import formulas_of
from bayesmix.formula.structures import Structure
from bayesmix.frames import to_pandas
from bayesmix.likelihood import Likelihood, Rescor, likelihood_of, rescor_of
from bayesmix.parameters import MAIN, Parameter, Role, Slot, Target, Transform, labels
from bayesmix.parameters.slots import Key, dpar_key
from bayesmix.priors import Prior, PriorTable, Resolved, common, resolve, serial
from bayesmix.priors import default_priors as brms_priors
from bayesmix.priors.autoscale import autoscaled, check_scheme
from bayesmix.priors.defaults import of_distances, of_variances
from bayesmix.priors.distributions import Distribution
from bayesmix.priors.shrinking import Shrinking, hyper_parameters, shrinkings_of


@dataclass(frozen=True)
class GroupPriors:
    """One grouping factor's coefficients and their priors.

    Attributes
    ----------
    group : Group
    coefs : Spine
        In the order of the dimension ``{group}_coef``.
    sd : tuple of Resolved
        One for each coefficient.
    blocks : tuple of tuple of int
        Positions of coefficients that are correlated with each other.
    eta : float
        Shape of the LKJ prior of every block.
    """

    group: Group
    coefs: Spine
    sd: tuple[Resolved, ...]
    blocks: tuple[tuple[int, ...], ...]
    eta: float

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.coefs)

    @property
    def correlated(self) -> bool:
        return any(len(b) > 1 for b in self.blocks)

    @property
    def sd_of(self) -> tuple[int, ...]:
        """For each coefficient the one whose standard deviation it has."""
        return sd_of(self.coefs)

    @property
    def own_sds(self) -> tuple[bool, ...]:
        """Whether each has one of its own, for one stratum of ``gr(by=)`` after the other."""
        own = tuple(first == k for k, first in enumerate(self.sd_of))
        return own * (1 if self.group.by is None else len(self.group.by.levels))

    def structure(self, block: tuple[int, ...]) -> Structure:
        """That of correlated coefficients."""
        return self.coefs[block[0]].structure


@dataclass(frozen=True)
class Response:
    """A response, and what is predicted of it.

    Attributes
    ----------
    name : str
        As targets have it: ``""`` where the model has only one.
    formula : Formula
    data : ResponseData
    family : Family
    predictors : mapping of str to PredictorDesign
        By dpar, the main one first; those without a formula aren't there.
    likelihood : Likelihood
    asked : Family
        The family as it was given, which knows nothing of the response yet.
    shared : tuple of str
        Parameters that it has in common with other responses.
    """

    name: str
    formula: Formula
    data: ResponseData
    family: Family
    predictors: Mapping[str, PredictorDesign]
    likelihood: Likelihood
    asked: Family
    shared: tuple[str, ...] = ()

    def variable(self, name: str) -> str:
        """The variable of one of its parameters that have no formula."""
        return name if name in self.shared else Target(self.name, MAIN).called(name)

    @property
    def variables(self) -> dict[str, str]:
        """Those of all, by what the family calls them."""
        names = [*self.family.free_dpars, *(v.name for v in self.family.vectors)]
        return {n: self.variable(n) for n in names if n not in self.predictors}


@dataclass(frozen=True)
class ModelSpec:
    """A model's definition: everything that its density and its predictions need, and no draws.

    Picklable as long as the user's own functions in the formula's namespace are.

    Attributes
    ----------
    responses : tuple of Response
    design : Design
    parameters : tuple of Parameter
        Every variable of the posterior, in its order, with its priors.
    priors : PriorTable
    user_priors : tuple of Prior
        As the user gave them.
    defaults : str
        Where the other priors come from, one of `bayesmix.priors.autoscale.SCHEMES`.
    rescor : Rescor or None
        How residuals of several responses hang together, if they do.
    own_rows : bool
        Whether it is of one of several responses that don't all have the same rows.
    whole : ModelSpec or None
        The model of all responses, where it is of one of several.
    """

    responses: tuple[Response, ...]
    design: Design
    parameters: tuple[Parameter, ...]
    priors: PriorTable
    user_priors: tuple[Prior, ...]
    defaults: str = "brms"
    rescor: Rescor | None = None
    own_rows: bool = False
    whole: ModelSpec | None = None

    @property
    def formula(self) -> Formula | MvFormula:
        return self.design.formula

    @property
    def response(self) -> Response:
        """The response of a model that has one.

        Raises
        ------
        PredictionError
            If it has several.
        """
        if self.several:
            raise PredictionError(
                f"The model has the responses {listed(self.names)}; say which is meant: "
                f"resp={self.names[0]!r}, or fit.of({self.names[0]!r})."
            )
        return self.responses[0]

    @property
    def gaps(self) -> frozenset[str]:
        """The columns of which values may be missing."""
        whole = self if self.whole is None else self.whole
        return may_miss(formulas_of(whole.formula))

    @property
    def several(self) -> bool:
        """Whether there is more than one response."""
        return len(self.responses) > 1

    @property
    def names(self) -> tuple[str, ...]:
        """What the responses are called."""
        return tuple(r.name or r.data.name for r in self.responses)

    def of(self, resp: str | None) -> ModelSpec:
        """The model of one of the responses, with the parameters of all.

        Parameters
        ----------
        resp : str or None
            Where there is only one it needn't be named.

        Raises
        ------
        PredictionError
            For a name that no response has.
        """
        if resp is None:
            return self
        if not isinstance(resp, str) or resp not in self.names:
            raise PredictionError(
                f"There is no response {resp!r}.{did_you_mean(str(resp), self.names)} The model "
                f"has {listed(self.names)}."
            )
        return self.parts[self.names.index(resp)]

    @cached_property
    def parts(self) -> tuple[ModelSpec, ...]:
        """For each response the model of it alone, with the parameters of all."""
        if not self.several:
            return (self,)
        designs = {r.name: self.design.of(r.name) for r in self.responses}
        apart = any(len(d.frame) < len(self.design.frame) for d in designs.values())
        return tuple(
            replace(
                self,
                responses=(r,),
                design=designs[r.name],
                rescor=None,
                own_rows=apart,
                whole=self,
            )
            for r in self.responses
        )

    def response_of(self, target: Target) -> Response:
        """The response that a predictor is of."""
        return next(r for r in self.responses if r.name == target.resp)

    @property
    def family(self) -> Family:
        """The family of a model of one response."""
        return self.response.family

    @cached_property
    def predictors(self) -> Mapping[Target, PredictorDesign]:
        """All predictors, in an order in which each may use those before it."""
        return {p.target: p for p in self.design.predictors}

    @cached_property
    def by_name(self) -> Mapping[str, Parameter]:
        """The parameters by the names of their variables."""
        return {p.name: p for p in self.parameters}

    @property
    def increasing(self) -> tuple[tuple[Parameter, ...], ...]:
        """By response the coefficients whose intercepts increase from one to the next."""
        return tuple(
            tuple(self.by_name[Target(r.name, dpar).variable] for dpar in r.family.main)
            for r in self.responses
            if r.family.in_order
        )

    def increasing_with(self, p: Parameter) -> tuple[Parameter, ...]:
        """Those among whom a parameter's intercept increases; none where it needn't."""
        return next((run for run in self.increasing if p in run), ())

    @cached_property
    def shrinkings(self) -> tuple[Shrinking, ...]:
        """The priors that shrink several parameters together."""
        return shrinkings_of(self.parameters)

    @property
    def in_order(self) -> tuple[Parameter, ...]:
        """The parameters, each after those that it hangs on.

        What a shrinkage prior brings with it comes before what is shrunk, and after its unit; what
        intercepts are centred by before them; true values, and those that are imputed, after all
        else.
        """
        late = Role.TRUE_VALUES, Role.IMPUTED
        roles = {p.role for p in self.parameters}
        if not (self.shrinkings or roles & {*late, Role.VARIANCE}):
            return self.parameters
        order = {Role.DPAR: 0, Role.VARIANCE: 0, Role.SHRINKAGE: 1}
        order |= dict(zip(late, (3, 4), strict=True))
        return tuple(sorted(self.parameters, key=lambda p: order.get(p.role, 2)))

    def shrinking(self, name: str) -> tuple[Shrinking, ...]:
        """The shrinkage priors that a parameter's values have."""
        return tuple(s for s in self.shrinkings if s.member(name))

    @cached_property
    def groups(self) -> tuple[GroupPriors, ...]:
        return tuple(self._group(g) for g in self.design.groups)

    def group(self, name: str) -> GroupPriors:
        """A grouping factor's coefficients and priors."""
        return next(g for g in self.groups if g.group.name == name)

    @cached_property
    def measured(self) -> Mapping[str, Measured]:
        """Covariates with measurement error, by the name of their true values' variable."""
        return {m.named(TRUE): m for m in self.design.measured}

    def of_role(self, role: Role) -> Iterator[Parameter]:
        """The parameters of one role."""
        return (p for p in self.parameters if p.role == role)

    def _group(self, group: Group) -> GroupPriors:
        coefs = coefs_of(self.design.spine, group.name)
        cor = self.by_name.get(f"cor_{group.name}")
        eta = 1.0 if cor is None else cor.prior.distribution.params[0]
        sd = self.by_name[f"sd_{group.name}"].priors
        return GroupPriors(group, coefs, sd, blocks(self.design.spine, group.name), eta)


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
    made = build_spec(
        spec.formula,
        spec.design.frame.iloc[rows],
        [r.asked for r in spec.responses],
        spec.user_priors,
        spec.design.functions,
        spec.design.data2,
        spec.defaults,
        whole=spec,
    )
    priors = made.priors.as_in(spec.priors)
    declared = (p for p in made.parameters if p.role != Role.SHRINKAGE)
    parameters = _completed(declared, priors)
    return replace(made, parameters=parameters, priors=priors)


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
