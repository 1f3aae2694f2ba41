"""The variables that a fit keeps: their names, dimensions and labels, and data sets of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.spec import Coefficients, GroupPriors, ModelSpec

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
    dims: dict[str, tuple[str, ...]] = {}
    for c in spec.coefficients:
        dims |= _coefficient_dims(c)
    for g in spec.groups:
        dims |= _group_dims(g)
    return dims | {d.name: () for d in spec.plain_dpars}


def variable_coords(spec: ModelSpec) -> dict[str, list[Any]]:
    """The labels along every dimension of the variables."""
    coords = {coef_dim(c.dpar): list(c.names) for c in spec.coefficients if c.names}
    for g in spec.groups:
        coords |= _group_coords(g)
    return coords


def obs_dim(spec: ModelSpec) -> str:
    """The dimension of the rows; ``row`` where a grouping factor is called ``obs``."""
    return "row" if "obs" in variable_coords(spec) else "obs"


def row_labels(spec: ModelSpec) -> list[Any]:
    """The labels of the rows that the fit is to."""
    return labels(spec.design.frame.index)


def coef_dim(dpar: str) -> str:
    """The dimension of a predictor's population coefficients."""
    return "coef" if dpar == "mu" else f"{dpar}_coef"


def coef_name(dpar: str) -> str:
    """The name of a predictor's population coefficients."""
    return "b" if dpar == "mu" else f"b_{dpar}"


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
    dims = variable_dims(spec)
    variables = {name: ((*SAMPLE_DIMS, *dims[name]), values[name]) for name in dims}
    chains, draws = next(iter(values.values())).shape[:2]
    samples = {"chain": np.arange(chains), "draw": np.arange(draws)}
    return xr.Dataset(variables, coords=samples | variable_coords(spec))


def observed(spec: ModelSpec) -> xr.Dataset:
    """The response of the fit's rows."""
    y = spec.design.response.y.astype("int64" if spec.family.discrete else "float64")
    rows = obs_dim(spec)
    return xr.Dataset({response_name(spec): (rows, y)}, coords={rows: row_labels(spec)})


def response_name(spec: ModelSpec) -> str:
    """The response's name in a tree of data sets, where a slash would be a path."""
    return spec.design.response.name.replace("/", "÷")


def labels(values: Iterable[Any]) -> list[Any]:
    """Labels that a file can hold: numbers, texts and times as they are, all others as text."""
    values = list(values)
    index = pd.Index(values, tupleize_cols=False)
    plain = isinstance(index.dtype, np.dtype) and index.dtype.kind in "iufbM"
    return values if plain or index.inferred_type == "string" else [str(v) for v in values]


def _coefficient_dims(c: Coefficients) -> dict[str, tuple[str, ...]]:
    return {coef_name(c.dpar): (coef_dim(c.dpar),)} if c.names else {}


def _group_dims(g: GroupPriors) -> dict[str, tuple[str, ...]]:
    name = g.group.name
    by = () if g.group.by is None else (g.group.by.name,)
    coef, coef2 = f"{name}_coef", f"{name}_coef2"
    cor = {f"cor_{name}": (*by, coef, coef2)} if g.correlated else {}
    return {f"sd_{name}": (*by, coef), **cor, f"r_{name}": (name, coef)}


def _group_coords(g: GroupPriors) -> dict[str, list[Any]]:
    name, by = g.group.name, g.group.by
    coords = {name: labels(g.group.levels), f"{name}_coef": list(g.names)}
    if g.correlated:
        coords[f"{name}_coef2"] = list(g.names)
    if by is not None:
        coords[by.name] = labels(by.levels)
    return coords
