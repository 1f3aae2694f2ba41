"""The effects that follow from a fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from bayesmix import effects as made
from bayesmix.effects import Estimates, Hypotheses
from bayesmix.effects.expectations import Question
from bayesmix.fit.base import PROBS, Base, requested
from bayesmix.predict import Draws
from bayesmix.statistics import checked_probs
from bayesmix.tables import ByGroup

if TYPE_CHECKING:
    import xarray as xr

Asked = str | Sequence[str] | Mapping[str, Any] | None
By = bool | str | Sequence[str] | None


class Effects(Base):
    """What changes of variables do, and hypotheses."""

    def datagrid(
        self, typical: str = "mean", resp: str | None = None, **values: Any
    ) -> pd.DataFrame:
        """Rows to predict for: every combination of values, all else typical.

        Parameters
        ----------
        typical : str
            What the other columns of the predictors are: ``"mean"`` (numbers) and the commonest
            level; ``"median"``; ``"balanced"``: means, and every level; ``"reference"``: means, and
            the first level, as in brms's ``conditional_effects``.
        resp : str, optional
            The response, of a model that has several.
        **values
            Columns that predictors, groups or addition terms read, with a value or several. Columns
            of groups are left out unless they are here.

        Returns
        -------
        DataFrame

        Raises
        ------
        PredictionError
            For columns that the model doesn't read, and values that they can't have.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> bx.from_brms(bx.Model("y ~ x", data), draws).datagrid(x=[0, 2])["x"].tolist()
        [0.0, 2.0]
        """
        return made.grid(self.model.spec.of(resp), values, typical)

    def predictions(
        self,
        newdata: Any = None,
        variables: Asked = None,
        by: By = None,
        clusters: str | Mapping[str, str] | None = None,
        hypothesis: str | Sequence[str] | None = None,
        scale: str = "response",
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        **how: Any,
    ) -> Estimates:
        """Expected responses with their draws, for rows or averaged over sets of rows.

        Parameters
        ----------
        newdata : DataFrame or str, optional
            Rows to predict for; those of the fit by default. ``"mean"``, ``"median"``,
            ``"balanced"`` and ``"reference"`` are grids that `datagrid` makes.
        variables : str, list or dict, optional
            Repeat all rows with these values in place of their own: a mapping from columns to
            values, or columns alone (every level; least, greatest and quartiles of numbers).
        by : bool, str or list of str, optional
            Average within each draw: over all rows (True), or over those with the same values in
            these columns.
        clusters : str or mapping of str to str, optional
            As for `posterior_epred`. Without it rows are of the clusters that they name.
        hypothesis : str or list of str, optional
            Contrasts in place of the estimates; see `Estimates.hypothesis`.
        scale : str
            ``"response"``, or ``"linear"`` for the scale of the link.
        probs, robust
            As for `summary`.
        **how
            ``n_clusters, average, re_formula, allow_new_levels, sample_new_levels, dpar, ndraws,
            draw_ids, random_seed`` of `posterior_epred`.

        Returns
        -------
        Estimates
            With ``draws``, ``table``, and ``about``, which says what was averaged, drawn and held.

        Raises
        ------
        PredictionError
            As `posterior_epred`; for columns that aren't there or values that can't be.

        References
        ----------
        V. Arel-Bundock, N. Greifer, A. Heiss (2024). How to interpret statistical models using
        marginaleffects for R and Python. Journal of Statistical Software 111(9).

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.predictions(fit.datagrid(x=[0, 2]), probs=[]).table
           x Estimate Est.Error
        0  0     0.60      0.14
        1  2     4.80      0.42
        """
        question = self._question(how, clusters, scale)
        result = self._answer(
            question, newdata, by, lambda q: made.predictions(q, newdata, variables, by)
        )
        return _read(result, hypothesis, probs, robust)

    def avg_predictions(
        self, newdata: Any = None, variables: Asked = None, by: By = True, **how: Any
    ) -> Estimates:
        """`predictions`, averaged over all rows or, with `by`, over sets of rows.

        Parameters
        ----------
        newdata, variables, by, **how
            As for `predictions`.

        Returns
        -------
        Estimates
            On the scale of the response, or of the link with ``scale="linear"``.

        Raises
        ------
        PredictionError
            As `predictions`.

        References
        ----------
        marginaleffects: https://marginaleffects.com/man/r/predictions.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.avg_predictions(probs=[]).table
          Estimate Est.Error
        0     3.75      0.35
        """
        return self.predictions(newdata, variables, by, **how)

    def comparisons(
        self,
        variables: Asked = None,
        newdata: Any = None,
        comparison: str | Callable[..., Any] = "difference",
        by: By = None,
        clusters: str | Mapping[str, str] | None = None,
        hypothesis: str | Sequence[str] | None = None,
        scale: str = "response",
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        **how: Any,
    ) -> Estimates:
        """What a change of a variable does to the expected response, with draws.

        Parameters
        ----------
        variables : str, list or dict, optional
            What changes; every column of the predictors by default. A mapping says how: for a
            number a step (1 by default), two values, ``"sd"``, ``"2sd"`` (around the mean),
            ``"iqr"`` or ``"minmax"``; for a factor ``"reference"`` (each level with the first, the
            default), ``"sequential"``, ``"pairwise"`` or two levels, the second less the first.
        newdata : DataFrame or str, optional
            As for `predictions`: the rows at which the change is made.
        comparison : str or callable
            ``"difference"``, ``"ratio"``, ``"lnratio"``, ``"lnor"`` (log odds ratio), ``"lift"``
            (relative difference), or a function of the two expectations, after the change and
            before it, arrays of one shape.
        by : bool, str or list of str, optional
            As for `predictions`. Expectations are averaged first and then compared: a ratio is one
            of averages.
        clusters, hypothesis, scale, probs, robust, **how
            As for `predictions`. New clusters are the same on both sides of the change.

        Returns
        -------
        Estimates

        Raises
        ------
        PredictionError
            As `predictions`; for a comparison that isn't there or doesn't fit.

        References
        ----------
        marginaleffects: https://marginaleffects.com/man/r/comparisons.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.avg_comparisons({"x": [0, 2]}, probs=[]).table
          term contrast  Estimate  Est.Error
        0    x    2 - 0      4.20       0.28
        """
        question = self._question(how, clusters, scale)
        result = self._answer(
            question, newdata, by, lambda q: made.comparisons(q, newdata, variables, comparison, by)
        )
        return _read(result, hypothesis, probs, robust)

    def avg_comparisons(
        self,
        variables: Asked = None,
        newdata: Any = None,
        comparison: str | Callable[..., Any] = "difference",
        by: By = True,
        **how: Any,
    ) -> Estimates:
        """`comparisons` of expectations averaged over all rows or, with `by`, over sets of rows.

        Parameters
        ----------
        variables, newdata, comparison, by, **how
            As for `comparisons`.

        Returns
        -------
        Estimates
            In units of the response, unless `comparison` is a ratio.

        Raises
        ------
        PredictionError
            As `comparisons`.

        References
        ----------
        marginaleffects: https://marginaleffects.com/man/r/comparisons.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.avg_comparisons({"x": [0, 2]}, comparison="ratio", probs=[]).table
          term contrast Estimate Est.Error
        0    x    2 / 0     8.14      1.21
        """
        return self.comparisons(variables, newdata, comparison, by, **how)

    def slopes(
        self,
        variables: Asked = None,
        newdata: Any = None,
        by: By = None,
        clusters: str | Mapping[str, str] | None = None,
        hypothesis: str | Sequence[str] | None = None,
        scale: str = "response",
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        **how: Any,
    ) -> Estimates:
        """Derivatives of the expected response by numbers; comparisons of factors' levels.

        Parameters
        ----------
        variables, newdata, by, clusters, hypothesis, scale, probs, robust, **how
            As for `comparisons`. Derivatives are central differences over 2e-5 of the variable's
            range.

        Returns
        -------
        Estimates

        Raises
        ------
        PredictionError
            As `comparisons`.

        References
        ----------
        marginaleffects: https://marginaleffects.com/man/r/slopes.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.avg_slopes("x", probs=[]).table
          term contrast  Estimate  Est.Error
        0    x    dY/dX      2.10       0.14
        """
        question = self._question(how, clusters, scale)
        result = self._answer(
            question, newdata, by, lambda q: made.slopes(q, newdata, variables, by)
        )
        return _read(result, hypothesis, probs, robust)

    def avg_slopes(
        self, variables: Asked = None, newdata: Any = None, by: By = True, **how: Any
    ) -> Estimates:
        """`slopes`, averaged over all rows or, with `by`, over sets of rows.

        Parameters
        ----------
        variables, newdata, by, **how
            As for `slopes`.

        Returns
        -------
        Estimates
            In units of the response for one of the variable.

        Raises
        ------
        PredictionError
            As `slopes`.

        References
        ----------
        marginaleffects: https://marginaleffects.com/man/r/slopes.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.avg_slopes("x", probs=[]).table
          term contrast Estimate Est.Error
        0    x    dY/dX     2.10      0.14
        """
        return self.slopes(variables, newdata, by, **how)

    def cluster_comparisons(
        self,
        variables: Asked,
        newdata: Any = "mean",
        comparison: str | Callable[..., Any] = "difference",
        level: Any = None,
        n_clusters: int | Mapping[str, int] | None = None,
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        **how: Any,
    ) -> Estimates:
        """What a change does in six kinds of clusters, with the widths of the intervals.

        The average cluster, one fitted cluster, the fitted clusters averaged, a new one, several
        new ones averaged (the study repeated with others), and the population of all.

        Parameters
        ----------
        variables, comparison
            As for `comparisons`.
        newdata : DataFrame or str
            The rows at which the change is made, averaged over; columns of groups don't matter.
        level : label or mapping, optional
            The fitted cluster; that of the first row by default. A mapping from columns to labels
            where there are several.
        n_clusters : int or mapping of str to int, optional
            How many new ones are averaged; as many as the fit has by default.
        probs, robust
            As for `summary`.
        **how
            ``re_formula, sample_new_levels, dpar, ndraws, draw_ids, random_seed`` of
            `posterior_epred`.

        Returns
        -------
        Estimates
            The column ``clusters`` has the argument that answers each question by itself.

        Raises
        ------
        PredictionError
            As `comparisons`; for a model without groups, and labels that it doesn't know.

        Notes
        -----
        What brms would need for the same:

        ======================== =================================== ==========================
        question                 call                                in brms
        ======================== =================================== ==========================
        average cluster          ``clusters="average"``              ``re_formula = NA``
        fitted cluster           ``clusters="fitted"``, rows name it ``re_formula = NULL``
        fitted ones, averaged    ``"fitted", average=True``          all of them, averaged by
                                                                     hand within draws
        a new cluster            ``clusters="new"``                  a new label, ``"gaussian"``
        k new ones, averaged     ``"new", n_clusters=k``             k new labels, averaged by
                                                                     hand within draws
        population               ``clusters="population"``           very many new labels, or an
                                                                     integral by hand
        ======================== =================================== ==========================

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0],
        ...          "sd_g__x": [1.0, 2.0], "r_g[a,x]": [-1.0, -1.2], "r_g[b,x]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ x + (0 + x | g)", data), draws)
        >>> made = fit.cluster_comparisons("x", level="b", random_seed=1)
        >>> made.draws[:, :3].to_numpy()
        array([[2. , 3. , 2. ],
               [2.2, 3.6, 2.3]])
        """
        question = self._question(how, None, "response")
        result = made.cluster_comparisons(
            question, newdata, variables, comparison, level, n_clusters
        )
        return _read(result, None, probs, robust)

    def conditional_effects(
        self,
        effects: str | Sequence[str] | None = None,
        conditions: Any = None,
        int_conditions: Mapping[str, Any] | None = None,
        clusters: str | Mapping[str, str] = "average",
        resolution: int = 100,
        scale: str = "response",
        probs: Sequence[float] = PROBS,
        robust: bool = True,
        **how: Any,
    ) -> ByGroup[Estimates]:
        """Expected responses along a variable, all others at typical values, as brms has them.

        Parameters
        ----------
        effects : str or list of str, optional
            Columns, or two of them as ``"x:f"``: the first along its range, the second at all
            levels, or at its mean and one standard deviation to both sides. By default every
            column of the population's terms, and every two that interact.
        conditions : DataFrame or dict, optional
            Values of other columns, a row for each condition (a dict is crossed). What isn't given
            is at its mean or, for factors, at the first level; trials are 1.
        int_conditions : dict, optional
            Values of the second column of an interaction, or a function of its values.
        clusters
            As for `posterior_epred`.
        resolution : int
            How many values of a number.
        scale
            As for `predictions`.
        probs, robust
            As for `summary`; brms's default here is robust.
        **how
            As for `predictions`.

        Returns
        -------
        mapping of str to Estimates
            By effect; of several responses by ``"y.x"``, unless one is named by ``resp=``.

        Raises
        ------
        PredictionError
            For columns that no predictor reads, or values that they can't have.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/conditional_effects.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.conditional_effects(resolution=3)["x"].table[["x", "Estimate"]]
             x Estimate
        0    0     0.60
        1  1.5     3.75
        2    3     6.90
        """
        asked = conditions, int_conditions, resolution

        def of(resp: str | None, effects: Any) -> Mapping[str, Estimates]:
            question = self._question({**how, "resp": resp}, clusters, scale)
            return made.conditional_effects(question, effects, *asked)

        spec, resp = self.model.spec, how.get("resp")
        if resp is not None or not spec.several:
            result = of(resp, effects)
        else:
            by_response = made.effects_by_response(spec, effects).items()
            result = {f"{r}.{name}": e for r, own in by_response for name, e in of(r, own).items()}
        return ByGroup({name: _read(e, None, probs, robust) for name, e in result.items()})

    def conditional_smooths(
        self,
        smooths: str | Sequence[str] | None = None,
        resolution: int = 100,
        probs: Sequence[float] = PROBS,
        robust: bool = True,
        resp: str | None = None,
    ) -> ByGroup[Estimates]:
        """Each smooth function by itself, along its covariates, on the scale of the link.

        Without the intercept and all other terms. Of several covariates there is a grid; a number
        in ``by=`` is at its mean and one standard deviation to both sides.

        Parameters
        ----------
        smooths : str or list of str, optional
            Their labels, ``"s(x)"``, ``"s(x):f"`` with ``by=f``, ``"sigma_s(x)"`` of another
            parameter; all by default.
        resolution : int
            How many values of a covariate; fewer of each where there are several.
        probs, robust
            As for `summary`; brms's default here is robust.
        resp : str, optional
            The response, of a model that has several.

        Returns
        -------
        mapping of str to Estimates
            By label.

        Raises
        ------
        PredictionError
            For smooths that the model doesn't have.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/conditional_smooths.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> model = bx.Model("Reaction ~ s(Days, k=5) + (1 | Subject)", sleep)
        >>> fit = model.fit(target_accept=0.99, random_seed=1, progressbar=False)
        >>> curve = fit.conditional_smooths(resolution=5)["s(Days)"].table
        >>> curve.columns.tolist(), curve["Days"].tolist()
        (['Days', 'Estimate', 'Est.Error', 'Q2.5', 'Q97.5'], [0.0, 2.25, 4.5, 6.75, 9.0])
        """
        found = made.conditional_smooths(self.model.spec.of(resp), self._draws, smooths, resolution)
        return ByGroup({name: _read(e, None, probs, robust) for name, e in found.items()})

    def hypothesis(
        self,
        hypothesis: str | Sequence[str],
        class_: str | None = "b",
        group: str | None = None,
        scope: str = "standard",
        alpha: float = 0.05,
        robust: bool = False,
    ) -> Hypotheses:
        """Hypotheses about parameters: ``"Days > 10"``.

        Parameters
        ----------
        hypothesis : str or list of str
            Two sides and one of ``=``, ``<``, ``>``: numbers, parameters, ``+ - * / ^``, brackets
            and functions such as ``exp``, ``log``, ``abs``, ``plogis``.
        class_ : str or None
            What the parameters' names begin with in brms: ``"b"`` (so ``Days`` is ``b_Days``),
            ``"sd"``, ``"cor"``; None for full names.
        group : str, optional
            Group of ``"sd"`` and ``"cor"``, or of `scope`.
        scope : str
            ``"standard"``; ``"coef"``: about each level's own coefficients, ``"ranef"``: about
            their deviations, a row for each level of `group`.
        alpha : float
            Intervals of one-sided hypotheses hold 1 - 2 alpha, others 1 - alpha; the table says
            which.
        robust : bool
            Median and mad (times 1.4826) in place of mean and sd.

        Returns
        -------
        Hypotheses
            With ``draws`` of left less right, and ``table``. The evidence ratio is that of the
            posterior probabilities for and against; of ``=`` that of the densities at zero after
            and before the data (Savage–Dickey), for which `sample_prior` must have been called.

        Raises
        ------
        PredictionError
            For names that aren't there, and what isn't arithmetic.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/hypothesis.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.hypothesis("x > 2 * Intercept").table[["Hypothesis", "Estimate", "Post.Prob"]]
                  Hypothesis  Estimate  Post.Prob
        0  x > 2 * Intercept      0.90       1.00
        """
        prior = self.idata["prior"].to_dataset() if "prior" in self.idata else None
        before = None if prior is None else Draws.from_posterior(prior)
        options = class_, group, scope, alpha, robust
        return made.hypotheses(self.model.spec, self._draws, before, hypothesis, *options)

    def icc(
        self,
        at: Mapping[str, Any] | None = None,
        probs: Sequence[float] = PROBS,
        robust: bool = False,
        resp: str | None = None,
    ) -> Estimates:
        """Intraclass correlations: the share of each group in the variance, and of the residual.

        The variance is that of the response around the population's line, on the scale of the
        link. With slopes it hangs on the covariates.

        Parameters
        ----------
        at : dict, optional
            Covariate values, crossed where there are several; without it the variances are averaged
            over the rows of the fit.
        probs, robust
            As for `summary`.
        resp : str, optional
            The response, of a model that has several.

        Returns
        -------
        Estimates
            A row for each group and the residual, whose variance is sigma², or for other links
            that of the latent response: pi²/3 (logit), 1 (probit), pi²/6 (cloglog), log(1 + 1/mean)
            for counts, log(1 + 1/mean + 1/shape), log(1 + 1/shape), the mean being that of the
            population.

        Raises
        ------
        PredictionError
            For families where it isn't known.

        References
        ----------
        S. Nakagawa, P. C. D. Johnson, H. Schielzeth (2017). The coefficient of determination R²
        and intra-class correlation coefficient from generalized linear mixed-effects models
        revisited and expanded. Journal of the Royal Society Interface 14.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [4.0, 4.2], "sigma": [1.0, 1.0], "sd_g__Intercept": [1.0, 2.0],
        ...          "r_g[a,Intercept]": [-1.0, -1.2], "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ 1 + (1 | g)", data), draws)
        >>> fit.icc(probs=[]).table
               part  Estimate  Est.Error
        0         g      0.65       0.21
        1  residual      0.35       0.21
        """
        return _read(made.icc(self.model.spec.of(resp), self._draws, at), None, probs, robust)

    def sample_prior(self, draws: int | None = None, random_seed: Any = None) -> xr.DataTree:
        """Draw from the prior, and keep the draws beside those of the posterior in ``idata``.

        Parameters
        ----------
        draws : int, optional
            As many as the posterior has by default.
        random_seed : int, Generator or None

        Returns
        -------
        xarray.DataTree
            ``idata``, which has the groups ``prior`` and ``prior_predictive`` now.

        Raises
        ------
        PriorError
            If a prior is flat; it names the parameters.

        References
        ----------
        brms: ``sample_prior``, https://paulbuerkner.com/brms/reference/brm.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> model = bx.Model("y ~ x", data, prior=bx.prior("normal(0, 2)", "b"))
        >>> fit = bx.from_brms(model, draws)
        >>> fit.sample_prior(draws=100, random_seed=1)["prior_predictive"]["y"].shape
        (1, 100, 4)
        """
        tree = self.model.sample_prior(len(self._draws) if draws is None else draws, random_seed)
        for group in ("prior", "prior_predictive"):
            self.idata[group] = tree[group].copy()
        return self.idata

    def _question(self, how: Mapping[str, Any], clusters: Any, scale: str) -> Question:
        request = requested(clusters=clusters, **how)
        return Question.of(self.model.spec.of(request.resp), self._draws, request, scale)

    def _answer(
        self, question: Question, newdata: Any, by: By, ask: Callable[[Question], Estimates]
    ) -> Estimates:
        """What is asked, of one model; `MultipleFit` asks several where rows are their own."""
        return ask(question)


def _read(
    result: Estimates,
    hypothesis: str | Sequence[str] | None,
    probs: Sequence[float],
    robust: bool,
) -> Estimates:
    """The result as it is to be read, or contrasts of it."""
    result = replace(result, probs=tuple(checked_probs(probs)), robust=robust)
    return result if hypothesis is None else result.hypothesis(hypothesis)
