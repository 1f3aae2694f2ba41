"""The tables of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bayesmix import summary
from bayesmix.fit.base import PROBS, Base
from bayesmix.predict import Draws
from bayesmix.summary import Shrinkage, VarCorrs
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

        Raises
        ------
        PredictionError
            For `probs` outside of 0 to 1.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/summary.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> fit = bx.brm("Reaction ~ Days + (1 | Subject)", sleep, random_seed=1, progressbar=False)
        >>> fit.summary().loc["Subject"].columns.tolist()
        ['Estimate', 'Est.Error', 'Q2.5', 'Q97.5', 'Rhat', 'Bulk_ESS', 'Tail_ESS']
        >>> fit.summary().loc["Further", "Estimate"].round()
        parameter
        sigma    31.0
        Name: Estimate, dtype: float64
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

        Raises
        ------
        PredictionError
            For `probs` outside of 0 to 1.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/fixef.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.fixef(probs=[])
                  Estimate Est.Error
        coef
        Intercept     0.60      0.14
        x             2.10      0.14
        """
        return summary.fixef(self.model.spec, self._draws, probs, robust)

    def ranef(
        self,
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        wide: bool = False,
        sort: str | None = None,
    ) -> ByGroup[pd.DataFrame]:
        """Each level's deviations from the population coefficients, on the scale of the link.

        Parameters
        ----------
        probs, robust
            As for `summary`.
        wide : bool
            A row for each level, with the estimates of its coefficients as columns.
        sort : str, optional
            A coefficient by whose estimates levels are sorted, in groups that have it.

        Returns
        -------
        mapping of str to DataFrame
            By group; indexed by level and coefficient, or by level.

        Raises
        ------
        PredictionError
            For a coefficient to sort by that no group has.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/ranef.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [4.0, 4.2], "sigma": [1.0, 1.0], "sd_g__Intercept": [1.0, 2.0],
        ...          "r_g[a,Intercept]": [-1.0, -1.2], "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ 1 + (1 | g)", data), draws)
        >>> fit.ranef(probs=[])["g"]
                    Estimate Est.Error
        g coef
        a Intercept    -1.10      0.14
        b Intercept     1.20      0.28
        """
        return summary.arranged(
            summary.ranef(self.model.spec, self._draws, probs, robust), wide, sort
        )

    def coef(
        self,
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        wide: bool = False,
        sort: str | None = None,
    ) -> ByGroup[pd.DataFrame]:
        """Each level's own coefficients: population coefficient plus deviation, draw by draw.

        Parameters
        ----------
        probs, robust, wide, sort
            As for `ranef`.

        Returns
        -------
        mapping of str to DataFrame
            By group; indexed by level and coefficient, or by level. A coefficient that only the
            population or only the group has counts as 0 on the other side.

        Raises
        ------
        PredictionError
            For a coefficient to sort by that no group has.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/coef.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [4.0, 4.2], "sigma": [1.0, 1.0], "sd_g__Intercept": [1.0, 2.0],
        ...          "r_g[a,Intercept]": [-1.0, -1.2], "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ 1 + (1 | g)", data), draws)
        >>> fit.coef(wide=True)["g"]
          Intercept
        g
        a      3.00
        b      5.30
        """
        return summary.arranged(
            summary.coef(self.model.spec, self._draws, probs, robust), wide, sort
        )

    def varcorr(self, probs: Sequence[float] = PROBS, robust: bool = False) -> VarCorrs:
        """Variances, standard deviations, correlations and covariances of the group-level effects.

        Prints as one table, as in lme4: the means of variances and sds, quantiles of the sds,
        each group's share of the total variance, and correlations.

        Parameters
        ----------
        probs, robust
            As for `summary`.

        Returns
        -------
        mapping of str to VarCorr
            By group, and ``"residual__"`` for sigma where it has no formula. Each has data frames
            ``sd``, ``cor`` and ``cov`` (the latter two None where nothing is correlated). Its
            ``table`` is what it prints: ``Share`` averages over the rows of the fit and is on the
            latent scale, with the residual variance of `icc`.

        Raises
        ------
        PredictionError
            For `probs` outside of 0 to 1.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/VarCorr.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [4.0, 4.2], "sigma": [1.0, 1.0], "sd_g__Intercept": [1.0, 2.0],
        ...          "r_g[a,Intercept]": [-1.0, -1.2], "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ 1 + (1 | g)", data), draws)
        >>> fit.varcorr(probs=[])["g"].sd
                  Estimate Est.Error
        coef
        Intercept     1.50      0.71
        >>> fit.varcorr(probs=[]).table["Share"].round(2).tolist()
        [0.65, 0.35]
        """
        return summary.varcorr(self.model.spec, self._draws, probs, robust)

    def ngrps(self) -> pd.DataFrame:
        """The number of levels of each group, as a column ``Levels``.

        Returns
        -------
        DataFrame
            Indexed by group.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/ngrps.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [4.0, 4.2], "sigma": [1.0, 1.0], "sd_g__Intercept": [1.0, 2.0],
        ...          "r_g[a,Intercept]": [-1.0, -1.2], "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ 1 + (1 | g)", data), draws)
        >>> fit.ngrps()
              Levels
        group
        g          2
        """
        return summary.ngrps(self.model.spec)

    def draws(self, variable: str | None = None) -> pd.DataFrame:
        """The posterior's draws as a data frame.

        Parameters
        ----------
        variable : str, optional
            A variable of ``idata.posterior``, to have long.

        Returns
        -------
        DataFrame
            Columns ``.chain, .iteration, .draw`` (from 1), then one for each parameter, called as
            brms calls it (``b_Days``, ``r_Subject[308,Days]``); or, of one variable, its dimensions
            and ``value``.

        Raises
        ------
        PredictionError
            For a variable that isn't there.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.draws().columns.tolist()
        ['.chain', '.iteration', '.draw', 'b_Intercept', 'b_x', 'sigma']
        >>> fit.draws("b").tail(2)
           .chain  .iteration  .draw       coef  value
        2       1           2      2  Intercept    0.7
        3       1           2      2          x    2.2
        """
        return self._as_frame(self._draws, variable)

    def prior_draws(
        self, variable: str | None = None, draws: int | None = None, random_seed: Any = None
    ) -> pd.DataFrame:
        """Draws from the prior as a data frame, in the columns of `draws`.

        Parameters
        ----------
        variable : str, optional
            A variable of the posterior, to have long.
        draws : int, optional
            As many as the posterior has by default.
        random_seed : int, Generator or None
            Without this and `draws` they are those that `sample_prior` has kept, if it was called.

        Returns
        -------
        DataFrame

        Raises
        ------
        PriorError
            If a prior is flat; it names the parameters.
        PredictionError
            For a variable that isn't there.

        References
        ----------
        brms's ``prior_draws``: https://paulbuerkner.com/brms/reference/prior_draws.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> model = bx.Model("y ~ x", data, prior=bx.prior("normal(0, 2)", "b"))
        >>> fit = model.fit(draws=10, chains=2, prior_only=True, random_seed=1)
        >>> fit.prior_draws(draws=500, random_seed=1)["b_x"].std().round()
        np.float64(2.0)
        """
        tree = self.idata
        if "prior" not in tree or draws is not None or random_seed is not None:
            size = len(self._draws) if draws is None else draws
            tree = self.model.sample_prior(size, random_seed)
        return self._as_frame(Draws.from_posterior(tree["prior"].to_dataset()), variable)

    def _as_frame(self, draws: Draws, variable: str | None) -> pd.DataFrame:
        if variable is None:
            return summary.wide(self.model.spec, draws)
        return summary.long(self.model.spec, draws, variable)

    def shrinkage(self, group: str, resp: str | None = None) -> Shrinkage:
        """How partial pooling moves the levels of a group, and why their estimates vary less.

        Parameters
        ----------
        group : str
            With effects in the main predictor.
        resp : str, optional
            The response, of a model that has several.

        Returns
        -------
        Shrinkage
            ``levels``: for every level the estimates without pooling, with partial and with
            complete pooling, its rows and the pooling factor. ``covariance``: that of the effects
            as the model has it, beside that of their estimates and the mean posterior one;
            ``correlation`` likewise.

        Raises
        ------
        PredictionError
            For a group that isn't there, or without effects in the main predictor.

        References
        ----------
        A. Gelman, J. Hill (2007). Data analysis using regression and multilevel/hierarchical
        models, sections 12.2 and 21.6.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [4.0, 4.2], "sigma": [1.0, 1.0], "sd_g__Intercept": [1.0, 1.0],
        ...          "r_g[a,Intercept]": [-1.0, -1.2], "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ 1 + (1 | g)", data), draws)
        >>> fit.shrinkage("g").levels[["no_pooling", "partial_pooling", "pooling"]]
                     no_pooling partial_pooling pooling
        g coef
        a Intercept        2.00            3.00    0.33
        b Intercept        6.00            5.30    0.33
        """
        return summary.shrinkage(self.model.spec.of(resp), self._draws, group)
