"""The intercepts of a mixture's components, where they increase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bayesmix.parameters import Parameter
from bayesmix.priors.defaults import increasing_start
from bayesmix.pymc_model.vectors import increasing
from bayesmix.spec import Response

INCREASING = "ordered_Intercept"
"""What the variable is called, as in brms."""


def increasing_intercepts(name: str, run: Sequence[Parameter], response: Response) -> Any:
    """One variable for all; chains begin at quantiles of the response."""
    start = increasing_start(response.data.y, response.family)
    return increasing(name, [p.priors[0] for p in run], start)
