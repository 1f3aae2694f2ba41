"""A fit to and from a file: the definition of its model, and its tree of data sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesmix.errors import BayesmixError, StorageError
from bayesmix.families import Family
from bayesmix.sibling import on_data
from bayesmix.spec import ModelSpec
from bayesmix.storage.archive import Archive, Stored, read, write
from bayesmix.storage.recipe import read_frame, read_recipe, write_frame, write_recipe
from bayesmix.storage.tree import put_together, take_apart

if TYPE_CHECKING:
    import xarray as xr


SETS = "data sets"
"""What a header has of the data sets after the first, and the start of their folders' names."""

Label = int | str


def save_fit(spec: ModelSpec, idata: xr.DataTree, path: str | Path) -> Path:
    """Write a fit to one file; see `Fit.save`."""
    path = _checked(path)
    header, arrays = _apart(spec, idata)
    write(Archive(header, arrays), path)
    return path


def save_fits(specs: Mapping[Label, ModelSpec], idata: xr.DataTree, path: str | Path) -> Path:
    """Write a fit to several data sets to one file; see `MultipleFit.save`."""
    path = _checked(path)
    (label, first), *others = specs.items()
    header, arrays = _apart(first, idata)
    header[SETS] = [{"label": label}]
    for n, (label, spec) in enumerate(others, 1):
        frame, own = write_frame(spec.design.frame, f"{SETS} {n}")
        header[SETS].append({"label": label, "frame": frame})
        arrays |= own
    write(Archive(header, arrays), path)
    return path


def _apart(spec: ModelSpec, idata: xr.DataTree) -> tuple[dict[str, Any], dict[str, Stored]]:
    recipe, data = write_recipe(spec)
    groups, draws = take_apart(idata)
    return {"model": recipe, "groups": groups}, draws | data


def read_fit(
    path: str | Path,
    namespace: Mapping[str, Callable[..., Any]] | None = None,
    family: Family | None = None,
) -> tuple[dict[Label, ModelSpec] | ModelSpec, xr.DataTree]:
    """What `save_fit` or `save_fits` wrote; see `bayesmix.load`."""
    path = _checked(path)
    archive = read(path)
    try:
        spec = read_recipe(archive.header["model"], archive.arrays, namespace, family)
        tree = put_together(archive.header["groups"], archive.arrays)
        return _specs(spec, archive) if SETS in archive.header else spec, tree
    except StorageError:
        raise
    except (BayesmixError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(
            f"The fit in {str(path)!r} can't be put together again: {error}"
        ) from error


def _specs(first: ModelSpec, archive: Archive) -> dict[Label, ModelSpec]:
    one, *others = archive.header[SETS]
    specs = {one["label"]: first}
    for n, about in enumerate(others, 1):
        frame = read_frame(about["frame"], archive.arrays, f"{SETS} {n}")
        specs[about["label"]] = on_data(first, frame, f"Data set {about['label']!r}")
    return specs


def _checked(path: Any) -> Path:
    if not isinstance(path, str | PathLike):
        raise StorageError(f"The path of a fit is a text or a Path, not {path!r}.")
    return Path(path)
