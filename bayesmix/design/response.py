"""The response and its addition terms, as numbers that the family accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.design.factors import evaluate
from bayesmix.errors import DataError, FormulaError, listed
from bayesmix.formula.tree import Name, Response, render

if TYPE_CHECKING:
    from bayesmix.families import Family


@dataclass(frozen=True)
class ResponseData:
    """A response on one set of rows.

    Attributes
    ----------
    name : str
        The response as the formula writes it.
    y : ndarray
    aux : mapping of str to ndarray
        Addition terms, one value a row; ``weights`` among them.
    levels : tuple or None
        Labels of a two-level response coded 0 and 1.
    """

    name: str
    y: np.ndarray
    aux: Mapping[str, np.ndarray]
    levels: tuple[Any, ...] | None = None


def build_response(
    response: Response, family: Family, frame: pd.DataFrame, functions: Mapping[str, Any]
) -> ResponseData:
    """The response on the data of the fit, checked by the family.

    Raises
    ------
    FormulaError
        For an addition term that the family needs or can't use.
    DataError
        For a response, trials or weights that can't be.
    """
    _check_additions(response, family)
    levels = _levels(response, frame)
    y = response_values(response, frame, functions, levels, family)
    aux = additions(response, frame, functions)
    family.check(y, aux, frame.index)
    return ResponseData(render(response.expr), y, aux, levels)


def response_values(
    response: Response,
    frame: pd.DataFrame,
    functions: Mapping[str, Any],
    levels: tuple[Any, ...] | None,
    family: Family,
) -> np.ndarray:
    """The response as numbers; a two-level category as 0 (its first level) and 1."""
    if levels is None:
        return evaluate(response.expr, frame, functions, response.source)
    if family.name != "bernoulli":
        raise DataError(
            f"The response {render(response.expr)!r} is a category with the levels "
            f"{listed(levels)}; family {family.name!r} needs numbers."
        )
    if len(levels) != 2:
        raise DataError(
            f"The response {render(response.expr)!r} has {len(levels)} levels, {listed(levels)}; "
            "family 'bernoulli' needs two."
        )
    return frame[response.expr.name].cat.codes.to_numpy(float)


def additions(
    response: Response, frame: pd.DataFrame, functions: Mapping[str, Any], names: Any = None
) -> dict[str, np.ndarray]:
    """The values of the addition terms (only those in `names`, if given)."""
    wanted = [a for a in response.additions if names is None or a.name in names]
    values = {a.name: evaluate(a.args[0], frame, functions, response.source) for a in wanted}
    if "weights" in values:
        _check_weights(values["weights"], frame.index)
    return values


def _levels(response: Response, frame: pd.DataFrame) -> tuple[Any, ...] | None:
    if not isinstance(response.expr, Name):
        return None
    column = frame[response.expr.name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        return tuple(column.cat.categories)
    return None


def _check_additions(response: Response, family: Family) -> None:
    given = {a.name for a in response.additions}
    for name in family.needs:
        if name not in given:
            raise FormulaError(
                f"Family {family.name!r} needs {name}().",
                response.source,
                response.expr.span,
                hint=f"write `{render(response.expr)} | {name}(…) ~ …`.",
            )
    for a in response.additions:
        if a.name != "weights" and a.name not in family.needs:
            raise FormulaError(
                f"Family {family.name!r} can't use {a.name}().", response.source, a.span
            )


def _check_weights(weights: np.ndarray, rows: pd.Index) -> None:
    if (weights < 0).any():
        row = rows[(weights < 0).argmax()]
        raise DataError(f"weights() must not be negative; it is {weights.min():g} in row {row!r}.")
