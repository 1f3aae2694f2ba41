"""`ModelSpec`: formula, data, family and priors, checked and put together; a model's definition.

Two things evaluate its density, the PyMC model (`pymc_model`) and the engine (`engine`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from bayesmix.correlations import Distance
from bayesmix.design import (
    Design,
    Group,
    PredictorDesign,
    Residuals,
    ResponseData,
    blocks,
    build_design,
)
from bayesmix.design.columns import label_key
from bayesmix.design.parameters import of_groups, of_predictors
from bayesmix.design.rank import check_rank
from bayesmix.design.residuals import Kind
from bayesmix.design.sar import SpatialWeights, build_weights
from bayesmix.design.spine import Spine, coefs_of, sd_of
from bayesmix.errors import DataError, FormulaError, PriorError
from bayesmix.families import Family
from bayesmix.families import family as find_family
from bayesmix.families.family import Vector
from bayesmix.formula import Formula, bf, with_ties
from bayesmix.formula.structures import Structure
from bayesmix.frames import to_pandas
from bayesmix.parameters import MAIN, Parameter, Role, Slot, Target, Transform, labels
from bayesmix.parameters.slots import dpar_key
from bayesmix.priors import Prior, PriorTable, Resolved, common, resolve, serial
from bayesmix.priors import default_priors as brms_priors
from bayesmix.priors.autoscale import autoscaled, check_scheme
from bayesmix.priors.defaults import of_distances, of_variances
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
class IndependentRows:
    """The likelihood of a response whose rows are independent given their parameters.

    The other kinds (another would be several responses at once) are classes beside this one, chosen
    in `_likelihood`; PyMC model, engine and predictions each look up in one place what they do with
    it. Each has the `parameters` that are its own.
    """

    parameters: ClassVar[tuple[Parameter, ...]] = ()


@dataclass(frozen=True)
class SpatialRows:
    """That of rows which hang on each other by spatial weights W.

    Of type ``"lag"`` responses y are such that (I - rho W) y - mu is independent between rows, of
    type ``"error"`` (I - rho W) (y - mu) is.

    Attributes
    ----------
    weights : SpatialWeights
    type : str
    """

    weights: SpatialWeights
    type: str

    @property
    def name(self) -> str:
        """What brms calls rho."""
        return f"{self.type}sar"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        lower, upper = self.weights.bounds
        slot = Slot(self.name, lower=lower, upper=upper)
        return (Parameter(self.name, Role.ROWS, Target("", MAIN), slots=(slot,)),)


@dataclass(frozen=True)
class CorrelatedRows:
    """That of one whose rows of a group are one draw of a distribution of several dimensions."""

    parameters: ClassVar[tuple[Parameter, ...]] = ()

    residuals: Residuals


@dataclass(frozen=True)
class LaggedRows:
    """That of one whose mean has the residuals of rows before, given which rows are independent."""

    parameters: ClassVar[tuple[Parameter, ...]] = ()

    residuals: Residuals


Likelihood = IndependentRows | SpatialRows | CorrelatedRows | LaggedRows


@dataclass(frozen=True)
class Response:
    """A response, and what is predicted of it.

    Attributes
    ----------
    name : str
        As targets have it: ``""`` where the model has only one.
    data : ResponseData
    family : Family
    predictors : mapping of str to PredictorDesign
        By dpar, the main one first; those without a formula aren't there.
    likelihood : Likelihood
    asked : Family
        The family as it was given, which knows nothing of the response yet.
    """

    name: str
    data: ResponseData
    family: Family
    predictors: Mapping[str, PredictorDesign]
    likelihood: Likelihood
    asked: Family


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
    """

    responses: tuple[Response, ...]
    design: Design
    parameters: tuple[Parameter, ...]
    priors: PriorTable
    user_priors: tuple[Prior, ...]
    defaults: str = "brms"

    @property
    def formula(self) -> Formula:
        return self.design.formula

    @property
    def response(self) -> Response:
        """The response of a model that has one."""
        (only,) = self.responses
        return only

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
    def increasing(self) -> tuple[Parameter, ...]:
        """The coefficients whose intercepts increase from one predictor to the next."""
        main = self.family.main if self.family.in_order else ()
        return tuple(self.by_name[Target(self.response.name, dpar).variable] for dpar in main)

    @cached_property
    def shrinkings(self) -> tuple[Shrinking, ...]:
        """The priors that shrink several parameters together."""
        return shrinkings_of(self.parameters)

    @property
    def in_order(self) -> tuple[Parameter, ...]:
        """The parameters, each after those that it hangs on.

        What a shrinkage prior brings with it comes before what is shrunk, and after its unit; what
        intercepts are centred by before them.
        """
        if not (self.shrinkings or any(self.of_role(Role.VARIANCE))):
            return self.parameters
        order = {Role.DPAR: 0, Role.VARIANCE: 0, Role.SHRINKAGE: 1}
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
    formula: str | Formula,
    data: Any,
    family: str | Family = "gaussian",
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
    frame, asked = to_pandas(data), find_family(family)
    formula = with_ties(bf(formula), asked.dpar_names, frame.columns)
    asked = asked.settled(dict(formula.fixed), dict(formula.tied))
    of_all = None if whole is None else whole.response.data
    known = None if whole is None else whole.predictors
    design = build_design(formula, frame, asked, namespace, _matrices(data2), of_all, known)
    responses = tuple(_response(r, design, asked) for r in design.responses)
    vectors, plain = _vectors(responses), _plain(responses)
    of_rows = (p for r in responses for p in r.likelihood.parameters)
    declared = (*of_predictors(design), *vectors, *of_groups(design), *plain, *of_rows)
    user = _as_tuple(prior)
    priors = _resolved(responses, declared, user, default_priors)
    parameters = _completed(declared, priors)
    _check_nonlinear(parameters, responses)
    spec = ModelSpec(responses, design, parameters, priors, user, default_priors)
    for g in spec.groups:
        _check_correlations(g)
    for p in design.predictors:
        _check_rank(spec, p)
    if spec.family.in_order:
        _check_increasing(spec)
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
        spec.response.asked,
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


