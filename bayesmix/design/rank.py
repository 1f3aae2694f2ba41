"""Population columns that the data can't tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import qr

from bayesmix.design.build import PredictorDesign
from bayesmix.design.matrix import Matrix
from bayesmix.errors import FormulaError

TOLERANCE = 1e-9


def check_rank(predictor: PredictorDesign, flat: Sequence[bool]) -> None:
    """FormulaError for a constant column, or collinear ones with flat priors.

    Parameters
    ----------
    predictor : PredictorDesign
    flat : sequence of bool
        For each coefficient but the intercept, whether its prior is flat.
    """
    matrix, intercept = predictor.columns.matrix, predictor.columns.has_intercept
    if intercept:
        _check_constant(matrix, predictor.predictor.source)
    columns = matrix.values[:, intercept:]
    loose = np.flatnonzero(np.asarray(flat, bool))
    if loose.size:
        centred = columns[:, loose] - (columns[:, loose].mean(axis=0) if intercept else 0.0)
        names = [matrix.names[intercept + i] for i in loose]
        _check_collinear(centred, names, matrix, loose + intercept, predictor.predictor.source)


def _check_constant(matrix: Matrix, source: str) -> None:
    values = matrix.values[:, 1:]
    constant = np.ptp(values, axis=0) <= 1e-12 * np.abs(values).max(axis=0)
    if constant.any():
        at = 1 + int(constant.argmax())
        raise FormulaError(
            f"The column {matrix.names[at]!r} is constant ({matrix.values[0, at]:g}); "
            "its coefficient can't be told from the intercept.",
            source,
            matrix.coded[matrix.term_of[at]].term.span,
            hint="Leave the term out, or the intercept: '0 + …'.",
        )


def _check_collinear(
    columns: np.ndarray, names: list[str], matrix: Matrix, at: np.ndarray, source: str
) -> None:
    """The first column that those before it determine."""
    scale = np.linalg.norm(columns, axis=0)
    normed = columns / np.where(scale > 0, scale, 1.0)
    diagonal = np.abs(np.diag(qr(normed, mode="r", check_finite=False)[0]))
    rank_short = columns.shape[1] > columns.shape[0]
    dependent = np.flatnonzero(diagonal < TOLERANCE)
    if not dependent.size and not rank_short:
        return
    j = int(dependent[0]) if dependent.size else columns.shape[0]
    weights = np.linalg.lstsq(normed[:, :j], normed[:, j], rcond=None)[0] if j else np.empty(0)
    partners = [names[i] for i in np.flatnonzero(np.abs(weights) > 1e-6)]
    raise FormulaError(
        f"The column {names[j]!r} is collinear: "
        + (f"{', '.join(map(repr, partners))} determine it." if partners else "it is all zeros."),
        source,
        matrix.coded[matrix.term_of[int(at[j])]].term.span,
        hint="Leave a term out, or give these coefficients a proper prior "
        "(`prior('normal(0, 1)', 'b')`).",
    )
