"""The mean over infinitely many clusters: group effects integrated out of a prediction.

Whatever terms of whatever groups enter a predictor, their sum on a row is one normal deviate;
those of several predictors are jointly normal. So one integral per row and draw is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product

import numpy as np

from bayesmix.design import Expression, GroupEffects, VarianceFunction
from bayesmix.design.groups import member_of
from bayesmix.errors import PredictionError, listed
from bayesmix.parameters import Target
from bayesmix.predict.draws import Draws
from bayesmix.predict.standard import covariance
from bayesmix.priors.lkj import correlation_root
from bayesmix.spec import GroupPriors

Array = np.ndarray
Etas = dict[str, Array]


def _lifted(eta: Array, variance: Array) -> Array:
    return eta + variance / 2


SHIFTED: Mapping[str, Callable[[Array, Array], Array]] = {
    "identity": lambda eta, variance: eta,
    "log": _lifted,
    "logm1": _lifted,
    "log1p": _lifted,
    "sqrt": lambda eta, variance: np.sqrt(eta**2 + variance),
    "probit": lambda eta, variance: eta / np.sqrt(1 + variance),
}
"""The linear predictor whose inverse link is the mean of that of eta plus a normal deviate."""

WITHOUT_MEAN = ("inverse", "1/mu^2")
"""Links whose inverse has a pole that a normal deviate reaches: there is no mean."""

MOST_POINTS = 200_000
"""Of a rule for several dimensions, as many as one would wait for."""

TAIL = 6.5
"""Standard deviations at which the normal density counts as zero."""


@dataclass(frozen=True)
class Population:
    """The group effects that a prediction integrates out.

    Attributes
    ----------
    groups : mapping of str to GroupPriors
    draws : Draws
    effects : mapping of Target to tuple of GroupEffects
        On the rows; only predictors that have some.
    strata : mapping of str to ndarray
        For groups with ``by`` the ``by`` level of each row.
    together : mapping of str to ndarray
        For groups of ``mm()`` which members of each row are the same cluster.
    following : mapping of str to tuple of Expression or VarianceFunction
        By parameter what of its predictor hangs on others, whose effects it has then too; in the
        order of the predictors.
    """

    groups: Mapping[str, GroupPriors]
    draws: Draws
    effects: Mapping[Target, tuple[GroupEffects, ...]]
    strata: Mapping[str, Array]
    together: Mapping[str, Array]
    following: Mapping[str, tuple[Expression | VarianceFunction, ...]] = field(default_factory=dict)

    @property
    def dpars(self) -> tuple[str, ...]:
        """The parameters whose predictors have effects to integrate out."""
        return tuple(target.dpar for target in self.effects)

    def covariance(self, dpars: Sequence[str], part: slice) -> Array:
        """Of the sums of effects on some rows: samples × rows × dpars × dpars."""
        shape = len(self.draws), part.stop - part.start, len(dpars), len(dpars)
        total = np.zeros(shape)
        for name in {c.group for cs in self.effects.values() for c in cs}:
            columns = list(self._columns(name, dpars, part))
            cov = covariance(self.groups[name], self.draws)
            for (i, k, x, a), (j, m, z, b) in product(columns, columns):
                same = self.together[name][part, a, b] if name in self.together else 1.0
                total[..., i, j] += self._of_rows(name, cov, part, a)[..., k, m] * (x * z * same)
        return total

    def mean(
        self,
        function: Callable[[Etas], Array],
        etas: Etas,
        part: slice,
        uses: Sequence[str],
        links: Mapping[str, str],
        linear: Sequence[str],
    ) -> Array:
        """The mean of a function of linear predictors over the effects.

        Exact where the function is linear in the only parameter with effects and the link is one
        of `SHIFTED`; else by the trapezoidal rule in standard deviations, which for analytic
        functions of a normal deviate converges as Gauss–Hermite does, and needs no more than a
        step where a large standard deviation, which brings the poles of the inverse link near, asks
        for many points (``benchmarks/reading.py`` compares them). Relative errors are below 1e-8 up
        to standard deviations of 10.

        Parameters
        ----------
        function : callable
        etas : dict of str to ndarray
            Without the effects.
        part : slice
            The rows that they are for.
        uses : sequence of str
            The parameters that the function hangs on.
        links : mapping of str to str
            By parameter.
        linear : sequence of str
            The parameters that it is linear in, on their natural scale.

        References
        ----------
        L. N. Trefethen, J. A. C. Weideman (2014). The exponentially convergent trapezoidal rule.
        SIAM Review 56(3).
        """
        needed, follows = set(uses), False
        for dpar in reversed(self.following):
            if dpar in needed:
                needed |= {d for c in self.following[dpar] for d in c.follows}
                follows = True
        dpars = [d for d in self.dpars if d in needed]
        if not dpars:
            return function(etas)
        _check_means(dpars, links)
        alone = len(dpars) == 1 and not follows
        shifted = alone and dpars[0] in linear and links[dpars[0]] in SHIFTED
        if not (shifted and links[dpars[0]] == "identity"):
            self._check_normal()
        spread = self.covariance(dpars, part)
        if shifted:
            (only,) = dpars
            return function(etas | {only: SHIFTED[links[only]](etas[only], spread[..., 0, 0])})
        root = correlation_root(spread)
        return sum(w * function(self._moved(etas, dpars, root, z, part)) for z, w in _nodes(spread))

    def deviate(self, rng: np.random.Generator, etas: Etas, part: slice) -> Etas:
        """The linear predictors with effects of a cluster of its own for each row and draw."""
        if not self.effects:
            return etas
        self._check_normal()
        root = correlation_root(self.covariance(self.dpars, part))
        return self._moved(etas, self.dpars, root, rng.standard_normal(root.shape[:-1]), part)

    def _moved(self, etas: Etas, dpars: Sequence[str], root: Array, z: Array, part: slice) -> Etas:
        """With deviates, and what follows from them."""
        moves = {d: (root[..., i, :] * z).sum(axis=-1) for i, d in enumerate(dpars)}
        moved = etas | {d: etas[d] + move for d, move in moves.items()}
        for dpar, functions in self.following.items():
            for f in functions:
                before, after = (f.on_rows(e, self.draws, part) for e in (etas, moved))
                moved[dpar] = moved[dpar] + after - before
        return moved

    def _check_normal(self) -> None:
        for name in dict.fromkeys(c.group for cs in self.effects.values() for c in cs):
            if self.groups[name].group.dist != "gaussian":
                raise PredictionError(
                    f"The effects of group {name!r} are {self.groups[name].group.dist}, whose mean "
                    "over infinitely many clusters has no formula here. Average over new ones: "
                    f'clusters={{{name!r}: "new"}}, n_clusters=100, sample_new_levels="gaussian".'
                )

    def _columns(
        self, group: str, dpars: Sequence[str], part: slice
    ) -> Iterator[tuple[int, int, Array, int]]:
        """Which dpar, which coefficient of the group, the column's values, and which member."""
        for target, contributions in self.effects.items():
            for c in contributions:
                if c.group == group and target.dpar in dpars:
                    for k, position in enumerate(c.positions):
                        values = c.column(k, self.draws, part)
                        yield dpars.index(target.dpar), int(position), values, c.member

    def _of_rows(self, group: str, cov: Array, part: slice, member: int) -> Array:
        """A covariance at the rows: samples × rows (or one) × coefficients × coefficients."""
        if self.groups[group].group.by is None:
            return cov[:, None]
        return cov[:, member_of(self.strata[group], member)[part]]


