"""Residuals, and whether they are alike that are near each other in time or in space."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import ndtri, ndtri_exp

from bayesmix.criticism.r2 import expectation
from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.families.maths import NUMPY
from bayesmix.likelihood import CorrelatedRows, LaggedRows
from bayesmix.predict import Prediction
from bayesmix.predict.linpred import chunks, linear_predictors
from bayesmix.predict.serial import innovations, lagged_etas

TYPES = ("standardised", "ordinary", "normalised")
MOST_PAIRS = 20_000_000
DAY = np.timedelta64(1, "D")


def residuals(prediction: Prediction, type: str) -> np.ndarray:
    """Draws × rows, or one × rows where they come of all draws together; see `Fit.residuals`."""
    if type not in TYPES:
        raise PredictionError(
            f"type must be one of {listed(TYPES)}, not {type!r}.{did_you_mean(str(type), TYPES)}"
        )
    family, (y, aux) = prediction.family, prediction.observed
    if family.columns or (family.main_outcome is not None and not family.parts):
        raise PredictionError(
            f"Responses of family {family.name!r} have no order, so no residual. "
            "fit.predict() has the share of draws that each category has."
        )
    if np.any(aux.get("cens", 0)):
        raise PredictionError(
            "A censored response isn't known, so its residual isn't either. Give newdata= with the "
            "rows that aren't censored."
        )
    if type == "ordinary":
        return y - expectation(prediction)
    likelihood = prediction.response.likelihood
    if type == "normalised" and isinstance(likelihood, CorrelatedRows):
        return _in_parts(prediction, partial(innovations, prediction))
    if family.log_cdf is not None and family.log_sf is not None and not family.discrete:
        past = type == "normalised" and isinstance(likelihood, LaggedRows)
        return _of_probabilities(prediction, past)
    return _of_ranks(y, prediction)


def _of_probabilities(prediction: Prediction, past: bool) -> np.ndarray:
    """The normal deviate whose probability is that of the response, in the tail with the digits.

    Given residuals of the past that are in the mean, or not.
    """
    y, aux = prediction.observed

    def deviates(part: slice) -> np.ndarray:
        if past:
            etas = lagged_etas(prediction, part)
        else:
            etas = linear_predictors(prediction.draws, prediction.rows, prediction.new, part)
        p, given = prediction.parameters(etas), {name: v[part] for name, v in aux.items()}
        with np.errstate(all="ignore"):
            below, above = (f(y[part], p, given, NUMPY) for f in _tails(prediction))
        return np.where(below < above, ndtri_exp(below), -ndtri_exp(above))

    return _in_parts(prediction, deviates)


def _in_parts(prediction: Prediction, of_rows: Callable[[slice], np.ndarray]) -> np.ndarray:
    made = np.empty((len(prediction.draws), len(prediction.rows)))
    for part in chunks(*made.shape):
        made[:, part] = of_rows(part)
    return made


def _tails(prediction: Prediction) -> tuple:
    return prediction.family.log_cdf, prediction.family.log_sf


def _of_ranks(y: np.ndarray, prediction: Prediction) -> np.ndarray:
    """The normal deviate of the response's rank among those predicted, ties at random."""
    drawn, rng = prediction.predict().values()[0], prediction.seeds.stream("ties")
    below, equal = (drawn < y).sum(axis=0), (drawn == y).sum(axis=0)
    share = (below + rng.random(len(y)) * (equal + 1)) / (len(drawn) + 1)
    return ndtri(share)[None]


def autocorrelation(
    residuals: pd.Series,
    group: pd.Series | None = None,
    time: pd.Series | None = None,
    max_lag: int | None = None,
) -> pd.DataFrame:
    """The empirical autocorrelation of residuals within groups; see `Fit.autocorrelation`.

    Parameters
    ----------
    residuals : Series
    group : Series, optional
        Of each residual; all are one by default.
    time : Series, optional
        Their order by default.
    max_lag : int, optional

    Returns
    -------
    DataFrame
        Indexed by lag.
    """
    at = _positions(residuals, group, time)
    longest = int(at.groupby("group").size().max())
    if max_lag is None:
        max_lag = min(longest - 1, int(10 * np.log10(longest)))
    if not 0 <= max_lag < np.inf or int(max_lag) != max_lag:
        raise PredictionError(f"max_lag is a whole number of steps, not {max_lag!r}.")
    rows = [_products(at, lag) for lag in range(int(max_lag) + 1)]
    lags = pd.RangeIndex(len(rows), name="lag")
    table = pd.DataFrame(rows, columns=["autocorrelation", "pairs"], index=lags)
    table["autocorrelation"] /= table["autocorrelation"].iloc[0]
    with np.errstate(divide="ignore"):
        table["bound"] = 1.959963984540054 / np.sqrt(table["pairs"].astype(float))
    return table


