"""The door to the pictures: ``fit.plot``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix import plots
from bayesmix.criticism import expectation
from bayesmix.criticism.residuals import TYPES
from bayesmix.effects.variables import find, variables
from bayesmix.errors import PredictionError, did_you_mean, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bayesmix.effects import Estimates
    from bayesmix.fit.fit import Fit

OF_LEVELS = ("r_", "cor_", "udf_")
"""How the names of variables begin that have too many values for a picture of each."""


class Plots:
    """Pictures of a fit; each method makes a result and hands it to a function of `bayesmix.plots`.

    They return matplotlib figures, which a notebook shows and ``savefig`` writes.
    """

    def __repr__(self) -> str:
        names = (name for name in vars(Plots) if not name.startswith("_"))
        return f"pictures of a fit: {', '.join(names)}"

    def __init__(self, fit: Fit) -> None:
        self._fit = fit

    def caterpillar(
        self, group: str | None = None, coef: bool = False, sort: bool | str = True
    ) -> Figure:
        """The levels of a group with their intervals, from the least to the largest.

        Parameters
        ----------
        group : str, optional
            The only one by default.
        coef : bool
            The levels' own coefficients (`Fit.coef`) rather than their deviations (`Fit.ranef`).
        sort : bool or str
            Each panel by its own estimates, all by those of one coefficient, or not at all.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        PredictionError
            For a group that isn't there, or none named where there are several; for a coefficient
            to sort by that it hasn't.

        References
        ----------
        D. Bates and others: ``dotplot.ranef.mer`` of lme4, https://CRAN.R-project.org/package=lme4

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [4.0, 4.2], "sigma": [1.0, 1.0], "sd_g__Intercept": [1.0, 2.0],
        ...          "r_g[a,Intercept]": [-1.0, -1.2], "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ 1 + (1 | g)", data), draws)
        >>> [t.get_text() for t in fit.plot.caterpillar().axes[0].get_yticklabels()]
        ['a', 'b']
        """
        name = self._group(group)
        made = self._fit.coef() if coef else self._fit.ranef()
        return plots.caterpillar(made[name], sort)

    def shrinkage(self, group: str | None = None, coefs: tuple[str, str] | None = None) -> Figure:
        """Arrows from each level's own estimates to the partially pooled ones.

        With two coefficients against each other there are ellipses in which the model has half and
        95% of the levels.

        Parameters
        ----------
        group : str, optional
            The only one by default.
        coefs : tuple of str, optional
            Which coefficients; the first two by default.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        PredictionError
            For a group that isn't there, or none named where there are several; for coefficients
            that it hasn't.

        References
        ----------
        A. Gelman, J. Hill (2007). Data analysis using regression and multilevel/hierarchical
        models, section 12.2.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [4.0, 4.2], "sigma": [1.0, 1.0], "sd_g__Intercept": [1.0, 2.0],
        ...          "r_g[a,Intercept]": [-1.0, -1.2], "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ 1 + (1 | g)", data), draws)
        >>> fit.plot.shrinkage().axes[0].get_xlabel()
        'Intercept'
        """
        return plots.shrinkage(self._fit.shrinkage(self._group(group)), coefs)

    def varcorr(self) -> Figure:
        """Standard deviations and correlations of the groups' effects with their intervals.

        Returns
        -------
        matplotlib.figure.Figure

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [4.0, 4.2], "sigma": [1.0, 1.0], "sd_g__Intercept": [1.0, 2.0],
        ...          "r_g[a,Intercept]": [-1.0, -1.2], "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ 1 + (1 | g)", data), draws)
        >>> [t.get_text() for t in fit.plot.varcorr().axes[0].get_yticklabels()]
        ['residual', 'g Intercept']
        """
        return plots.varcorr(self._fit.varcorr())

    def spaghetti(
        self,
        x: str,
        group: str | None = None,
        conditions: Mapping[str, Any] | None = None,
        resolution: int = 50,
        random_seed: Any = None,
    ) -> Figure:
        """A line for each fitted cluster, the average one's, and the band of a new one.

        Parameters
        ----------
        x : str
            A column of the predictors.
        group : str, optional
            Whose clusters; the only one by default. Other groups are average.
        conditions : dict, optional
            Values of other columns, one each; means and commonest levels by default.
        resolution : int
            How many values of a number.
        random_seed : int, Generator or None

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        PredictionError
            For columns and groups that aren't there, or no group named where there are several.

        References
        ----------
        A. Gelman, J. Hill (2007). Data analysis using regression and multilevel/hierarchical
        models, section 11.2.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0],
        ...          "sd_g__Intercept": [1.0, 2.0], "r_g[a,Intercept]": [-1.0, -1.2],
        ...          "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ x + (1 | g)", data), draws)
        >>> legend = fit.plot.spaghetti("x", random_seed=1).axes[0].get_legend()
        >>> [t.get_text() for t in legend.get_texts()]
        ['new g, 95% intervals', 'each fitted g (2)', 'average g']
        """
        name = self._group(group)
        rows = self._along(x, conditions, resolution)
        made = {}
        for which in ("fitted", "average", "new"):
            modes = {g.name: "average" for g in self._groups} | {name: which}
            made[which] = self._fit.predictions(rows, clusters=modes, random_seed=random_seed)
        data, response = self._observed()
        ordered = made["fitted"], made["average"], made["new"]
        return plots.spaghetti(*ordered, x, name, data, response)

    def three_predictions(
        self,
        x: str,
        group: str | None = None,
        level: Any = None,
        conditions: Mapping[str, Any] | None = None,
        resolution: int = 50,
        random_seed: Any = None,
    ) -> Figure:
        """The average, a fitted and a new cluster side by side, with the data.

        Parameters
        ----------
        x, group, conditions, resolution, random_seed
            As for `spaghetti`.
        level : label, optional
            The fitted cluster; the first by default.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        PredictionError
            As `spaghetti`; for a level that isn't there.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0], "g": list("aabb")}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0],
        ...          "sd_g__Intercept": [1.0, 2.0], "r_g[a,Intercept]": [-1.0, -1.2],
        ...          "r_g[b,Intercept]": [1.0, 1.4]}
        >>> fit = bx.from_brms(bx.Model("y ~ x + (1 | g)", data), draws)
        >>> figure = fit.plot.three_predictions("x", level="b", random_seed=1)
        >>> [axes.get_title(loc="left").strip() for axes in figure.axes]
        ['Average g', 'G b', 'New g']
        """
        name = self._group(group)
        groups = {g.name: g for g in self._groups}
        level = groups[name].levels[0] if level is None else level
        rows = self._along(x, conditions, resolution)
        others = dict.fromkeys(groups, "average")
        made = []
        texts = (
            ("average", f"average {name}", "group effects set to zero"),
            ("fitted", f"{name} {level}", "group effects as estimated from its data"),
            ("new", f"new {name}", "group effects drawn from their distribution"),
        )
        for which, who, how in texts:
            at = rows.assign(**self._named(groups[name], level)) if which == "fitted" else rows
            options = {"clusters": others | {name: which}, "random_seed": random_seed}
            response = None if which == "average" else self._fit.predict(at, **options)
            made.append(plots.Prediction(who, how, self._fit.fitted(at, **options), response))
        return plots.three_predictions(self._scene(x, rows, groups[name], level), made)

    def conditional_effects(
        self, effect: str, points: bool = True, conditions: Any = None, **options: Any
    ) -> Figure:
        """One effect of `Fit.conditional_effects`, with the data behind it.

        Parameters
        ----------
        effect : str
            A column, or two as ``"x:f"``.
        points : bool
            Whether to show the observations.
        conditions, **options
            As for `Fit.conditional_effects`.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        PredictionError
            As `Fit.conditional_effects`.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/conditional_effects.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.plot.conditional_effects("x").axes[0].get_xlabel()
        'x'
        """
        data, response = self._observed(options.get("resp"))
        made = self._fit.conditional_effects(effect, conditions, **options)[effect]
        return plots.conditional_effect(made, data if points else None, response)

    def conditional_smooth(self, smooth: str, **options: Any) -> Figure:
        """One function of `Fit.conditional_smooths`: a curve, or heights over two numbers.

        Parameters
        ----------
        smooth : str
            Its label, ``"s(x)"``.
        **options
            As for `Fit.conditional_smooths`.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        PredictionError
            For a smooth that the model doesn't have.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/conditional_smooths.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> model = bx.Model("Reaction ~ s(Days, k=5) + (1 | Subject)", sleep)
        >>> fit = model.fit(target_accept=0.99, random_seed=1, progressbar=False)
        >>> fit.plot.conditional_smooth("s(Days)").axes[0].get_xlabel()
        'Days'
        """
        made = self._fit.conditional_smooths(smooth, **options)[smooth]
        return plots.conditional_smooth(made, smooth, self._fit.model.spec.design.frame)

    def estimates(self, result: Estimates) -> Figure:
        """Comparisons, slopes or predictions with their intervals, a row for each.

        Parameters
        ----------
        result : Estimates
            Of `Fit.comparisons`, `slopes`, `predictions`, `cluster_comparisons`, ….

        Returns
        -------
        matplotlib.figure.Figure

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> made = fit.comparisons("x", "mean")
        >>> [t.get_text() for t in fit.plot.estimates(made).axes[0].get_yticklabels()]
        ['x, +1']
        """
        return plots.forest(result)

    def residuals(
        self,
        x: Any = None,
        type: str = "standardised",
        random_seed: Any = None,
        **how: Any,
    ) -> Figure:
        """Residuals against the fitted values or a column, or by the levels of a group.

        With numbers on the axis there are the mean and the spread of neighbours, which a right
        model leaves level; labels have a box each.

        Parameters
        ----------
        x : str or Series, optional
            A column of the model, a grouping factor, or values by row label; by default the means
            of the expected responses.
        type, random_seed, **how
            As for `Fit.residuals`, whose ``Estimate`` is drawn.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        PredictionError
            As `Fit.residuals`; for columns that aren't there.

        References
        ----------
        ``plot.lme`` of nlme; Pinheiro and Bates (2000), 4.3.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.plot.residuals().axes[0].get_xlabel()
        'expected response'
        """
        fit = self._fit
        found = fit.residuals(type=type, probs=[], random_seed=random_seed, **how)["Estimate"]
        at = fit._of_rows(x, "x")
        if at is None:
            expected = expectation(fit._asked(None, how)).mean(axis=0)
            at = pd.Series(expected, found.index, name="expected response")
        elif at.name in [g.name for g in self._groups]:
            at = at.astype(object)
        return plots.residuals(found, at, type != "ordinary")

    def autocorrelation(self, time: Any = None, group: Any = None, **options: Any) -> Figure:
        """The autocorrelation of residuals within groups, over time.

        Parameters
        ----------
        time, group, **options
            As for `Fit.autocorrelation`, whose table is drawn.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        PredictionError
            As `Fit.autocorrelation`.

        References
        ----------
        ``plot.ACF`` of nlme; Pinheiro and Bates (2000), 5.3.4.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.plot.autocorrelation("x", max_lag=2).axes[0].get_xlabel()
        'lag'
        """
        return plots.autocorrelation(self._fit.autocorrelation(time, group, **options))

    def semivariogram(self, coords: Any, group: Any = None, **options: Any) -> Figure:
        """Half the mean squared difference of two residuals, by how far apart they are.

        Parameters
        ----------
        coords, group, **options
            As for `Fit.semivariogram`, whose table is drawn.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        PredictionError
            As `Fit.semivariogram`.

        References
        ----------
        ``plot.Variogram`` of nlme; Pinheiro and Bates (2000), 5.3.4.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.plot.semivariogram("x").axes[0].get_xlabel()
        'distance'
        """
        table = self._fit.semivariogram(coords, group, **options)
        return plots.semivariogram(table, options.get("type", TYPES[0]) != "ordinary")

    def prior_posterior(self, names: Sequence[str] | None = None) -> Figure:
        """Densities of parameters before and after the data.

        Parameters
        ----------
        names : sequence of str, optional
            Variables of the posterior; all but the levels' effects by default.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        PredictionError
            Before `Fit.sample_prior` was called.

        References
        ----------
        ArviZ: ``plot_prior_posterior``, https://python.arviz.org/en/stable/

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> model = bx.Model("Reaction ~ Days", sleep, prior=bx.prior("normal(0, 20)", "b"))
        >>> fit = model.fit(random_seed=1, progressbar=False)
        >>> _ = fit.sample_prior(random_seed=1)
        >>> len(fit.plot.prior_posterior(["b", "sigma"]).axes)
        3
        """
        tree, spec = self._fit.idata, self._fit.model.spec
        if "prior" not in tree:
            raise PredictionError(
                "There are no draws from the prior; fit.sample_prior() makes them."
            )
        known = [p.name for p in spec.parameters]
        chosen = [n for n in known if not n.startswith(OF_LEVELS)] if names is None else names
        for name in chosen:
            if name not in known:
                raise PredictionError(
                    f"The posterior has no variable {name!r}; it has {listed(known, limit=40)}."
                    + did_you_mean(str(name), known)
                )
        return plots.prior_posterior(tree, list(chosen))

    @property
    def _groups(self) -> tuple[Any, ...]:
        return self._fit.model.spec.design.groups

    def _group(self, group: str | None) -> str:
        names = [g.name for g in self._groups]
        if group is None and len(names) == 1:
            return names[0]
        if group not in names:
            raise PredictionError(
                f"group must be one of {listed(names) or 'none, for the model has none'}, not "
                f"{group!r}.{did_you_mean(str(group), names)}"
            )
        return group

    def _along(self, x: str, conditions: Mapping[str, Any] | None, resolution: int) -> pd.DataFrame:
        """A grid along a variable."""
        v = find(variables(self._fit.model.spec), x, "x")
        values = np.linspace(*v.range, resolution) if v.numeric else v.levels
        return self._fit.datagrid(**{x: values}, **(conditions or {}))

    def _observed(self, resp: str | None = None) -> tuple[pd.DataFrame, str | None]:
        """The data, and the response's column where it is one."""
        spec = self._fit.model.spec.of(resp)
        name = spec.response.data.name
        return spec.design.frame, name if name in spec.design.frame.columns else None

    def _named(self, group: Any, level: Any) -> dict[str, Any]:
        """The columns that name a level of a group."""
        texts = [str(v) for v in group.levels]
        if str(level) not in texts:
            raise PredictionError(
                f"Group {group.name!r} has no level {level!r}; it has {listed(group.levels)}."
                + did_you_mean(str(level), texts)
            )
        row = int(np.argmax(group.of_row == texts.index(str(level))))
        frame = self._fit.model.spec.design.frame
        return {m: frame[m].iloc[row] for m in group.members}

    def _scene(self, x: str, rows: pd.DataFrame, group: Any, level: Any) -> plots.Scene:
        frame, response = self._observed()
        labels = np.array(group.levels, dtype=object)[group.of_row]
        data = {
            "cluster": labels,
            "x": frame[x].astype(object),
            "y": self._fit.model.spec.response.data.y,
        }
        grid = tuple(rows[x])
        if not isinstance(grid[0], int | float | np.number):
            grid = tuple(map(str, grid))
            places = {value: i for i, value in enumerate(grid)}
            data["x"] = frame[x].astype(str).map(places)
        names = plots.label(frame, x), plots.label(frame, response or "response")
        title = str(self._fit.model.formula).splitlines()[0]
        return plots.Scene(grid, group.name, str(level), *names, title, pd.DataFrame(data))
