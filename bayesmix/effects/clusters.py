"""One comparison, six questions: what a change does in which clusters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.effects.comparisons import comparisons
from bayesmix.effects.estimates import Estimates
from bayesmix.effects.expectations import Question
from bayesmix.effects.predictions import rows_of
from bayesmix.errors import PredictionError, listed
from bayesmix.spec import ModelSpec


@dataclass(frozen=True)
class Asked:
    """One of the questions: in words, as a call, and what the call makes of a request."""

    question: str
    call: str
    changes: Mapping[str, Any]
    rows: Mapping[str, Any]


def cluster_comparisons(
    question: Question,
    newdata: Any,
    asked: Any,
    comparison: Any,
    level: Any,
    n_clusters: Any,
) -> Estimates:
    """See `Fit.cluster_comparisons`."""
    rows = rows_of(question.spec, newdata)
    made = [
        _answer(question, rows, q, asked, comparison)
        for q in _questions(question.spec, level, n_clusters)
    ]
    described = pd.concat([rows for rows, _ in made], ignore_index=True)
    values = np.concatenate([answer.values for _, answer in made], axis=1)
    about = {"drawn": made[3][1].about["drawn"], "averaged": "as each row's clusters say"}
    first = made[0][1]
    return replace(first, rows=described, values=values, about=about, widths=True)


def _answer(
    question: Question, rows: pd.DataFrame, q: Asked, asked: Any, comparison: Any
) -> tuple[pd.DataFrame, Estimates]:
    request = replace(question.request, **q.changes)
    answer = comparisons(
        replace(question, request=request), rows.assign(**q.rows), asked, comparison, True
    )
    described = answer.rows.copy()
    described.insert(0, "effect in", q.question)
    described.insert(1, "clusters", q.call)
    return described, answer


def _questions(spec: ModelSpec, level: Any, n_clusters: Any) -> list[Asked]:
    groups = spec.design.groups
    if not groups:
        raise PredictionError("The model has no groups, so there is one question and no six.")
    labels = _labels(spec, level)
    named = ", ".join(str(v) for v in labels.values())
    sizes = {g.name: g.size for g in groups}
    counts = n_clusters if n_clusters is not None else sizes
    if isinstance(counts, Mapping) and len(counts) == 1:
        (counts,) = counts.values()
    many = counts if not isinstance(counts, Mapping) else " × ".join(map(str, counts.values()))
    return [
        Asked("the average cluster", '"average"', {"clusters": "average"}, {}),
        Asked(f"fitted cluster {named}", '"fitted"', {"clusters": "fitted"}, labels),
        Asked(
            "the fitted clusters, averaged",
            '"fitted", average=True',
            {"clusters": "fitted", "average": True},
            {},
        ),
        Asked("a new cluster", '"new"', {"clusters": "new"}, {}),
        Asked(
            f"{many} new clusters, averaged",
            f'"new", n_clusters={counts}',
            {"clusters": "new", "n_clusters": counts},
            {},
        ),
        Asked("the population", '"population"', {"clusters": "population"}, {}),
    ]


def _labels(spec: ModelSpec, level: Any) -> dict[str, Any]:
    """Values of the groups' columns that name a fitted cluster; the first row's by default."""
    members = list(dict.fromkeys(m for g in spec.design.groups for m in g.members))
    if level is None:
        return {m: spec.design.frame[m].iloc[0] for m in members}
    if not isinstance(level, Mapping):
        if len(members) > 1:
            raise PredictionError(
                f"level must say which of {listed(members)}, as {dict.fromkeys(members, '…')}."
            )
        return {members[0]: level}
    missing = [m for m in members if m not in level]
    if missing:
        raise PredictionError(f"level says nothing of {listed(missing)}.")
    return {m: level[m] for m in members}
