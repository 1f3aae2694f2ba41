"""Which clusters a prediction is for: what ``clusters=`` means.

For each group one of five: the typical cluster (effects at zero), the fitted ones, one new or the
mean of several new ones, the mean over all there could be, or as the switches say (None).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design import Group, Located
from bayesmix.errors import PredictionError, did_you_mean, listed

AVERAGE, FITTED, NEW, POPULATION = "average", "fitted", "new", "population"
MODES = (AVERAGE, FITTED, NEW, POPULATION)


@dataclass(frozen=True)
class Clusters:
    """The arguments ``clusters``, ``n_clusters`` and ``average``, checked against a model's groups.

    Attributes
    ----------
    modes : mapping of str to str
        By group.
    counts : mapping of str to int
        How many new clusters are averaged over, of each group whose clusters are new.
    average : bool
        Whether to average over the fitted ones.
    """

    modes: Mapping[str, str]
    counts: Mapping[str, int]
    average: bool

    @classmethod
    def of(
        cls,
        known: Collection[str],
        used: Collection[str],
        clusters: Any,
        n_clusters: Any,
        average: bool,
    ) -> Clusters:
        """Check the arguments.

        Parameters
        ----------
        known, used : collection of str
            The model's groups, and those among them whose effects the prediction has.
        clusters, n_clusters, average
            As for ``posterior_epred``.

        Raises
        ------
        PredictionError
            For unknown words or groups, or counts that don't fit.
        """
        modes = _modes(known, clusters)
        left_out = [g for g in used if g not in modes]
        if left_out:
            raise PredictionError(
                f"clusters says nothing of {listed(left_out)}; give each group one of "
                f"{listed(MODES)}."
            )
        if average and known and FITTED not in modes.values():
            raise PredictionError('average=True is for clusters="fitted".')
        counts = {g: n for g, n in _counts(modes, n_clusters).items() if g in used}
        return cls({g: modes[g] for g in used}, counts, average)

    def those(self, mode: str) -> tuple[str, ...]:
        """The groups of one mode."""
        return tuple(g for g, m in self.modes.items() if m == mode)


def _modes(known: Collection[str], clusters: Any) -> dict[str, str]:
    if not isinstance(clusters, Mapping):
        mode = _mode(clusters)
        return dict.fromkeys(known, mode)
    for name in clusters:
        if name not in known:
            raise PredictionError(
                f"clusters names the group {name!r}; the model has {listed(known) or 'none'}."
                + did_you_mean(str(name), known)
            )
    return {g: _mode(m) for g, m in clusters.items()}


def _mode(mode: Any) -> str:
    if not isinstance(mode, str) or mode not in MODES:
        raise PredictionError(
            f"clusters must be one of {listed(MODES)}, or a mapping from groups to them, "
            f"not {mode!r}.{did_you_mean(str(mode), MODES)}"
        )
    return mode


def _counts(modes: Mapping[str, str], n_clusters: Any) -> dict[str, int]:
    new = [g for g, m in modes.items() if m == NEW]
    if n_clusters is None:
        return dict.fromkeys(new, 1)
    if not new and modes:
        raise PredictionError('n_clusters is for clusters="new".')
    if isinstance(n_clusters, Mapping):
        for name in n_clusters:
            if name not in new:
                raise PredictionError(
                    f"n_clusters names {name!r}; the groups with new clusters are {listed(new)}."
                )
        return {g: _count(n_clusters.get(g, 1)) for g in new}
    if len(new) > 1:
        raise PredictionError(
            f"n_clusters must say how many of each of {listed(new)}, as "
            f"{dict.fromkeys(new, n_clusters)}."
        )
    return dict.fromkeys(new, _count(n_clusters))


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise PredictionError(f"n_clusters must be a whole number above 0, not {value!r}.")
    return int(value)


@dataclass(frozen=True)
class Crossing:
    """The clusters that rows are crossed with: cells that stay apart, members that are averaged.

    Attributes
    ----------
    labels : Index or None
        Of the cells, along a dimension of their own; None where there is one and no dimension.
    cells : tuple of tuple of mapping
        For each cell its members; each says for every crossed group the level of each row.
    """

    labels: pd.Index | None
    cells: tuple[tuple[Mapping[str, np.ndarray], ...], ...]

    @property
    def averages(self) -> bool:
        """Whether a cell has several members."""
        return any(len(cell) > 1 for cell in self.cells)

    @property
    def dim(self) -> str:
        """The cells' dimension."""
        return "cluster" if isinstance(self.labels, pd.MultiIndex) else self.labels.name


