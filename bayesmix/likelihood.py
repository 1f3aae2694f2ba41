"""How the rows of a response hang together, and the responses of a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesmix.design import Design, Residuals
from bayesmix.design.residuals import Kind
from bayesmix.design.sar import SpatialWeights, build_weights
from bayesmix.errors import FormulaError
from bayesmix.formula import Formula, MvFormula
from bayesmix.formula.imputed import IMPUTED, has_missing
from bayesmix.formula.multivariate import response_name
from bayesmix.parameters import MAIN, Parameter, Role, Slot, Target, Transform


@dataclass(frozen=True)
class IndependentRows:
    """The likelihood of a response whose rows are independent given their parameters.

    The other kinds are classes beside this one, chosen in `likelihood_of`; PyMC model, engine and
    predictions each look up in one place what they do with it. Each has the `parameters` that are
    its own.
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
    target : Target
    """

    weights: SpatialWeights
    type: str
    target: Target

    @property
    def class_(self) -> str:
        """What brms calls rho."""
        return f"{self.type}sar"

    @property
    def name(self) -> str:
        """The variable of rho."""
        return self.target.called(self.class_)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        lower, upper = self.weights.bounds
        slot = Slot(self.class_, lower=lower, upper=upper)
        return (Parameter(self.name, Role.ROWS, self.target, slots=(slot,)),)


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
class Rescor:
    """Correlations between the residuals that several responses have in a row.

    Attributes
    ----------
    names : tuple of str
        The responses, all gaussian or all student.
    nu : bool
        Whether they are student: one ``nu`` is that of all.
    """

    names: tuple[str, ...]
    nu: bool

    @property
    def parameter(self) -> Parameter:
        """The correlations, without their prior."""
        pairs = (
            f"{self.names[j]}__{self.names[i]}"
            for i, j in zip(*np.tril_indices(len(self.names), -1), strict=True)
        )
        axes, slots = (("rescor_pair",), (tuple(pairs),)), (Slot("rescor"),)
        where = Role.CORRELATIONS, Target("", MAIN)
        return Parameter("rescor", *where, *axes, slots, Transform.CORRELATION)


def likelihood_of(design: Design, resp: str) -> Likelihood:
    """How the rows of a response hang together."""
    mu = design.formula.mu
    for term in mu.sars:
        weights = build_weights(term, design.frame, design.data2, mu.source)
        return SpatialRows(weights, term.type, Target(resp, MAIN))
    kinds = {Kind.COVARIANCE: CorrelatedRows, Kind.LAGGED: LaggedRows}
    found = (p.residuals for p in design.predictors if p.residuals)
    likelihoods = (kinds[r.kind](r) for r in found if r.kind in kinds)
    return next(likelihoods, IndependentRows())


def rescor_of(formula: Formula | MvFormula, design: Design) -> Rescor | None:
    """The correlations of several responses' residuals, where they are wanted and can be.

    Raises
    ------
    FormulaError
        If they are wanted, and can't be.
    """
    if not isinstance(formula, MvFormula) or formula.rescor is False:
        return None
    obstacles = list(_obstacles(formula, design))
    if formula.rescor is None and any(map(has_missing, formula.formulas)):
        return None
    if not obstacles:
        student = design.responses[0].family.name == "student"
        return Rescor(formula.names, student)
    if formula.rescor:
        raise FormulaError(
            f"rescor=True: {obstacles[0]}.",
            hint="Leave rescor= out, or say rescor=False; terms (1 | p | g) with one id are "
            "correlated all the same.",
        )
    return None


def _obstacles(formula: MvFormula, design: Design) -> Iterator[str]:
    """Why residuals of different responses can't be correlated."""
    families = [r.family for r in design.responses]
    kinds = {f.name for f in families}
    if kinds not in ({"gaussian"}, {"student"}):
        yield "residuals are correlated where all responses are gaussian, or all are student"
    for f, family in zip(formula.formulas, families, strict=True):
        name = response_name(f)
        if f.mu.residuals or f.mu.sars:
            yield f"the rows of {name!r} hang together already"
        others = [a.name for a in f.response.additions if a.name not in ("weights", IMPUTED)]
        if others:
            yield f"{name!r} has {others[0]}()"
        if "nu" in dict(f.predictors) or (kinds == {"student"} and "nu" not in family.free_dpars):
            yield "all responses have one nu, which has neither a formula nor a fixed value"
    weights = [r.aux.get("weights") for r in design.responses]
    if any(w is not None for w in weights) and not all(
        w is not None and np.array_equal(w, weights[0]) for w in weights
    ):
        yield "all responses of a row need the same weights"
