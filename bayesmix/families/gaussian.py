"""The normal distribution."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np

from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.row import RowKernel
from bayesmix.families.special import HALF_LOG_2PI, quietly
from bayesmix.families.support import check_finite, drawable, drawn_shape

__all__ = ["FAMILY"]


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    check_finite(y, "the response of family 'gaussian'", labels)


@quietly
def _logp(y: Array, dpars: Dpars, aux: Aux) -> Array:
    mu, sigma = dpars["mu"], dpars["sigma"]
    logp = -0.5 * ((y - mu) / sigma) ** 2 - np.log(sigma) - HALF_LOG_2PI
    return np.where(sigma > 0, logp, -np.inf)


def _mean(dpars: Dpars, aux: Aux) -> Array:
    return dpars["mu"]


def _random(rng: np.random.Generator, dpars: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", dpars["mu"])
    sigma = drawable("sigma", dpars["sigma"], 0)
    return rng.normal(mu, sigma, drawn_shape(mu, sigma))


def _pymc(dpars: Dpars, aux: Aux) -> tuple[Any, dict[str, Any]]:
    import pymc as pm

    return pm.Normal, {"mu": dpars["mu"], "sigma": dpars["sigma"]}


def _row(y: float, mu: float, log_sigma: float) -> tuple[float, float, float]:
    inverse = exp(-log_sigma)
    z = (y - mu) * inverse
    return -0.5 * z * z - log_sigma, z * inverse, z * z - 1.0


FAMILY = Family(
    name="gaussian",
    dpars=(
        Dpar("mu", "identity", REAL_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
    ),
    check=_check,
    logp=_logp,
    mean=_mean,
    random=_random,
    pymc=_pymc,
    row=RowKernel(_row, ("natural", "log")),
)
