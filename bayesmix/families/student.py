"""Student's t distribution with location, scale and degrees of freedom."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.special import quietly, student_logp
from bayesmix.families.support import check_finite, drawable, drawn_shape

__all__ = ["FAMILY"]


def _check(y: Any, aux: Aux, labels: Any = None) -> None:
    check_finite(y, "the response of family 'student'", labels)


@quietly
def _logp(y: Array, dpars: Dpars, aux: Aux) -> Array:
    return student_logp(y, dpars["nu"], dpars["mu"], dpars["sigma"])


def _mean(dpars: Dpars, aux: Aux) -> Array:
    """The location, as in brms also at nu = 1, where there is no mean."""
    return dpars["mu"]


def _random(rng: np.random.Generator, dpars: Dpars, aux: Aux) -> Array:
    mu = drawable("mu", dpars["mu"])
    sigma = drawable("sigma", dpars["sigma"], 0)
    nu = drawable("nu", dpars["nu"], np.finfo(float).tiny)
    return mu + sigma * rng.standard_t(nu, drawn_shape(mu, sigma, nu))


def _pymc(dpars: Dpars, aux: Aux) -> tuple[Any, dict[str, Any]]:
    from bayesmix.families.pymc_distributions import StudentT

    return StudentT, {"nu": dpars["nu"], "mu": dpars["mu"], "sigma": dpars["sigma"]}


FAMILY = Family(
    name="student",
    dpars=(
        Dpar("mu", "identity", REAL_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
        Dpar("nu", "logm1", ("logm1", "identity"), lower=1.0),
    ),
    check=_check,
    logp=_logp,
    mean=_mean,
    random=_random,
    pymc=_pymc,
)
