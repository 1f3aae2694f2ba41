"""Explained variance: of every draw, and of rows left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from bayesmix.errors import PredictionError, listed
from bayesmix.predict import Draws, Prediction, Request
from bayesmix.spec import ModelSpec

METHODS = ("model", "residual")
MODELLED = ("gaussian", "bernoulli")
"""Families whose residual variance the model says."""


def bayes_r2(spec: ModelSpec, draws: Draws, request: Request, method: str | None) -> np.ndarray:
    """A value for each draw; see `Fit.bayes_R2`."""
    known = spec.family.name in MODELLED and spec.family.linear == ("mu",)
    method = ("model" if known else "residual") if method is None else method
    if method not in METHODS:
        raise PredictionError(f"method must be one of {listed(METHODS)}, not {method!r}.")
    if method == "model" and not known:
        raise PredictionError(
            f"The variance that family {spec.family.name!r} has around its mean isn't known here; "
            f"method='model' is for {listed(MODELLED)}, method='residual' for all."
        )
    prediction = Prediction.of(spec, draws, request)
    expected = expectation(prediction)
    fitted = expected.var(axis=1)
    if method == "residual":
        left = (spec.response.data.y - expected).var(axis=1)
    else:
        left = _modelled(prediction, expected)
    return fitted / (fitted + left)


def expectation(prediction: Prediction) -> np.ndarray:
    """Samples × rows; of ordered categories their mean number, as brms has it."""
    made, outcome = prediction.epred().array().to_numpy(), prediction.family.outcome
    if outcome is None:
        return made
    first = prediction.family.first_code or 0
    return made @ np.arange(first, first + made.shape[-1])


def _modelled(prediction: Prediction, expected: np.ndarray) -> np.ndarray:
    """The mean over rows of the variance around the expectation."""
    if prediction.family.name == "bernoulli":
        return (expected * (1 - expected)).mean(axis=1)
    spec, rows = prediction.spec, prediction.rows
    sigma = Prediction.of(spec, prediction.draws, Request(dpar="sigma")).epred().array().to_numpy()
    left = (sigma**2).mean(axis=1)
    if not rows.integrated:
        return left
    if prediction.family.eta_link("mu") != "identity":
        raise PredictionError(
            "The variance between clusters is that of the response with the identity link only; "
            "method='residual' is for all."
        )
    between = prediction.population.covariance(("mu",), slice(0, len(rows)))
    return left + between[..., 0, 0].mean(axis=1)


def loo_r2(
    spec: ModelSpec, draws: Draws, tree: xr.DataTree, random_seed: np.random.SeedSequence, sims: int
) -> np.ndarray:
    """Draws of the Bayesian bootstrap; see `Fit.loo_R2`."""
    from arviz_stats import loo_expectations
    from arviz_stats.base import array_stats

    (log_lik,) = tree["log_likelihood"].data_vars.values()
    values = expectation(Prediction.of(spec, draws, Request()))
    expected = log_lik.copy(data=values.reshape(log_lik.shape))
    with_expected = tree.assign(
        {"posterior_predictive": xr.DataTree(expected.to_dataset(name=log_lik.name))}
    )
    left_out, _ = loo_expectations(with_expected, var_name=log_lik.name, kind="mean")
    seed: Any = int(random_seed.generate_state(1)[0])
    y = spec.response.data.y
    return array_stats.loo_r2(y, left_out.to_numpy(), n_simulations=sims, random_state=seed)
