"""Conditional effects: expectations along a variable, all else at typical values, as in brms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import columns_of
from bayesmix.effects.estimates import Estimates
from bayesmix.effects.expectations import Expectations, Question, flat
from bayesmix.effects.grid import grid
from bayesmix.effects.predictions import estimates
from bayesmix.effects.variables import Variable, effective, find, variables
from bayesmix.errors import PredictionError
from bayesmix.formula.tree import Expr
from bayesmix.frames import to_pandas
from bayesmix.spec import ModelSpec
from bayesmix.tables import ByGroup

CONDITION = "condition"


def conditional_effects(
    question: Question,
    effects: Any,
    conditions: Any,
    int_conditions: Mapping[str, Any] | None,
    resolution: int,
) -> ByGroup[Estimates]:
    """See `Fit.conditional_effects`."""
    known = variables(question.spec)
    wanted = _default(question.spec, known) if effects is None else _asked(effects)
    settings = _conditions(question.spec, conditions)
    made = {}
    for names in wanted:
        columns = [find(known, n, "effects") for n in names]
        rows = _rows(question.spec, columns, settings, int_conditions or {}, resolution)
        made[":".join(names)] = _effect(question, rows, names)
    return ByGroup(made)


def effects_by_response(spec: ModelSpec, effects: Any) -> dict[str, Any]:
    """For each response that has some of the effects, or any where none are named, those.

    Raises
    ------
    PredictionError
        For columns that no response has.
    """
    known = {part.response.name: variables(part) for part in spec.parts}
    if effects is None:
        return dict.fromkeys(resp for resp, own in known.items() if own)
    wanted, all_known = _asked(effects), {n: v for own in known.values() for n, v in own.items()}
    for name in (name for names in wanted for name in names):
        find(all_known, name, "effects")
    found = {
        resp: [":".join(names) for names in wanted if own.keys() >= set(names)]
        for resp, own in known.items()
    }
    return {resp: names for resp, names in found.items() if names}


def _effect(question: Question, rows: pd.DataFrame, names: tuple[str, ...]) -> Estimates:
    expected = Expectations.of(question.on(rows), None, len(rows))
    shown = rows[[*names, *([CONDITION] if CONDITION in rows.columns else [])]]
    made = estimates(expected, expected.described(shown), flat(expected.values))
    held = {n: _text(rows[n]) for n in rows.columns if n not in (*names, CONDITION)}
    fixed = ", ".join(f"{n} = {v}" for n, v in held.items() if v is not None)
    return replace(made, about={**made.about, **({"conditions": fixed} if fixed else {})})


def _text(column: pd.Series) -> str | None:
    """The value that a column is held at; None if it varies with the condition."""
    values = column.unique()
    if len(values) != 1:
        return None
    return f"{round(values[0], 10):g}" if isinstance(values[0], float) else str(values[0])


def _default(spec: ModelSpec, known: Mapping[str, Variable]) -> list[tuple[str, ...]]:
    """Every column of the population's terms, then every two that interact."""
    single: dict[tuple[str, ...], None] = {}
    double: dict[tuple[str, ...], None] = {}
    for p in spec.predictors.values():
        for t in p.predictor.population.terms:
            names = [_columns(f) for f in t.factors]
            single |= {(n,): None for group in names for n in group if n in known}
            for a, b in combinations(names, 2):
                pairs = ((x, y) for x in a for y in b if x != y)
                double |= {pair: None for pair in pairs if pair[::-1] not in double}
        for names in (
            [n.name for e in s.columns for n in columns_of(e)]
            for s in (*p.predictor.smooths, *filter(None, [p.predictor.nonlinear]))
        ):
            single |= {(n,): None for n in names}
            double |= {(names[0], n): None for n in names[1:] if (n, names[0]) not in double}
    if not single:
        raise PredictionError("The model's predictors read no column, so there are no effects.")
    return [*single, *double]


def _columns(expr: Expr) -> list[str]:
    return [n.name for n in columns_of(effective(expr))]


def _asked(effects: Any) -> list[tuple[str, ...]]:
    texts = [effects] if isinstance(effects, str) else list(effects)
    wanted = [tuple(t.split(":")) if isinstance(t, str) else (t,) for t in texts]
    for names in wanted:
        if len(names) > 2:
            raise PredictionError(
                f"An effect is of one or two columns; {':'.join(names)!r} has {len(names)}. Give "
                "values of the others as conditions."
            )
    return wanted


def _conditions(spec: ModelSpec, conditions: Any) -> pd.DataFrame | None:
    """The settings under which every effect is shown, one a row."""
    if conditions is None:
        return None
    if isinstance(conditions, Mapping):
        conditions = grid(spec, conditions)[list(conditions)]
    return to_pandas(conditions, what="conditions")


def _rows(
    spec: ModelSpec,
    columns: list[Variable],
    settings: pd.DataFrame | None,
    int_conditions: Mapping[str, Any],
    resolution: int,
) -> pd.DataFrame:
    """The grid of an effect: the first column along its range, the second at a few values."""
    values = {columns[0].name: along(columns[0], resolution)}
    for v in columns[1:]:
        values[v.name] = few(v, int_conditions.get(v.name))
    if settings is None:
        return grid(spec, values, "reference")
    parts = []
    for label, row in settings.iterrows():
        own = {n: [value] for n, value in row.items() if n not in values}
        parts.append(grid(spec, values | own, "reference").assign(**{CONDITION: str(label)}))
    return pd.concat(parts, ignore_index=True)


def along(v: Variable, resolution: int) -> Any:
    """Numbers along their range, labels all."""
    return np.linspace(*v.range, resolution) if v.numeric else v.levels


def few(v: Variable, given: Any) -> Any:
    """The given values, all levels, or the mean and a standard deviation to both sides."""
    if given is not None:
        return given(v.values) if callable(given) else given
    if not v.numeric:
        return v.levels
    mean, sd = v.values.mean(), v.values.std()
    return [mean - sd, mean, mean + sd]
