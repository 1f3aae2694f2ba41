"""`brm_multiple`: one model fitted to several imputed data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, overload

import pandas as pd

from bayesmix.errors import StorageError
from bayesmix.families import Family
from bayesmix.fit import Fit, MultipleFit
from bayesmix.fit.multiple import fit_each, labelled, models_of
from bayesmix.fitting import ON_CHANGE, changes, kept_or_made
from bayesmix.formula import Formula, MvFormula
from bayesmix.model import Model
from bayesmix.priors import Prior

__all__ = ["brm_multiple"]


@overload
def brm_multiple(
    formula: str | Formula | MvFormula,
    data: Sequence[Any] | Mapping[int | str, Any],
    *how: Any,
    combine: Literal[True] = True,
    **options: Any,
) -> MultipleFit: ...
@overload
def brm_multiple(
    formula: str | Formula | MvFormula,
    data: Sequence[Any] | Mapping[int | str, Any],
    *how: Any,
    combine: Literal[False],
    **options: Any,
) -> list[Fit] | dict[int | str, Fit]: ...
def brm_multiple(
    formula: str | Formula | MvFormula,
    data: Sequence[Any] | Mapping[int | str, Any],
    family: str | Family | Sequence[str | Family] | None = None,
    prior: Prior | Iterable[Prior] = (),
    namespace: Mapping[str, Callable[..., Any]] | None = None,
    data2: Mapping[str, pd.DataFrame] | None = None,
    default_priors: str = "brms",
    combine: bool = True,
    file: str | Path | None = None,
    file_refit: str = ON_CHANGE,
    **sampling: Any,
) -> MultipleFit | list[Fit] | dict[int | str, Fit]:
    """Fit one model to several data sets, imputations of one, and put the draws together.

    The model is that of the first data set: its default priors, and the scales and bases of
    transforms (``scale(x)``, ``s(x)``) hold for all, so that a parameter means the same in each.

    Parameters
    ----------
    formula, family, prior, namespace, data2, default_priors
        See `Model`.
    data : list or dict of DataFrame
        Data sets with the same columns, types and levels. Those of a list are called 1, 2, ….
    combine : bool
        Whether the draws are put together; otherwise the fits are returned as a list, or a dict.
    file, file_refit
        As for `brm`; the file has all data sets.
    **sampling
        See `Model.fit`. The seed of each data set is derived from `random_seed`.

    Returns
    -------
    MultipleFit, list of Fit or dict of Fit

    Raises
    ------
    DataError
        If data sets differ in columns, types or levels; it names the data set and the column.
    StorageError
        For `file` without `combine`.

    Warns
    -----
    ConvergenceWarning
        Once, if chains of a data set don't agree with each other. Those of different data sets
        needn't.

    References
    ----------
    brms: https://paulbuerkner.com/brms/reference/brm_multiple.html. D. B. Rubin (1987), Multiple
    Imputation for Nonresponse in Surveys, Wiley. X. Zhou, J. P. Reiter (2010), A note on Bayesian
    inference after multiple imputation, The American Statistician 64: the pooled draws need many
    data sets, rather more than five.

    Examples
    --------
    >>> import bayesmix as bx
    >>> sleep = bx.load_dataset("sleepstudy")
    >>> other = sleep.assign(Reaction=sleep["Reaction"] + 1.0)
    >>> imputed = [sleep, other]
    >>> fit = bx.brm_multiple("Reaction ~ Days", imputed, random_seed=1, progressbar=False)
    >>> fit.fixef()["Estimate"].round().to_dict()
    {'Intercept': 252.0, 'Days': 10.0}
    """
    if file is not None and not combine:
        raise StorageError("A file keeps fits that are combined; save each of the others yourself.")
    frames = labelled(data)
    first = Model(
        formula, next(iter(frames.values())), family, prior, namespace, data2, default_priors
    )
    models = models_of(first, frames)
    if not combine:
        fits = fit_each(models, **sampling)
        return fits if isinstance(data, Mapping) else list(fits.values())
    return kept_or_made(
        file,
        file_refit,
        first,
        lambda kept: changes(kept, models, sampling),
        lambda: MultipleFit.pooled(fit_each(models, **sampling)),
    )
