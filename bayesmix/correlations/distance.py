"""Correlations that decay with the distance between places, and what a place has alone.

A place on a line is a number, one in the plane a complex number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.correlations.dense import Block, Dense
from bayesmix.correlations.layout import Layout


@dataclass(frozen=True)
class Distance(Dense):
    """``corExp()``, ``corGaus()``, ``corMatern()``: with d the distance over ``range``.

    They are exp(-d), exp(-d²), and Matérn's of smoothness 3/2 or 5/2, whose d is multiplied by √3
    or √5. With a nugget, correlations of different places are smaller by this share.

    Attributes
    ----------
    function : str
    nugget : bool
    smoothness : float
        Of Matérn's.
    """

    function: str
    nugget: bool = False
    smoothness: float = 1.5

    @property
    def names(self) -> Mapping[str, tuple[float, float]]:
        more = {"nugget": (0.0, 1.0)} if self.nugget else {}
        return {"range": (0.0, np.inf)} | more

    def blocks(self, given: Mapping[str, Any], layout: Layout, m: Any) -> list[Block]:
        """Every group has a matrix of its own, but those with the same places."""
        return [
            (groups, len(places), self._matrix(given, places, m)) for groups, places in layout.kinds
        ]

    def _matrix(self, given: Mapping[str, Any], places: np.ndarray, m: Any) -> Any:
        apart = np.abs(places[:, None] - places)
        kept = 1 - given["nugget"] if self.nugget else 1.0
        alone = np.eye(len(places))
        return kept * (1 - alone) * self._decay(apart / given["range"], m) + alone

    def _decay(self, d: Any, m: Any) -> Any:
        if self.function == "corExp":
            return m.exp(-d)
        if self.function == "corGaus":
            return m.exp(-(d**2))
        z = np.sqrt(2 * self.smoothness) * d
        series = 1 + z + (z**2 / 3 if self.smoothness == 2.5 else 0.0)
        return series * m.exp(-z)
