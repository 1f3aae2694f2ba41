"""Each line of the table of parameters as random and deterministic variables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesmix.correlations.partials import coefficients
from bayesmix.design.response import RANGES
from bayesmix.parameters import MAIN, Parameter, Role, Transform
from bayesmix.priors import common, lkj, serial, stationary
from bayesmix.priors.register import tensor_logpdf
from bayesmix.priors.shrinkage import Shrinkage
from bayesmix.pymc_model.measured import (
    add_measured,
    add_true_values,
    moved_back,
    usual_products,
)
from bayesmix.pymc_model.mixtures import INCREASING, increasing_intercepts
from bayesmix.pymc_model.predictors import Made
from bayesmix.pymc_model.regions import add_regions, add_spatial
from bayesmix.pymc_model.vectors import increasing, vector
from bayesmix.spec import GroupPriors, ModelSpec


def add_parameter(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """Register a parameter in the open model.

    Parameters
    ----------
    spec : ModelSpec
    p : Parameter
    made : dict
        What the parameters before it have given.

    Returns
    -------
    dict
        What predictors, responses and later parameters need of it.
    """
    return REGISTER.get(p.role, _own)(spec, p, made)


def _own(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """Values with priors of their own, or shares: one random variable, or parts of the values."""
    first = p.priors[0]
    if len(set(p.priors)) == 1 and not first.distribution.fixed:
        return {p.name: first.register(p.name, **({"dims": p.dims} if p.dims else {}))}
    values = vector(f"{p.name}_values", p.each).reshape(p.shape)
    return {p.name: pm.Deterministic(p.name, values, dims=p.dims)}


def _population(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """The centred intercept and the slopes; what is kept is the intercept at zero."""
    suffix, columns = p.name.removeprefix("b"), spec.predictors[p.owner].columns
    first, parts, others = int(columns.has_intercept), {}, {}
    label, usual = f"Intercept{suffix}", usual_products(spec, p)
    if run := spec.increasing_with(p):
        name = p.owner._replace(dpar=MAIN).called(INCREASING)
        response = spec.response_of(p.owner)
        others = {} if name in made else {name: increasing_intercepts(name, run, response)}
        parts[label] = (made | others)[name][run.index(p)]
    elif columns.has_intercept:
        parts[label] = p.priors[0].register(label if usual is None else f"{label}_moved")
    if len(p.priors) > first:
        shrunk = _shrunken(spec, p, made, standardised=f"z{p.name}")
        parts[f"slopes{suffix}"] = vector(f"slopes{suffix}", p.priors[first:], shrunk)
    if usual is not None:
        shift = pt.dot(usual, parts[f"slopes{suffix}"])
        parts[label] = moved_back(p.priors[0], label, parts[label], shift)
    kept = list(parts.values())
    if columns.has_intercept:
        shift = pt.dot(columns.means, kept[1]) if len(kept) > 1 else 0.0
        for name, centres in spec.predictors[p.owner].centres.items():
            shift = shift + pt.dot(centres, pt.atleast_1d(made[name]))
        kept[0] = pt.atleast_1d(kept[0] - shift)
    pm.Deterministic(p.name, pt.concatenate(kept), dims=p.dims)
    return parts | others


def _thresholds(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """Those around the means of the columns; what is kept are those at zero."""
    columns = spec.predictors[p.owner].columns
    suffix = p.owner.label and f"_{p.owner.label}"
    name, runs = f"Intercept{suffix}", p.runs
    if p.transform != Transform.ORDERED:
        centred = vector(name, p.priors)
    elif len(runs) == 1:
        centred = increasing(name, p.priors)
    else:
        parts = [increasing(f"{name}_{g}", p.priors[run]) for g, run in enumerate(runs, 1)]
        centred = pt.concatenate(parts)
    slopes = made.get(f"slopes{suffix}")
    shift = 0.0 if slopes is None else pt.dot(columns.means, slopes)
    pm.Deterministic(p.name, centred + shift, dims=p.dims)
    return {p.name: centred}


def _standard_deviations(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    flat = vector(f"sds_{p.owner}", p.each, _shrunken(spec, p, made))
    sd, same = flat.reshape(p.shape), list(spec.group(p.owner).sd_of)
    if same != list(range(len(same))):
        sd = sd[..., same]
    return {p.name: pm.Deterministic(p.name, sd, dims=p.dims)}


def _shrunken(
    spec: ModelSpec, p: Parameter, made: Made, standardised: str = ""
) -> dict[Shrinkage, Any]:
    """The values that shrinkage priors give: their scales, times standard normal ones if named."""
    found = {}
    for s in spec.shrinking(p.name):
        scales, own = s.scales_of(p.name, made), p.each[s.member(p.name).positions[0]]
        z = pm.Normal(standardised, shape=s.size_of(p.name)) if standardised else 1.0
        found[own.distribution] = z * scales
    return found


def _hyper(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """A parameter of a shrinkage prior; its random variable is in the prior's own units."""
    dims = {"dims": p.dims} if p.dims else {}
    if not p.unit:
        return {p.name: p.prior.register(p.name, **dims)}
    free = p.prior.register(f"{p.name}_free", **dims)
    return {p.name: pm.Deterministic(p.name, free * made[p.unit], dims=p.dims)}


