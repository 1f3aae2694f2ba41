"""Proportions that can be 0 and 1: a beta distribution stretched by kappa to both sides, and cut.

With B beta distributed, y is ``(1 + 2 kappa) B - kappa`` where that lies between 0 and 1, else the
nearer end.

References
----------
I. Kosmidis & A. Zeileis (2025), Extended-support beta regression for [0, 1] responses. Journal of
the Royal Statistical Society C.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from bayesmix.families import beta
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SCALE_LINKS, UNIT_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.special import beta_logp, quietly
from bayesmix.families.support import Proportion, drawable

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    """The log density inside, the log probability of an end."""
    a, b = beta.shapes(p, m)
    kappa = p["kappa"]
    inside, edge = (y > 0) & (y < 1), kappa / (1.0 + 2.0 * kappa)
    x = (m.where(inside, y, 0.5) + kappa) / (1.0 + 2.0 * kappa)
    density = beta_logp(x, a, b, p["phi"], m) - m.log1p(2.0 * kappa)
    ends = m.where(y > 0.5, m.log_betainc(b, a, edge), m.log_betainc(a, b, edge))
    known = (a > 0) & (b > 0) & (kappa > 0)
    return m.where(known, m.where(inside, density, ends), -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    a, b = beta.shapes(p, m)
    below = m.log_betainc(a, b, _stretched(y, p, m))
    return m.where(y < 0, -np.inf, m.where(y < 1, below, 0.0))


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    a, b = beta.shapes(p, m)
    above = m.log_betainc(b, a, _stretched(1.0 - y, p, m))
    return m.where(y < 0, 0.0, m.where(y < 1, above, -np.inf))


def _stretched(y: Any, p: Dpars, m: Maths) -> Any:
    return (m.minimum(m.maximum(y, 0.0), 1.0) + p["kappa"]) / (1.0 + 2.0 * p["kappa"])


@quietly
def _mean(p: Dpars, aux: Aux) -> Array:
    """That of the part inside, and the probability of 1."""
    (a, b), kappa = beta.shapes(p, NUMPY), p["kappa"]
    low, high = kappa / (1.0 + 2.0 * kappa), (1.0 + kappa) / (1.0 + 2.0 * kappa)
    share, first = (
        special.betainc(more, b, high) - special.betainc(more, b, low) for more in (a, a + 1.0)
    )
    inside = (1.0 + 2.0 * kappa) * a / (a + b) * first - kappa * share
    return inside + special.betainc(b, a, low)


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    kappa = drawable("kappa", p["kappa"], 0)
    return np.clip((1.0 + 2.0 * kappa) * beta.FAMILY.random(rng, p, aux) - kappa, 0.0, 1.0)


FAMILY = Family(
    name="xbeta",
    dpars=(
        Dpar("mu", "logit", UNIT_LINKS, 0.0, 1.0),
        Dpar("phi", "log", SCALE_LINKS, lower=0.0),
        Dpar("kappa", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Proportion("xbeta", or_zero=True, or_one=True),
    density=_density,
    mean=_mean,
    random=_random,
    row=derived_row(_density, {"mu": "odds", "phi": "log", "kappa": "log"}),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
)
