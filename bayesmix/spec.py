"""`ModelSpec`: formula, data, family and priors, checked and put together; a model's definition.

Two things evaluate its density, the PyMC model (`pymc_model`) and the engine (`engine`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bayesmix.design import (
    Design,
    Group,
    Measured,
    PredictorDesign,
    ResponseData,
    blocks,
)
from bayesmix.design.columns import may_miss
from bayesmix.design.measured import TRUE
from bayesmix.design.spine import Spine, coefs_of, sd_of
from bayesmix.errors import (
    PredictionError,
    did_you_mean,
    listed,
)
from bayesmix.families import Family
from bayesmix.formula import Formula, MvFormula
from bayesmix.formula.multivariate import formulas_of
from bayesmix.formula.structures import Structure
from bayesmix.likelihood import Likelihood, Rescor
from bayesmix.parameters import MAIN, Parameter, Role, Target
from bayesmix.priors import Prior, PriorTable, Resolved
from bayesmix.priors.shrinking import Shrinking, shrinkings_of


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
        """The model of one of the responses, with its parameters and those that it shares.

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
        """For each response the model of it alone, without what belongs to another."""
        if not self.several:
            return (self,)
        designs = {r.name: self.design.of(r.name) for r in self.responses}
        apart = any(len(d.frame) < len(self.design.frame) for d in designs.values())
        return tuple(
            replace(
                self,
                responses=(r,),
                parameters=tuple(p for p in self.parameters if _concerns(p, r.name)),
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


def _concerns(p: Parameter, resp: str) -> bool:
    """Whether a parameter is of a response or of all; effects of groups are of all."""
    return not isinstance(p.owner, Target) or p.owner.resp in ("", resp)
