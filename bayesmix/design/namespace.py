"""What a formula's calls can reach: a fixed set of functions, and what the user passes.

Elementwise functions are numpy's. Stateful transforms remember what they learnt from the data of
the fit and use it on new data; those that differ between R and formulae follow R.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from formulae.categorical import CategoricalBox, Sum, Treatment
from formulae.transforms import TRANSFORMS
from scipy.interpolate import BSpline
from scipy.special import expit, logit

from bayesmix.errors import FormulaError


class Scale:
    """``(x - mean) / sd`` with the sample sd (n - 1), as R's ``scale()``."""

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.mean: float | None = None
        self.sd: float | None = None

    def __call__(self, x: Any) -> Any:
        if self.mean is None:
            self.mean, self.sd = np.mean(x), np.std(x, ddof=1)
        return (x - self.mean) / self.sd


class Splines:
    """B-spline basis without its first column, knots at quantiles, as R's ``splines::bs()``."""

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.knots: np.ndarray | None = None
        self.degree = 3

    def __call__(
        self, x: Any, df: int | None = None, knots: Iterable[float] | None = None, degree: int = 3
    ) -> np.ndarray:
        x = np.asarray(x, float)
        if self.knots is None:
            self.degree = degree
            self.knots = self._knots(x, df, knots)
        low, high = self.knots[0], self.knots[-1]
        if x.min() < low or x.max() > high:
            raise ValueError(f"bs() knows values from {low:g} to {high:g} only")
        basis = BSpline.design_matrix(x, self.knots, self.degree)
        return basis.toarray()[:, 1:]

    def _knots(self, x: np.ndarray, df: int | None, knots: Iterable[float] | None) -> np.ndarray:
        if (df is None) == (knots is None):
            raise ValueError("bs() takes either df= or knots=")
        if knots is None:
            inner = df - self.degree
            if inner < 0:
                raise ValueError(f"bs() of degree {self.degree} needs df of {self.degree} or more")
            knots = np.quantile(x, np.linspace(0, 1, inner + 2)[1:-1])
        ends = [x.min()] * (self.degree + 1), [x.max()] * (self.degree + 1)
        return np.concatenate([ends[0], np.sort(np.asarray(knots, float)), ends[1]])


def categories(x: Any, contrast: Any = None, levels: Iterable[Any] | None = None) -> CategoricalBox:
    """``C(x)``: a category of whatever `x` is, in the user's order where it has one."""
    if isinstance(x, CategoricalBox):
        return CategoricalBox(x.data, contrast or x.contrast, levels or x.levels)
    if levels is None and isinstance(x, pd.Series) and isinstance(x.dtype, pd.CategoricalDtype):
        levels = x.cat.categories.tolist()
    return CategoricalBox(x, contrast, list(levels) if levels is not None else None)


def treatment(x: Any, ref: Any = None, levels: Iterable[Any] | None = None) -> CategoricalBox:
    """``T(x, ref)``: treatment contrasts."""
    return categories(x, Treatment(ref), levels)


def sum_to_zero(x: Any, omit: Any = None, levels: Iterable[Any] | None = None) -> CategoricalBox:
    """``S(x, omit)``: sum-to-zero contrasts."""
    return categories(x, Sum(omit), levels)


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
    "I": TRANSFORMS["I"],
    "scale": Scale,
    "standardize": Scale,
    "center": TRANSFORMS["center"],
    "poly": TRANSFORMS["poly"],
    "bs": Splines,
    "C": categories,
    "T": treatment,
    "S": sum_to_zero,
    "Treatment": Treatment,
    "Sum": Sum,
}


def namespace(extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fixed functions and the user's own.

    Raises
    ------
    FormulaError
        If a name that the user passes is not a plain name, or its value is not a function.
    """
    for name, value in (extra or {}).items():
        if not (isinstance(name, str) and name.isidentifier()):
            raise FormulaError(f"{name!r} in namespace= is not a name that a formula can use.")
        if not callable(value):
            raise FormulaError(
                f"namespace= takes functions; {name!r} is a {type(value).__name__}.",
                hint="put values into the data as a column.",
            )
    return {**FUNCTIONS, **(extra or {})}
