"""Draws as data frames: wide with brms's names, or one parameter long."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.names import variables
from bayesmix.predict import Draws
from bayesmix.spec import ModelSpec

INDEX = (".chain", ".iteration", ".draw")


def wide(spec: ModelSpec, draws: Draws) -> pd.DataFrame:
    """A column for each parameter, called as brms calls it."""
    columns = {
        cell.names[0]: draws[v.name][(slice(None), *cell.positions[0])]
        for v in variables(spec)
        for cell in v.cells
    }
    return pd.DataFrame({**_index(draws), **columns})


def long(spec: ModelSpec, draws: Draws, name: str) -> pd.DataFrame:
    """A row for each draw of each value of a variable of the posterior."""
    if name not in spec.by_name:
        raise PredictionError(
            f"The posterior has no variable {name!r}; it has {listed(spec.by_name, limit=40)}."
            + did_you_mean(str(name), spec.by_name)
        )
    p, values = spec.by_name[name], draws[name]
    places = np.indices(p.shape).reshape(len(p.dims), p.size)
    size = p.size
    frame = pd.DataFrame({c: np.repeat(v, size) for c, v in _index(draws).items()})
    for dim, labels, at in zip(p.dims, p.coords, places, strict=True):
        frame[dim] = np.tile(np.asarray(pd.Index(labels))[at], len(draws))
    return frame.assign(value=values.reshape(-1))


def _index(draws: Draws) -> dict[str, np.ndarray]:
    """Chain and iteration from 1, as the R packages count."""
    columns = draws.chain + 1, draws.draw + 1, draws.ids + 1
    return dict(zip(INDEX, columns, strict=True))
