"""From a model to its estimates."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.linalg import LinAlgError

from bayesmix.errors import ConvergenceWarning, EstimationError, listed
from bayesmix.estimates.likelihood import (
    LAPLACE,
    METHODS,
    ML,
    UNKNOWNS,
    Likelihood,
    follows_mean,
    likelihood,
    of_all,
)
from bayesmix.estimates.pointfit import PointFit
from bayesmix.estimates.search import Maximum, maximum
from bayesmix.likelihood import CorrelatedRows, IndependentRows, LaggedRows, SpatialRows
from bayesmix.parameters import MAIN, Role
from bayesmix.spec import ModelSpec

ALTERNATIONS, SAME = 100, 1e-8
"""How often a mean and scales that are functions of it are found in turn, and when they agree."""


def optimize(spec: ModelSpec, method: str | None) -> PointFit:
    """Estimates of a model; see `Model.optimize`."""
    _check(spec, method)
    chosen = method or _default(spec)
    _check_rows(spec, chosen)
    try:
        made, found = _found(spec, chosen)
        mode = made.mode(found.x)
    except LinAlgError as error:
        raise EstimationError(
            f"The likelihood has no largest value that the search could find: {error} Leave terms "
            "out, or sample the posterior: model.fit()."
        ) from error
    if not found.settled:
        warnings.warn(_unsettled(), ConvergenceWarning, stacklevel=3)
    return PointFit(made, found, mode)


def _default(spec: ModelSpec) -> str:
    """The exact likelihood, unless responses aren't normal or scales follow the mean."""
    followed = follows_mean(spec) and isinstance(spec.response.likelihood, IndependentRows)
    return LAPLACE if followed or any(_not_normal(spec)) else ML


def _found(spec: ModelSpec, method: str) -> tuple[Likelihood, Maximum]:
    """Coefficients that others hang on are searched for with all else."""
    made = likelihood(spec, method)
    if method != LAPLACE and follows_mean(spec):
        return _alternating(made)
    found = maximum(made, made.unknowns.start, made.unknowns.bounds)
    if method == LAPLACE or (method == ML and _moves_mean(spec)):
        made, start = of_all(made, found.x)
        found = maximum(made, start, made.unknowns.bounds)
    return made, found


def _moves_mean(spec: ModelSpec) -> bool:
    """Whether the mean hangs on more than coefficients, whose errors must know of that."""
    lag = isinstance(spec.response.likelihood, SpatialRows) and spec.response.likelihood.type
    return lag == "lag" or any(spec.of_role(Role.STEPS))


def _alternating(made: Likelihood) -> tuple[Likelihood, Maximum]:
    """Scales are functions of the last estimate of the mean, and this of these scales, as in nlme.

    Source: Pinheiro, J. C. and Bates, D. M. (2000), Mixed-Effects Models in S and S-PLUS, 5.2.
    """
    x, bounds, value = made.unknowns.start, made.unknowns.bounds, -np.inf
    plain = replace(made, held=np.ones(len(made.spec.design.frame)))
    mean = plain.mean(x, plain.mode(x))
    for _ in range(ALTERNATIONS):
        made = replace(made, held=mean)
        found = maximum(made, x, bounds)
        moved = made.mean(found.x, made.mode(found.x))
        apart, size = np.abs(moved - mean).max(), np.abs(moved).max()
        if apart < SAME * size and abs(found.value - value) < SAME * (1 + abs(value)):
            return made, found
        x, value, mean = found.x, found.value, moved
    return made, replace(found, settled=False)


def _unsettled() -> str:
    return (
        "The search for the largest likelihood hasn't settled: the data say too little about some "
        "of the parameters. Look at the estimates without errors, and leave terms out."
    )


def _check(spec: ModelSpec, method: str | None) -> None:
    if method not in (None, *METHODS):
        raise EstimationError(f"method is one of {listed(METHODS)}, not {method!r}.")
    for reason in _impossible(spec):
        raise EstimationError(f"{reason} Its posterior can be sampled: model.fit().")
    if method in (None, LAPLACE):
        return
    for reason in _not_normal(spec):
        raise EstimationError(
            f"method={method!r} needs normal responses whose mean is a sum of terms; {reason}. "
            f"method={LAPLACE!r} takes it."
        )


def _check_rows(spec: ModelSpec, method: str) -> None:
    """Laplace's approximation is of rows that are independent given the effects."""
    if method == LAPLACE and not isinstance(spec.response.likelihood, IndependentRows):
        why = next(_not_normal(spec), None)
        raise EstimationError(
            f"method={method!r} is for rows that are independent given the effects, and these hang "
            "together" + (f"; {ML!r} and 'reml' take them." if why is None else f", while {why}.")
        )


def _impossible(spec: ModelSpec) -> Iterator[str]:
    """Why a model can't be estimated."""
    if spec.several:
        yield "A model of several responses isn't known to estimates; each may be estimated alone."
        return
    if spec.family.parts:
        yield "The likelihood of a mixture has many peaks, and of real numbers no highest one."
    for g in spec.groups:
        if g.group.dist != "gaussian":
            yield f"The effects of {g.group.name!r} aren't normal, so they can't be integrated out."
        if g.group.pw is not None:
            yield f"The levels of {g.group.name!r} have weights, which estimates don't know."
    for p in spec.parameters:
        if p.role not in UNKNOWNS:
            why = REASONS.get(p.role, "a likelihood without priors doesn't say what they are")
            yield f"{p.name!r} can't be estimated: {why}."
        pairs = zip(p.priors, p.slots, strict=True)
        if any(prior.distribution.fixed and slot.fixed is None for prior, slot in pairs):
            yield f"A prior holds {p.name!r} at a constant, and estimates leave priors out."
    for p in spec.design.predictors:
        if p.expression is not None:
            yield (
                f"{p.dpar!r} is a function of {listed(p.follows)} and no sum of terms, so that "
                "coefficients and effects can't be found by one step; nlme and lme4's nlmer() do "
                "that."
            )
    if isinstance(spec.response.likelihood, LaggedRows):
        yield (
            "Past residuals are in the mean; a covariance says nearly the same and can be "
            "estimated: cov=True."
        )
    if isinstance(spec.response.likelihood, CorrelatedRows) and spec.family.name != "gaussian":
        yield f"Correlated residuals of family {spec.family.name!r} aren't known to estimates."


REASONS = {
    Role.DF: "the effects aren't normal",
    Role.MIXING: "the effects aren't normal",
    Role.PROCESS_SCALE: "length scales of gp() need priors; smooths, s(x), don't",
    Role.PROCESS: "length scales of gp() need priors; smooths, s(x), don't",
    **dict.fromkeys(
        (Role.MEASURED, Role.TRUE_VALUES), "true values of covariates aren't integrated out here"
    ),
    Role.SHARES: "shares that all rows have in common aren't known to estimates",
    Role.SHRINKAGE: "a prior that shrinks is all that there is to it",
}
"""Why parameters of a role have no estimates."""


def _not_normal(spec: ModelSpec) -> Iterator[str]:
    """Why rows aren't normal given their scales."""
    family, aux = spec.family, spec.response.data.aux
    if family.name != "gaussian":
        yield f"the family is {family.name!r}"
    elif family.eta_link(MAIN) != "identity":
        yield f"the link of the mean is {family.eta_link(MAIN)!r}"
    yield from (f"responses have {name}" for name in ("cens", "lb", "ub") if name in aux)
    for p in spec.design.predictors:
        if p.dpar != MAIN and (p.groups or p.smooths or p.regions):
            yield f"{p.dpar!r} has effects of its own"
