"""Words that addition terms take in the place of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.errors import DataError, listed
from bayesmix.formula.tree import Name

__all__ = ["CENSORED", "WORDS", "Words", "words_of"]

CENSORED = {"none": 0.0, "left": -1.0, "right": 1.0, "interval": 2.0}
"""brms's words for what ``cens()`` says of a row."""

WORDS = {"cens": CENSORED, "dec": {"lower": 0.0, "upper": 1.0}}
"""The words of each term that has some."""


@dataclass(frozen=True)
class Words:
    """The numbers that the words of a column stand for."""

    column: str
    numbers: Mapping[Any, float]

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        return frame[self.column].astype(object).map(self.numbers).to_numpy(float)


def words_of(term: str, expr: Name, frame: pd.DataFrame) -> Words:
    """True is censored on the right, and a decision for the upper boundary, as in brms.

    Raises
    ------
    DataError
        For other words.
    """
    numbers = {**WORDS[term], False: 0.0, True: 1.0}
    unknown = [v for v in frame[expr.name].cat.categories if v not in numbers]
    if unknown:
        raise DataError(f"{term}() has the word {unknown[0]!r}; it can have {listed(WORDS[term])}.")
    return Words(expr.name, numbers)