PLAIN = Crossing(None, (({},),))
"""Each row has the clusters that it says it has."""


def cross(
    clusters: Clusters,
    groups: Mapping[str, Group],
    own: Mapping[str, Located],
    fitted: Fitted,
    apart: Mapping[str, np.ndarray],
    rows: int,
) -> tuple[dict[str, Located], Crossing]:
    """The levels of groups that are crossed with the rows, and how.

    A new cluster within another (a class in a school) is a new one in each of those; one of a
    group with ``by`` is one in each of its levels.

    Parameters
    ----------
    clusters : Clusters
    groups : mapping of str to Group
        Those of the fit.
    own : mapping of str to Located
        Groups whose fitted levels the rows name themselves.
    fitted : Fitted
        The clusters of groups whose levels they don't name.
    apart : mapping of str to ndarray
        For groups with new clusters: what tells those of rows apart, rows × kinds, the ``by`` level
        last where there is one.
    rows : int
    """
    new = [_New.of(groups[g], groups, own, apart[g]) for g in clusters.those(NEW)]
    ranges = [range(clusters.counts[n.group.name]) for n in new]
    cells = []
    for levels in fitted.levels:
        at = {g: int(level[0]) if rows else 0 for g, level in levels.items()}
        choices = ({n.group.name: i for n, i in zip(new, c, strict=True)} for c in product(*ranges))
        cells.append([levels | {n.group.name: n.levels(at | c) for n in new} for c in choices])
    if fitted.labels is None or clusters.average:
        cells = [[member for cell in cells for member in cell]]
    first = cells[0][0] if cells[0] else {}
    located = {g: Located(first[g]) for g in fitted.levels[0]}
    located |= {n.group.name: n.located(first[n.group.name]) for n in new}
    labels = None if clusters.average else fitted.labels
    return located, Crossing(labels, tuple(map(tuple, cells)))


@dataclass(frozen=True)
class Fitted:
    """The clusters of the study that rows are crossed with.

    Attributes
    ----------
    levels : tuple of mapping of str to ndarray
        For each combination of clusters the level of every row, by group.
    labels : Index or None
        Of the combinations; None where there is nothing to cross with.
    """

    levels: tuple[Mapping[str, np.ndarray], ...] = ({},)
    labels: pd.Index | None = None

    @classmethod
    def of(cls, groups: list[Group], rows: int) -> Fitted:
        """Those levels that occur together in the data, whatever the rows are."""
        if not groups:
            return cls()
        known = np.unique(np.stack([g.index for g in groups], axis=1), axis=0).astype(np.int64)
        names = [g.name for g in groups]
        levels = tuple(
            {n: np.full(rows, k) for n, k in zip(names, at, strict=True)} for at in known
        )
        columns = [[g.levels[k] for k in known[:, j]] for j, g in enumerate(groups)]
        return cls(levels, _labels(columns, names))

    @classmethod
    def in_columns(cls, groups: list[Group], frame: pd.DataFrame, newdata: pd.DataFrame) -> Fitted:
        """Where rows name a part of the levels: every combination of the columns that they miss.

        Raises
        ------
        PredictionError
            If one of the combinations has no level in the fit.
        """
        members = dict.fromkeys(m for g in groups for m in g.members)
        missing = [m for m in members if m not in newdata.columns]
        known = frame[missing].drop_duplicates().sort_values(missing)
        levels = []
        for at in known.itertuples(index=False, name=None):
            rows = newdata.assign(**dict(zip(missing, at, strict=True)))
            levels.append({g.name: _known(g, rows) for g in groups})
        return cls(tuple(levels), _labels([list(known[m]) for m in missing], missing))


