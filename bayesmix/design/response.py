"""The response and its addition terms, as numbers that the family accepts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.design.baseline import Baseline, Column
from bayesmix.design.calls import shown
from bayesmix.design.columns import SUBSET, first_row
from bayesmix.design.factors import Quantity, is_factor, make_quantity
from bayesmix.design.hazards import BASELINE, Strata, check_hazard, hazard_columns, strata_of
from bayesmix.design.thresholds import THRES, PerGroup, check_grades, threshold_columns
from bayesmix.design.words import CENSORED, WORDS, Words, words_of
from bayesmix.errors import DataError, FormulaError, listed
from bayesmix.formula.additions import MOST_VALUES
from bayesmix.formula.tree import Addition, Call, Expr, Name, Response, render

if TYPE_CHECKING:
    from bayesmix.families import Family


@dataclass(frozen=True)
class Scaled:
    """The numbers of a term, times what makes their mean on the fit's rows one."""

    numbers: Quantity
    factor: float

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        return self.factor * self.numbers.on(frame)


Numbers = Quantity | Words | Scaled | Strata | Column | PerGroup


@dataclass(frozen=True)
class ResponseData:
    """A response on the data of the fit, and how to make it again from other data.

    Attributes
    ----------
    name : str
        The response as the formula writes it, without backticks.
    family : Family
        Made ready for it.
    y : ndarray
    aux : mapping of str to ndarray
        Arguments of the addition terms, one value a row; ``weights`` among them.
    levels : tuple or None
        Labels of a response that is a category.
    quantity : Quantity or None
        Makes `y`; None where it is a category.
    additions : mapping of str to mapping of str to Numbers
        For each addition term what makes its part of `aux`.
    counts : tuple of int
        The numbers of thresholds that ``thres()`` says, of each group where it has groups.
    missing : ndarray of bool or None
        With ``mi()`` which rows miss it; `y` has any possible value there.
    """

    name: str
    family: Family
    y: np.ndarray
    aux: Mapping[str, np.ndarray]
    levels: tuple[Any, ...] | None = None
    quantity: Quantity | None = None
    additions: Mapping[str, Mapping[str, Numbers]] = field(default_factory=dict)
    counts: tuple[int, ...] = ()
    missing: np.ndarray | None = None

    @property
    def seen(self) -> np.ndarray:
        """The values that aren't missing."""
        return self.y if self.missing is None else self.y[~self.missing]

    @property
    def latent(self) -> np.ndarray | None:
        """The rows whose values are parameters: with ``mi(sdy)`` all, else those that miss one."""
        if self.missing is None:
            return None
        return np.arange(len(self.y)) if "sdy" in self.aux else np.flatnonzero(self.missing)

    @property
    def baseline(self) -> Baseline | None:
        """The splines of a baseline hazard."""
        given = self.additions.get(BASELINE, {}).values()
        return next((column.baseline for column in given if isinstance(column, Column)), None)

    @property
    def strata(self) -> tuple[tuple[Any, ...], ...]:
        """The labels of what has a baseline hazard or thresholds of its own, if anything has."""
        given = [numbers for own in self.additions.values() for numbers in own.values()]
        groups = [n.strata for n in given if isinstance(n, PerGroup)][:1]
        return tuple(s.labels for s in [*given, *groups] if isinstance(s, Strata))

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        """The response in other (already checked) data, categories as numbers."""
        return _values(self.name, self.quantity, frame, self.family)

    def aux_on(self, frame: pd.DataFrame, wanted: Iterable[str]) -> dict[str, np.ndarray]:
        """The addition terms in `wanted` on other (already checked) data."""
        return _additions({name: self.additions[name] for name in wanted}, frame)


