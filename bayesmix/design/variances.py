"""Variance functions on data: what a scale is multiplied by, in the predictor of its logarithm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import Use, label_key, uses_of
from bayesmix.design.contributions import Values
from bayesmix.design.factors import CategoricalFactor, Quantity, make_factor, make_quantity
from bayesmix.errors import DataError, FormulaError, listed
from bayesmix.formula.tree import Predictor, VarianceTerm, render
from bayesmix.formula.variances import FUNCTIONS, MEAN
from bayesmix.parameters import Parameter, Role, Slot, Target, labels

if TYPE_CHECKING:
    from bayesmix.design.response import ResponseData
    from bayesmix.families import Family
    from bayesmix.families.links import Link

Drawn = Mapping[str, np.ndarray] | Values
"""Of variables by name, samples first."""

LOWER = {"const": 0.0}
"""Where the range of a parameter ends, if it does."""


@dataclass(frozen=True)
class VarianceFunction:
    """A function of a covariate that a scale is a multiple of.

    Attributes
    ----------
    term : VarianceTerm
    target : Target
        The scale.
    quantity : Quantity or None
        The covariate; None for the fitted mean.
    link : Link or None
        Of the mean; None where its linear predictor is the mean itself.
    strata : CategoricalFactor or None
        Whose levels have parameters of their own.
    values : ndarray
        The covariate at the rows; nothing for the mean.
    codes : ndarray of int
        The stratum of each row; zeros without.
    size : float
        The mean absolute value of the covariate, for the mean that of the response.
    centres : ndarray
        What the function adds to the intercept of the scale where the covariate has its usual
        value, by each value of its `rate`: there prior and samplers have the intercept.
    """

    term: VarianceTerm
    target: Target
    quantity: Quantity | None
    link: Link | None
    strata: CategoricalFactor | None
    values: np.ndarray
    codes: np.ndarray
    size: float
    centres: np.ndarray

    @classmethod
    def of(
        cls,
        term: VarianceTerm,
        target: Target,
        family: Family,
        on: tuple[pd.DataFrame, Mapping[str, Any], str],
        like_mean: np.ndarray,
    ) -> VarianceFunction:
        """A term on the data of the fit; `like_mean` are numbers of the size of the mean.

        Raises
        ------
        DataError
            For a covariate of 0 or less; it names the rows.
        """
        frame, functions, source = on
        covariate, by = term.covariate, term.by
        quantity = None if covariate is None else make_quantity(covariate, *on)
        strata = None if by is None else make_factor(by, frame, functions, source)
        if strata is not None and not strata.categorical:
            column = frame[by.name]
            strata = CategoricalFactor(by.name, tuple(np.unique(column).tolist()))
        link = None if family.dpar(MEAN).latent else family.link(MEAN)
        nothing = np.empty(0)
        made = cls(term, target, quantity, link, strata, nothing, nothing, 1.0, nothing).on(frame)
        values = like_mean if made.of_mean else made.values
        size = float(np.abs(values).mean()) or 1.0
        usual = values.mean() if made.function == "varExp" else np.log(size)
        shares = np.bincount(made.codes, minlength=1 if strata is None else len(strata.levels))
        return replace(made, size=size, centres=usual * shares / len(frame))

    @property
    def rate(self) -> str:
        """The variable of its power, or of what its covariate is multiplied by."""
        return self.names["expon" if self.function == "varExp" else "power"]

    @property
    def function(self) -> str:
        return self.term.function

    @property
    def of_mean(self) -> bool:
        """Whether its covariate is the fitted mean."""
        return self.quantity is None

    @property
    def follows(self) -> tuple[str, ...]:
        """The predictors that it hangs on."""
        return (MEAN,) if self.of_mean else ()

    @property
    def covariate(self) -> str:
        """What names call it."""
        return MEAN if self.term.covariate is None else render(self.term.covariate)

    @property
    def names(self) -> dict[str, str]:
        """The variables of the posterior, by what the function calls them."""
        label = f"{self.target.label}_{self.covariate}"
        return {what: f"{what}_{label}" for what in FUNCTIONS[self.function]}

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters, without their priors."""
        axes: tuple[Any, ...] = ()
        if self.strata is not None:
            dim = f"{self.target.prefix}{self.strata.column}"
            axes = (dim,), (labels(self.strata.levels),)
        return tuple(
            Parameter(name, Role.VARIANCE, self.target, *axes, slots=(self._slot(what),))
            for what, name in self.names.items()
        )

    def _slot(self, what: str) -> Slot:
        return Slot(what, self.target.dpar, "", self.covariate, lower=LOWER.get(what, -np.inf))

    def uses(self, source: str) -> list[Use]:
        return uses_of(self.term.columns, source)

    def on(self, frame: pd.DataFrame) -> VarianceFunction:
        values = np.empty(0) if self.quantity is None else self.quantity.on(frame)
        _check_positive(values, self, frame)
        return replace(self, values=values, codes=self._codes(frame))

    def _codes(self, frame: pd.DataFrame) -> np.ndarray:
        if self.strata is None:
            return np.zeros(len(frame), np.int64)
        known = {label_key(level): code for code, level in enumerate(self.strata.levels)}
        keys = [label_key(label) for label in frame[self.strata.column]]
        for key in keys:
            if key not in known:
                raise DataError(
                    f"Column {self.strata.column!r} has the level {key!r}; the fit knows "
                    f"{listed(self.strata.levels, limit=30)}."
                )
        return np.array([known[key] for key in keys], np.int64)

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        eta += self.on_rows(values.etas, values, rows)

    def on_rows(self, etas: Mapping[str, np.ndarray], draws: Drawn, rows: slice) -> np.ndarray:
        """Its values on some rows, samples × rows, or × one.

        Parameters
        ----------
        etas : mapping of str to ndarray
            The linear predictors; a function of the mean needs that of the mean.
        draws : mapping of str to ndarray
        rows : slice
        """
        covariate = self.mean(etas[MEAN]) if self.of_mean else self.values[rows]
        with np.errstate(divide="ignore"):
            return self.log_multiple(covariate, self._at(draws, rows), np)

    def mean(self, eta: Any, **maths: Any) -> Any:
        """The mean that a linear predictor stands for."""
        return eta if self.link is None else self.link.inverse(eta, **maths)

    def _at(self, draws: Drawn, rows: slice) -> dict[str, np.ndarray]:
        """Draws of its parameters, at some rows: samples × rows, or × one."""
        codes = self.codes[rows]
        drawn = {what: draws[name] for what, name in self.names.items()}
        return {w: v[:, None] if self.strata is None else v[:, codes] for w, v in drawn.items()}

    def log_multiple(self, covariate: Any, parameters: Mapping[str, Any], m: Any) -> Any:
        """The logarithm of what the scale is multiplied by.

        Parameters
        ----------
        covariate : array
        parameters : mapping of str to array
        m : module
            ``numpy`` or ``pytensor.tensor``.
        """
        if self.function == "varExp":
            return parameters["expon"] * covariate
        power = parameters["power"] * m.log(m.abs(covariate))
        if self.function == "varPower":
            return power
        return m.logaddexp(m.log(parameters["const"]), power)


