"""`Fit`: a model with its posterior draws, and the questions that it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix import summary
from bayesmix.errors import PredictionError
from bayesmix.parameters import MAIN
from bayesmix.predict import Draws, Prediction, Request, log_density
from bayesmix.summary import ByGroup, VarCorr

if TYPE_CHECKING:
    import xarray as xr

    from bayesmix.model import Model

PROBS = (0.025, 0.975)


class Fit:
    """A fitted model, made by `Model.fit`, `brm`, `load` or `from_brms`; prints as a summary.

    Attributes
    ----------
    model : Model
    idata : xarray.DataTree
        Groups ``posterior``, ``sample_stats`` and ``observed_data``; everything that ArviZ knows
        works on it.

    Examples
    --------
    Two draws, given rather than sampled:

    >>> import bayesmix as bx
    >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0], "g": ["a", "a", "b", "b"]}
    >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0],
    ...          "sd_g__Intercept": [1.0, 2.0], "r_g[a,Intercept]": [-1.0, -1.2],
    ...          "r_g[b,Intercept]": [1.0, 1.4]}
    >>> fit = bx.from_brms(bx.Model("y ~ x + (1 | g)", data), draws)
    >>> fit.fixef(probs=[0.5])
              Estimate Est.Error  Q50
    coef
    Intercept     0.60      0.14 0.60
    x             2.10      0.14 2.10
    >>> fit.coef()["g"]["Estimate"].unstack()
    coef  Intercept    x
    g
    a          -0.5  2.1
    b           1.8  2.1
    """

    def __init__(self, model: Model, idata: xr.DataTree) -> None:
        self.model = model
        self.idata = idata

    @cached_property
    def _draws(self) -> Draws:
        return Draws.from_posterior(self.idata["posterior"].to_dataset())

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

    def posterior_linpred(
        self,
        newdata: Any = None,
        re_formula: Any = None,
        allow_new_levels: bool = False,
        sample_new_levels: str | None = None,
        dpar: str | None = None,
        ndraws: int | None = None,
        draw_ids: Sequence[int] | None = None,
        random_seed: Any = None,
        clusters: str | Mapping[str, str] | None = None,
        n_clusters: int | Mapping[str, int] | None = None,
        average: bool = False,
    ) -> xr.DataArray:
        """Draws of the linear predictor, on the scale of the link.

        Parameters
        ----------
        newdata, re_formula, allow_new_levels, sample_new_levels, ndraws, draw_ids, random_seed, \
        clusters, n_clusters, average
            As for `posterior_epred`.
        dpar : str, optional
            The parameter to predict; ``"mu"`` by default.

        Returns
        -------
        xarray.DataArray
            Dims ``sample`` (with ``chain`` and ``draw``) and ``obs``.
        """
        how = re_formula, allow_new_levels, sample_new_levels, dpar, ndraws, draw_ids, random_seed
        which = clusters, n_clusters, average
        return self._prediction(Request(newdata, *how, *which), MAIN).linpred()

    def posterior_epred(
        self,
        newdata: Any = None,
        re_formula: Any = None,
        allow_new_levels: bool = False,
        sample_new_levels: str | None = None,
        dpar: str | None = None,
        ndraws: int | None = None,
        draw_ids: Sequence[int] | None = None,
        random_seed: Any = None,
        clusters: str | Mapping[str, str] | None = None,
        n_clusters: int | Mapping[str, int] | None = None,
        average: bool = False,
    ) -> xr.DataArray:
        """Draws of the expected response.

        Parameters
        ----------
        newdata : DataFrame, optional
            Rows to predict for; those of the fit by default. Only the columns that the kept terms
            use are needed.
        re_formula : None, NA or str
            Which group-level terms to keep: None all, `NA` (or ``"~0"``) none, which is the
            average cluster (effects at zero, not averaged over), ``"~ (1 | g)"`` the named ones.
        allow_new_levels : bool
            Whether levels that the fit doesn't know may stand in `newdata`. A missing level, or a
            missing column, is one new level. Rows of one label share its effects.
        sample_new_levels : str
            Where effects of new levels come from. ``"uncertainty"``: at each draw the whole vector
            of a fitted level, chosen anew for every draw; ``"old_levels"``: that of one fitted
            level for all draws; ``"gaussian"``: normal with the draw's sd and cor. By default
            ``"uncertainty"``, as in brms; for the new clusters of `clusters` ``"gaussian"``.
        dpar : str, optional
            Predict this parameter, on its natural scale, in place of the response.
        ndraws : int, optional
            That many draws, chosen at random, in their order.
        draw_ids : sequence of int, optional
            These draws, counted from 0 over all chains.
        random_seed : int, Generator or None
            For new levels and the choice of draws. The same seed gives a new level the same
            effects in every kind of prediction; None is fresh randomness.
        clusters : str or mapping of str to str, optional
            Which clusters to predict for, by one word in place of the switches above: for all
            groups, or by group. ``"average"``: the typical cluster, effects at zero;
            ``"fitted"``: those of the study, which the rows name, or each of them, along a
            dimension of the group's name, where the rows name none; ``"new"``: a new one, the
            same for all rows; ``"population"``: the mean over infinitely many, exact for
            identity, log and probit links, by quadrature with relative errors below 1e-8 for
            others.
        n_clusters : int or mapping of str to int, optional
            With ``"new"``: the mean over that many new clusters, as when a study is repeated
            with others. With several new groups a mapping, every combination counting.
        average : bool
            With ``"fitted"``: the mean over all clusters of the study within each draw, each
            counting the same, whatever cluster the rows name.

        Returns
        -------
        xarray.DataArray
            Dims ``sample`` (with ``chain`` and ``draw``) and ``obs`` (the row labels); on the
            scale of the response, for a binomial the expected count. With `clusters` its
            attributes say what was ``averaged``, ``drawn`` and ``held``.

        Raises
        ------
        PredictionError
            For missing columns or values, unknown levels, terms that the model doesn't have.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/prepare_predictions.html

        Examples
        --------
        A fitted, the average and a new cluster, with two given draws:

        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0],
        ...          "sd_g__Intercept": [1.0, 2.0], "r_g[a,Intercept]": [-1.0, -1.2],
        ...          "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ x + (1 | g)", data), draws)
        >>> fit.posterior_epred({"x": [1.0], "g": ["b"]}).to_numpy().ravel()
        array([3.5, 4.3])
        >>> fit.posterior_epred({"x": [1.0]}, re_formula=bx.NA).to_numpy().ravel()
        array([2.5, 2.9])
        >>> new = fit.posterior_epred({"x": [1.0], "g": ["c"]}, allow_new_levels=True)
        >>> bool(new[0, 0] in (1.5, 3.5))
        True
        """
        how = re_formula, allow_new_levels, sample_new_levels, dpar, ndraws, draw_ids, random_seed
        which = clusters, n_clusters, average
        return self._prediction(Request(newdata, *how, *which)).epred()

    def posterior_predict(
        self,
        newdata: Any = None,
        re_formula: Any = None,
        allow_new_levels: bool = False,
        sample_new_levels: str | None = None,
        ndraws: int | None = None,
        draw_ids: Sequence[int] | None = None,
        random_seed: Any = None,
        clusters: str | Mapping[str, str] | None = None,
        n_clusters: int | Mapping[str, int] | None = None,
        average: bool = False,
    ) -> xr.DataArray:
        """Draws of new responses.

        Parameters
        ----------
        newdata, re_formula, allow_new_levels, sample_new_levels, ndraws, draw_ids, random_seed, \
        clusters, n_clusters, average
            As for `posterior_epred`; the seed is also the responses'. Responses of a
            ``"population"`` are each of a cluster of its own.

        Returns
        -------
        xarray.DataArray
            Dims ``sample`` (with ``chain`` and ``draw``) and ``obs``.
        """
        how = re_formula, allow_new_levels, sample_new_levels, None, ndraws, draw_ids, random_seed
        which = clusters, n_clusters, average
        return self._prediction(Request(newdata, *how, *which)).predict()

    def log_lik(
        self,
        newdata: Any = None,
        re_formula: Any = None,
        allow_new_levels: bool = False,
        sample_new_levels: str | None = None,
        ndraws: int | None = None,
        draw_ids: Sequence[int] | None = None,
        random_seed: Any = None,
    ) -> xr.DataArray:
        """Log likelihood of each row's response, times its weight.

        Parameters
        ----------
        newdata, re_formula, allow_new_levels, sample_new_levels, ndraws, draw_ids, random_seed
            As for `posterior_epred`; `newdata` needs the response.

        Returns
        -------
        xarray.DataArray
            Dims ``sample`` (with ``chain`` and ``draw``) and ``obs``.
        """
        how = re_formula, allow_new_levels, sample_new_levels, None, ndraws, draw_ids, random_seed
        return self._prediction(Request(newdata, *how)).log_lik()

    def predict(
        self,
        newdata: Any = None,
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        **how: Any,
    ) -> pd.DataFrame:
        """`posterior_predict`, summarised for each row.

        Parameters
        ----------
        newdata, **how
            As for `posterior_predict`.
        probs, robust
            As for `summary`.

        Returns
        -------
        DataFrame
            Indexed by row label; columns ``Estimate, Est.Error, Q2.5, Q97.5``.
        """
        return summary.by_row(self.posterior_predict(newdata, **how), probs, robust)

    def fitted(
        self,
        newdata: Any = None,
        scale: str = "response",
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        **how: Any,
    ) -> pd.DataFrame:
        """`posterior_epred` or `posterior_linpred`, summarised for each row.

        Parameters
        ----------
        newdata, **how
            As for `posterior_epred`.
        scale : str
            ``"response"``, or ``"linear"`` for the scale of the link.
        probs, robust
            As for `summary`.

        Returns
        -------
        DataFrame
            Indexed by row label; columns ``Estimate, Est.Error, Q2.5, Q97.5``.
        """
        if scale not in ("response", "linear"):
            raise PredictionError(f"scale must be 'response' or 'linear', not {scale!r}.")
        method = self.posterior_epred if scale == "response" else self.posterior_linpred
        return summary.by_row(method(newdata, **how), probs, robust)

    def log_density(self) -> np.ndarray:
        """Each draw's joint log density: likelihood and priors, without Jacobian terms.

        Group effects count as standardised, the LKJ prior as a density of the Cholesky factor;
        flat priors as 0.

        Returns
        -------
        ndarray
            One value a draw, chains laid end to end.
        """
        return log_density(self.model.spec, self._draws)

    def save(self, path: str | Path) -> Path:
        """Write the fit to one file, which `load` reads.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Path

        Raises
        ------
        StorageError
            If the file can't be written.
        """
        from bayesmix.storage import save_fit

        return save_fit(self.model.spec, self.idata, path)

    def __repr__(self) -> str:
        sizes = self.idata["posterior"].sizes
        return summary.fit_text(self.model.spec, self.summary(), sizes["chain"], sizes["draw"])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"

    def _prediction(self, request: Request, dpar: str | None = None) -> Prediction:
        return Prediction.of(self.model.spec, self._draws, request, dpar)
