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
    average = fit.fitted(rows, clusters="average")
    return (
        Prediction(f"average {noun}", "group effects set to zero", average),
        Prediction(
            f"{noun} {demo.level}",
            "group effects as estimated from its data",
            fit.fitted(known, **as_estimated),
            _responses(fit, demo, known, as_estimated),
        ),
        Prediction(
            f"new {noun}",
            "group effects drawn from their distribution",
            fit.fitted(rows, **drawn),
            _responses(fit, demo, rows, drawn),
        ),
    )


def side_by_side(demo: Demo, predictions: Sequence[Prediction]) -> pd.DataFrame:
    """Expectations and intervals as text: a column for each cluster, a row for each grid value."""
    columns = {p.who: _texts(p.expected, demo.digits) for p in predictions}
    return pd.DataFrame(columns, index=pd.Index(demo.grid, name=demo.x, dtype=object))


def _responses(
    fit: Fit, demo: Demo, rows: pd.DataFrame, how: dict[str, Any]
) -> pd.DataFrame | None:
    """Nothing where the data have other numbers of trials than the predictions."""
    return None if demo.trials else fit.predict(rows, **how)


def _texts(table: pd.DataFrame, digits: int) -> list[str]:
    estimate, low, high = (_aligned(table[c], digits) for c in ("Estimate", "Q2.5", "Q97.5"))
    return [f"{e}  [{a}, {b}]" for e, a, b in zip(estimate, low, high, strict=True)]


def _aligned(values: pd.Series, digits: int) -> list[str]:
    texts = [f"{v:.{digits}f}" for v in values]
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts]
