"""What every part of a fit has: the model, the draws, and predictions from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bayesmix.errors import PredictionError, did_you_mean, listed
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

    def _asked(self, newdata: Any, how: Mapping[str, Any], dpar: str | None = None) -> Prediction:
        """The prediction of options by name, which must be those of ``posterior_epred``."""
        return self._prediction(requested(newdata, **how), dpar)

    def _prediction(self, request: Request, dpar: str | None = None) -> Prediction:
        return Prediction.of(self.model.spec, self._draws, request, dpar)


OPTIONS = tuple(f.name for f in fields(Request) if f.name != "newdata")


def requested(newdata: Any = None, **how: Any) -> Request:
    """A request of options by name; PredictionError for one that isn't there."""
    for name in how:
        if name not in OPTIONS:
            raise PredictionError(
                f"There is no option {name!r}; there is {listed(OPTIONS)}."
                + did_you_mean(name, OPTIONS)
            )
    return Request(newdata, **how)
