"""Monotonic effects on data: how many steps up each row is, and what shares the steps have.

Source: Bürkner, P.-C. and Charpentier, E. (2020), Modelling monotonic effects of ordinal predictors
in Bayesian regression models, British Journal of Mathematical and Statistical Psychology 73.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import Use, first_row, label_key, uses_of
from bayesmix.design.factors import On, Quantity, is_factor, make_quantity
from bayesmix.design.matrix import Matrix, build_matrix
from bayesmix.errors import FormulaError, PredictionError
from bayesmix.formula.monotonic import monotonic_factors, parted, read_of, shared_id
from bayesmix.formula.tree import Call, Expr, GroupTerm, Name, Predictor, Term, Terms, render
from bayesmix.parameters import Parameter, Role, Slot, Target, Transform, labels

if TYPE_CHECKING:
    from bayesmix.design.contributions import Values

MOST_STEPS = 1000
DEFAULT = "dirichlet(1)"


@dataclass(frozen=True)
class Steps:
    """One ``mo()`` of a coefficient: the steps up to each row, and whose shares they have.

    Attributes
    ----------
    label : str
        ``mo(x)``.
    quantity : Quantity or None
        The covariate, if it is a number.
    column : str
        The ordered categories else.
    levels : tuple
        Its values, from the lowest up.
    variable : str
        The shares' name in the posterior.
    coef : str
        What brms's priors call them.
    codes : ndarray of int
        How many steps above the lowest value each row is.
    """

    label: str
    quantity: Quantity | None
    column: str
    levels: tuple[Any, ...]
    variable: str
    coef: str
    codes: np.ndarray

    @property
    def size(self) -> int:
        """How many steps there are."""
        return len(self.levels) - 1

    def on(self, frame: pd.DataFrame) -> Steps:
        """The same on other, already checked, rows.

        Raises
        ------
        PredictionError
            For numbers that aren't whole, or beyond those of the fit.
        """
        if self.quantity is None:
            column = frame[self.column].cat
            places = {label_key(level): i for i, level in enumerate(self.levels)}
            of_category = np.array([places[label_key(c)] for c in column.categories], np.int64)
            return replace(self, codes=of_category[column.codes.to_numpy()])
        values, (least, *_, most) = self.quantity.on(frame), self.levels
        wrong = (values != np.floor(values)) | (values < least) | (values > most)
        if wrong.any():
            raise PredictionError(
                f"{self.label} is of whole numbers from {least} to {most}, those of the fit, and "
                f"has {values[wrong][0]:g} in row {first_row(pd.Series(wrong, frame.index))}."
            )
        return replace(self, codes=(values - least).astype(np.int64))

    def heights(self, shares: Any, m: Any) -> Any:
        """What the coefficient is multiplied by at each level: the last axis is that of steps."""
        below = m.zeros_like(shares[..., :1])
        return self.size * m.concatenate([below, m.cumsum(shares, axis=-1)], axis=-1)

    def at(self, values: Values, rows: slice) -> np.ndarray:
        """That on some rows: samples × rows."""
        return self.heights(values[self.variable], np)[:, self.codes[rows]]


def climbed(x: np.ndarray, steps: Iterable[Steps], values: Values, rows: slice) -> np.ndarray:
    """A column on some rows times its steps: rows, or samples × rows where it has some."""
    made = x[rows]
    for s in steps:
        made = made * s.at(values, rows)
    return made


def climbed_evenly(steps: Iterable[Steps]) -> np.ndarray:
    """What rows are multiplied by where all steps are of one size."""
    return np.prod([s.codes for s in steps], axis=0)


@dataclass(frozen=True)
class Monotonic:
    """The population's terms with ``mo()``: columns times coefficients times steps.

    Attributes
    ----------
    target : Target
    first : int
        Where its coefficients begin among all of the predictor.
    matrix : Matrix
        In which every ``mo()`` is a column of ones.
    steps : tuple of tuple of Steps
        Of each coefficient.
    """

    target: Target
    first: int
    matrix: Matrix
    steps: tuple[tuple[Steps, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return self.matrix.names

    @property
    def values(self) -> np.ndarray:
        """Rows × what the data say of each coefficient: its column and how many steps."""
        codes = (s.codes for of in self.steps for s in of)
        return np.column_stack([self.matrix.values, *codes])

    @property
    def of_coefficients(self) -> Iterator[tuple[int, np.ndarray, tuple[Steps, ...]]]:
        """The place of each coefficient among those of the predictor, its column and its steps."""
        columns = zip(self.matrix.values.T, self.steps, strict=True)
        return ((self.first + k, x, steps) for k, (x, steps) in enumerate(columns))

    @cached_property
    def shares(self) -> dict[str, Steps]:
        """By variable the first steps that have it."""
        found: dict[str, Steps] = {}
        for s in chain.from_iterable(self.steps):
            found.setdefault(s.variable, s)
        return found

    @property
    def parameters(self) -> Iterator[Parameter]:
        """The shares; that of a single step is all there is, and no parameter."""
        for name, s in self.shares.items():
            alone = s.size == 1
            slot = Slot(
                "simo",
                self.target.dpar,
                "",
                s.coef,
                shares=0 if alone else s.size,
                fixed=1.0 if alone else None,
                default=DEFAULT,
            )
            transform = Transform.BOUNDED if alone else Transform.SHARES
            axes = (f"{_plain(s.label)}_step",), (labels(s.levels[1:]),)
            yield Parameter(name, Role.STEPS, self.target, *axes, (slot,), transform)

    def uses(self, source: str) -> list[Use]:
        return uses_of((f for t in self.matrix.terms.terms for f in t.factors), source)

    def on(self, frame: pd.DataFrame) -> Monotonic:
        matrix = replace(self.matrix, values=self.matrix.on(frame))
        return replace(self, matrix=matrix, steps=steps_on(self.steps, frame))

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        b = values[self.target.variable]
        for at, x, steps in self.of_coefficients:
            eta += b[:, at, None] * climbed(x, steps, values, rows)


def steps_on(
    steps: tuple[tuple[Steps, ...], ...], frame: pd.DataFrame
) -> tuple[tuple[Steps, ...], ...]:
    """The steps of each coefficient on other rows."""
    return tuple(tuple(s.on(frame) for s in of) for of in steps)


def with_levels(frame: pd.DataFrame, whole: Iterable[Monotonic]) -> pd.DataFrame:
    """Rows of the whole data with all of its ordered categories, some of which may have no row."""
    found = (s for c in whole for of in c.steps for s in of if s.quantity is None)
    columns = {
        s.column: pd.Categorical(frame[s.column], list(s.levels), ordered=True) for s in found
    }
    return frame.assign(**columns) if columns else frame


def build_monotonic(
    predictor: Predictor, target: Target, on: On, first: int, whole: tuple[Monotonic, ...] = ()
) -> tuple[Monotonic, ...]:
    """The terms of a predictor's population that have ``mo()``, or nothing.

    Those of the `whole` data are given where these are some of its rows: steps are its steps then.

    Raises
    ------
    FormulaError
        If a covariate isn't ordered, or has one value; if steps of one id differ in number.
    """
    terms = parted(predictor.population)[1]
    if not terms.terms:
        return ()
    known = {s.label: s for c in whole for of in c.steps for s in of}
    matrix = _matrix(terms, on)
    steps = tuple(
        tuple(_coefficient(name, terms.terms[i], target, on, known))
        for name, i in zip(matrix.names, matrix.term_of, strict=True)
    )
    made = Monotonic(target, first, matrix, steps)
    _check_sizes(made, on[2])
    return (made,)


def levels_steps(
    term: GroupTerm, population: tuple[Monotonic, ...], on: On
) -> tuple[Matrix, tuple[tuple[Steps, ...], ...]]:
    """A bracket's columns with ``mo()``, whose shares are those of the population's.

    Raises
    ------
    FormulaError
        If the population has no such coefficient.
    """
    terms = parted(term.coefs)[1]
    matrix = _matrix(terms, on)
    known = {n: s for c in population for n, s in zip(c.names, c.steps, strict=True)}
    for name, i in zip(matrix.names, matrix.term_of, strict=True):
        if name not in known:
            raise FormulaError(
                f"{name!r} varies between the levels of {term.grouping.name!r}, but its steps have "
                "no shares: those of the population's term are for all levels.",
                on[2],
                terms.terms[i].span,
                hint=f"Write '{terms.terms[i].label}' outside of the parentheses too.",
            )
    return matrix, tuple(known[name] for name in matrix.names)


def _matrix(terms: Terms, on: On) -> Matrix:
    """Coded as beside an intercept, whether the formula has one or not, as in brms."""
    return build_matrix(replace(terms, intercept=True), *on).without_intercept()


def _coefficient(
    name: str, term: Term, target: Target, on: On, known: Mapping[str, Steps]
) -> Iterator[Steps]:
    """The steps of a coefficient, with the names of their shares."""
    calls = monotonic_factors(term)
    for number, call in enumerate(calls, 1):
        own, shared = name if len(calls) == 1 else f"{name}_{number}", shared_id(call)
        variable = f"simo_{target.prefix}{shared or _plain(own)}"
        found = known.get(render(call)) or _steps(call, on)
        made = replace(found, variable=variable, coef=shared or f"{name}{number}")
        yield made.on(on[0])


def _plain(name: str) -> str:
    """Without slashes, which names of variables can't have."""
    return name.replace("/", "÷")


