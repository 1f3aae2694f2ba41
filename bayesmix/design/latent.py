"""Latent residuals: what they add to a linear predictor, at times of the fit and at new ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bayesmix.correlations import Layout
from bayesmix.correlations.conditional import given_known
from bayesmix.design.columns import Use, uses_of
from bayesmix.design.contributions import Values
from bayesmix.design.residuals import Residuals
from bayesmix.design.series import Series


@dataclass(frozen=True)
class LatentResiduals:
    """What latent residuals add to a linear predictor.

    Attributes
    ----------
    residuals : Residuals
    rows : ndarray of int
        For each row the row of the fit whose residual it has; from their number on, that of `new`.
    new : Series
        The groups and times that the fit hasn't, each once.
    """

    residuals: Residuals
    rows: np.ndarray
    new: Series

    @classmethod
    def of(cls, residuals: Residuals) -> LatentResiduals:
        """Those of the rows of the fit."""
        rows = np.arange(len(residuals.series.codes))
        return cls(residuals, rows, residuals.series.some(rows[:0]))

    def uses(self, source: str) -> list[Use]:
        term = self.residuals.term
        groups = [] if term.gr is None else uses_of([term.gr], source)
        times = (c for c in (term.time, term.second) if c is not None)
        return [*uses_of(times, source), *(replace(use, open=True) for use in groups)]

    def on(self, frame: pd.DataFrame) -> LatentResiduals:
        fitted, own = self.residuals.series, self.residuals.on(frame)
        rows = fitted.found(own)
        new = own.some(rows < 0).distinct
        rows = np.where(rows < 0, len(fitted.codes) + new.found(own), rows)
        return replace(self, rows=rows, new=new)

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        name = self.residuals.target.called("err")
        err = values[name]
        if len(self.new.codes):
            drawn = values.once(name, lambda normal: self._drawn(values, normal))
            err = np.concatenate([err, drawn], axis=1)
        eta += err[:, self.rows[rows]]

    def _drawn(self, values: Values, normal: Callable[[int], np.ndarray]) -> np.ndarray:
        """The new ones, samples × places: all of a group together, given its known ones."""
        called, known = self.residuals.target.called, len(self.residuals.series.codes)
        sd, white = values[called("sderr")][:, None], normal(len(self.new.codes))
        unit = np.concatenate([values[called("err")] / sd, np.zeros_like(white)], axis=1)
        given, found = self.residuals.given(values), np.empty_like(white)
        layout = self.residuals.series.and_also(self.new).layout
        for rows, times in zip(layout.rows.T, layout.times.T, strict=True):
            own = rows[rows >= 0]
            new = own >= known
            if new.any():
                group = Layout(own[:, None], times[: len(own), None])
                apart = given_known(self.residuals.correlation, given, group, unit[:, own], new)
                at = own[new] - known
                found[:, at] = apart.mean + apart.of(white[:, at])
        return sd * found
