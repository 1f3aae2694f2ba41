"""The joint log density of given draws, as brms's ``lp__`` without its Jacobian terms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayesmix.parameters import Parameter, Role, Transform
from bayesmix.predict.draws import Draws
from bayesmix.predict.several import all_log_lik
from bayesmix.predict.standard import roots, standardised
from bayesmix.priors import car, common, lkj, measured, serial, stationary
from bayesmix.spec import GroupPriors, ModelSpec


def log_density(spec: ModelSpec, draws: Draws) -> np.ndarray:
    """Log likelihood plus log prior of each draw, group effects standardised.

    The LKJ prior counts as the density of the Cholesky factor, and the density is one of the
    standardised effects z, r = sd · L z, as brms samples them.

    Returns
    -------
    ndarray
        One value a draw; -inf where a standard deviation is 0 or the correlations are singular.
    """
    total = all_log_lik(spec, draws)
    with np.errstate(all="ignore"):
        for p in spec.parameters:
            total = total + PRIORS.get(p.role, _each)(spec, p, draws)
        total = np.where(_increase(spec, draws), total, -np.inf)
    return np.where(np.isnan(total), -np.inf, total)


def _each(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """A prior for every value, or one for all shares; in units of another parameter."""
    values = draws[p.name]
    if p.transform == Transform.SHARES:
        return p.prior.logpdf(values).reshape(len(values), -1).sum(axis=1)
    if not p.unit:
        return _sum(p, values)
    unit = draws[p.unit]
    scaled = values / unit.reshape(-1, *[1] * len(p.dims))
    return _sum(p, scaled) - p.size * np.log(unit)


def _sum(p: Parameter, values: np.ndarray, own: Sequence[bool] | None = None) -> np.ndarray:
    """Of what has a prior of its own; what is shrunk has none."""
    columns = values.reshape(len(values), -1).T
    each = zip(p.each, columns, own or [True] * len(columns), strict=True)
    logp = (prior.logpdf(c) for prior, c, has in each if has and prior.distribution.of_one)
    return sum(logp, np.zeros(len(values)))


def _standard_deviations(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """Those that are another's have no prior of their own."""
    return _sum(p, draws[p.name], spec.group(p.owner).own_sds)


def _increase(spec: ModelSpec, draws: Draws) -> np.ndarray:
    """Whether the intercepts that have to increase do so."""
    held = np.ones(len(draws), bool)
    for run in spec.increasing:
        values = [_centred(spec, p, draws) for p in run]
        held &= (np.diff(values, axis=0) > 0).all(axis=0)
    return held


