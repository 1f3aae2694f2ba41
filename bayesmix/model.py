"""`Model`: a formula on data, before sampling."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.build import build_spec, on_rows
from bayesmix.engine.plan.given import GIVEN
from bayesmix.errors import SamplingError
from bayesmix.families import Family
from bayesmix.fit import Fit
from bayesmix.formula import Formula, MvFormula, redotted
from bayesmix.predict import Draws, predicted
from bayesmix.priors import Prior
from bayesmix.randomness import seed_sequence
from bayesmix.sampling import Problem, Settings, draw_prior, prior_tree, run, run_prior
from bayesmix.sibling import on_data
from bayesmix.spec import ModelSpec
from bayesmix.summary import Equation, Table

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from bayesmix.estimates import PointFit


class Model:
    """A multilevel model: formula, data, family and priors, checked and put together.

    Parameters
    ----------
    formula : str or Formula
        ``"y ~ x + (1 + x | g)"``, or `bf` for formulas of further parameters.
    data : DataFrame
        pandas, polars or any other that narwhals knows. Text (in sorted order), booleans and
        categories (in their own order) are factors, coded as R codes them by treatment contrasts;
        numbers are numbers, and factors in ``C(x)``.
    family : str, Family or list of these, optional
        A name, or `family` for another link; ``"gaussian"`` by default. Of several responses one
        for all, or one each; what their formulas say, ``bf(…, family=…)``, counts before one for
        all.
    prior : Prior or list of Prior, optional
        See `prior`; what isn't given has brms's default.
    namespace : dict of str to callable, optional
        Functions that the formula may use beside the built-in ones; what they give a row must not
        hang on the other rows.
    data2 : dict of str to DataFrame, optional
        The matrices that the formula names, ``gr(g, cov=A)``, their rows and columns labelled. Of
        labels more than the data have, predictions know how they are related to those.
    default_priors : str, default "brms"
        Where the priors come from that `prior` doesn't give: ``"brms"`` (flat coefficients, others
        as wide as the response), or ``"autoscale"``, rstanarm's weakly informative ones in units of
        the data (`bayesmix.priors.autoscale.autoscaled`).

    Raises
    ------
    FormulaError, DataError, FamilyError, PriorError
        If the parts don't fit together; the message says where.

    Warns
    -----
    MissingRowsWarning
        Once, if rows are left out because values of used columns are missing.

    Examples
    --------
    >>> import bayesmix as bx
    >>> sleep = bx.load_dataset("sleepstudy")
    >>> model = bx.Model("Reaction ~ 1 + Days + (1 + Days | Subject)", sleep)
    >>> model.priors.loc[model.priors["class"] == "sigma", "prior"].item()
    'student_t(3, 0, 59.3)'
    """

    def __init__(
        self,
        formula: str | Formula | MvFormula,
        data: Any,
        family: str | Family | Sequence[str | Family] | None = None,
        prior: Prior | Iterable[Prior] = (),
        namespace: Mapping[str, Callable[..., Any]] | None = None,
        data2: Mapping[str, pd.DataFrame] | None = None,
        default_priors: str = "brms",
    ) -> None:
        self.spec = build_spec(formula, data, family, prior, namespace, data2, default_priors)

    @classmethod
    def from_spec(cls, spec: ModelSpec) -> Model:
        """The model of a spec that is there already.

        Parameters
        ----------
        spec : ModelSpec

        Returns
        -------
        Model

        Examples
        --------
        >>> import bayesmix as bx
        >>> model = bx.Model("Reaction ~ Days", bx.load_dataset("sleepstudy"))
        >>> bx.Model.from_spec(model.spec).data.shape
        (180, 2)
        """
        model = cls.__new__(cls)
        model.spec = spec
        return model

    @property
    def formula(self) -> Formula | MvFormula:
        """The formula, as it was read."""
        return self.spec.formula

    @property
    def family(self) -> Family:
        """The family, with the links in use and what hangs on the response.

        Raises
        ------
        PredictionError
            If there are several responses; ``model.of(resp)`` has that of one.
        """
        return self.spec.family

    def of(self, resp: str) -> Model:
        """The model of one of several responses, with its parameters and those that it shares.

        Parameters
        ----------
        resp : str

        Returns
        -------
        Model

        Raises
        ------
        PredictionError
            For a name that no response has.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "n": [1, 0, 2, 3], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> formula = bx.mv("y ~ x", bx.bf("n ~ x", family="poisson"))
        >>> bx.Model(formula, data).of("n").family.name
        'poisson'
        """
        return Model.from_spec(self.spec.of(resp))

    @property
    def data(self) -> pd.DataFrame:
        """The used columns of the rows that the fit is to; a copy."""
        return self.spec.design.frame.copy()

    @property
    def priors(self) -> pd.DataFrame:
        """The resolved priors: columns prior, class, coef, group, dpar, lb, ub, source.

        Where a prior is scaled (``default_priors="autoscale"``, a horseshoe's ``par_ratio``), there
        is a column ``scaled`` of what came of it.
        """
        return Table(self.spec.priors.frame())

    @cached_property
    def pymc(self) -> pm.Model:
        """The PyMC model, with named dims and coords, to look at or extend.

        What is added to it counts: `fit` then samples it as it is, through nutpie, and the draws of
        variables of your own stand in the posterior beside the others. Predictions know nothing of
        them.
        """
        from bayesmix.pymc_model import build_pymc_model

        return build_pymc_model(self.spec)

    def equation(self) -> Equation:
        """The model as mathematics: likelihood, predictors, hierarchy and priors.

        Returns
        -------
        Equation
            Prints as text (``str``), renders as formulas in a notebook, and has ``latex``.

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0], "g": list("aabb")}
        >>> print(bx.Model("y ~ x + (1 | g)", data).equation())
             y[i] ~ Normal(μ[i], σ)    i = 1, …, 4
             μ[i] = β₀ + β₁ x[i] + u₀[g[i]]
            u₀[j] ~ Normal(0, τ₀[g])    j = 1, …, 2 (g)
        β₀ + x̄ β₁ ~ StudentT(3, 3.5, 2.5)    at the means of the columns
               β₁ ∝ 1
            τ₀[g] ~ StudentT⁺(3, 0, 2.5)
                σ ~ StudentT⁺(3, 0, 2.5)
        """
        return Equation(self.spec)

    def graph(self, **kwargs: Any) -> Any:
        """PyMC's picture of the model (`pymc.model_to_graphviz`; needs graphviz installed).

        Parameters
        ----------
        **kwargs
            Of `pymc.model_to_graphviz`.

        Returns
        -------
        graphviz.Digraph

        Raises
        ------
        ImportError
            Without the Python package graphviz.

        Examples
        --------
        >>> import bayesmix as bx
        >>> model = bx.Model("Reaction ~ Days", bx.load_dataset("sleepstudy"))
        >>> model.graph().save("model.dot")  # doctest: +SKIP
        """
        from bayesmix.pymc_model import graph

        return graph(self.pymc, **kwargs)

    def sample_prior(self, draws: int = 500, random_seed: Any = None) -> xr.DataTree:
        """Draws from the prior and the prior predictive distribution.

        Parameters
        ----------
        draws : int
        random_seed : int, Generator or None

        Returns
        -------
        xarray.DataTree
            Groups ``prior``, ``prior_predictive`` and ``observed_data``.

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
        >>> model = bx.Model("y ~ x", data, prior=bx.prior("normal(0, 2)", "b"))
        >>> model.sample_prior(draws=100, random_seed=1)["prior_predictive"]["y"].sizes["draw"]
        100
        """
        seed = seed_sequence(random_seed, SamplingError)
        prior = draw_prior(self.spec, draws, seed)
        return prior_tree(self.spec, prior, predicted(self.spec, Draws.from_posterior(prior), seed))

    def fit(
        self,
        draws: int = 1000,
        tune: int = 1000,
        chains: int = 4,
        cores: int | None = None,
        random_seed: Any = None,
        sampler: str = "auto",
        target_accept: float = 0.8,
        progressbar: bool = True,
        parametrization: str | Mapping[str, str] = "auto",
        marginalize: bool = True,
        prior_only: bool = False,
        init: str | Mapping[str, Any] | None = None,
    ) -> Fit:
        """Sample the posterior with NUTS.

        Parameters
        ----------
        draws, tune : int
            Kept draws and warm-up draws of each chain.
        chains : int
        cores : int, optional
            Chains at a time; all cores by default.
        random_seed : int, Generator or None
            The same seed gives the same draws.
        sampler : str
            ``"fused"`` (the engine: nothing is compiled for the model), or a sampler of the PyMC
            model: ``"nutpie"``, ``"pymc"``, ``"numpyro"`` or ``"blackjax"``. ``"auto"`` is the
            engine where it takes the model and `pymc` is as it was built, else nutpie;
            ``fit.idata.posterior.attrs`` says which ran.
        target_accept : float
            Between 0 and 1; higher means smaller steps.
        progressbar : bool
        parametrization : str or mapping of str to str
            Of the engine's group effects: ``"centered"``, ``"noncentered"``, or ``"auto"``, which
            decides for each group by what the data say about its levels. For all groups that are
            sampled, or by group; a group that is named here isn't integrated out.
        marginalize : bool
            Whether the engine integrates out the effects of the largest group where it can (normal
            responses, one sigma) and draws them afterwards: the same posterior, faster.
        prior_only : bool
            Leave the response out: the fit has independent draws from the prior in place of those
            from the posterior, as many (chains × draws), and no sampler runs. All that a fit does
            works on it.
        init : str or mapping of str to array, optional
            Where chains of the engine start, each a little apart: ``"mode"``, at what `optimize`
            finds for coefficients, standard deviations and other parameters of their kind (group
            effects start around 0, correlations too); or at values by variable of the posterior,
            as ``{"sigma": 2.0}``. By default at guesses from the data and the priors.

        Returns
        -------
        Fit

        Raises
        ------
        SamplingError
            If the sampler isn't installed, the engine doesn't take the model (it says why), or no
            chain could start; with `prior_only` if `pymc` was changed.
        EstimationError
            With ``init="mode"``, if `optimize` doesn't work for the model.
        PriorError
            With `prior_only`, if a prior is flat; it names the parameters.

        Warns
        -----
        ConvergenceWarning
            Once, if draws diverged, R-hat is above 1.01 or the effective sample size is low.

        References
        ----------
        M. D. Hoffman, A. Gelman (2014). The No-U-Turn sampler: adaptively setting path lengths in
        Hamiltonian Monte Carlo. Journal of Machine Learning Research 15.

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> model = bx.Model("Reaction ~ Days + (Days | Subject)", sleep)
        >>> fit = model.fit(random_seed=1, progressbar=False)
        >>> fit.idata["posterior"].attrs["sampler"], dict(fit.idata["posterior"]["r_Subject"].sizes)
        ('fused', {'chain': 4, 'draw': 1000, 'Subject': 18, 'Subject_coef': 2})
        """
        settings = Settings(
            draws,
            tune,
            chains,
            cores,
            random_seed,
            target_accept,
            progressbar,
            parametrization,
            marginalize,
            None if init is None or prior_only else self._init(init),
        )
        if prior_only:
            return Fit(self, run_prior(self._problem(), settings))
        return Fit(self, run(self._problem(), sampler, settings))

    def _init(self, init: str | Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Values near which chains start."""
        if isinstance(init, Mapping):
            return {str(name): np.asarray(values) for name, values in init.items()}
        if init != "mode":
            raise SamplingError(f"init is 'mode', or values by variable, not {init!r}.")
        can = {p.name for p in self.spec.parameters if p.role in GIVEN}
        return {name: v for name, v in self.optimize().values.items() if name in can}

    def optimize(self, method: str | None = None) -> PointFit:
        """Maximum likelihood: what lme4 and nlme estimate, to set beside the posterior.

        The group effects are integrated out of the likelihood; priors play no part.

        Parameters
        ----------
        method : str, optional
            ``"ml"``: the exact likelihood of normal responses; ``"reml"``: with the coefficients
            of the mean integrated out too, so that variances don't shrink for having estimated
            these; ``"laplace"``: Laplace's approximation, for any family. By default ``"ml"``
            where it is possible, else ``"laplace"``. Where a scale is a function of the mean,
            ``varPower(mu)``, ``"ml"`` and ``"reml"`` find both in turn, as nlme, and
            ``"laplace"``, the default, is of the density itself.

        Returns
        -------
        PointFit
            With ``loglik``, ``aic``, ``bic``, ``boundary`` and the tables of a fit.

        Raises
        ------
        EstimationError
            For a model, or a method, that this doesn't work for; it says why.

        Warns
        -----
        ConvergenceWarning
            If the search hasn't settled.

        References
        ----------
        D. Bates, M. Mächler, B. Bolker, S. Walker (2015). Fitting linear mixed-effects models
        using lme4. Journal of Statistical Software 67(1).

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> model = bx.Model("Reaction ~ 1 + Days + (1 + Days | Subject)", sleep)
        >>> found = model.optimize("reml")
        >>> round(found.loglik, 2)
        -871.81
        >>> found.fixef()["Est.Error"].round(2).to_dict()
        {'Intercept': 6.82, 'Days': 1.55}
        """
        from bayesmix.estimates import optimize

        return optimize(self.spec, method)

    def update(
        self,
        formula: str | Formula | MvFormula | None = None,
        data: Any = None,
        family: str | Family | Sequence[str | Family] | None = None,
        prior: Prior | Iterable[Prior] | None = None,
        data2: Mapping[str, pd.DataFrame] | None = None,
    ) -> Model:
        """The model with some of its parts changed, the others as they were given.

        Default priors that look at the data are found anew.

        Parameters
        ----------
        formula : str or Formula, optional
            A text may have a dot for what was there: ``". ~ . + (1 | g)"``, or ``"log(y) ~ ."``.
        data : DataFrame, optional
            Of the data a model keeps the columns that it uses; a formula that has others needs it.
        family, prior, data2 : optional
            As for `Model`.

        Returns
        -------
        Model

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/update.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> model = bx.Model("Reaction ~ Days", bx.load_dataset("sleepstudy"))
        >>> model.update(". ~ . + I(Days**2)").formula.mu.source
        'Reaction ~ Days + I(Days**2)'
        """
        spec = self.spec
        return Model(
            spec.formula if formula is None else redotted(formula, spec.formula),
            spec.design.frame if data is None else data,
            [r.asked for r in spec.responses] if family is None else family,
            spec.user_priors if prior is None else prior,
            spec.design.functions,
            spec.design.data2 if data2 is None else data2,
            spec.defaults,
        )

    def on_rows(self, rows: Any) -> Model:
        """The model of some of the rows, with the priors that it has on all.

        Parameters
        ----------
        rows : sequence of int
            Positions among the rows of `data`, each at most once.

        Returns
        -------
        Model

        Raises
        ------
        DataError
            If the rows don't make a model.
        SamplingError
            If `pymc` was changed, for the change can't be made again on other rows.

        Examples
        --------
        >>> import bayesmix as bx
        >>> model = bx.Model("Reaction ~ Days", bx.load_dataset("sleepstudy"))
        >>> len(model.on_rows(range(90)).data)
        90
        """
        self._check_unchanged("on other rows; make the model of those rows")
        return Model.from_spec(on_rows(self.spec, np.asarray(rows, dtype=int)))

    def on_data(self, data: Any, what: str = "The data") -> Model:
        """The model on another data set of the same kind, its parameters meaning the same.

        Priors, scales, bases of splines and codings of factors are those of this model, also where
        `update` would find them anew in the data.

        Parameters
        ----------
        data : DataFrame
            With the same columns, types and levels.
        what : str
            What messages call it.

        Returns
        -------
        Model

        Raises
        ------
        DataError
            If columns, types or levels are others.
        SamplingError
            If `pymc` was changed, for the change can't be made again.

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> model = bx.Model("Reaction ~ scale(Days)", sleep)
        >>> other = model.on_data(sleep.assign(Days=sleep["Days"] + 1))
        >>> shift = other.spec.design.predictors[0].columns.values[:, 1].mean()
        >>> float(round(shift * sleep["Days"].std(), 2))
        1.0
        """
        self._check_unchanged("on other data; make the model of those data")
        return Model.from_spec(on_data(self.spec, data, what))

    def _check_unchanged(self, where: str) -> None:
        if "pymc" in self.__dict__ and self._problem().changes:
            raise SamplingError(
                f"Model.pymc was changed by hand, which can't be done again {where} and change it "
                "yourself."
            )

    def _problem(self) -> Problem:
        """What samplers need; the PyMC model isn't made just to see that nobody changed it."""
        if "pymc" not in self.__dict__:
            return Problem(self.spec, lambda: self.pymc)
        from bayesmix.pymc_model import changes_of

        return Problem(self.spec, lambda: self.pymc, *changes_of(self.pymc))

    def __reduce__(self) -> tuple[Any, ...]:
        """Travels as its spec; `pymc` is made again where it is needed."""
        return Model.from_spec, (self.spec,)

    def _repr_html_(self) -> str:
        """What `repr` says, and the priors."""
        return f"<pre>{escape(repr(self))}</pre>{self.priors._repr_html_()}"

    def __repr__(self) -> str:
        named = {r.name: r.family.title for r in self.spec.responses}
        titles = ", ".join(f"{n}: {t}" if n else t for n, t in named.items())
        groups = ", ".join(f"{g.name} ({g.size})" for g in self.spec.design.groups) or "none"
        return (
            f"bayesmix.Model\n  formula: {str(self.formula).replace(chr(10), chr(10) + ' ' * 11)}\n"
            f"  family:  {titles}\n  rows:    {len(self.spec.design.frame)}\n"
            f"  groups:  {groups}"
        )
