"""Responses some of whose values are parameters: missing ones, or those measured with errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.design.response import ResponseData
from bayesmix.errors import FormulaError, listed
from bayesmix.formula.drawn import drawn_factors
from bayesmix.formula.imputed import SPELLING, has_missing, is_imputed
from bayesmix.formula.tree import Call, Formula, Name, render
from bayesmix.parameters import MAIN, Parameter, Role, Target, Transform, labels

if TYPE_CHECKING:
    from bayesmix.design.contributions import Values

MISSING, TRUE = "Ymi", "Yl"
"""What brms calls missing values, and all values of a response that was measured with errors."""


@dataclass(frozen=True)
class Imputed:
    """The values of a response as a factor of terms: ``mi(x)``.

    Attributes
    ----------
    column : str
    variable : str
        Those that are parameters, among the draws.
    values : ndarray
        Of the rows; anything where they are parameters.
    index : ndarray of int
        For each row the place among those; -1 where its value is known.
    """

    column: str
    variable: str
    values: np.ndarray
    index: np.ndarray

    @property
    def new_variable(self) -> str:
        """What imputed values of new rows are called among draws."""
        return f"{self.variable} of new rows"

    def on(self, frame: pd.DataFrame) -> Imputed:
        """Those of new rows, where missing ones are imputed (`bayesmix.predict.imputed`)."""
        values = frame[self.column].to_numpy(float)
        missing = np.isnan(values)
        index = np.where(missing, missing.cumsum() - 1, -1)
        return replace(self, variable=self.new_variable, values=values, index=index)

    def at(self, values: Values, rows: slice) -> np.ndarray:
        """Those on some rows: rows, or samples × rows where some are parameters."""
        known, at = self.values[rows], self.index[rows]
        if not (at >= 0).any():
            return known
        drawn = values[self.variable]
        made = np.broadcast_to(known, (len(drawn), len(known))).copy()
        made[:, at >= 0] = drawn[:, at[at >= 0]]
        return made

    def of_rows(self, made: Mapping[str, Any], m: Any) -> Any:
        """Those on all rows, of tensors."""
        return filled(self.values, self.index, made.get(self.variable), m)


def filled(known: np.ndarray, index: np.ndarray, drawn: Any, m: Any) -> Any:
    """Values of rows, those with an index from what is drawn."""
    if not (index >= 0).any():
        return known
    places = np.where(index >= 0, len(known) + index, np.arange(len(known)))
    return m.concatenate([known, drawn])[places]


def latent_index(data: ResponseData) -> np.ndarray:
    """For each row its place among the values that are parameters, or -1."""
    if data.latent is None:
        return np.full(len(data.y), -1)
    index = np.full(len(data.y), -1)
    index[data.latent] = np.arange(len(data.latent))
    return index


def latent_variable(data: ResponseData, resp: str) -> str:
    """The variable of a response's values that are parameters."""
    return Target(resp, MAIN).called(TRUE if "sdy" in data.aux else MISSING)


def latent_parameters(
    names: Sequence[str], responses: Sequence[ResponseData], frames: Sequence[pd.DataFrame]
) -> Iterator[Parameter]:
    """The values of responses that are parameters, without priors: the likelihood is theirs."""
    for resp, data, frame in zip(names, responses, frames, strict=True):
        if data.latent is not None and len(data.latent):
            target, name = Target(resp, MAIN), latent_variable(data, resp)
            what = TRUE if "sdy" in data.aux else MISSING
            dim, rows = f"{target.prefix}{what}_row", labels(frame.index[data.latent])
            made = Transform.STANDARDISED
            yield Parameter(name, Role.IMPUTED, target, (dim,), (rows,), transform=made)


def check_calls(formulas: Sequence[Formula]) -> None:
    """Whether each ``mi()`` is of a response with ``| mi()``, and none is predicted by itself.

    Raises
    ------
    FormulaError
    """
    follows: dict[str, set[str]] = {}
    for f in formulas:
        own = render(f.response.expr)
        for call, source in _calls(f):
            _check(call.args[0], call, source, formulas)
            follows.setdefault(own, set()).add(render(call.args[0]))
            _check_order(own, follows, call, source)


def build_imputed(
    formulas: Sequence[Formula], names: Sequence[str], responses: Sequence[ResponseData]
) -> dict[str, Imputed]:
    """By the text of each call of ``mi()`` the values that it stands for.

    Raises
    ------
    FormulaError
        For a response with other rows.
    """
    texts = (render(f.response.expr) for f in formulas)
    known = dict(zip(texts, zip(names, responses, strict=True), strict=True))
    found: dict[str, Imputed] = {}
    for f, data in zip(formulas, responses, strict=True):
        for call, source in _calls(f):
            column = call.args[0]
            resp, of = known[render(column)]
            if len(of.y) != len(data.y):
                raise FormulaError(
                    f"{render(column)!r} and {render(f.response.expr)!r} have rows of their own, "
                    "and mi() needs a value of each row.",
                    source,
                    call.span,
                    hint="Leave subset() out, or give both responses the same rows.",
                )
            variable, index = latent_variable(of, resp), latent_index(of)
            found[render(call)] = Imputed(column.name, variable, of.y, index)
    return found


def _calls(formula: Formula) -> Iterator[tuple[Call, str]]:
    """Every call of ``mi()``, with the text that it stands in."""
    for _, predictor in formula.predictors:
        for terms in (predictor.population, *(g.coefs for g in predictor.groups)):
            for factor in (f for t in terms.terms for f in drawn_factors(t)):
                if is_imputed(factor):
                    yield factor, predictor.source


def _check(column: Name, call: Call, source: str, formulas: Sequence[Formula]) -> None:
    name = render(column)
    if name in {render(f.response.expr) for f in formulas if has_missing(f)}:
        return
    if name in {render(f.response.expr) for f in formulas}:
        hint = f"Write '{name} | mi() ~ …' there; a response that is complete is a column."
        what = f"The formula of {name!r} doesn't say that values are missing."
    else:
        hint = SPELLING
        what = f"mi({name}) needs a formula of {name!r}; there are those of " + listed(
            render(f.response.expr) for f in formulas
        )
        what += "."
    raise FormulaError(what, source, call.span, hint=hint)


def _check_order(own: str, follows: Mapping[str, set[str]], call: Call, source: str) -> None:
    """No response is predicted by itself, whatever is in between."""
    seen, left = set(), [own]
    while left:
        for name in follows.get(left.pop(), ()):
            if name == own:
                raise FormulaError(
                    f"{own!r} would be predicted by itself.",
                    source,
                    call.span,
                    hint="Of two responses one can be predicted by the other.",
                )
            if name not in seen:
                seen.add(name)
                left.append(name)
