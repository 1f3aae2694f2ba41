"""The rows that a prediction is for: contributions and level indices, but no draws."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design import Group, GroupEffects, LatentResiduals, Located, Regions
from bayesmix.design.columns import columns_of, label_codes, new_frame, uses_of
from bayesmix.design.contributions import Contribution
from bayesmix.design.hazards import BASELINE
from bayesmix.design.response import CBIND, IMPLIED, check_bounds, response_columns
from bayesmix.errors import DataError, FormulaError, PredictionError, listed
from bayesmix.frames import to_pandas
from bayesmix.parameters import Target
from bayesmix.predict.clusters import (
    AVERAGE,
    FITTED,
    NEW,
    PLAIN,
    POPULATION,
    Clusters,
    Crossing,
    Fitted,
    cross,
    told,
)
from bayesmix.predict.effects import kept_contributions
from bayesmix.predict.measured import OnRows, on_rows
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
    crossing : Crossing
        The clusters that every row is crossed with.
    integrated : mapping of Target to tuple of GroupEffects
        The effects, on these rows, that are integrated out rather than added.
    strata : mapping of str to ndarray
        For groups with ``by`` whose own levels don't matter the ``by`` level of each row.
    together : mapping of str to ndarray
        For groups of ``mm()`` that are integrated out, rows × members × members: which members of
        a row are the same cluster.
    about : mapping of str to str
        What was averaged, drawn and held.
    measured : tuple of OnRows
        Covariates with measurement error, on new rows.
    """

    labels: pd.Index
    predictors: Predictors
    located: Mapping[str, Located]
    newdata: pd.DataFrame | None = None
    crossing: Crossing = PLAIN
    integrated: Mapping[Target, tuple[GroupEffects, ...]] = field(default_factory=dict)
    strata: Mapping[str, np.ndarray] = field(default_factory=dict)
    together: Mapping[str, np.ndarray] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    measured: tuple[OnRows, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, levels: Mapping[str, np.ndarray]) -> Rows:
        """The same rows in other clusters of the crossed groups."""
        if not levels:
            return self
        moved = {g: replace(self.located[g], index=index) for g, index in levels.items()}
        return replace(self, located={**self.located, **moved})


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
    left_out = (LatentResiduals,) * (not request.autocor) + (Regions,) * (not request.regions)
    kept = {t: tuple(c for c in cs if not isinstance(c, left_out)) for t, cs in kept.items()}
    wanted = {target: kept[target] for target in spec.predictors if target in targets}
    if request.clusters is not None:
        return _in_clusters(spec, request, wanted)
    if request.newdata is None:
        located = {g.name: Located(g.index) for g in _used(spec, wanted)}
        return Rows(spec.design.frame.index, wanted, located)
    newdata = to_pandas(request.newdata, what="newdata", may_be_empty=True)
    predictors, labels, measured = _on(spec, wanted, newdata, request)
    new = bool(request.allow_new_levels)
    located = {g.name: g.locate(newdata, new) for g in _used(spec, wanted)}
    return Rows(labels, predictors, located, newdata, measured=measured)


def _in_clusters(spec: ModelSpec, request: Request, wanted: Predictors) -> Rows:
    """The rows in the clusters that `clusters` asks for."""
    groups = {g.name: g for g in _used(spec, wanted)}
    known, args = [g.name for g in spec.design.groups], (request.clusters, request.n_clusters)
    clusters = Clusters.of(known, groups, *args, bool(request.average))
    held, integrated = clusters.those(AVERAGE), clusters.those(POPULATION)
    _check_memberships([groups[g] for g in clusters.those(NEW)], NEW)
    wanted = {t: tuple(c for c in cs if not _is_of(held, c)) for t, cs in wanted.items()}
    newdata, predictors, labels, measured = None, wanted, spec.design.frame.index, ()
    if request.newdata is not None:
        newdata = to_pandas(request.newdata, what="newdata", may_be_empty=True)
        predictors, labels, measured = _on(spec, wanted, newdata, request)
    fitted, own = [groups[g] for g in clusters.those(FITTED)], {}
    if not clusters.average:
        own = {g.name: at for g in fitted if (at := _own(g, newdata)) is not None}
    _check_memberships([g for g in fitted if g.name not in own], FITTED)
    strata = {g: _strata(groups[g], newdata) for g in (*clusters.those(NEW), *integrated)}
    strata = {g: at for g, at in strata.items() if at is not None}
    given = _given(spec, newdata)
    apart = {g: _apart(groups[g], given, strata.get(g), labels) for g in clusters.those(NEW)}
    others = _fitted(spec, [g for g in fitted if g.name not in own], newdata, given)
    crossed, crossing = cross(clusters, groups, own, others, apart, len(labels))
    effects = {t: tuple(c for c in cs if _is_of(integrated, c)) for t, cs in predictors.items()}
    return Rows(
        labels,
        {t: tuple(c for c in cs if not _is_of(integrated, c)) for t, cs in predictors.items()},
        own | crossed,
        newdata,
        crossing,
        {t: cs for t, cs in effects.items() if cs},
        strata,
        {g: _together(groups[g], newdata) for g in integrated if groups[g].multiple},
        told(clusters, groups, own, request.new_levels),
        measured,
    )


