"""Plain Python functions compiled by numba, with everything they call, and cached on disk.

Kernels are written without numba, so that they can be read, tested and imported without it. Here
they are linked: each global that a function uses and that is a plain function is compiled in turn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import CodeType, FunctionType, MappingProxyType
from typing import Any

import numba

from bayesmix.engine import bits, elementary, native, tables

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


def callback(signature: Any, function: FunctionType, inline: bool = False, **linked: Any) -> Any:
    """A C callback, loaded from numba's cache on disk where it was compiled before.

    The cache knows it by the text of every module that takes part, so that a change in any of
    them compiles anew.

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
    """
    named = _link(function, linked, inline)
    name = f"{function.__name__}_{_digest(function, linked, inline)}"
    named.__qualname__ = named.__name__ = name
    try:
        return numba.cfunc(signature, cache=True, **_options(function))(named)
    except RuntimeError:  # there is no folder that a cache could be written to
        return numba.cfunc(signature, **_options(function))(named)


@cache
def _jitted(function: FunctionType, inline: bool) -> Any:
    options = _options(function) | {"forceinline": inline} | NO_WRAPPERS
    return numba.njit(**options)(_link(function, {}, inline))


def _options(function: FunctionType) -> dict[str, Any]:
    return {"error_model": "numpy", "fastmath": getattr(function, "fastmath", {"contract"})}


def _link(function: FunctionType, linked: Mapping[str, Any], inline: bool) -> FunctionType:
    """The function with the functions it calls compiled."""
    uses = _uses(function, linked, inline)
    names = {k: _jitted(v, inline) if _is_plain(v) else v for k, v in uses.items()}
    names["__name__"] = function.__module__
    copy = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
    copy.__module__ = function.__module__
    return copy


def _uses(function: FunctionType, linked: Mapping[str, Any], inline: bool) -> dict[str, Any]:
    """The globals that a function uses, by name."""
    known = {**function.__globals__, **linked}
    replaced = {**BITS, **ELEMENTARY} if inline else BITS
    used = ((name, known[name]) for name in _names(function.__code__) if name in known)
    return {k: replaced.get(v, v) if callable(v) else v for k, v in used}


def _names(code: CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _is_plain(value: Any) -> bool:
    """Whether numba has to be told what a function does."""
    return isinstance(value, FunctionType) and not value.__module__.startswith("numba.")


def _digest(function: FunctionType, linked: Mapping[str, Any], inline: bool) -> str:
    files = {__file__, native.__file__, tables.__file__, *_files(function, linked, inline)}
    names = [f"{k}={v.__module__}.{v.__qualname__}" for k, v in sorted(linked.items())]
    text = [" ".join(names).encode(), *(Path(f).read_bytes() for f in sorted(files))]
    return blake2b(b"".join(text), digest_size=8).hexdigest()


def _files(function: FunctionType, linked: Mapping[str, Any], inline: bool) -> Iterator[str]:
    """The files of a function and of all that it calls."""
    yield function.__code__.co_filename
    for value in _uses(function, linked, inline).values():
        if _is_plain(value):
            yield from _files(value, {}, inline)
