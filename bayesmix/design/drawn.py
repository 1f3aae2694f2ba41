"""Columns that are multiplied by what hangs on draws: steps of ``mo()``, true values of ``me``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from bayesmix.design.columns import Use, uses_of
from bayesmix.design.factors import On
from bayesmix.design.matrix import Matrix, build_matrix
from bayesmix.design.measured import TrueValues
from bayesmix.design.monotonic import Steps, build_steps, plain
from bayesmix.errors import FormulaError
from bayesmix.formula.drawn import drawn_factors, parted, reads_of
from bayesmix.formula.monotonic import is_monotonic, monotonic_factors, shared_id
from bayesmix.formula.tree import GroupTerm, Predictor, Term, Terms, render
from bayesmix.parameters import Parameter, Target

if TYPE_CHECKING:
    from bayesmix.design.contributions import Values


class Drawn(Protocol):
    """What a column is multiplied by on each row."""

    def on(self, frame: pd.DataFrame) -> Drawn:
        """The same on other, already checked, rows."""

    def at(self, values: Values, rows: slice) -> np.ndarray:
        """Its values on some rows: samples × rows."""

    def of_rows(self, made: Mapping[str, Any], m: Any) -> Any:
        """Its values on all rows, of tensors."""


OfEach = tuple[tuple[Drawn, ...], ...]
"""Those of each coefficient."""


def multiplied(x: np.ndarray, drawn: Iterable[Drawn], values: Values, rows: slice) -> np.ndarray:
    """A column on some rows times what is drawn: rows, or samples × rows where something is."""
    made = x[rows]
    for d in drawn:
        made = made * d.at(values, rows)
    return made


@dataclass(frozen=True)
class DrawnColumns:
    """The population's terms with ``mo()`` or ``me()``: columns times coefficients times these.

    Attributes
    ----------
    target : Target
    first : int
        Where its coefficients begin among all of the predictor.
    matrix : Matrix
        In which every such call is a column of ones.
    drawn : tuple of tuple of Drawn
        Of each coefficient.
    """

    target: Target
    first: int
    matrix: Matrix
    drawn: OfEach

    @property
    def names(self) -> tuple[str, ...]:
        return self.matrix.names

    @property
    def steps(self) -> tuple[tuple[Steps, ...], ...]:
        """Of each coefficient those of ``mo()``."""
        return tuple(tuple(d for d in of if isinstance(d, Steps)) for of in self.drawn)

    @property
    def values(self) -> np.ndarray:
        """Rows × what the data say of each coefficient: its column and how many steps."""
        codes = (s.codes for of in self.steps for s in of)
        return np.column_stack([self.matrix.values, *codes])

    @property
    def of_coefficients(self) -> Iterator[tuple[int, np.ndarray, tuple[Drawn, ...]]]:
        """The place of each coefficient among those of the predictor, its column, and the rest."""
        columns = zip(self.matrix.values.T, self.drawn, strict=True)
        return ((self.first + k, x, drawn) for k, (x, drawn) in enumerate(columns))

    @cached_property
    def shares(self) -> dict[str, Steps]:
        """By variable the first steps that have it."""
        found: dict[str, Steps] = {}
        for s in chain.from_iterable(self.steps):
            found.setdefault(s.variable, s)
        return found

    @property
    def parameters(self) -> Iterator[Parameter]:
        """The shares of steps; true values are parameters of the model."""
        return (s.parameter(self.target) for s in self.shares.values())

    def uses(self, source: str) -> list[Use]:
        factors = (f for t in self.matrix.terms.terms for f in t.factors)
        return uses_of((e for f in factors for e in reads_of(f)), source)

    def on(self, frame: pd.DataFrame) -> DrawnColumns:
        matrix = replace(self.matrix, values=self.matrix.on(frame))
        return replace(self, matrix=matrix, drawn=drawn_on(self.drawn, frame))

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        b = values[self.target.variable]
        for at, x, drawn in self.of_coefficients:
            eta += b[:, at, None] * multiplied(x, drawn, values, rows)


def drawn_on(drawn: OfEach, frame: pd.DataFrame) -> OfEach:
    """What each coefficient is multiplied by, on other rows."""
    return tuple(tuple(d.on(frame) for d in of) for of in drawn)


def with_levels(frame: pd.DataFrame, whole: Iterable[DrawnColumns]) -> pd.DataFrame:
    """Rows of the whole data with all of its ordered categories, some of which may have no row."""
    found = (s for c in whole for of in c.steps for s in of if s.quantity is None)
    columns = {
        s.column: pd.Categorical(frame[s.column], list(s.levels), ordered=True) for s in found
    }
    return frame.assign(**columns) if columns else frame


def build_drawn(
    predictor: Predictor,
    target: Target,
    on: On,
    first: int,
    truths: Mapping[str, TrueValues],
    whole: tuple[DrawnColumns, ...] = (),
) -> tuple[DrawnColumns, ...]:
    """The terms of a predictor's population that have ``mo()`` or ``me()``, or nothing.

    Parameters
    ----------
    predictor : Predictor
    target : Target
    on : (DataFrame, mapping, str)
    first : int
        Where its coefficients begin.
    truths : mapping of str to TrueValues
        By the text of the call.
    whole : tuple of DrawnColumns
        Those of all rows, where these are some of them: steps are their steps then.

    Raises
    ------
    FormulaError
        If steps of one id differ in number; see `build_steps`.
    """
    terms = parted(predictor.population)[1]
    if not terms.terms:
        return ()
    known = {s.label: s for c in whole for of in c.steps for s in of}
    matrix = _matrix(terms, on)
    drawn = tuple(
        tuple(_coefficient(name, terms.terms[i], target, on, truths, known))
        for name, i in zip(matrix.names, matrix.term_of, strict=True)
    )
    made = DrawnColumns(target, first, matrix, drawn)
    _check_sizes(made, on[2])
    return (made,)


def levels_drawn(
    term: GroupTerm,
    population: tuple[DrawnColumns, ...],
    on: On,
    truths: Mapping[str, TrueValues],
) -> tuple[Matrix, OfEach]:
    """A bracket's columns with such calls; shares of steps are those of the population's.

    Raises
    ------
    FormulaError
        If the population has no coefficient with these steps.
    """
    terms = parted(term.coefs)[1]
    matrix = _matrix(terms, on)
    known = {n: d for c in population for n, d in zip(c.names, c.drawn, strict=True)}
    for name, i in zip(matrix.names, matrix.term_of, strict=True):
        if name not in known and monotonic_factors(terms.terms[i]):
            raise FormulaError(
                f"{name!r} varies between the levels of {term.grouping.name!r}, but its steps have "
                "no shares: those of the population's term are for all levels.",
                on[2],
                terms.terms[i].span,
                hint=f"Write '{terms.terms[i].label}' outside of the parentheses too.",
            )
        if name not in known:
            known[name] = tuple(truths[render(f)] for f in drawn_factors(terms.terms[i]))
    return matrix, tuple(known[name] for name in matrix.names)


def _matrix(terms: Terms, on: On) -> Matrix:
    """Coded as beside an intercept, whether the formula has one or not, as in brms."""
    return build_matrix(replace(terms, intercept=True), *on).without_intercept()


def _coefficient(
    name: str,
    term: Term,
    target: Target,
    on: On,
    truths: Mapping[str, TrueValues],
    known: Mapping[str, Steps],
) -> Iterator[Drawn]:
    """What a coefficient is multiplied by, steps with the names of their shares."""
    number, count = 0, len(monotonic_factors(term))
    for call in drawn_factors(term):
        if not is_monotonic(call):
            yield truths[render(call)]
            continue
        number += 1
        own, shared = name if count == 1 else f"{name}_{number}", shared_id(call)
        variable = f"simo_{target.prefix}{shared or plain(own)}"
        found = known.get(render(call)) or build_steps(call, on)
        yield replace(found, variable=variable, coef=shared or f"{name}{number}").on(on[0])


def _check_sizes(made: DrawnColumns, source: str) -> None:
    """What shares an id has as many steps."""
    terms = made.matrix.terms.terms
    for i, steps in zip(made.matrix.term_of, made.steps, strict=True):
        for call, s in zip(monotonic_factors(terms[i]), steps, strict=True):
            first = made.shares[s.variable]
            if first.size != s.size:
                raise FormulaError(
                    f"{s.label} has {s.size} steps, and {first.label} has {first.size}: with the "
                    "same id they would share them.",
                    source,
                    call.span,
                )
