"""The last bytes of a file of ours: its format, and a digest of all bytes before.

HDF5 doesn't mind bytes behind its own, so other programs read the file as netCDF. The digest is
looked at first: a damaged file can keep the HDF5 library busy for ever.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import BinaryIO

from bayesmix.errors import StorageError

FORMAT = 1
BLOCK = 2**20
HDF5 = b"\x89HDF\r\n\x1a\n"

_SEAL = re.compile(rb"\nbayesmix fit, format ([0-9]{4}), blake2b ([0-9a-f]{64})\n")
_SIZE = len(b"\nbayesmix fit, format 0001, blake2b \n") + 64


def seal(path: Path) -> None:
    """Append the seal to a complete file."""
    with path.open("r+b") as file:
        digest = _digest(file, os.fstat(file.fileno()).st_size)
        file.seek(0, os.SEEK_END)
        file.write(f"\nbayesmix fit, format {FORMAT:04}, blake2b {digest}\n".encode())


def check_seal(path: Path) -> None:
    """Refuse a file that `seal` was not the last to change.

    Raises
    ------
    StorageError
        If it isn't there, isn't ours, is of a newer format, is cut off, damaged or changed.
    """
    try:
        with path.open("rb") as file:
            _check(file, str(path))
    except FileNotFoundError:
        raise StorageError(f"There is no file {str(path)!r}.") from None
    except OSError as error:
        raise StorageError(f"{str(path)!r} can't be read: {error}") from error


def _check(file: BinaryIO, path: str) -> None:
    if file.read(len(HDF5)) != HDF5:
        raise StorageError(
            f"{path!r} is no file that fit.save() wrote. Draws of other programs are read by "
            "ArviZ, those of brms by from_brms()."
        )
    length = os.fstat(file.fileno()).st_size - _SIZE
    file.seek(max(0, length))
    found = _SEAL.fullmatch(file.read())
    if found is None:
        raise StorageError(
            f"{path!r} is no file that fit.save() wrote, or it is cut off, or another program "
            "has changed it. Take a copy of it, or fit the model again."
        )
    if int(found[1]) > FORMAT:
        raise StorageError(
            f"{path!r} has the format {int(found[1])} of a newer bayesmix; this one reads "
            f"format {FORMAT}. Update bayesmix."
        )
    if _digest(file, length) != found[2].decode():
        raise StorageError(
            f"{path!r} has been damaged or changed since fit.save() wrote it. Take a copy of it, "
            "or fit the model again."
        )


def _digest(file: BinaryIO, length: int) -> str:
    """The digest of the first `length` bytes."""
    digest = hashlib.blake2b(digest_size=32)
    file.seek(0)
    for start in range(0, length, BLOCK):
        digest.update(file.read(min(BLOCK, length - start)))
    return digest.hexdigest()
