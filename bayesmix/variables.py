"""The variables that a fit keeps: their names, dimensions and labels, and data sets of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.parameters import labels
from bayesmix.spec import ModelSpec, Response

SAMPLE_DIMS = ("chain", "draw")


def variable_dims(spec: ModelSpec) -> dict[str, tuple[str, ...]]:
    """The dimensions of each variable of the posterior, in its order.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    dict of str to tuple of str
        Without ``chain`` and ``draw``.
    """
    return {p.name: p.dims for p in spec.parameters}


def variable_coords(spec: ModelSpec) -> dict[str, list[Any]]:
    """The labels along every dimension of the variables."""
    pairs = (pair for p in spec.parameters for pair in zip(p.dims, p.coords, strict=True))
    return {dim: list(values) for dim, values in pairs}


def obs_dim(spec: ModelSpec) -> str:
    """The dimension of the rows; ``row`` where a grouping factor is called ``obs``.

    Responses with rows of their own have dimensions of their own.
    """
    rows = "row" if "obs" in variable_coords(spec) else "obs"
    return f"{spec.response.name}_{rows}" if spec.own_rows else rows


def row_labels(spec: ModelSpec) -> list[Any]:
    """The labels of the rows that the fit is to."""
    return list(labels(spec.design.frame.index))


def dataset(spec: ModelSpec, values: Mapping[str, np.ndarray]) -> xr.Dataset:
    """Draws of every variable as a labelled data set.

    Parameters
    ----------
    spec : ModelSpec
    values : mapping of str to ndarray
        By variable; ``(chain, draw, …)`` with the dimensions of `variable_dims`. Others than those
        are left out.

    Returns
    -------
    xarray.Dataset
    """
    variables = {p.name: ((*SAMPLE_DIMS, *p.dims), values[p.name]) for p in spec.parameters}
    chains, draws = next(iter(values.values())).shape[:2]
    samples = {"chain": np.arange(chains), "draw": np.arange(draws)}
    return xr.Dataset(variables, coords=samples | variable_coords(spec))


def observed(spec: ModelSpec) -> xr.Dataset:
    """The responses of the fit's rows."""
    coords = {obs_dim(part): row_labels(part) for part in spec.parts}
    pairs = ((obs_dim(part), part.response) for part in spec.parts)
    return xr.Dataset({response_name(r): (rows, _observed(r)) for rows, r in pairs}, coords)


def response_name(response: Response) -> str:
    """The response's name in a tree of data sets, where a slash would be a path."""
    return response.data.name.replace("/", "÷")


def _observed(response: Response) -> np.ndarray:
    return response.data.y.astype("int64" if response.family.discrete else "float64")
