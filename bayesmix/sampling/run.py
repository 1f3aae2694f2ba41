"""One sampling run: find the sampler, sample, collect, judge."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from bayesmix.errors import ConvergenceWarning, SamplingError
from bayesmix.sampling.collect import collect
from bayesmix.sampling.judge import judge
from bayesmix.sampling.samplers import find_sampler
from bayesmix.sampling.settings import Settings
from bayesmix.variables import variable_dims

if TYPE_CHECKING:
    import xarray as xr

    from bayesmix.model import Model

__all__ = ["run"]

PACKAGE = str(Path(__file__).parent.parent)


def run(model: Model, sampler: str, settings: Settings) -> xr.DataTree:
    """Sample the posterior of a model.

    Parameters
    ----------
    model : Model
    sampler : str
        ``"auto"`` or one of `SAMPLERS`.
    settings : Settings

    Returns
    -------
    xarray.DataTree
        Groups ``posterior``, ``sample_stats`` and ``observed_data``.

    Raises
    ------
    SamplingError
        If there is no such sampler, nothing to sample, or no chain could start.

    Warns
    -----
    ConvergenceWarning
        Once, with all that `judge` finds.
    """
    chosen = find_sampler(sampler)
    if not variable_dims(model.spec):
        raise SamplingError("The model has no parameters, so there is nothing to sample.")
    idata = collect(model.spec, chosen.sample(model, settings), settings)
    doubts = judge(idata)
    if doubts is not None:
        warnings.warn(doubts, ConvergenceWarning, skip_file_prefixes=(PACKAGE,))
    return idata