def _check_memberships(groups: Iterable[Group], mode: str) -> None:
    """Rows in several clusters of a group can't be crossed with its clusters."""
    for group in groups:
        if group.multiple:
            raise PredictionError(
                f"A row is in several clusters of {group.name!r}, so clusters={mode!r} doesn't say "
                f"which. Name them in newdata, in {listed(group.members)}, with clusters=None "
                f"(or {FITTED!r} for fitted ones alone); {AVERAGE!r} and {POPULATION!r} are there "
                "too."
            )


def _together(group: Group, newdata: pd.DataFrame | None) -> np.ndarray:
    """Which members of each row are the same; all are others where rows don't name them."""
    index = group.index
    if newdata is not None:
        if not set(group.members) <= set(newdata.columns):
            count = len(group.units)
            return np.broadcast_to(np.eye(count, dtype=bool), (len(newdata), count, count))
        index = group.locate(newdata, allow_new_levels=True).index
    return index[:, :, None] == index[:, None, :]


def _is_of(groups: Collection[str], c: Contribution) -> bool:
    return isinstance(c, GroupEffects) and c.group in groups


def _own(group: Group, newdata: pd.DataFrame | None) -> Located | None:
    """The fitted levels that rows name; None where they don't name all of a level.

    Raises
    ------
    PredictionError
        For levels that the fit doesn't know.
    """
    if newdata is None:
        return Located(group.index)
    if not set(group.members) <= set(newdata.columns):
        return None
    return group.locate(newdata, allow_new_levels=False)


def _given(spec: ModelSpec, newdata: pd.DataFrame | None) -> pd.DataFrame:
    """The columns of the rows that predictors read, which no cluster changes."""
    frame = spec.design.frame if newdata is None else newdata
    read = {
        use.name
        for p in spec.predictors.values()
        for c in p.contributions
        for use in c.uses(p.predictor.source)
    }
    return frame[[c for c in frame.columns if c in read]]


def _apart(
    group: Group, given: pd.DataFrame, strata: np.ndarray | None, labels: pd.Index
) -> np.ndarray:
    """What tells the new clusters of rows apart: columns of the group that predictors read too."""
    columns = [label_codes(given[m])[0] for m in group.members if m in given.columns]
    columns += [] if strata is None else [strata]
    return np.stack(columns, axis=1) if columns else np.zeros((len(labels), 0), np.int64)


def _fitted(
    spec: ModelSpec, groups: list[Group], newdata: pd.DataFrame | None, given: pd.DataFrame
) -> Fitted:
    """The clusters of the study that rows don't name."""
    frame = spec.design.frame
    partly = {m for g in groups for m in g.members if m in given.columns}
    if not partly:
        return Fitted.of(groups, len(frame if newdata is None else newdata))
    return Fitted.in_columns(groups, frame, given[sorted(partly)])


def _strata(group: Group, newdata: pd.DataFrame | None) -> np.ndarray | None:
    """For a group with ``by`` the ``by`` level of each row."""
    if group.by is None:
        return None
    return group.by.of_level[group.index] if newdata is None else group.strata(newdata)


def aux_on(
    spec: ModelSpec, response: Response, newdata: pd.DataFrame, wanted: Iterable[str]
) -> dict[str, np.ndarray]:
    """The addition terms in `wanted` on new data.

    Raises
    ------
    PredictionError
        If they aren't there, or can't be.
    """
    written, keys = response.formula.response, set(wanted)
    terms = response.data.additions.items()
    wanted = {name for name, own in terms if name in keys or keys & own.keys()}
    exprs = [e for a in written.additions if a.name in wanted for e in a.values]
    exprs += response_columns(written)[1:] if CBIND in wanted else ()
    exprs += (written.expr,) if BASELINE in wanted else ()
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
    written, family = response.formula.response, response.family
    wanted = {a.name for a in written.additions if a.name != "weights" or _is_there(a, newdata)}
    wanted |= response.data.additions.keys() & {*IMPLIED}
    aux = aux_on(spec, response, newdata, wanted)
    uses = uses_of([written.expr], written.source)
    frame = new_frame(uses, spec.design.frame, newdata, spec.gaps)
    with blaming_newdata():
        y = response.data.on(frame)
        there = ~np.isnan(y) if spec.gaps else np.ones(len(y), bool)
        family.check(y[there], {n: v[there] for n, v in aux.items()}, newdata.index[there])
        check_bounds(y, aux, newdata.index, family.discrete)
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


def _on(
    spec: ModelSpec, wanted: Predictors, newdata: pd.DataFrame, request: Request
) -> tuple[Predictors, pd.Index, tuple[OnRows, ...]]:
    """The contributions on new rows, the rows' labels, and covariates with measurement error."""
    uses = [
        use
        for target, contributions in wanted.items()
        for c in contributions
        for use in c.uses(spec.predictors[target].predictor.source)
    ]
    frame = new_frame(uses, spec.design.frame, newdata, spec.gaps)
    new_levels = bool(request.allow_new_levels) or request.clusters is not None
    with blaming_newdata():
        measured = on_rows(wanted, spec.design.measured, frame, newdata, new_levels, request.exact)
        frame = frame.assign(**{m.of.new_places: m.index for m in measured})
        made = {t: tuple(c.on(frame) for c in cs) for t, cs in wanted.items()}
    return made, frame.index, measured


def _used(spec: ModelSpec, predictors: Predictors) -> list[Group]:
    """The groups with kept coefficients."""
    contributions = [c for cs in predictors.values() for c in cs]
    names = {c.group for c in contributions if isinstance(c, GroupEffects)}
    return [g for g in spec.design.groups if g.name in names]
