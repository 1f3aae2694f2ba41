"""Starts that are given, by variable of the posterior, in the sampler's coordinates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bayesmix.engine.numerics.transforms import constrained, decreased, unconstrained
from bayesmix.engine.plan.layout import At
from bayesmix.parameters import Parameter, Role, Transform
from bayesmix.priors import Resolved
from bayesmix.spec import ModelSpec

Values = Mapping[str, np.ndarray]

NEAR = 0.1
"""How far starts are from what is given, in units of how far they would be from a guess."""
LEAST = 0.05
"""Of the way from a bound to the guess, what starts keep from the bound."""


def move(spec: ModelSpec, at: At, init: Values, centre: np.ndarray, spread: np.ndarray) -> None:
    """Put the numbers of a parameter where its values are, if they are given."""
    p = at.parameter
    if p.name not in init or p.role not in GIVEN or p in _together(spec):
        return
    values = GIVEN[p.role](spec, p, init)
    if p.transform == Transform.ORDERED:
        centre[at.numbers] = np.concatenate([decreased(values[run]) for run in p.runs])
        spread[at.numbers] *= NEAR
        return
    for (i, prior), value in zip(at.scalars(), values, strict=True):
        if prior.distribution.of_one and not prior.distribution.fixed:
            centre[i], spread[i] = _within(prior, value, centre[i]), NEAR * spread[i]


def _together(spec: ModelSpec) -> tuple[Parameter, ...]:
    """Those that the intercepts of several predictors are ordered by."""
    return tuple(p for run in spec.increasing for p in run)


def _within(prior: Resolved, value: float, guess: float) -> float:
    """Unconstrained; of a value at a bound one that is a little off."""
    usual = float(constrained(guess, prior.lower, prior.upper))
    low = prior.lower + LEAST * (usual - prior.lower) if np.isfinite(prior.lower) else -np.inf
    high = prior.upper - LEAST * (prior.upper - usual) if np.isfinite(prior.upper) else np.inf
    return float(unconstrained(np.clip(value, low, high), prior.lower, prior.upper))


def _as_they_are(spec: ModelSpec, p: Parameter, init: Values) -> np.ndarray:
    return np.ravel(init[p.name])


def _population(spec: ModelSpec, p: Parameter, init: Values) -> np.ndarray:
    """The intercept at the means of the columns."""
    b, design = np.array(init[p.name], float), spec.predictors[p.owner]
    if design.columns.has_intercept:
        b[0] += b[1:] @ design.columns.means
        rates = {name: np.reshape(init[name], (1, -1)) for name in design.centres if name in init}
        if len(rates) == len(design.centres):
            b[0] += np.sum(design.centred(rates))
    return b


def _thresholds(spec: ModelSpec, p: Parameter, init: Values) -> np.ndarray:
    """Those around the means of the columns."""
    columns, values = spec.predictors[p.owner].columns, np.ravel(init[p.name])
    b = np.ravel(init.get(columns.variable, np.zeros(len(columns.names))))
    return values - b @ columns.means


GIVEN: Mapping[Role, Callable[[ModelSpec, Parameter, Values], np.ndarray]] = {
    Role.POPULATION: _population,
    Role.THRESHOLDS: _thresholds,
    Role.SD: _as_they_are,
    Role.SMOOTH_SD: _as_they_are,
    Role.REGIONS_SD: _as_they_are,
    Role.REGIONS_SHARE: _as_they_are,
    Role.DPAR: _as_they_are,
    Role.VARIANCE: _as_they_are,
    Role.RESIDUAL: _as_they_are,
}
"""The numbers of parameters that can be given, before they are unconstrained."""


def unknown(spec: ModelSpec, init: Values) -> str | None:
    """What is wrong with starts that a user gives; None if nothing is."""
    can = {p.name: p for p in spec.parameters if p.role in GIVEN}
    for name, values in init.items():
        if name not in can:
            return f"{name!r} can't be given; {', '.join(can)} can"
        if np.shape(values) != can[name].shape:
            return f"{name!r} has the shape {can[name].shape}, not {np.shape(values)}"
        if not np.isfinite(np.asarray(values, float)).all():
            return f"{name!r} must be finite numbers"
    return None
