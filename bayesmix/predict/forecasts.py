"""Rows that the fit hasn't, given the residuals of their group that it has.

Forecasts, interpolation in gaps and kriging are one (`bayesmix.correlations.conditional`). Of
Student's t the covariances are multiplied by ``(ν + r' R₁₁⁻¹ r) / (ν + k)``, r being the k known
residuals in units of their scales and R₁₁ their correlations, with ν + k degrees of freedom (Ding
2016).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bayesmix.correlations.conditional import Conditional, given_known

if TYPE_CHECKING:
    from bayesmix.predict.neighbours import Neighbours
    from bayesmix.predict.response import Prediction


@dataclass(frozen=True)
class Forecast:
    """The residuals of one group's new rows, in units of their scales.

    Attributes
    ----------
    rows : ndarray of int
        Their numbers among the rows of the prediction.
    residuals : Conditional
    known : int
        How many residuals are given.
    """

    rows: np.ndarray
    residuals: Conditional
    known: int

    @property
    def mean(self) -> np.ndarray:
        return self.residuals.mean

    @property
    def factor(self) -> np.ndarray:
        return self.residuals.factor

    @property
    def squares(self) -> np.ndarray:
        return self.residuals.squares

    def drawn(self, rng: np.random.Generator, nu: np.ndarray | None) -> np.ndarray:
        """Residuals, samples × rows; `nu` are degrees of freedom, samples × 1."""
        apart = self.residuals.of(rng.standard_normal(self.mean.shape))
        if nu is None:
            return self.mean + apart
        df = nu[:, 0] + self.known
        spread = np.sqrt((nu[:, 0] + self.squares) / rng.chisquare(df))
        return self.mean + apart * spread[:, None]


def forecast_means(prediction: Prediction, part: slice) -> np.ndarray:
    """What known residuals say of some rows, samples × rows; zeros where there are none."""
    said = np.zeros((len(prediction.draws), part.stop - part.start))
    for f in forecasts(prediction, part):
        inside = (f.rows >= part.start) & (f.rows < part.stop)
        said[:, f.rows[inside] - part.start] = f.mean[:, inside]
    return said


def forecasts(prediction: Prediction, part: slice) -> Iterator[Forecast]:
    """Those of the groups of some rows that have both new rows and known ones."""
    near = prediction.neighbours
    if not near.has_news:
        return
    layout, rows = near.around(part)
    new = near.is_new(rows)
    correlation = prediction.response.likelihood.residuals
    given, unit = correlation.given(prediction.draws), None
    for g in range(layout.rows.shape[1]):
        own = layout.rows[:, g]
        own = own[own >= 0]
        if new[own].any() and not new[own].all():
            unit = _known_residuals(prediction, near, rows) if unit is None else unit
            group = replace(
                layout, rows=layout.rows[: len(own), [g]], times=layout.times[: len(own), [g]]
            )
            found = given_known(correlation.correlation, given, group, unit[:, own], new[own])
            yield Forecast(rows[own][new[own]], found, int((~new[own]).sum()))


def _known_residuals(prediction: Prediction, near: Neighbours, rows: np.ndarray) -> np.ndarray:
    """Residuals of the fit's rows in units of their scales; NaN for others."""
    p = prediction.parameters(near.etas(rows))
    return (near.fitted_y[rows] - p["mu"]) / p["sigma"]
