"""Rows that the fit hasn't, given the residuals of their group that it has.

Forecasts, interpolation in gaps and kriging are one: with R the correlations of a group's rows, r
the residuals of those known (k of them) in units of their scales, others have the mean ``R₂₁ R₁₁⁻¹
r`` and the covariances ``R₂₂ - R₂₁ R₁₁⁻¹ R₁₂``; of Student's t the latter times ``(ν + r' R₁₁⁻¹ r)
/ (ν + k)``, with ν + k degrees of freedom (Ding 2016).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.correlations import Correlation, Dense, Layout
from bayesmix.correlations.dense import parts

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
            yield _forecast(
                correlation.correlation, given, group, unit[:, own], new[own], rows[own]
            )


def _forecast(
    correlation: Correlation,
    given: Mapping[str, Any],
    group: Layout,
    unit: np.ndarray,
    new: np.ndarray,
    rows: np.ndarray,
) -> Forecast:
    """For some samples at a time."""
    found = []
    for some in parts(len(unit), len(new)):
        own = {name: v[some] for name, v in given.items()}
        cov = covariances(correlation, own, group, len(unit[some]))
        found.append(_conditional(cov, unit[some], new))
    mean, factor, squares = (np.concatenate(part) for part in zip(*found, strict=True))
    return Forecast(rows[new], mean, factor, int((~new).sum()), squares)


def covariances(
    correlation: Correlation, given: Mapping[str, Any], group: Layout, samples: int
) -> np.ndarray:
    """Of the residuals of one group, samples × positions × positions.

    From their matrix, where the correlation has one, or else from what colours residuals.
    """
    if isinstance(correlation, Dense):
        ((_, _, matrix),) = correlation.blocks(given, group, np)
        return matrix
    columns = [
        correlation.colour(given, white, group, np)[..., 0] for white in _impulses(samples, group)
    ]
    factor = np.stack(columns, axis=-1)
    return factor @ np.swapaxes(factor, -1, -2)


def _impulses(samples: int, group: Layout) -> Iterator[np.ndarray]:
    """One at each position."""
    for t in range(len(group.rows)):
        impulse = np.zeros((samples, len(group.rows), 1))
        impulse[:, t] = 1.0
        yield impulse


def _known_residuals(prediction: Prediction, near: Neighbours, rows: np.ndarray) -> np.ndarray:
    """Residuals of the fit's rows in units of their scales; NaN for others."""
    p = prediction.parameters(near.etas(rows))
    return (near.fitted_y[rows] - p["mu"]) / p["sigma"]


def _conditional(
    cov: np.ndarray, unit: np.ndarray, new: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means and Cholesky factors of new residuals; the known ones' sum of squares."""
    inner, between = cov[:, ~new][:, :, ~new], cov[:, ~new][:, :, new]
    residuals = unit[:, ~new, None]
    solved = np.linalg.solve(inner, np.concatenate([between, residuals], axis=-1))
    weights, whole = solved[..., :-1], solved[..., -1:]
    mean = (np.swapaxes(weights, -1, -2) @ residuals)[..., 0]
    left = cov[:, new][:, :, new] - np.swapaxes(between, -1, -2) @ weights
    return mean, np.linalg.cholesky(left), (residuals * whole).sum(axis=(-2, -1))
