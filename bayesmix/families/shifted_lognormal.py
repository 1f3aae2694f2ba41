"""The lognormal distribution after a time ndt in which nothing happens: reaction times."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bayesmix.families import lognormal
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Between, Dpar, Dpars, Family
from bayesmix.families.links import REAL_LINKS, SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.support import Positive, drawable

__all__ = ["FAMILY", "within_responses"]

BASE = lognormal.FAMILY


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    after = y - p["ndt"]
    logp = BASE.density(m.where(after > 0, after, 1.0), p, aux, m)
    return m.where((after > 0) & (p["ndt"] >= 0), logp, -np.inf)


def _log_cdf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    after = y - p["ndt"]
    return m.where(after > 0, BASE.log_cdf(m.where(after > 0, after, 1.0), p, aux, m), -np.inf)


def _log_sf(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    after = y - p["ndt"]
    return m.where(after > 0, BASE.log_sf(m.where(after > 0, after, 1.0), p, aux, m), 0.0)


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["ndt"] + BASE.mean(p, aux)


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    return drawable("ndt", p["ndt"], 0) + BASE.random(rng, p, aux)


def _mean_between(p: Dpars, lb: Array, ub: Array) -> Array:
    return p["ndt"] + BASE.between.mean(p, lb - p["ndt"], ub - p["ndt"])


def _random_between(rng: np.random.Generator, p: Dpars, lb: Array, ub: Array) -> Array:
    return p["ndt"] + BASE.between.random(rng, p, lb - p["ndt"], ub - p["ndt"])


def within_responses(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    """With a ``ndt`` that is below every response."""
    dpars = (replace(d, upper=float(y.min())) if d.name == "ndt" else d for d in family.dpars)
    return replace(family, dpars=tuple(dpars))


FAMILY = Family(
    name="shifted_lognormal",
    dpars=(
        Dpar("mu", "identity", REAL_LINKS),
        Dpar("sigma", "log", SCALE_LINKS, lower=0.0),
        Dpar("ndt", "log", SCALE_LINKS, lower=0.0),
    ),
    check=Positive("shifted_lognormal"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("ndt",),
    log_scale=True,
    row=derived_row(
        _density,
        {"mu": "natural", "sigma": "log", "ndt": "natural"},
        log_cdf=_log_cdf,
        log_sf=_log_sf,
    ),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    between=Between(_mean_between, _random_between),
    prepare=within_responses,
)
