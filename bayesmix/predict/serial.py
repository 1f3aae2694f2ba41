"""Predictions of responses whose rows hang together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtr

from bayesmix.correlations import Layout
from bayesmix.correlations.densities import given_others, given_past, log_density
from bayesmix.correlations.lags import lagged_means
from bayesmix.errors import PredictionError
from bayesmix.parameters import MAIN
from bayesmix.predict.forecasts import forecast_means, forecasts
from bayesmix.predict.neighbours import Neighbours

if TYPE_CHECKING:
    from bayesmix.predict.response import Etas, Prediction

GIVEN = {"others": given_others, "past": given_past}
"""What the log likelihood of a row is conditional on: the others of its group, or those before."""
FIT = "fit"
"""Or those that the fit has."""


def correlated_log_lik(prediction: Prediction, given: str) -> Callable[[slice], np.ndarray]:
    """That of rows whose residuals are one draw by group."""
    if given == FIT:
        return forecast_log_lik(prediction)
    near, correlation = prediction.neighbours, prediction.response.likelihood.residuals
    draws = correlation.given(prediction.draws)

    def log_lik(part: slice) -> np.ndarray:
        layout, rows, p, residuals = _residuals(near, part)
        nu = p["nu"][..., None] if "nu" in p else None
        logp = GIVEN[given](correlation.correlation, draws, residuals, layout, nu)
        return (layout.in_rows(logp) - np.log(p["sigma"]))[:, np.searchsorted(rows, _numbers(part))]

    return log_lik


def forecast_log_lik(prediction: Prediction) -> Callable[[slice], np.ndarray]:
    """That of rows that the fit hasn't, each given those of its group that it has.

    Raises
    ------
    PredictionError
        For rows that it has.
    """
    near = prediction.neighbours
    if near.known.any():
        raise PredictionError(
            "kind='fit' is of rows that the fit hasn't; given the others of a group, its own rows "
            "are kind='others'."
        )
    y, _ = prediction.observed

    def log_lik(part: slice) -> np.ndarray:
        p = prediction.parameters(prediction.etas(prediction.rows, part))
        z = (y[part] - p["mu"]) / p["sigma"]
        scale = np.broadcast_to(marginal_scale(prediction), z.shape).copy()
        count, squares = np.zeros(z.shape[1]), np.zeros(z.shape)
        for f in forecasts(prediction, part):
            inside = (f.rows >= part.start) & (f.rows < part.stop)
            at = f.rows[inside] - part.start
            z[:, at] -= f.mean[:, inside]
            scale[:, at] = np.sqrt((f.factor**2).sum(axis=-1))[:, inside]
            count[at], squares[:, at] = f.known, f.squares[:, None]
        logp = log_density(z / scale, np.log(scale), p.get("nu"), count, squares)
        return logp - np.log(p["sigma"])

    return log_lik


def innovations(prediction: Prediction, part: slice) -> np.ndarray:
    """What is new in residuals of a group, given those before, as normal deviates."""
    near, correlation = prediction.neighbours, prediction.response.likelihood.residuals
    layout, rows, p, residuals = _residuals(near, part)
    given = correlation.given(prediction.draws)
    white, _ = correlation.correlation.whiten(given, residuals, layout, np)
    if "nu" in p:
        nu, count = p["nu"][..., None], np.arange(len(layout.rows))[:, None]
        squares = np.cumsum(white**2, axis=-2) - white**2
        df = nu + count
        white = ndtri(stdtr(df, white * np.sqrt(df / (nu + squares))))
    return layout.in_rows(white)[:, np.searchsorted(rows, _numbers(part))]


def _residuals(
    near: Neighbours, part: slice
) -> tuple[Layout, np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """The groups of some rows, their numbers, parameters and residuals in units of scales."""
    layout, rows = near.around(part)
    p = near.prediction.parameters(near.etas(rows))
    return layout, rows, p, layout.side_by_side((near.y[rows] - p["mu"]) / p["sigma"], np)


def lagged_etas(prediction: Prediction, part: slice) -> Etas:
    """Linear predictors with what the rows before say of the mean."""
    near = prediction.neighbours
    layout, rows = near.around(part)
    etas = near.etas(rows)
    etas |= {MAIN: _lagged(near, layout, rows, etas[MAIN])}
    at = np.searchsorted(rows, _numbers(part))
    return {d: values[:, at] for d, values in etas.items()}


def _lagged(
    near: Neighbours,
    layout: Layout,
    rows: np.ndarray,
    eta: np.ndarray,
    noise: np.ndarray | None = None,
) -> np.ndarray:
    """The means of rows that are whole groups."""
    draws, y = near.prediction.draws, layout.side_by_side(near.y[rows], np)
    ar, ma = (
        draws[near.residuals.target.called(name)]
        if name in near.residuals.orders
        else np.empty((len(draws), 0))
        for name in ("ar", "ma")
    )
    on = layout.side_by_side(eta, np)
    more = 0.0 if noise is None else layout.side_by_side(noise, np)
    return layout.in_rows(lagged_means(on, y, ar, ma, more))


def correlated_draws(prediction: Prediction, part: slice) -> np.ndarray:
    """Responses whose residuals are drawn by group, those of new rows given known ones."""
    near, residuals = prediction.neighbours, prediction.response.likelihood.residuals
    layout, rows = near.around(part)
    p, given = prediction.parameters(near.etas(rows)), residuals.given(prediction.draws)
    white, chi2 = _noise(prediction, layout, rows, p.get("nu"), each=False)
    drawn = layout.in_rows(residuals.correlation.colour(given, white, layout, np) * chi2)
    for f in forecasts(prediction, part):
        rng = prediction.stream("forecasts", str(f.rows[0]))
        drawn[:, np.searchsorted(rows, f.rows)] = f.drawn(rng, p.get("nu"))
    return (p["mu"] + p["sigma"] * drawn)[:, np.searchsorted(rows, _numbers(part))]


def lagged_draws(prediction: Prediction, part: slice) -> np.ndarray:
    """Responses, those that newdata doesn't have drawn one after the other."""
    near = prediction.neighbours
    layout, rows = near.around(part)
    etas = near.etas(rows)
    p = prediction.parameters(etas)
    white, chi2 = _noise(prediction, layout, rows, p.get("nu"), each=True)
    noise = p["sigma"] * layout.in_rows(white * chi2)
    drawn = _lagged(near, layout, rows, etas[MAIN], noise) + noise
    return drawn[:, np.searchsorted(rows, _numbers(part))]


