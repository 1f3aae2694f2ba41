"""Log likelihoods as ArviZ wants them: a group ``log_likelihood`` of chains, draws and rows."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesmix.predict import Draws, Prediction, Request
from bayesmix.spec import ModelSpec
from bayesmix.variables import SAMPLE_DIMS, obs_dim, observed, response_name

GROUP = "log_likelihood"


def log_likelihood(spec: ModelSpec, draws: Draws, posterior: xr.Dataset) -> xr.Dataset:
    """The log likelihood of the fit's rows: chains × draws × rows."""
    values = Prediction.of(spec, draws, Request()).log_lik().array().to_numpy()
    return in_chains(spec, values, posterior)


def in_chains(spec: ModelSpec, values: np.ndarray, posterior: xr.Dataset) -> xr.Dataset:
    """Samples × rows as a data set with the names and labels of the fit's tree."""
    dims = (*SAMPLE_DIMS, obs_dim(spec))
    shape = posterior.sizes["chain"], posterior.sizes["draw"], values.shape[1]
    rows = observed(spec)[obs_dim(spec)]
    coords = {dim: posterior[dim] for dim in SAMPLE_DIMS} | {dims[-1]: rows}
    return xr.Dataset({response_name(spec.response): (dims, values.reshape(shape))}, coords)
