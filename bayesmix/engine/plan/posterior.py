"""From the sampler's draws to the posterior's variables, all draws at once."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, softmax

from bayesmix.design import Regions
from bayesmix.engine.numerics.transforms import constrained, increasing
from bayesmix.engine.plan.layout import At, GroupAt, Layout, TakenAt, numbers_of, reflect
from bayesmix.parameters import Role, Transform
from bayesmix.priors import car, common, lkj, serial

Values = dict[str, np.ndarray]
"""Draws by variable."""


def posterior_of(layout: Layout, x: np.ndarray) -> dict[str, np.ndarray]:
    """The variables that a posterior keeps.

    Parameters
    ----------
    layout : Layout
    x : ndarray
        Unconstrained draws; the last axis is that of the parameters.

    Returns
    -------
    dict of str to ndarray
        ``b``, ``sd_g``, ``cor_g``, ``r_g``, ``sigma``, …; leading axes are those of `x`.
    """
    theta = _serving(layout, x)
    b, taken = _population(layout, x, theta)
    at_means = b.copy() if layout.informed else b
    for at in layout.of_role(Role.POPULATION):
        theta[at.parameter.name] = _coefficients(layout, at, b[..., at.numbers], x)
    for p in layout.predictors.values():
        for regions in p.regions:
            theta |= _regions(layout, regions, x)
    for group in layout.groups:
        theta |= _group(layout, group, x, theta)
    for at in layout.at.values():
        if at.parameter.role == Role.THRESHOLDS:
            theta[at.parameter.name] = _thresholds(layout, at, x, b) - taken.get(at.start, 0.0)
        elif at.parameter.role == Role.SMOOTH:
            theta[at.parameter.name] = _smooth(layout, at, x, theta)
        elif at.parameter.role == Role.PROCESS:
            theta[at.parameter.name] = _numbers(layout, at, x, theta, at_means)
        elif at.parameter.role == Role.LATENT:
            theta[at.parameter.name] = _latent(layout, at, x, theta)
        elif at.parameter.name not in theta:
            theta[at.parameter.name] = _values(at, x)
    return theta


def _serving(layout: Layout, x: np.ndarray) -> Values:
    """What shrinkage priors bring with them, and their units."""
    names = dict.fromkeys(s.unit for s in layout.shrinkings if s.unit)
    found = {name: _values(layout[name], x) for name in names}
    for at in layout.of_role(Role.SHRINKAGE):
        p, values = at.parameter, _values(at, x)
        unit = found[p.unit].reshape((*x.shape[:-1], *[1] * len(p.dims))) if p.unit else 1.0
        found[p.name] = values * unit
    return found


def _thresholds(layout: Layout, at: At, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Those at zero, from those around the means of the columns."""
    columns, values = layout.predictors[at.parameter.owner].columns, x[..., at.numbers]
    if at.parameter.transform == Transform.ORDERED:
        parts = [increasing(values[..., run]) for run in at.parameter.runs]
        values = np.concatenate(parts, axis=-1)
    if not columns.names:
        return values
    return values + (b[..., layout[columns.variable].numbers] @ columns.means)[..., None]


def _smooth(layout: Layout, at: At, x: np.ndarray, before: Values) -> np.ndarray:
    blocks = layout.predictors[at.parameter.owner].smooths.block_of
    return before[f"sd{at.parameter.name}"][..., blocks] * x[..., at.numbers]


def _numbers(layout: Layout, at: At, x: np.ndarray, before: Values, b: np.ndarray) -> np.ndarray:
    """The standard normal numbers of processes; the coefficients are those at means."""
    z = x[..., at.numbers]
    informed = layout.informed.get(at.parameter.name)
    if informed is None:
        return z
    (c,), z = layout.predictors[at.parameter.owner].processes, z.copy()
    sd, lscale = (before[c.named(what)] for what in ("sdgp", "lscale"))
    beside = layout.at.get(c.target.variable)
    b = b[..., :0] if beside is None else b[..., beside.numbers]
    for i, (own, (scales, numbers)) in enumerate(zip(informed, c.parts, strict=True)):
        if own is not None:
            z[..., numbers] = own.numbers(z[..., numbers], sd[..., i], lscale[..., scales], b)
    return z