def build_response(
    response: Response,
    family: Family,
    frame: pd.DataFrame,
    functions: Mapping[str, Any],
    whole: ResponseData | None = None,
) -> ResponseData:
    """The response on the data of the fit, checked by the family.

    Parameters
    ----------
    response : Response
    family : Family
    frame : DataFrame
    functions : mapping of str to callable
    whole : ResponseData, optional
        The same of all rows, where these are some of them: they have its baseline hazard, and its
        thresholds.

    Raises
    ------
    FormulaError
        For an addition term that the family needs or can't use.
    DataError
        For a response, trials or weights that can't be.
    """
    _check_columns(response, family)
    _check_additions(response, family)

    def quantity(expr: Expr) -> Quantity:
        return make_quantity(expr, frame, functions, response.source)

    name, levels = shown(response.expr), _levels(response, frame)
    if levels is not None:
        _check_levels(name, levels, family)
    parts = response_columns(response)
    own = quantity(parts[0]) if levels is None else None
    additions = {
        a.name: _arguments(a, frame, quantity) for a in response.additions if a.name != SUBSET
    }
    if family.columns:
        names, levels = family.column_names(len(parts)), tuple(map(shown, parts))
        additions[CBIND] = dict(zip(names, map(quantity, parts[1:]), strict=True))
    y, aux = _values(name, own, frame, family), _additions(additions, frame)
    missing = None
    if MISSING in additions:
        y, missing = _without_gaps(y, response)
    if "weights(scale)" in flags_of(response):
        scaled = Scaled(additions["weights"]["weights"], 1.0 / aux["weights"].mean())
        additions["weights"] = {"weights": scaled}
        aux["weights"] = scaled.on(frame)
    family.check(y, aux, frame.index)
    counts: tuple[int, ...] = ()
    if THRES in additions:
        if whole is None:
            additions[THRES], counts = threshold_columns(additions[THRES], y, frame)
        else:
            additions[THRES], counts = whole.additions[THRES], whole.counts
        aux = _additions(additions, frame)
    check_bounds(y, aux, frame.index, family.discrete)
    if BASELINE in family.may:
        if whole is None:
            times = {"": own, **{k: v for given in additions.values() for k, v in given.items()}}
            splines = hazard_columns(response, y, aux, times)
            additions[BASELINE] = additions.get(BASELINE, {}) | splines
        else:
            additions[BASELINE] = whole.additions[BASELINE]
        aux |= _additions({BASELINE: additions[BASELINE]}, frame)
        check_hazard(aux, frame.index)
    ready = family.for_response(y, levels, aux, flags_of(response), counts)
    return ResponseData(name, ready, y, aux, levels, own, additions, counts, missing)


def _without_gaps(y: np.ndarray, response: Response) -> tuple[np.ndarray, np.ndarray]:
    """The response with one of its values in the place of missing ones, and where those are."""
    missing = np.isnan(y)
    if missing.all():
        raise DataError(f"The response {render(response.expr)!r} is missing in all rows.")
    middle = np.quantile(y[~missing], 0.5, method="nearest")
    return np.where(missing, middle, y), missing


MISSING = "mi"
"""The addition term of a response with missing values."""

_LINE, _HALF = (-np.inf, np.inf), (0.0, np.inf)
RANGES: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("gaussian", "student", "skew_normal", "exgaussian", "asym_laplace"), _LINE),
    **dict.fromkeys(("lognormal", "Gamma", "weibull", "exponential"), _HALF),
    **dict.fromkeys(("inverse.gaussian", "frechet"), _HALF),
    "Beta": (0.0, 1.0),
}
"""Between what responses are that can be imputed, by family."""


CBIND = "cbind"
"""The call that makes a response of several columns."""

IMPLIED = (CBIND, BASELINE)
"""What a response has among its addition terms without their being written."""


def response_columns(response: Response) -> tuple[Expr, ...]:
    """The expressions of a response's columns."""
    expr = response.expr
    is_bound = isinstance(expr, Call) and expr.function == CBIND
    return expr.args if is_bound else (expr,)


def flags_of(response: Response) -> frozenset[str]:
    """The options of addition terms that are True, as ``"se(sigma)"``."""
    return frozenset(f"{a.name}({flag})" for a in response.additions for flag in a.flags)


def check_bounds(y: np.ndarray, aux: Mapping[str, np.ndarray], rows: pd.Index, whole: bool) -> None:
    """DataError for a response beyond ``trunc()`` or ``thres()``, or an empty interval.

    Bounds of counts are `whole` numbers as they are.
    """
    if "y2" in aux:
        _check_intervals(y, aux, rows)
    if THRES in aux:
        check_grades(y, aux, rows)
    for name, sign, side in (("lb", 1.0, "below"), ("ub", -1.0, "above")):
        if name in aux:
            if whole:
                _check_whole_bound(name, aux[name], rows)
            outside = pd.Series(sign * (y - aux[name]) < 0, index=rows)
            if outside.any():
                at = int(outside.to_numpy().argmax())
                raise DataError(
                    f"The response is {side} the {name} of trunc() in row {first_row(outside)}: "
                    f"{y[at]:g} against {aux[name][at]:g}."
                )


def _check_whole_bound(name: str, bound: np.ndarray, rows: pd.Index) -> None:
    broken = pd.Series(np.isfinite(bound) & (bound != np.floor(bound)), index=rows)
    if broken.any():
        at = int(broken.to_numpy().argmax())
        raise DataError(
            f"The {name} of trunc() must be a whole number, as the response is one; it is "
            f"{bound[at]:g} in row {first_row(broken)}."
        )


def _check_intervals(y: np.ndarray, aux: Mapping[str, np.ndarray], rows: pd.Index) -> None:
    bad = pd.Series((aux["cens"] == CENSORED["interval"]) & (aux["y2"] <= y), index=rows)
    if bad.any():
        at = int(bad.to_numpy().argmax())
        raise DataError(
            f"The interval of cens() in row {first_row(bad)} ends at {aux['y2'][at]:g}, which is "
            f"not above the response, {y[at]:g}."
        )


def _values(
    name: str, quantity: Quantity | None, frame: pd.DataFrame, family: Family
) -> np.ndarray:
    if quantity is not None:
        return quantity.on(frame)
    return frame[name].cat.codes.to_numpy(float) + family.first_code


