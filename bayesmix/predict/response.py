"""From linear predictors to expectations, responses and log likelihoods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.errors import PredictionError, listed
from bayesmix.families import LINKS, Family
from bayesmix.predict.draws import Draws
from bayesmix.predict.levels import NewLevels
from bayesmix.predict.linpred import chunks, linear_predictors
from bayesmix.predict.request import Request
from bayesmix.predict.rows import Rows, aux_on, response_on, rows_of
from bayesmix.predict.seeds import Seeds, make_seeds
from bayesmix.spec import IndependentRows, ModelSpec, Response

Function = Callable[[np.ndarray], np.ndarray]
Part = tuple[slice, dict[str, np.ndarray], dict[str, np.ndarray]]
"""Rows, their dpars on the natural scale, and their addition terms."""


@dataclass(frozen=True)
class Prediction:
    """What every prediction of a response starts from: draws, rows, and effects of new levels.

    Attributes
    ----------
    spec : ModelSpec
    response : Response
    dpar : str or None
        The parameter that is predicted; None for the response.
    draws : Draws
        The chosen ones.
    rows : Rows
    new : NewLevels
    seeds : Seeds
    """

    spec: ModelSpec
    response: Response
    dpar: str | None
    draws: Draws
    rows: Rows
    new: NewLevels
    seeds: Seeds

    @classmethod
    def of(
        cls, spec: ModelSpec, draws: Draws, request: Request, dpar: str | None = None
    ) -> Prediction:
        """Choose the draws and the rows.

        Parameters
        ----------
        spec : ModelSpec
        draws : Draws
        request : Request
            Where it has a `dpar`, columns that only others use aren't needed.
        dpar : str, optional
            The one to predict where the request has none; the response by default.
        """
        response, seeds = spec.response, make_seeds(request.random_seed)
        chosen = _checked(response.family, request.dpar, dpar)
        targets = [p.target for d, p in response.predictors.items() if chosen in (d, None)]
        rows = rows_of(spec, request, targets)
        draws = draws.select(request.ndraws, request.draw_ids, seeds.stream("draws"))
        new = NewLevels.of(spec, draws, rows.located, request.sample_new_levels, seeds)
        return cls(spec, response, chosen, draws, rows, new, seeds)

    @property
    def family(self) -> Family:
        return self.response.family

    def linpred(self) -> xr.DataArray:
        """The linear predictor of a dpar, on the scale of its link."""
        return self._of_dpar(lambda eta: eta, LINKS[self.family.eta_link(self.dpar)].link)

    def epred(self) -> xr.DataArray:
        """The expected response, or a dpar on its natural scale."""
        if self.dpar is not None:
            inverse = LINKS[self.family.eta_link(self.dpar)].inverse
            return self._of_dpar(inverse, lambda value: value)
        outcome = self.family.outcome
        values = np.empty(self._shape if outcome is None else (*self._shape, len(outcome[1])))
        for part, p, aux in self.parts(self._aux):
            values[:, part] = self.family.mean(p, aux)
        return self._array(values, self.response.data.name, outcome)

    def predict(self) -> xr.DataArray:
        """Responses, drawn at random."""
        rng = self.seeds.stream("response")
        values = np.empty(self._shape, np.int64 if self.family.discrete else float)
        vectors = {v.name for v in self.family.vectors}
        for part, p, aux in self.parts(self._aux):
            shape = values[:, part].shape
            shaped = {d: np.broadcast_to(v, shape) for d, v in p.items() if d not in vectors}
            values[:, part] = self.family.random(rng, p | shaped, aux)
        return self._array(values, self.response.data.name)

    def log_lik(self) -> xr.DataArray:
        """The log likelihood of each row's response, times its weight."""
        values = np.empty(self._shape)
        for part, logp in self.log_lik_parts():
            values[:, part] = logp
        return self._array(values, "log_lik")

    def log_lik_parts(self) -> Iterator[tuple[slice, np.ndarray]]:
        """`log_lik` in chunks of rows."""
        return LOG_LIK[type(self.response.likelihood)](self)

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.draws), len(self.rows)

    @property
    def observed(self) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
        """The response and its addition terms, on the rows."""
        if self.rows.newdata is None:
            return self.response.data.y, self.response.data.aux
        return response_on(self.spec, self.response, self.rows.newdata)

    @cached_property
    def _aux(self) -> Mapping[str, np.ndarray]:
        if self.rows.newdata is None:
            return self.response.data.aux
        return aux_on(self.spec, self.response, self.rows.newdata, self.family.needs)

    def _of_dpar(self, from_eta: Function, from_value: Function) -> xr.DataArray:
        """A parameter at every row, from its linear predictor or from its own draws."""
        values = np.empty(self._shape)
        if self.dpar not in self.response.predictors:
            values[:] = from_value(self._constants[self.dpar])
            return self._array(values, self.dpar)
        for part, etas in self._etas():
            values[:, part] = from_eta(etas[self.dpar])
        return self._array(values, self.dpar)

    def parts(self, aux: Mapping[str, np.ndarray]) -> Iterator[Part]:
        """Rows in chunks: parameters on the natural scale and addition terms of each.

        A probability with a formula comes with its log odds too, exact in the tails
        (`Family.natural`).
        """
        for part, etas in self._etas():
            here = {name: v[part] for name, v in aux.items()}
            yield part, self._constants | self.family.natural(etas), here

    @cached_property
    def _constants(self) -> dict[str, np.ndarray]:
        """The parameters without a formula, ``(sample, 1)`` or ``(sample, 1, value)``."""
        family, predictors = self.family, self.response.predictors
        fixed = {d.name: d.fixed for d in family.dpars if d.fixed is not None}
        names = [*family.free_dpars, *(v.name for v in family.vectors)]
        own = {name: self.draws[name][:, None] for name in names if name not in predictors}
        return {name: np.full((len(self.draws), 1), v) for name, v in fixed.items()} | own

    def _etas(self) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
        for part in chunks(*self._shape):
            yield part, linear_predictors(self.draws, self.rows, self.new, part)

    def _array(
        self, values: np.ndarray, name: str, outcome: tuple[str, tuple[Any, ...]] | None = None
    ) -> xr.DataArray:
        samples = xr.Coordinates.from_pandas_multiindex(self.draws.samples, "sample")
        more = {} if outcome is None else {outcome[0]: list(outcome[1])}
        return xr.DataArray(
            values,
            dims=("sample", "obs", *more),
            coords={"obs": ("obs", self.rows.labels), **samples, **more},
            name=name,
        )


def _independent_rows(prediction: Prediction) -> Iterator[tuple[slice, np.ndarray]]:
    y, all_aux = prediction.observed
    for part, p, aux in prediction.parts(all_aux):
        logp = prediction.family.logp(y[part], p, aux)
        yield part, logp * aux.get("weights", 1.0)


LOG_LIK = {IndependentRows: _independent_rows}
"""The log likelihood of rows under each kind of likelihood."""


def _checked(family: Family, asked: Any, otherwise: str | None) -> str | None:
    """The parameter to predict; PredictionError if the family doesn't have it."""
    if asked is None:
        return otherwise
    if not isinstance(asked, str) or asked not in family.dpar_names:
        raise PredictionError(
            f"There is no dpar {asked!r}; family {family.name!r} has {listed(family.dpar_names)}."
        )
    return asked
