"""Terms of residuals on data: which rows hang together, in which order, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.correlations import (
    CAR1,
    Arma,
    CompoundSymmetry,
    Correlation,
    Distance,
    Known,
    Layout,
    Stationary,
    Unstructured,
)
from bayesmix.design.columns import label_key
from bayesmix.design.contributions import Values
from bayesmix.design.known import known_rows
from bayesmix.design.series import Series
from bayesmix.errors import DataError, FormulaError, listed
from bayesmix.formula.residuals import DECAYS
from bayesmix.formula.tree import Formula, Predictor, ResidualTerm
from bayesmix.parameters import MAIN, Parameter, Role, Slot, Target, Transform, labels

if TYPE_CHECKING:
    from bayesmix.families import Family

NATURAL = ("gaussian", "student")
"""The families that have residuals of their own, a response less its mean."""

PAIRS_A_ROW = 10
"""More correlations than this for each row are a mistake."""


class Kind(StrEnum):
    """What a term of residuals means to a model."""

    COVARIANCE = "covariance"
    """Residuals of a group are one draw of a distribution of several dimensions."""
    LAGGED = "lagged"
    """Past residuals are in the mean."""
    LATENT = "latent"
    """The linear predictor has residuals, which are correlated."""


@dataclass(frozen=True)
class Residuals:
    """A term of residuals on the data of the fit.

    Attributes
    ----------
    term : ResidualTerm
    target : Target
    kind : Kind
    series : Series
    correlation : Correlation or None
        None where past residuals are in the mean.
    labels : Index
        Those of the rows.
    names_of_times : tuple of str
        Of ``unstr()``, each time once, in order.
    """

    term: ResidualTerm
    target: Target
    kind: Kind
    series: Series
    correlation: Correlation | None
    labels: pd.Index
    names_of_times: tuple[str, ...] = ()

    def on(self, frame: pd.DataFrame) -> Series:
        """The groups and times of other rows; those of ``fcor()`` are known by their labels.

        Raises
        ------
        DataError
            For a label that the fit hasn't.
        """
        if self.term.matrix is None:
            series = Series.of(self.term, frame, self.series.groups)
            _check_steps(self.term, series, frame)
            self._check_known(series, frame)
            return series
        places = self.labels.get_indexer(frame.index)
        if (places < 0).any():
            raise DataError(
                f"fcor() knows the rows of the fit by their labels, and not "
                f"{_rows(frame.index[places < 0])}. incl_autocor=False leaves it out."
            )
        return replace(self.series, codes=np.zeros(len(places), np.int64), times=places * 1.0)

    def _check_known(self, series: Series, frame: pd.DataFrame) -> None:
        """Of ``unstr()``, that the fit has all times."""
        if not isinstance(self.correlation, Unstructured):
            return
        new = self.correlation.number(series.times) < 0
        if new.any():
            raise DataError(
                f"unstr() knows the correlations of the times of the fit, which hasn't those of "
                f"{_rows(frame.index[new])}. incl_autocor=False leaves residuals out."
            )

    @property
    def layout(self) -> Layout:
        return self.series.layout

    @property
    def orders(self) -> dict[str, int]:
        """By parameter of ``arma()`` its number of lags."""
        return {name: k for name, k in (("ar", self.term.p), ("ma", self.term.q)) if k}

    def parameters(self, rows: pd.Index) -> Iterable[Parameter]:
        """The parameters, without their priors; `rows` are the labels of the fit's rows."""
        ranges = {} if self.correlation is None else self.correlation.names
        target, called = self.target, self.target.called
        if isinstance(self.correlation, Unstructured):
            yield self._of_pairs(self.correlation)
            ranges = {}
        for name in (*self.orders, *(n for n in ranges if n not in self.orders)):
            lower, upper = ranges.get(name, (-np.inf, np.inf))
            lags = tuple(range(1, self.orders.get(name, 0) + 1))
            axes = ((f"{target.prefix}{name}_lag",), (lags,)) if lags else ((), ())
            slots = (Slot(name, lower=lower, upper=upper),)
            several = isinstance(self.correlation, Stationary) and len(lags) > 1
            role = Role.STATIONARY if several else Role.RESIDUAL
            transform = Transform.STATIONARY if several else Transform.BOUNDED
            yield Parameter(called(name), role, target, *axes, slots, transform)
        if self.kind == Kind.LATENT:
            yield Parameter(called("sderr"), Role.RESIDUAL, target, slots=(Slot("sderr"),))
            axes = (f"{target.prefix}err_row",), (labels(rows),)
            made = Transform.STANDARDISED
            yield Parameter(called("err"), Role.LATENT, target, *axes, transform=made)

    def _of_pairs(self, correlation: Unstructured) -> Parameter:
        """The correlations of ``unstr()``, called by their times, the earlier first."""
        names = self.names_of_times
        pairs = (f"{names[j]}__{names[i]}" for i, j in zip(*correlation.pairs, strict=True))
        target, transform = self.target, Transform.CORRELATION
        axes = (f"{target.prefix}cortime_pair",), (tuple(pairs),)
        name, slots = target.called("cortime"), (Slot("cortime"),)
        return Parameter(name, Role.CORRELATIONS, target, *axes, slots, transform)

    def given(self, values: Mapping[str, Any] | Values) -> dict[str, Any]:
        """Draws of its correlation's parameters, with an axis for positions and one for groups.

        Those of pairs of times, or of several lags, stand on the last axis as they are.
        """
        if isinstance(self.correlation, Stationary | Unstructured):
            return {name: values[self.target.called(name)] for name in self.correlation.names}
        return {n: _spread(values[self.target.called(n)]) for n in self.correlation.names}

    def coloured(self, z: Any, values: Mapping[str, Any] | Values, m: Any) -> Any:
        """Correlated residuals of scale 1, from standard normal numbers of rows on the last axis.

        Parameters
        ----------
        z : array
        values : mapping of str to array
            Draws of the correlation's parameters.
        m : module
        """
        white, given = self.layout.side_by_side(z, m), self.given(values)
        return self.layout.in_rows(self.correlation.colour(given, white, self.layout, m))


