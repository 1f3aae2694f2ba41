"""What a prediction is asked for: the rows, the effects and draws that count, and the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayesmix.errors import PredictionError, listed
from bayesmix.predict.levels import SAMPLERS


@dataclass(frozen=True)
class Request:
    """The arguments of ``posterior_epred``, which explains them.

    With `exact` what new data say of measured covariates are their true values.

    Raises
    ------
    PredictionError
        If one can't be; what hangs on the model is checked when the rows are made.
    """

    newdata: Any = None
    re_formula: Any = None
    allow_new_levels: bool = False
    sample_new_levels: str | None = None
    dpar: str | None = None
    ndraws: int | None = None
    draw_ids: Sequence[int] | None = None
    random_seed: Any = None
    clusters: Any = None
    n_clusters: Any = None
    average: bool = False
    incl_autocor: bool = True
    incl_regions: bool | None = None
    resp: str | None = None
    exact: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.allow_new_levels, bool | np.bool_):
            raise PredictionError(
                f"allow_new_levels must be True or False, not {self.allow_new_levels!r}."
            )
        if not isinstance(self.average, bool | np.bool_):
            raise PredictionError(f"average must be True or False, not {self.average!r}.")
        if not isinstance(self.incl_autocor, bool | np.bool_):
            raise PredictionError(f"incl_autocor must be True or False, not {self.incl_autocor!r}.")
        how = self.sample_new_levels
        if how is not None and (not isinstance(how, str) or how not in SAMPLERS):
            raise PredictionError(
                f"sample_new_levels must be one of {listed(SAMPLERS)}, not {how!r}."
            )
        if self.clusters is None:
            if self.average or self.n_clusters is not None:
                raise PredictionError(
                    'Say which clusters: n_clusters is for clusters="new", average=True for '
                    'clusters="fitted".'
                )
        elif self.allow_new_levels:
            raise PredictionError("Give clusters or allow_new_levels, not both.")

    @property
    def autocor(self) -> bool:
        """Whether what other rows say of a row counts, which rows in other clusters know not of."""
        return bool(self.incl_autocor) and self.clusters is None

    @property
    def regions(self) -> bool:
        """Whether effects of ``car()`` count: as `incl_autocor` says, unless it is said of them."""
        return bool(self.incl_autocor if self.incl_regions is None else self.incl_regions)

    @property
    def on_the_fit(self) -> Request:
        """The same for the rows of the fit."""
        return replace(self, newdata=None)

    @property
    def new_levels(self) -> str:
        """How effects of new levels are drawn.

        New clusters that `clusters` asks for are draws from the model's distribution, as is the
        population that they approach; labels that the fit doesn't know are brms's default.
        """
        otherwise = "uncertainty" if self.clusters is None else "gaussian"
        return otherwise if self.sample_new_levels is None else self.sample_new_levels
