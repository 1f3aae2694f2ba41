"""Addition terms that change a row's parameters: known standard errors, denominators of rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from bayesmix.families import negbinomial
from bayesmix.families.derived import derived_row
from bayesmix.families.family import Array, Aux, Dpars, Family
from bayesmix.families.maths import NUMPY, Maths

__all__ = ["rated", "with_errors"]

Adjust = Callable[[Mapping[str, Any], Mapping[str, Any], Maths], dict[str, Any]]
"""``adjust(p, aux, m)``: the parameters of the rows."""


@cache
def with_errors(base: Family, keeps_sigma: bool) -> Family:
    """The family of responses whose standard errors are known: ``se(x)``.

    Parameters
    ----------
    base : Family
        With a ``sigma``.
    keeps_sigma : bool
        Whether responses vary more than by their errors; else sigma is 0.

    References
    ----------
    brms: ``resp_se``, https://paulbuerkner.com/brms/reference/addition-terms.html
    """
    dpars = tuple(
        replace(d, fixed=0.0) if d.name == "sigma" and not keeps_sigma else d for d in base.dpars
    )
    scales = dict(zip(base.dpar_names, base.row.scales, strict=True)) | {"sigma": "natural"}
    made = _made(base, _add_errors)
    changed = _adjusted(base, made, "se", scales)
    # The mean doesn't hang on the errors, so predictions of it do without them.
    return replace(changed, dpars=dpars, mean=base.mean, mean_needs=base.needs)


@cache
def rated(base: Family) -> Family:
    """The family of counts of something observed for so long, or so much of: ``rate(x)``.

    Parameters
    ----------
    base : Family
        Of counts with a mean ``mu``; a ``shape`` grows with the denominator, as that of a sum does.

    References
    ----------
    brms: ``resp_rate``, https://paulbuerkner.com/brms/reference/addition-terms.html
    """
    scales = dict(zip(base.dpar_names, base.row.scales, strict=True))
    # The sum of geometric counts is a negative binomial one, whose shape is their number.
    counted = negbinomial.FAMILY if base.name == "geometric" else base
    return _adjusted(base, _made(counted, _per_unit), "rate", scales)


def _adjusted(base: Family, made: Adjusted, term: str, scales: dict[str, str]) -> Family:
    log_cdf = None if base.log_cdf is None else made.log_cdf
    return replace(
        base,
        density=made.density,
        mean=made.mean,
        random=made.random,
        quantile=None if base.quantile is None else made.quantile,
        log_cdf=log_cdf,
        log_sf=None if log_cdf is None else made.log_sf,
        adjust=made.adjusted,
        needs=(*base.needs, term),
        row=derived_row(made.density, scales, (*base.row.takes, term)),
    )


def _add_errors(p: Mapping[str, Any], aux: Mapping[str, Any], m: Maths) -> dict[str, Any]:
    return {**p, "sigma": m.sqrt(p["sigma"] ** 2 + aux["se"] ** 2)}


def _per_unit(p: Mapping[str, Any], aux: Mapping[str, Any], m: Maths) -> dict[str, Any]:
    rate = aux["rate"]
    mean, shape = {"mu": p["mu"] * rate}, {"shape": p.get("shape", 1.0) * rate}
    return {**p, **mean, **shape, **({"sigma": p["sigma"] / rate} if "sigma" in p else {})}


@dataclass(frozen=True)
class Adjusted:
    """What a family computes with the parameters that its addition terms make."""

    base: Family
    adjust: Adjust

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.base, self.adjust)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        return self.base.density(y, self.adjust(p, aux, m), aux, m)

    def log_cdf(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        return self.base.log_cdf(y, self.adjust(p, aux, m), aux, m)

    def log_sf(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        return self.base.log_sf(y, self.adjust(p, aux, m), aux, m)

    def mean(self, p: Dpars, aux: Aux) -> Array:
        return self.base.mean(self.adjusted(p, aux), aux)

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        return self.base.random(rng, self.adjusted(p, aux), aux)

    def quantile(self, u: Array, p: Dpars, aux: Aux) -> Array:
        return self.base.quantile(u, self.adjusted(p, aux), aux)

    def adjusted(self, p: Dpars, aux: Aux) -> dict[str, Array]:
        """The parameters of the rows, in numpy."""
        return self.adjust(p, aux, NUMPY)


@cache
def _made(base: Family, adjust: Adjust) -> Adjusted:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Adjusted(base, adjust)
