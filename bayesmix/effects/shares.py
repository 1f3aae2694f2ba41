"""Shares of the variance by source: intraclass correlations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.effects.estimates import Estimates
from bayesmix.effects.grid import grid
from bayesmix.predict import Draws
from bayesmix.predict.variance import Variance, check_residual
from bayesmix.spec import ModelSpec


def icc(spec: ModelSpec, draws: Draws, at: Mapping[str, Any] | None) -> Estimates:
    """See `Fit.icc`."""
    frame = None if at is None else grid(spec, at)
    parts = []
    for row in [None] if frame is None else range(len(frame)):
        newdata = None if row is None else frame.iloc[[row]]
        variance = Variance(spec, draws, newdata)
        check_residual(spec, variance)
        where = {} if row is None else {name: frame[name].iloc[row] for name in at}
        for name, values in variance.shares.items():
            parts.append((where | {"part": name.replace("residual__", "residual")}, values))
    rows = pd.DataFrame([row for row, _ in parts])
    held = {"averaged": "the rows of the fit"} if at is None else {}
    return Estimates(rows, np.column_stack([v for _, v in parts]), draws, held)
