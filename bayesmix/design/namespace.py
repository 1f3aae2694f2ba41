"""What a formula's calls can reach: a fixed set of functions, and what the user passes.

Elementwise functions are numpy's. Stateful transforms remember what they learnt from the data of
the fit and use it on new data; those that differ between R and formulae follow R.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from formulae.categorical import CategoricalBox, Encoding, Sum, Treatment
from scipy.special import expit, logit

from bayesmix.design.transforms import Center, Polynomial, Scale, Splines
from bayesmix.errors import FormulaError, listed

RESERVED = frozenset({"offset", "gr", "mm"})
"""What formulas mean by themselves."""


class AgainstOne(Treatment):
    """Treatment contrasts, against the first level or the one named."""

    def code_without_intercept(self, levels: list[Any]) -> Any:
        _check_level(self.reference, levels)
        return super().code_without_intercept(levels)


class SumToZero(Sum):
    """Sum-to-zero contrasts; all levels where contrasts are not called for, as in R."""

    def code_without_intercept(self, levels: list[Any]) -> Any:
        _check_level(self.omit, levels)
        return super().code_without_intercept(levels)

    def code_with_intercept(self, levels: list[Any]) -> Any:
        return Treatment().code_with_intercept(levels)


def _check_level(level: Any, levels: list[Any]) -> None:
    if level is not None and level not in levels:
        raise ValueError(f"{level!r} is none of the levels {listed(levels)}")


class Categories(CategoricalBox):
    """formulae's box for categories, which new data need not have all of."""

    @property
    def levels(self) -> list[Any] | None:
        return self._levels

    @levels.setter
    def levels(self, value: list[Any] | None) -> None:
        self._levels = value


def identity(x: Any) -> Any:
    """``I(x)``: `x`, computed as Python has it."""
    return x


def categories(x: Any, contrast: Any = None, levels: Iterable[Any] | None = None) -> Categories:
    """``C(x)``: a category of whatever `x` is, in the user's order where it has one."""
    if contrast is not None and not _is_contrast(contrast):
        raise ValueError(f"{contrast!r} is no contrast; there are Treatment and Sum")
    if isinstance(x, CategoricalBox):
        return Categories(x.data, contrast or x.contrast, levels or x.levels)
    if levels is None and isinstance(x, pd.Series) and isinstance(x.dtype, pd.CategoricalDtype):
        levels = x.cat.categories.tolist()
    return Categories(_whole(x), contrast, list(levels) if levels is not None else None)


def _is_contrast(value: Any) -> bool:
    return isinstance(value, Encoding) or value in (AgainstOne, SumToZero)


def _whole(x: Any) -> Any:
    """Whole numbers as such, though missing values made them floats on their way here."""
    values = np.asarray(x)
    if values.dtype.kind == "f" and (values == np.floor(values)).all():
        if np.abs(values).max(initial=0) >= 2**53:
            raise ValueError("numbers of 2**53 and more are too large to be categories")
        return values.astype(np.int64)
    return x


def treatment(x: Any, ref: Any = None, levels: Iterable[Any] | None = None) -> CategoricalBox:
    """``T(x, ref)``: treatment contrasts."""
    return categories(x, AgainstOne(ref), levels)


def sum_to_zero(x: Any, omit: Any = None, levels: Iterable[Any] | None = None) -> CategoricalBox:
    """``S(x, omit)``: sum-to-zero contrasts."""
    return categories(x, SumToZero(omit), levels)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{
        name: getattr(np, name)
        for name in (
            "abs sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan "
            "sinh cosh tanh floor ceil round sign minimum maximum"
        ).split()
    },
    "expit": expit,
    "logit": logit,
    "I": identity,
    "scale": Scale,
    "standardize": Scale,
    "center": Center,
    "poly": Polynomial,
    "bs": Splines,
    "C": categories,
    "T": treatment,
    "S": sum_to_zero,
    "Treatment": AgainstOne,
    "Sum": SumToZero,
}


def namespace(extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fixed functions and the user's own.

    Raises
    ------
    FormulaError
        If a name that the user passes is not a plain name, or its value is not a function.
    """
    if extra is not None and not isinstance(extra, Mapping):
        raise FormulaError(f"namespace= takes a dict of functions, not {type(extra).__name__}.")
    for name, value in (extra or {}).items():
        if not (isinstance(name, str) and name.isidentifier()):
            raise FormulaError(f"{name!r} in namespace= is not a name that a formula can use.")
        if name in RESERVED:
            raise FormulaError(f"{name}() is part of the formula language; call yours otherwise.")
        if not callable(value):
            raise FormulaError(
                f"namespace= takes functions; {name!r} is a {type(value).__name__}.",
                hint="Put values into the data as a column.",
            )
    return {**FUNCTIONS, **(extra or {})}