def variance_functions(
    predictor: Predictor,
    target: Target,
    family: Family,
    on: tuple[pd.DataFrame, Mapping[str, Any], str],
    columns: pd.Index,
    response: ResponseData,
) -> tuple[VarianceFunction, ...]:
    """Those of a predictor, on the data of the fit.

    Parameters
    ----------
    predictor : Predictor
    target : Target
    family : Family
    on : tuple
        Data, functions, and the text.
    columns : Index
        All columns of the data, of which none may be called as the mean is.
    response : ResponseData

    Raises
    ------
    FormulaError, DataError
    """
    for term in predictor.variances:
        _check_scale(term, target, family, predictor.source)
        _check_mean(term, family, predictor.source, columns)
    like_mean = _like_mean(family, response)
    made = tuple(VarianceFunction.of(t, target, family, on, like_mean) for t in predictor.variances)
    _check_names(made, predictor.source)
    return made


def _like_mean(family: Family, response: ResponseData) -> np.ndarray:
    """Responses on the scale of the mean: shares of trials, logarithms where it is of those."""
    y = response.y / response.aux["trials"] if "trials" in response.aux else response.y
    return np.log(y[y > 0]) if family.log_scale else y


def _check_scale(term: VarianceTerm, target: Target, family: Family, source: str) -> None:
    if target.dpar in family.main:
        logs = [d.name for d in family.dpars if "log" in d.links and d.name not in family.main]
        hint = f"Write bf(…, {logs[0]}='1 + {term.function}(…)')." if logs else None
        raise FormulaError(
            f"{term.function}() is a term of the formula of a scale, not of the mean.",
            source,
            term.span,
            hint,
        )
    link = family.dpar(target.dpar).link
    if link != "log":
        raise FormulaError(
            f"{term.function}() multiplies a scale, so its link must be log; {target.dpar!r} has "
            f"{link!r}.",
            source,
            term.span,
        )


def _check_mean(term: VarianceTerm, family: Family, source: str, columns: pd.Index) -> None:
    if term.covariate is not None:
        return
    if family.main != (MEAN,):
        raise FormulaError(
            f"Family {family.name!r} has no {MEAN!r} that {term.function}() could be a function "
            "of.",
            source,
            term.span,
        )
    if MEAN in columns:
        raise FormulaError(
            f"{MEAN!r} is the fitted mean here, and there is a column of that name.",
            source,
            term.span,
            hint="Rename the column.",
        )


def _check_names(made: tuple[VarianceFunction, ...], source: str) -> None:
    owners: dict[str, VarianceFunction] = {}
    for function in made:
        for name in function.names.values():
            if name in owners:
                raise FormulaError(
                    f"Two variance functions of {function.covariate} would both have a parameter "
                    f"{name!r}.",
                    source,
                    function.term.span,
                    hint="Keep one of them.",
                )
            owners[name] = function


def _check_positive(values: np.ndarray, function: VarianceFunction, frame: pd.DataFrame) -> None:
    if (values > 0).all():
        return
    rows = frame.index[~(values > 0)].tolist()
    covariate = function.covariate
    raise DataError(
        f"{function.function}() takes a covariate above 0, and {covariate} is 0 or less in "
        f"{'row' if len(rows) == 1 else 'rows'} {listed(rows, limit=10)}. Shift it, as in "
        f"'{function.function}({covariate} + 1)', or leave the rows out."
    )
