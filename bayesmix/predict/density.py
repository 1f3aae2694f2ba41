"""The joint log density of given draws, as brms's ``lp__`` without its Jacobian terms."""

from __future__ import annotations

import numpy as np

from bayesmix.predict.draws import Draws
from bayesmix.predict.levels import correlation_root
from bayesmix.predict.response import Prediction
from bayesmix.priors import lkj
from bayesmix.spec import Coefficients, GroupPriors, ModelSpec
from bayesmix.variables import coef_name


def log_density(spec: ModelSpec, draws: Draws) -> np.ndarray:
    """Log likelihood plus log prior of each draw, group effects standardised.

    The LKJ prior counts as the density of the Cholesky factor, and the density is one of the
    standardised effects z, r = sd · L z, as brms samples them.

    Returns
    -------
    ndarray
        One value a draw; -inf where a standard deviation is 0 or the correlations are singular.
    """
    total = _log_likelihood(spec, draws)
    for c in spec.coefficients:
        if c.names:
            total = total + _population(c, draws)
    with np.errstate(all="ignore"):
        total = total + sum(_group(g, draws) for g in spec.groups)
    for dpar in spec.plain_dpars:
        total = total + spec.dpar_prior(dpar.name).logpdf(draws[dpar.name])
    return np.where(np.isnan(total), -np.inf, total)


def _log_likelihood(spec: ModelSpec, draws: Draws) -> np.ndarray:
    return Prediction.prepare(spec, draws).log_lik().to_numpy().sum(axis=1)


def _population(c: Coefficients, draws: Draws) -> np.ndarray:
    b = draws[coef_name(c.dpar)]
    slopes = b if c.intercept is None else b[:, 1:]
    total = np.zeros(len(draws))
    for k, prior in enumerate(c.slopes):
        total = total + prior.logpdf(slopes[:, k])
    if c.intercept is not None:
        total = total + c.intercept.logpdf(b[:, 0] + slopes @ c.means)
    return total


def _group(g: GroupPriors, draws: Draws) -> np.ndarray:
    name, by = g.group.name, g.group.by
    sd = draws[f"sd_{name}"]
    sd = sd[:, None] if by is None else sd
    total = sum(prior.logpdf(sd[:, :, k]).sum(axis=1) for k, prior in enumerate(g.sd))
    of_level = np.zeros(g.group.size, int) if by is None else by.of_level
    z = draws[f"r_{name}"] / sd[:, of_level]
    if g.correlated:
        cor = draws[f"cor_{name}"]
        roots = correlation_root(cor[:, None] if by is None else cor)
        total = total + _lkj(g, roots)
        for stratum in range(roots.shape[1]):
            levels = of_level == stratum
            z[:, levels] = _standardised(roots[:, stratum, None], z[:, levels])
    return total - 0.5 * (z**2 + np.log(2 * np.pi)).sum(axis=(1, 2))


def _standardised(roots: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """Z with L z = effects, one coefficient after the other."""
    z = np.empty_like(effects)
    for k in range(effects.shape[-1]):
        known = (roots[..., k, :k] * z[..., :k]).sum(axis=-1)
        z[..., k] = (effects[..., k] - known) / roots[..., k, k]
    return z


def _lkj(g: GroupPriors, roots: np.ndarray) -> np.ndarray:
    total = np.zeros(len(roots))
    for block in g.blocks:
        if len(block) > 1:
            part = roots[..., block, :][..., block]
            total = total + lkj.cholesky_logpdf(part, g.eta).sum(axis=1)
    return total