def correlated_mean(prediction: Prediction, part: slice, p: Mapping[str, np.ndarray]) -> np.ndarray:
    """The expected responses of rows, of new ones given the known residuals of their group."""
    return p["mu"] + p["sigma"] * forecast_means(prediction, part)


def marginal_scale(prediction: Prediction) -> np.ndarray:
    """The standard deviation of a residual in units of sigma, of which one knows no other."""
    residuals = prediction.response.likelihood.residuals
    return residuals.correlation.marginal(residuals.given(prediction.draws))[..., 0]


def _noise(
    prediction: Prediction, layout: Layout, rows: np.ndarray, nu: np.ndarray | None, each: bool
) -> tuple[np.ndarray, np.ndarray | float]:
    """Standard normal numbers, and what makes Student's t of them: one a group, or `each` its own.

    Of a stream for each group, so that it doesn't matter in which chunk it is asked for.
    """
    shape, samples = layout.rows.shape, len(prediction.draws)
    white, scale = (
        np.empty((samples, *shape)),
        np.ones((samples, shape[0] if each else 1, shape[1])),
    )
    for group, first in enumerate(rows[layout.rows[0]].tolist()):
        rng = prediction.stream("residuals", str(first))
        white[:, :, group] = rng.standard_normal((samples, shape[0]))
        if nu is not None:
            chi2 = rng.chisquare(np.broadcast_to(nu, (samples, scale.shape[1])))
            scale[:, :, group] = np.sqrt(nu / chi2)
    return white, scale


def _numbers(part: slice) -> np.ndarray:
    return np.arange(part.start, part.stop)
