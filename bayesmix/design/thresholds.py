"""How many thresholds rows have, as ``thres()`` says: all the same, or each group its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import first_row
from bayesmix.design.hazards import Strata
from bayesmix.errors import DataError

__all__ = ["THRES", "PerGroup", "check_grades", "threshold_columns"]

THRES, FIRST = "thres", "thres_first"
"""The addition term; and where a row's thresholds start among those of all groups."""


@dataclass(frozen=True)
class PerGroup:
    """A number for each group of rows."""

    strata: Strata
    numbers: tuple[int, ...]

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        return np.array(self.numbers, float)[self.strata.on(frame).astype(int)]


def threshold_columns(
    given: Mapping[str, Any], y: np.ndarray, frame: pd.DataFrame
) -> tuple[dict[str, Any], tuple[int, ...]]:
    """What makes the columns of ``thres()``, and the numbers of thresholds.

    Parameters
    ----------
    given : mapping of str to Quantity or Strata
        Its arguments: without a number there is a threshold for each category but the highest.
    y : ndarray
    frame : DataFrame

    Raises
    ------
    DataError
        If a number is none, or not the same in all rows of a group.
    """
    numbers = given.get(THRES)
    counts = y - 1.0 if numbers is None else numbers.on(frame)
    if "gr" not in given:
        return {THRES: numbers}, (_the_same(counts, frame.index, "it is one number for all rows"),)
    strata = _there(given["gr"], frame)
    codes, rows = strata.on(frame), frame.index
    found = []
    for code, label in enumerate(strata.labels):
        own = counts[codes == code]
        if numbers is None:
            found.append(_highest(own, label))
        else:
            group = f"it is one number for each {strata.column}"
            found.append(_the_same(own, rows[codes == code], group))
    firsts = tuple(np.cumsum([0, *found[:-1]]).tolist())
    return {THRES: PerGroup(strata, tuple(found)), FIRST: PerGroup(strata, firsts)}, tuple(found)


def check_grades(y: np.ndarray, aux: Mapping[str, np.ndarray], rows: pd.Index) -> None:
    """DataError for a category beyond the thresholds of its row."""
    beyond = pd.Series(y > aux[THRES] + 1, index=rows)
    if beyond.any():
        at = int(beyond.to_numpy().argmax())
        raise DataError(
            f"The response is category {y[at]:g} in row {first_row(beyond)}, where thres() has "
            f"{aux[THRES][at]:g} thresholds, for {aux[THRES][at] + 1:g} categories."
        )


def _there(strata: Strata, frame: pd.DataFrame) -> Strata:
    """Without the levels of a category that no row has."""
    found = set(frame[strata.column])
    labels = tuple(label for label in strata.labels if label in found)
    return replace(strata, labels=labels, what="threshold")


def _the_same(counts: np.ndarray, rows: pd.Index, why: str) -> int:
    differs = pd.Series(counts != counts[0], index=rows)
    if differs.any():
        raise DataError(
            f"thres() is {counts[0]:g} in row {first_row(~differs)} and {counts[differs][0]:g} in "
            f"row {first_row(differs)}; {why}."
        )
    return int(counts[0])


def _highest(counts: np.ndarray, label: Any) -> int:
    if counts.max() < 1:
        raise DataError(
            f"All responses of {label!r} are of the first category, so that thres(gr=) can't tell "
            "how many thresholds there are; write thres(x, gr=…)."
        )
    return int(counts.max())
