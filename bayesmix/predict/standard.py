"""Group effects and the standard normal ones that they are made of, r = sd · L z."""

from __future__ import annotations

import numpy as np

from bayesmix.predict.draws import Draws
from bayesmix.priors.lkj import correlation_root
from bayesmix.spec import GroupPriors


def roots(g: GroupPriors, draws: Draws) -> np.ndarray:
    """Cholesky factors of the correlations, of every stratum."""
    cor = draws[f"cor_{g.group.name}"]
    return correlation_root(cor[:, None] if g.group.by is None else cor)


def covariance(g: GroupPriors, draws: Draws) -> np.ndarray:
    """Between the effects of a level unlike any other: samples × (strata ×) coefs × coefs.

    Infinite for Student effects of no more than 2 degrees of freedom. With known covariances, that
    of a level whose variance is the mean of the fitted ones'.
    """
    name, sd = g.group.name, draws[f"sd_{g.group.name}"]
    cor = draws[f"cor_{name}"] if g.correlated else np.eye(sd.shape[-1])
    cov = cor * sd[..., :, None] * sd[..., None, :]
    if g.group.known is not None:
        cov = cov * g.group.known.variance
    if g.group.dist == "student":
        df = draws[f"df_{name}"].reshape(-1, *[1] * (cov.ndim - 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            cov = cov * np.where(df > 2, df / (df - 2), np.inf)
    return cov


def standardised(g: GroupPriors, draws: Draws) -> np.ndarray:
    """The z of the fitted levels, samples × levels × coefficients.

    Independent between coefficients, and between levels unless their covariances are known.
    """
    name, by, sd = g.group.name, g.group.by, draws[f"sd_{g.group.name}"]
    of_level = np.zeros(g.group.size, int) if by is None else by.of_level
    z = draws[f"r_{name}"] / (sd[:, None] if by is None else sd)[:, of_level]
    if g.group.dist == "student":
        z /= np.sqrt(draws[f"df_{name}"][:, None] * draws[f"udf_{name}"])[..., None]
    if not g.correlated:
        return z
    factors = roots(g, draws)
    for stratum in range(factors.shape[1]):
        levels = of_level == stratum
        z[:, levels] = _solved(factors[:, stratum, None], z[:, levels])
    return z


def _solved(factors: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """Z with L z = effects, one coefficient after the other."""
    z = np.empty_like(effects)
    for k in range(effects.shape[-1]):
        known = (factors[..., k, :k] * z[..., :k]).sum(axis=-1)
        z[..., k] = (effects[..., k] - known) / factors[..., k, k]
    return z
