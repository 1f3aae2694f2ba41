"""Draws of expectations for some rows, one column for each row, cluster and outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.errors import PredictionError
from bayesmix.parameters import MAIN
from bayesmix.predict import Draws, Prediction, Request
from bayesmix.predict.predicted import Predicted
from bayesmix.randomness import seed_sequence
from bayesmix.spec import ModelSpec

SCALES = ("response", "linear")


@dataclass(frozen=True)
class Question:
    """What expectations are asked for, but for the rows.

    Attributes
    ----------
    spec : ModelSpec
    draws : Draws
    request : Request
        Its seed is fixed: new clusters are the same whenever asked for.
    scale : str
        ``"response"``, or ``"linear"`` for the scale of the link.
    """

    spec: ModelSpec
    draws: Draws
    request: Request
    scale: str

    @classmethod
    def of(cls, spec: ModelSpec, draws: Draws, request: Request, scale: str) -> Question:
        """The question of the arguments of a method of `Fit`."""
        if scale not in SCALES:
            raise PredictionError(f"scale must be 'response' or 'linear', not {scale!r}.")
        seed = seed_sequence(request.random_seed, PredictionError)
        # Rows that differ from the data have no neighbours in time, and were not measured.
        request = replace(
            request, random_seed=seed, incl_autocor=False, incl_regions=True, exact=True
        )
        return cls(spec, draws, request, scale)

    def on(self, newdata: Any) -> Predicted:
        """The expectations on rows; true values of the fit's own are as the fit has them."""
        own = newdata is self.spec.design.frame and self.spec.design.measured
        request = replace(self.request, newdata=None if own else newdata)
        dpar = MAIN if self.scale == "linear" else None
        prediction = Prediction.of(self.spec, self.draws, request, dpar)
        return prediction.linpred() if self.scale == "linear" else prediction.epred()


@dataclass(frozen=True)
class Expectations:
    """Draws of expectations.

    Attributes
    ----------
    values : ndarray
        Cells of clusters × samples × sets of rows × outcomes.
    predicted : Predicted
        What they are of: labels of cells and outcomes, draws, attributes.
    """

    values: np.ndarray
    predicted: Predicted

    @classmethod
    def of(cls, predicted: Predicted, of_row: np.ndarray | None, count: int) -> Expectations:
        """Means over sets of rows, or every row (None)."""
        values = predicted.values() if of_row is None else predicted.means(of_row, count)
        return cls(values if values.ndim == 4 else values[..., None], predicted)

    def described(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows, each with every cluster and outcome, in the order of `flat`."""
        more = {}
        axes = {d: labels for d, labels in self.predicted.axes.items() if d != "obs"}
        sizes = [len(rows), *map(len, axes.values())]
        places = np.indices(sizes).reshape(len(sizes), -1)
        for labels, at in zip(axes.values(), places[1:], strict=True):
            for level in range(labels.nlevels):
                values = labels.get_level_values(level).take(at)
                more[labels.names[level] or next(d for d, x in axes.items() if x is labels)] = (
                    values
                )
        return rows.iloc[places[0]].reset_index(drop=True).assign(**more)


def flat(values: np.ndarray) -> np.ndarray:
    """Cells × samples × sets × outcomes as samples × (sets × cells × outcomes)."""
    ordered = np.moveaxis(values, 0, 2)
    return ordered.reshape(len(ordered), -1)
