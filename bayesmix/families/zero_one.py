"""Proportions with zeros and ones: exactly 0 or 1 with probability zoi, then 1 with coi."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families import beta
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SHARE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.special import log_probabilities
from bayesmix.families.support import Proportion, drawable, drawn_shape

__all__ = ["FAMILY"]

BASE = beta.FAMILY


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    end, inner = log_probabilities(p, "zoi", m)
    one, zero = log_probabilities(p, "coi", m)
    inside = (y > 0) & (y < 1)
    logp = inner + BASE.density(m.where(inside, y, 0.5), p, aux, m)
    return m.where(inside, logp, end + m.where(y < 0.5, zero, one))


def _mean(p: Dpars, aux: Aux) -> Array:
    return p["zoi"] * p["coi"] + (1.0 - p["zoi"]) * p["mu"]


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    zoi, coi = (drawable(name, p[name], 0, 1) for name in ("zoi", "coi"))
    inner = BASE.random(rng, p, aux)
    u, v = rng.random((2, *drawn_shape(zoi, coi, inner)))
    return np.where(u < zoi, (v < coi).astype(float), inner)


FAMILY = Family(
    name="zero_one_inflated_beta",
    dpars=(
        *BASE.dpars,
        Dpar("zoi", "logit", SHARE_LINKS, 0.0, 1.0),
        Dpar("coi", "logit", SHARE_LINKS, 0.0, 1.0),
    ),
    check=Proportion("zero_one_inflated_beta", or_zero=True, or_one=True),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("mu", "zoi", "coi"),
    row=derived_row(_density, {"mu": "odds", "phi": "log", "zoi": "odds", "coi": "odds"}),
)