def _spread(values: Any) -> Any:
    """Of one value a sample, whatever axes it has."""
    return values.reshape((-1, 1, 1)) if isinstance(values, np.ndarray) else values.reshape((1, 1))


def build_residuals(
    predictor: Predictor,
    target: Target,
    family: Family,
    frame: pd.DataFrame,
    formula: Formula,
    data2: Mapping[str, Any],
) -> Residuals | None:
    """The term of residuals of a predictor on the data of the fit, if there is one.

    Raises
    ------
    FormulaError
        For a term that the family or another part of the formula has no place for.
    DataError
        For times twice in a group, or an order that no group is long enough for.
    """
    if not predictor.residuals:
        return None
    term, *more = (*predictor.residuals, *predictor.sars)
    if more:
        raise FormulaError("There is one term of residuals.", predictor.source, more[0].span)
    if not target.is_main or family.main != (MAIN,):
        raise FormulaError(
            f"{term.function}() is a term of the formula of {MAIN!r}"
            + ("." if not target.is_main else f", which {family.name!r} hasn't."),
            predictor.source,
            term.span,
        )
    kind = _kind(term, family, predictor, formula)
    series = Series.of(term, frame)
    _check_times(term, series, frame)
    _check_steps(term, series, frame)
    _check_order(term, series)
    if term.function == "unstr":
        names, times = _distinct(frame[term.time.name], series)
        _check_pairs(term, times, frame)
        return Residuals(term, target, kind, series, Unstructured(times), frame.index, names)
    correlation = _correlation(term, frame, data2, predictor.source) if term.cov else None
    return Residuals(term, target, kind, series, correlation, frame.index)