def _centred(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """The intercept at the means of the columns."""
    design, b = spec.predictors[p.owner], draws[p.name]
    return b[:, 0] + b[:, 1:] @ design.columns.means + design.centred(draws)


def _population(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """The prior of the intercept is that at the means of the columns."""
    b = draws[p.name]
    if spec.predictors[p.owner].columns.has_intercept:
        b = np.column_stack([_centred(spec, p, draws), b[:, 1:]])
    total = _sum(p, b)
    for s in spec.shrinking(p.name):
        z = b[:, s.member(p.name).positions] / s.scales_of(p.name, draws)
        total = total + _standard_normal(z)
    return total


def _thresholds(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """The priors are those at the means of the columns; -inf where they don't increase but must."""
    columns, values = spec.predictors[p.owner].columns, draws[p.name]
    if columns.names:
        values = values - draws[columns.variable] @ columns.means[:, None]
    if p.transform != Transform.ORDERED:
        return _sum(p, values)
    runs = (values[:, run] for run in p.runs)
    increase = np.all([(np.diff(run, axis=1) > 0).all(axis=1) for run in runs], axis=0)
    return np.where(increase, _sum(p, values), -np.inf)


def _correlations(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    g, total = spec.group(p.owner), np.zeros(len(draws))
    for block in g.blocks:
        if len(block) > 1:
            logpdf = CORRELATIONS[g.structure(block).correlations]
            total = total + logpdf(g, draws, block).sum(axis=1)
    return total


def _free(g: GroupPriors, draws: Draws, block: tuple[int, ...]) -> np.ndarray:
    return lkj.cholesky_logpdf(roots(g, draws)[..., block, :][..., block], g.eta)


def _common(g: GroupPriors, draws: Draws, block: tuple[int, ...]) -> np.ndarray:
    cor = draws[f"cor_{g.group.name}"]
    rho = cor[..., block[1], block[0]].reshape(len(draws), -1)
    return common.logpdf(rho, len(block), g.eta)


def _ar1(g: GroupPriors, draws: Draws, block: tuple[int, ...]) -> np.ndarray:
    return serial.ar1_logpdf(_with_first(g, draws, block)[..., 0], len(block), g.eta)


def _toeplitz(g: GroupPriors, draws: Draws, block: tuple[int, ...]) -> np.ndarray:
    return serial.toeplitz_logpdf(_with_first(g, draws, block), g.eta)


def _with_first(g: GroupPriors, draws: Draws, block: tuple[int, ...]) -> np.ndarray:
    """The correlations of the others with the first: samples × strata × coefficients."""
    cor = draws[f"cor_{g.group.name}"][..., block[0], list(block[1:])]
    return cor.reshape(len(draws), -1, len(block) - 1)


def _under_diagonal(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """-inf where they are those of no correlation matrix."""
    matrices = lkj.matrix(draws[p.name])
    proper = np.linalg.eigvalsh(matrices)[:, 0] > 0
    total = np.full(len(matrices), -np.inf)
    total[proper] = p.prior.logpdf(np.linalg.cholesky(matrices[proper]))
    return total


def _stationary(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """-inf where the series isn't stationary."""
    inside = stationary.inside(p.slots[0].class_, draws[p.name])
    return np.where(inside, _sum(p, draws[p.name]), -np.inf)


CORRELATIONS = {"free": _free, "common": _common, "ar1": _ar1, "toeplitz": _toeplitz}
"""The log densities of correlated coefficients of every stratum, by their structure."""


def _effects(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """Standard normal, once they are standardised; times the weights of ``pw``."""
    group, z = spec.group(p.owner).group, standardised(spec.group(p.owner), draws)
    if group.known is not None:
        z = np.linalg.solve(group.known.factor, z)
    if group.pw is None:
        return _standard_normal(z.reshape(len(z), -1))
    of_levels = _standard_normal(z.reshape(-1, z.shape[-1])).reshape(z.shape[:2])
    return of_levels @ group.pw


def _standard_normal(z: np.ndarray) -> np.ndarray:
    return -0.5 * (z**2 + np.log(2 * np.pi)).sum(axis=1)


def _smooth(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """Standard normal, once they are standardised."""
    sd = draws[f"sd{p.name}"][:, spec.predictors[p.owner].smooths.block_of]
    return _standard_normal(draws[p.name] / sd)


def _regions(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """That of what brms samples: the effects, or their parts before they are scaled."""
    (regions,) = spec.predictors[p.owner].regions
    return car.logpdf(regions, draws)


def _process(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    return _standard_normal(draws[p.name])


def _nothing(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """What comes with another parameter."""
    return np.zeros(len(draws))


def _latent(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """Standard normal, once they are white."""
    residuals = spec.predictors[p.owner].residuals
    unit = draws[p.name] / draws[p.owner.called("sderr")][:, None]
    on = residuals.layout.side_by_side(unit, np)
    white, _ = residuals.correlation.whiten(residuals.given(draws), on, residuals.layout, np)
    return _standard_normal(residuals.layout.in_rows(white))


def _true_values(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """Standard normal, once they are standardised; and measurements around them."""
    m, values = spec.measured[p.name], draws[p.name]
    mean, root = measured.distribution(m, draws)
    z = np.linalg.solve(root[:, None], (values - mean[:, None])[..., None])
    errors = (m.values - values) / m.noise
    logp = _standard_normal(errors.reshape(len(values), -1)) - np.log(m.noise).sum()
    return logp + _standard_normal(z.reshape(len(values), -1))


def _mixing(spec: ModelSpec, p: Parameter, draws: Draws) -> np.ndarray:
    """Inverse chi squared."""
    from scipy.special import gammaln

    half, u = draws[f"df_{p.owner}"][:, None] / 2, draws[p.name]
    logp = -half * np.log(2) - gammaln(half) - (half + 1) * np.log(u) - 0.5 / u
    return logp.sum(axis=1)


PRIORS = {
    Role.POPULATION: _population,
    Role.SD: _standard_deviations,
    Role.THRESHOLDS: _thresholds,
    Role.COR: _correlations,
    Role.CORRELATIONS: _under_diagonal,
    Role.STATIONARY: _stationary,
    Role.MIXING: _mixing,
    Role.EFFECTS: _effects,
    Role.SMOOTH: _smooth,
    Role.PROCESS: _process,
    Role.SPATIAL: _nothing,
    Role.IMPUTED: _nothing,
    Role.REGIONS: _regions,
    Role.LATENT: _latent,
    Role.TRUE_VALUES: _true_values,
}
"""The log prior of parameters whose values have no priors of their own as they stand."""
