"""Responses that leave nothing to a scale parameter, whose posterior then has no end at zero."""

from __future__ import annotations

import numpy as np

from bayesmix.design import PredictorDesign
from bayesmix.errors import SamplingError
from bayesmix.parameters import MAIN
from bayesmix.priors import Resolved
from bayesmix.spec import ModelSpec, Response

__all__ = ["check_not_exact"]

ROUNDING = 1e-12
"""What is left of a response, relative to its size, that counts as rounding."""
NEAR_ZERO, IMPOSSIBLE = 1e-30, -50.0


def check_not_exact(spec: ModelSpec) -> None:
    """SamplingError if the population fits a response with a sigma exactly.

    With n rows and p columns the likelihood then grows like ``sigma ** (p - n)`` as sigma goes to
    zero, and no prior but one that excludes zero has a posterior.
    """
    for response in spec.responses:
        sigma = spec.by_name.get(response.variables.get("sigma", ""))
        if sigma is None or _excludes_zero(sigma.prior):
            continue
        if response.family.link(MAIN).name == "identity" and "cens" not in response.data.aux:
            _check(response, response.predictors[MAIN])


def _excludes_zero(prior: Resolved) -> bool:
    return prior.lower > 0 or float(prior.logpdf(NEAR_ZERO)) < IMPOSSIBLE


def _check(response: Response, p: PredictorDesign) -> None:
    y, columns = response.data.y, p.columns.values
    seen = y > 0 if response.family.log_scale else np.ones(len(y), bool)
    z = (np.log(y[seen]) if response.family.log_scale else y) - p.offset[seen]
    constant = seen.all() and np.ptp(y) == 0
    if constant or _is_exact(columns[seen], z):
        how = f"is {y[0]:g} in every row" if constant else "is exactly what the predictors say"
        raise SamplingError(
            f"The response {response.data.name!r} {how}: nothing is left for sigma, which would go "
            "to 0. Look at the data; or give sigma a prior that keeps it from 0, such as "
            "prior('lognormal(0, 1)', 'sigma')."
        )


def _is_exact(columns: np.ndarray, y: np.ndarray) -> bool:
    if len(y) <= columns.shape[1]:
        return False
    weights = np.linalg.lstsq(columns, y)[0]
    return bool(np.abs(y - columns @ weights).max() <= ROUNDING * np.abs(y).max())
