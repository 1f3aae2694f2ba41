"""The tables of a fit."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bayesmix import summary
from bayesmix.fit.base import PROBS, Base
from bayesmix.summary import VarCorr
from bayesmix.tables import ByGroup


class Tables(Base):
    """Parameters as data frames."""

    def summary(self, probs: Sequence[float] = PROBS, robust: bool = False) -> pd.DataFrame:
        """The parameters with their convergence diagnostics.

        Parameters
        ----------
        probs : sequence of float
            Quantiles to give.
        robust : bool
            Median and mad (times 1.4826) in place of mean and sd.

        Returns
        -------
        DataFrame
            Indexed by part (a group, ``"Population"``, ``"Further"``) and parameter; columns
            ``Estimate, Est.Error, Q2.5, Q97.5, Rhat, Bulk_ESS, Tail_ESS``. Standard deviations and
            population coefficients on the scale of the link, further parameters on their own.
        """
        return summary.overview(self.model.spec, self._draws, probs, robust)

    def fixef(self, probs: Sequence[float] = PROBS, robust: bool = False) -> pd.DataFrame:
        """The population coefficients, on the scale of the link.

        Parameters
        ----------
        probs, robust
            As for `summary`.

        Returns
        -------
        DataFrame
            Indexed by coefficient, those of other dpars than mu with its prefix
            (``sigma_Days``); columns ``Estimate, Est.Error, Q2.5, Q97.5``.
        """
        return summary.fixef(self.model.spec, self._draws, probs, robust)

    def ranef(self, probs: Sequence[float] = PROBS, robust: bool = False) -> ByGroup[pd.DataFrame]:
        """Each level's deviations from the population coefficients, on the scale of the link.

        Parameters
        ----------
        probs, robust
            As for `summary`.

        Returns
        -------
        mapping of str to DataFrame
            By group; indexed by level and coefficient.
        """
        return summary.ranef(self.model.spec, self._draws, probs, robust)

    def coef(self, probs: Sequence[float] = PROBS, robust: bool = False) -> ByGroup[pd.DataFrame]:
        """Each level's own coefficients: population coefficient plus deviation, draw by draw.

        Parameters
        ----------
        probs, robust
            As for `summary`.

        Returns
        -------
        mapping of str to DataFrame
            By group; indexed by level and coefficient. A coefficient that only the population or
            only the group has counts as 0 on the other side.
        """
        return summary.coef(self.model.spec, self._draws, probs, robust)

    def varcorr(self, probs: Sequence[float] = PROBS, robust: bool = False) -> ByGroup[VarCorr]:
        """Standard deviations, correlations and covariances of the group-level effects.

        Parameters
        ----------
        probs, robust
            As for `summary`.

        Returns
        -------
        mapping of str to VarCorr
            By group, and ``"residual__"`` for sigma where it has no formula. Each has data frames
            ``sd``, ``cor`` and ``cov`` (the latter two None where nothing is correlated).
        """
        return summary.varcorr(self.model.spec, self._draws, probs, robust)

    def ngrps(self) -> pd.DataFrame:
        """The number of levels of each group, as a column ``Levels``."""
        return summary.ngrps(self.model.spec)
