"""Rows that the fit hasn't, given the residuals of their group that it has.

Forecasts, interpolation in gaps and kriging are one: with R the correlations of a group's rows, r
the residuals of those known (k of them) in units of their scales, others have the mean ``R₂₁ R₁₁⁻¹
r`` and the covariances ``R₂₂ - R₂₁ R₁₁⁻¹ R₁₂``; of Student's t the latter times ``(ν + r' R₁₁⁻¹ r)
/ (ν + k)``, with ν + k degrees of freedom (Ding 2016).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.correlations import Correlation, Layout

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
    mean : ndarray
        Samples × rows.
    factor : ndarray
        Samples × rows × rows: the Cholesky factor of their covariances.
    known : int
        How many residuals are given.
    squares : ndarray
        Samples: the sum of squares of what is new in each of those.
    """

    rows: np.ndarray
    mean: np.ndarray
    factor: np.ndarray
    known: int
    squares: np.ndarray

    def drawn(self, rng: np.random.Generator, nu: np.ndarray | None) -> np.ndarray:
        """Residuals, samples × rows; `nu` are degrees of freedom, samples × 1."""
        white = rng.standard_normal(self.mean.shape)
        apart = (self.factor @ white[..., None])[..., 0]
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
            cov = covariances(correlation.correlation, given, group, len(prediction.draws))
            yield _conditional(cov, unit[:, own], new[own], rows[own])


def covariances(
    correlation: Correlation, given: dict[str, Any], group: Layout, samples: int
) -> np.ndarray:
    """Of the residuals of one group, samples × positions × positions, from what colours them."""
    size = len(group.rows)
    columns = [
        correlation.colour(given, np.tile((np.arange(size) == t)[None, :, None] * 1.0,
                                          (samples, 1, 1)), group, np)[..., 0]
        for t in range(size)
    ]  # fmt: skip
    factor = np.stack(columns, axis=-1)
    return factor @ np.swapaxes(factor, -1, -2)


def _known_residuals(prediction: Prediction, near: Neighbours, rows: np.ndarray) -> np.ndarray:
    """Residuals of the fit's rows in units of their scales; NaN for others."""
    p = prediction.parameters(near.etas(rows))
    return (near.fitted_y[rows] - p["mu"]) / p["sigma"]


def _conditional(cov: np.ndarray, unit: np.ndarray, new: np.ndarray, rows: np.ndarray) -> Forecast:
    known = ~new
    between = cov[:, known][:, :, new]
    weights = np.linalg.solve(cov[:, known][:, :, known], between)
    residuals = unit[:, known]
    mean = (residuals[:, None, :] @ weights)[:, 0]
    left = cov[:, new][:, :, new] - np.swapaxes(between, -1, -2) @ weights
    solved = np.linalg.solve(cov[:, known][:, :, known], residuals[..., None])[..., 0]
    squares = (residuals * solved).sum(axis=-1)
    return Forecast(rows[new], mean, np.linalg.cholesky(left), int(known.sum()), squares)