def _nodes(covariance: Array) -> Iterator[tuple[Array, float]]:
    """Points and weights of the rule for as many dimensions as there are."""
    size = covariance.shape[-1]
    largest = np.sqrt(np.einsum("...ii->...i", covariance).max(initial=0.0))
    points, weights = _rule(float(np.ceil(4 * largest) / 4))
    if len(points) ** size > MOST_POINTS:
        raise PredictionError(
            f"{size} predictors have group effects together, whose mean over infinitely many "
            f'clusters takes {len(points)}^{size} points. Average over new ones: clusters="new", '
            'n_clusters=100, sample_new_levels="gaussian".'
        )
    for at in product(range(len(points)), repeat=size):
        yield points[list(at)], float(np.prod(weights[list(at)]))


@cache
def _rule(sd: float) -> tuple[Array, Array]:
    """Equidistant points for deviates of up to `sd`.

    The step keeps the nearest singularities of the links (at a distance of 1 at least, that is
    1 / sd in standard deviations) from being seen; the range has room for what grows as fast as
    exp does.
    """
    step = min(0.5, 0.3 / max(sd, 1e-8))
    count = int(np.ceil((TAIL + sd) / step))
    points = step * np.arange(-count, count + 1)
    weights = np.exp(-0.5 * points**2)
    return points, weights / weights.sum()


def _check_means(dpars: Sequence[str], links: Mapping[str, str]) -> None:
    for dpar in dpars:
        if links[dpar] in WITHOUT_MEAN:
            raise PredictionError(
                f"With the link {links[dpar]!r} {dpar} has no mean over infinitely many clusters: "
                f"the integral diverges (it does for {listed(WITHOUT_MEAN)}). Other clusters= are "
                "there."
            )


def read_by(
    mean: Callable[[Mapping[str, Array], Mapping[str, Array]], Array],
    p: Mapping[str, Array],
    aux: Mapping[str, Array],
) -> set[str]:
    """The parameters that an expectation looks at."""
    seen = _Seen(p, set())
    mean(seen, aux)
    return {name.removesuffix("_log_odds") for name in seen.names}


@dataclass(frozen=True)
class _Seen(Mapping[str, Array]):
    """Values that note which of them were asked for."""

    values_by_name: Mapping[str, Array]
    names: set[str]

    def __getitem__(self, name: str) -> Array:
        self.names.add(name)
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)
