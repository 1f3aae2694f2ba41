"""The whole model as a `pm.Model`, in the shape in which the posterior is kept."""

from __future__ import annotations

from typing import Any

import pymc as pm

from bayesmix.parameters import Role
from bayesmix.pymc_model.changes import remember
from bayesmix.pymc_model.likelihood import add_likelihood
from bayesmix.pymc_model.parameters import Made, add_parameter
from bayesmix.pymc_model.predictors import eta_name, linear_predictor
from bayesmix.spec import ModelSpec, Response
from bayesmix.variables import obs_dim, row_labels, variable_coords


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
        made: Made = {}
        for p in spec.in_order:
            made |= add_parameter(spec, p, made)
        for response in spec.responses:
            add_likelihood(response, _values(spec, response, made), obs_dim(spec))
    remember(model)
    return model


def _values(spec: ModelSpec, response: Response, made: Made) -> dict[str, Any]:
    """A response's parameters, those with a formula on the scale of the linear predictor."""
    family, predictors = response.family, response.predictors
    names = [*family.free_dpars, *(v.name for v in family.vectors)]
    names += [p.name for p in response.likelihood.parameters]
    own = {name: made[name] for name in names if name not in predictors}
    own |= {
        p.name: made[p.name] for r in (Role.RESIDUAL, Role.CORRELATIONS) for p in spec.of_role(r)
    }
    for d, p in predictors.items():
        own[d] = made[eta_name(d)] = linear_predictor(spec, p, made)
    return own
