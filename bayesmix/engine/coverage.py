"""Which models the engine takes."""

from __future__ import annotations

from bayesmix.correlations import Stationary
from bayesmix.design import (
    Columns,
    Expression,
    GroupEffects,
    LatentResiduals,
    Offset,
    Processes,
    Regions,
    Smooths,
    VarianceFunction,
)
from bayesmix.design.drawn import DrawnColumns
from bayesmix.engine.numerics.correlations import KINDS
from bayesmix.engine.numerics.priors import CODES
from bayesmix.engine.plan.layout import build_layout
from bayesmix.engine.plan.likelihood import uncovered_likelihood
from bayesmix.families.scalar_links import LINKS
from bayesmix.spec import ModelSpec, Response

KERNELS = (
    Columns,
    Offset,
    Expression,
    Smooths,
    DrawnColumns,
    VarianceFunction,
    Processes,
    Regions,
    GroupEffects,
    LatentResiduals,
)
"""The contributions to a predictor that the kernels compute (`packing`)."""


CORRELATIONS = (*KINDS, "none")
"""Those of structures of coefficients that the kernels compute."""


def uncovered(spec: ModelSpec) -> str | None:
    """Why the engine can't evaluate a model, in a few words; None if it can.

    Parameters
    ----------
    spec : ModelSpec
    """
    found = (_family(r) or _links(r) for r in spec.responses)
    reason = _rescor(spec) or next(filter(None, found), None)
    return reason or _contributions(spec) or _priors(spec) or _groups(spec)


def _rescor(spec: ModelSpec) -> str | None:
    if spec.rescor is None:
        return None
    for target, p in spec.predictors.items():
        if p.expression is not None or p.variances:
            what = "curves" if p.expression is not None else "variance functions"
            return f"{what} of {target.resp!r} beside correlated residuals have no kernel"
    return None


def _family(response: Response) -> str | None:
    family = response.family
    if family.row is None:
        return f"family {family.name!r} has no kernel"
    return uncovered_likelihood(response)


def _links(response: Response) -> str | None:
    for dpar in response.predictors:
        link = response.family.eta_link(dpar)
        if link not in LINKS:
            return f"link {link!r} of {dpar!r} has no kernel"
    return None


def _contributions(spec: ModelSpec) -> str | None:
    if any(r.data.missing is not None for r in spec.responses):
        return "responses with missing values, or measured with errors, have no kernel"
    if spec.design.measured:
        return "covariates with measurement error have no kernel"
    for target, p in spec.predictors.items():
        if p.residuals and isinstance(p.residuals.correlation, Stationary):
            return "a covariance of orders above 1, or with gaps, has no kernel"
        for c in p.contributions:
            if type(c) not in KERNELS:
                return f"{type(c).__name__} of {target.dpar!r} has no kernel"
    return None


def _priors(spec: ModelSpec) -> str | None:
    for _, prior in build_layout(spec).scalars():
        if prior.distribution.name not in CODES:
            return f"prior {str(prior.distribution)!r} has no kernel"
    return None


def _groups(spec: ModelSpec) -> str | None:
    for c in spec.design.spine:
        if c.structure.correlations not in CORRELATIONS:
            return f"the correlations of str={c.structure.name!r} have no kernel"
    return None
