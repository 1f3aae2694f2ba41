"""The beta-binomial distribution: successes whose probability is beta distributed."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families import beta, binomial
from bayesmix.families.counted import counted
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SCALE_LINKS, UNIT_LINKS
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.special import log_probabilities, rising_rest
from bayesmix.families.support import Successes

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    """The binomial one at mu, times what its variation adds: rising powers over powers."""
    phi, trials = p["phi"], aux["trials"]
    log_phi, (a, b) = m.log(phi), _shapes(p, m)
    log_a, log_b = (log_phi + log_share for log_share in log_probabilities(p, m=m))
    plain = binomial.FAMILY.density(y, p, aux, m)
    more = rising_rest(a, log_a, y, m) + rising_rest(b, log_b, trials - y, m)
    known = (log_a > -np.inf) & (log_b > -np.inf)
    return m.where(known, plain + more - rising_rest(phi, log_phi, trials, m), -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    return _tail(y, aux["trials"], _shapes(p, m), m)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    """At least so many failures less."""
    return _tail(aux["trials"] - y - 1.0, aux["trials"], _shapes(p, m)[::-1], m)


def _tail(y: Any, trials: Any, shapes: tuple[Any, Any], m: Maths) -> Any:
    some = m.maximum(m.minimum(y, trials - 1.0), 0.0)
    below = m.log_beta_binomial(some, trials, *shapes)
    return m.where(y < 0, -np.inf, m.where(y < trials, below, 0.0))


def _shapes(p: Dpars, m: Maths) -> tuple[Any, Any]:
    log_p, log_q = log_probabilities(p, m=m)
    return p["phi"] * m.exp(log_p), p["phi"] * m.exp(log_q)


def _biased(p: Dpars, aux: Aux) -> tuple[Array, Dpars, Aux]:
    """One less than the successes, weighted by them: one trial less, one success known of."""
    a, b = _shapes(p, NUMPY)
    others = {"mu": (a + 1.0) / (a + b + 1.0), "phi": a + b + 1.0}
    return _mean(p, aux), others, {**aux, "trials": aux["trials"] - 1.0}


def _mean(p: Dpars, aux: Aux) -> Array:
    """The expected number of successes, not their share."""
    return aux["trials"] * p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    return binomial.FAMILY.random(rng, {"mu": beta.FAMILY.random(rng, p, aux)}, aux)


FAMILY = Family(
    name="beta_binomial",
    dpars=(
        Dpar("mu", "logit", UNIT_LINKS, 0.0, 1.0),
        Dpar("phi", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Successes("beta_binomial"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu",),
    discrete=True,
    needs=("trials",),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=counted(_log_cdf, _log_sf, _biased),
    row=derived_row(_density, {"mu": "odds", "phi": "log"}, ("trials",)),
)
