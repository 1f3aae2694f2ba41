"""The rows that a prediction is for: contributions and level indices, but no draws."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design import GroupEffects, Located
from bayesmix.design.columns import columns_of, new_frame, uses_of
from bayesmix.design.contributions import Contribution
from bayesmix.design.response import check_bounds
from bayesmix.errors import DataError, FormulaError, PredictionError
from bayesmix.frames import to_pandas
from bayesmix.parameters import Target
from bayesmix.predict.effects import kept_contributions
from bayesmix.predict.request import Request
from bayesmix.spec import ModelSpec, Response

Predictors = Mapping[Target, tuple[Contribution, ...]]


@dataclass(frozen=True)
class Rows:
    """Rows to predict for.

    Attributes
    ----------
    labels : Index
        The rows' labels in the data.
    predictors : mapping of Target to tuple of Contribution
        On these rows, those that the prediction keeps.
    located : mapping of str to Located
        Level of each row, by group; only groups with kept coefficients.
    newdata : DataFrame or None
        What they are from; None for the rows of the fit.
    """

    labels: pd.Index
    predictors: Predictors
    located: Mapping[str, Located]
    newdata: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.labels)


def rows_of(spec: ModelSpec, request: Request, targets: Collection[Target]) -> Rows:
    """The rows that are asked for; of new data only the columns that kept terms use are looked at.

    Parameters
    ----------
    spec : ModelSpec
    request : Request
    targets : collection of Target
        The predictors that will be needed.

    Raises
    ------
    PredictionError
        For terms that the model doesn't have, missing columns or values, wrong types, unknown
        levels.
    """
    kept = kept_contributions(spec, request.re_formula)
    wanted = {target: kept[target] for target in spec.predictors if target in targets}
    if request.newdata is None:
        groups = {g.name: Located(g.index) for g in spec.design.groups}
        located = {name: groups[name] for name in _groups(wanted)}
        return Rows(spec.design.frame.index, wanted, located)
    newdata = to_pandas(request.newdata, what="newdata", may_be_empty=True)
    predictors, labels = _on(spec, wanted, newdata)
    used = _groups(wanted)
    located = {
        g.name: g.locate(newdata, bool(request.allow_new_levels))
        for g in spec.design.groups
        if g.name in used
    }
    return Rows(labels, predictors, located, newdata)


def aux_on(
    spec: ModelSpec, response: Response, newdata: pd.DataFrame, wanted: Iterable[str]
) -> dict[str, np.ndarray]:
    """The addition terms in `wanted` on new data.

    Raises
    ------
    PredictionError
        If they aren't there, or can't be.
    """
    written, keys = spec.formula.response, set(wanted)
    terms = response.data.additions.items()
    wanted = {name for name, own in terms if name in keys or keys & own.keys()}
    exprs = [e for a in written.additions if a.name in wanted for e in a.values]
    frame = new_frame(uses_of(exprs, written.source), spec.design.frame, newdata)
    with blaming_newdata():
        return response.data.aux_on(frame, wanted)


def response_on(
    spec: ModelSpec, response: Response, newdata: pd.DataFrame
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The response and all addition terms on new data; weights are 1 if their column isn't there.

    Raises
    ------
    PredictionError
        If the response isn't there, or the family can't have it.
    """
    written, family = spec.formula.response, response.family
    wanted = {a.name for a in written.additions if a.name != "weights" or _is_there(a, newdata)}
    aux = aux_on(spec, response, newdata, wanted)
    frame = new_frame(uses_of([written.expr], written.source), spec.design.frame, newdata)
    with blaming_newdata():
        y = response.data.on(frame)
        family.check(y, aux, newdata.index)
        check_bounds(y, aux, newdata.index)
    return y, aux


@contextmanager
def blaming_newdata() -> Iterator[None]:
    """Errors that would be about the fit's formula and data, about those of a prediction."""
    try:
        yield
    except (FormulaError, DataError) as error:
        raise PredictionError(f"newdata: {error}") from error


def _is_there(addition: Any, newdata: pd.DataFrame) -> bool:
    return all(n.name in newdata.columns for arg in addition.values for n in columns_of(arg))


def _on(spec: ModelSpec, wanted: Predictors, newdata: pd.DataFrame) -> tuple[Predictors, pd.Index]:
    """The contributions on new rows, and the rows' labels."""
    uses = [
        use
        for target, contributions in wanted.items()
        for c in contributions
        for use in c.uses(spec.predictors[target].predictor.source)
    ]
    frame = new_frame(uses, spec.design.frame, newdata)
    with blaming_newdata():
        return {t: tuple(c.on(frame) for c in cs) for t, cs in wanted.items()}, frame.index


def _groups(predictors: Predictors) -> set[str]:
    contributions = (c for cs in predictors.values() for c in cs)
    return {c.group for c in contributions if isinstance(c, GroupEffects)}
