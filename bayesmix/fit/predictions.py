"""The predictions of a fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix import summary
from bayesmix.errors import PredictionError, listed
from bayesmix.fit.base import PROBS, Base
from bayesmix.parameters import MAIN
from bayesmix.predict import Prediction, Request, Several, log_density, prediction
from bayesmix.predict.effects import wanted_of_all
from bayesmix.predict.predicted import Predicted
from bayesmix.predict.several import Joined
from bayesmix.tables import Table

if TYPE_CHECKING:
    import xarray as xr


GROUP = "group"
"""The joint log likelihood of the rows of a group."""


class Predictions(Base):
    """Draws for rows of data, and their tables."""

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
        incl_autocor: bool = True,
        to_zarr: str | Path | None = None,
        nlpar: str | None = None,
        resp: str | None = None,
    ) -> xr.DataArray:
        """Draws of the linear predictor, on the scale of the link.

        Parameters
        ----------
        newdata, re_formula, allow_new_levels, sample_new_levels, ndraws, draw_ids, random_seed
            As for `posterior_epred`.
        clusters, n_clusters, average, incl_autocor, to_zarr
            As for `posterior_epred`.
        dpar : str, optional
            The parameter to predict; ``"mu"`` by default.
        nlpar : str, optional
            Predict this nonlinear parameter; the same as `dpar`.
        resp : str, optional
            As for `posterior_epred`.

        Returns
        -------
        xarray.DataArray
            Dims ``sample`` (with ``chain`` and ``draw``) and ``obs``.

        Raises
        ------
        PredictionError
            As `posterior_epred`.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/posterior_linpred.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"count": [1, 3, 4, 8], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.0, 0.2], "b_x": [0.7, 0.6]}
        >>> fit = bx.from_brms(bx.Model("count ~ x", data, "poisson"), draws)
        >>> fit.posterior_linpred({"x": [1.0, 2.0]}).to_numpy()
        array([[0.7, 1.4],
               [0.8, 1.4]])
        """
        dpar = _parameter(dpar, nlpar)
        how = re_formula, allow_new_levels, sample_new_levels, dpar, ndraws, draw_ids, random_seed
        which = clusters, n_clusters, average, incl_autocor
        return _all(self._all(Request(newdata, *how, *which, resp=resp), MAIN).linpred(), to_zarr)

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
        incl_autocor: bool = True,
        to_zarr: str | Path | None = None,
        nlpar: str | None = None,
        resp: str | None = None,
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
        incl_autocor : bool
            Where the formula has ``ar()`` and the like, whether what other rows of its group say of
            a row counts: residuals before it in its mean (``cov=False``), its own residual in the
            linear predictor (families without residuals of their own; at a time that the fit
            hasn't, drawn given those that it has). Rows of the fit are among those others. With
            ``cov=True`` a row of a group of the fit, at a time that it hasn't, has the conditional
            mean given the group's known residuals: forecasts, and values in gaps; at a time that it
            has, the mean without them, as brms. Where it has ``car()``, whether effects of regions
            count. Without it, and with `clusters`, times and groups aren't needed.
        to_zarr : str or Path, optional
            Write the draws to a zarr store of that name, chunk by chunk, and give them from there:
            for rows × draws that memory doesn't hold. (`fitted`, `predict` and the ``avg_`` effects
            never hold them.)
        nlpar : str, optional
            Predict this nonlinear parameter; the same as `dpar`.
        resp : str, optional
            The response to predict, of a model that has several; all of them by default, along
            a last dimension ``resp``.

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
        dpar = _parameter(dpar, nlpar)
        how = re_formula, allow_new_levels, sample_new_levels, dpar, ndraws, draw_ids, random_seed
        which = clusters, n_clusters, average, incl_autocor
        return _all(self._all(Request(newdata, *how, *which, resp=resp)).epred(), to_zarr)

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
        incl_autocor: bool = True,
        to_zarr: str | Path | None = None,
        resp: str | None = None,
    ) -> xr.DataArray:
        """Draws of new responses.

        Parameters
        ----------
        newdata, re_formula, allow_new_levels, sample_new_levels, ndraws, draw_ids, random_seed
            As for `posterior_epred`; the seed is also the responses'.
        clusters, n_clusters, average, incl_autocor, to_zarr
            As for `posterior_epred`. Responses of a ``"population"`` are each of a cluster of its
            own.
        resp : str, optional
            As for `posterior_epred`. Several responses are drawn together: those of a new cluster
            are of the same, and residuals are correlated where the model has them so.

        Returns
        -------
        xarray.DataArray
            Dims ``sample`` (with ``chain`` and ``draw``) and ``obs``.

        Raises
        ------
        PredictionError
            As `posterior_epred`; for parameters out of the range that can be drawn with.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/posterior_predict.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"count": [1, 3, 4, 8], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.0, 0.2], "b_x": [0.7, 0.6]}
        >>> fit = bx.from_brms(bx.Model("count ~ x", data, "poisson"), draws)
        >>> drawn = fit.posterior_predict({"x": [1.0, 2.0]}, random_seed=1)
        >>> drawn.dims, drawn.dtype
        (('sample', 'obs'), dtype('int64'))
        """
        how = re_formula, allow_new_levels, sample_new_levels, None, ndraws, draw_ids, random_seed
        which = clusters, n_clusters, average, incl_autocor
        return _all(self._all(Request(newdata, *how, *which, resp=resp)).predict(), to_zarr)

    def log_lik(
        self,
        newdata: Any = None,
        re_formula: Any = None,
        allow_new_levels: bool = False,
        sample_new_levels: str | None = None,
        ndraws: int | None = None,
        draw_ids: Sequence[int] | None = None,
        random_seed: Any = None,
        kind: str = "others",
        to_zarr: str | Path | None = None,
        resp: str | None = None,
    ) -> xr.DataArray:
        """Log likelihood of each row's response, times its weight.

        Parameters
        ----------
        newdata, re_formula, allow_new_levels, sample_new_levels, ndraws, draw_ids, random_seed
            As for `posterior_epred`; `newdata` needs the response.
        kind : str
            Where residuals are correlated: ``"others"``, conditional on the other rows of the group
            (which is what `loo` is about: each row alone is left out); ``"fit"``, of new rows, on
            those of the group that the fit has alone (`kfold`); or ``"past"``, conditional
            on those before, whose sum over a group is the joint log likelihood, which ``"group"``
            returns. Rows of the fit are among the others. Rows are independent otherwise, given the
            past ones where ``cov=False``.
        to_zarr : str or Path, optional
            As for `posterior_epred`.
        resp : str, optional
            The response that it is of, of a model that has several: its own, whatever others
            are. By default that of all responses of a row together.

        Returns
        -------
        xarray.DataArray
            Dims ``sample`` (with ``chain`` and ``draw``) and ``obs``, or ``group``.

        Raises
        ------
        PredictionError
            As `posterior_epred`; for another `kind`, and for rows without a response.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/log_lik.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"count": [1, 3, 4, 8], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.0, 0.2], "b_x": [0.7, 0.6]}
        >>> fit = bx.from_brms(bx.Model("count ~ x", data, "poisson"), draws)
        >>> fit.log_lik().to_numpy().round(2)
        array([[-1.  , -1.71, -1.63, -1.97],
               [-1.02, -1.62, -1.63, -1.99]])
        """
        how = re_formula, allow_new_levels, sample_new_levels, None, ndraws, draw_ids, random_seed
        if kind == GROUP:
            return self._prediction(Request(newdata, *how, resp=resp)).log_lik_by_group()
        return _all(self._all(Request(newdata, *how, resp=resp)).log_lik(kind), to_zarr)

    def pp_mixture(
        self,
        newdata: Any = None,
        re_formula: Any = None,
        allow_new_levels: bool = False,
        sample_new_levels: str | None = None,
        ndraws: int | None = None,
        draw_ids: Sequence[int] | None = None,
        random_seed: Any = None,
        to_zarr: str | Path | None = None,
        resp: str | None = None,
    ) -> xr.DataArray:
        """Draws of the probability that a row's response came of each component of a mixture.

        Parameters
        ----------
        newdata, re_formula, allow_new_levels, sample_new_levels, ndraws, draw_ids, random_seed
            As for `posterior_epred`; `newdata` needs the response.
        to_zarr, resp
            As for `posterior_epred`.

        Returns
        -------
        xarray.DataArray
            Dims ``sample`` (with ``chain`` and ``draw``), ``obs`` and ``component``; those of a row
            add up to one.

        Raises
        ------
        PredictionError
            As `posterior_epred`; for other families, and for rows without a response.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/pp_mixture.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [0.1, 2.0, 3.9, 4.2]}
        >>> two = bx.mixture("gaussian", nmix=2)
        >>> draws = {"b_mu1_Intercept": [0.0], "b_mu2_Intercept": [4.0], "sigma1": [1.0]}
        >>> draws |= {"sigma2": [1.0], "theta1": [0.5], "theta2": [0.5]}
        >>> fit = bx.from_brms(bx.Model("y ~ 1", data, two), draws)
        >>> fit.pp_mixture({"y": [1.0, 2.0]}).sel(component=1).to_numpy().round(2)
        array([[0.98, 0.5 ]])
        """
        how = re_formula, allow_new_levels, sample_new_levels, None, ndraws, draw_ids, random_seed
        return _all(self._prediction(Request(newdata, *how, resp=resp)).memberships(), to_zarr)

    def memberships(
        self,
        newdata: Any = None,
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        **how: Any,
    ) -> pd.DataFrame:
        """`pp_mixture`, summarised for each row.

        Parameters
        ----------
        newdata, **how
            As for `pp_mixture`.
        probs, robust
            As for `summary`.

        Returns
        -------
        DataFrame
            Indexed by row label and component; columns ``Estimate, Est.Error, Q2.5, Q97.5``.

        Raises
        ------
        PredictionError
            As `pp_mixture`.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/pp_mixture.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [0.1, 2.0, 3.9, 4.2]}
        >>> two = bx.mixture("gaussian", nmix=2)
        >>> draws = {"b_mu1_Intercept": [0.0], "b_mu2_Intercept": [4.0], "sigma1": [1.0]}
        >>> draws |= {"sigma2": [1.0], "theta1": [0.5], "theta2": [0.5]}
        >>> fit = bx.from_brms(bx.Model("y ~ 1", data, two), draws)
        >>> fit.memberships({"y": [1.0, 2.0]}, probs=[])["Estimate"].unstack().round(2)
        component     1     2
        obs
        0          0.98  0.02
        1          0.50  0.50
        """
        return summary.by_row(self._asked(newdata, how).memberships(), probs, robust)

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
            Indexed by row label; columns ``Estimate, Est.Error, Q2.5, Q97.5``, or, of a response in
            categories, how often each was drawn, ``P(Y = label)``.

        Raises
        ------
        PredictionError
            As `posterior_epred`.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/predict.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"count": [1, 3, 4, 8], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.0, 0.2], "b_x": [0.7, 0.6]}
        >>> fit = bx.from_brms(bx.Model("count ~ x", data, "poisson"), draws)
        >>> fit.predict({"x": [1.0, 2.0]}, random_seed=1).columns.tolist()
        ['Estimate', 'Est.Error', 'Q2.5', 'Q97.5']
        """

        def table(how: Mapping[str, Any]) -> pd.DataFrame:
            asked = self._asked(newdata, how)
            predicted, family = asked.predict(), asked.family
            if family.outcome is not None and family.first_code is not None:
                labels = family.outcome[1]
                return summary.frequencies_by_row(predicted, labels, family.first_code)
            return summary.by_row(predicted, probs, robust)

        return self._by_response(how, table)

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
            Indexed by row label, of several responses by response and row label; columns
            ``Estimate, Est.Error, Q2.5, Q97.5``.

        Raises
        ------
        PredictionError
            As `posterior_epred`; for another `scale`.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/fitted.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"count": [1, 3, 4, 8], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.0, 0.2], "b_x": [0.7, 0.6]}
        >>> fit = bx.from_brms(bx.Model("count ~ x", data, "poisson"), draws)
        >>> fit.fitted({"x": [0.0, 1.0]}, probs=[])
          Estimate Est.Error
        0     1.11      0.16
        1     2.12      0.15
        >>> fit.fitted({"x": [0.0, 1.0]}, scale="linear", probs=[])
          Estimate Est.Error
        0     0.10      0.14
        1    0.750     0.071
        """
        if scale not in ("response", "linear"):
            raise PredictionError(f"scale must be 'response' or 'linear', not {scale!r}.")

        def table(how: Mapping[str, Any]) -> pd.DataFrame:
            if scale == "linear":
                return summary.by_row(self._asked(newdata, how, MAIN).linpred(), probs, robust)
            return summary.by_row(self._asked(newdata, how).epred(), probs, robust)

        return self._by_response(how, table)

    def _all(self, request: Request, dpar: str | None = None) -> Prediction | Several:
        """That of a response, or of all."""
        return prediction(self.model.spec, self._draws, request, dpar)

    def _by_response(
        self, how: Mapping[str, Any], table: Callable[[Mapping[str, Any]], pd.DataFrame]
    ) -> pd.DataFrame:
        """The table of the response that the options name, or those of all below each other."""
        spec = self.model.spec
        if how.get("resp") is not None or not spec.several:
            return table(how)
        how = {**how, "re_formula": wanted_of_all(spec, how.get("re_formula"))}
        tables = {name: table({**how, "resp": name}) for name in spec.names}
        if len({t.index.nlevels for t in tables.values()}) > 1:
            raise PredictionError(
                f"The tables of {listed(spec.names)} have rows of different kinds; name a "
                f"response: resp={spec.names[0]!r}."
            )
        return Table(pd.concat(tables, names=["resp"]))

    def log_density(self) -> np.ndarray:
        """Each draw's joint log density: likelihood and priors, without Jacobian terms.

        Group effects count as standardised, the LKJ prior as a density of the Cholesky factor;
        flat priors as 0.

        Returns
        -------
        ndarray
            One value a draw, chains laid end to end.

        References
        ----------
        Stan's ``lp__``, less the logarithms of Jacobian determinants.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.log_density().round(2)
        array([-8.34, -7.85])
        """
        return log_density(self.model.spec, self._draws)


def _all(predicted: Predicted | Joined, to_zarr: str | Path | None) -> xr.DataArray:
    """The draws in memory, or in a store."""
    return predicted.array() if to_zarr is None else predicted.to_zarr(to_zarr)


def _parameter(dpar: str | None, nlpar: str | None) -> str | None:
    if dpar is not None and nlpar is not None:
        raise PredictionError("One parameter is predicted: give dpar= or nlpar=.")
    return nlpar if dpar is None else dpar