def _distinct(column: pd.Series, series: Series) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The times that there are, as text and as numbers."""
    times, first = np.unique(series.times, return_index=True)
    return tuple(label_key(v) for v in column.iloc[first]), tuple(times.tolist())


def _check_pairs(term: ResidualTerm, times: tuple[float, ...], frame: pd.DataFrame) -> None:
    pairs = len(times) * (len(times) - 1) // 2
    if pairs > PAIRS_A_ROW * len(frame):
        raise DataError(
            f"unstr() has a correlation for each pair of the {len(times)} times in "
            f"{term.time.name!r}, {pairs} of {len(frame)} rows. It is for times that groups have "
            "in common; car1() takes any."
        )


def _correlation(
    term: ResidualTerm, frame: pd.DataFrame, data2: Mapping[str, Any], source: str
) -> Correlation:
    if term.matrix is not None:
        return Known(known_rows(term.matrix, data2, frame.index, source))
    if term.function in DECAYS:
        return Distance(term.function, term.nugget, term.smoothness)
    if term.function == "cosy":
        return CompoundSymmetry()
    if term.function == "car1":
        return CAR1()
    if term.gaps or max(term.p, term.q) > 1:
        return Stationary(term.p, term.q, term.gaps)
    return Arma(term.p, term.q)


def _kind(term: ResidualTerm, family: Family, predictor: Predictor, formula: Formula) -> Kind:
    on = predictor.source, term.span
    if family.name not in NATURAL:
        if term.matrix is not None:
            raise FormulaError(f"fcor() is for the families {listed(NATURAL)}.", *on)
        if not term.cov:
            raise FormulaError(
                f"Family {family.name!r} has no residuals whose past could be in the mean.",
                *on,
                hint="With cov=True residuals are part of the linear predictor.",
            )
        return Kind.LATENT
    others = [a.name for a in formula.response.additions if a.name not in ("subset", "index")]
    if others and (term.cov or others != ["weights"]):
        raise FormulaError(f"{others[0]}() can't be with {term.function}().", *on)
    if not term.cov:
        if family.link(MAIN).name != "identity":
            raise FormulaError(
                f"Past residuals are in a mean whose link is identity, not "
                f"{family.link(MAIN).name!r}.",
                *on,
                hint="With cov=True any link will do.",
            )
        return Kind.LAGGED
    if "nu" in dict(formula.predictors):
        raise FormulaError(
            f"With {term.function}() residuals of a group have one 'nu', which can't have a "
            "formula.",
            *on,
        )
    return Kind.COVARIANCE


def _check_times(term: ResidualTerm, series: Series, frame: pd.DataFrame) -> None:
    twice = pd.Series(series.places).duplicated(keep=False).to_numpy()
    if twice.any():
        within = "" if term.gr is None else f" within a level of {term.gr.name!r}"
        what = "places" if term.function in DECAYS else "times"
        raise DataError(
            f"{_name(term)} needs {what} that differ{within}; the same are in "
            f"{_rows(frame.index[twice])}. Average such rows, or name a finer group in gr=."
        )
    if term.function not in ("car1", *DECAYS):
        return
    for column in (c for c in (term.time, term.second) if c is not None):
        if isinstance(frame[column.name].dtype, pd.CategoricalDtype):
            hint = " ar() looks at their order alone." if term.function == "car1" else ""
            raise DataError(
                f"{_name(term)} needs numbers or dates, which have distances; {column.name!r} has "
                f"categories.{hint}"
            )


def _check_steps(term: ResidualTerm, series: Series, frame: pd.DataFrame) -> None:
    """That times are whole numbers, where their distances count as steps."""
    broken = series.times != np.floor(series.times) if term.gaps else np.zeros(len(frame), bool)
    if broken.any():
        raise DataError(
            f"With gaps=True {_name(term)} needs times that are whole numbers, and "
            f"{_rows(frame.index[broken])} {'has' if broken.sum() == 1 else 'have'} others. car1() "
            "takes any."
        )


def _check_order(term: ResidualTerm, series: Series) -> None:
    longest, order = len(series.layout.rows), max(term.p, term.q, 1)
    if longest <= order:
        raise DataError(
            f"{_name(term)} looks {order} {'row' if order == 1 else 'rows'} back, and the longest "
            f"group has {longest} {'row' if longest == 1 else 'rows'}."
            + (" Name larger groups in gr=." if order == 1 else " Take a smaller order.")
        )


def _name(term: ResidualTerm) -> str:
    return f"{term.function}()"


def _rows(index: pd.Index) -> str:
    return f"{'row' if len(index) == 1 else 'rows'} {listed(index.tolist(), limit=10)}"
