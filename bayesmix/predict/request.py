"""What a prediction is asked for: the rows, the effects and draws that count, and the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.errors import PredictionError, listed
from bayesmix.predict.levels import SAMPLERS


@dataclass(frozen=True)
class Request:
    """The arguments of ``posterior_epred``, which explains them.

    Raises
    ------
    PredictionError
        If one can't be; what hangs on the model is checked when the rows are made.
    """

    newdata: Any = None
    re_formula: Any = None
    allow_new_levels: bool = False
    sample_new_levels: str = "uncertainty"
    dpar: str | None = None
    ndraws: int | None = None
    draw_ids: Sequence[int] | None = None
    random_seed: Any = None

    def __post_init__(self) -> None:
        if not isinstance(self.allow_new_levels, bool | np.bool_):
            raise PredictionError(
                f"allow_new_levels must be True or False, not {self.allow_new_levels!r}."
            )
        how = self.sample_new_levels
        if not isinstance(how, str) or how not in SAMPLERS:
            raise PredictionError(
                f"sample_new_levels must be one of {listed(SAMPLERS)}, not {how!r}."
            )
