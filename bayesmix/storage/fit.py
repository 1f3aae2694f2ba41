"""A fit to and from a file: the definition of its model, and its tree of data sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesmix.errors import BayesmixError, StorageError
from bayesmix.families import Family
from bayesmix.spec import ModelSpec
from bayesmix.storage.archive import Archive, read, write
from bayesmix.storage.recipe import read_recipe, write_recipe
from bayesmix.storage.tree import put_together, take_apart

if TYPE_CHECKING:
    import xarray as xr


def save_fit(spec: ModelSpec, idata: xr.DataTree, path: str | Path) -> Path:
    """Write a fit to one file; see `Fit.save`."""
    path = _checked(path)
    recipe, data = write_recipe(spec)
    groups, draws = take_apart(idata)
    write(Archive({"model": recipe, "groups": groups}, draws | data), path)
    return path


def read_fit(
    path: str | Path,
    namespace: Mapping[str, Callable[..., Any]] | None = None,
    family: Family | None = None,
) -> tuple[ModelSpec, xr.DataTree]:
    """What `save_fit` wrote; see `bayesmix.load`."""
    path = _checked(path)
    archive = read(path)
    try:
        spec = read_recipe(archive.header["model"], archive.arrays, namespace, family)
        return spec, put_together(archive.header["groups"], archive.arrays)
    except StorageError:
        raise
    except (BayesmixError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(
            f"The fit in {str(path)!r} can't be put together again: {error}"
        ) from error


def _checked(path: Any) -> Path:
    if not isinstance(path, str | PathLike):
        raise StorageError(f"The path of a fit is a text or a Path, not {path!r}.")
    return Path(path)
