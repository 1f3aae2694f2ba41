"""Expectations for rows, or averaged over sets of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.effects.estimates import Estimates
from bayesmix.effects.expectations import Expectations, Question, flat
from bayesmix.effects.grid import TYPICAL, crossing, grid
from bayesmix.effects.variables import Variable, find, variables
from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.frames import to_pandas
from bayesmix.spec import ModelSpec

By = bool | str | Sequence[str] | None


def predictions(question: Question, newdata: Any, asked: Any, by: By) -> Estimates:
    """See `Fit.predictions`."""
    rows = counterfactual(question.spec, rows_of(question.spec, newdata), asked)
    of_row, sets = sets_of(rows, by)
    expected = Expectations.of(question.on(rows), of_row, len(sets))
    return estimates(expected, expected.described(sets), flat(expected.values))


def estimates(expected: Expectations, rows: pd.DataFrame, values: np.ndarray) -> Estimates:
    """Estimates with the samples and attributes of some expectations."""
    return Estimates(rows, values, expected.predicted.draws, expected.predicted.about)


def rows_of(spec: ModelSpec, newdata: Any) -> pd.DataFrame:
    """The rows of the fit (None), a typical grid by its name, or a data frame."""
    if newdata is None:
        return spec.design.frame
    if isinstance(newdata, str):
        if newdata not in TYPICAL:
            raise PredictionError(
                f"newdata must be a data frame, None for the rows of the fit, or one of "
                f"{listed(TYPICAL)}, not {newdata!r}.{did_you_mean(newdata, TYPICAL)}"
            )
        return grid(spec, {}, newdata)
    return to_pandas(newdata, what="newdata", may_be_empty=True)


def counterfactual(spec: ModelSpec, rows: pd.DataFrame, asked: Any) -> pd.DataFrame:
    """All rows once for every combination of values of the variables that are asked for."""
    if asked is None:
        return rows
    known = variables(spec)
    if not isinstance(asked, Mapping):
        names = [asked] if isinstance(asked, str) else list(asked)
        asked = {n: _representative(find(known, n, "variables")) for n in names}
    columns = [
        pd.DataFrame({n: find(known, n, "variables").column(_listed(v), "variables")})
        for n, v in asked.items()
    ]
    others = rows.drop(columns=[n for n in asked if n in rows.columns])
    return crossing([*columns, others.reset_index(drop=True)])


def _listed(values: Any) -> list[Any]:
    return [values] if isinstance(values, str) or not np.iterable(values) else list(values)


def _representative(v: Variable) -> Any:
    """Every level, or Tukey's five numbers."""
    return np.quantile(v.values, [0, 0.25, 0.5, 0.75, 1]) if v.numeric else v.levels


def sets_of(rows: pd.DataFrame, by: By) -> tuple[np.ndarray | None, pd.DataFrame]:
    """The set of each row, and what tells the sets apart: each row one of its own without `by`.

    Raises
    ------
    PredictionError
        For columns that the rows don't have.
    """
    if by is None or by is False:
        return None, rows
    if by is True:
        return np.zeros(len(rows), int), pd.DataFrame(index=range(1))
    names = [by] if isinstance(by, str) else list(by)
    for name in names:
        if name not in rows.columns:
            raise PredictionError(
                f"by: the rows have no column {name!r}; they have "
                f"{listed(rows.columns, limit=30)}.{did_you_mean(str(name), rows.columns)}"
            )
    of_row = rows.groupby(names, observed=True, sort=True).ngroup().to_numpy()
    _, first = np.unique(of_row, return_index=True)
    return of_row, rows[names].iloc[first].reset_index(drop=True)
