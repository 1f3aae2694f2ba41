"""Rows of a prediction, and the rows of the fit that hang together with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesmix.correlations import Layout
from bayesmix.design import Residuals
from bayesmix.design.columns import columns_of, label_key, new_frame, uses_of
from bayesmix.design.series import Series
from bayesmix.errors import PredictionError, listed
from bayesmix.predict.linpred import linear_predictors
from bayesmix.predict.rows import blaming_newdata, response_on

if TYPE_CHECKING:
    from bayesmix.predict.response import Etas, Prediction


@dataclass(frozen=True)
class Neighbours:
    """Groups of rows, of which the first are those of the prediction, the others of the fit.

    A row of the fit that the prediction has too, in the same group at the same time, isn't among
    them twice.

    Attributes
    ----------
    prediction : Prediction
    residuals : Residuals
    series : Series
    layout : Layout
    rows : int
        How many are of the prediction.
    history : ndarray of int
        The others' places in the fit.
    places : ndarray of int
        For each row of the prediction that of the fit in the same group at the same time, or -1.
    """

    prediction: Prediction
    residuals: Residuals
    series: Series
    layout: Layout
    rows: int
    history: np.ndarray
    places: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """For each row of the prediction whether the fit has it."""
        return self.places >= 0

    @classmethod
    def of(cls, prediction: Prediction) -> Neighbours:
        """Raise PredictionError for columns that newdata lacks, and for times twice in a group."""
        residuals = next(p.residuals for p in prediction.response.predictors.values())
        fitted, rows = residuals.series, len(prediction.rows)
        if prediction.rows.newdata is None:
            nothing = np.empty(0, np.int64)
            every = np.arange(rows)
            return cls(prediction, residuals, fitted, fitted.layout, rows, nothing, every)
        frame = _frame(prediction, residuals)
        with blaming_newdata():
            own = residuals.on(frame)
        _check_times(residuals, own, frame)
        apart = own.found(fitted) < 0
        history = np.flatnonzero(apart & np.isin(fitted.codes, own.codes))
        codes = np.concatenate([own.codes, fitted.codes[history]])
        times = np.concatenate([own.times, fitted.times[history]])
        series, places = Series(own.groups, codes, times), fitted.found(own)
        return cls(prediction, residuals, series, series.layout, rows, history, places)

    def around(self, part: slice) -> tuple[Layout, np.ndarray]:
        """The groups of some rows, their rows numbered from 0 on; and the numbers they had."""
        asked = np.zeros(self.rows + len(self.history), bool)
        asked[part] = True
        return self.layout.having(asked).numbered()

    def etas(self, rows: np.ndarray) -> Etas:
        """Linear predictors of rows that are in order, without what others say of them."""
        p = self.prediction
        own, others = rows[rows < self.rows], self.history[rows[rows >= self.rows] - self.rows]
        first = linear_predictors(p.draws, p.rows, p.new, own)
        if not len(others):
            return first
        second = linear_predictors(p.draws, p.fitted, p.new, others)
        return {d: np.concatenate([first[d], second[d]], axis=1) for d in first}

    @property
    def groups(self) -> tuple[np.ndarray, list[str]]:
        """The number of each row's group, and the groups' labels."""
        keys = np.array([self.series.groups[code] for code in self.series.codes[: self.rows]])
        labels, codes = np.unique(keys, return_inverse=True)
        return codes, labels.tolist()

    @property
    def has_news(self) -> bool:
        """Whether there are rows that the fit hasn't."""
        return not self.known.all()

    def is_new(self, rows: np.ndarray) -> np.ndarray:
        """Which of some rows the fit hasn't."""
        return np.append(~self.known, np.zeros(len(self.history), bool))[rows]

    @cached_property
    def fitted_y(self) -> np.ndarray:
        """The fit's responses; NaN for rows that it hasn't."""
        y = self.prediction.response.data.y
        own = y[np.maximum(self.places, 0)]
        return np.concatenate([np.where(self.known, own, np.nan), y[self.history]])

    @cached_property
    def y(self) -> np.ndarray:
        """Responses; NaN where newdata has none."""
        return np.concatenate([self._own, self.prediction.response.data.y[self.history]])

    @cached_property
    def _own(self) -> np.ndarray:
        p = self.prediction
        if p.rows.newdata is None:
            return p.response.data.y
        y, newdata = np.full(self.rows, np.nan), p.rows.newdata
        names = [n.name for n in columns_of(p.spec.formula.response.expr)]
        if set(names) <= set(newdata.columns):
            there = newdata[names].notna().all(axis=1).to_numpy()
            if there.any():
                y[there] = response_on(p.spec, p.response, newdata[there])[0]
        return y


def _frame(prediction: Prediction, residuals: Residuals) -> pd.DataFrame:
    """The times and groups of newdata."""
    term, newdata = residuals.term, prediction.rows.newdata
    names = [column.name for column in term.columns]
    missing = [name for name in names if name not in newdata.columns]
    if missing:
        raise PredictionError(
            f"newdata has no column {listed(missing)}, which {term.function}() needs; "
            "incl_autocor=False leaves it out."
        )
    columns = tuple(c for c in (term.time, term.second) if c is not None)
    source = prediction.spec.formula.mu.source
    frame = new_frame(uses_of(columns, source), prediction.spec.design.frame, newdata)
    if term.gr is not None:
        frame = frame.assign(**{term.gr.name: newdata[term.gr.name].map(label_key)})
    return frame


def _check_times(residuals: Residuals, series: Series, frame: pd.DataFrame) -> None:
    twice = pd.Series(series.places).duplicated(keep=False).to_numpy()
    if twice.any():
        raise PredictionError(
            f"newdata has the same time twice in a group of {residuals.term.function}(), in rows "
            f"{listed(frame.index[twice].tolist(), limit=10)}; incl_autocor=False leaves it out."
        )
