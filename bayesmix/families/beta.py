"""The beta distribution of proportions, with mean mu and precision phi."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SCALE_LINKS, UNIT_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import beta_logp, log_probabilities
from bayesmix.families.support import Proportion, drawable, drawn_shape

__all__ = ["FAMILY", "shapes"]


def shapes(p: Mapping[str, Any], m: Maths) -> tuple[Any, Any]:
    """Those of the distribution with mean mu and precision phi."""
    log_p, log_q = log_probabilities(p, m=m)
    return p["phi"] * m.exp(log_p), p["phi"] * m.exp(log_q)


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    a, b = shapes(p, m)
    return m.where((a > 0) & (b > 0), beta_logp(y, a, b, p["phi"], m), -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return m.log_betainc(*shapes(p, m), _within(y, m))


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    a, b = shapes(p, m)
    return m.log_betainc(b, a, 1.0 - _within(y, m))


def _within(y: Any, m: Maths) -> Any:
    return m.minimum(m.maximum(y, 0.0), 1.0)


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    """The share of one of two gamma numbers; those next to 0 and 1 are not 0 or 1."""
    mu, phi = drawable("mu", p["mu"], 0, 1), drawable("phi", p["phi"], 0)
    a, b = (np.maximum(v, np.finfo(float).tiny) for v in (mu * phi, (1.0 - mu) * phi))
    y = rng.beta(a, b, drawn_shape(mu, phi))
    return np.clip(y, np.finfo(float).tiny, 1.0 - np.finfo(float).epsneg)


FAMILY = Family(
    name="Beta",
    dpars=(
        Dpar("mu", "logit", UNIT_LINKS, 0.0, 1.0),
        Dpar("phi", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Proportion("Beta"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    row=derived_row(_density, {"mu": "odds", "phi": "log"}, log_cdf=_log_cdf, log_sf=_log_sf),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf, positive=True),
)
