"""Arrays put one after the other, which tables point into."""

from __future__ import annotations

from typing import Any

import numpy as np


class Store:
    """Arrays of one type, put one after the other.

    Examples
    --------
    >>> store = Store(np.float64)
    >>> store.add([1, 2]), store.add([3]), store.array().tolist()
    (0, 2, [1.0, 2.0, 3.0])
    """

    def __init__(self, dtype: type) -> None:
        self.dtype = dtype
        self.parts: list[np.ndarray] = []
        self.size = 0

    def add(self, values: Any) -> int:
        """Append values; returns where they start."""
        part = np.ascontiguousarray(values, self.dtype).ravel()
        self.parts.append(part)
        self.size += part.size
        return self.size - part.size

    def array(self) -> np.ndarray:
        return np.concatenate([*self.parts, np.empty(0, self.dtype)])
