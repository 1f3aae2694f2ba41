"""The response and its addition terms, as numbers that the family accepts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.design.calls import shown
from bayesmix.design.columns import first_row
from bayesmix.design.factors import Quantity, make_quantity
from bayesmix.errors import DataError, FormulaError, listed
from bayesmix.formula.tree import Expr, Name, Response, render

if TYPE_CHECKING:
    from bayesmix.families import Family


@dataclass(frozen=True)
class ResponseData:
    """A response on the data of the fit, and how to make it again from other data.

    Attributes
    ----------
    name : str
        The response as the formula writes it, without backticks.
    y : ndarray
    aux : mapping of str to ndarray
        Addition terms, one value a row; ``weights`` among them.
    levels : tuple or None
        Labels of a two-level response coded 0 and 1.
    quantity : Quantity or None
        Makes `y`; None where it is a category.
    additions : mapping of str to Quantity
        Make `aux`.
    """

    name: str
    y: np.ndarray
    aux: Mapping[str, np.ndarray]
    levels: tuple[Any, ...] | None = None
    quantity: Quantity | None = None
    additions: Mapping[str, Quantity] = field(default_factory=dict)

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        """The response in other (already checked) data; a category's second level is 1."""
        return _values(self.name, self.quantity, frame)

    def aux_on(self, frame: pd.DataFrame, wanted: Iterable[str]) -> dict[str, np.ndarray]:
        """The addition terms in `wanted` on other (already checked) data."""
        return _additions({name: self.additions[name] for name in wanted}, frame)


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

    def quantity(expr: Expr) -> Quantity:
        return make_quantity(expr, frame, functions, response.source)

    name, levels = shown(response.expr), _levels(response, frame)
    if levels is not None:
        _check_levels(name, levels, family)
    own = quantity(response.expr) if levels is None else None
    additions = {a.name: quantity(a.args[0]) for a in response.additions}
    y, aux = _values(name, own, frame), _additions(additions, frame)
    family.check(y, aux, frame.index)
    return ResponseData(name, y, aux, levels, own, additions)


def _values(name: str, quantity: Quantity | None, frame: pd.DataFrame) -> np.ndarray:
    return frame[name].cat.codes.to_numpy(float) if quantity is None else quantity.on(frame)


def _additions(quantities: Mapping[str, Quantity], frame: pd.DataFrame) -> dict[str, np.ndarray]:
    values = {name: q.on(frame) for name, q in quantities.items()}
    if "weights" in values:
        _check(values, "weights", values["weights"] >= 0, "must not be negative", frame.index)
    if "trials" in values:
        whole = (values["trials"] >= 1) & (values["trials"] % 1 == 0)
        _check(values, "trials", whole, "must be whole numbers, 1 or larger", frame.index)
    return values


def _check_levels(name: str, levels: tuple[Any, ...], family: Family) -> None:
    if family.name != "bernoulli":
        raise DataError(
            f"The response {name!r} is a category with the levels {listed(levels)}; "
            f"family {family.name!r} needs numbers."
        )
    if len(levels) != 2:
        raise DataError(
            f"The response {name!r} has {len(levels)} levels, {listed(levels)}; "
            "family 'bernoulli' needs two."
        )


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
                hint=f"Write `{render(response.expr)} | {name}(…) ~ …`.",
            )
    for a in response.additions:
        if a.name != "weights" and a.name not in family.needs:
            raise FormulaError(
                f"Family {family.name!r} can't use {a.name}().", response.source, a.span
            )


def _check(
    values: Mapping[str, np.ndarray], name: str, ok: np.ndarray, rule: str, rows: pd.Index
) -> None:
    bad = pd.Series(~ok, index=rows)
    if bad.any():
        raise DataError(f"{name}() {rule}; it is {values[name][bad][0]:g} in row {first_row(bad)}.")
