"""Responses with missing values, or measured with errors: imputed values, and log likelihoods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from bayesmix.design import GroupEffects
from bayesmix.design.contributions import Contribution
from bayesmix.design.drawn import DrawnColumns
from bayesmix.design.imputed import Imputed, latent_index, latent_variable
from bayesmix.errors import PredictionError
from bayesmix.parameters import MAIN
from bayesmix.predict.draws import Draws
from bayesmix.predict.request import Request
from bayesmix.predict.seeds import Seeds
from bayesmix.spec import ModelSpec

if TYPE_CHECKING:
    from bayesmix.predict.response import Prediction

Rows = Callable[[slice], np.ndarray]


def with_imputed(
    spec: ModelSpec,
    draws: Draws,
    contributions: Iterable[Contribution],
    request: Request,
    seeds: Seeds,
    predict: Callable[[ModelSpec, Draws, Request], np.ndarray],
) -> Draws:
    """The draws, and values for new rows that miss some: drawn from the model of that response.

    They are those that ``posterior_predict`` of the response has with the same seed.

    Parameters
    ----------
    spec : ModelSpec
    draws : Draws
        The chosen ones.
    contributions : iterable of Contribution
        On the rows.
    request : Request
    seeds : Seeds
    predict : callable
        New responses of a model: samples × rows.

    Raises
    ------
    PredictionError
        Where rows have no clusters of their own.
    """
    wanted = {d.variable: d for d in _imputed(contributions) if (d.index >= 0).any()}
    made = {}
    for variable, d in wanted.items():
        if request.clusters is not None:
            raise PredictionError(
                f"newdata misses values of {d.column!r}, and with clusters= they aren't imputed. "
                "Give them."
            )
        how = {"random_seed": seeds.root, "dpar": None, "resp": None}
        asked = replace(request, ndraws=None, draw_ids=None, **how)
        of = next(p for p in spec.whole.parts if p.response.data.name == d.column)
        made[variable] = predict(of, draws, asked)[:, d.index >= 0]
    return replace(draws, values={**draws.values, **made}) if made else draws


def _imputed(contributions: Iterable[Contribution]) -> Iterator[Imputed]:
    """Those of new rows."""
    sets = (c.drawn for c in contributions if isinstance(c, DrawnColumns | GroupEffects))
    found = (d for drawn in sets for d in chain.from_iterable(drawn))
    return (d for d in found if isinstance(d, Imputed) and d.variable.endswith("of new rows"))


def values(prediction: Prediction) -> Rows:
    """The response of some rows: rows, or samples × rows where values are parameters."""
    y, _ = prediction.observed
    data = prediction.response.data
    if data.latent is None or prediction.rows.newdata is not None or not len(data.latent):
        return lambda part: y[part]
    index = latent_index(data)
    drawn = prediction.draws[latent_variable(data, prediction.response.name)]

    def of(part: slice) -> np.ndarray:
        at = index[part]
        made = np.broadcast_to(y[part], (len(drawn), len(at))).copy()
        made[:, at >= 0] = drawn[:, at[at >= 0]]
        return made

    return of


def log_lik(prediction: Prediction, given: Rows) -> Rows:
    """What is known of the response of each row: nothing where it is missing.

    Parameters
    ----------
    prediction : Prediction
    given : callable
        The log density of its values, some of which are parameters.
    """
    _, aux = prediction.observed
    missing = _missing(prediction)
    of_true = _of_measurements(prediction, aux["sdy"]) if "sdy" in aux else given

    def of(part: slice) -> np.ndarray:
        logp = of_true(part)
        return np.where(missing[part], 0.0, logp)

    return of


def joint_log_lik(prediction: Prediction, given: Rows) -> np.ndarray:
    """That of all rows together with their values that are parameters, one value a draw."""
    every = slice(0, len(prediction.rows))
    total = given(every).sum(axis=1)
    data = prediction.response.data
    if "sdy" not in data.aux:
        return total
    known, true = ~data.missing, values(prediction)(every)
    errors = (data.y - true)[:, known] / data.aux["sdy"][known]
    return total + _normal(errors, np.log(data.aux["sdy"][known])).sum(axis=1)


def _missing(prediction: Prediction) -> np.ndarray:
    if prediction.rows.newdata is None:
        return prediction.response.data.missing
    y, _ = prediction.observed
    return np.isnan(y)


def _of_measurements(prediction: Prediction, errors: np.ndarray) -> Rows:
    """That of what was measured: of normal responses over all true values, else given these.

    Raises
    ------
    PredictionError
        For new rows, whose true values aren't known.
    """
    (y, aux), family = prediction.observed, prediction.family
    normal = family.name == "gaussian" and family.eta_link(MAIN) == "identity"
    if not normal and prediction.rows.newdata is not None:
        raise PredictionError(
            f"The log likelihood of new measurements is known for normal responses, and not for "
            f"{family.name!r}: their true values would have to be integrated out."
        )
    true = values(prediction)

    def of(part: slice) -> np.ndarray:
        if not normal:
            logp = _normal((y[part] - true(part)) / errors[part], np.log(errors[part]))
        else:
            p = prediction.parameters(prediction.etas(prediction.rows, part))
            scale = np.sqrt(p["sigma"] ** 2 + errors[part] ** 2)
            logp = _normal((y[part] - p["mu"]) / scale, np.log(scale))
        return logp * aux["weights"][part] if "weights" in aux else logp

    return of


def _normal(z: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
    return -0.5 * z**2 - log_scale - 0.5 * np.log(2 * np.pi)
