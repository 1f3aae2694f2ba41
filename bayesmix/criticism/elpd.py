"""Expected log predictive densities: leave-one-out by importance sampling, WAIC, comparisons.

ArviZ computes; here is what it needs from a fit, and what must be checked first.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy import special

from bayesmix.criticism.log_lik import GROUP
from bayesmix.errors import BayesmixWarning, PredictionError, listed
from bayesmix.tables import Table

if TYPE_CHECKING:
    from arviz_stats.utils import ELPDData

PACKAGE = str(Path(__file__).parents[1])

WEIGHTS = {
    "stacking": "stacking",
    "pseudobma+": "BB-pseudo-BMA",
    "pseudobma": "pseudo-BMA",
}
"""ArviZ's names of the ways to weigh models."""


def loo(tree: xr.DataTree, warn: bool = True) -> ELPDData:
    """PSIS-LOO with pointwise values, of a tree with a posterior and log likelihoods."""
    from arviz_stats import loo as arviz_loo

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Estimated shape parameter", UserWarning)
        found = arviz_loo(tree, pointwise=True)
    bad = np.flatnonzero(found.pareto_k.to_numpy() > found.good_k)
    if warn and bad.size:
        first = found.pareto_k[found.pareto_k.dims[0]].to_numpy()[bad[0]]
        warnings.warn(
            f"Pareto k is above {found.good_k:.2f} in {bad.size} of {found.pareto_k.size} rows "
            f"(the first is {first}): the draws say too little of how these would be predicted "
            "without them, and the result isn't reliable. fit.reloo() fits without each of them, "
            "fit.kfold() in folds.",
            BayesmixWarning,
            skip_file_prefixes=(PACKAGE,),
        )
    return found


def waic(tree: xr.DataTree) -> ELPDData:
    """The widely applicable information criterion, pointwise.

    References
    ----------
    S. Watanabe (2010). Asymptotic equivalence of Bayes cross validation and widely applicable
    information criterion. Journal of Machine Learning Research 11.
    """
    from arviz_stats.utils import ELPDData

    (values,) = tree[GROUP].data_vars.values()
    samples = values.sizes["chain"] * values.sizes["draw"]
    lpd = xr.apply_ufunc(
        special.logsumexp, values, input_core_dims=[["chain", "draw"]], kwargs={"axis": (-2, -1)}
    ) - np.log(samples)
    p = values.var(("chain", "draw"), ddof=1)
    if (p > 0.4).any():
        warnings.warn(
            f"The posterior variance of the log likelihood is above 0.4 in {int((p > 0.4).sum())} "
            "rows, where WAIC isn't reliable; use loo.",
            BayesmixWarning,
            skip_file_prefixes=(PACKAGE,),
        )
    return made(ELPDData, lpd - p, p, samples)


def made(kind: type, elpd: xr.DataArray, p: xr.DataArray, samples: int, **more: Any) -> ELPDData:
    """ArviZ's result of pointwise values."""
    n = elpd.size
    about = {"scale": "log", "warning": False, "good_k": None} | more
    return kind(
        elpd=float(elpd.sum()),
        se=float(np.sqrt(n * elpd.var())),
        p=float(p.sum()),
        n_samples=samples,
        n_data_points=n,
        elpd_i=elpd,
        **about,
    )


def compared(results: Mapping[str, ELPDData], weights: str) -> Table:
    """Differences and weights of models, the best first; see `bayesmix.loo_compare`."""
    from arviz_stats import compare

    if weights not in WEIGHTS:
        raise PredictionError(f"weights must be one of {listed(WEIGHTS)}, not {weights!r}.")
    if len(results) < 2:
        raise PredictionError("A comparison needs two models at least.")
    _check_rows(results)
    return Table(compare(dict(results), method=WEIGHTS[weights], round_to="none"))


def _check_rows(results: Mapping[str, ELPDData]) -> None:
    """All are of the same rows."""
    (first, one), *others = results.items()
    for name, other in others:
        if one.n_data_points != other.n_data_points:
            raise PredictionError(
                f"{first!r} has {one.n_data_points} rows and {name!r} {other.n_data_points}; only "
                "fits to the same rows can be compared."
            )
        labels = [e.elpd_i[e.elpd_i.dims[0]].to_numpy().tolist() for e in (one, other)]
        different = [a != b for a, b in zip(*labels, strict=True)]
        if any(different):
            at = different.index(True)
            raise PredictionError(
                f"{first!r} and {name!r} are of different rows: {labels[0][at]!r} and "
                f"{labels[1][at]!r} in place {at}. Only fits to the same rows can be compared."
            )
