"""Draws of the parameters from their priors, without a sampler."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from bayesmix.errors import PriorError
from bayesmix.priors import Resolved, Slot, lkj
from bayesmix.sampling.settings import check_count
from bayesmix.spec import Coefficients, GroupPriors, ModelSpec
from bayesmix.variables import (
    SAMPLE_DIMS,
    coef_name,
    dataset,
    obs_dim,
    observed,
    response_name,
)

__all__ = ["draw_prior", "prior_tree"]


def draw_prior(spec: ModelSpec, draws: int, random_seed: np.random.SeedSequence) -> xr.Dataset:
    """Independent draws of every variable of the posterior from the prior, in one chain.

    Parameters
    ----------
    spec : ModelSpec
    draws : int
    random_seed : SeedSequence

    Returns
    -------
    xarray.Dataset
        The variables of a posterior: ``b`` belongs to columns that aren't centred, ``r_g`` is
        sd · L z with the draw's own ``sd_g`` and ``cor_g``.

    Raises
    ------
    PriorError
        If a prior is flat; it names the parameters.
    SamplingError
        If `draws` is no positive whole number.
    """
    check_count("draws", draws, 1)
    _check_proper(spec)
    rng = np.random.default_rng(random_seed)
    values = {coef_name(c.dpar): _population(rng, draws, c) for c in spec.coefficients}
    for g in spec.groups:
        values |= _group(rng, draws, g)
    for dpar in spec.plain_dpars:
        values[dpar.name] = spec.dpar_prior(dpar.name).rvs(rng, draws)
    return dataset(spec, {name: v[None] for name, v in values.items()})


def prior_tree(spec: ModelSpec, prior: xr.Dataset, predicted: xr.DataArray) -> xr.DataTree:
    """Draws from the prior, and the responses predicted from them, as a tree.

    Parameters
    ----------
    spec : ModelSpec
    prior : xarray.Dataset
        From `draw_prior`.
    predicted : xarray.DataArray
        ``(sample, obs)``, in the order of the draws.

    Returns
    -------
    xarray.DataTree
        Groups ``prior``, ``prior_predictive`` and ``observed_data``.
    """
    data, rows = observed(spec), obs_dim(spec)
    values = predicted.to_numpy()[None].astype(data[response_name(spec)].dtype)
    coords = {**{dim: prior[dim] for dim in SAMPLE_DIMS}, rows: data[rows]}
    predictive = xr.Dataset({response_name(spec): ((*SAMPLE_DIMS, rows), values)}, coords)
    groups = {"prior": prior, "prior_predictive": predictive, "observed_data": data}
    return xr.DataTree.from_dict(groups)


def _population(rng: np.random.Generator, draws: int, c: Coefficients) -> np.ndarray:
    slopes = _each(rng, draws, c.slopes)
    if c.intercept is None:
        return slopes
    centred = c.intercept.rvs(rng, draws)
    return np.column_stack([centred - slopes @ c.means, slopes])


def _group(rng: np.random.Generator, draws: int, g: GroupPriors) -> dict[str, np.ndarray]:
    name, by = g.group.name, g.group.by
    strata = 1 if by is None else len(by.levels)
    of_level = np.zeros(g.group.size, int) if by is None else by.of_level
    sd = _each(rng, draws * strata, g.sd).reshape(draws, strata, len(g.sd))
    factor = _factor(rng, draws * strata, g).reshape(draws, strata, len(g.sd), len(g.sd))
    z = rng.standard_normal((draws, g.group.size, len(g.sd)))
    effects = sd[:, of_level] * np.einsum("dlkm,dlm->dlk", factor[:, of_level], z)
    cor = factor @ factor.mT
    found = {f"sd_{name}": sd, f"cor_{name}": cor} if g.correlated else {f"sd_{name}": sd}
    if by is None:
        found = {variable: values[:, 0] for variable, values in found.items()}
    return found | {f"r_{name}": effects}


def _factor(rng: np.random.Generator, draws: int, g: GroupPriors) -> np.ndarray:
    """Cholesky factors of the correlations of all coefficients; zeros between blocks."""
    factor = np.tile(np.eye(len(g.sd)), (draws, 1, 1))
    for block in g.blocks:
        if len(block) > 1:
            at = np.ix_(range(draws), block, block)
            factor[at] = lkj.cholesky_rvs(rng, draws, len(block), g.eta)
    return factor


def _each(rng: np.random.Generator, draws: int, priors: Sequence[Resolved]) -> np.ndarray:
    columns = [p.rvs(rng, draws) for p in priors]
    return np.column_stack(columns) if columns else np.zeros((draws, 0))


def _check_proper(spec: ModelSpec) -> None:
    pairs = zip(spec.priors.slots, spec.priors.resolved, strict=True)
    flat = [slot for slot, prior in pairs if not prior.distribution.proper]
    if flat:
        texts = [_text(slot) for slot in flat]
        raise PriorError(
            f"A flat prior can't be drawn from, and these are flat: {'; '.join(texts)}. Give them "
            f'proper ones, prior=prior("normal(0, 1)", {_arguments(flat[0])}) say, of a scale '
            "that fits the data."
        )


def _text(slot: Slot) -> str:
    return " ".join(filter(None, (slot.class_, slot.coef, slot.group, slot.dpar)))


def _arguments(slot: Slot) -> str:
    dpar = f', dpar="{slot.dpar}"' if slot.dpar else ""
    return f'"{slot.class_}"{dpar}'
