"""From a model to its estimates."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from numpy.linalg import LinAlgError

from bayesmix.errors import ConvergenceWarning, EstimationError, listed
from bayesmix.estimates.likelihood import (
    LAPLACE,
    METHODS,
    ML,
    UNKNOWNS,
    Likelihood,
    likelihood,
    of_all,
)
from bayesmix.estimates.pointfit import PointFit
from bayesmix.estimates.search import Maximum, maximum
from bayesmix.parameters import MAIN
from bayesmix.spec import CorrelatedRows, IndependentRows, ModelSpec


def optimize(spec: ModelSpec, method: str | None) -> PointFit:
    """Estimates of a model; see `Model.optimize`."""
    _check(spec, method)
    chosen = method or (LAPLACE if any(_not_normal(spec)) else ML)
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


def _found(spec: ModelSpec, method: str) -> tuple[Likelihood, Maximum]:
    """Coefficients that Laplace's approximation hangs on are searched for with all else."""
    made = likelihood(spec, method)
    found = maximum(made, made.unknowns.start, made.unknowns.bounds)
    if method == LAPLACE:
        made, start = of_all(made, found.x)
        found = maximum(made, start, made.unknowns.bounds)
    return made, found


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
    if method == LAPLACE and isinstance(spec.response.likelihood, CorrelatedRows):
        why = next(_not_normal(spec), None)
        raise EstimationError(
            f"method={LAPLACE!r} doesn't know correlated residuals"
            + (f"; {ML!r} and 'reml' do." if why is None else f", and of the others {why}.")
        )


def _impossible(spec: ModelSpec) -> Iterator[str]:
    """Why a model can't be estimated."""
    if spec.family.parts:
        yield "The likelihood of a mixture has many peaks, and of real numbers no highest one."
    for g in spec.groups:
        if g.group.dist != "gaussian":
            yield f"The effects of {g.group.name!r} aren't normal, so they can't be integrated out."
        if g.group.pw is not None:
            yield f"The levels of {g.group.name!r} have weights, which estimates don't know."
        for c in g.coefs:
            if c.structure.sds != "own" or c.structure.correlations not in ("free", "none"):
                yield f"str={c.structure.name!r} of {g.group.name!r} isn't known to estimates."
    for p in spec.parameters:
        if p.role not in UNKNOWNS:
            yield f"{p.name!r} of the model ({p.role}) can't be estimated without priors."
        if any(prior.distribution.fixed for prior in p.priors):
            yield f"A prior holds {p.name!r} at a constant, and estimates leave priors out."
    for p in spec.design.predictors:
        if p.follows:
            yield f"{p.dpar!r} is a function of {listed(p.follows)}, which estimates don't know."
    if not isinstance(spec.response.likelihood, IndependentRows | CorrelatedRows):
        yield "The rows hang on each other in their means, which estimates don't know."
    if isinstance(spec.response.likelihood, CorrelatedRows) and spec.family.name != "gaussian":
        yield f"Correlated residuals of family {spec.family.name!r} aren't known to estimates."


def _not_normal(spec: ModelSpec) -> Iterator[str]:
    """Why rows aren't normal given their scales."""
    family, aux = spec.family, spec.response.data.aux
    if family.name != "gaussian":
        yield f"the family is {family.name!r}"
    elif family.eta_link(MAIN) != "identity":
        yield f"the link of the mean is {family.eta_link(MAIN)!r}"
    yield from (f"responses have {name}" for name in ("cens", "lb", "ub") if name in aux)
    for p in spec.design.predictors:
        if p.dpar != MAIN and (p.groups or p.smooths):
            yield f"{p.dpar!r} has effects of its own"
