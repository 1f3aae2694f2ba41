"""Conditional autoregressive effects of regions: their density and draws.

Sources: brms's ``car``; for the density of proper effects Joseph, M. (2016), Exact sparse CAR
models in Stan; for intrinsic ones Morris, M. et al. (2019), Bayesian hierarchical spatial models,
Spatial and Spatio-temporal Epidemiology 31.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from bayesmix.design import Regions

LOG_2PI = np.log(2 * np.pi)


def logpdf(regions: Regions, draws: Mapping[str, np.ndarray]) -> np.ndarray:
    """The log density of effects of what brms samples, but for a constant.

    That are the effects of ``escar`` and ``esicar``, and standardised ones of the others.

    Parameters
    ----------
    regions : Regions
    draws : mapping of str to ndarray
        The effects and what they are made of, samples first.
    """
    sd, effects = (draws[regions.named(what)] for what in ("sdcar", "rcar"))
    size, kind = regions.neighbours.size, regions.term.type
    standardised = effects / sd[:, None]
    if kind == "escar":
        return proper_logpdf(regions, standardised, draws[regions.named("car")]) - size * np.log(sd)
    if kind == "esicar":
        return -0.5 * regions.neighbours.roughness(standardised) - (size - 1) * np.log(sd)
    if kind == "icar":
        return _intrinsic(regions, standardised)
    spatial, own = draws[regions.named("zcar")], independent(regions, draws)
    return _intrinsic(regions, spatial) - 0.5 * (own**2 + LOG_2PI).sum(axis=1)


def proper_logpdf(regions: Regions, standardised: Any, dependence: Any, m: Any = np) -> Any:
    """Of effects divided by their sd, but for a constant; `m` are numpy's or PyTensor's functions.

    Their precisions are D - dependence · W, D the numbers of neighbours.
    """
    neighbours = regions.neighbours
    values, _ = neighbours.proper
    determinant = m.log1p(-dependence[..., None] * values).sum(axis=-1)
    squares = (neighbours.counts * standardised**2).sum(axis=-1)
    return 0.5 * (determinant - squares) + dependence * neighbours.products(standardised)


def _intrinsic(regions: Regions, z: np.ndarray) -> np.ndarray:
    """Differences of neighbours are standard normal, and the sum is 0 but for a little."""
    spread = regions.slack * regions.neighbours.size
    level = -0.5 * ((z.sum(axis=1) / spread) ** 2 + LOG_2PI) - np.log(spread)
    return level - 0.5 * regions.neighbours.roughness(z)


def parts(regions: Regions, share: Any) -> tuple[Any, Any]:
    """What the independent and the spatial part of ``bym2`` are multiplied by."""
    return (1.0 - share) ** 0.5, (share / regions.neighbours.typical_variance) ** 0.5


def independent(regions: Regions, draws: Mapping[str, np.ndarray]) -> np.ndarray:
    """The independent part of ``bym2``, standard normal: brms's ``nszcar``."""
    sd, share = (draws[regions.named(what)][:, None] for what in ("sdcar", "rhocar"))
    of_own, of_spatial = parts(regions, share)
    spatial = of_spatial * draws[regions.named("zcar")]
    return (draws[regions.named("rcar")] / sd - spatial) / of_own


def from_free(regions: Regions, free: Any) -> Any:
    """Intrinsic effects from numbers whose mean is on the scale of the others.

    √size times the mean of the numbers is standard normal. Of it the effects keep as little as
    their mean may differ from 0: the same effects in coordinates that are all of one scale.
    """
    kept = regions.slack * regions.neighbours.size**0.5
    return free - (1.0 - kept) * free.mean(axis=-1, keepdims=True)


def free_logpdf(regions: Regions, free: Any) -> Any:
    """The log density of those numbers, but for a constant."""
    level = regions.neighbours.size * free.mean(axis=-1) ** 2
    return -0.5 * (regions.neighbours.roughness(free) + level)


def intrinsic_rvs(rng: np.random.Generator, draws: int, regions: Regions) -> np.ndarray:
    """Draws of intrinsic effects before they are scaled."""
    values, vectors = regions.neighbours.intrinsic
    z = (rng.standard_normal((draws, len(values))) / np.sqrt(values)) @ vectors.T
    return z + regions.slack * rng.standard_normal((draws, 1))


def root(regions: Regions, share: float) -> np.ndarray:
    """What makes effects of sd 1 of independent standard normal numbers: regions × numbers.

    Parameters
    ----------
    regions : Regions
    share : float
        The dependence of ``escar``, the spatial share of ``bym2``.
    """
    neighbours = regions.neighbours
    if regions.proper:
        values, vectors = neighbours.proper
        return vectors / np.sqrt(neighbours.counts)[:, None] / np.sqrt(1.0 - share * values)
    values, vectors = neighbours.intrinsic
    spatial = vectors / np.sqrt(values)
    if regions.slack:
        spatial = np.hstack([spatial, np.full((neighbours.size, 1), regions.slack)])
    if regions.term.type != "bym2":
        return spatial
    of_own, of_spatial = parts(regions, share)
    return np.hstack([of_own * np.eye(neighbours.size), of_spatial * spatial])


def rvs(
    rng: np.random.Generator, draws: int, regions: Regions, before: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Draws of effects, given those of what they are made of."""
    sd, shape = before[regions.named("sdcar")][:, None], (draws, regions.neighbours.size)
    if regions.term.type == "bym2":
        of_own, of_spatial = parts(regions, before[regions.named("rhocar")][:, None])
        own = rng.standard_normal(shape)
        return sd * (of_own * own + of_spatial * before[regions.named("zcar")])
    if regions.term.type != "escar":
        return sd * intrinsic_rvs(rng, draws, regions)
    values, vectors = regions.neighbours.proper
    scales = 1.0 / np.sqrt(1.0 - before[regions.named("car")][:, None] * values)
    z = (scales * rng.standard_normal(shape)) @ vectors.T
    return sd * z / np.sqrt(regions.neighbours.counts)
