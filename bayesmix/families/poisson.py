"""The Poisson distribution of counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import COUNT_LINKS
from bayesmix.families.special import poisson_logp, quietly
from bayesmix.families.support import LARGEST_COUNT, check_whole, drawable, drawn_shape

__all__ = ["FAMILY"]


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    check_whole(y, "the response of family 'poisson'", labels=labels)


@quietly
def _logp(y: Array, dpars: Dpars, aux: Aux) -> Array:
    return poisson_logp(y, dpars["mu"])


def _mean(dpars: Dpars, aux: Aux) -> Array:
    return dpars["mu"]


def _random(rng: np.random.Generator, dpars: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", dpars["mu"], 0, LARGEST_COUNT)
    return rng.poisson(mu, drawn_shape(mu))


def _pymc(dpars: Dpars, aux: Aux) -> tuple[Any, dict[str, Any]]:
    import pymc as pm

    return pm.Poisson, {"mu": dpars["mu"]}


FAMILY = Family(
    name="poisson",
    dpars=(Dpar("mu", "log", COUNT_LINKS, lower=0.0),),
    check=_check,
    logp=_logp,
    mean=_mean,
    random=_random,
    pymc=_pymc,
    discrete=True,
)
