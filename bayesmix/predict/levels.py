"""Effects of levels that the fit has not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from bayesmix.design import Group, Located
from bayesmix.predict.draws import Draws
from bayesmix.predict.seeds import Seeds
from bayesmix.spec import GroupPriors, ModelSpec

Sampler = Callable[[np.random.Generator, GroupPriors, Draws, int | None], np.ndarray]
"""Effects of one new level, samples × coefficients; the number is its level of ``by``."""


KEPT = 0.05
"""Numbers of new levels' effects that are kept for the next chunk of rows, for each predicted."""


@dataclass(frozen=True)
class NewLevels:
    """The new levels of a prediction; their effects are made when they are asked for.

    Attributes
    ----------
    groups : mapping of str to GroupPriors
    draws : Draws
    located : mapping of str to Located
        By group; only groups whose terms are kept.
    how : str
        ``"uncertainty"``: at each draw the whole vector of a fitted level, chosen anew for each
        draw; ``"old_levels"``: that of one fitted level, the same for all draws; ``"gaussian"``:
        normal with the draw's sd and cor.
    seeds : Seeds
        Each level has a stream of its own, so that its effects are the same whenever asked for.
    """

    groups: Mapping[str, GroupPriors]
    draws: Draws
    located: Mapping[str, Located]
    how: str
    seeds: Seeds
    _made: dict[tuple[str, int], np.ndarray] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, spec: ModelSpec, draws: Draws, located: Mapping[str, Located], how: str, seeds: Seeds
    ) -> NewLevels:
        """The new levels among the rows."""
        return cls({g.group.name: g for g in spec.groups}, draws, located, how, seeds)

    def effects(self, group: str, levels: np.ndarray) -> np.ndarray:
        """Effects of the new levels numbered `levels`: samples × levels × coefficients."""
        effects = np.empty((len(self.draws), len(levels), len(self.groups[group].coefs)))
        for column, level in enumerate(levels):
            effects[:, column] = self._level(group, int(level))
        return effects

    def _level(self, group: str, level: int) -> np.ndarray:
        """One level's effects, samples × coefficients; made once, as long as there is room."""
        made = self._made.get((group, level))
        if made is None:
            made = self._make(group, level)
            rows = self.located[group].index.size
            if (len(self._made) + 1) * made.size <= KEPT * len(self.draws) * rows:
                self._made[group, level] = made
        return made

    def _make(self, group: str, level: int) -> np.ndarray:
        located = self.located[group]
        rng = self.seeds.stream("level", group, located.new[level])
        by = None if located.by_of_new is None else int(located.by_of_new[level])
        return SAMPLERS[self.how](rng, self.groups[group], self.draws, by)


def correlation_root(cor: np.ndarray) -> np.ndarray:
    """Lower Cholesky factors L with L Lᵀ = cor, ``(…, K, K)``, also where cor is singular."""
    root = np.zeros_like(cor)
    for j in range(cor.shape[-1]):
        rest = cor[..., j:, j] - (root[..., j:, :j] * root[..., None, j, :j]).sum(axis=-1)
        pivot = np.sqrt(np.maximum(rest[..., :1], 0.0))
        root[..., j:, j] = np.divide(rest, pivot, out=np.zeros_like(rest), where=pivot > 0)
    return root


def _uncertainty(
    rng: np.random.Generator, g: GroupPriors, draws: Draws, by: int | None
) -> np.ndarray:
    donors = rng.choice(_donors(g.group, by), size=draws.total)[draws.ids]
    return draws[f"r_{g.group.name}"][np.arange(len(draws)), donors]


def _old_levels(
    rng: np.random.Generator, g: GroupPriors, draws: Draws, by: int | None
) -> np.ndarray:
    return draws[f"r_{g.group.name}"][:, rng.choice(_donors(g.group, by))]


def _gaussian(rng: np.random.Generator, g: GroupPriors, draws: Draws, by: int | None) -> np.ndarray:
    at = (slice(None),) if by is None else (slice(None), by)
    sd = draws[f"sd_{g.group.name}"][at]
    z = rng.standard_normal((draws.total, sd.shape[1]))[draws.ids]
    if not g.correlated:
        return sd * z
    root = correlation_root(draws[f"cor_{g.group.name}"][at])
    return sd * np.einsum("skl,sl->sk", root, z)


def _donors(group: Group, by: int | None) -> np.ndarray:
    """The fitted levels that a new one can stand for: with ``by``, those of its stratum."""
    if by is None:
        return np.arange(group.size)
    return np.flatnonzero(group.by.of_level == by)


SAMPLERS: dict[str, Sampler] = {
    "uncertainty": _uncertainty,
    "old_levels": _old_levels,
    "gaussian": _gaussian,
}
