"""A tree of data sets as arrays by path and a description in JSON's types, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.errors import StorageError
from bayesmix.storage.archive import Stored
from bayesmix.storage.arrays import decode, encode


def take_apart(tree: xr.DataTree) -> tuple[list[dict[str, Any]], dict[str, Stored]]:
    """Every group of the tree, and the arrays of all.

    Raises
    ------
    StorageError
        If a variable or attribute is of a kind that a file can't hold; names it.
    """
    groups, arrays = [], {}
    for node in tree.subtree:
        about, own = _group(node.path.strip("/"), node.to_dataset(inherit=False))
        groups.append(about)
        arrays |= own
    return groups, arrays


def put_together(groups: list[dict[str, Any]], arrays: Mapping[str, Stored]) -> xr.DataTree:
    """The tree that `take_apart` was given."""
    return xr.DataTree.from_dict({f"/{g['path']}": _dataset(g, arrays) for g in groups})


def _group(path: str, dataset: xr.Dataset) -> tuple[dict[str, Any], dict[str, Stored]]:
    variables, arrays = [], {}
    for name, variable in dataset.variables.items():
        place = f"{path}/{name}"
        _check_index(dataset, name, place)
        stored, kind = _encoded(variable, place)
        at = "/".join([*map(_file_name, path.split("/") if path else []), _file_name(name)])
        arrays[at] = Stored(tuple(_file_name(d) for d in variable.dims), stored)
        variables.append(
            {
                "name": name,
                "at": at,
                "dims": list(variable.dims),
                "kind": kind,
                "is_coord": name in dataset.coords,
                "attrs": _attributes(variable.attrs, place),
            }
        )
    about = {"path": path, "attrs": _attributes(dataset.attrs, path), "variables": variables}
    return about, arrays


def _dataset(group: Mapping[str, Any], arrays: Mapping[str, Stored]) -> xr.Dataset:
    variables = {
        v["name"]: xr.Variable(v["dims"], decode(arrays[v["at"]].values, v["kind"]), v["attrs"])
        for v in group["variables"]
    }
    coords = {v["name"] for v in group["variables"] if v["is_coord"]}
    return xr.Dataset(
        {name: v for name, v in variables.items() if name not in coords},
        {name: v for name, v in variables.items() if name in coords},
        group["attrs"],
    )


def _file_name(name: str) -> str:
    """A name that netCDF accepts: signs other than ``_``, ``-`` and ``:`` percent-encoded."""
    return quote(name.encode("utf-8", "surrogatepass"), safe=":").replace(".", "%2E")


def _encoded(variable: xr.Variable, place: str) -> tuple[np.ndarray, str]:
    try:
        return encode(np.asarray(variable.values, order="C"))
    except StorageError as error:
        raise StorageError(f"{place!r} of the fit's idata can't be saved: {error}.") from error


def _check_index(dataset: xr.Dataset, name: Any, place: str) -> None:
    if not isinstance(name, str):
        raise StorageError(f"{place!r} of the fit's idata can't be saved: its name is no text.")
    if isinstance(dataset.indexes.get(name), pd.MultiIndex):
        raise StorageError(
            f"{place!r} of the fit's idata can't be saved: it has several levels; "
            "call .reset_index() or .unstack() on the group first."
        )


def _attributes(attrs: Mapping[Any, Any], place: str) -> dict[str, Any]:
    """The attributes in JSON's types, arrays as lists."""
    try:
        return json.loads(json.dumps({str(k): v for k, v in attrs.items()}, default=_plain))
    except (TypeError, ValueError) as error:
        raise StorageError(
            f"The attributes of {place or '/'!r} of the fit's idata can't be saved: {error}."
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} is neither text nor number")
