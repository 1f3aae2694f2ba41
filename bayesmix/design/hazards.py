"""The columns of a baseline hazard among the addition terms: splines at each row, and strata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.baseline import Baseline, Column, Settings, Times, UpTo, columns_of
from bayesmix.design.calls import shown
from bayesmix.design.columns import first_row
from bayesmix.design.words import CENSORED
from bayesmix.errors import DataError, listed
from bayesmix.formula.tree import Expr, Name, Response

__all__ = ["BASELINE", "Strata", "check_hazard", "hazard_columns", "strata_of"]

BASELINE = "bhaz"
"""The addition term of a baseline hazard, which there is also where it isn't written."""


@dataclass(frozen=True)
class Strata:
    """The numbers, from 0, of the labels of a column."""

    column: str
    labels: tuple[Any, ...]
    what: str = "baseline hazard"

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        """DataError for a label that there wasn't."""
        numbers = {label: k for k, label in enumerate(self.labels)}
        found = frame[self.column].astype(object).map(numbers)
        if found.isna().any():
            row = first_row(found.isna())
            raise DataError(
                f"{self.column!r} has the stratum {frame[self.column][found.isna()].iloc[0]!r} in "
                f"row {row}, for which there is no {self.what}; there is {listed(self.labels)}."
            )
        return found.to_numpy(float)


def strata_of(term: str, expr: Expr, frame: pd.DataFrame) -> Strata:
    """The strata of ``bhaz(gr=)`` or ``thres(gr=)``; DataError if they are no column."""
    if not isinstance(expr, Name):
        raise DataError(f"The strata gr= of {term}() are a column, not {shown(expr)}.")
    column = frame[expr.name]
    is_category = isinstance(column.dtype, pd.CategoricalDtype)
    labels = column.cat.categories if is_category else sorted(column.unique())
    return Strata(expr.name, tuple(labels))


def hazard_columns(
    response: Response, y: np.ndarray, aux: Mapping[str, np.ndarray], times: Mapping[str, Times]
) -> dict[str, Column]:
    """The columns of the baseline hazard, for the response and the terms that bound it.

    Parameters
    ----------
    response : Response
    y : ndarray
    aux : mapping of str to ndarray
    times : mapping of str to Times
        What makes the response (``""``) and the addition terms.

    Raises
    ------
    DataError
        For too few splines, and times that don't differ.
    """
    asked = {k: v for a in response.additions if a.name == BASELINE for k, v in a.settings}
    if "y2" in aux:
        y = np.append(y, aux["y2"][aux["cens"] == CENSORED["interval"]])
    baseline = Baseline.between(y, Settings(**asked))
    wanted = {bound: times[bound] for bound in ("", "lb", "ub") if bound in times}
    if "y2" in aux:
        last = baseline.ends[1]
        wanted["y2"] = UpTo(times["y2"], times["cens"], CENSORED["interval"], last)
    return columns_of(baseline, wanted)


def check_hazard(aux: Mapping[str, np.ndarray], rows: pd.Index) -> None:
    """DataError unless something happens, and nothing where the baseline hazard is 0."""
    cens = aux.get("cens", np.zeros(len(rows)))
    if np.all(cens == CENSORED["right"]):
        raise DataError(
            "cens() says 'right' in all rows: without an event nothing is known of its hazard."
        )
    for start, kind in (("bhaz_", CENSORED["none"]), ("cbhaz_", CENSORED["left"])):
        splines = [v for name, v in aux.items() if name.startswith(start)]
        never = pd.Series((sum(splines) == 0) & (cens == kind), index=rows)
        if never.any():
            raise DataError(
                f"In row {first_row(never)} something has happened at a time up to which the "
                "baseline hazard is 0."
            )
