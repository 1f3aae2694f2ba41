"""Smooth terms on data: which covariates, how many functions, one for which levels of ``by=``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesmix.design.factors import On, Quantity, is_factor, make_quantity
from bayesmix.design.matrix import Matrix, build_matrix
from bayesmix.design.multipliers import Multiplier, multipliers
from bayesmix.errors import FormulaError
from bayesmix.formula.tree import Call, Expr, Name, SmoothTerm, Term, Terms, render

if TYPE_CHECKING:
    from bayesmix.smooths import Basis, Smooth

FUNCTIONS = {1: 10, 2: 30, 3: 110}
"""How many a thin plate spline of so many covariates has by default, as in mgcv."""
OF_A_MARGIN = 5
"""How many each basis of a product has."""


@dataclass(frozen=True)
class Covariates:
    """What a smooth is a function of, as numbers.

    Attributes
    ----------
    quantities : tuple of Quantity
    levels : str
        The factor of ``bs="fs"``, whose codes come last.
    matrix : Matrix or None
        The columns of ``bs="re"``, in place of both.
    """

    quantities: tuple[Quantity, ...] = ()
    levels: str = ""
    matrix: Matrix | None = None

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        """Rows × covariates."""
        if self.matrix is not None:
            return self.matrix.on(frame)
        columns = [q.on(frame) for q in self.quantities]
        if self.levels:
            columns.append(frame[self.levels].cat.codes.to_numpy(float))
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class SmoothColumns:
    """One smooth function on rows: columns with flat priors, and blocks whose normal ones have sds.

    Attributes
    ----------
    term : SmoothTerm
    label : str
        ``s(x)``, ``s(x):f[a]``, ``s(x):z``.
    covariates : Covariates
    by : Multiplier or None
    smooth : Smooth
        The function, multiplier aside.
    fixed : ndarray
        Rows × columns without penalty.
    blocks : tuple of ndarray
        Rows × columns of each penalty.
    """

    term: SmoothTerm
    label: str
    covariates: Covariates
    by: Multiplier | None
    smooth: Smooth
    fixed: np.ndarray
    blocks: tuple[np.ndarray, ...]

    @classmethod
    def of(
        cls,
        term: SmoothTerm,
        covariates: Covariates,
        by: Multiplier | None,
        smooth: Smooth,
        frame: pd.DataFrame,
    ) -> SmoothColumns:
        """The function on the rows of a frame."""
        label = term.label if by is None else f"{term.label}:{by.label}"
        fixed, blocks = smooth.on(covariates.on(frame))
        made = cls(term, label, covariates, by, smooth, fixed, blocks)
        return made._multiplied(frame)

    @property
    def names(self) -> tuple[str, ...]:
        """The coefficients of the columns without penalty."""
        return _numbered(self.label, self.fixed.shape[1])

    @property
    def block_names(self) -> tuple[str, ...]:
        """The blocks."""
        return _numbered(self.label, len(self.blocks))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Columns of each block."""
        return tuple(block.shape[1] for block in self.blocks)

    def on(self, frame: pd.DataFrame) -> SmoothColumns:
        """The same on other, already checked, rows."""
        return self.of(self.term, self.covariates, self.by, self.smooth, frame)

    def _multiplied(self, frame: pd.DataFrame) -> SmoothColumns:
        if self.by is None:
            return self
        by = self.by.on(frame)[:, None]
        return replace(self, fixed=self.fixed * by, blocks=tuple(b * by for b in self.blocks))


def build_smooths(term: SmoothTerm, on: On) -> tuple[SmoothColumns, ...]:
    """The functions of a term: one, or one for each level of ``by``.

    Raises
    ------
    FormulaError
        If a covariate is of the wrong kind or has too few values.
    """
    frame = on[0]
    covariates = _covariates(term, on)
    rows = covariates.on(frame)
    by = tuple(_by(term, on))
    constant = all(_is_constant(m, frame) for m in by)
    smooth = _made(term, rows, centred=constant, source=on[2])
    return tuple(SmoothColumns.of(term, covariates, m, smooth, frame) for m in by or (None,))


def _numbered(label: str, many: int) -> tuple[str, ...]:
    return (label,) if many == 1 else tuple(f"{label}[{i + 1}]" for i in range(many))


