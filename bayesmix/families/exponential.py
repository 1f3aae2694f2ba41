"""The exponential distribution of positive numbers, with mean mu."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import POSITIVE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_event
from bayesmix.families.support import Positive, drawable, drawn_shape

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    mu = p["mu"]
    return m.where((mu > 0) & (y >= 0), -m.log(mu) - y / mu, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    inside = y > 0
    some = log_event(m.log(m.where(inside, y, 1.0)) - m.log(p["mu"]), m)
    return m.where(inside, some, -np.inf)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.where(y > 0, -y / p["mu"], 0.0)


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", p["mu"], 0)
    return rng.exponential(mu, drawn_shape(mu))


FAMILY = Family(
    name="exponential",
    dpars=(Dpar("mu", "log", POSITIVE_LINKS, lower=0.0),),
    check=Positive("exponential"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    row=derived_row(_density, {"mu": "log"}, log_cdf=_log_cdf, log_sf=_log_sf),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf, positive=True),
)
