"""The Fréchet distribution of positive numbers with a heavy tail, with mean mu.

Its scale is ``mu / Γ(1 - 1/nu)``; there is no mean unless nu is larger than 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import gammaln

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import POSITIVE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_event
from bayesmix.families.support import Positive, drawable, drawn_shape

__all__ = ["FAMILY"]


def _log_hazard(y: Any, p: Dpars, m: Maths) -> Any:
    """Log of ``(scale / y) ** nu``, what the distribution function is exp(-) of; y positive."""
    nu = p["nu"]
    rest = m.where(nu > 1, 1.0 - 1.0 / nu, 0.5)
    return nu * (m.log(p["mu"]) - m.gammaln(rest) - m.log(y))


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    log_hazard = _log_hazard(y, p, m)
    logp = m.log(p["nu"]) - m.log(y) + log_hazard - m.exp(log_hazard)
    return m.where((p["mu"] > 0) & (p["nu"] > 1), logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    inside = y > 0
    some = -m.exp(_log_hazard(m.where(inside, y, 1.0), p, m))
    return m.where(inside, some, -np.inf)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    inside = y > 0
    some = log_event(_log_hazard(m.where(inside, y, 1.0), p, m), m)
    return m.where(inside, some, 0.0)


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", p["mu"], 0)
    nu = drawable("nu", p["nu"], np.nextafter(1.0, 2.0))
    log_ratio = np.log(rng.standard_exponential(drawn_shape(mu, nu))) / nu
    return mu * np.exp(-log_ratio - gammaln(1.0 - 1.0 / nu))


FAMILY = Family(
    name="frechet",
    dpars=(
        Dpar("mu", "log", POSITIVE_LINKS, lower=0.0),
        Dpar("nu", "logm1", ("logm1", "identity"), lower=1.0),
    ),
    check=Positive("frechet"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    row=derived_row(_density, {"mu": "log", "nu": "natural"}, log_cdf=_log_cdf, log_sf=_log_sf),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf, positive=True),
)