def _latent(layout: Layout, at: At, x: np.ndarray, before: Values) -> np.ndarray:
    """Residuals of a linear predictor, from standard normal numbers."""
    residuals, samples = layout.predictors[at.parameter.owner].residuals, x.shape[:-1]
    names = [residuals.target.called(name) for name in residuals.correlation.names]
    flat = {n: before[n].reshape(-1, *before[n].shape[len(samples) :]) for n in names}
    made = residuals.coloured(x[..., at.numbers].reshape(-1, at.size), flat, np)
    return before[residuals.target.called("sderr")][..., None] * made.reshape(*samples, at.size)


def _regions(layout: Layout, regions: Regions, x: np.ndarray) -> Values:
    """Effects of regions and what they are made of."""
    names = [at.parameter.name for at in layout.at.values()]
    made = [n for n in map(regions.named, ("sdcar", "car", "rhocar")) if n in names]
    found = {name: _values(layout[name], x) for name in made}
    rcar, zcar = regions.named("rcar"), regions.named("zcar")
    z = x[..., layout[rcar].numbers]
    if regions.term.type == "bym2":
        found[zcar] = car.from_free(regions, x[..., layout[zcar].numbers])
        own, spatial = car.parts(regions, found[regions.named("rhocar")][..., None])
        z = own * z + spatial * found[zcar]
    elif not regions.proper:
        z = car.from_free(regions, z)
    return found | {rcar: found[regions.named("sdcar")][..., None] * z}


def _values(at: At, x: np.ndarray) -> np.ndarray:
    """A parameter whose numbers have priors of their own, or of shares."""
    if at.parameter.transform == Transform.SHARES:
        return softmax(x[..., at.numbers].reshape(*x.shape[:-1], *at.parameter.shape), axis=-1)
    columns = [constrained(x[..., i], p.lower, p.upper) for i, p in at.scalars()]
    values = np.stack(columns, axis=-1).reshape((*x.shape[:-1], *at.parameter.shape))
    return lkj.of_partials(values) if at.parameter.role == Role.CORRELATIONS else values


def _shrunken(layout: Layout, at: At, x: np.ndarray, before: Values) -> np.ndarray:
    """A parameter of whose values some are shrunk: normal numbers times scales, or scales."""
    values, p = _values(at, x).reshape(*x.shape[:-1], at.size), at.parameter
    for s in layout.shrinkings:
        member = s.member(p.name)
        if member is not None:
            z = x[..., at.start + np.array(member.positions)]
            scales = s.scales_of(p.name, before)
            values[..., member.positions] = scales * (z if p.role == Role.POPULATION else 1.0)
    return values.reshape(*x.shape[:-1], *p.shape)


