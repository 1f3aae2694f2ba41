"""From linear predictors to expectations, responses and log likelihoods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.errors import PredictionError, listed
from bayesmix.predict.draws import Draws
from bayesmix.predict.effects import kept_coefficients
from bayesmix.predict.levels import new_level_effects
from bayesmix.predict.linpred import chunks, linear_predictor
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
    new : mapping of str to ndarray
        Effects of new levels, by group.
    newdata : DataFrame or None
    seeds : Seeds
    """

    spec: ModelSpec
    draws: Draws
    rows: Rows
    new: Mapping[str, np.ndarray]
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
    ) -> Prediction:
        """Choose the draws and the rows; the arguments are those of ``posterior_epred``."""
        seeds = make_seeds(random_seed)
        kept = kept_coefficients(spec, re_formula)
        frame = None if newdata is None else checked_frame(newdata)
        if frame is None:
            rows = fitted_rows(spec, kept)
        else:
            rows = new_rows(spec, frame, kept, allow_new_levels)
        chosen = draws.select(ndraws, draw_ids, seeds.stream("draws"))
        new = new_level_effects(spec, chosen, rows.located, sample_new_levels, seeds)
        return cls(spec, chosen, rows, new, frame, seeds)

    def linpred(self, dpar: str | None = None) -> xr.DataArray:
        """The linear predictor of a dpar, on the scale of its link."""
        name = self._dpar(dpar or "mu")
        if name not in self.spec.predictors:
            return self._array(self.spec.family.link(name).link(self._plain(name)), name)
        return self._array(self._eta(name), name)

    def epred(self, dpar: str | None = None) -> xr.DataArray:
        """The expected response, or a dpar on its natural scale."""
        name = self.spec.design.response.name if dpar is None else self._dpar(dpar)
        values = np.empty(self._shape)
        for part, dpars, aux in self._parts(self._aux if dpar is None else {}, dpar):
            values[:, part] = self.spec.family.mean(dpars, aux) if dpar is None else dpars[dpar]
        return self._array(values, name)

    def predict(self) -> xr.DataArray:
        """Responses, drawn at random."""
        rng = self.seeds.stream("response")
        values = np.empty(self._shape)
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

    def _parts(
        self, aux: Mapping[str, np.ndarray], only: str | None = None
    ) -> Iterator[tuple[slice, dict[str, np.ndarray], dict[str, np.ndarray]]]:
        """Rows in chunks: dpars on the natural scale and addition terms of each."""
        etas = {d: self._eta(d) for d in self.spec.predictors if only in (None, d)}
        for part in chunks(*self._shape):
            here = {name: v[part] for name, v in aux.items()}
            yield part, natural_dpars(self.spec, self.draws, etas, part), here

    def _dpar(self, name: str) -> str:
        if name not in self.spec.family.dpar_names:
            raise PredictionError(
                f"There is no dpar {name!r}; family {self.spec.family.name!r} has "
                f"{listed(self.spec.family.dpar_names)}."
            )
        return name

    def _plain(self, name: str) -> np.ndarray:
        return np.broadcast_to(self.draws[name][:, None], self._shape)

    def _eta(self, name: str) -> np.ndarray:
        return linear_predictor(self.spec, self.draws, self.rows, self.new, name)

    def _array(self, values: np.ndarray, name: str) -> xr.DataArray:
        samples = xr.Coordinates.from_pandas_multiindex(self.draws.samples, "sample")
        return xr.DataArray(
            values, dims=("sample", "obs"), coords={"obs": self.rows.labels, **samples}, name=name
        )


def natural_dpars(
    spec: ModelSpec, draws: Draws, etas: Mapping[str, np.ndarray], part: slice
) -> dict[str, np.ndarray]:
    """Every dpar on its natural scale: ``(sample, row)``, or ``(sample, 1)`` without a formula.

    A probability mu comes with its log odds too, exact in the tails (`Family.natural`).
    """
    plain = {d.name: draws[d.name][:, None] for d in spec.plain_dpars}
    return plain | spec.family.natural({dpar: eta[:, part] for dpar, eta in etas.items()})