def _positions(
    residuals: pd.Series, group: pd.Series | None, time: pd.Series | None
) -> pd.DataFrame:
    """Residuals with their group and a whole number for their time."""
    codes = np.zeros(len(residuals), int) if group is None else pd.factorize(group)[0]
    at = pd.DataFrame({"group": codes, "value": residuals.to_numpy()}, residuals.index)
    if time is None:
        return at.assign(step=at.groupby("group").cumcount())
    twice = pd.DataFrame({"g": codes, "t": time.to_numpy()}).duplicated(keep=False).to_numpy()
    if twice.any():
        raise PredictionError(
            f"A group has a time twice, in rows {listed(residuals.index[twice].tolist(), 10)}; "
            "give the group within which times differ."
        )
    if pd.api.types.is_numeric_dtype(time.dtype) and (time % 1 == 0).all():
        return at.assign(step=time.to_numpy().astype(int))
    return at.assign(step=time.groupby(codes).rank().to_numpy().astype(int))


def _products(at: pd.DataFrame, lag: int) -> tuple[float, int]:
    """The mean product of residuals that are so many steps apart, and how many pairs there are."""
    later = at.assign(step=at["step"] - lag)
    pairs = at.merge(later, on=["group", "step"])
    products = pairs["value_x"] * pairs["value_y"]
    return (float(products.mean()) if len(products) else np.nan), len(products)


def semivariogram(
    residuals: pd.Series,
    coords: pd.DataFrame,
    group: pd.Series | None = None,
    max_distance: float | None = None,
    bins: int = 20,
) -> pd.DataFrame:
    """Half the mean squared difference of residuals by their distance; see `Fit.semivariogram`.

    Parameters
    ----------
    residuals : Series
    coords : DataFrame
        Numbers, or times, which count days.
    group : Series, optional
        Pairs are within a group; all rows are one by default.
    max_distance : float, optional
    bins : int

    Returns
    -------
    DataFrame
        With the columns ``distance``, ``semivariance`` and ``pairs``.
    """
    if not isinstance(bins, int) or bins < 1:
        raise PredictionError(f"bins is a whole number above 0, not {bins!r}.")
    places = np.stack([_numbers(coords[c]) for c in coords], axis=1)
    codes = np.zeros(len(residuals), int) if group is None else pd.factorize(group)[0]
    sizes = np.bincount(codes).astype(float)
    if (sizes * (sizes - 1) / 2).sum() > MOST_PAIRS:
        raise PredictionError(
            f"There are more than {MOST_PAIRS:,} pairs of rows; give a group within which they "
            "count, or look at some of the rows."
        )
    distances, halves = map(np.concatenate, zip(*_pairs(residuals, places, codes), strict=True))
    near = slice(None) if max_distance is None else distances <= max_distance
    return _binned(distances[near], halves[near], bins)


def _numbers(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return ((column - column.min()) / DAY).to_numpy(float)
    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise PredictionError(f"Column {column.name!r} has no distances: it holds no numbers.")
    return column.to_numpy(float)


def _pairs(
    residuals: pd.Series, places: np.ndarray, codes: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Distances, and half the squared differences, of the pairs of each group."""
    values = residuals.to_numpy()
    for rows in np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1]):
        first, second = (rows[i] for i in np.triu_indices(len(rows), 1))
        apart = np.sqrt(((places[first] - places[second]) ** 2).sum(axis=1))
        yield apart, 0.5 * (values[first] - values[second]) ** 2


def _binned(distances: np.ndarray, halves: np.ndarray, bins: int) -> pd.DataFrame:
    """Each distance by itself where there are few; else bins of about as many pairs each."""
    if not len(distances):
        raise PredictionError("No two rows are that near, so there is no semivariogram.")
    known, at = np.unique(distances.round(10), return_inverse=True)
    if len(known) > bins:
        edges = np.unique(np.quantile(distances, np.linspace(0, 1, bins + 1)))
        at = np.clip(np.searchsorted(edges, distances, side="left") - 1, 0, len(edges) - 2)
    pairs = pd.DataFrame({"distance": distances, "semivariance": halves, "bin": at}).groupby("bin")
    table = pairs[["distance", "semivariance"]].mean().assign(pairs=pairs.size())
    return table.reset_index(drop=True)
