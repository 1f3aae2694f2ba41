"""The whole model as a `pm.Model`, in the shape in which the posterior is kept."""

from __future__ import annotations

import pymc as pm

from bayesmix.pymc_model.changes import remember
from bayesmix.pymc_model.likelihood import add_likelihood, add_together
from bayesmix.pymc_model.parameters import add_parameter
from bayesmix.pymc_model.predictors import Made, response_values
from bayesmix.spec import ModelSpec
from bayesmix.variables import obs_dim, row_labels, variable_coords


def build_pymc_model(spec: ModelSpec) -> pm.Model:
    """The PyMC model of a spec, with named dims and coords.

    Random variables are the intercepts of the centred predictors (``Intercept``,
    ``Intercept_sigma``), the other population coefficients, the standard deviations, the canonical
    partial correlations and the standardised effects; what users look at (``b``, ``cor_g``,
    ``r_g``) is deterministic. Beside covariates with measurement error an intercept is that at the
    usual measurements, ``Intercept_moved``.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    pymc.Model
    """
    rows = {obs_dim(part): row_labels(part) for part in spec.parts}
    with pm.Model(coords={**variable_coords(spec), **rows}) as model:
        made: Made = {}
        for p in spec.in_order:
            made |= add_parameter(spec, p, made)
        values = [response_values(part, made) for part in spec.parts]
        if spec.rescor is not None:
            add_together(spec, values, made["rescor"])
        else:
            for part, own in zip(spec.parts, values, strict=True):
                add_likelihood(part.response, own, obs_dim(part))
    remember(model)
    return model
