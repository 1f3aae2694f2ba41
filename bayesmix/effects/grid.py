"""Rows to predict for: values that are asked for, crossed, and typical values of all else."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import columns_of
from bayesmix.effects.variables import Variable, variables
from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.spec import ModelSpec

TYPICAL = ("mean", "median", "balanced", "reference")
"""What columns are that aren't asked for: means (or medians) and the commonest level; balanced:
means, and every level; reference: means and the first level, as in brms."""


def grid(spec: ModelSpec, values: Mapping[str, Any], typical: str = "mean") -> pd.DataFrame:
    """Every combination of `values`, with typical values in the other columns of the predictors.

    Parameters
    ----------
    spec : ModelSpec
    values : mapping of str to sequence
        Columns of predictors, groups and addition terms.
    typical : str
        One of `TYPICAL`.

    Raises
    ------
    PredictionError
        For columns that the model doesn't read, or values that they can't have.
    """
    _check_typical(typical)
    known, others = variables(spec), _others(spec)
    asked = {name: _values(name, v, known, others) for name, v in values.items()}
    if typical == "balanced":
        factors = (v for name, v in known.items() if name not in asked and not v.numeric)
        asked |= {v.name: v.column(v.levels, "grid") for v in factors}
    rest = {n: _typical(v, typical) for n, v in known.items() if n not in asked}
    rest |= {n: v for n, v in _needed(spec).items() if n not in asked | rest}
    crossed = crossing([pd.DataFrame({name: column}) for name, column in asked.items()])
    return crossed.assign(**{n: _constant(known.get(n), v, len(crossed)) for n, v in rest.items()})


def crossing(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Every row of one with every row of the others, the last changing fastest."""
    places = list(product(*(range(len(f)) for f in frames)))
    at = np.array(places, dtype=int).reshape(len(places), len(frames))
    parts = [f.iloc[at[:, i]].reset_index(drop=True) for i, f in enumerate(frames)]
    return pd.concat([pd.DataFrame(index=range(len(at))), *parts], axis=1)


def _check_typical(typical: Any) -> None:
    if not isinstance(typical, str) or typical not in TYPICAL:
        raise PredictionError(f"A grid can be {listed(TYPICAL)}, not {typical!r}.")


def _values(
    name: str, values: Any, known: Mapping[str, Variable], others: Mapping[str, pd.Series]
) -> pd.Series:
    if name in known:
        return known[name].column(_listed(values), "grid")
    if name in others:
        return pd.Series(_listed(values))
    there = [*known, *others]
    raise PredictionError(
        f"grid: the model reads no column {name!r}; it reads {listed(there, limit=30)}."
        + did_you_mean(str(name), there)
    )


def _listed(values: Any) -> list[Any]:
    if isinstance(values, str) or not np.iterable(values):
        return [values]
    return list(values)


def _others(spec: ModelSpec) -> dict[str, pd.Series]:
    """The columns of groups and of addition terms."""
    frame = spec.design.frame
    names = dict.fromkeys(m for g in spec.design.groups for m in g.members)
    names |= dict.fromkeys(_addition_columns(spec))
    return {name: frame[name] for name in names}


def _addition_columns(spec: ModelSpec) -> list[str]:
    additions = (a for r in spec.responses for a in r.formula.response.additions)
    return [n.name for a in additions for value in a.values for n in columns_of(value)]


def _needed(spec: ModelSpec) -> dict[str, Any]:
    """The columns without which the family has no expectation.

    Trials are 1, bounds the means, thresholds those of the commonest group.
    """
    frame, found = spec.design.frame, {}
    pairs = ((r, a) for r in spec.responses for a in r.formula.response.additions)
    for r, a in pairs:
        needs = r.family.needs
        if a.name in needs or r.data.additions.get(a.name, {}).keys() & set(needs):
            for n in (n for value in a.values for n in columns_of(value)):
                found[n.name] = USUAL.get(a.name, _mean)(frame[n.name])
    return found


def _mean(column: pd.Series) -> Any:
    return float(column.mean())


USUAL = {"trials": lambda column: 1, "thres": lambda column: column.mode()[0]}
"""The value of an addition term's column where none is asked for; else the mean."""


def _typical(v: Variable, typical: str) -> Any:
    """Of a standard error 0: a grid has true values."""
    if v.error:
        return 0.0
    return {"median": v.median, "reference": v.reference}.get(typical, v.common)


def _constant(v: Variable | None, value: Any, rows: int) -> pd.Series:
    values = [value] * rows
    return pd.Series(values) if v is None else v.column(values, "grid")
