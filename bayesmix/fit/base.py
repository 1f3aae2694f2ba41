"""What every part of a fit has: the model, the draws, and predictions from them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from bayesmix.predict import Draws, Prediction, Request

if TYPE_CHECKING:
    import xarray as xr

    from bayesmix.model import Model

PROBS = (0.025, 0.975)


class Base:
    """A model with its posterior draws."""

    def __init__(self, model: Model, idata: xr.DataTree) -> None:
        self.model = model
        self.idata = idata

    @cached_property
    def _draws(self) -> Draws:
        return Draws.from_posterior(self.idata["posterior"].to_dataset())

    def _prediction(self, request: Request, dpar: str | None = None) -> Prediction:
        return Prediction.of(self.model.spec, self._draws, request, dpar)
