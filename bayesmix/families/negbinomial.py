"""The negative binomial distribution of counts, with variance mu + mu² / shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.special import negbinomial_logp, quietly
from bayesmix.families.support import (
    COUNT_LINKS,
    LARGEST_COUNT,
    SCALE_LINKS,
    check_whole,
    drawable,
    drawn_shape,
)

__all__ = ["FAMILY"]


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    check_whole(y, "The response of family 'negbinomial'", labels=labels)


@quietly
def _logp(y: Array, dpars: Dpars, aux: Aux) -> Array:
    return negbinomial_logp(y, dpars["mu"], dpars["shape"])


def _mean(dpars: Dpars, aux: Aux) -> Array:
    return dpars["mu"]


def _random(rng: np.random.Generator, dpars: Dpars, aux: Aux) -> Array:
    """Poisson counts whose means are gamma distributed."""
    mu = drawable("mu", dpars["mu"], 0, LARGEST_COUNT)
    shape = drawable("shape", dpars["shape"], np.finfo(float).tiny)
    means = mu * (rng.standard_gamma(shape, drawn_shape(mu, shape)) / shape)
    return rng.poisson(drawable("a gamma distributed mean of", means, 0, LARGEST_COUNT))


def _pymc(dpars: Dpars, aux: Aux) -> tuple[Any, dict[str, Any]]:
    from bayesmix.families.pymc_distributions import NegativeBinomial

    return NegativeBinomial, {"mu": dpars["mu"], "alpha": dpars["shape"]}


FAMILY = Family(
    name="negbinomial",
    dpars=(
        Dpar("mu", "log", COUNT_LINKS, lower=0.0),
        Dpar("shape", "log", SCALE_LINKS, lower=0.0),
    ),
    check=_check,
    logp=_logp,
    mean=_mean,
    random=_random,
    pymc=_pymc,
    discrete=True,
)
