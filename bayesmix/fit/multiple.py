"""`MultipleFit`: one model fitted to several data sets, their draws together."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.effects import Estimates
from bayesmix.errors import ConvergenceWarning, DataError, PredictionError, SamplingError, listed
from bayesmix.fit.base import KEPT, PROBS
from bayesmix.fit.fit import Fit
from bayesmix.predict import PooledPrediction, Request, shares
from bayesmix.randomness import seed_sequence
from bayesmix.tables import Table
from bayesmix.variables import observed

if TYPE_CHECKING:
    from bayesmix.effects.expectations import Question
    from bayesmix.families import Family
    from bayesmix.formula import Formula
    from bayesmix.model import Model
    from bayesmix.predict import Prediction
    from bayesmix.priors import Prior

PACKAGE = str(Path(__file__).parents[1])
SET = "data_set"
"""The coordinate of chains that says which data set they are of."""

Label = int | str


class MultipleFit(Fit):
    """One model fitted to several data sets (`brm_multiple`), the draws of all together.

    Tables, hypotheses and predictions are of the draws of all data sets. Without ``newdata`` each
    draw predicts the rows of its own data set. What compares responses with predictions is asked
    of the fit to one data set, in `fits`.

    Parameters
    ----------
    models : dict of int or str to Model
        By data set: they have the priors and transforms of the first, which is `model`.
    idata : xarray.DataTree
        The chains of all data sets; the coordinate ``data_set`` says of which each is.

    Examples
    --------
    >>> import bayesmix as bx
    >>> sleep = bx.load_dataset("sleepstudy")
    >>> other = sleep.assign(Reaction=sleep["Reaction"] + 1.0)
    >>> imputed = [sleep, other]
    >>> fit = bx.brm_multiple("Reaction ~ Days", imputed, random_seed=1, progressbar=False)
    >>> fit.by_data_set().loc[2].index.tolist()
    [('Population', 'Intercept'), ('Population', 'Days'), ('Further', 'sigma')]
    >>> fit.idata["posterior"].sizes["chain"], len(fit.fits)
    (8, 2)
    """

    def __init__(self, models: Mapping[Label, Model], idata: xr.DataTree) -> None:
        self.models = dict(models)
        super().__init__(next(iter(self.models.values())), idata)

    @classmethod
    def pooled(cls, fits: Mapping[Label, Fit]) -> MultipleFit:
        """The draws of fits to several data sets together, each with as many chains."""
        trees = {label: fit.idata for label, fit in fits.items()}
        sizes = [tree["posterior"].sizes["chain"] for tree in trees.values()]
        starts = np.cumsum([0, *sizes])[:-1]
        groups = {}
        for group in ("posterior", "sample_stats"):
            if not all(group in tree for tree in trees.values()):
                continue
            parts = [
                _chains(tree[group].to_dataset(), label, start)
                for (label, tree), start in zip(trees.items(), starts, strict=True)
            ]
            groups[group] = xr.concat(parts, "chain", combine_attrs="override")
            seconds = [part.attrs.get("sampling_time", 0.0) for part in parts]
            groups[group].attrs["sampling_time"] = sum(seconds)
        responses = [tree["observed_data"].to_dataset() for tree in trees.values()]
        if all(responses[0].identical(other) for other in responses):
            groups["observed_data"] = responses[0]
        return cls({k: f.model for k, f in fits.items()}, xr.DataTree.from_dict(groups))

    def of(self, resp: str | None) -> MultipleFit:
        """The fit as one of its responses; see `Fit.of`."""
        models = {label: model.of(resp) for label, model in self.models.items()} if resp else {}
        if not models or models[next(iter(models))].spec is self.model.spec:
            return self
        kept = {name: tree for name, tree in self.idata.children.items() if name in KEPT}
        return MultipleFit(models, xr.DataTree(children=kept))

    @cached_property
    def fits(self) -> dict[Label, Fit]:
        """The fit to each data set by itself.

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> other = sleep.assign(Reaction=sleep["Reaction"] + 1.0)
        >>> imputed = {"a": sleep, "b": other}
        >>> fit = bx.brm_multiple("Reaction ~ Days", imputed, random_seed=1, progressbar=False)
        >>> fit.fits["b"].residuals(type="ordinary").shape
        (180, 4)
        """
        return {label: self._alone(label) for label in self.models}

    def summary(self, probs: Sequence[float] = PROBS, robust: bool = False) -> pd.DataFrame:
        """The parameters, of the draws of all data sets; R-hat and effective sample sizes within.

        Chains of different data sets have different posteriors to come to, so that R-hat over all
        says nothing. Given are the largest R-hat and the smallest effective sample sizes that a
        data set has; `by_data_set` has all.

        Parameters
        ----------
        probs, robust
            As for `Fit.summary`.

        Returns
        -------
        DataFrame
            As `Fit.summary`.

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> other = sleep.assign(Reaction=sleep["Reaction"] + 1.0)
        >>> imputed = [sleep, other]
        >>> fit = bx.brm_multiple("Reaction ~ Days", imputed, random_seed=1, progressbar=False)
        >>> bool((fit.summary()["Rhat"] < 1.05).all())
        True
        """
        table = super().summary(probs, robust)
        within = self.by_data_set(probs, robust).groupby(["part", "parameter"], sort=False)
        worst = {"Rhat": within["Rhat"].max()}
        worst |= {c: within[c].min() for c in ("Bulk_ESS", "Tail_ESS")}
        return Table(table.assign(**{c: v.reindex(table.index) for c, v in worst.items()}))

    def by_data_set(self, probs: Sequence[float] = PROBS, robust: bool = False) -> pd.DataFrame:
        """The summaries of the fits to each data set, one after the other.

        How far estimates differ says how much the imputation leaves open.

        Parameters
        ----------
        probs, robust
            As for `Fit.summary`.

        Returns
        -------
        DataFrame
            Indexed by data set, part and parameter; columns of `Fit.summary`.

        References
        ----------
        The slot ``rhats`` of brms's ``brm_multiple``:
        https://paulbuerkner.com/brms/reference/brm_multiple.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> other = sleep.assign(Reaction=sleep["Reaction"] + 1.0)
        >>> imputed = [sleep, other]
        >>> fit = bx.brm_multiple("Reaction ~ Days", imputed, random_seed=1, progressbar=False)
        >>> fit.by_data_set()["Rhat"].unstack("data_set").shape
        (3, 2)
        """
        tables = {label: fit.summary(probs, robust) for label, fit in self.fits.items()}
        return Table(pd.concat(tables, names=[SET]))

    def update(
        self,
        formula: str | Formula | None = None,
        data: Any = None,
        family: str | Family | None = None,
        prior: Prior | Iterable[Prior] | None = None,
        data2: Mapping[str, pd.DataFrame] | None = None,
        **sampling: Any,
    ) -> MultipleFit:
        """Fit the model anew to all data sets, with some of its parts changed.

        Parameters
        ----------
        formula, family, prior, data2, **sampling
            As for `Fit.update`.
        data : list or dict of DataFrame, optional
            Other data sets.

        Returns
        -------
        MultipleFit

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> other = sleep.assign(Reaction=sleep["Reaction"] + 1.0)
        >>> imputed = [sleep, other]
        >>> how = {"random_seed": 1, "progressbar": False}
        >>> fit = bx.brm_multiple("Reaction ~ Days", imputed, **how)
        >>> fit.update(". ~ . - Days", **how).fixef().index.tolist()
        ['Intercept']
        """
        kept = {label: model.data for label, model in self.models.items()}
        frames = kept if data is None else labelled(data)
        first = self.model.update(formula, next(iter(frames.values())), family, prior, data2)
        fits = fit_each(models_of(first, frames), **self._sampling(sampling))
        return MultipleFit.pooled(fits)

    def save(self, path: str | Path) -> Path:
        """Write the fit with all its data sets to one file, which `load` reads.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Path

        Examples
        --------
        >>> import tempfile
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> other = sleep.assign(Reaction=sleep["Reaction"] + 1.0)
        >>> imputed = [sleep, other]
        >>> fit = bx.brm_multiple("Reaction ~ Days", imputed, random_seed=1, progressbar=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = bx.load(fit.save(f"{folder}/fit.nc"))
        >>> again.models[2].data.equals(fit.models[2].data)
        True
        """
        from bayesmix.storage import save_fits

        return save_fits({k: m.spec for k, m in self.models.items()}, self.idata, path)

    @property
    def _data_text(self) -> str:
        rows = list(dict.fromkeys(len(m.spec.design.frame) for m in self.models.values()))
        return (
            f"{len(self.models)} data sets of {listed(rows)} rows; "
            "R-hat and ESS are the worst that one has"
        )

    @cached_property
    def _of_draw(self) -> np.ndarray:
        """The number of each draw's data set."""
        posterior = self.idata["posterior"]
        codes = pd.Index(list(self.models)).get_indexer(posterior[SET].to_numpy().tolist())
        return np.repeat(codes, posterior.sizes["draw"])

    @property
    def _same_rows(self) -> bool:
        first, *others = (m.spec.design.frame.index for m in self.models.values())
        return all(first.equals(other) for other in others)

    def _alone(self, label: Label) -> Fit:
        groups = {}
        for group in {"posterior", "sample_stats"} & set(self.idata):
            there = self.idata[group].to_dataset()
            own = there.isel(chain=np.flatnonzero(there[SET].to_numpy() == label)).drop_vars(SET)
            groups[group] = own.assign_coords(chain=np.arange(own.sizes["chain"]))
        model = self.models[label]
        groups["observed_data"] = observed(model.spec)
        return Fit(model, xr.DataTree.from_dict(groups))

    def _prediction(self, request: Request, dpar: str | None = None) -> Prediction:
        if request.resp is None:
            _ = self.model.spec.response
        return self._all(request, dpar)

    def _all(self, request: Request, dpar: str | None = None) -> PooledPrediction:
        specs = [m.spec for m in self.models.values()]
        return PooledPrediction.of(specs, self._draws, self._of_draw, request, dpar)

    def _answer(
        self, question: Question, newdata: Any, by: Any, ask: Callable[[Question], Estimates]
    ) -> Estimates:
        """Of the rows of the fit each data set's are asked for, with its draws."""
        if newdata is not None:
            return ask(question)
        specs = [m.spec.of(question.request.resp) for m in self.models.values()]
        chosen, found = shares(specs, self._draws, self._of_draw, question.request)
        parts = [
            ask(replace(question, spec=s.spec, draws=s.draws, request=s.request)) for s in found
        ]
        first, *others = parts
        same = [c for c in first.rows if all(first.rows[c].equals(p.rows.get(c)) for p in others)]
        averaged = by is not None and by is not False
        alike = same == list(first.rows) if averaged else self._same_rows
        if not alike or any(len(p) != len(first) for p in others):
            raise PredictionError(
                "The data sets have different rows, or values of what is averaged by, so that "
                "their answers aren't to one question. Average over all rows (by=True), or give "
                "newdata=."
            )
        values = np.empty((len(chosen), first.values.shape[1]))
        for share, part in zip(found, parts, strict=True):
            values[share.places] = part.values
        return replace(first, rows=first.rows[same], values=values, samples=chosen)

    def _sampling(self, given: Mapping[str, Any]) -> dict[str, Any]:
        found = super()._sampling({})
        return {**found, "chains": found["chains"] // len(self.models), **given}


def labelled(data: Any) -> dict[Label, Any]:
    """Data sets by their labels, those of a list counted from 1.

    Raises
    ------
    DataError
        If they are no list or dict of data sets.
    """
    if isinstance(data, Mapping):
        frames = dict(data)
        if not all(isinstance(k, str | int) for k in frames):
            raise DataError("The labels of data sets are texts or whole numbers.")
        columns = not any(_is_table(v) for v in frames.values())
    elif isinstance(data, list | tuple):
        frames, columns = dict(enumerate(data, 1)), False
    else:
        frames, columns = {}, True
    if columns:
        raise DataError(
            "brm_multiple takes a list or a dict of data frames, data=[first, second], not "
            f"{'one data set' if isinstance(data, Mapping) else type(data).__name__}. For one "
            "data set there is brm()."
        )
    if not frames:
        raise DataError("There are no data sets; brm_multiple takes a list of data frames.")
    return frames


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or hasattr(value, "columns")


def models_of(first: Model, frames: Mapping[Label, Any]) -> dict[Label, Model]:
    """The model on each data set, the first of which it is of."""
    _, *others = frames.items()
    models = {next(iter(frames)): first}
    return models | {k: first.on_data(frame, f"Data set {k!r}") for k, frame in others}


def fit_each(models: Mapping[Label, Model], **sampling: Any) -> dict[Label, Fit]:
    """The fit of each model, with seeds of their own; warns of convergence once.

    Warns
    -----
    ConvergenceWarning
    """
    asked = sampling.pop("random_seed", None)
    seeds = seed_sequence(asked, SamplingError).spawn(len(models))
    fits, doubts = {}, {}
    for (label, model), seed in zip(models.items(), seeds, strict=True):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fits[label] = model.fit(**sampling, random_seed=seed)
        for w in caught:
            if issubclass(w.category, ConvergenceWarning):
                doubts[label] = str(w.message)
            else:
                warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
    if doubts:
        label, doubt = next(iter(doubts.items()))
        warnings.warn(
            f"{len(doubts)} of {len(models)} fits should not be trusted yet. That to data set "
            f"{label!r}: {doubt}",
            ConvergenceWarning,
            skip_file_prefixes=(PACKAGE,),
        )
    if isinstance(asked, int):
        for fit in fits.values():
            fit.idata["posterior"].attrs["random_seed"] = asked
    return fits


def _chains(part: xr.Dataset, label: Label, start: int) -> xr.Dataset:
    """Chains numbered on, with their data set."""
    numbers = start + np.arange(part.sizes["chain"])
    return part.assign_coords({"chain": numbers, SET: ("chain", [label] * len(numbers))})


def _of_one(name: str) -> Callable[..., NoReturn]:
    """A method that compares predictions with responses, which several data sets haven't as one."""

    def method(self: MultipleFit, *args: Any, **kwargs: Any) -> NoReturn:
        label = next(iter(self.models))
        raise PredictionError(
            f"{name} compares responses with what is predicted of them, and the responses or "
            "predictors of several data sets aren't the same. Ask the fit to one, "
            f"fit.fits[{label!r}].{name}(…), or that to each: "
            f"{{k: one.{name}(…) for k, one in fit.fits.items()}}."
        )

    method.__name__, method.__doc__ = name, f"Of the fit to one data set; see `Fit.{name}`."
    return method


OF_ONE = (
    "add_log_lik",
    "add_posterior_predictive",
    "autocorrelation",
    "bayes_R2",
    "kfold",
    "log_density",
    "loo",
    "loo_R2",
    "pp_check",
    "reloo",
    "residuals",
    "semivariogram",
    "waic",
)

for _name in OF_ONE:
    setattr(MultipleFit, _name, _of_one(_name))
