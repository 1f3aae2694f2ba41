"""The skew normal distribution, with mean mu, standard deviation sigma and slant alpha."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.special import HALF_LOG_2PI
from bayesmix.families.support import Finite, drawable, drawn_shape

__all__ = ["FAMILY"]

ROOT_2_OVER_PI = float(np.sqrt(2.0 / np.pi))
LOG_2 = float(np.log(2.0))


def _direct(p: Dpars, m: Maths) -> tuple[Any, Any, Any]:
    """Location, scale and delta of the usual parametrisation."""
    delta = p["alpha"] / m.sqrt(1.0 + p["alpha"] ** 2)
    scale = p["sigma"] / m.sqrt(1.0 - (ROOT_2_OVER_PI * delta) ** 2)
    return p["mu"] - scale * delta * ROOT_2_OVER_PI, scale, delta


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    location, scale, _ = _direct(p, m)
    z = (y - location) / scale
    logp = LOG_2 - HALF_LOG_2PI - m.log(scale) - 0.5 * z**2 + m.log_ndtr(p["alpha"] * z)
    return m.where(p["sigma"] > 0, logp, -np.inf)


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    """From two normal numbers, one of them without its sign (Azzalini 1986)."""
    checked = {
        "mu": drawable("mu", p["mu"]),
        "sigma": drawable("sigma", p["sigma"], 0),
        "alpha": drawable("alpha", p["alpha"]),
    }
    location, scale, delta = _direct(checked, NUMPY)
    u, v = rng.standard_normal((2, *drawn_shape(*checked.values())))
    return location + scale * (delta * np.abs(u) + np.sqrt(1.0 - delta**2) * v)


FAMILY = Family(
    name="skew_normal",
    dpars=(
        Dpar("mu", "identity", REAL_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
        Dpar("alpha", "identity", REAL_LINKS),
    ),
    check=Finite("skew_normal"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    row=derived_row(_density, {"mu": "natural", "sigma": "log", "alpha": "natural"}),
)
