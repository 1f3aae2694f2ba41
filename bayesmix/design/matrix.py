"""Terms on data: the columns that R would make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.factors import Factor, make_factor
from bayesmix.errors import FormulaError
from bayesmix.formula.tree import Term, Terms, render

INTERCEPT = "Intercept"


@dataclass(frozen=True)
class CodedTerm:
    """A term's factors, each with its coding: all levels (True) or contrasts (False)."""

    term: Term
    factors: tuple[tuple[Factor, bool], ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return reduce(_crossed, (f.labels(full) for f, full in self.factors))

    def columns(self, frame: pd.DataFrame) -> np.ndarray:
        return reduce(_products, (f.columns(frame, full) for f, full in self.factors))


@dataclass(frozen=True)
class Matrix:
    """A design matrix and how to make it again from other data.

    Attributes
    ----------
    names : tuple of str
        The coefficients, ``"Intercept"`` first where there is one.
    term_of : tuple of int
        For each coefficient the number of its term in `terms`, -1 for the intercept.
    values : ndarray
        Rows × coefficients, on the data of the fit.
    """

    terms: Terms
    coded: tuple[CodedTerm, ...]
    names: tuple[str, ...]
    term_of: tuple[int, ...]
    values: np.ndarray

    def without_intercept(self) -> Matrix:
        """The other columns, coded as they are beside an intercept."""
        if not self.terms.intercept:
            return self
        terms = replace(self.terms, intercept=False)
        return Matrix(terms, self.coded, self.names[1:], self.term_of[1:], self.values[:, 1:])

    def on(self, frame: pd.DataFrame, keep: np.ndarray | None = None) -> np.ndarray:
        """The matrix for other (already checked) data; only the `keep` coefficients, if given."""
        wanted = np.ones(len(self.names), bool) if keep is None else keep
        parts = [np.empty((len(frame), 0))]
        at = 0
        if self.terms.intercept:
            parts.append(np.ones((len(frame), 1))[:, wanted[:1]])
            at = 1
        for coded in self.coded:
            end = at + len(coded.labels)
            if wanted[at:end].any():
                parts.append(coded.columns(frame)[:, wanted[at:end]])
            at = end
        return np.concatenate(parts, axis=1)


def build_matrix(
    terms: Terms,
    frame: pd.DataFrame,
    functions: Mapping[str, Any],
    source: str,
    called: Mapping[int, str] | None = None,
) -> Matrix:
    """The matrix that R's ``model.matrix`` makes of the terms; coefficients in its order.

    Terms whose numbers are in `called` are numeric columns, and have their names there.
    """
    factors: dict[str, Factor] = {}
    for term in terms.terms:
        for f in term.factors:
            if render(f) not in factors:
                factors[render(f)] = make_factor(f, frame, functions, source)
    coded = _coded(terms, factors)
    names = [INTERCEPT] if terms.intercept else []
    term_of = [-1] if terms.intercept else []
    for i, c in enumerate(coded):
        if not c.labels:
            only = next(f for f, _ in c.factors if f.categorical and len(f.labels(True)) < 2)
            raise FormulaError(
                f"{c.term.label!r} has no coefficient: {only.labels(True)[0]!r} is its only level.",
                source,
                c.term.span,
                hint="Leave the term out, or give data with more levels.",
            )
        labels = c.labels
        if called is not None and i in called:
            labels = (called[i],)
            _check_numeric(c, source)
        _check_names(c.term, labels, names, source)
        names += labels
        term_of += [i] * len(c.labels)
    matrix = Matrix(terms, coded, tuple(names), tuple(term_of), np.empty((0, 0)))
    return Matrix(terms, coded, matrix.names, matrix.term_of, matrix.on(frame))


def _check_numeric(coded: CodedTerm, source: str) -> None:
    if len(coded.labels) != 1 or any(f.categorical for f, _ in coded.factors):
        raise FormulaError(
            "Covariates of members are numbers, one column for each.", source, coded.term.span
        )


def _check_names(term: Term, labels: tuple[str, ...], names: Sequence[str], source: str) -> None:
    """Coefficients are known by their names alone."""
    for i, label in enumerate(labels):
        if label in (*names, *labels[:i]):
            raise FormulaError(
                f"Two coefficients would be called {label!r}; rename a column.", source, term.span
            )


def _coded(terms: Terms, factors: Mapping[str, Factor]) -> tuple[CodedTerm, ...]:
    """R's rule: a factor is coded by contrasts if the term without it is part of an earlier term.

    The empty term is part of any; where there is no intercept, the first categorical factor of all
    takes its full coding (R's ``TermCode`` and ``model.matrix``).
    """
    before: list[frozenset[str]] = [frozenset()]
    # An `Intercept` among the terms counts as one (brms's ``0 + Intercept``).
    has_own = any(term.key == {INTERCEPT} for term in terms.terms)
    spans_intercept = terms.intercept or has_own
    coded = []
    for term in terms.terms:
        codings = []
        for f in term.factors:
            factor, rest = factors[render(f)], term.key - {render(f)}
            full = not any(rest <= earlier for earlier in before)
            if factor.categorical and not spans_intercept:
                full = spans_intercept = True
            codings.append((factor, full))
        before.append(term.key)
        coded.append(CodedTerm(term, tuple(codings)))
    return tuple(coded)


def _crossed(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{a}:{b}" for b in right for a in left)


def _products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    shape = len(left), left.shape[1] * right.shape[1]
    return (right[:, :, None] * left[:, None, :]).reshape(shape)
