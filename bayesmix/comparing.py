"""Comparing fits by how well they predict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from bayesmix.criticism import compared
from bayesmix.errors import PredictionError
from bayesmix.fit import Fit

if TYPE_CHECKING:
    from arviz_stats.utils import ELPDData


def loo_compare(fits: Mapping[str, Fit | ELPDData], weights: str = "stacking") -> pd.DataFrame:
    """Differences of fits in expected log predictive density, and weights, the best first.

    Parameters
    ----------
    fits : mapping of str to Fit or ELPDData
        Fits, which `Fit.loo` judges, or what `Fit.loo`, `reloo`, `waic` or `kfold` gave.
    weights : str
        ``"stacking"``, ``"pseudobma+"`` (with the Bayesian bootstrap) or ``"pseudobma"``.

    Returns
    -------
    DataFrame
        ArviZ's: columns ``rank, elpd, p, elpd_diff, weight, se, dse, …``, which
        ``arviz_plots.plot_compare`` draws.

    Raises
    ------
    PredictionError
        If the fits are to different rows or responses.

    References
    ----------
    Y. Yao, A. Vehtari, D. Simpson, A. Gelman (2018). Using stacking to average Bayesian predictive
    distributions. Bayesian Analysis 13(3).

    Examples
    --------
    >>> import bayesmix as bx
    >>> sleep = bx.load_dataset("sleepstudy")
    >>> how = {"random_seed": 1, "progressbar": False}
    >>> fits = {
    ...     "slope": bx.brm("Reaction ~ Days", sleep, **how),
    ...     "no slope": bx.brm("Reaction ~ 1", sleep, **how),
    ... }
    >>> bx.loo_compare(fits).index.tolist()
    ['slope', 'no slope']
    """
    if not isinstance(fits, Mapping):
        raise PredictionError(
            "loo_compare takes fits by name: bx.loo_compare({'slopes': fit, 'intercepts': other})."
        )
    _check_responses({name: fit for name, fit in fits.items() if isinstance(fit, Fit)})
    return compared({name: _result(name, fit) for name, fit in fits.items()}, weights)


def _result(name: str, fit: Any) -> ELPDData:
    from arviz_stats.utils import ELPDData

    if isinstance(fit, Fit):
        return fit.loo()
    if isinstance(fit, ELPDData) and fit.elpd_i is not None:
        return fit
    raise PredictionError(f"{name!r} is neither a fit nor a result of loo, reloo, waic or kfold.")


def _check_responses(fits: Mapping[str, Fit]) -> None:
    """All responses are the same, not only the labels of the rows."""
    if not fits:
        return
    (first, one), *others = fits.items()
    for name, fit in others:
        known, found = one.model.spec.parts, fit.model.spec.parts
        if len(known) != len(found):
            raise PredictionError(
                f"{first!r} has {len(known)} responses, and {name!r} {len(found)}; their densities "
                "are not of the same things. Fit all to the same responses."
            )
        for a, b in zip(known, found, strict=True):
            y, other = a.response.data.y, b.response.data.y
            if len(y) == len(other) and (y != other).any():
                at = a.design.frame.index[int((y != other).argmax())]
                raise PredictionError(
                    f"{first!r} and {name!r} have different responses, first in row {at!r}; their "
                    "densities are not of the same things. Fit all to the same response: log(y) is "
                    "another than y with family 'lognormal'."
                )
