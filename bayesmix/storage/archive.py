"""The file itself: a header and arrays by path, in netCDF, sealed at its end."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any
from uuid import uuid4

import h5netcdf
import h5py
import numpy as np

from bayesmix.errors import StorageError
from bayesmix.storage.arrays import TEXT
from bayesmix.storage.seal import check_seal, seal

HEADER = "bayesmix"
UNFINISHED = re.compile(r"\.bayesmix-(\d+)-[0-9a-f]{32}\.tmp")
"""What a file is called while it is written, with the number of the process that does it."""


@dataclass(frozen=True)
class Stored:
    """An array of numbers or texts, and the names of its dimensions."""

    dims: tuple[str, ...]
    values: np.ndarray


@dataclass(frozen=True)
class Archive:
    """What a file holds.

    Attributes
    ----------
    header : dict
        All that is no array, in JSON's types.
    arrays : mapping of str to Stored
        By ``group/name``.
    """

    header: dict[str, Any]
    arrays: Mapping[str, Stored]


def write(archive: Archive, path: Path) -> None:
    """Write the file in one step: a crash leaves what was there before.

    Raises
    ------
    StorageError
        If the folder isn't there, or the file can't be written.
    """
    if not path.parent.is_dir():
        raise StorageError(
            f"There is no folder {str(path.parent)!r} to save {path.name!r} in; make it first."
        )
    if path.is_dir():
        raise StorageError(f"{str(path)!r} is a folder; give the name of a file.")
    _remove_abandoned(path.parent)
    unfinished = path.parent / f".bayesmix-{os.getpid()}-{uuid4().hex}.tmp"
    try:
        with h5netcdf.File(unfinished, "w") as file:
            _fill(file, archive)
        seal(unfinished)
        os.replace(unfinished, path)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise StorageError(f"{str(path)!r} can't be written: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _remove_abandoned(folder: Path) -> None:
    """Remove what writers left that were killed: files of ours whose process is no more."""
    for file in folder.glob(".bayesmix-*.tmp"):
        found = UNFINISHED.fullmatch(file.name)
        if found and not _is_running(int(found[1])):
            with suppress(OSError):
                file.unlink()


def _is_running(process: int) -> bool:
    if process == os.getpid():
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def read(path: Path) -> Archive:
    """Read the whole file, and close it.

    Raises
    ------
    StorageError
        If it isn't there, isn't one of `write`, is damaged, changed, or of a newer format.
    """
    check_seal(path)
    try:
        with h5netcdf.File(path, "r", decode_vlen_strings=True) as file:
            return Archive(json.loads(file.attrs[HEADER]), _arrays(file))
    except (OSError, LookupError, ValueError, TypeError, RuntimeError) as error:
        raise StorageError(f"{str(path)!r} can't be read: {error}") from error


def _fill(file: Any, archive: Archive) -> None:
    file.attrs[HEADER] = json.dumps(archive.header)
    for path, stored in archive.arrays.items():
        *folders, name = path.split("/")
        group = reduce(_inside, folders, file)
        for dim, size in zip(stored.dims, stored.values.shape, strict=True):
            if dim not in group.dimensions or group.dimensions[dim].size != size:
                group.dimensions[dim] = size
        dtype = h5py.string_dtype() if stored.values.dtype == TEXT else stored.values.dtype
        group.create_variable(name, stored.dims, dtype, data=stored.values)


def _inside(group: Any, name: str) -> Any:
    return group.groups[name] if name in group.groups else group.create_group(name)


def _arrays(group: Any, prefix: str = "") -> dict[str, Stored]:
    arrays = {
        prefix + name: Stored(tuple(v.dimensions), np.asarray(v[...]))
        for name, v in group.variables.items()
    }
    for name, inner in group.groups.items():
        arrays |= _arrays(inner, f"{prefix}{name}/")
    return arrays
