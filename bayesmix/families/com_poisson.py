"""The Conway-Maxwell-Poisson distribution: the powers ``(mu^y / y!)^shape``, normalised.

For shape 1 it is the Poisson distribution; below, counts vary more than that, above less. About
mu lies the mode, not the mean.

References
----------
A. Benson, N. Friel (2021), Bayesian inference, model selection and likelihood estimation using fast
rejection sampling: the Conway-Maxwell-Poisson distribution. Bayesian Analysis 16(3), 905-931.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from bayesmix.families.counted import counted
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import COUNT_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths, com_poisson_sums
from bayesmix.families.special import quietly
from bayesmix.families.support import LARGEST_COUNT, Counts, drawable, drawn_shape

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    log_mu, shape = m.log(p["mu"]), p["shape"]
    logp = shape * (y * log_mu - m.gammaln(y + 1.0)) - m.log_com_poisson(log_mu, shape)
    return m.where((p["mu"] > 0) & (shape > 0), logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    tail, below = _tail(y, p, m)
    return m.where(y < 0, -np.inf, m.where(below, tail, m.log(-m.expm1(tail))))


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    tail, below = _tail(y, p, m)
    return m.where(y < 0, 0.0, m.where(below, m.log(-m.expm1(tail)), tail))


def _tail(y: Any, p: Dpars, m: Maths) -> tuple[Any, Any]:
    """Log of the probability on the side of a count that the mode isn't on, and if it is below."""
    log_mu, shape, some = m.log(p["mu"]), p["shape"], m.maximum(y, 0.0)
    below = some < p["mu"]
    tail = m.log_com_poisson_tail(some, m.where(below, 1.0, 0.0), log_mu, shape)
    return tail - m.log_com_poisson(log_mu, shape), below


@quietly
def _mean(p: Dpars, aux: Aux) -> Array:
    return com_poisson_sums(np.log(p["mu"]), p["shape"])[1]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    """By rejection: from a Poisson number for a shape above 1, from a geometric one below."""
    mu = drawable("mu", p["mu"], np.finfo(float).tiny, LARGEST_COUNT)
    shape = drawable("shape", p["shape"], np.finfo(float).tiny)
    size = drawn_shape(mu, shape)
    mu, shape = (np.broadcast_to(v, size).ravel() for v in (mu, shape))
    drawn, left = np.zeros(mu.size, np.int64), np.arange(mu.size)
    while left.size:
        y, log_accepted = _proposed(rng, mu[left], shape[left])
        taken = np.log(rng.random(left.size)) < log_accepted
        drawn[left[taken]] = y[taken]
        left = left[~taken]
    return drawn.reshape(size)


def _proposed(rng: np.random.Generator, mu: Array, shape: Array) -> tuple[Array, Array]:
    """A proposal for each, and the log of the probability to take it."""
    p = 2.0 * shape / (2.0 * mu * shape + 1.0 + shape)
    narrow = shape >= 1.0
    y = np.where(narrow, rng.poisson(mu), rng.geometric(p) - 1)
    peak = np.where(narrow, mu, mu / (1.0 - np.where(narrow, 0.5, p)) ** (1.0 / shape)) // 1.0
    excess = _log_power(y, mu) - _log_power(peak, mu)
    with np.errstate(divide="ignore", invalid="ignore"):
        wide = shape * excess - (y - peak) * np.log1p(-p)
    return y, np.where(narrow, (shape - 1.0) * excess, wide)


def _log_power(y: Array, mu: Array) -> Array:
    return y * np.log(mu) - special.gammaln(y + 1.0)


FAMILY = Family(
    name="com_poisson",
    dpars=(
        Dpar("mu", "log", COUNT_LINKS, lower=0.0),
        Dpar("shape", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Counts("com_poisson"),
    density=_density,
    mean=_mean,
    random=_random,
    discrete=True,
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=counted(_log_cdf, _log_sf),
    row=derived_row(_density, {"mu": "log", "shape": "log"}),
)