def _population(
    layout: Layout, x: np.ndarray, before: Values
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """The coefficients of all predictors, which are the first parameters.

    And by their place what is taken from thresholds.
    """
    parts = layout.of_role(Role.POPULATION)
    b = np.empty((*x.shape[:-1], sum(at.size for at in parts)))
    for at in parts:
        b[..., at.numbers] = _shrunken(layout, at, x, before)
    for places in layout.increasing:
        b[..., places] = increasing(x[..., places])
    thresholds: dict[int, np.ndarray] = {}
    for t in layout.taken:
        taken = t.weight * _source(t, b, x)
        if t.target < b.shape[-1]:
            b[..., t.target] -= taken
        else:
            thresholds[t.target] = thresholds.get(t.target, 0.0) + taken[..., None]
    return b, thresholds


def _source(t: TakenAt, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What is taken from a coefficient or a threshold: a coefficient, or a mean of effects."""
    return (b if t.source < b.shape[-1] else x)[..., t.source]


def _coefficients(layout: Layout, at: At, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    design = layout.predictors[at.parameter.owner]
    if design.columns.has_intercept:
        b[..., 0] -= b[..., 1:] @ design.columns.means
        for name, centres in design.centres.items():
            rates = _values(layout[name], x).reshape(*x.shape[:-1], -1)
            b[..., 0] -= rates @ centres
    return b


def _group(layout: Layout, g: GroupAt, x: np.ndarray, before: Values) -> Values:
    name, factor = g.priors.group.name, _factor(g, x)
    sd = _shrunken(layout, layout[f"sd_{name}"], x, before)[..., list(g.priors.sd_of)]
    found = {f"sd_{name}": sd}
    if g.priors.correlated:
        cor = factor @ factor.mT
        found[f"cor_{name}"] = cor[..., 0, :, :] if g.priors.group.by is None else cor
    if g.priors.group.dist == "student":
        found[f"df_{name}"] = _values(layout[f"df_{name}"], x)
        found[f"udf_{name}"] = np.exp(x[..., layout[f"udf_{name}"].numbers])
    strata = sd.reshape(*x.shape[:-1], g.strata, g.k)
    effects = _effects(g, x, strata, factor)
    if g.priors.group.dist == "student":
        effects *= np.sqrt(found[f"df_{name}"][..., None] * found[f"udf_{name}"])[..., None]
    return found | {f"r_{name}": effects}


def _effects(g: GroupAt, x: np.ndarray, sd: np.ndarray, factor: np.ndarray) -> np.ndarray:
    by = g.priors.group.by
    strata = slice(None) if by is None else by.of_level
    r = x[..., g.effects].reshape(*x.shape[:-1], g.size, g.k).copy()
    if g.priors.group.known is not None:
        r = g.priors.group.known.factor @ r
    for s in g.shifts:
        source = constrained(x[..., s.source], s.prior.lower, s.prior.upper)
        r -= source[..., None, None] * s.weights
    for coef, level in g.reflected:
        r[..., coef] = reflect(r[..., coef], level)
    if all(g.centered):
        return r
    z = r.copy()
    for i in range(g.k):
        scale, row = sd[..., strata, i], factor[..., strata, i, :]
        before = sum((row[..., j] * z[..., j] for j in range(i)), np.zeros(1))
        if g.centered[i]:
            z[..., i] = (r[..., i] / scale - before) / row[..., i]
        else:
            r[..., i] = scale * (before + row[..., i] * z[..., i])
    return r


def _factor(g: GroupAt, x: np.ndarray) -> np.ndarray:
    """Cholesky factors of the correlations: … × strata × coefficients × coefficients."""
    factor = np.zeros((*x.shape[:-1], g.strata, g.k, g.k))
    factor[..., np.arange(g.k), np.arange(g.k)] = 1.0
    for members, start in g.blocks:
        size = len(members)
        v = x[..., start : start + g.strata * numbers_of(g.priors, members)]
        made = FACTORS[g.priors.structure(members).correlations]
        part = made(v.reshape(*x.shape[:-1], g.strata, -1), size)
        factor[..., np.array(members)[:, None], np.array(members)] = part
    return factor


def factor_of(v: np.ndarray, size: int) -> np.ndarray:
    """The Cholesky factor that log odds of (1 + partial correlation) / 2 stand for."""
    factor = np.zeros((*v.shape[:-1], size, size))
    at = 0
    for i in range(size):
        left = np.ones(v.shape[:-1])
        for j in range(i):
            factor[..., i, j] = np.tanh(v[..., at] / 2) * left
            with np.errstate(over="ignore"):
                left = left / np.cosh(v[..., at] / 2)
            at += 1
        factor[..., i, i] = left
    return factor


def _common_factor(v: np.ndarray, size: int) -> np.ndarray:
    """That of one correlation for all pairs."""
    return np.linalg.cholesky(common.matrix(common.correlation(expit(v[..., 0]), size), size))


def _ar1_factor(v: np.ndarray, size: int) -> np.ndarray:
    """That of the powers of one correlation."""
    return serial.cholesky([np.tanh(v[..., 0] / 2)], size, np)


def _toeplitz_factor(v: np.ndarray, size: int) -> np.ndarray:
    """That of partial autocorrelations."""
    return serial.cholesky(list(np.moveaxis(np.tanh(v / 2), -1, 0)), size, np)


FACTORS = {
    "free": factor_of,
    "common": _common_factor,
    "ar1": _ar1_factor,
    "toeplitz": _toeplitz_factor,
}
"""The Cholesky factors that numbers stand for, by the correlations of a structure."""