def _steps(call: Call, on: On) -> Steps:
    """The steps of a covariate, on no rows yet."""
    frame, covariate = on[0], read_of(call)
    column, quantity = covariate.name if isinstance(covariate, Name) else "", None
    if is_factor(covariate, frame):
        levels = _categories(frame[column], covariate, on[2])
    else:
        quantity = make_quantity(covariate, *on)
        levels = _whole(quantity, on)
    if len(levels) < 2:
        raise FormulaError(
            f"{render(covariate)!r} is {levels[0]!r} in every row: there is no step to it.",
            on[2],
            covariate.span,
            hint="Leave the term out.",
        )
    return Steps(render(call), quantity, column, levels, "", "", np.empty(0, np.int64))


def _categories(column: pd.Series, covariate: Expr, source: str) -> tuple[Any, ...]:
    if not column.cat.ordered:
        raise FormulaError(
            f"mo() is of ordered categories or whole numbers; those of {column.name!r} have no "
            "order.",
            source,
            covariate.span,
            hint="Give them one: pd.Categorical(x, categories=[…], ordered=True).",
        )
    return tuple(column.cat.categories.tolist())


def _whole(quantity: Quantity, on: On) -> tuple[int, ...]:
    (frame, _, source), values = on, quantity.on(on[0])
    text, span = render(quantity.expr), quantity.expr.span
    wrong = values != np.floor(values)
    if wrong.any():
        raise FormulaError(
            f"mo() is of ordered categories or whole numbers; {text!r} is {values[wrong][0]:g} in "
            f"row {first_row(pd.Series(wrong, frame.index))}.",
            source,
            span,
            hint="A smooth function of numbers is 's(x)'.",
        )
    least, most = values.min(), values.max()
    if most - least > MOST_STEPS:
        raise FormulaError(
            f"From {least:g} to {most:g}, {text!r} has more than {MOST_STEPS} steps, each of which "
            "would have a share.",
            source,
            span,
            hint="Make classes of it first; a smooth function of numbers is 's(x)'.",
        )
    return tuple(range(int(least), int(most) + 1))


def _check_sizes(made: Monotonic, source: str) -> None:
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
