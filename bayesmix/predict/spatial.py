"""Predictions for rows that hang on each other by spatial weights.

All are of the rows of the weights: those of the fit, or as many new ones in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bayesmix.errors import PredictionError
from bayesmix.families.joint import JOINT
from bayesmix.families.maths import NUMPY

if TYPE_CHECKING:
    from bayesmix.predict.response import Prediction

Etas = Mapping[str, np.ndarray]


def mean(prediction: Prediction, etas: Etas) -> np.ndarray:
    """The expected response: of type ``"lag"`` what (I - rho W) makes mu of."""
    mu = prediction.parameters(etas)["mu"]
    likelihood = prediction.response.likelihood
    if likelihood.type == "error":
        return mu
    _check_rows(prediction)
    return likelihood.weights.solved(_rho(prediction), mu)


def drawn(prediction: Prediction, rng: np.random.Generator, etas: Etas) -> np.ndarray:
    """Responses, drawn together."""
    _check_rows(prediction)
    p, likelihood = prediction.parameters(etas), prediction.response.likelihood
    mu = p["mu"]
    noise = p["sigma"] * rng.standard_normal(mu.shape)
    if "nu" in p:
        nu = np.broadcast_to(p["nu"], (len(mu), 1))
        noise = noise * np.sqrt(nu / rng.chisquare(nu))
    rho, lag = _rho(prediction), likelihood.type == "lag"
    made = likelihood.weights.solved(rho, mu + noise if lag else noise)
    return made if lag else mu + made


def joint(prediction: Prediction, etas: Etas) -> np.ndarray:
    """The log likelihood of all rows, one value a draw."""
    likelihood, family = prediction.response.likelihood, prediction.family
    p, rho = prediction.parameters(etas), _rho(prediction)
    others = [np.broadcast_to(p[d], (len(rho), 1))[:, 0] for d in family.dpar_names[1:]]
    determinant = likelihood.weights.log_determinant(rho)
    return JOINT[family.name](_innovations(prediction, p), determinant, *others, NUMPY)


def log_lik(prediction: Prediction, etas: Etas) -> np.ndarray:
    """The log likelihood of each row given all others, samples × rows.

    From the precisions Q of the rows and their residuals e: row i is around y - (Q e)_i / Q_ii with
    variance 1 / Q_ii, for ``student`` times what the other rows say of the common scale.

    Source: Bürkner, P., Gabry, J. and Vehtari, A. (2021), Efficient leave-one-out cross-validation
    for Bayesian non-factorized normal and Student-t models, Computational Statistics 36.
    """
    from scipy import stats

    p, rho = prediction.parameters(etas), _rho(prediction)
    weights = prediction.response.likelihood.weights
    e, variance = _innovations(prediction, p), p["sigma"] ** 2
    pull = weights.transposed(rho, e) / variance
    precision = weights.squares(rho) / variance
    apart = pull / np.sqrt(precision)
    if "nu" not in p:
        return stats.norm.logpdf(apart) + 0.5 * np.log(precision)
    df = p["nu"] + e.shape[1] - 1
    of_others = (e**2 / variance).sum(axis=1, keepdims=True) - apart**2
    scale = np.sqrt((p["nu"] + of_others) / df)
    return stats.t.logpdf(apart / scale, df) - np.log(scale) + 0.5 * np.log(precision)


def _innovations(prediction: Prediction, p: Mapping[str, np.ndarray]) -> np.ndarray:
    """What is independent between rows, samples × rows."""
    _check_rows(prediction)
    y, _ = prediction.observed
    likelihood, rho = prediction.response.likelihood, _rho(prediction)
    if likelihood.type == "error":
        return likelihood.weights.filtered(rho, y - p["mu"])
    return likelihood.weights.filtered(rho, np.broadcast_to(y, p["mu"].shape)) - p["mu"]


def _rho(prediction: Prediction) -> np.ndarray:
    return prediction.draws[prediction.response.likelihood.name]


def _check_rows(prediction: Prediction) -> None:
    weights, rows = prediction.response.likelihood.weights, len(prediction.rows)
    if rows != weights.size:
        raise PredictionError(
            f"Rows hang on each other by data2[{weights.name!r}], which is of {weights.size} rows; "
            f"newdata has {rows}. Give all of them, in the order of the fit; linear predictors are "
            "there for any."
        )
