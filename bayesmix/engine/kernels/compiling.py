"""Plain Python functions compiled by numba, with everything they call, and cached on disk.

Kernels are written without numba, so that they can be read, tested and imported without it. Here
they are linked: each plain function that a function uses, as a global or from the scope that it
was made in, is compiled in turn.
"""

from __future__ import annotations

import math
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import CellType, CodeType, FunctionType, MappingProxyType, ModuleType
from typing import Any

import llvmlite
import numba
import numpy as np

from bayesmix.engine.kernels import native
from bayesmix.engine.numerics import bits, elementary
from bayesmix.errors import CacheWarning

BITS: Mapping[Any, Any] = MappingProxyType(
    {bits.bits_of: native.bits_of, bits.double_of: native.double_of}
)
ELEMENTARY: Mapping[Any, Any] = MappingProxyType(
    {
        math.exp: elementary.exp,
        math.log: elementary.log,
        math.log1p: elementary.log1p,
        math.expm1: elementary.expm1,
    }
)

NO_WRAPPERS = MappingProxyType({"no_cpython_wrapper": True, "no_cfunc_wrapper": True})
"""Inner functions are never called from Python; this saves a fifth of the compilation."""

VERSIONS = f"{numba.__version__} {llvmlite.__version__} {np.__version__}"

OLD = 24 * 3600.0
"""Seconds after which machine code of another version of a function is removed."""


def callback(signature: Any, function: FunctionType, inline: bool = False, **linked: Any) -> Any:
    """A C callback, loaded from numba's cache on disk where it was compiled before.

    The cache knows it by everything that the machine code hangs on (`_parts`), so that a change in
    any of it compiles anew.

    Parameters
    ----------
    signature : numba signature
    function : function
    inline : bool
        Whether all that is called is copied into the function, and `math` replaced: for loops that
        can then be vectorised. Slow to compile.
    **linked : object
        What globals of the function stand for.

    Returns
    -------
    numba.core.ccallback.CFunc

    Warns
    -----
    CacheWarning
        Once, if the machine code can't be stored.
    """
    named = _link(function, linked, inline)
    label = "_".join([function.__name__, *map(_label, linked.values())])
    name = f"{label}_{_digest(function, linked, inline)}"
    named.__qualname__ = named.__name__ = name
    options = _options(function)
    try:
        compiled = numba.cfunc(signature, cache=True, **options)(named)
        if not compiled.cache_hits:
            _remove_old(Path(compiled._cache.cache_path), label, name)
        return compiled
    except (RuntimeError, OSError) as error:  # no folder, a full disk
        _warn_uncached(str(error))
        return numba.cfunc(signature, **options)(named)


@cache
def _warn_uncached(reason: str) -> None:
    warnings.warn(
        f"The engine's compiled functions can't be kept for the next session: {reason}. "
        "Each session will compile them again, some seconds for every family. The environment "
        "variable NUMBA_CACHE_DIR can name a folder for them.",
        CacheWarning,
        stacklevel=2,
    )


def _remove_old(folder: Path, label: str, name: str) -> None:
    """Remove what older versions of a function left; another version may be in use beside it."""
    ours = re.compile(rf"\.{re.escape(label)}_[0-9a-f]{{16}}-\d+\.")
    for file in folder.glob(f"*.{label}_*"):
        try:
            old = time.time() - file.stat().st_mtime > OLD
            if old and ours.search(file.name) and name not in file.name:
                file.unlink()
        except OSError:
            continue


def _label(value: Any) -> str:
    """A linked function, by its module and name, as a part of a file's name."""
    return re.sub(r"\W+", "_", f"{value.__module__.rpartition('.')[2]}_{value.__qualname__}")


@cache
def _jitted(function: FunctionType, inline: bool) -> Any:
    options = _options(function) | {"forceinline": inline} | NO_WRAPPERS
    return numba.njit(**options)(_link(function, {}, inline))


def _options(function: FunctionType) -> dict[str, Any]:
    return {"error_model": "numpy", "fastmath": getattr(function, "fastmath", {"contract"})}


def _link(function: FunctionType, linked: Mapping[str, Any], inline: bool) -> FunctionType:
    """The function with the functions it calls compiled."""

    def compiled(value: Any) -> Any:
        return _jitted(value, inline) if _is_plain(value) else value

    names = {k: compiled(v) for k, v in _uses(function, linked, inline).items()}
    names["__name__"] = function.__module__
    cells = tuple(CellType(compiled(v)) for v in _enclosed(function, inline).values())
    copy = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, cells or None
    )
    copy.__module__ = function.__module__
    return copy


def _uses(function: FunctionType, linked: Mapping[str, Any], inline: bool) -> dict[str, Any]:
    """The globals that a function uses, by name."""
    known = {**function.__globals__, **linked}
    used = _names(function.__code__)
    return {k: _replaced(known[k], inline) for k in sorted(used) if k in known}


def _enclosed(function: FunctionType, inline: bool) -> dict[str, Any]:
    """What a function uses of the scope that it was made in, by name."""
    cells = (cell.cell_contents for cell in function.__closure__ or ())
    names = function.__code__.co_freevars
    return {k: _replaced(v, inline) for k, v in zip(names, cells, strict=True)}


def _replaced(value: Any, inline: bool) -> Any:
    if not callable(value):
        return value
    return ({**BITS, **ELEMENTARY} if inline else BITS).get(value, value)


def _names(code: CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _is_plain(value: Any) -> bool:
    """Whether numba has to be told what a function does."""
    return isinstance(value, FunctionType) and not value.__module__.startswith("numba.")


def _digest(function: FunctionType, linked: Mapping[str, Any], inline: bool) -> str:
    text = "\n".join([VERSIONS, str(inline), *_parts(function, linked, inline, {})])
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _parts(
    function: FunctionType, linked: Mapping[str, Any], inline: bool, seen: dict[int, int]
) -> Iterator[str]:
    """All that the machine code of a function hangs on, as text."""
    if id(function) in seen:
        yield f"function {seen[id(function)]}"
        return
    seen[id(function)] = len(seen)
    yield f"{sorted(_options(function)['fastmath'])} {function.__defaults__!r}"
    yield from _code(function.__code__)
    for name, value in (_uses(function, linked, inline) | _enclosed(function, inline)).items():
        yield f"{name}:"
        if _is_plain(value):
            yield from _parts(value, {}, inline, seen)
        else:
            yield _constant(value)


def _code(code: CodeType) -> Iterator[str]:
    yield f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {code.co_freevars}"
    for constant in code.co_consts:
        yield from _code(constant) if isinstance(constant, CodeType) else [repr(constant)]


def _constant(value: Any) -> str:
    """A global that isn't a plain function."""
    if isinstance(value, np.dtype):
        return f"{value.descr} {value.itemsize}"
    if isinstance(value, ModuleType):
        return value.__name__
    if getattr(value, "__module__", None) == native.__name__:
        return _file(native.__file__)
    if callable(value):
        return f"{value.__module__}.{getattr(value, '__qualname__', value)}"
    return repr(value)


@cache
def _file(path: str) -> str:
    return blake2b(Path(path).read_bytes()).hexdigest()
