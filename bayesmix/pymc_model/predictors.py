"""Linear predictors as PyTensor expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytensor.tensor as pt

from bayesmix.design import (
    Columns,
    Expression,
    GroupEffects,
    LatentResiduals,
    Offset,
    PredictorDesign,
    Processes,
    Regions,
    Smooths,
    VarianceFunction,
)
from bayesmix.design.drawn import Drawn, DrawnColumns
from bayesmix.design.imputed import latent_variable
from bayesmix.design.processes import NUGGET, VARIABLES
from bayesmix.families.maths import tensor_maths
from bayesmix.formula.variances import MEAN
from bayesmix.parameters import Role
from bayesmix.pymc_model.likelihood import LATENT
from bayesmix.spec import ModelSpec

Made = dict[str, Any]
"""The model's variables by name, and what else is made of them on the way."""


Product = tuple[Any, np.ndarray, tuple[Drawn, ...]]
"""A coefficient, or one for each row, its column, and what else it is multiplied by."""


def linear_predictor(spec: ModelSpec, p: PredictorDesign, made: Made) -> Any:
    """The sum of a predictor's contributions, on the scale of its link."""
    parts = (VALUES[type(c)](spec, c, made) for c in p.contributions)
    return sum((v for v in parts if v is not None), pt.zeros(len(spec.design.frame)))


def response_values(spec: ModelSpec, made: Made) -> dict[str, Any]:
    """A response's parameters, those with a formula on the scale of the linear predictor."""
    response, made = spec.response, dict(made)
    own = {name: made[variable] for name, variable in response.variables.items()}
    own |= {p.name: made[p.name] for p in response.likelihood.parameters}
    own |= {
        p.name: made[p.name]
        for r in (Role.RESIDUAL, Role.CORRELATIONS, Role.STATIONARY)
        for p in spec.of_role(r)
    }
    if response.data.latent is not None:
        own[LATENT] = made.get(latent_variable(response.data, response.name))
    for d, p in response.predictors.items():
        own[d] = made[eta_name(d)] = linear_predictor(spec, p, made)
    return own


def _columns(spec: ModelSpec, c: Columns, made: Made) -> Any | None:
    suffix = c.variable.removeprefix("b")
    intercept, slopes = made.get(f"Intercept{suffix}"), made.get(f"slopes{suffix}")
    if slopes is None:
        return intercept
    eta = pt.dot(c.centred, slopes)
    return eta if intercept is None else intercept + eta


def _offset(spec: ModelSpec, c: Offset, made: Made) -> Any:
    return pt.as_tensor(c.values)


def _group_effects(spec: ModelSpec, c: GroupEffects, made: Made) -> Any:
    return sum(multiplied(*product, made) for product in _of_bracket(spec, c, made))


def _of_bracket(spec: ModelSpec, c: GroupEffects, made: Made) -> Iterator[Product]:
    rows = made[f"r_{c.group}"][spec.design.group(c.group).of_member(c.member)]
    drawn = c.drawn or ((),) * len(c.positions)
    columns = zip(c.positions, c.values.T, drawn, strict=True)
    return ((rows[:, at], values, own) for at, values, own in columns)


def _drawn(spec: ModelSpec, c: DrawnColumns, made: Made) -> Any:
    return sum(multiplied(*product, made) for product in _of_population(spec, c, made))


def _of_population(spec: ModelSpec, c: DrawnColumns, made: Made) -> Iterator[Product]:
    slopes = made[f"slopes{c.target.variable.removeprefix('b')}"]
    first = int(spec.predictors[c.target].columns.has_intercept)
    return ((slopes[at - first], x, own) for at, x, own in c.of_coefficients)


def multiplied(effect: Any, column: np.ndarray, drawn: tuple[Drawn, ...], made: Made) -> Any:
    """A coefficient, or one for each row, times its column and what is drawn."""
    value = effect if np.all(column == 1.0) else effect * column
    for d in drawn:
        value = value * d.of_rows(made, pt)
    return value


def products(spec: ModelSpec, p: PredictorDesign, made: Made) -> Iterator[Product]:
    """Each coefficient of a predictor that something drawn may multiply, its column, and that."""
    for c in p.drawn:
        yield from _of_population(spec, c, made)
    for c in p.groups:
        yield from _of_bracket(spec, c, made)


def _variance_function(spec: ModelSpec, c: VarianceFunction, made: Made) -> Any:
    covariate = c.mean(made[eta_name(MEAN)], m=tensor_maths()) if c.of_mean else c.values
    drawn = {what: made[name] for what, name in c.names.items()}
    values = {w: v if c.strata is None else v[c.codes] for w, v in drawn.items()}
    made_of = c.log_multiple(pt.as_tensor(covariate), values, pt)
    centres = spec.predictors[c.target].centres.get(c.rate)
    return made_of if centres is None else made_of - pt.dot(centres, pt.atleast_1d(made[c.rate]))


def _expression(spec: ModelSpec, c: Expression, made: Made) -> Any:
    etas = {name: made[eta_name(name)] for name in c.follows}
    return c.value(etas, {name: pt.as_tensor(v) for name, v in c.columns.items()}, pt)


def eta_name(dpar: str) -> str:
    """What later predictors find a linear predictor by."""
    return f"eta_{dpar}"


def _smooths(spec: ModelSpec, c: Smooths, made: Made) -> Any:
    return pt.dot(c.values, made[c.variable])


def _processes(spec: ModelSpec, c: Processes, made: Made) -> Any:
    sd, lscale, z = (made[c.named(what)] for what in VARIABLES)
    eta = pt.zeros(len(spec.design.frame))
    for i, (p, (scales, numbers)) in enumerate(zip(c.processes, c.parts, strict=True)):
        if p.basis is not None:
            eta = eta + pt.dot(p.values, p.weights(sd[i], lscale[scales], pt) * z[numbers])
            continue
        covariance = p.covariance(p.places, p.places, sd[i], lscale[scales], pt)
        root = pt.linalg.cholesky(covariance + NUGGET * np.eye(p.size))
        eta = eta + pt.dot(root, z[numbers])[p.codes] * p.values
    return eta


def _regions(spec: ModelSpec, c: Regions, made: Made) -> Any:
    return made[c.named("rcar")][c.index]


def _latent_residuals(spec: ModelSpec, c: LatentResiduals, made: Made) -> Any:
    return made[c.residuals.target.called("err")]


VALUES = {
    Columns: _columns,
    Offset: _offset,
    Expression: _expression,
    Smooths: _smooths,
    DrawnColumns: _drawn,
    Processes: _processes,
    Regions: _regions,
    GroupEffects: _group_effects,
    VarianceFunction: _variance_function,
    LatentResiduals: _latent_residuals,
}
"""How each kind of contribution is computed."""
