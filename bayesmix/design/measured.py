"""Covariates that were measured with known errors, and where rows find their true values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import first_row
from bayesmix.design.factors import On, Quantity, make_quantity, number_of
from bayesmix.design.frames import Frames
from bayesmix.design.groups import Group, build_group
from bayesmix.errors import FormulaError, listed
from bayesmix.formula.drawn import drawn_factors
from bayesmix.formula.measured import Measurement, is_measured
from bayesmix.formula.tree import Formula, render
from bayesmix.parameters import Parameter, Role, Slot, Transform, labels

if TYPE_CHECKING:
    from bayesmix.design.contributions import Values

MEANS, SDS, CORRELATIONS, TRUE = "meanme", "sdme", "corme", "Xme"
"""What brms calls what true values are drawn with, and them."""
MOST_ROWS_NAMED = 10


@dataclass(frozen=True)
class TrueValues:
    """Those of one covariate, a factor of terms.

    Attributes
    ----------
    variable : str
        The true values' name among the draws.
    number : int
        Which covariate of these it is.
    places : str
        The column of new rows that says where they find theirs.
    index : ndarray of int
        Where each row finds its own.
    """

    variable: str
    number: int
    places: str
    index: np.ndarray

    def on(self, frame: pd.DataFrame) -> TrueValues:
        """Those of new rows, which stand in a variable of their own (`bayesmix.predict.true`)."""
        return replace(self, variable=self.places, index=frame[self.places].to_numpy())

    def at(self, values: Values, rows: slice) -> np.ndarray:
        """Those on some rows: samples × rows."""
        return values[self.variable][:, self.index[rows], self.number]

    def of_rows(self, made: Mapping[str, Any], m: Any) -> Any:
        """Those on all rows, of tensors."""
        return made[self.variable][self.index, self.number]


@dataclass(frozen=True)
class Measured:
    """Covariates whose true values are drawn together: of rows, or of levels of a group.

    Attributes
    ----------
    terms : tuple of Measurement
        One for each covariate.
    quantities : tuple of (Quantity, Quantity)
        What was measured, and its standard error.
    source : str
        The text that the first stands in.
    group : Group or None
        That of ``gr=``.
    places : Index
        The rows or levels that have true values.
    values, noise : ndarray
        Measurements and their standard errors, places × covariates.
    index : ndarray of int
        The place of each row.
    correlated : bool
        Whether true values of several covariates are.
    """

    terms: tuple[Measurement, ...]
    quantities: tuple[tuple[Quantity, Quantity], ...]
    source: str
    group: Group | None
    places: pd.Index
    values: np.ndarray
    noise: np.ndarray
    index: np.ndarray
    correlated: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The covariates."""
        return tuple(render(t.x) for t in self.terms)

    @property
    def coefs(self) -> tuple[str, ...]:
        """What priors call them."""
        return tuple(f"me{name}" for name in self.names)

    def named(self, what: str) -> str:
        """A variable of the posterior."""
        return what if self.group is None else f"{what}_{self.group.name}"

    @property
    def new_places(self) -> str:
        """What new rows' true values are called among draws."""
        return f"{self.named(TRUE)} of new rows"

    def truths(self) -> Iterator[tuple[str, TrueValues]]:
        """The text of each call, and its true values."""
        for k, t in enumerate(self.terms):
            yield t.label, TrueValues(self.named(TRUE), k, self.new_places, self.index)

    @property
    def spread(self) -> np.ndarray:
        """What the standard deviations of true values seem to be; a third of measurements' else."""
        total, errors = self.values.var(axis=0), (self.noise**2).mean(axis=0)
        return np.sqrt(np.maximum(np.maximum(total - errors, total / 9), 1e-12))

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The covariates whose correlations are parameters, row by row under the diagonal."""
        size = len(self.terms) if self.correlated else 1
        return tuple((j, i) for i in range(size) for j in range(i))

    @property
    def parameters(self) -> Iterator[Parameter]:
        """Means, standard deviations, correlations and true values."""
        dim, owner = self._dim("me"), "" if self.group is None else self.group.name
        for what, lower in ((MEANS, -np.inf), (SDS, 0.0)):
            slots = tuple(Slot(what, coef=coef, lower=lower) for coef in self.coefs)
            yield Parameter(self.named(what), Role.MEASURED, owner, (dim,), (self.names,), slots)
        if self.pairs:
            pairs = tuple(f"{self.names[j]}, {self.names[i]}" for j, i in self.pairs)
            axes, slots = ((f"{dim}_pair",), (pairs,)), (Slot(CORRELATIONS, group=owner),)
            made, name = Transform.CORRELATION, self.named(CORRELATIONS)
            yield Parameter(name, Role.CORRELATIONS, owner, *axes, slots, made)
        rows = owner or f"{TRUE}_row"
        axes = (rows, dim), (labels(self.places), self.names)
        made = Transform.STANDARDISED
        yield Parameter(self.named(TRUE), Role.TRUE_VALUES, owner, *axes, transform=made)

    def _dim(self, what: str) -> str:
        return what if self.group is None else f"{self.group.name}_{what}"

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions that no group names."""
        dim = self._dim("me")
        return (dim, f"{dim}_pair", f"{TRUE}_row")

    def on(self, frame: pd.DataFrame, numbers: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """Some of the measurements and their errors on other rows: rows × covariates each."""
        pairs = [self.quantities[k] for k in numbers]
        values, noise = ([p[i].on(frame) for p in pairs] for i in (0, 1))
        return np.stack(values, axis=1), np.stack(noise, axis=1)


def build_measured(
    formulas: Sequence[Formula], frames: Frames, functions: Mapping[str, Any]
) -> tuple[Measured, ...]:
    """The measured covariates of all predictors, those of one ``gr=`` together.

    Raises
    ------
    FormulaError
        If one isn't numeric, or a standard error not above 0; if rows of a level differ, or a
        covariate is there with two errors; if responses have rows of their own.
    """
    found: dict[str, tuple[Measurement, On]] = {}
    for term, source in measurements(formulas):
        name, on = render(term.x), (frames.whole, functions, source)
        first, _ = found.setdefault(name, (term, on))
        if any(len(own) < len(frames.whole) for own in frames.own):
            raise FormulaError(
                "me() is for responses that have all rows, without subset().", source, term.span
            )
        if first.label != term.label:
            raise FormulaError(
                f"{name!r} is in {first.label} and in {term.label}, but has one true value.",
                source,
                term.span,
                hint="Write it the same way everywhere.",
            )
    groups = dict.fromkeys(term.group for term, _ in found.values())
    return tuple(
        _together(
            [pair for pair in found.values() if pair[0].group == g], all(f.mecor for f in formulas)
        )
        for g in groups
    )


def measurements(formulas: Iterable[Formula]) -> Iterator[tuple[Measurement, str]]:
    """Every call of ``me()``, with the text that it stands in."""
    for predictor in (p for f in formulas for _, p in f.predictors):
        for terms in (predictor.population, *(g.coefs for g in predictor.groups)):
            for factor in (f for t in terms.terms for f in drawn_factors(t)):
                if is_measured(factor):
                    yield Measurement.of(factor), predictor.source


def _together(found: list[tuple[Measurement, On]], correlated: bool) -> Measured:
    """The covariates of one grouping factor, or of rows."""
    terms, (frame, _, source) = tuple(t for t, _ in found), found[0][1]
    quantities = tuple((make_quantity(t.x, *on), make_quantity(t.sdx, *on)) for t, on in found)
    values = np.stack([x.on(frame) for x, _ in quantities], axis=1)
    noise = np.stack([sdx.on(frame) for _, sdx in quantities], axis=1)
    for (term, on), errors in zip(found, noise.T, strict=True):
        _check_errors(term, errors, on)
    first = terms[0]
    if first.gr is None:
        index = np.arange(len(frame))
        return Measured(
            terms, quantities, source, None, frame.index, values, noise, index, correlated
        )
    group = build_group((first.group,), None, frame)
    for (term, on), own in zip(found, zip(values.T, noise.T, strict=True), strict=True):
        for what, column in zip(term.reads, own, strict=True):
            differ = differing(column, group.index)
            if differ.size:
                level, rows = group.levels[group.index[differ[0]]], frame.index[differ].tolist()
                raise FormulaError(
                    f"Level {level!r} of {group.name!r} has one true value of {render(term.x)!r}, "
                    f"but {render(what)!r} differs between its rows "
                    f"{listed(rows, limit=MOST_ROWS_NAMED)}.",
                    on[2],
                    what.span,
                    hint="Without gr= each row has a true value of its own.",
                )
    first_of = np.unique(group.index, return_index=True)[1]
    places = pd.Index(labels(group.levels), tupleize_cols=False)
    return Measured(
        terms,
        quantities,
        source,
        group,
        places,
        values[first_of],
        noise[first_of],
        group.index,
        correlated,
    )


def _check_errors(term: Measurement, errors: np.ndarray, on: On) -> None:
    low = errors <= 0
    if low.any():
        number = number_of(term.sdx)
        row = first_row(pd.Series(low, on[0].index))
        where = "" if number is not None else f", and is {errors[low][0]:g} in row {row}"
        raise FormulaError(
            f"The standard error of {render(term.x)!r} is above 0{where}.",
            on[2],
            term.sdx.span,
            hint="A covariate without error is a term without me().",
        )


def as_measured(
    x: np.ndarray, drawn: Iterable[Any], sets: Mapping[str, Measured]
) -> np.ndarray | None:
    """A column times measurements in the place of true values; None beside anything else drawn."""
    made = x
    for d in drawn:
        if not isinstance(d, TrueValues):
            return None
        made = made * sets[d.variable].values[d.index, d.number]
    return made


def differing(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """The rows of the first level whose rows have different values; none if there is no such."""
    first = np.unique(index, return_index=True)
    wrong = values != values[first[1]][np.searchsorted(first[0], index)]
    return np.flatnonzero(index == index[wrong.argmax()]) if wrong.any() else np.empty(0, int)
