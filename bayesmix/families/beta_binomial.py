"""The beta-binomial distribution: successes whose probability is beta distributed."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families import beta, binomial
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SCALE_LINKS, UNIT_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_probabilities, rising_rest
from bayesmix.families.support import Successes

__all__ = ["FAMILY"]


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    """The binomial one at mu, times what its variation adds: rising powers over powers."""
    phi, trials = p["phi"], aux["trials"]
    log_p, log_q = log_probabilities(p, m=m)
    a, b = phi * m.exp(log_p), phi * m.exp(log_q)
    plain = binomial.FAMILY.density(y, p, aux, m)
    more = rising_rest(a, y, m) + rising_rest(b, trials - y, m) - rising_rest(phi, trials, m)
    return m.where((a > 0) & (b > 0), plain + more, -np.inf)


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
    row=derived_row(_density, {"mu": "odds", "phi": "log"}, ("trials",)),
)
