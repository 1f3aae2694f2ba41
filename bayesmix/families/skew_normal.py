"""The skew normal distribution, with mean mu and standard deviation sigma."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.special import HALF_LOG_2PI, LOG_2
from bayesmix.families.support import Finite, drawable, drawn_shape

__all__ = ["FAMILY"]

ROOT_2_BY_PI = np.sqrt(2.0 / np.pi)


def _direct(p: Dpars, m: Maths) -> tuple[Any, Any, Any]:
    """Location, log of the scale in sigmas, and delta, of Azzalini's parametrisation."""
    alpha = p["alpha"]
    delta = alpha / m.sqrt(1.0 + alpha * alpha)
    log_scale = -0.5 * m.log1p(-2.0 / np.pi * delta * delta)
    return p["mu"] - p["sigma"] * m.exp(log_scale) * delta * ROOT_2_BY_PI, log_scale, delta


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    location, log_scale, _ = _direct(p, m)
    z = (y - location) / p["sigma"] * m.exp(-log_scale)
    logp = LOG_2 - HALF_LOG_2PI - m.log(p["sigma"]) - log_scale - 0.5 * z * z
    return m.where(p["sigma"] > 0, logp + m.log_ndtr(p["alpha"] * z), -np.inf)


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    """Of two normals, the absolute value of one weighs delta."""
    mu, sigma = drawable("mu", p["mu"]), drawable("sigma", p["sigma"], 0)
    alpha = drawable("alpha", p["alpha"])
    location, log_scale, delta = _direct({"mu": mu, "sigma": sigma, "alpha": alpha}, NUMPY)
    a, b = rng.standard_normal((2, *drawn_shape(mu, sigma, alpha)))
    z = delta * np.abs(a) + b / np.sqrt(1.0 + alpha**2)
    return location + sigma * np.exp(log_scale) * z


FAMILY = Family(
    name="skew_normal",
    dpars=(
        Dpar("mu", "identity", REAL_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
        Dpar("alpha", "identity", ("identity", "log", "softplus", "squareplus")),
    ),
    check=Finite("skew_normal"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    may=("se",),
    row=derived_row(_density, {"mu": "natural", "sigma": "log", "alpha": "natural"}),
)
