"""One prediction from draws of several models, which differ in their data alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from bayesmix.errors import PredictionError
from bayesmix.families import Family
from bayesmix.predict.draws import Draws
from bayesmix.predict.predicted import Predicted
from bayesmix.predict.request import Request
from bayesmix.predict.response import Prediction
from bayesmix.predict.seeds import make_seeds
from bayesmix.predict.several import Joined, Several, prediction
from bayesmix.spec import ModelSpec


@dataclass(frozen=True)
class Share:
    """The draws of one of the models, and what is asked of them.

    Attributes
    ----------
    spec : ModelSpec
    draws : Draws
    places : ndarray of int
        Where they stand among the draws of all.
    request : Request
        With a seed of its own.
    """

    spec: ModelSpec
    draws: Draws
    places: np.ndarray
    request: Request


def shares(
    specs: Sequence[ModelSpec], draws: Draws, of_draw: np.ndarray, request: Request
) -> tuple[Draws, list[Share]]:
    """The draws that a request is for, and each model's part of them.

    Parameters
    ----------
    specs : sequence of ModelSpec
    draws : Draws
        Of all models.
    of_draw : ndarray of int
        The number of each draw's model.
    request : Request
    """
    seeds = make_seeds(request.random_seed)
    chosen = draws.select(request.ndraws, request.draw_ids, seeds.stream("draws"))
    found = []
    for i, spec in enumerate(specs):
        places = np.flatnonzero(of_draw[chosen.ids] == i)
        if len(places):
            own = replace(request, ndraws=None, draw_ids=None, random_seed=seeds.child(str(i)))
            found.append(Share(spec, chosen.at(places), places, own))
    return chosen, found


@dataclass(frozen=True)
class PooledPrediction:
    """What `Prediction` gives, of several: each draw predicts by the model that it is of."""

    draws: Draws
    parts: tuple[Prediction | Several, ...]
    places: tuple[np.ndarray, ...]

    @classmethod
    def of(
        cls,
        specs: Sequence[ModelSpec],
        draws: Draws,
        of_draw: np.ndarray,
        request: Request,
        dpar: str | None,
    ) -> PooledPrediction:
        """As `Prediction.of`.

        Raises
        ------
        PredictionError
            If the rows of the fit are asked for, and the data sets have not the same.
        """
        chosen, found = shares(specs, draws, of_draw, request)
        parts = tuple(prediction(s.spec, s.draws, s.request, dpar) for s in found)
        if not all(p.labels.equals(parts[0].labels) for p in parts):
            raise PredictionError(
                "The data sets have different rows, so there are none to predict for. Give "
                "newdata=, or ask the fit to one data set, in fit.fits."
            )
        return cls(chosen, parts, tuple(s.places for s in found))

    @property
    def family(self) -> Family:
        return self.parts[0].family

    def linpred(self) -> Predicted | Joined:
        return self._pooled(lambda p: p.linpred())

    def epred(self) -> Predicted | Joined:
        return self._pooled(lambda p: p.epred())

    def predict(self) -> Predicted | Joined:
        return self._pooled(lambda p: p.predict())

    def log_lik(self, given: str = "others") -> Predicted:
        return self._pooled(lambda p: p.log_lik(given))

    def memberships(self) -> Predicted:
        return self._pooled(lambda p: p.memberships())

    def log_lik_by_group(self) -> xr.DataArray:
        parts = xr.concat([p.log_lik_by_group() for p in self.parts], "sample")
        return parts.isel(sample=np.argsort(np.concatenate(self.places)))

    def _pooled(
        self, made: Callable[[Prediction | Several], Predicted | Joined]
    ) -> Predicted | Joined:
        parts = [made(p) for p in self.parts]
        if not isinstance(parts[0], Joined):
            return self._one(parts)
        each = zip(*(p.parts for p in parts), strict=True)
        return Joined(tuple(map(self._one, each)), parts[0].names)

    def _one(self, parts: Sequence[Predicted]) -> Predicted:
        """What is predicted of one response."""

        def chunk(rows: slice) -> np.ndarray:
            return self._together(p.chunk(rows) for p in parts)

        return replace(parts[0], draws=self.draws, chunk=chunk)

    def _together(self, values: Iterator[np.ndarray]) -> np.ndarray:
        """Values of the parts, cells × samples × …, at the places of their draws."""
        made: np.ndarray | None = None
        for places, own in zip(self.places, values, strict=True):
            if made is None:
                made = np.empty((len(own), len(self.draws), *own.shape[2:]), own.dtype)
            made[:, places] = own
        return made
