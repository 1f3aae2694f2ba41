"""The von Mises distribution of angles between -π and π."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import HALF_LOG_2PI
from bayesmix.families.support import check_finite, drawable, drawn_shape, require

__all__ = ["FAMILY"]


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    what = "the response of family 'von_mises'"
    y = check_finite(y, what, labels)
    require(np.abs(y) <= np.pi, y, f"{what} must lie between -π and π.", labels)


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    half = m.sin(0.5 * (y - p["mu"]))
    kappa = p["kappa"]
    known = kappa >= 0
    size = m.where(known, kappa, 0.0)
    logp = -2.0 * size * half * half - m.log_i0e(size) - 2.0 * HALF_LOG_2PI
    return m.where(known & (size < np.inf), logp, -np.inf)


def _mean(p: Dpars, aux: Aux) -> Array:
    """The mean direction."""
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu, kappa = drawable("mu", p["mu"]), drawable("kappa", p["kappa"], 0)
    return rng.vonmises(mu, kappa, drawn_shape(mu, kappa))


FAMILY = Family(
    name="von_mises",
    dpars=(
        Dpar("mu", "tan_half", ("tan_half", "identity")),
        Dpar("kappa", "log", SCALE_LINKS, lower=0.0),
    ),
    check=_check,
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    row=derived_row(_density, {"mu": "natural", "kappa": "log"}),
)
