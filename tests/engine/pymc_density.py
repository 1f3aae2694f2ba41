"""The PyMC model's log density as a function of the engine's vector, without compiling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode
from pytensor.graph.replace import clone_replace
from pytensor.graph.rewriting.db import RewriteDatabaseQuery

from bayesmix.engine.plan.layout import At, Layout, numbers_of
from bayesmix.parameters import Parameter, Role, Transform
from bayesmix.pymc_model import build_pymc_model
from bayesmix.pymc_model.vectors import shared_priors
from bayesmix.spec import ModelSpec

EVALUATED = Mode(linker="py", optimizer=RewriteDatabaseQuery(include=["canonicalize", "stabilize"]))
REJECTED = "ParameterValueError"


class PymcDensity:
    """Log density and gradient; -inf where PyMC finds a parameter out of its range."""

    def __init__(self, spec: ModelSpec, layout: Layout) -> None:
        model = build_pymc_model(spec)
        at, x, start = _positions(layout), pt.dvector("x"), model.initial_point()
        shares = {s.parameter.name: s for s in layout.at.values() if _is_shares(s.parameter)}
        fixed = [i for i, prior in layout.scalars() if prior.distribution.fixed]
        size = -0.5 * (x[fixed] ** 2).sum() if fixed else 0.0
        assert {rv.name for rv in model.free_RVs} == {*at, *shares}
        values = {rv.name: model.rvs_to_values[rv] for rv in model.free_RVs}
        parts = {
            values[name]: x[i].reshape(start[values[name].name].shape) for name, i in at.items()
        }
        for name, place in shares.items():
            parts[values[name]], more = _shares(place, x)
            size = size + more
        logp = clone_replace(model.logp(), parts) + size
        self.function = pytensor.function([x], [logp, pt.grad(logp, x)], mode=EVALUATED)

    def __call__(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        try:
            with np.errstate(all="ignore"):
                logp, grad = self.function(x)
        except ValueError as error:
            if type(error).__name__ != REJECTED:
                raise
            return -np.inf, np.full_like(x, np.nan)
        return float(logp), grad


def _is_shares(p: Parameter) -> bool:
    return p.role in (Role.SHARES, Role.STEPS) and p.transform == Transform.SHARES


def _shares(at: At, x: Any) -> tuple[Any, Any]:
    """What PyMC has in place of gamma distributed sizes, and the log density of their sum."""
    shape = at.parameter.shape
    logs = x[at.numbers].reshape(shape)
    alpha = np.broadcast_to(at.parameter.prior.distribution.params, shape[-1])
    total = pt.logsumexp(logs, axis=-1)
    free = (logs - logs.mean(axis=-1, keepdims=True))[..., :-1]
    return free, (alpha.sum() * total - pt.exp(total)).sum()


def _positions(layout: Layout) -> dict[str, np.ndarray]:
    """Where the parts of each of PyMC's variables stand in the engine's vector."""
    at: dict[str, np.ndarray] = {}
    in_order = np.array([*layout.increasing], int).ravel()
    if in_order.size:
        at["ordered_Intercept"] = in_order
    for c in layout.of_role(Role.POPULATION):
        suffix, p = c.parameter.name.removeprefix("b"), c.parameter
        first = int(layout.predictors[p.owner].columns.has_intercept)
        if first and c.start not in in_order:
            at[f"Intercept{suffix}"] = np.array([c.start])
        at |= _vector(f"slopes{suffix}", c.start + first, p.priors[first:])
    for t in layout.of_role(Role.THRESHOLDS):
        at |= _thresholds(t)
    for g in layout.groups:
        name, blocks = g.priors.group.name, iter(g.blocks)
        at |= _vector(f"sds_{name}", g.sd.start, g.priors.sd * g.strata)
        for i, members in enumerate(g.priors.blocks):
            if len(members) > 1:
                _, start = next(blocks)
                numbers = g.strata, numbers_of(g.priors, members)
                correlations = g.priors.structure(members).correlations
                what = {"free": "cpc", "toeplitz": "pacf"}.get(correlations, correlations)
                places = start + np.arange(np.prod(numbers)).reshape(numbers)
                at[f"{what}_{name}_{i}"] = (places.T if what == "pacf" else places).ravel()
        at[f"z_{name}"] = np.arange(g.effects.start, g.effects.stop)
    for c in layout.of_role(Role.CORRELATIONS):
        at[f"cpc_{c.parameter.name}"] = np.arange(c.start, c.stop)
    for role in (Role.DPAR, Role.DF, Role.MIXING):
        at |= {d.parameter.name: np.arange(d.start, d.stop) for d in layout.of_role(role)}
    roles = Role.SMOOTH_SD, Role.VARIANCE, Role.REGIONS_SD, Role.REGIONS_SHARE, Role.RESIDUAL
    roles += (Role.PROCESS_SCALE,)
    for d in (d for role in roles for d in layout.of_role(role)):
        at |= _values(d.parameter.name, d.start, d.parameter.each)
    for d in layout.of_role(Role.SMOOTH):
        at[f"z{d.parameter.name}"] = np.arange(d.start, d.stop)
    for d in layout.of_role(Role.LATENT):
        at[f"z{d.parameter.name}"] = np.arange(d.start, d.stop)
    for d in layout.of_role(Role.PROCESS):
        at[d.parameter.name] = np.arange(d.start, d.stop)
    for d in layout.of_role(Role.REGIONS):
        at[f"z_{d.parameter.name}"] = np.arange(d.start, d.stop)
    for d in layout.of_role(Role.SPATIAL):
        at[f"free_{d.parameter.name}"] = np.arange(d.start, d.stop)
    return at


def _thresholds(t: At) -> dict[str, np.ndarray]:
    """One variable of values that increase, or one for each group."""
    name, runs = t.parameter.owner.called("Intercept"), t.parameter.runs
    if t.parameter.transform != Transform.ORDERED:
        return _vector(name, t.start, t.parameter.priors)
    names = [name] if len(runs) == 1 else [f"{name}_{k}" for k in range(1, 1 + len(runs))]
    places = np.arange(t.start, t.stop)
    return {name: places[run] for name, run in zip(names, runs, strict=True)}


def _values(name: str, start: int, priors: tuple) -> dict[str, np.ndarray]:
    """Values with priors of their own: one variable where they are the same."""
    if len(set(priors)) == 1:
        return {name: start + np.arange(len(priors))}
    return _vector(f"{name}_values", start, priors)


def _vector(name: str, start: int, priors: tuple) -> dict[str, np.ndarray]:
    """One variable for each distinct prior."""
    shared = shared_priors(priors)
    if len(shared) == 1:
        return {name: start + np.arange(len(priors))}
    return {
        f"{name}__{i}": start + np.array(at)
        for i, (prior, at) in enumerate(shared)
        if not prior.distribution.fixed
    }