def _arguments(
    addition: Addition, frame: pd.DataFrame, quantity: Callable[[Expr], Quantity]
) -> dict[str, Numbers]:
    """What makes an addition term's arguments, the first under the term's name."""
    names = ARGUMENTS.get(addition.name, (addition.name,))
    pairs = [*zip(names, addition.args, strict=False), *addition.kwargs]

    def made(name: str, expr: Expr) -> Numbers:
        if name == "gr":
            return strata_of(addition.name, expr, frame)
        is_words = name in WORDS and is_factor(expr, frame)
        return words_of(name, expr, frame) if is_words else quantity(expr)

    return {name: made(name, expr) for name, expr in pairs}


def _additions(
    additions: Mapping[str, Mapping[str, Numbers]], frame: pd.DataFrame
) -> dict[str, np.ndarray]:
    values = {name: q.on(frame) for own in additions.values() for name, q in own.items()}
    for name in values:
        if name.rstrip("0123456789") in RULES:
            holds, rule = RULES[name.rstrip("0123456789")]
            _check(values, name, holds(values[name]), rule, frame.index)
    if "cens" in values:
        _check_censoring(values, frame.index)
    return values


def _check_censoring(values: Mapping[str, np.ndarray], rows: pd.Index) -> None:
    interval = values["cens"] == CENSORED["interval"]
    if interval.any() and "y2" not in values:
        row = first_row(pd.Series(interval, index=rows))
        raise DataError(
            f"cens() says 'interval' in row {row}, but not where it ends: write cens(x, y2)."
        )


ARGUMENTS = {
    "cens": ("cens", "y2"),
    "trunc": ("lb", "ub"),
    "bhaz": ("gr",),
    "mi": ("sdy",),
    **{name: tuple(f"{name}{k}" for k in range(1, MOST_VALUES + 1)) for name in ("vreal", "vint")},
}
"""What the arguments of addition terms are called, where they aren't called like the term."""

RULES: Mapping[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "weights": (lambda w: w >= 0, "must not be negative"),
    "se": (lambda s: s > 0, "must be positive"),
    "sdy": (lambda s: s > 0, "must be positive"),
    "rate": (lambda d: d > 0, "must be positive"),
    "thres": (lambda n: (n >= 1) & (n % 1 == 0), "must be whole numbers, 1 or larger"),
    "trials": (lambda n: (n >= 1) & (n % 1 == 0), "must be whole numbers, 1 or larger"),
    "vint": (lambda v: v == np.floor(v), "must be whole numbers"),
    "dec": (lambda d: np.isin(d, (0, 1)), "must be 0 (lower) or 1 (upper), or these words"),
    "cens": (
        lambda c: np.isin(c, list(CENSORED.values())),
        "must be 0, -1 (left), 1 (right) or 2 (interval), or these words",
    ),
}


def _check_levels(name: str, levels: tuple[Any, ...], family: Family) -> None:
    if family.first_code is None:
        raise DataError(
            f"The response {name!r} is a category with the levels {listed(levels)}; "
            f"family {family.name!r} needs numbers."
        )
    if family.first_code == 0 and family.prepare is None and len(levels) != 2:
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


def _check_columns(response: Response, family: Family) -> None:
    count = len(response_columns(response))
    if family.columns and count < 2:
        raise FormulaError(
            f"Family {family.name!r} needs a column for each category.",
            response.source,
            response.expr.span,
            hint="Write 'cbind(a, b, c) ~ …'.",
        )
    if count > 1 and not family.columns:
        raise FormulaError(
            f"Family {family.name!r} needs a single response, not cbind().",
            response.source,
            response.expr.span,
            hint="For successes out of n trials write 'y | trials(n) ~ x'.",
        )


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
        if a.name == MISSING:
            _check_imputable(response, a, family, given)
        elif a.name not in ("weights", "cens", "trunc", SUBSET, *family.needs, *family.may):
            raise FormulaError(
                f"Family {family.name!r} can't use {a.name}().", response.source, a.span
            )


def _check_imputable(
    response: Response, a: Addition, family: Family, given: Collection[str]
) -> None:
    """Missing values are of one number a row, of which all else is known."""
    if family.name not in RANGES:
        raise FormulaError(
            f"mi() is of responses that can be any number of a range, of the families "
            f"{listed(RANGES, limit=30)}, and not of {family.name!r}.",
            response.source,
            a.span,
            hint="brm_multiple() fits to data sets in which others have imputed them.",
        )
    others = sorted(set(given) - {MISSING, SUBSET, "weights"})
    if others:
        raise FormulaError(f"mi() can't be beside {others[0]}().", response.source, a.span)


def _check(
    values: Mapping[str, np.ndarray], name: str, ok: np.ndarray, rule: str, rows: pd.Index
) -> None:
    bad = pd.Series(~ok, index=rows)
    if bad.any():
        raise DataError(f"{name}() {rule}; it is {values[name][bad][0]:g} in row {first_row(bad)}.")
