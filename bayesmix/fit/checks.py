"""How well a fit predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix import criticism, plots
from bayesmix.criticism.cross_validation import check_threshold
from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.fit.base import PROBS
from bayesmix.fit.residuals import Residuals
from bayesmix.predict import Draws, Prediction, Request, Several, predicted
from bayesmix.randomness import seed_sequence
from bayesmix.statistics import summarise
from bayesmix.tables import Table
from bayesmix.variables import obs_dim, response_name

if TYPE_CHECKING:
    from arviz_stats.utils import ELPDData
    from matplotlib.figure import Figure

    from bayesmix.spec import ModelSpec


class Checks(Residuals):
    """Cross-validation and explained variance."""

    def add_log_lik(self) -> xr.DataTree:
        """Keep the log likelihood of the fit's rows in ``idata``, where ArviZ looks for it.

        Returns
        -------
        xarray.DataTree
            ``idata``, which has the group ``log_likelihood`` now: dims ``chain``, ``draw`` and the
            rows.

        References
        ----------
        ArviZ: https://python.arviz.org/en/stable/

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.add_log_lik()["log_likelihood"]["y"].shape
        (1, 2, 4)
        """
        if criticism.GROUP not in self.idata:
            self.idata[criticism.GROUP] = xr.DataTree(self._log_likelihood())
        return self.idata

    def add_posterior_predictive(self, random_seed: Any = None) -> xr.DataTree:
        """Keep responses predicted for the fit's rows in ``idata``, where ArviZ looks for them.

        Parameters
        ----------
        random_seed : int, Generator or None

        Returns
        -------
        xarray.DataTree
            ``idata``, which has the group ``posterior_predictive`` now.

        Raises
        ------
        PredictionError
            As `posterior_predict`.

        References
        ----------
        ArviZ: https://python.arviz.org/en/stable/

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.add_posterior_predictive(random_seed=1)["posterior_predictive"]["y"].shape
        (1, 2, 4)
        """
        spec, posterior = self.model.spec, self.idata["posterior"].to_dataset()
        pairs = zip(spec.parts, predicted(spec, self._draws, random_seed), strict=True)
        drawn = {response_name(p.response): (obs_dim(p), v.to_numpy()) for p, v in pairs}
        made = criticism.in_chains(spec, drawn, posterior)
        self.idata["posterior_predictive"] = xr.DataTree(made)
        return self.idata

    def loo(self, resp: str | None = None) -> ELPDData:
        """Leave-one-out cross-validation by Pareto-smoothed importance sampling.

        Of several responses a row is left out with all of them.

        Parameters
        ----------
        resp : str, optional
            The response that is judged, of a model that has several: left out alone, the others'
            being known.

        Returns
        -------
        arviz_stats.ELPDData
            With ``elpd``, ``se``, ``p`` (effective parameters), and by row ``elpd_i`` and
            ``pareto_k``.

        Warns
        -----
        BayesmixWarning
            If some Pareto k is too large; `reloo` and `kfold` fit again.

        References
        ----------
        A. Vehtari, A. Gelman, J. Gabry (2017). Practical Bayesian model evaluation using
        leave-one-out cross-validation and WAIC. Statistics and Computing 27.

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> fit = bx.brm("Reaction ~ Days", sleep, random_seed=1, progressbar=False)
        >>> round(float(fit.loo().elpd), -1)
        -950.0
        """
        return criticism.loo(self._alone(resp))

    def waic(self, resp: str | None = None) -> ELPDData:
        """The widely applicable information criterion; `loo` says when not to trust it.

        Parameters
        ----------
        resp : str, optional
            As for `loo`.

        Returns
        -------
        arviz_stats.ELPDData
            With ``elpd``, ``se``, ``p`` and, by row, ``elpd_i``.

        Warns
        -----
        BayesmixWarning
            If the effective parameters of some row are too many.

        References
        ----------
        S. Watanabe (2010). Asymptotic equivalence of Bayes cross validation and widely applicable
        information criterion in singular learning theory. Journal of Machine Learning Research 11.

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> fit = bx.brm("Reaction ~ Days", sleep, random_seed=1, progressbar=False)
        >>> round(float(fit.waic().elpd), -1)
        -950.0
        """
        return criticism.waic(self._alone(resp))

    def reloo(
        self,
        loo: ELPDData | None = None,
        k_threshold: float = 0.7,
        random_seed: Any = None,
        n_jobs: int | None = None,
        progressbar: bool = True,
        **sampling: Any,
    ) -> ELPDData:
        """`loo`, exact where importance sampling fails: the model is fitted without those rows.

        Parameters
        ----------
        loo : arviz_stats.ELPDData, optional
            What `loo` gave.
        k_threshold : float
            The Pareto k above which a row is left out and the model fitted again.
        random_seed, n_jobs, progressbar, **sampling
            As for `kfold`.

        Returns
        -------
        arviz_stats.ELPDData
            Whose Pareto k is 0 for those rows.

        Raises
        ------
        PredictionError
            For a threshold below 0, and rows without which there is no model.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/reloo.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [float(i) for i in range(15)] + [60.0]}
        >>> fit = bx.brm("y ~ 1", data, random_seed=1, progressbar=False)
        >>> exact = fit.reloo(k_threshold=0.5, random_seed=1, n_jobs=1, progressbar=False)
        >>> bool((exact.pareto_k <= 0.5).all())
        True
        """
        tree = self._judged(None)
        result = criticism.loo(tree, warn=False) if loo is None else loo
        settings = self._sampling(sampling)
        seed = seed_sequence(random_seed, PredictionError)
        threshold = check_threshold(k_threshold)
        return criticism.reloo(
            self.model, tree, result, threshold, seed, settings, n_jobs, progressbar
        )

    def kfold(
        self,
        k: int = 10,
        group: str | None = None,
        folds: str | Sequence[Any] | None = None,
        random_seed: Any = None,
        n_jobs: int | None = None,
        progressbar: bool = True,
        resp: str | None = None,
        **sampling: Any,
    ) -> ELPDData:
        """Cross-validation in folds: the model is fitted without each, and judged by it.

        Parameters
        ----------
        k : int
            How many folds.
        group : str, optional
            A grouping factor or a column. Without `folds`: leave out one level at a time, whose
            effects are then drawn as those of a new one, normal with each draw's sd and cor.
        folds : str or sequence, optional
            ``"random"`` (the default), ``"stratified"`` (rows of every level of `group` in every
            fold), ``"grouped"`` (whole levels of `group`), or the fold of each row. ``"future"``:
            `group` is a column of times, and each of the last `k` of them is predicted from a fit
            to what was before (Bürkner, Gabry & Vehtari 2020); only those rows count.
        random_seed : int, Generator or None
            For folds, fits and new levels. The same seed gives the same numbers however many jobs
            there are.
        n_jobs : int, optional
            Fits at a time, as joblib has it; a ``joblib.parallel_config`` around the call takes the
            fits to other processes or a cluster.
        progressbar : bool
        resp : str, optional
            The response that is judged, of a model that has several, of which all are left out.
        **sampling
            Of ``Model.fit``; by default as many draws and chains as this fit has. Priors are those
            of this fit, also where they are defaults that hang on the data.

        Returns
        -------
        arviz_stats.ELPDData
            With ``elpd``, ``se``, ``p`` and, by row, ``elpd_i``.

        Raises
        ------
        PredictionError
            For groups that aren't there, more folds than levels or rows, and folds without which
            there is no model (the only rows of a factor's level).

        Warns
        -----
        ConvergenceWarning
            Once, if fits should not be trusted.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/kfold.brmsfit.html

        P.-C. Bürkner, J. Gabry, A. Vehtari (2020). Approximate leave-future-out cross-validation
        for Bayesian time series models. Journal of Statistical Computation and Simulation 90.

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> fit = bx.brm("Reaction ~ Days", sleep, random_seed=1, progressbar=False)
        >>> made = fit.kfold(k=2, random_seed=1, n_jobs=1, progressbar=False)
        >>> made.elpd_i.shape, round(float(made.elpd), -2)
        ((180,), -1000.0)
        """
        settings = self._sampling(sampling)
        seed = seed_sequence(random_seed, PredictionError)
        how = k, group, folds, seed, settings, n_jobs, progressbar
        return criticism.kfold(self.model, self._judged(resp), *how, resp)

    def bayes_R2(
        self,
        clusters: str | Mapping[str, str] | None = None,
        method: str | None = None,
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        summary: bool = True,
        resp: str | None = None,
    ) -> pd.DataFrame | np.ndarray:
        """The share of the variance of the response that the expectation explains.

        Parameters
        ----------
        clusters : str or mapping of str to str, optional
            As for `posterior_epred`: by default the rows' own (the conditional R²).
            ``"population"`` is the marginal one, for which differences between clusters are
            unexplained; ``"average"`` leaves effects out, as brms's ``re_formula=NA``.
        method : str, optional
            The residual variance: ``"model"``, that which the model says (gaussian: sigma², and
            with ``"population"`` the variance between clusters; bernoulli: mu (1 - mu)), or
            ``"residual"``, that of response less expectation, which is what brms before 2.23 had
            for every family and has for all but these two. By default the model's where it is
            known.
        probs, robust
            As for `summary`.
        summary : bool
            A table, or the values of all draws.
        resp : str, optional
            The response, of a model that has several; by default there is a row (of the draws a
            column) for each.

        Returns
        -------
        DataFrame or ndarray
            Of ordered categories the expectation is that of their number, as in brms.

        Raises
        ------
        PredictionError
            For another method, and where a residual variance isn't known.

        References
        ----------
        A. Gelman, B. Goodrich, J. Gabry, A. Vehtari (2019). R-squared for Bayesian regression
        models. The American Statistician 73(3). brms:
        https://paulbuerkner.com/brms/reference/bayes_R2.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.bayes_R2(method="residual", summary=False).round(3)
        array([0.909, 0.931])
        """
        request, spec = Request(clusters=clusters), self.model.spec.of(resp)
        parts = spec.parts
        found = [criticism.bayes_r2(part, self._draws, request, method) for part in parts]
        return _summarised(found, parts, probs, robust) if summary else _in_columns(found)

    def loo_R2(
        self,
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        random_seed: Any = None,
        n_simulations: int = 4000,
        summary: bool = True,
        resp: str | None = None,
    ) -> pd.DataFrame | np.ndarray:
        """The share of the variance of the response explained in rows left out.

        Parameters
        ----------
        probs, robust, summary, resp
            As for `bayes_R2`.
        random_seed : int, Generator or None
        n_simulations : int
            Draws of the Bayesian bootstrap over rows.

        Returns
        -------
        DataFrame or ndarray

        Raises
        ------
        PredictionError
            Where there is no residual variance, as of categories without an order.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/loo_R2.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> fit = bx.brm("Reaction ~ Days", sleep, random_seed=1, progressbar=False)
        >>> fit.loo_R2(random_seed=1)["Estimate"].round(1).item()
        0.3
        """
        seed = seed_sequence(random_seed, PredictionError)
        fits = [self.of(r) for r in ([resp] if resp else self.model.spec.names)]
        parts = [fit.model.spec for fit in fits]
        found = [
            criticism.loo_r2(part, self._draws, fit._with_log_lik(), seed, n_simulations)
            for part, fit in zip(parts, fits, strict=True)
        ]
        return _summarised(found, parts, probs, robust) if summary else _in_columns(found)

    def pp_check(
        self,
        kind: str = "dens_overlay",
        group: str | None = None,
        ndraws: int | None = None,
        stat: str | Callable[..., Any] = "mean",
        prior: bool = False,
        random_seed: Any = None,
        resp: str | None = None,
    ) -> Figure:
        """Responses that the model makes beside those that were observed, as a picture.

        Parameters
        ----------
        kind : str
            ``"dens_overlay"``, ``"ecdf_overlay"``, ``"hist"``, ``"bars"`` (how often each value is
            there), ``"rootogram"`` (counts), ``"stat"``, ``"intervals"``, ``"error_scatter"``
            (observed less expected, against expected), ``"pit"`` or ``"loo_pit"``.
        group : str, optional
            A grouping factor or column: a panel for each of its levels.
        ndraws : int, optional
            How many draws; 50 for overlays and histograms, all for others.
        stat : str or callable
            Of kind ``"stat"``: a name that ArviZ knows (``"mean"``, ``"median"``, ``"std"``,
            ``"min"``, ``"max"``, …) or a function.
        prior : bool
            Responses from the prior; `sample_prior` must have been called.
        random_seed : int, Generator or None
        resp : str, optional
            The response, of a model that has several.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        PredictionError
            For a kind or group that isn't there.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/pp_check.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> figure = fit.pp_check("intervals", random_seed=1)
        """
        if resp is not None and self.of(resp) is not self:
            return self.of(resp).pp_check(kind, group, ndraws, stat, prior, random_seed)
        spec, options = self.model.spec, {"random_seed": random_seed}
        overlay = kind in ("dens_overlay", "ecdf_overlay", "hist")
        options["ndraws"] = min(50, len(self._draws)) if ndraws is None and overlay else ndraws
        name = spec.response.data.name
        values = spec.response.data.y.astype(int if spec.family.discrete else float)
        y = pd.Series(values, spec.design.frame.index, name=name)
        more: dict[str, Any] = {"groups": self._panels(group), "stat": stat}
        if kind == "loo_pit":
            more["log_lik"] = self.log_lik(**options).to_numpy()
        if kind == "error_scatter":
            more["expected"] = criticism.expectation(self._prediction(Request())).mean(axis=0)
        predicted = self._prior_predicted(options) if prior else self.posterior_predict(**options)
        discrete = spec.family.discrete
        return plots.check(kind, predicted.to_numpy(), y, discrete=discrete, **more)

    def _panels(self, group: str | None) -> pd.Series | None:
        """The level of each row."""
        if group is None:
            return None
        spec = self.model.spec
        groups, frame = {g.name: g for g in spec.design.groups}, spec.design.frame
        if group in groups:
            g = groups[group]
            return pd.Series(np.array(g.levels, dtype=object)[g.of_row], name=group)
        if group not in frame:
            there = [*frame, *groups]
            raise PredictionError(
                f"There is no group {group!r}; the model has {listed(there, limit=30)}."
                + did_you_mean(str(group), there)
            )
        return pd.Series(frame[group].to_numpy(), name=group)

    def _prior_predicted(self, options: Mapping[str, Any]) -> xr.DataArray:
        if "prior" not in self.idata:
            raise PredictionError(
                "There are no draws from the prior; fit.sample_prior() makes them."
            )
        draws = Draws.from_posterior(self.idata["prior"].to_dataset())
        return Prediction.of(self.model.spec, draws, Request(**options)).predict().array()

    def _log_likelihood(self) -> xr.Dataset:
        posterior = self.idata["posterior"].to_dataset()
        return criticism.log_likelihood(self.model.spec, self._draws, posterior)

    def _with_log_lik(self) -> xr.DataTree:
        """The tree with log likelihoods, which stay with the fit only if they were asked for."""
        if criticism.GROUP in self.idata:
            return self.idata
        groups = {
            "posterior": self.idata["posterior"],
            "observed_data": self.idata["observed_data"],
        }
        return xr.DataTree(children=groups | {criticism.GROUP: xr.DataTree(self._log_likelihood())})

    def _alone(self, resp: str | None) -> xr.DataTree:
        """The tree with the log likelihoods of a response given all others of its row."""
        spec = self.model.spec
        if spec.rescor is None or resp is None:
            return self.of(resp)._with_log_lik()
        fit = self.of(resp)
        values = Several.of(spec, self._draws, Request()).log_lik_alone(resp).values()[0]
        named = {resp: (obs_dim(fit.model.spec), values)}
        posterior = self.idata["posterior"].to_dataset()
        made = criticism.in_chains(fit.model.spec, named, posterior)
        return xr.DataTree(children={**fit.idata.children, criticism.GROUP: xr.DataTree(made)})

    def _judged(self, resp: str | None) -> xr.DataTree:
        """The tree with the log likelihoods of what is judged by fits to other rows.

        Raises
        ------
        PredictionError
            Where responses have rows of their own.
        """
        if any(part.own_rows for part in self.model.spec.parts):
            raise PredictionError(
                "Rows are left out with all their responses, which here have rows of their own; "
                "loo(resp=) leaves those of one response out."
            )
        return self.of(resp)._with_log_lik()

    def _sampling(self, given: Mapping[str, Any]) -> dict[str, Any]:
        sizes = self.idata["posterior"].sizes
        return {"draws": sizes["draw"], "chains": sizes["chain"], **given}


def _summarised(
    found: Sequence[np.ndarray], parts: Sequence[ModelSpec], probs: Sequence[float], robust: bool
) -> pd.DataFrame:
    """One row, or one for each of several responses."""
    names = [f"R2{part.response.name}" for part in parts]
    return Table(summarise(np.stack(found, axis=1), pd.Index(names), probs, robust))


def _in_columns(found: Sequence[np.ndarray]) -> np.ndarray:
    return found[0] if len(found) == 1 else np.stack(found, axis=1)
