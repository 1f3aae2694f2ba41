"""True values of measured covariates from the standardised ones that brms samples."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesmix.design import Measured
from bayesmix.design.measured import CORRELATIONS, MEANS, SDS, measurements
from bayesmix.formula.multivariate import formulas_of
from bayesmix.formula.tree import render
from bayesmix.names import variables
from bayesmix.priors import measured
from bayesmix.spec import ModelSpec


def with_true_values(spec: ModelSpec, frame: pd.DataFrame) -> pd.DataFrame:
    """Draws with true values that brms didn't keep, where it kept what they are made of."""
    wanted = {v.name: v.cells for v in variables(spec)} if spec.design.measured else {}
    calls = measurements(formulas_of(spec.formula))
    order = list(dict.fromkeys(render(term.x) for term, _ in calls))
    made = {}
    for group, (name, m) in enumerate(spec.measured.items(), 1):
        cells, columns = wanted[name], _standardised(m, group, order)
        needed = [*columns.ravel(), *(c.names[0] for v in _drawn_with(m) for c in wanted[v])]
        if cells[0].names[0] in frame.columns or not set(needed) <= set(frame.columns):
            continue
        z = frame[columns.ravel()].to_numpy(float).reshape(-1, *columns.shape)
        given = {v: frame[[c.names[0] for c in wanted[v]]].to_numpy(float) for v in _drawn_with(m)}
        mean, root = measured.distribution(m, given)
        values = mean[:, None] + z @ root.mT
        made |= {c.names[0]: values[:, *c.positions[0]] for c in cells}
    return pd.concat([frame, pd.DataFrame(made, frame.index)], axis=1) if made else frame


def _drawn_with(m: Measured) -> list[str]:
    return [m.named(what) for what in (MEANS, SDS, *([CORRELATIONS] if m.pairs else []))]


def _standardised(m: Measured, group: int, order: list[str]) -> np.ndarray:
    """The columns of standard normal numbers, places × covariates.

    Those that are correlated are numbered within their group, all others by themselves.
    """
    names = [
        [
            f"zme_{group}[{k},{i}]" if m.pairs else f"zme_{1 + order.index(name)}[{i}]"
            for k, name in enumerate(m.names, 1)
        ]
        for i in range(1, 1 + len(m.values))
    ]
    return np.array(names, object)
