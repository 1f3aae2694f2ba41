"""What every part of a fit has: the model, the draws, and predictions from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import xarray as xr

from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.predict import Draws, Prediction, Request
from bayesmix.variables import observed

if TYPE_CHECKING:
    from bayesmix.model import Model

KEPT = ("posterior", "sample_stats", "prior")
"""The groups of a tree that are of all responses."""

PROBS = (0.025, 0.975)


class Base:
    """A model with its posterior draws."""

    def __init__(self, model: Model, idata: xr.DataTree) -> None:
        self.model = model
        self.idata = idata

    @cached_property
    def _draws(self) -> Draws:
        return Draws.from_posterior(self.idata["posterior"].to_dataset())

    def of(self, resp: str | None) -> Self:
        """The fit as one of its responses: all that a fit has is of this alone then.

        Parameters
        ----------
        resp : str or None
            None is the fit as it is.

        Returns
        -------
        Fit
            With the same draws; its tables show those of this response and those that it shares.

        Raises
        ------
        PredictionError
            For a name that no response has.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "n": [1, 0, 2, 3], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> model = bx.Model(bx.mv("y ~ x", bx.bf("n ~ x", family="poisson")), data)
        >>> draws = {"b_y_Intercept": [0.5, 0.7], "b_y_x": [2.0, 2.2], "sigma_y": [0.8, 1.0],
        ...          "b_n_Intercept": [0.0, 0.1], "b_n_x": [0.4, 0.3]}
        >>> fit = bx.from_brms(model, draws).of("n")
        >>> fit.fixef()["Estimate"].to_dict()
        {'n_Intercept': 0.05, 'n_x': 0.35}
        """
        spec = self.model.spec.of(resp)
        if spec is self.model.spec:
            return self
        groups = {name: tree for name, tree in self.idata.children.items() if name in KEPT}
        tree = xr.DataTree(children=groups | {"observed_data": xr.DataTree(observed(spec))})
        return type(self)(type(self.model).from_spec(spec), tree)

    def _asked(self, newdata: Any, how: Mapping[str, Any], dpar: str | None = None) -> Prediction:
        """The prediction of options by name, which must be those of ``posterior_epred``."""
        return self._prediction(requested(newdata, **how), dpar)

    def _prediction(self, request: Request, dpar: str | None = None) -> Prediction:
        """That of a response; PredictionError where there are several and none is named."""
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
