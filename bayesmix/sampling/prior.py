"""Draws of the parameters from their priors, without a sampler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from bayesmix.errors import PriorError
from bayesmix.parameters import Parameter, Role, Slot, Transform
from bayesmix.priors import Distribution, car, common, lkj, measured, serial, shares, stationary
from bayesmix.sampling.imputed import imputed_values
from bayesmix.sampling.settings import check_count
from bayesmix.spec import ModelSpec
from bayesmix.variables import SAMPLE_DIMS, dataset, obs_dim, observed, response_name

__all__ = ["draw_prior", "prior_tree"]

MOST_TRIES = 1000
INCREASING = "increasing intercepts"
"""Where draws of intercepts that increase from one predictor to the next are kept."""

Values = dict[str, np.ndarray]
"""Draws by variable, and what else later ones need."""


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
    rng, values = np.random.default_rng(random_seed), {}
    for p in spec.in_order:
        values |= DRAWN.get(p.role, _each)(rng, draws, spec, p, values)
    return dataset(spec, {p.name: values[p.name][None] for p in spec.parameters})


def prior_tree(
    spec: ModelSpec, prior: xr.Dataset, predicted: Sequence[xr.DataArray]
) -> xr.DataTree:
    """Draws from the prior, and the responses predicted from them, as a tree.

    Parameters
    ----------
    spec : ModelSpec
    prior : xarray.Dataset
        From `draw_prior`.
    predicted : sequence of xarray.DataArray
        For each response ``(sample, obs)``, in the order of the draws; of several columns with a
        dimension more.

    Returns
    -------
    xarray.DataTree
        Groups ``prior``, ``prior_predictive`` and ``observed_data``.
    """
    data, coords, variables = observed(spec), {dim: prior[dim] for dim in SAMPLE_DIMS}, {}
    for part, drawn in zip(spec.parts, predicted, strict=True):
        rows, name, columns = obs_dim(part), response_name(part.response), drawn.dims[2:]
        values = drawn.to_numpy()[None].astype(data[name].dtype)
        coords |= {rows: data[rows]} | {dim: drawn[dim] for dim in columns}
        variables[name] = ((*SAMPLE_DIMS, rows, *columns), values)
    predictive = xr.Dataset(variables, coords)
    groups = {"prior": prior, "prior_predictive": predictive, "observed_data": data}
    return xr.DataTree.from_dict(groups)


def _each(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    """Every value from a prior of its own, or shares from theirs; in units of another parameter."""
    if p.transform == Transform.SHARES:
        size, params = p.shape[-1], p.prior.distribution.params
        drawn = shares.rvs(rng, draws * (p.size // size), size, params)
        return {p.name: drawn.reshape(draws, *p.shape)}
    drawn = _columns(rng, draws, p).reshape(draws, *p.shape)
    return {p.name: drawn * _unit(p, before)}


def _unit(p: Parameter, before: Values) -> np.ndarray | float:
    """What the values of a parameter are multiples of."""
    return before[p.unit].reshape(-1, *[1] * len(p.dims)) if p.unit else 1.0


def _standard_deviations(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    values = _columns(rng, draws, p)
    for s in spec.shrinking(p.name):
        values[:, s.member(p.name).positions] = s.scales_of(p.name, before)
    sd = values.reshape(draws, *p.shape)[..., list(spec.group(p.owner).sd_of)]
    return {p.name: sd}


def _population(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    b, design = _columns(rng, draws, p), spec.predictors[p.owner]
    for s in spec.shrinking(p.name):
        z = rng.standard_normal((draws, s.size_of(p.name)))
        b[:, s.member(p.name).positions] = z * s.scales_of(p.name, before)
    made = {p.name: b}
    if run := spec.increasing_with(p):
        name = f"{INCREASING} {p.owner.resp}"
        made |= {} if name in before else {name: _intercepts(rng, draws, run)}
        b[:, 0] = (before | made)[name][:, run.index(p)]
    if design.columns.has_intercept:
        b[:, 0] -= b[:, 1:] @ design.columns.means + design.centred(before)
    return made


def _intercepts(rng: np.random.Generator, draws: int, run: Sequence[Parameter]) -> np.ndarray:
    """Those of several predictors, given that they increase from one to the next."""
    priors, names = tuple(p.priors[0] for p in run), tuple(p.owner.dpar for p in run)
    several = replace(run[0], name="the intercepts", coords=(names,), priors=priors, lengths=())
    return _increasing(rng, draws, several)


def _thresholds(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    """In increasing order if they have to be, around the means of the columns."""
    made = _increasing if p.transform == Transform.ORDERED else _columns
    values, columns = made(rng, draws, p), spec.predictors[p.owner].columns
    if columns.names:
        values = values + before[columns.variable] @ columns.means[:, None]
    return {p.name: values}


def _increasing(rng: np.random.Generator, draws: int, p: Parameter) -> np.ndarray:
    """Draws given that they increase: of one prior for all they may be sorted."""
    if len(p.runs) > 1:
        alone = (
            replace(p, coords=(p.coords[0][r],), priors=p.priors[r], lengths=()) for r in p.runs
        )
        return np.concatenate([_increasing(rng, draws, one) for one in alone], axis=1)
    if len(set(p.priors)) == 1:
        return np.sort(_columns(rng, draws, p), axis=1)
    kept = np.empty((0, p.size))
    for _ in range(MOST_TRIES):
        values = _columns(rng, draws, p)
        kept = np.concatenate([kept, values[(np.diff(values, axis=1) > 0).all(axis=1)]])
        if len(kept) >= draws:
            return kept[:draws]
    raise PriorError(
        f"The priors of {p.name} leave hardly a chance that they increase. Give priors whose "
        "locations do."
    )


def _correlations(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    """The correlations and their Cholesky factors; zeros between blocks."""
    g, k = spec.group(p.owner), p.shape[-1]
    factor = np.tile(np.eye(k), (draws * (p.size // k**2), 1, 1))
    for block in g.blocks:
        if len(block) > 1:
            at = np.ix_(range(len(factor)), block, block)
            draw = FACTORS[g.structure(block).correlations]
            factor[at] = draw(rng, len(factor), len(block), g.eta)
    factor = factor.reshape(draws, *p.shape)
    return {p.name: factor @ factor.mT, f"L_{p.owner}": factor}


def _under_diagonal(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    size = len(lkj.matrix(np.zeros(p.size)))
    factor = lkj.cholesky_rvs(rng, draws, size, *p.prior.distribution.params)
    return {p.name: lkj.under_diagonal(factor @ factor.mT)}


def _stationary(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    """Those of draws from the priors that are stationary; uniform ones directly."""
    (slot,) = p.slots
    if p.prior.distribution == Distribution("uniform", (slot.lower, slot.upper)):
        return {p.name: stationary.rvs(rng, p.slots[0].class_, draws, p.size)}
    kept = np.empty((0, p.size))
    for _ in range(MOST_TRIES):
        values = _columns(rng, draws, p)
        kept = np.concatenate([kept, values[stationary.inside(p.slots[0].class_, values)]])
        if len(kept) >= draws:
            return {p.name: kept[:draws]}
    raise PriorError(f"The prior of {p.name} leaves hardly a chance that the series is stationary.")


def _common(rng: np.random.Generator, draws: int, size: int, eta: float) -> np.ndarray:
    return np.linalg.cholesky(common.matrix(common.rvs(rng, draws, size, eta), size))


FACTORS = {
    "free": lkj.cholesky_rvs,
    "common": _common,
    "ar1": serial.ar1_rvs,
    "toeplitz": serial.toeplitz_rvs,
}
"""Draws of Cholesky factors, by the correlations of a structure."""


def _mixing(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    df = before[f"df_{p.owner}"]
    return {p.name: 1.0 / rng.chisquare(df[:, None], (draws, *p.shape))}


def _effects(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    """R = sd · L z."""
    group, sd, factor = spec.group(p.owner).group, before[f"sd_{p.owner}"], f"L_{p.owner}"
    by, z = group.by, rng.standard_normal((draws, *p.shape))
    if group.pw is not None:
        z /= np.sqrt(group.pw)[:, None]
    if group.known is not None:
        z = group.known.factor @ z
    if group.dist == "student":
        z *= np.sqrt(before[f"df_{p.owner}"][:, None] * before[f"udf_{p.owner}"])[..., None]
    at = (slice(None), None if by is None else by.of_level)
    if factor in before:
        z = (before[factor][at] @ z[..., None])[..., 0]
    return {p.name: sd[at] * z}


def _smooth(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    sd = before[f"sd{p.name}"][:, spec.predictors[p.owner].smooths.block_of]
    return {p.name: sd * rng.standard_normal(sd.shape)}


def _process(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    return {p.name: rng.standard_normal((draws, *p.shape))}


def _spatial(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    (regions,) = spec.predictors[p.owner].regions
    return {p.name: car.intrinsic_rvs(rng, draws, regions)}


def _regions(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    (regions,) = spec.predictors[p.owner].regions
    return {p.name: car.rvs(rng, draws, regions, before)}


def _latent(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    z, residuals = rng.standard_normal((draws, *p.shape)), spec.predictors[p.owner].residuals
    return {p.name: before[p.owner.called("sderr")][:, None] * residuals.coloured(z, before, np)}


def _true_values(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    """As they are before anything is measured."""
    mean, root = measured.distribution(spec.measured[p.name], before)
    z = rng.standard_normal((draws, *p.shape))
    return {p.name: mean[:, None] + z @ root.mT}


DRAWN = {
    Role.POPULATION: _population,
    Role.THRESHOLDS: _thresholds,
    Role.SD: _standard_deviations,
    Role.COR: _correlations,
    Role.CORRELATIONS: _under_diagonal,
    Role.STATIONARY: _stationary,
    Role.MIXING: _mixing,
    Role.EFFECTS: _effects,
    Role.SMOOTH: _smooth,
    Role.PROCESS: _process,
    Role.SPATIAL: _spatial,
    Role.REGIONS: _regions,
    Role.LATENT: _latent,
    Role.TRUE_VALUES: _true_values,
    Role.IMPUTED: imputed_values,
}
"""The parameters that aren't drawn value by value."""


def _columns(rng: np.random.Generator, draws: int, p: Parameter) -> np.ndarray:
    """What has a prior of its own; zeros for what is shrunk."""
    shrunk = np.zeros(draws)
    columns = [prior.rvs(rng, draws) if prior.distribution.of_one else shrunk for prior in p.each]
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
