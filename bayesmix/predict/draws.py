"""Posterior draws as plain arrays, chains laid end to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.errors import PredictionError


@dataclass(frozen=True)
class Draws:
    """Draws of every parameter, by its name in the posterior.

    Attributes
    ----------
    values : mapping of str to ndarray
        ``(sample, …)`` each.
    chain, draw : ndarray of int
        Where each sample stands in the posterior.
    ids : ndarray of int
        Number of each sample among all of the posterior's.
    total : int
        How many samples the posterior has.
    """

    values: Mapping[str, np.ndarray]
    chain: np.ndarray
    draw: np.ndarray
    ids: np.ndarray
    total: int

    @classmethod
    def from_posterior(cls, posterior: xr.Dataset) -> Draws:
        """All draws of a posterior group with the dimensions chain and draw."""
        chains, draws = posterior["chain"].to_numpy(), posterior["draw"].to_numpy()
        total = chains.size * draws.size
        ordered = posterior.transpose("chain", "draw", ..., missing_dims="ignore")
        # One memory layout, so that predictions don't depend on where the draws come from.
        values = {
            str(name): np.ascontiguousarray(v.to_numpy()).reshape(total, *v.shape[2:])
            for name, v in ordered.data_vars.items()
        }
        ids = np.arange(total)
        chain, draw = np.repeat(chains, draws.size), np.tile(draws, chains.size)
        return cls(values, chain, draw, ids, total)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def samples(self) -> pd.MultiIndex:
        """The index of the dimension ``sample``."""
        return pd.MultiIndex.from_arrays([self.chain, self.draw], names=["chain", "draw"])

    def select(self, ndraws: int | None, draw_ids: Any, rng: np.random.Generator) -> Draws:
        """`ndraws` of them at random, or those numbered `draw_ids`, or all.

        Raises
        ------
        PredictionError
            If both are given, or the draws aren't there.
        """
        ids = self._chosen(ndraws, draw_ids, rng)
        return self if ids is None else self.at(ids)

    def at(self, places: np.ndarray) -> Draws:
        """Those at some places, in that order."""
        values = {name: v[places] for name, v in self.values.items()}
        return Draws(values, self.chain[places], self.draw[places], self.ids[places], self.total)

    def _chosen(
        self, ndraws: int | None, draw_ids: Any, rng: np.random.Generator
    ) -> np.ndarray | None:
        if ndraws is not None and draw_ids is not None:
            raise PredictionError("Give ndraws or draw_ids, not both.")
        if draw_ids is not None:
            return _checked_ids(draw_ids, len(self))
        if ndraws is None:
            return None
        if isinstance(ndraws, bool) or not isinstance(ndraws, int | np.integer):
            raise PredictionError(f"ndraws must be a whole number, not {ndraws!r}.")
        if not 1 <= ndraws <= len(self):
            raise PredictionError(f"ndraws must be from 1 to {len(self)}, not {ndraws}.")
        return np.sort(rng.choice(len(self), size=ndraws, replace=False))


def _checked_ids(draw_ids: Any, total: int) -> np.ndarray:
    try:
        ids = np.atleast_1d(np.asarray(draw_ids))
    except ValueError:
        ids = np.empty(0)
    if ids.size == 0 or ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
        raise PredictionError(f"draw_ids must be whole numbers from 0 to {total - 1}.")
    if ids.min() < 0 or ids.max() >= total:
        raise PredictionError(
            f"draw_ids must be from 0 to {total - 1}; {ids[(ids < 0) | (ids >= total)][0]} is not."
        )
    return ids
