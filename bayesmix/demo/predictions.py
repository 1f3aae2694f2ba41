"""The three predictions of a demo: for the average, a fitted and a new cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bayesmix.demo.models import Demo
from bayesmix.fit import Fit
from bayesmix.plots import Prediction


def three_predictions(fit: Fit, demo: Demo, seed: int | None) -> tuple[Prediction, ...]:
    """Predictions for the average cluster, a fitted one and a new one.

    The new cluster's effects are drawn from the normal distribution of the fitted ones, so its
    interval holds what is uncertain about the average and how much clusters differ.
    """
    rows, noun = demo.rows, demo.noun
    known = rows.assign(**{demo.group: demo.level})
    as_estimated = {"clusters": "fitted", "random_seed": seed}
    drawn = {"clusters": "new", "random_seed": seed}
    average = _expected(fit, demo, rows, {"clusters": "average"})
    return (
        Prediction(f"average {noun}", "group effects set to zero", average),
        Prediction(
            f"{noun} {demo.level}",
            "group effects as estimated from its data",
            _expected(fit, demo, known, as_estimated),
            _responses(fit, demo, known, as_estimated),
        ),
        Prediction(
            f"new {noun}",
            "group effects drawn from their distribution",
            _expected(fit, demo, rows, drawn),
            _responses(fit, demo, rows, drawn),
        ),
    )


def side_by_side(demo: Demo, predictions: Sequence[Prediction]) -> pd.DataFrame:
    """Expectations and intervals as text: a column for each cluster, a row for each grid value."""
    columns = {p.who: _texts(p.expected, demo.digits) for p in predictions}
    return pd.DataFrame(columns, index=pd.Index(demo.grid, name=demo.x, dtype=object))


def _expected(fit: Fit, demo: Demo, rows: pd.DataFrame, how: dict[str, Any]) -> pd.DataFrame:
    """Of responses in several categories the probability of the event."""
    table = fit.fitted(rows, **how)
    if isinstance(table.index, pd.MultiIndex):
        return table.xs(demo.event, level="category")
    return table


def _responses(
    fit: Fit, demo: Demo, rows: pd.DataFrame, how: dict[str, Any]
) -> pd.DataFrame | None:
    """Nothing of single events, nor where data and predictions have other numbers of trials."""
    if demo.trials or demo.event is not None:
        return None
    return fit.predict(rows, **how)


def _texts(table: pd.DataFrame, digits: int) -> list[str]:
    estimate, low, high = (_aligned(table[c], digits) for c in ("Estimate", "Q2.5", "Q97.5"))
    return [f"{e}  [{a}, {b}]" for e, a, b in zip(estimate, low, high, strict=True)]


def _aligned(values: pd.Series, digits: int) -> list[str]:
    texts = [f"{v:.{digits}f}" for v in values]
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts]
