"""The rows that a prediction is for: matrices, offsets and level indices, but no draws."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design import Located, PredictorDesign
from bayesmix.design.build import GroupTermDesign, total
from bayesmix.design.columns import Use, columns_of, new_frame, population_uses, uses_of
from bayesmix.errors import DataError, FormulaError, PredictionError
from bayesmix.frames import to_pandas
from bayesmix.predict.effects import Kept
from bayesmix.spec import ModelSpec


@dataclass(frozen=True)
class GroupRows:
    """One bracket on rows: what its kept coefficients multiply, and where those stand."""

    group: str
    values: np.ndarray
    positions: np.ndarray


@dataclass(frozen=True)
class PredictorRows:
    """One linear predictor on rows."""

    population: np.ndarray
    offset: np.ndarray
    groups: tuple[GroupRows, ...]


@dataclass(frozen=True)
class Rows:
    """Rows to predict for.

    Attributes
    ----------
    labels : Index
        The rows' labels in the data.
    predictors : mapping of str to PredictorRows
        By dpar.
    located : mapping of str to Located
        Level of each row, by group; only groups with kept coefficients.
    """

    labels: pd.Index
    predictors: Mapping[str, PredictorRows]
    located: Mapping[str, Located]

    def __len__(self) -> int:
        return len(self.labels)


def fitted_rows(spec: ModelSpec, kept: Kept, dpars: Collection[str]) -> Rows:
    """The rows of the fit, for some dpars."""
    design = spec.design
    predictors = {
        p.dpar: PredictorRows(
            p.population.values,
            p.offset,
            _brackets(p, kept, lambda term, keep: term.matrix.values[:, keep]),
        )
        for p in design.predictors
        if p.dpar in dpars
    }
    located = {g.name: Located(g.index) for g in design.groups if _is_used(g.name, predictors)}
    return Rows(design.frame.index, predictors, located)


def new_rows(
    spec: ModelSpec,
    newdata: pd.DataFrame,
    kept: Kept,
    dpars: Collection[str],
    allow_new_levels: bool,
) -> Rows:
    """The rows of new data; only the columns that the dpars' kept terms use are looked at.

    Raises
    ------
    PredictionError
        For missing columns or values, wrong types, unknown levels.
    """
    wanted = [p for p in spec.design.predictors if p.dpar in dpars]
    frame = new_frame(_uses(wanted, kept), spec.design.frame, newdata)
    predictors = {p.dpar: _predictor_rows(p, frame, kept) for p in wanted}
    located = {
        g.name: g.locate(newdata, allow_new_levels)
        for g in spec.design.groups
        if _is_used(g.name, predictors)
    }
    return Rows(frame.index, predictors, located)


def aux_on(spec: ModelSpec, newdata: pd.DataFrame, wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """The addition terms in `wanted` on new data.

    Raises
    ------
    PredictionError
        If they aren't there, or can't be.
    """
    wanted, response = set(wanted), spec.formula.response
    exprs = [e for a in response.additions if a.name in wanted for e in a.args]
    frame = new_frame(uses_of(exprs, response.source), spec.design.frame, newdata)
    with blaming_newdata():
        return spec.design.response.aux_on(frame, wanted)


def response_on(spec: ModelSpec, newdata: pd.DataFrame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The response and all addition terms on new data; weights are 1 if their column isn't there.

    Raises
    ------
    PredictionError
        If the response isn't there, or the family can't have it.
    """
    response, design = spec.formula.response, spec.design
    given = {a.name for a in response.additions if _is_there(a, newdata)}
    aux = aux_on(spec, newdata, given | set(spec.family.needs))
    frame = new_frame(uses_of([response.expr], response.source), design.frame, newdata)
    with blaming_newdata():
        y = design.response.on(frame)
        spec.family.check(y, aux, newdata.index)
    return y, aux


@contextmanager
def blaming_newdata() -> Iterator[None]:
    """Errors that would be about the fit's formula and data, about those of a prediction."""
    try:
        yield
    except (FormulaError, DataError) as error:
        raise PredictionError(f"newdata: {error}") from error


def checked_frame(newdata: Any) -> pd.DataFrame:
    """Any data frame as pandas."""
    return to_pandas(newdata, what="newdata")


def _is_there(addition: Any, newdata: pd.DataFrame) -> bool:
    return all(n.name in newdata.columns for arg in addition.args for n in columns_of(arg))


def _uses(predictors: Iterable[PredictorDesign], kept: Kept) -> list[Use]:
    uses = []
    for p in predictors:
        uses += population_uses(p.predictor.population, p.predictor.source)
        for i, term in enumerate(p.groups):
            if kept[p.dpar, i].any():
                uses += _kept_uses(term, kept[p.dpar, i], p.predictor.source)
    return uses


def _kept_uses(term: GroupTermDesign, keep: np.ndarray, source: str) -> list[Use]:
    numbers = {n for n, k in zip(term.matrix.term_of, keep, strict=True) if k and n >= 0}
    terms = [term.matrix.terms.terms[n] for n in sorted(numbers)]
    return uses_of((f for t in terms for f in t.factors), source)


def _predictor_rows(p: PredictorDesign, frame: pd.DataFrame, kept: Kept) -> PredictorRows:
    with blaming_newdata():
        brackets = _brackets(p, kept, lambda term, keep: term.matrix.on(frame, keep))
        return PredictorRows(p.population.on(frame), total(p.offsets, frame), brackets)


def _brackets(p: PredictorDesign, kept: Kept, values: Any) -> tuple[GroupRows, ...]:
    return tuple(
        GroupRows(term.group, values(term, keep), np.array(term.positions)[keep])
        for i, term in enumerate(p.groups)
        if (keep := kept[p.dpar, i]).any()
    )


def _is_used(group: str, predictors: Mapping[str, PredictorRows]) -> bool:
    return any(b.group == group for p in predictors.values() for b in p.groups)
