"""`ModelSpec`: formula, data, family and priors, checked and put together; a model's definition.

Two things evaluate its density, the PyMC model (`pymc_model`) and the engine (`engine`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bayesmix.design import Design, Group, PredictorDesign, blocks, build_design, coefs_of
from bayesmix.design.matrix import INTERCEPT
from bayesmix.design.rank import check_rank
from bayesmix.design.spine import GroupCoef, Spine
from bayesmix.families import Dpar, Family
from bayesmix.families import family as find_family
from bayesmix.formula import Formula, bf
from bayesmix.frames import to_pandas
from bayesmix.priors import Prior, PriorTable, Resolved, Slot, default_priors, resolve


@dataclass(frozen=True)
class Coefficients:
    """The population coefficients of one predictor, and their priors.

    Attributes
    ----------
    dpar : str
    names : tuple of str
        All of them, ``"Intercept"`` first where there is one.
    intercept : Resolved or None
        Prior of the intercept at the mean of the other columns.
    slopes : tuple of Resolved
        Priors of the rest, in the order of `names`.
    means : ndarray
        Column means that the slopes' columns are centred by; zeros without an intercept.
    """

    dpar: str
    names: tuple[str, ...]
    intercept: Resolved | None
    slopes: tuple[Resolved, ...]
    means: np.ndarray


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


@dataclass(frozen=True)
class ModelSpec:
    """A model's definition: everything that its density and its predictions need, and no draws.

    Picklable as long as the user's own functions in the formula's namespace are.

    Attributes
    ----------
    family : Family
    design : Design
    priors : PriorTable
    user_priors : tuple of Prior
        As the user gave them.
    """

    family: Family
    design: Design
    priors: PriorTable
    user_priors: tuple[Prior, ...]

    @property
    def formula(self) -> Formula:
        return self.design.formula

    @cached_property
    def predictors(self) -> Mapping[str, PredictorDesign]:
        """The predictors by dpar, ``mu`` first."""
        return {p.dpar: p for p in self.design.predictors}

    @cached_property
    def plain_dpars(self) -> tuple[Dpar, ...]:
        """The dpars without a formula: one value each, on the natural scale."""
        return tuple(d for d in self.family.dpars if d.name not in self.predictors)

    @cached_property
    def coefficients(self) -> tuple[Coefficients, ...]:
        return tuple(self._coefficients(p) for p in self.design.predictors)

    @cached_property
    def groups(self) -> tuple[GroupPriors, ...]:
        return tuple(self._group(g) for g in self.design.groups)

    def dpar_prior(self, dpar: str) -> Resolved:
        """The prior of a dpar without a formula."""
        return self.priors.for_slot(_dpar_slot(self.family.dpar(dpar)))

    def _coefficients(self, p: PredictorDesign) -> Coefficients:
        slots = _population_slots(p)
        priors = tuple(self.priors.for_slot(s) for s in slots)
        if not p.has_intercept:
            return Coefficients(p.dpar, p.population.names, None, priors, np.zeros(len(slots)))
        means = p.population.values[:, 1:].mean(axis=0)
        return Coefficients(p.dpar, p.population.names, priors[0], priors[1:], means)

    def _group(self, group: Group) -> GroupPriors:
        coefs = coefs_of(self.design.spine, group.name)
        sd = tuple(self.priors.for_slot(_sd_slot(c)) for c in coefs)
        parts = blocks(self.design.spine, group.name)
        if all(len(b) == 1 for b in parts):
            return GroupPriors(group, coefs, sd, parts, eta=1.0)
        lkj = self.priors.for_slot(_cor_slot(group.name)).distribution
        return GroupPriors(group, coefs, sd, parts, eta=lkj.params[0])


def build_spec(
    formula: str | Formula,
    data: Any,
    family: str | Family = "gaussian",
    prior: Prior | Iterable[Prior] | None = (),
    namespace: Mapping[str, Callable[..., Any]] | None = None,
) -> ModelSpec:
    """Check and put together what the user gives.

    Raises
    ------
    FormulaError, DataError, FamilyError, PriorError
    """
    parsed = bf(formula)
    fam = find_family(family)
    design = build_design(parsed, to_pandas(data), fam, namespace)
    slots = _slots(design, fam)
    offsets = {p.dpar: float(p.offset.mean()) for p in design.predictors}
    user = _as_tuple(prior)
    priors = resolve(slots, default_priors(fam, design.response.y, slots, offsets), user)
    spec = ModelSpec(fam, design, priors, user)
    for p, c in zip(design.predictors, spec.coefficients, strict=True):
        check_rank(p, flat=[not r.distribution.proper for r in c.slopes])
    return spec


def _as_tuple(prior: Prior | Iterable[Prior] | None) -> tuple[Prior, ...]:
    """What `resolve` checks, once through an iterator."""
    if prior is None:
        return ()
    return tuple(prior) if isinstance(prior, Iterable) and not isinstance(prior, str) else (prior,)


def _slots(design: Design, family: Family) -> tuple[Slot, ...]:
    """Every parameter that takes a prior."""
    slots: list[Slot] = []
    for p in design.predictors:
        slots += _population_slots(p)
    slots += [_sd_slot(c) for c in design.spine]
    for g in design.groups:
        if any(len(b) > 1 for b in blocks(design.spine, g.name)):
            slots.append(_cor_slot(g.name))
    with_formula = {p.dpar for p in design.predictors}
    slots += [_dpar_slot(d) for d in family.dpars if d.name not in with_formula]
    return tuple(slots)


def _population_slots(p: PredictorDesign) -> list[Slot]:
    names = p.population.names
    if not p.has_intercept:
        return [Slot("b", p.dpar, "", name) for name in names]
    return [Slot(INTERCEPT, p.dpar), *(Slot("b", p.dpar, "", name) for name in names[1:])]


def _sd_slot(c: GroupCoef) -> Slot:
    return Slot("sd", c.dpar, c.group, c.coef)


def _cor_slot(group: str) -> Slot:
    return Slot("cor", "", group)


def _dpar_slot(d: Dpar) -> Slot:
    return Slot(d.name, lower=d.lower, upper=d.upper)
