"""`PointFit`: estimates without a posterior, in the tables of a fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesmix import summary
from bayesmix.estimates.boundary import boundary
from bayesmix.estimates.likelihood import LAPLACE, REML, Likelihood
from bayesmix.estimates.modes import Mode
from bayesmix.estimates.search import Maximum
from bayesmix.estimates.uncertainty import Uncertainty, Values
from bayesmix.parameters import Role
from bayesmix.predict import Draws
from bayesmix.predict.coefficients import population
from bayesmix.statistics import checked_probs
from bayesmix.summary import Table, VarCorrs
from bayesmix.summary.varcorr import RESIDUAL, correlation_matrix
from bayesmix.tables import ByGroup

if TYPE_CHECKING:
    from bayesmix.spec import ModelSpec

PROBS = (0.025, 0.975)
FURTHER = (
    Role.DPAR,
    Role.VARIANCE,
    Role.RESIDUAL,
    Role.STATIONARY,
    Role.CORRELATIONS,
    Role.SMOOTH_SD,
    Role.REGIONS_SD,
    Role.REGIONS_SHARE,
    Role.ROWS,
    Role.STEPS,
)
NAMES = {
    REML: "restricted maximum likelihood",
    LAPLACE: "maximum likelihood by Laplace's approximation",
}


@dataclass(frozen=True, repr=False)
class PointFit:
    """Estimates of a model: largest likelihood, with the group effects integrated out.

    Made by `Model.optimize`. Its tables are those of a `Fit`; errors are from the curvature of the
    log likelihood where that is largest. Priors play no part.

    Attributes
    ----------
    method : str
        ``"ml"``, ``"reml"`` or ``"laplace"``.
    loglik : float
        The log likelihood, of ``"reml"`` the restricted one.
    converged : bool
        Whether the search ended where it should.
    """

    likelihood: Likelihood
    maximum: Maximum
    mode: Mode

    @property
    def spec(self) -> ModelSpec:
        return self.likelihood.spec

    @property
    def method(self) -> str:
        return self.likelihood.method

    @property
    def converged(self) -> bool:
        return self.maximum.settled

    @property
    def loglik(self) -> float:
        return float(self.maximum.value)

    @property
    def df(self) -> int:
        """The number of estimated parameters, group effects aside."""
        return len(self.maximum.x) + len(self._within)

    @property
    def nobs(self) -> int:
        """The number of rows."""
        return len(self.spec.design.frame)

    @property
    def aic(self) -> float:
        """Akaike's information criterion, -2 loglik + 2 df."""
        return -2 * self.loglik + 2 * self.df

    @property
    def bic(self) -> float:
        """Schwarz's information criterion, -2 loglik + df log(nobs)."""
        return -2 * self.loglik + self.df * float(np.log(self.nobs))

    @cached_property
    def boundary(self) -> tuple[str, ...]:
        """The estimates at the edge of what they can be: a variance of 0, a correlation of 1."""
        return boundary(self.likelihood, self.maximum, self._draws.values)

    @cached_property
    def _draws(self) -> Draws:
        """The estimates as one draw."""
        values = self.likelihood.values(self.maximum.x, self.mode)
        zero = np.zeros(1, np.int64)
        return Draws(values, zero, zero, zero, 1)

    @property
    def values(self) -> dict[str, np.ndarray]:
        """All estimates, by variable of the posterior."""
        return {name: v[0] for name, v in self._draws.values.items()}

    @property
    def _within(self) -> np.ndarray:
        return self.mode.at[self.likelihood.count :]

    @cached_property
    def _uncertainty(self) -> Uncertainty:
        covariance = self.mode.curvature.covariance
        return Uncertainty(self.likelihood, self.maximum, self._within, covariance)

    def _errors(self, table: Callable[[Draws], np.ndarray]) -> np.ndarray:
        """Of a function of draws, which gives one number of a row of a table each."""
        effects = {e.name: self._draws[e.name] for e in self.likelihood.effects}

        def quantities(values: Values) -> np.ndarray:
            return table(replace(self._draws, values={**effects, **values}))

        return self._uncertainty.errors(quantities)

    def fixef(self, probs: Sequence[float] = PROBS) -> pd.DataFrame:
        """The population coefficients, on the scale of the link.

        Parameters
        ----------
        probs : sequence of float
            Limits of normal intervals.

        Returns
        -------
        DataFrame
            Indexed by coefficient; columns ``Estimate, Est.Error, Q2.5, Q97.5``. Of ``"ml"`` and
            ``"reml"`` the errors of coefficients of the mean are given the variances.

        Raises
        ------
        PredictionError
            For `probs` outside of 0 to 1.

        References
        ----------
        lme4: https://CRAN.R-project.org/package=lme4

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> found = bx.Model("Reaction ~ Days + (1 | Subject)", sleep).optimize("reml")
        >>> found.fixef(probs=[]).round(2)
                  Estimate Est.Error
        coef
        Intercept   251.41      9.75
        Days         10.47      0.80
        """
        table = summary.fixef(self.spec, self._draws, (), robust=False)
        table["Est.Error"] = self._errors(lambda draws: population(self.spec, draws)[1][0])
        for p in checked_probs(probs):
            z = NormalDist().inv_cdf(p)
            table[f"Q{100 * p:g}"] = table["Estimate"] + z * table["Est.Error"]
        return table

    def ranef(self, wide: bool = False, sort: str | None = None) -> ByGroup[pd.DataFrame]:
        """The conditional modes of each level's deviations, on the scale of the link.

        Parameters
        ----------
        wide, sort
            As for `Fit.ranef`.

        Returns
        -------
        mapping of str to DataFrame
            By group; columns ``Estimate, Est.Error``, the error given all parameters.

        Raises
        ------
        PredictionError
            For a coefficient to sort by that no group has.

        References
        ----------
        lme4: https://CRAN.R-project.org/package=lme4

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> found = bx.Model("Reaction ~ Days + (1 | Subject)", sleep).optimize("reml")
        >>> found.ranef(wide=True)["Subject"].loc["308"].round(1).item()
        40.8
        """
        tables = summary.ranef(self.spec, self._draws, (), robust=False)
        errors = self.likelihood.effect_errors(self.maximum.x, self.mode)
        for group, table in tables.items():
            table["Est.Error"] = errors[f"r_{group}"].ravel()
        return summary.arranged(tables, wide, sort)

    def coef(self, wide: bool = False, sort: str | None = None) -> ByGroup[pd.DataFrame]:
        """Each level's own coefficients: population coefficient plus deviation.

        Parameters
        ----------
        wide, sort
            As for `Fit.coef`.

        Returns
        -------
        mapping of str to DataFrame
            By group; one column, ``Estimate``.

        Raises
        ------
        PredictionError
            For a coefficient to sort by that no group has.

        References
        ----------
        lme4: https://CRAN.R-project.org/package=lme4

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> found = bx.Model("Reaction ~ Days + (1 | Subject)", sleep).optimize("reml")
        >>> found.coef(wide=True)["Subject"].loc["308"].round(1).to_dict()
        {'Intercept': 292.2, 'Days': 10.5}
        """
        tables = summary.coef(self.spec, self._draws, (), robust=False)
        estimates = {g: t.drop(columns="Est.Error") for g, t in tables.items()}
        return summary.arranged(ByGroup(estimates), wide, sort)

    def varcorr(self) -> VarCorrs:
        """Variances, standard deviations and correlations of the group effects.

        Returns
        -------
        mapping of str to VarCorr
            As `Fit.varcorr`; nan is the error of what is at the edge of its range.

        References
        ----------
        lme4: https://CRAN.R-project.org/package=lme4

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> found = bx.Model("Reaction ~ Days + (1 | Subject)", sleep).optimize("reml")
        >>> found.varcorr()["Subject"].sd["Estimate"].round(1).item()
        37.1
        """
        found = summary.varcorr(self.spec, self._draws, (), robust=False)
        items = {}
        for name, item in found.items():
            tables = {}
            for what in ("sd", "cor", "cov"):
                table = getattr(item, what)
                if table is not None:
                    table = table.copy()
                    table["Est.Error"] = self._errors(lambda d, n=name, w=what: self._of(d, n, w))
                tables[what] = table
            items[name] = replace(item, **tables)
        return VarCorrs(items, found.table)

    def _of(self, draws: Draws, group: str, what: str) -> np.ndarray:
        """The numbers of one table of variances."""
        if group == RESIDUAL:
            return draws["sigma"]
        sd = draws[f"sd_{group}"].ravel()
        if what == "sd":
            return sd
        cor = correlation_matrix(self.spec.group(group), draws)[0]
        return (cor if what == "cor" else cor * np.outer(sd, sd)).ravel()

    def regions(self) -> ByGroup[pd.DataFrame]:
        """The conditional modes of the effects of regions, on the scale of the link.

        Returns
        -------
        mapping of str to DataFrame
            By variable (``rcar``), indexed by region; columns ``Estimate, Est.Error``, the error
            given all parameters.

        Examples
        --------
        >>> import pandas as pd
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 1.2, 3.0, 3.5, 8.0, 9.0], "area": list("aabbcc")}
        >>> chain = pd.DataFrame([[0, 1, 0], [1, 0, 1], [0, 1, 0]], list("abc"), list("abc"))
        >>> model = bx.Model('y ~ car(W, gr=area, type="esicar")', data, data2={"W": chain})
        >>> model.optimize("reml").regions()["rcar"]["Estimate"].round(1).to_dict()
        {'a': -3.2, 'b': -1.0, 'c': 4.2}
        """
        errors = self.likelihood.effect_errors(self.maximum.x, self.mode)
        tables = {}
        for p in self.spec.of_role(Role.REGIONS):
            columns = {"Estimate": self._draws[p.name][0], "Est.Error": errors[p.name][0]}
            index = pd.Index(p.coords[0], name=p.dims[0])
            tables[p.name] = Table(columns, index=index)
        return ByGroup(tables)

    def further(self) -> pd.DataFrame:
        """What else is estimated, on its natural scale.

        Returns
        -------
        DataFrame
            Indexed by parameter; columns ``Estimate, Est.Error``.

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> found = bx.Model("Reaction ~ Days + (1 | Subject)", sleep).optimize("reml")
        >>> found.further().index.tolist()
        ['sigma']
        """
        found = [
            p for p in self.spec.parameters if p.role in FURTHER and p.name in self._draws.values
        ]

        def numbers(draws: Draws) -> np.ndarray:
            return np.concatenate([np.empty(0), *(draws[p.name].ravel() for p in found)])

        names = [name for p in found for name in _names(p.name, p.coords)]
        columns = {"Estimate": numbers(self._draws), "Est.Error": self._errors(numbers)}
        return Table(columns, index=pd.Index(names, name="parameter", dtype=object))

    def ngrps(self) -> pd.DataFrame:
        """The number of levels of each group, as a column ``Levels``.

        Returns
        -------
        DataFrame
            Indexed by group.

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> found = bx.Model("Reaction ~ Days + (1 | Subject)", sleep).optimize("reml")
        >>> found.ngrps()["Levels"].item()
        18
        """
        return summary.ngrps(self.spec)

    def __repr__(self) -> str:
        return "\n\n".join([self._header, *(f"{t}\n{table!r}" for t, table in self._tables)])

    def _repr_html_(self) -> str:
        parts = (f"<h4>{escape(t)}</h4>{table._repr_html_()}" for t, table in self._tables)
        return f"<pre>{escape(self._header)}</pre>" + "".join(parts)

    @property
    def _header(self) -> str:
        formula = str(self.spec.formula).replace("\n", "\n" + " " * 10)
        lines = [
            f" Formula: {formula}",
            f"  Family: {self.spec.family.name}",
            f"  Method: {NAMES.get(self.method, 'maximum likelihood')}{self._holding}",
            f"    Data: {self.nobs} rows",
            f"  Loglik: {self.loglik:.2f} (df {self.df}); AIC {self.aic:.2f}, BIC {self.bic:.2f}",
        ]
        lines += [f"Boundary: {text}" for text in self.boundary]
        lines += [] if self.converged else [" Warning: the search hasn't settled"]
        return "\n".join(lines)

    @property
    def _holding(self) -> str:
        return "" if self.likelihood.held is None else ", the fitted mean held in the scale"

    @property
    def _tables(self) -> list[tuple[str, pd.DataFrame | VarCorrs]]:
        found = {
            "Group effects:": self.varcorr(),
            "Regression coefficients:": self.fixef(),
            "Further parameters:": self.further(),
        }
        return [(title, table) for title, table in found.items() if len(table)]


def _names(name: str, coords: tuple[tuple[object, ...], ...]) -> list[str]:
    """Of the values of a parameter that has one axis at most."""
    return [f"{name}[{label}]" for label in coords[0]] if coords else [name]
