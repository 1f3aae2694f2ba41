"""From linear predictors to expectations, responses and log likelihoods."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.errors import PredictionError, listed
from bayesmix.predict.draws import Draws
from bayesmix.predict.effects import kept_coefficients
from bayesmix.predict.levels import NewLevels
from bayesmix.predict.linpred import chunks, linear_predictors
from bayesmix.predict.rows import Rows, aux_on, checked_frame, fitted_rows, new_rows, response_on
from bayesmix.predict.seeds import Seeds, make_seeds
from bayesmix.spec import ModelSpec


@dataclass(frozen=True)
class Prediction:
    """What every prediction starts from: draws, rows, and the effects of new levels.

    Attributes
    ----------
    spec : ModelSpec
    draws : Draws
        The chosen ones.
    rows : Rows
    new : NewLevels
    newdata : DataFrame or None
    seeds : Seeds
    """

    spec: ModelSpec
    draws: Draws
    rows: Rows
    new: NewLevels
    newdata: pd.DataFrame | None
    seeds: Seeds

    @classmethod
    def prepare(
        cls,
        spec: ModelSpec,
        draws: Draws,
        newdata: Any = None,
        re_formula: Any = None,
        allow_new_levels: bool = False,
        sample_new_levels: str = "uncertainty",
        ndraws: int | None = None,
        draw_ids: Any = None,
        random_seed: Any = None,
        dpars: Collection[str] | None = None,
    ) -> Prediction:
        """Choose the draws and the rows.

        The arguments are those of ``posterior_epred``; `dpars` are those that will be asked for,
        all of them by default: columns that only others use aren't needed.
        """
        seeds = make_seeds(random_seed)
        if not isinstance(allow_new_levels, bool | np.bool_):
            raise PredictionError(
                f"allow_new_levels must be True or False, not {allow_new_levels!r}."
            )
        kept = kept_coefficients(spec, re_formula)
        wanted = tuple(p for p in spec.predictors if dpars is None or p in dpars)
        frame = None if newdata is None else checked_frame(newdata)
        if frame is None:
            rows = fitted_rows(spec, kept, wanted)
        else:
            rows = new_rows(spec, frame, kept, wanted, bool(allow_new_levels))
        chosen = draws.select(ndraws, draw_ids, seeds.stream("draws"))
        new = NewLevels.of(spec, chosen, rows.located, sample_new_levels, seeds)
        return cls(spec, chosen, rows, new, frame, seeds)

    def linpred(self, dpar: str | None = None) -> xr.DataArray:
        """The linear predictor of a dpar, on the scale of its link."""
        name = self._dpar("mu" if dpar is None else dpar)
        values = np.empty(self._shape)
        if name not in self.spec.predictors:
            values[:] = self.spec.family.link(name).link(self.draws[name])[:, None]
            return self._array(values, name)
        for part, etas in self._etas((name,)):
            values[:, part] = etas[name]
        return self._array(values, name)

    def epred(self, dpar: str | None = None) -> xr.DataArray:
        """The expected response, or a dpar on its natural scale."""
        if dpar is not None:
            return self._natural(self._dpar(dpar))
        values = np.empty(self._shape)
        for part, dpars, aux in self._parts(self._aux):
            values[:, part] = self.spec.family.mean(dpars, aux)
        return self._array(values, self.spec.design.response.name)

    def predict(self) -> xr.DataArray:
        """Responses, drawn at random."""
        rng = self.seeds.stream("response")
        values = np.empty(self._shape, np.int64 if self.spec.family.discrete else float)
        for part, dpars, aux in self._parts(self._aux):
            shaped = {d: np.broadcast_to(v, values[:, part].shape) for d, v in dpars.items()}
            values[:, part] = self.spec.family.random(rng, shaped, aux)
        return self._array(values, self.spec.design.response.name)

    def log_lik(self) -> xr.DataArray:
        """The log likelihood of each row's response, times its weight."""
        response = self.spec.design.response
        y, aux = response.y, response.aux
        if self.newdata is not None:
            y, aux = response_on(self.spec, self.newdata)
        values = np.empty(self._shape)
        for part, dpars, here in self._parts(aux):
            values[:, part] = self.spec.family.logp(y[part], dpars, here)
            values[:, part] *= here.get("weights", 1.0)
        return self._array(values, "log_lik")

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.draws), len(self.rows)

    @cached_property
    def _aux(self) -> Mapping[str, np.ndarray]:
        if self.newdata is None:
            return self.spec.design.response.aux
        return aux_on(self.spec, self.newdata, self.spec.family.needs)

    def _natural(self, dpar: str) -> xr.DataArray:
        values = np.empty(self._shape)
        if dpar not in self.spec.predictors:
            values[:] = self.draws[dpar][:, None]
            return self._array(values, dpar)
        for part, etas in self._etas((dpar,)):
            values[:, part] = self.spec.family.link(dpar).inverse(etas[dpar])
        return self._array(values, dpar)

    def _parts(
        self, aux: Mapping[str, np.ndarray]
    ) -> Iterator[tuple[slice, dict[str, np.ndarray], dict[str, np.ndarray]]]:
        """Rows in chunks: dpars on the natural scale and addition terms of each.

        A dpar without a formula is ``(sample, 1)``; a probability mu comes with its log odds too,
        exact in the tails (`Family.natural`).
        """
        plain = {d.name: self.draws[d.name][:, None] for d in self.spec.plain_dpars}
        for part, etas in self._etas(tuple(self.spec.predictors)):
            here = {name: v[part] for name, v in aux.items()}
            yield part, plain | self.spec.family.natural(etas), here

    def _etas(self, dpars: tuple[str, ...]) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
        for part in chunks(*self._shape):
            yield part, linear_predictors(self.draws, self.rows, self.new, dpars, part)

    def _dpar(self, name: str) -> str:
        if not isinstance(name, str) or name not in self.spec.family.dpar_names:
            raise PredictionError(
                f"There is no dpar {name!r}; family {self.spec.family.name!r} has "
                f"{listed(self.spec.family.dpar_names)}."
            )
        return name

    def _array(self, values: np.ndarray, name: str) -> xr.DataArray:
        samples = xr.Coordinates.from_pandas_multiindex(self.draws.samples, "sample")
        return xr.DataArray(
            values,
            dims=("sample", "obs"),
            coords={"obs": ("obs", self.rows.labels), **samples},
            name=name,
        )
