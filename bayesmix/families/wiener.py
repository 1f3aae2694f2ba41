"""The time at which a diffusion leaves an interval, with the side: choices and reaction times.

Evidence starts at ``bias · bs`` between boundaries at 0 and at `bs`, drifts by `mu` a unit of time
with variance 1, after a time `ndt` in which nothing happens. ``dec()`` says which boundary is met.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.derived import derived_row
from bayesmix.families.diffusion import first_passages
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import SCALE_LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.shifted_lognormal import within_responses
from bayesmix.families.special import HALF_LOG_2PI, log_probabilities, quietly
from bayesmix.families.support import Positive, drawable

__all__ = ["FAMILY"]

SHORT = 0.35
"""Times up to which, in units of bs², the series for short times has the fewer terms."""

NO_DRIFT = 1e-4


def _density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
    """The density of leaving at the boundary of ``dec()``, by the series of Navarro and Fuss.

    The terms that are left out are below 1e-14 of it, at any time and for any drift, boundary
    and bias.

    References
    ----------
    D. Navarro & I. Fuss (2009), Fast and accurate calculations for first-passage times.
    """
    upper, bs = aux["dec"] > 0.5, p["bs"]
    inside = (y > p["ndt"]) & (p["ndt"] >= 0) & (bs > 0)
    log_low, log_high = log_probabilities(p, "bias", m)
    start = m.exp(m.where(upper, log_high, log_low))
    rest = m.exp(m.where(upper, log_low, log_high))
    drift = bs * m.where(upper, -p["mu"], p["mu"])
    u = m.where(inside, y - p["ndt"], 1.0) / (bs * bs)
    standard = m.where(
        u < SHORT,
        _short(m.minimum(u, SHORT), start, rest, m),
        _long(m.maximum(u, SHORT), start, rest, m),
    )
    logp = standard - drift * (start + 0.5 * drift * u) - 2.0 * m.log(bs)
    return m.where(inside & (log_low + log_high > -np.inf), logp, -np.inf)


def _short(u: Any, start: Any, rest: Any, m: Maths) -> Any:
    """Log density of standardised times, by images of the start, in pairs.

    Near the other boundary, `rest` away, the images of a pair cancel but for a rest.
    """
    total = 0.0
    for k in (0, 1, 2):
        odd = 2 * k + 1
        gap = 2.0 * odd * rest / u
        apart = (2 * k + start) - (odd + rest) * m.exp(-gap)
        close = -odd * m.expm1(-gap) - rest * (1.0 + m.exp(-gap))
        total = total + m.where(start < rest, apart, close) * m.exp(-2.0 * k * (k + start) / u)
    return m.log(total) - 0.5 * start * start / u - 1.5 * m.log(u) - HALF_LOG_2PI


def _long(u: Any, start: Any, rest: Any, m: Maths) -> Any:
    """The same by four waves; the sines of the smaller part of the way keep their digits."""
    near = m.minimum(start, rest)
    sign = m.where(start < rest, 1.0, -1.0)
    total = m.sin(np.pi * near)
    for k in (2, 3, 4):
        wave = k * m.sin(k * np.pi * near) * m.exp(-0.5 * (k * k - 1) * np.pi**2 * u)
        total = total + (wave if k % 2 else sign * wave)
    return m.log(total) + np.log(np.pi) - 0.5 * np.pi**2 * u


@quietly
def _mean(p: Dpars, aux: Aux) -> Array:
    """The mean time, whichever the boundary."""
    s = np.abs(p["mu"]) * p["bs"]
    w = np.where(p["mu"] < 0, 1.0 - p["bias"], p["bias"])
    some = np.maximum(s, NO_DRIFT)
    drifted = (np.expm1(-2.0 * some * w) / np.expm1(-2.0 * some) - w) / some
    still = w * (1.0 - w) * (1.0 + s * (1.0 - 2.0 * w) / 3.0)
    return p["ndt"] + p["bs"] ** 2 * np.where(s < NO_DRIFT, still, drifted)


def _random(rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
    """Times, whichever the boundary."""
    tiny = np.finfo(float).tiny
    times, _ = first_passages(
        rng,
        drawable("mu", p["mu"]),
        drawable("bs", p["bs"], tiny),
        drawable("bias", p["bias"], tiny, np.nextafter(1.0, 0.0)),
    )
    return drawable("ndt", p["ndt"], 0) + times


FAMILY = Family(
    name="wiener",
    dpars=(
        Dpar("mu", "identity", ("identity", "log", "softplus", "squareplus")),
        Dpar("bs", "log", SCALE_LINKS, lower=0.0),
        Dpar("ndt", "log", SCALE_LINKS, lower=0.0),
        Dpar("bias", "logit", ("logit", "identity"), 0.0, 1.0),
    ),
    check=Positive("wiener"),
    density=_density,
    mean=_mean,
    random=_random,
    linear=("ndt",),
    needs=("dec",),
    prepare=within_responses,
    row=derived_row(
        _density,
        {"mu": "natural", "bs": "log", "ndt": "natural", "bias": "odds"},
        takes=("dec",),
    ),
)