def _known(group: Group, rows: pd.DataFrame) -> np.ndarray:
    located = group.locate(rows, allow_new_levels=True)
    if located.new:
        at = int((located.index >= group.size).argmax())
        values = ", ".join(f"{m} = {rows[m].iloc[at]!r}" for m in group.members)
        raise PredictionError(
            f"Group {group.name!r} has no fitted level for {values}, which the rows ask for; name "
            "the clusters in newdata."
        )
    return located.index


def _labels(columns: list[list[Any]], names: list[str]) -> pd.Index:
    if len(names) == 1:
        return pd.Index(columns[0], name=names[0], dtype=object).infer_objects()
    return pd.MultiIndex.from_arrays(columns, names=names)


@dataclass(frozen=True)
class _New:
    """The new clusters of a group, numbered as they are asked for.

    Attributes
    ----------
    group : Group
    within : tuple of str
        The groups that its clusters are parts of.
    kinds : ndarray
        What tells the new clusters of rows apart, kinds × (levels that rows name themselves, and
        the level of ``by`` last).
    kind_of_row : ndarray of int
    numbers : dict
    """

    group: Group
    within: tuple[str, ...]
    kinds: np.ndarray
    kind_of_row: np.ndarray
    numbers: dict[tuple[int, ...], int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        group: Group,
        groups: Mapping[str, Group],
        own: Mapping[str, Located],
        apart: np.ndarray,
    ) -> _New:
        """None of them yet."""
        others = {g: set(o.members) for g, o in groups.items() if not o.multiple}
        within = tuple(g for g, members in others.items() if members < set(group.members))
        named = [own[g].index[:, None] for g in within if g in own]
        codes = np.concatenate([*named, apart], axis=1)
        kinds, kind_of_row = np.unique(codes, axis=0, return_inverse=True)
        return cls(group, within, kinds, kind_of_row.reshape(-1))

    def levels(self, at: Mapping[str, int]) -> np.ndarray:
        """The level of each row, given which fitted or new cluster of each group it is in."""
        name = (at[self.group.name], *(at[g] for g in self.within if g in at))
        names = ((*name, *map(int, kind)) for kind in self.kinds)
        numbers = [self.numbers.setdefault(n, len(self.numbers)) for n in names]
        return self.group.size + np.array(numbers, np.int64)[self.kind_of_row]

    def located(self, index: np.ndarray) -> Located:
        """All of them with their names, by which their random streams are known."""
        names = tuple(f"new {'.'.join(map(str, name))}" for name in self.numbers)
        by = None if self.group.by is None else np.array([n[-1] for n in self.numbers], np.int64)
        return Located(index, names, by)


def told(
    clusters: Clusters, groups: Mapping[str, Group], own: Mapping[str, Located], how: str
) -> dict[str, str]:
    """What a prediction averages, draws and holds, in words."""
    averaged = [f"{g}: infinitely many clusters" for g in clusters.those(POPULATION)]
    averaged += [f"{g}: {n} new clusters" for g, n in clusters.counts.items() if n > 1]
    if clusters.average:
        averaged += [f"{g}: the {groups[g].size} fitted levels" for g in clusters.those(FITTED)]
    drawn = [f"{g}: {_from(groups[g], how)}" for g in clusters.those(NEW)]
    held = [f"{g}: effects at zero" for g in clusters.those(AVERAGE)]
    held += [f"{g}: the fitted level of each row" for g in own]
    clusters_text = ", ".join(f"{g}: {mode}" for g, mode in clusters.modes.items())
    lists = {"averaged": averaged, "drawn": drawn, "held": held}
    texts = {name: "; ".join(items) or "nothing" for name, items in lists.items()}
    return {"clusters": clusters_text or "no groups", **texts}


def _from(group: Group, how: str) -> str:
    return HOW[how].replace("normal", "Student") if group.dist == "student" else HOW[how]


HOW = {
    "gaussian": "new clusters, normal with each draw's sd and cor",
    "uncertainty": "new clusters, each draw's effects those of a fitted level chosen anew",
    "old_levels": "new clusters, with the effects of one fitted level",
}
"""Where the effects of new clusters are from."""
