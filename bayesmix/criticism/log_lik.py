"""Log likelihoods as ArviZ wants them: a group ``log_likelihood`` of chains, draws and rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from bayesmix.predict import Draws, Request, prediction
from bayesmix.spec import ModelSpec
from bayesmix.variables import SAMPLE_DIMS, obs_dim, observed, response_name

GROUP = "log_likelihood"
TOGETHER = "responses"
"""What the log likelihood of several responses is called."""


def log_likelihood(spec: ModelSpec, draws: Draws, posterior: xr.Dataset) -> xr.Dataset:
    """The log likelihood of the fit's rows: chains × draws × rows.

    Of several responses it is that of all together. Rows whose responses are all missing are left
    out.
    """
    values = prediction(spec, draws, Request()).log_lik().array().to_numpy()
    name = TOGETHER if spec.several else response_name(spec.response)
    made = in_chains(spec, {name: (obs_dim(spec), values)}, posterior)
    gaps = [r.data.missing for r in spec.responses]
    if any(g is None for g in gaps) or not np.all(gaps, axis=0).any():
        return made
    return made.isel({obs_dim(spec): ~np.all(gaps, axis=0)})


def in_chains(
    spec: ModelSpec, values: Mapping[str, tuple[str, np.ndarray]], posterior: xr.Dataset
) -> xr.Dataset:
    """Samples × rows, by name and dimension, as a data set with the labels of the fit's tree."""
    sizes, seen = (posterior.sizes["chain"], posterior.sizes["draw"]), observed(spec)
    coords = {dim: posterior[dim] for dim in SAMPLE_DIMS}
    variables = {}
    for name, (rows, v) in values.items():
        variables[name] = ((*SAMPLE_DIMS, rows), v.reshape(*sizes, v.shape[1]))
        coords[rows] = seen[rows]
    return xr.Dataset(variables, coords)
