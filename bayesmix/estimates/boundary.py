"""Estimates at the edge of what they can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bayesmix.estimates.covariances import Covariance
from bayesmix.estimates.likelihood import Likelihood
from bayesmix.estimates.search import AT_BOUND, Maximum
from bayesmix.estimates.unknowns import Number, Scales, Shares
from bayesmix.summary.varcorr import correlated, sd_names

NEXT_TO_ONE = 1e-5


def boundary(
    likelihood: Likelihood, maximum: Maximum, values: Mapping[str, np.ndarray]
) -> tuple[str, ...]:
    """What is at the edge, in words.

    Parameters
    ----------
    likelihood : Likelihood
    maximum : Maximum
    values : mapping of str to ndarray
        All parameters, with an axis for one sample.
    """
    unknowns = likelihood.unknowns
    inside = unknowns.each(maximum.inside)
    found: list[str] = []
    for u, own in zip(unknowns.parts, inside, strict=True):
        if isinstance(u, Covariance):
            found += _of_group(u, own, values)
        elif isinstance(u, Number | Scales):
            name = u.parameter.name
            numbers = zip(values[name].ravel(), own, strict=True)
            found += [f"{name} is next to {v:.3g}" for v, free in numbers if not free]
        elif isinstance(u, Shares):
            name, (steps,) = u.parameter.name, u.parameter.coords
            shares = zip(steps, values[name].ravel(), strict=True)
            found += [f"{name}[{step}] is 0" for step, v in shares if v < AT_BOUND]
    return tuple(found)


def _of_group(u: Covariance, inside: np.ndarray, values: Mapping[str, np.ndarray]) -> Iterator[str]:
    g, name = u.group, u.group.group.name
    if inside.all():
        return
    names, sd = sd_names(g), values[f"sd_{name}"][0].ravel()
    small = sd < AT_BOUND * np.tile(u.units, u.strata)
    yield from (f"sd_{name}[{n}] is 0" for n, s in zip(names, small, strict=True) if s)
    pairs = [p for p in correlated(g) if not small[list(p)].any()]
    ones = [(i, j, r) for i, j in pairs if abs(r := _cor(u, values, i, j)) > 1 - NEXT_TO_ONE]
    yield from (f"cor_{name}[{names[i]},{names[j]}] is {np.sign(r):.0f}" for i, j, r in ones)
    if not small.any() and not ones:
        yield f"the covariances of the effects of {name} are singular: one is a sum of others"


def _cor(u: Covariance, values: Mapping[str, np.ndarray], i: int, j: int) -> float:
    k = len(u.units)
    cor = values[f"cor_{u.group.group.name}"][0].reshape(-1, k, k)
    return float(cor[i // k, i % k, j % k])