def _response(data: ResponseData, design: Design, asked: Family) -> Response:
    predictors = {p.dpar: p for p in design.predictors}
    return Response("", data, data.family, predictors, _likelihood(design), asked)


def _likelihood(design: Design) -> Likelihood:
    """How the rows of a response hang together."""
    mu = design.formula.mu
    for term in mu.sars:
        return SpatialRows(build_weights(term, design.frame, design.data2, mu.source), term.type)
    kinds = {Kind.COVARIANCE: CorrelatedRows, Kind.LAGGED: LaggedRows}
    found = (p.residuals for p in design.predictors if p.residuals)
    likelihoods = (kinds[r.kind](r) for r in found if r.kind in kinds)
    return next(likelihoods, IndependentRows())


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
    axes, target = ((v.dim,), (names,)), Target(r.name, MAIN)
    return Parameter(v.name, Role.THRESHOLDS, target, *axes, slots, transform, lengths=v.runs)


def _shares(v: Vector, r: Response) -> Parameter:
    """Those of each stratum have the same prior."""
    slots = (Slot(v.class_, shares=len(v.labels)),)
    coords = (*(labels(s) for s in r.data.strata if v.strata), v.labels)
    target = Target(r.name, MAIN)
    return Parameter(v.name, Role.SHARES, target, v.dims, coords, slots, Transform.SHARES)


def _correlations(v: Vector, r: Response) -> Parameter:
    """Those under the diagonal, row by row, with one prior."""
    axes, target = ((v.dim,), (v.labels,)), Target(r.name, MAIN)
    slots, transform = (Slot(v.class_),), Transform.CORRELATION
    return Parameter(v.name, Role.CORRELATIONS, target, *axes, slots, transform)


def _plain(responses: Iterable[Response]) -> Iterator[Parameter]:
    """The parameters without a formula: one value each, on the natural scale."""
    for r in responses:
        for name in r.family.free_dpars:
            if name not in r.predictors:
                d = r.family.dpar(name)
                slot = Slot(name, lower=d.lower, upper=d.upper)
                yield Parameter(name, Role.DPAR, Target(r.name, name), slots=(slot,))


def _resolved(
    responses: Sequence[Response],
    declared: Iterable[Parameter],
    user: tuple[Prior, ...],
    scheme: str,
) -> PriorTable:
    slots = tuple(slot for p in declared for slot in p.slots)
    defaults = {}
    for r in responses:
        offsets = {dpar: float(p.offset.mean()) for dpar, p in r.predictors.items()}
        defaults |= brms_priors(r.family, r.data.y, slots, offsets)
        functions = (v for p in r.predictors.values() for v in p.variances)
        defaults |= of_variances(functions)
        for residuals in (p.residuals for p in r.predictors.values() if p.residuals):
            if isinstance(residuals.correlation, Distance):
                defaults |= of_distances(residuals.usual_distance)
        if scheme == "autoscale":
            columns = {dpar_key(dpar): _by_coef(p) for dpar, p in r.predictors.items()}
            offset = offsets.get(MAIN, 0.0)
            defaults |= autoscaled(r.family, r.data.y, slots, columns, offset)
    return resolve(slots, defaults, user, rows=len(responses[0].data.y))


def _by_coef(p: PredictorDesign) -> dict[str, np.ndarray]:
    return dict(zip(p.columns.names, p.columns.values.T, strict=True))


def _completed(declared: Iterable[Parameter], priors: PriorTable) -> tuple[Parameter, ...]:
    """The parameters with their priors, and those that shrinkage priors bring with them."""
    own = tuple(_with_priors(p, priors) for p in declared)
    return *own, *(h for s in shrinkings_of(own) for h in hyper_parameters(s))


def _with_priors(p: Parameter, priors: PriorTable) -> Parameter:
    found = tuple(priors.for_slot(slot) for slot in p.slots)
    if p.transform == Transform.ORDERED and any(prior.distribution.fixed for prior in found):
        raise PriorError(f"{p.name} are thresholds in increasing order, which can't be constants.")
    return replace(p, priors=found)


def _check_correlations(g: GroupPriors) -> None:
    checks = {"common": common.shapes, "ar1": serial.ar1_shape}
    for block in g.blocks:
        check = checks.get(g.structure(block).correlations)
        if check is not None and len(block) > 1:
            check(len(block), g.eta)


def _check_increasing(spec: ModelSpec) -> None:
    """There must be intercepts, free to move, to be put in order."""
    for dpar in spec.family.main:
        p = spec.response.predictors[dpar]
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


def _check_nonlinear(parameters: Iterable[Parameter], responses: Iterable[Response]) -> None:
    """PriorError for coefficients of nonlinear parameters without priors."""
    names = {n for r in responses for n in r.family.nonlinear}
    for p in parameters:
        dpar = p.owner.dpar if p.role == Role.POPULATION else ""
        if dpar in names and not all(r.distribution.proper for r in p.priors):
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
