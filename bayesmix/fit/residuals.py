"""What the model leaves of the responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayesmix import criticism
from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.fit.base import PROBS
from bayesmix.fit.predictions import Predictions
from bayesmix.statistics import summarise
from bayesmix.tables import Table


class Residuals(Predictions):
    """Residuals and how they hang together."""

    def residuals(
        self,
        newdata: Any = None,
        type: str = "standardised",
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        random_seed: Any = None,
        **how: Any,
    ) -> pd.DataFrame:
        """Observed responses less what the model expects, for each row.

        Parameters
        ----------
        newdata, **how
            As for `posterior_epred`; new data must have the response.
        type : str
            ``"ordinary"``: y - E(y), in the response's units. ``"standardised"``: standard normal
            if the model is right, whatever the family. For continuous families it is the normal
            deviate that has the probability of y, in each draw; of a normal response (y - mu) /
            sigma. For counts, and where the distribution function isn't known, the deviate of the
            rank of y among the predicted responses, ties broken at random. ``"normalised"``: where
            residuals hang together, the same given those before in their group, which are
            independent if the model is right; else as standardised.
        probs, robust
            As for `summary`.
        random_seed : int, Generator or None

        Returns
        -------
        DataFrame
            Indexed by row label; columns ``Estimate, Est.Error, Q2.5, Q97.5``, of ranks
            ``Estimate`` alone.

        Raises
        ------
        PredictionError
            For responses that have no order, are several columns, or censored.

        References
        ----------
        P. K. Dunn, G. K. Smyth (1996). Randomized quantile residuals. Journal of Computational and
        Graphical Statistics 5. nlme's standardised and normalized
        residuals are those of a normal response.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.residuals(type="ordinary", probs=[])
          Estimate Est.Error
        0     0.40      0.14
        1     0.30      0.28
        2    -0.80      0.42
        3     1.10      0.57
        """
        prediction = self._asked(newdata, {**how, "random_seed": random_seed})
        values = criticism.residuals(prediction, type)
        index = prediction.rows.labels
        if len(values) == 1 < len(prediction.draws):
            return Table(pd.DataFrame({"Estimate": values[0]}, index))
        return Table(summarise(values, index, probs, robust))

    def autocorrelation(
        self,
        time: Any = None,
        group: Any = None,
        type: str = "standardised",
        max_lag: int | None = None,
        random_seed: Any = None,
    ) -> pd.DataFrame:
        """The empirical autocorrelation of residuals within groups, over time.

        At lag k it is the mean product of two residuals of a group that are k steps apart, over the
        mean square of all. Only the residuals' means over the draws are looked at.

        Parameters
        ----------
        time : str or Series, optional
            A column, or values by row label; no two rows of a group have the same. Whole numbers
            are k steps apart if they differ by k; other times (dates, fractions) are ordered within
            the group. By default rows stand in the order of their times.
        group : str or Series, optional
            The grouping factor or column; by default all rows are one series.
        type, random_seed
            As for `residuals`.
        max_lag : int, optional
            10 log10(n) by default, with n the length of the longest series.

        Returns
        -------
        DataFrame
            Indexed by ``lag``; ``autocorrelation``, ``pairs`` that it is of, and ``bound``, beyond
            which 5% of the autocorrelations of independent residuals are.

        Raises
        ------
        PredictionError
            For columns that aren't there, and two rows of a group at the same time.

        References
        ----------
        ``ACF`` of nlme; Pinheiro and Bates (2000), Mixed-Effects Models in S and S-PLUS, 5.3.4.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "t": [0, 1, 2, 3]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_t": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ t", data), draws)
        >>> fit.autocorrelation("t", max_lag=1)
            autocorrelation pairs bound
        lag
        0              1.00     4  0.98
        1             -0.61     3  1.13
        """
        found = self._residuals(type, random_seed)
        at = self._of_rows(group, "group"), self._of_rows(time, "time")
        return Table(criticism.autocorrelation(found, *at, max_lag))

    def semivariogram(
        self,
        coords: Any,
        group: Any = None,
        type: str = "standardised",
        max_distance: float | None = None,
        bins: int = 20,
        random_seed: Any = None,
    ) -> pd.DataFrame:
        """Half the mean squared difference of two residuals, by how far apart they are.

        Parameters
        ----------
        coords : str, Series or sequence of them
            A time, or coordinates, whose distance is Euclidean; times count days.
        group : str or Series, optional
            Pairs are within a group; all rows are one by default.
        type, random_seed
            As for `residuals`. Independent standardised residuals have a semivariance of 1.
        max_distance : float, optional
            Of the pairs that count.
        bins : int
            Pairs of more distances than this are put into so many bins of about as many pairs.

        Returns
        -------
        DataFrame
            With the columns ``distance``, ``semivariance`` (means over the pairs of a bin) and
            ``pairs``.

        Raises
        ------
        PredictionError
            For columns that aren't there or have no distances.

        References
        ----------
        ``Variogram`` of nlme; Pinheiro and Bates (2000), 5.3.2 and 5.3.4.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "t": [0, 1, 2, 3]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_t": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ t", data), draws)
        >>> fit.semivariogram("t", max_distance=2)
          distance semivariance pairs
        0     1.00         1.02     3
        1     2.00         0.65     2
        """
        several = coords if isinstance(coords, list | tuple) else [coords]
        columns = {i: self._of_rows(c, "coords") for i, c in enumerate(several)}
        if not columns:
            raise PredictionError("coords names a column or more.")
        found, at = self._residuals(type, random_seed), self._of_rows(group, "group")
        made = criticism.semivariogram(found, pd.DataFrame(columns), at, max_distance, bins)
        return Table(made)

    def _residuals(self, type: str, random_seed: Any) -> pd.Series:
        return self.residuals(type=type, probs=[], random_seed=random_seed)["Estimate"]

    def _of_rows(self, what: Any, option: str) -> pd.Series | None:
        """A column of the model, the levels of a group, or values given by row label."""
        spec = self.model.spec
        groups, frame = {g.name: g for g in spec.design.groups}, spec.design.frame
        if what is None:
            return None
        if isinstance(what, pd.Series):
            return _aligned(what, frame.index, option)
        if isinstance(what, str) and what in frame:
            return frame[what]
        if isinstance(what, str) and what in groups:
            g = groups[what]
            return pd.Series(np.array(g.levels, dtype=object)[g.of_row], frame.index, name=what)
        there = dict.fromkeys([*frame, *groups])
        raise PredictionError(
            f"{option}: the model has no column {what!r}; it has {listed(there, limit=30)}. A "
            f"column of the data that it doesn't use is given as a Series, data[{what!r}]."
            + did_you_mean(str(what), there)
        )


def _aligned(values: pd.Series, rows: pd.Index, option: str) -> pd.Series:
    """Values at the rows of the fit."""
    absent = [label for label in rows if label not in values.index]
    if absent:
        raise PredictionError(f"{option}: the Series has no value for rows {listed(absent)}.")
    if not values.index.is_unique:
        raise PredictionError(f"{option}: a row label stands twice in the Series.")
    found = values.loc[rows]
    if found.isna().any():
        raise PredictionError(
            f"{option} is missing in rows {listed(found.index[found.isna()].tolist(), 10)}."
        )
    return found