def _correlations(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """The Cholesky factors, strata × K × K; zeros between blocks."""
    g, k = spec.group(p.owner), p.shape[-1]
    parts = []
    for i, block in enumerate(g.blocks):
        # Products with constants, not indexed assignment, which PyTensor 3.3's numba mixes up.
        at = np.eye(k)[:, block]
        part = np.ones((1, 1, 1))
        if len(block) > 1:
            part = FACTORS[g.structure(block).correlations](f"{{}}_{p.owner}_{i}", g, len(block))
        parts.append(part if len(block) == k else pt.matmul(pt.matmul(at, part), at.T))
    factor = sum(parts)
    cor = pt.matmul(factor, factor.transpose(0, 2, 1))
    pm.Deterministic(p.name, cor[0] if g.group.by is None else cor, dims=p.dims)
    return {_factor_name(p.owner): factor}


def _under_diagonal(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """Correlations that the rows of a response have in common."""
    size = len(lkj.matrix(np.zeros(p.size)))
    factor = _lkj_factor(f"{{}}_{p.name}", *p.prior.distribution.params, size)[0]
    rows, columns = np.tril_indices(size, -1)
    under = (factor[rows] * factor[columns]).sum(axis=1)
    made = pm.Deterministic(p.name, under, dims=p.dims)
    return {p.name: made, _factor_name(p.name): factor}


def _stationary(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """Uniform over the stationary region by partial autocorrelations, times the priors."""
    sign, order = stationary.SIGNS[p.slots[0].class_], p.size
    partial = 2 * pm.Beta(f"pacf_{p.name}", *stationary.shapes(order)) - 1
    coefs = sign * pt.stack(coefficients([partial[k] for k in range(order)]))
    logp = tensor_logpdf(p.prior.distribution, coefs, p.prior.lower, p.prior.upper)
    pm.Potential(f"{p.name}_prior", logp.sum() + stationary.log_volume(order))
    return {p.name: pm.Deterministic(p.name, coefs, dims=p.dims)}


def _mixing(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    # Of a plain 0.5 PyTensor would take the logarithm with the digits of a float32.
    half = np.full(p.shape, 0.5)
    return {p.name: pm.InverseGamma(p.name, made[f"df_{p.owner}"] / 2, half, dims=p.dims)}


def _effects(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """Non-centred: r = sd · L z, z standard normal, L the Cholesky factor of the correlations.

    Known covariances between levels come into z, the scales of Student effects' levels after it.
    """
    group = spec.group(p.owner).group
    by, sd, factor = group.by, made[f"sd_{p.owner}"], made.get(_factor_name(p.owner))
    spread = 1.0 if group.pw is None else group.pw[:, None] ** -0.5
    z = pm.Normal(f"z_{p.owner}", 0.0, spread, dims=p.dims, shape=p.shape)
    if group.known is not None:
        z = pt.dot(group.known.factor, z)
    if group.dist == "student":
        z = z * pt.sqrt(made[f"df_{p.owner}"] * made[f"udf_{p.owner}"])[:, None]
    effects = z
    if factor is not None and by is None:
        effects = pt.dot(z, factor[0].T)
    elif factor is not None:
        effects = (factor[by.of_level] * z[:, None, :]).sum(axis=-1)
    scale = sd if by is None else sd[by.of_level]
    return {p.name: pm.Deterministic(p.name, effects * scale, dims=p.dims)}


def _smooth(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """Non-centred: a standard normal number times the sd of its block."""
    sd = made[f"sd{p.name}"][spec.predictors[p.owner].smooths.block_of]
    z = pm.Normal(f"z{p.name}", dims=p.dims, shape=p.shape)
    return {p.name: pm.Deterministic(p.name, z * sd, dims=p.dims)}


def _process(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    return {p.name: pm.Normal(p.name, dims=p.dims, shape=p.shape)}


def _latent(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """Non-centred: standard normal numbers, coloured, times their scale."""
    z = pm.Normal(f"z{p.name}", dims=p.dims, shape=p.shape)
    err = spec.predictors[p.owner].residuals.coloured(z, made, pt)
    return {p.name: pm.Deterministic(p.name, made[p.owner.called("sderr")] * err, dims=p.dims)}


def _imputed(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """Values of a response anywhere in its range, whose density is the likelihood."""
    response = spec.response_of(p.owner)
    data, (lower, upper) = response.data, RANGES[response.family.name]
    options = {"dims": p.dims, "initval": data.y[data.latent]}
    if np.isfinite(upper):
        return {p.name: pm.Uniform(p.name, lower, upper, **options)}
    return {p.name: (pm.HalfFlat if np.isfinite(lower) else pm.Flat)(p.name, **options)}


def _factor_name(group: str) -> str:
    return f"L_{group}"


def _block_factor(name: str, g: GroupPriors, size: int) -> Any:
    return _lkj_factor(name, g.eta, size, 1 if g.group.by is None else len(g.group.by.levels))


def _lkj_factor(name: str, eta: float, size: int, strata: int = 1) -> Any:
    """LKJ(eta) by its canonical partial correlations, which are independent betas.

    Column j of the lower triangle has (1 + cpc) / 2 ~ Beta(a, a) with a = eta + (size - 2 - j) / 2
    (Lewandowski, Kurowicka and Joe 2009).
    """
    rows, columns = np.tril_indices(size, -1)
    shape = lkj.partial_shapes(size, eta)
    u = pm.Beta(name.format("cpc"), shape, shape, shape=(strata, len(rows)))
    at = np.eye(size * size)[rows * size + columns]
    cpc = pt.dot(2 * u - 1, at).reshape((strata, size, size))
    # sqrt(1 - cpc²) without the digits that 1 - cpc² loses near ±1; ones off the lower triangle.
    left = pt.dot(2 * pt.sqrt(u * (1 - u)), at).reshape((strata, size, size))
    left = left + (1 - np.tri(size, k=-1))
    before = pt.concatenate(
        [pt.ones((strata, size, 1)), pt.cumprod(left, axis=2)[:, :, :-1]], axis=2
    )
    return (cpc + pt.eye(size)) * before


def _common_factor(name: str, g: GroupPriors, size: int) -> Any:
    """That of a matrix with one correlation.

    Its diagonal and what stands under it are the same in all rows: with t[j] = 1 + j ρ, and
    t[-1] = 1 - ρ, they are √((1 - ρ) t[j] / t[j-1]) and ρ √((1 - ρ) / (t[j-1] t[j])).
    """
    strata = 1 if g.group.by is None else len(g.group.by.levels)
    # Arrays: of plain numbers PyTensor would take logarithms with the digits of a float32.
    a, b = (np.full(strata, shape) for shape in common.shapes(size, g.eta))
    u = pm.Beta(name.format("common"), a, b)
    rho = common.correlation(u, size)[:, None]
    t = 1 + np.arange(size) * rho
    before = 1 + np.arange(-1, size - 1) * rho
    diagonal = pt.sqrt((1 - rho) * t / before)
    under = rho * pt.sqrt((1 - rho) / (before * t))
    lower = np.tri(size, k=-1)
    return under[:, None, :] * lower + diagonal[:, None, :] * np.eye(size)


def _ar1_factor(name: str, g: GroupPriors, size: int) -> Any:
    """That of the powers of one autocorrelation."""
    return serial.cholesky(
        [_between(name.format("ar1"), g, serial.ar1_shape(size, g.eta))], size, pt
    )


def _toeplitz_factor(name: str, g: GroupPriors, size: int) -> Any:
    """That of a matrix made of partial autocorrelations."""
    phi = _between(name.format("pacf"), g, serial.toeplitz_shapes(size, g.eta)[:, None])
    return serial.cholesky([phi[k] for k in range(size - 1)], size, pt)


def _between(name: str, g: GroupPriors, shape: Any) -> Any:
    """Numbers between -1 and 1, for each stratum, whose beta has two equal parameters."""
    strata = 1 if g.group.by is None else len(g.group.by.levels)
    shapes = shape * np.ones(strata)
    return 2 * pm.Beta(name, shapes, shapes) - 1


FACTORS = {
    "free": _block_factor,
    "common": _common_factor,
    "ar1": _ar1_factor,
    "toeplitz": _toeplitz_factor,
}
"""The Cholesky factors of correlated coefficients, by their structure's correlations."""

REGISTER = {
    Role.SPATIAL: add_spatial,
    Role.REGIONS: add_regions,
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
    Role.LATENT: _latent,
    Role.MEASURED: add_measured,
    Role.TRUE_VALUES: add_true_values,
    Role.IMPUTED: _imputed,
    Role.SHRINKAGE: _hyper,
}
"""The parameters that are more than one random variable of their own name."""
