"""Predictions of several responses at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.errors import PredictionError, listed
from bayesmix.predict import rescor
from bayesmix.predict.clusters import POPULATION
from bayesmix.predict.draws import Draws
from bayesmix.predict.effects import wanted_of_all
from bayesmix.predict.predicted import Predicted
from bayesmix.predict.request import Request
from bayesmix.predict.response import Prediction
from bayesmix.randomness import seed_sequence
from bayesmix.spec import ModelSpec

RESP = "resp"
"""The dimension of responses."""


def prediction(
    spec: ModelSpec, draws: Draws, request: Request, dpar: str | None = None
) -> Prediction | Several:
    """That of one response, where there is one or it is named, or of all."""
    if request.resp is None and spec.several:
        return Several.of(spec, draws, request, dpar)
    return Prediction.of(spec, draws, request, dpar)


def all_log_lik(spec: ModelSpec, draws: Draws) -> np.ndarray:
    """The log likelihood of all rows and responses together, one value a draw."""
    if spec.rescor is not None:
        return Several.of(spec, draws, Request()).log_lik().values()[0].sum(axis=1)
    parts = (Prediction.of(part, draws, Request()) for part in spec.parts)
    return sum((p.joint_log_lik() for p in parts), np.zeros(len(draws)))


def predicted(spec: ModelSpec, draws: Draws, random_seed: Any = None) -> list[xr.DataArray]:
    """New responses for the fit's rows, of each response its own."""
    seed = seed_sequence(random_seed, PredictionError)
    request = Request(random_seed=seed)
    if spec.rescor is None:
        return [Prediction.of(part, draws, request).predict().array() for part in spec.parts]
    return [p.array() for p in Several.of(spec, draws, request).predict().parts]


def _check_clusters(spec: ModelSpec, parts: Sequence[Prediction]) -> None:
    """PredictionError where responses would have dimensions of clusters of their own."""
    first, *others = (p.rows.crossing.labels for p in parts)
    if not all(first is o or (first is not None and first.identical(o)) for o in others):
        raise PredictionError(
            f"The responses {listed(spec.names)} don't all have the same groups, so that their "
            f"clusters aren't the same; name one of them, resp={spec.names[0]!r}, or rows of each "
            "cluster."
        )


@dataclass(frozen=True)
class Joined:
    """What is predicted of each response, side by side."""

    parts: tuple[Predicted, ...]
    names: tuple[str, ...]

    def array(self) -> xr.DataArray:
        """Samples × rows (× clusters) × responses.

        Raises
        ------
        PredictionError
            If some have values for each of several outcomes.
        """
        if any(p.outcome is not None for p in self.parts):
            raise PredictionError(
                f"Not all of {listed(self.names)} have one value a row; name a response: "
                f"resp={self.names[0]!r}."
            )
        found = [p.array() for p in self.parts]
        values = np.stack([a.to_numpy() for a in found], axis=-1)
        coords = {**dict(found[0].coords), RESP: list(self.names)}
        return xr.DataArray(values, coords, (*found[0].dims, RESP), attrs=found[0].attrs)

    def to_zarr(self, path: str | Path) -> xr.DataArray:
        """PredictionError: a store is of one response."""
        raise PredictionError(
            f"to_zarr= is for one response; name it: resp={self.names[0]!r}. There are "
            f"{listed(self.names)}."
        )


@dataclass(frozen=True)
class Several:
    """The predictions of all responses of a model, for the same rows and draws.

    Attributes
    ----------
    spec : ModelSpec
    parts : tuple of Prediction
        One for each response.
    """

    spec: ModelSpec
    parts: tuple[Prediction, ...]

    @classmethod
    def of(
        cls, spec: ModelSpec, draws: Draws, request: Request, dpar: str | None = None
    ) -> Several:
        """Choose the draws and the rows.

        Raises
        ------
        PredictionError
            Where responses have rows of their own.
        """
        # One seed for all, so that a new level is the same cluster in each.
        seed = seed_sequence(request.random_seed, PredictionError)
        kept = wanted_of_all(spec, request.re_formula)
        given = replace(request, random_seed=seed, re_formula=kept)
        parts = tuple(Prediction.of(part, draws, given, dpar) for part in spec.parts)
        first = parts[0].rows.labels
        if not all(first.equals(p.rows.labels) for p in parts[1:]):
            raise PredictionError(
                f"The responses {listed(spec.names)} have rows of their own; name one of them, "
                f"resp={spec.names[0]!r}, or give newdata."
            )
        _check_clusters(spec, parts)
        return cls(spec, parts)

    @property
    def labels(self) -> pd.Index:
        """Those of the rows."""
        return self.parts[0].labels

    def linpred(self) -> Joined:
        """Linear predictors."""
        return self._each(Prediction.linpred)

    def epred(self) -> Joined:
        """Expected responses."""
        return self._each(Prediction.epred)

    def predict(self) -> Joined:
        """Responses drawn together: new clusters, and correlated residuals, are those of all.

        Raises
        ------
        PredictionError
            For clusters that each response would have for itself.
        """
        if any(p.rows.integrated for p in self.parts):
            raise PredictionError(
                f'With clusters="{POPULATION}" each response would be of a cluster of its own. '
                'Draw all of one cluster, clusters="new", or name a response: '
                f"resp={self.spec.names[0]!r}."
            )
        if self.spec.rescor is None:
            return self._each(Prediction.predict)
        if any(p.rows.crossing.averages for p in self.parts):
            raise PredictionError(
                "Correlated responses are drawn for clusters, not for means over them; name a "
                f"response: resp={self.spec.names[0]!r}."
            )
        return Joined(rescor.drawn(self.parts), self.spec.names)

    def log_lik(self, given: str = "others") -> Predicted:
        """The log likelihood of each row, that of all its responses together."""
        found = [p.log_lik(given) for p in self.parts]
        if self.spec.rescor is not None:
            return replace(found[0], chunk=rescor.log_lik(self.parts))
        return replace(found[0], chunk=lambda part: sum(f.chunk(part) for f in found))

    def log_lik_alone(self, resp: str) -> Predicted:
        """That of one response whose residuals are correlated with others', given these."""
        at = self.spec.names.index(resp)
        return replace(self.parts[at].log_lik(), chunk=rescor.given_others(self.parts, at))

    def _each(self, what: Callable[[Prediction], Predicted]) -> Joined:
        return Joined(tuple(map(what, self.parts)), self.spec.names)
