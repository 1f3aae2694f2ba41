"""Effects of levels that the fit has not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bayesmix.design import Group, Located
from bayesmix.design.groups import label_of
from bayesmix.errors import PredictionError, listed
from bayesmix.predict.draws import Draws
from bayesmix.predict.seeds import Seeds
from bayesmix.predict.standard import standardised
from bayesmix.priors.lkj import correlation_root
from bayesmix.spec import GroupPriors, ModelSpec

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
        of the model's own distribution, normal or Student, with the draw's parameters; where
        covariances between levels are known, given the effects of the fitted ones.
    seeds : Seeds
        Each level has a stream of its own, so that its effects are the same whenever asked for.
    """

    groups: Mapping[str, GroupPriors]
    draws: Draws
    located: Mapping[str, Located]
    how: str
    seeds: Seeds
    _made: dict[tuple[str, int], np.ndarray] = field(default_factory=dict, repr=False)
    _fitted: dict[str, np.ndarray] = field(default_factory=dict, repr=False)
    _once: dict[str, Any] = field(default_factory=dict, repr=False)

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
        by = None if located.by_of_new is None else int(located.by_of_new[level])
        return SAMPLERS[self.how](self, self.groups[group], located.new[level], by)

    def normal(self, g: GroupPriors, *purpose: str) -> np.ndarray:
        """Standard normal deviates of a purpose, samples × coefficients."""
        rng, draws = self.seeds.stream(*purpose), self.draws
        return rng.standard_normal((draws.total, len(g.coefs)))[draws.ids]

    def once(self, name: str, make: Callable[[Callable[[int], np.ndarray]], Any]) -> Any:
        """What is made of standard normal numbers of a stream of its own, and then kept."""
        if name not in self._once:
            rng, draws = self.seeds.stream("once", name), self.draws
            self._once[name] = make(
                lambda count: rng.standard_normal((draws.total, count))[draws.ids]
            )
        return self._once[name]

    def of_fitted(self, g: GroupPriors) -> np.ndarray:
        """What the effects of levels with known covariances are made of, independent ones."""
        name = g.group.name
        if name not in self._fitted:
            self._fitted[name] = np.linalg.solve(g.group.known.factor, standardised(g, self.draws))
        return self._fitted[name]


def _uncertainty(new: NewLevels, g: GroupPriors, key: str, by: int | None) -> np.ndarray:
    rng, draws = new.seeds.stream("level", g.group.name, key), new.draws
    donors = rng.choice(_donors(g.group, by), size=draws.total)[draws.ids]
    return draws[f"r_{g.group.name}"][np.arange(len(draws)), donors]


def _old_levels(new: NewLevels, g: GroupPriors, key: str, by: int | None) -> np.ndarray:
    rng = new.seeds.stream("level", g.group.name, key)
    return new.draws[f"r_{g.group.name}"][:, rng.choice(_donors(g.group, by))]


def _gaussian(new: NewLevels, g: GroupPriors, key: str, by: int | None) -> np.ndarray:
    name, draws = g.group.name, new.draws
    at = (slice(None),) if by is None else (slice(None), by)
    z = new.normal(g, "level", name, key) if g.group.known is None else _related(new, g, key)
    if g.group.dist == "student":
        z = z * _student_scale(new, g, key)[:, None]
    sd = draws[f"sd_{name}"][at]
    if not g.correlated:
        return sd * z
    root = correlation_root(draws[f"cor_{name}"][at])
    return sd * np.einsum("skl,sl->sk", root, z)


def _related(new: NewLevels, g: GroupPriors, key: str) -> np.ndarray:
    """Z of a level whose covariances with the fitted and other new ones are known, given theirs."""
    known, label = g.group.known, label_of(key)
    if label not in known.keys:
        raise PredictionError(
            f"The level {label!r} of group {g.group.name!r} is not in data2[{known.name!r}], so "
            f"how it is related to the fitted ones isn't known. The matrix has "
            f"{listed(known.keys)}. Fit with a matrix that has it, or set sample_new_levels="
            '"uncertainty", which gives it the effects of fitted levels.'
        )
    row = known.root[known.keys.index(label)]
    z = np.einsum("l,slk->sk", row[: known.size], new.of_fitted(g))
    for other, weight in zip(known.keys[known.size :], row[known.size :], strict=True):
        if weight:
            z += weight * new.normal(g, "related level", g.group.name, other)
    return z


def _student_scale(new: NewLevels, g: GroupPriors, key: str) -> np.ndarray:
    """Root of df over a chi squared deviate, for one draw the same whatever others there are."""
    from scipy.special import gammaincinv

    draws, df = new.draws, new.draws[f"df_{g.group.name}"]
    u = new.seeds.stream("scale of level", g.group.name, key).random(draws.total)[draws.ids]
    return np.sqrt(df / (2 * gammaincinv(df / 2, u)))


def _donors(group: Group, by: int | None) -> np.ndarray:
    """The fitted levels that a new one can stand for: with ``by``, those of its stratum."""
    if by is None:
        return np.arange(group.size)
    return np.flatnonzero(group.by.of_level == by)


Sampler = Callable[[NewLevels, GroupPriors, str, int | None], np.ndarray]
"""Effects of one new level, samples × coefficients, by its key and its level of ``by``."""

SAMPLERS: dict[str, Sampler] = {
    "uncertainty": _uncertainty,
    "old_levels": _old_levels,
    "gaussian": _gaussian,
}
