"""Effects of levels that the fit has not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bayesmix.design import Group, Located
from bayesmix.errors import PredictionError, listed
from bayesmix.predict.draws import Draws
from bayesmix.predict.seeds import Seeds
from bayesmix.spec import GroupPriors, ModelSpec

Effects = np.ndarray
"""Samples × new levels × coefficients of the group."""


def new_level_effects(
    spec: ModelSpec,
    draws: Draws,
    located: Mapping[str, Located],
    how: str,
    seeds: Seeds,
) -> dict[str, Effects]:
    """Effects for the new levels of every group, one stream of randomness for each label.

    Parameters
    ----------
    spec : ModelSpec
    draws : Draws
    located : mapping of str to Located
        By group.
    how : str
        ``"uncertainty"``: at each draw the whole vector of a fitted level, chosen anew for each
        draw; ``"old_levels"``: that of one fitted level, the same for all draws; ``"gaussian"``:
        normal with the draw's sd and cor.
    seeds : Seeds

    Raises
    ------
    PredictionError
        For another `how`.
    """
    if how not in SAMPLERS:
        raise PredictionError(f"sample_new_levels must be one of {listed(SAMPLERS)}, not {how!r}.")
    return {
        g.group.name: SAMPLERS[how](g, draws, located[g.group.name], seeds)
        for g in spec.groups
        if g.group.name in located and located[g.group.name].new
    }


def _donors(group: Group, located: Located, level: int) -> np.ndarray:
    """The fitted levels that a new one can stand for: with ``by``, those of its stratum."""
    if group.by is None:
        return np.arange(group.size)
    return np.flatnonzero(group.by.of_level == located.by_of_new[level])


def _borrowed(choose: Callable[[np.random.Generator, np.ndarray, int], np.ndarray]) -> Any:
    """A sampler that copies fitted levels' vectors, chosen for all draws of the posterior."""

    def sample(g: GroupPriors, draws: Draws, located: Located, seeds: Seeds) -> Effects:
        fitted = draws[f"r_{g.group.name}"]
        effects = np.empty((len(draws), len(located.new), fitted.shape[2]))
        for j, label in enumerate(located.new):
            rng = seeds.stream("level", g.group.name, label)
            donors = choose(rng, _donors(g.group, located, j), draws.total)[draws.ids]
            effects[:, j] = fitted[np.arange(len(draws)), donors]
        return effects

    return sample


def _one_each_draw(rng: np.random.Generator, donors: np.ndarray, total: int) -> np.ndarray:
    return rng.choice(donors, size=total)


def _one_for_all(rng: np.random.Generator, donors: np.ndarray, total: int) -> np.ndarray:
    return np.full(total, rng.choice(donors))


def _gaussian(g: GroupPriors, draws: Draws, located: Located, seeds: Seeds) -> Effects:
    sd = draws[f"sd_{g.group.name}"]
    roots = correlation_root(draws[f"cor_{g.group.name}"]) if g.correlated else None
    effects = np.empty((len(draws), len(located.new), sd.shape[-1]))
    for j, label in enumerate(located.new):
        rng = seeds.stream("level", g.group.name, label)
        z = rng.standard_normal((draws.total, sd.shape[-1]))[draws.ids]
        at = (slice(None), *(() if g.group.by is None else (located.by_of_new[j],)))
        if roots is not None:
            z = np.einsum("skl,sl->sk", roots[at], z)
        effects[:, j] = sd[at] * z
    return effects


def correlation_root(cor: np.ndarray) -> np.ndarray:
    """Lower factors L with L Lᵀ = cor; a symmetric root where rounding leaves cor singular."""
    try:
        return np.linalg.cholesky(cor)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(cor)
        return vectors * np.sqrt(np.clip(values, 0.0, None))[..., None, :]


SAMPLERS: dict[str, Callable[[GroupPriors, Draws, Located, Seeds], Effects]] = {
    "uncertainty": _borrowed(_one_each_draw),
    "old_levels": _borrowed(_one_for_all),
    "gaussian": _gaussian,
}
