"""From the sampler's draws to the posterior's variables, all draws at once."""

from __future__ import annotations

import numpy as np

from bayesmix.engine.layout import CoefficientsAt, DparAt, GroupAt, Layout, reflect
from bayesmix.engine.transforms import constrained


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
    theta, b = {}, _population(layout, x)
    for part in layout.coefficients:
        theta |= _coefficients(part, b[..., part.start : part.stop])
    for group in layout.groups:
        theta |= _group(group, x)
    for dpar in layout.dpars:
        theta[dpar.name] = _scalars(dpar, x)[..., 0]
    return theta


def _scalars(part: GroupAt | DparAt, x: np.ndarray) -> np.ndarray:
    """The parameters of one part that have priors of their own."""
    columns = [constrained(x[..., at], p.lower, p.upper) for at, p in part.scalars()]
    return np.stack(columns, axis=-1)


def _population(layout: Layout, x: np.ndarray) -> np.ndarray:
    """The coefficients of all predictors, which are the first parameters."""
    b = np.empty((*x.shape[:-1], sum(part.stop - part.start for part in layout.coefficients)))
    for part in layout.coefficients:
        for at, p in part.scalars():
            b[..., at] = constrained(x[..., at], p.lower, p.upper)
    for t in layout.taken:
        source = b if t.source < b.shape[-1] else x
        b[..., t.target] -= t.weight * source[..., t.source]
    return b


def _coefficients(part: CoefficientsAt, b: np.ndarray) -> dict[str, np.ndarray]:
    c = part.coefficients
    if not c.names:
        return {}
    if c.intercept is not None:
        b[..., 0] -= b[..., 1:] @ c.means
    return {"b" if c.dpar == "mu" else f"b_{c.dpar}": b}


def _group(g: GroupAt, x: np.ndarray) -> dict[str, np.ndarray]:
    name, by = g.priors.group.name, g.priors.group.by
    sd = _scalars(g, x).reshape(*x.shape[:-1], g.strata, g.k)
    factor = _factor(g, x)
    found = {f"sd_{name}": sd}
    if g.priors.correlated:
        found[f"cor_{name}"] = factor @ factor.mT
    if by is None:
        found = {
            key: value[..., 0, :] if key.startswith("sd_") else value[..., 0, :, :]
            for key, value in found.items()
        }
    return found | {f"r_{name}": _effects(g, x, sd, factor)}


def _effects(g: GroupAt, x: np.ndarray, sd: np.ndarray, factor: np.ndarray) -> np.ndarray:
    by = g.priors.group.by
    strata = slice(None) if by is None else by.of_level
    r = x[..., g.effects].reshape(*x.shape[:-1], g.size, g.k).copy()
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
        v = x[..., start : start + g.strata * (size * (size - 1) // 2)]
        part = factor_of(v.reshape(*x.shape[:-1], g.strata, -1), size)
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
