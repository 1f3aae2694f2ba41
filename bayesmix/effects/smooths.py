"""Smooths by themselves: their values along their covariates, on the scale of the link."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design import PredictorDesign
from bayesmix.design.columns import columns_of, new_frame, uses_of
from bayesmix.design.smooths import SmoothColumns
from bayesmix.effects.conditional import along, few
from bayesmix.effects.estimates import Estimates
from bayesmix.effects.grid import crossing
from bayesmix.effects.variables import Variable, variables
from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.predict import Draws
from bayesmix.spec import ModelSpec
from bayesmix.tables import ByGroup


def conditional_smooths(
    spec: ModelSpec, draws: Draws, smooths: str | Sequence[str] | None, resolution: int
) -> ByGroup[Estimates]:
    """See `Fit.conditional_smooths`."""
    terms = dict(_terms(spec))
    wanted = list(terms) if smooths is None else _asked(smooths, terms)
    return ByGroup({name: _estimates(spec, draws, *terms[name], resolution) for name in wanted})


def _terms(spec: ModelSpec) -> Iterator[tuple[str, tuple[PredictorDesign, list[SmoothColumns]]]]:
    """By label the functions of each term, of which ``by=`` has several."""
    for p in spec.predictors.values():
        for term in p.predictor.smooths:
            name = p.target.prefix + term.label + (f":{term.by_text}" if term.by else "")
            yield name, (p, [s for s in p.columns.smooths if s.term is term])


def _asked(smooths: str | Sequence[str], terms: Any) -> list[str]:
    wanted = [smooths] if isinstance(smooths, str) else list(smooths)
    for name in wanted:
        if name not in terms:
            raise PredictionError(
                f"The model has no smooth {name!r}; it has {listed(terms) or 'none'}."
                + did_you_mean(str(name), terms)
            )
    return wanted


def _estimates(
    spec: ModelSpec,
    draws: Draws,
    p: PredictorDesign,
    functions: list[SmoothColumns],
    resolution: int,
) -> Estimates:
    rows = _rows(variables(spec), functions[0], resolution)
    frame = new_frame(uses_of(functions[0].term.columns, ""), spec.design.frame, rows)
    return Estimates(rows, sum(_values(draws, p, s.on(frame), s) for s in functions), draws)


def _values(
    draws: Draws, p: PredictorDesign, on_rows: SmoothColumns, fitted: SmoothColumns
) -> np.ndarray:
    """Samples × rows."""
    values = np.zeros((len(draws), len(on_rows.fixed)))
    if on_rows.names:
        at = [p.columns.names.index(name) for name in fitted.names]
        values += draws[p.columns.variable][:, at] @ on_rows.fixed.T
    if on_rows.blocks:
        first = sum(sum(s.sizes) for s in p.smooths.smooths[: p.smooths.smooths.index(fitted)])
        own = slice(first, first + sum(fitted.sizes))
        values += draws[p.smooths.variable][:, own] @ np.hstack(on_rows.blocks).T
    return values


def _rows(known: dict[str, Variable], s: SmoothColumns, resolution: int) -> pd.DataFrame:
    """Numbers along their ranges, all levels of factors; a number in ``by`` at a few values."""
    covariates = dict.fromkeys(n.name for e in s.term.covariates for n in columns_of(e))
    numbers = sum(known[name].numeric for name in covariates)
    each = resolution if numbers < 2 else round(resolution ** (2 / (numbers + 1)))
    columns = {name: along(known[name], each) for name in covariates}
    if s.term.by is not None:
        columns |= {n.name: few(known[n.name], None) for n in columns_of(s.term.by)}
    return crossing([pd.DataFrame({n: known[n].column(v, "")}) for n, v in columns.items()])
