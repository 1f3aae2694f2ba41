"""The whole model as a `pm.Model`, in the shape in which the posterior is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesmix.pymc_model.groups import add_group
from bayesmix.pymc_model.vectors import vector
from bayesmix.spec import Coefficients, ModelSpec
from bayesmix.variables import coef_dim, obs_dim, row_labels, variable_coords


def build_pymc_model(spec: ModelSpec) -> pm.Model:
    """The PyMC model of a spec, with named dims and coords.

    Random variables are the intercepts of the centred predictors (``Intercept``,
    ``Intercept_sigma``), the other population coefficients, the standard deviations, the canonical
    partial correlations and the standardised effects; what users look at (``b``, ``cor_g``,
    ``r_g``) is deterministic.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    pymc.Model
    """
    with pm.Model(coords={**variable_coords(spec), obs_dim(spec): row_labels(spec)}) as model:
        slopes = {c.dpar: _population(c) for c in spec.coefficients}
        effects = {g.group.name: add_group(g) for g in spec.groups}
        dpars = {d: _natural(spec, d, slopes[d], effects) for d in spec.predictors}
        dpars |= {d.name: spec.dpar_prior(d.name).register(d.name) for d in spec.plain_dpars}
        _likelihood(spec, dpars)
    return model


def _population(c: Coefficients) -> tuple[Any, Any]:
    """The centred intercept (or None) and the slopes of a predictor (or None)."""
    suffix = "" if c.dpar == "mu" else f"_{c.dpar}"
    intercept = None if c.intercept is None else c.intercept.register(f"Intercept{suffix}")
    slopes = vector(f"slopes{suffix}", c.slopes) if c.slopes else None
    parts = []
    if intercept is not None:
        shift = 0.0 if slopes is None else pt.dot(c.means, slopes)
        parts.append(pt.atleast_1d(intercept - shift))
    if slopes is not None:
        parts.append(slopes)
    if parts:
        pm.Deterministic(f"b{suffix}", pt.concatenate(parts), dims=coef_dim(c.dpar))
    return intercept, slopes


def _natural(
    spec: ModelSpec, dpar: str, coefficients: tuple[Any, Any], effects: Mapping[str, Any]
) -> Any:
    """A dpar with a formula, on its natural scale."""
    p = spec.predictors[dpar]
    c = next(c for c in spec.coefficients if c.dpar == dpar)
    intercept, slopes = coefficients
    eta = pt.as_tensor(p.offset)
    if intercept is not None:
        eta = eta + intercept
    if slopes is not None:
        eta = eta + pt.dot(p.population.values[:, p.has_intercept :] - c.means, slopes)
    for term in p.groups:
        rows = effects[term.group][spec.design.group(term.group).index]
        for column, position in enumerate(term.positions):
            values = term.matrix.values[:, column]
            part = rows[:, position]
            eta = eta + (part if np.all(values == 1.0) else part * values)
    return spec.family.link(dpar).inverse_tensor(eta)


def _likelihood(spec: ModelSpec, dpars: Mapping[str, Any]) -> None:
    response, name = spec.design.response, spec.design.response.name
    y = response.y.astype(np.int64) if spec.family.discrete else response.y
    aux = {k: v.astype(np.int64) if k == "trials" else v for k, v in response.aux.items()}
    distribution, kwargs = spec.family.pymc(dpars, aux)
    if "weights" not in aux:
        distribution(name, **kwargs, observed=y, dims=obs_dim(spec))
        return
    observed = distribution.dist(**kwargs, shape=len(y))
    pm.Potential(f"{name}_weighted", aux["weights"] * pm.logp(observed, y), dims=obs_dim(spec))
