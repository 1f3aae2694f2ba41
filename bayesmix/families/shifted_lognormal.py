"""The shifted lognormal distribution: a lognormal time after a shift, ndt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bayesmix.families import lognormal
from bayesmix.families.between import between
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.support import Positive, drawable

__all__ = ["FAMILY", "within_responses"]

LOGNORMAL = lognormal.FAMILY


def _decided(y: Any, p: Dpars, m: Maths) -> tuple[Any, Any]:
    """What is left of the response after ndt, and whether anything is."""
    inside = y > p["ndt"]
    return m.where(inside, y - p["ndt"], 1.0), inside


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    rest, inside = _decided(y, p, m)
    return m.where(inside & (p["ndt"] >= 0), LOGNORMAL.density(rest, p, aux, m), -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    rest, inside = _decided(y, p, m)
    return m.where(inside, LOGNORMAL.log_cdf(rest, p, aux, m), -np.inf)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    rest, inside = _decided(y, p, m)
    return m.where(inside, LOGNORMAL.log_sf(rest, p, aux, m), 0.0)


def within_responses(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    """With a ``ndt`` that is below every response."""
    dpars = (replace(d, upper=float(y.min())) if d.name == "ndt" else d for d in family.dpars)
    return replace(family, dpars=tuple(dpars))


def _mean(p: Dpars, aux: Aux) -> Array:
    return LOGNORMAL.mean(p, aux) + p["ndt"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    ndt = drawable("ndt", p["ndt"], 0)
    wide = {**p, "mu": np.add(p["mu"], np.zeros_like(ndt))}
    return ndt + LOGNORMAL.random(rng, wide, aux)


FAMILY = Family(
    name="shifted_lognormal",
    dpars=(
        Dpar("mu", "identity", ("identity", "inverse")),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
        Dpar("ndt", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Positive("shifted_lognormal"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("ndt",),
    log_scale=True,
    prepare=within_responses,
    row=derived_row(
        _density,
        {"mu": "natural", "sigma": "log", "ndt": "natural"},
        log_cdf=_log_cdf,
        log_sf=_log_sf,
    ),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=between(_log_cdf, _log_sf, positive=True),
)