def _covariates(term: SmoothTerm, on: On) -> Covariates:
    if term.bases == ("re",):
        factors = tuple(e if isinstance(e, Name | Call) else _as_call(e) for e in term.covariates)
        matrix = build_matrix(Terms(False, (Term(factors, term.span),)), *on)
        return Covariates(matrix=matrix)
    numbers = tuple(e for e in term.covariates if not is_factor(e, on[0]))
    levels = tuple(e for e in term.covariates if is_factor(e, on[0]))
    _check_kinds(term, numbers, levels, on[2])
    quantities = tuple(make_quantity(e, *on) for e in numbers)
    return Covariates(quantities, levels[0].name if levels else "")


def _as_call(expr: Expr) -> Call:
    return Call("I", (expr,), (), expr.span)


def _check_kinds(
    term: SmoothTerm, numbers: tuple[Expr, ...], levels: tuple[Expr, ...], source: str
) -> None:
    """``fs`` is of numbers and one factor, the others are of numbers."""
    by_levels = term.bases == ("fs",)
    if by_levels and (len(levels) != 1 or not numbers):
        raise FormulaError(
            'bs="fs" is a smooth of numbers for each level of one factor.',
            source,
            term.span,
            hint="Write 's(x, g, bs=\"fs\")', x a number and g a factor, text or category.",
        )
    if levels and not by_levels:
        raise FormulaError(
            f"A smooth is one of numbers, and {render(levels[0])!r} is a factor.",
            source,
            levels[0].span,
            hint="A smooth for each level is 's(x, by=f)', or 's(x, f, bs=\"fs\")'; effects of "
            "levels are 's(f, bs=\"re\")' or '(1 | f)'.",
        )
    if len(numbers) > 1 and term.function == "s" and term.bases[0] in ("cr", "cc", "ps"):
        raise FormulaError(
            f"bs={term.bases[0]!r} is a basis of one covariate.",
            source,
            numbers[1].span,
            hint="Of several on one scale there is 's(x, z)', on scales of their own 't2(x, z)'.",
        )


def _by(term: SmoothTerm, on: On) -> Iterator[Multiplier]:
    """What ``by=`` stands for; of an ordered factor the first level has no smooth, as in mgcv."""
    if term.by is not None:
        factor = is_factor(term.by, on[0])
        yield from multipliers(term.by, on, int(factor and on[0][term.by.name].cat.ordered))


def _is_constant(by: Multiplier, frame: pd.DataFrame) -> bool:
    """Whether the function's level can't be told from the intercept."""
    return by.quantity is None or np.ptp(by.on(frame)) == 0.0


def _made(term: SmoothTerm, rows: np.ndarray, centred: bool, source: str) -> Smooth:
    # Here, for scipy's splines take their time to import.
    from bayesmix.smooths import factor_smooth, random_effect, smooth, tensor

    if term.bases == ("re",):
        return random_effect(rows.shape[1])
    if term.function == "t2":
        sizes = term.sizes or (OF_A_MARGIN,) * len(term.bases)
        parts = zip(term.bases, sizes, range(rows.shape[1]), strict=True)
        return tensor([_basis(b, k, rows[:, [i]], term, source) for b, k, i in parts], rows)
    if term.bases == ("fs",):
        basis = _basis("tp", _size(term, rows.shape[1] - 1), rows[:, :-1], term, source)
        return factor_smooth(basis, rows, int(rows[:, -1].max()) + 1)
    basis = _basis(term.bases[0], _size(term, rows.shape[1]), rows, term, source)
    return smooth(basis, rows, centred)


def _size(term: SmoothTerm, dims: int) -> int:
    return term.sizes[0] if term.sizes else FUNCTIONS.get(dims, 200)


def _basis(name: str, k: int, rows: np.ndarray, term: SmoothTerm, source: str) -> Basis:
    from bayesmix.smooths import cubic, cyclic, p_spline, thin_plate
    from bayesmix.smooths.thin_plate import null_space

    different = len(np.unique(rows, axis=0))
    least = null_space(rows.shape[1]) + 1 if name == "tp" else 4 if name in ("cc", "ps") else 3
    if k < least:
        raise FormulaError(
            f"A basis {name!r} of this kind needs at least k={least}.", source, term.span
        )
    if different < k:
        raise FormulaError(
            f"{term.label} would have {k} functions, and its covariates only {different} "
            "different values.",
            source,
            term.span,
            hint=f"Write k={different}, or less." if different >= least else None,
        )
    if name == "tp":
        return thin_plate(rows, k)
    return {"cr": cubic, "cc": cyclic, "ps": p_spline}[name](rows[:, 0], k)
