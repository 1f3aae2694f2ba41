"""Arrays of any labels as arrays that netCDF has: numbers and texts."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from bayesmix.errors import StorageError

TEXT = np.dtype(object)
"""The dtype of texts in a file, all of them ``str``."""


def encode(values: np.ndarray) -> tuple[np.ndarray, str]:
    """An array as numbers or texts, and the kind that `decode` needs.

    Raises
    ------
    StorageError
        If it holds objects other than text, numbers, booleans and None.
    """
    dtype = values.dtype
    match dtype.kind:
        case "i" | "u" | "f":
            return values, ""
        case "b":
            return values.astype(np.int8), "bool"
        case "M" | "m":
            return values.view(np.int64), dtype.str
        case "U" | "T":
            return _texts(values, "T" if dtype.kind == "T" else dtype.str)
        case "O":
            return _mapped(values, _dumps), "json:object"
    raise StorageError(f"values of type {dtype} can't be kept in a file")


def decode(values: np.ndarray, kind: str) -> np.ndarray:
    """The array that `encode` was given."""
    if kind == "":
        return values
    if kind == "bool":
        return values.astype(bool)
    if kind.startswith("json:"):
        values, kind = _mapped(values, json.loads), kind.removeprefix("json:")
    if kind == "object":
        return values
    dtype = np.dtypes.StringDType() if kind == "T" else np.dtype(kind)
    return values.view(dtype) if dtype.kind in "Mm" else values.astype(dtype)


def _texts(values: np.ndarray, kind: str) -> tuple[np.ndarray, str]:
    """Texts as they are, or as JSON where one has characters that netCDF has not."""
    texts = _mapped(values, str)
    if all(map(_is_plain, texts.flat)):
        return texts, kind
    return _mapped(values, lambda text: json.dumps(str(text))), f"json:{kind}"


def _is_plain(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _mapped(values: np.ndarray, function: Any) -> np.ndarray:
    mapped = np.empty(values.shape, TEXT)
    mapped.flat = [function(v) for v in values.flat]
    return mapped


def _dumps(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if value is not None and not isinstance(value, str | int | float):
        raise StorageError(f"a {type(value).__name__} among other objects can't be kept in a file")
    return json.dumps(value)
