"""Where chains start: near what the data say, within what the priors allow, each a little apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from bayesmix.design import PredictorDesign
from bayesmix.engine.numerics.transforms import (
    IDENTITY,
    constrained,
    decreased,
    transform_of,
    unconstrained,
)
from bayesmix.engine.plan.density import Density
from bayesmix.engine.plan.given import move
from bayesmix.errors import SamplingError
from bayesmix.families.thresholds import FIRST
from bayesmix.parameters import MAIN, Parameter, Role, Target, Transform
from bayesmix.priors import Resolved
from bayesmix.priors.defaults import increasing_start
from bayesmix.spec import ModelSpec

TRIES, SHRINK = 60, 0.8
APART = 0.5
"""How far starts are from the centre, in units of a parameter's typical size or of its log."""
EFFECTS_APART = 0.3
UNLIKELY = 3.0
"""How much less the log density of a prior may be at a guess than within its usual range."""
SHARE = 0.2
"""Where between its bounds a parameter is of which nothing is known."""
USUAL = 3.3
"""The width of nine tenths of a normal distribution, in standard deviations."""
PART = 0.3
"""A length scale, of the greatest distance."""
GUESSED = (
    Role.POPULATION,
    Role.SD,
    Role.SMOOTH_SD,
    Role.PROCESS_SCALE,
    Role.REGIONS_SD,
    Role.DPAR,
)
"""Roles of the parameters about whose size the data say something."""
OF_RESIDUALS = ("range", "sderr")
"""And classes, of those that correlated residuals have."""


@dataclass(frozen=True)
class Start:
    """The centre of the starting points and their distance from it, parameter by parameter."""

    density: Density
    centre: np.ndarray
    spread: np.ndarray

    def point(self, rng: np.random.Generator) -> np.ndarray:
        """A point of finite density.

        Raises
        ------
        SamplingError
            If there is none near the centre.
        """
        # Ever closer to the centre, and on it in the end.
        for shrink in (*SHRINK ** np.arange(TRIES), 0.0):
            x = self.centre + shrink * self.spread * rng.uniform(-1, 1, self.centre.size)
            if np.isfinite(self.density(x)[0]):
                return x
        raise SamplingError(
            "No chain found a place to start: the density is not finite wherever the engine "
            "tried. Look at the priors, and whether the response is on their scale."
        )


def build_start(
    spec: ModelSpec, density: Density, init: Mapping[str, np.ndarray] | None = None
) -> Start:
    """Where to start, from the response, the columns and the priors; or near what is given."""
    guesses = _Guesses(spec)
    layout = density.layout
    centre, spread = np.zeros(layout.n_dim), np.full(layout.n_dim, EFFECTS_APART)
    for at in layout.at.values():
        p = at.parameter
        if p.role in GUESSED or (p.role == Role.RESIDUAL and p.slots[0].class_ in OF_RESIDUALS):
            values, sizes = guesses.of(p)
            for (i, prior), value, size in zip(at.scalars(), values, sizes, strict=True):
                if not prior.distribution.of_one:
                    continue
                centre[i], spread[i] = _unconstrained(prior, value, size)
        if p.role == Role.THRESHOLDS:
            ordered = p.transform == Transform.ORDERED
            found = (guesses.responses[p.owner.resp].thresholds(run) for run in p.runs)
            parts = [decreased(t) if ordered else t for t in found]
            centre[at.numbers] = np.concatenate(parts)
    for places, run in zip(layout.increasing, spec.increasing, strict=True):
        response = spec.response_of(run[0].owner)
        centre[list(places)] = decreased(increasing_start(response.data.y, response.family))
        spread[list(places[1:])] = APART
    for at in layout.at.values():
        move(spec, at, init or {}, centre, spread)
    for g in layout.groups:
        sizes = np.where(g.centered, guesses.deviations(g.priors.group.name), 1.0)
        spread[g.effects] *= np.tile(sizes, g.size)
        for s in g.shifts:
            source = constrained(centre[s.source], s.prior.lower, s.prior.upper)
            centre[g.effects] += source * s.weights.ravel()
    return Start(density, centre, spread)


class _Guesses:
    """What the data say about the size of each parameter, on its own scale."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.responses = {part.response.name: _OfResponse(part) for part in spec.parts}

    def of(self, p: Parameter) -> tuple[np.ndarray, np.ndarray]:
        """Guesses of the parameters, and by how much starts may differ from them."""
        if p.role != Role.SD:
            # What all have in common is the first one's.
            first = next(iter(self.responses.values()))
            return self.responses.get(p.owner.resp, first).of(p)
        values = self.deviations(p.owner)
        return _apart(np.tile(values, p.size // values.size))

    def deviations(self, group: str) -> np.ndarray:
        """Half of what would make effects as large as the linear predictor, by coefficient."""
        sd = np.empty(len(self.spec.group(group).coefs))
        for p in self.spec.predictors.values():
            size = self.responses[p.target.resp].eta_size(p.dpar)
            for term in p.groups:
                if term.group == group:
                    sd[term.positions] = 0.5 * size / _not_0(_root_mean(term.evenly))
        return sd


class _OfResponse:
    """Those of a response's own parameters."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.level, self.size = _response(spec)

    def of(self, p: Parameter) -> tuple[np.ndarray, np.ndarray]:
        """Guesses of the parameters, and by how much starts may differ from them."""
        if p.role == Role.POPULATION:
            if p.owner.dpar in self.spec.family.nonlinear:
                return self.nonlinear(p)
            return self.coefficients(self.spec.predictors[p.owner])
        what = p.slots[0].class_
        if p.role == Role.SMOOTH_SD:
            values = self.bends(self.spec.predictors[p.owner])
        elif p.role == Role.PROCESS_SCALE:
            size = 0.5 * self.eta_size(p.owner.dpar) if what == "sdgp" else PART
            values = np.full(p.size, size)
        elif p.role == Role.REGIONS_SD:
            values = np.array([0.5 * self.eta_size(p.owner.dpar)])
        elif what == "sderr":
            values = np.array([0.5 * self.eta_size(MAIN)])
        elif what == "range":
            values = np.array([0.5 * self.spec.predictors[p.owner].residuals.series.usual_distance])
        else:
            values = np.array([self.natural(p.owner.dpar)])
        return _apart(values)

    def coefficients(self, p: PredictorDesign) -> tuple[np.ndarray, np.ndarray]:
        c, apart = p.columns, APART * self.eta_size(p.dpar)
        columns = c.values[:, c.has_intercept :]
        sizes = apart / _not_0(columns.std(axis=0) if c.has_intercept else _root_mean(columns))
        if not c.has_intercept:
            return np.zeros(len(sizes)), sizes
        values = np.append(self.eta(p.dpar) - p.offset.mean(), np.zeros(len(sizes)))
        return values, np.append(apart, sizes)

    def nonlinear(self, p: Parameter) -> tuple[np.ndarray, np.ndarray]:
        """Of a nonlinear parameter's coefficients only the priors say something."""
        low, high = np.array([_range(prior) for prior in p.each]).T
        return 0.5 * (low + high), APART * (high - low) / USUAL

    def bends(self, p: PredictorDesign) -> np.ndarray:
        """Half of what would make smooths as large as the linear predictor, by block."""
        blocks = (block for s in p.smooths.smooths for block in s.blocks)
        sizes = np.array([np.sqrt((block**2).sum(axis=1).mean()) for block in blocks])
        return 0.5 * self.eta_size(p.dpar) / _not_0(sizes)

    def eta(self, dpar: str) -> float:
        """The linear predictor of the natural guess."""
        eta = float(self.spec.family.link(dpar).link(self.natural(dpar)))
        return eta if np.isfinite(eta) else 0.0

    def eta_size(self, dpar: str) -> float:
        """How much a linear predictor may vary."""
        if dpar in self.spec.family.nonlinear:
            p = self.spec.by_name.get(Target(self.spec.response.name, dpar).variable)
            return 1.0 if p is None else float(_not_0(np.ptp(_range(p.each[0]))) / USUAL)
        identity = self.spec.family.dpar(dpar).link == "identity"
        return self.size if dpar == MAIN and identity else 1.0

    def thresholds(self, run: slice) -> np.ndarray:
        """Where the shares of the categories would put those of all rows, or of a group."""
        data, size = self.spec.response.data, run.stop - run.start
        first = data.aux.get(FIRST, np.zeros(len(data.y)))
        y = data.y[first == run.start].astype(int)
        counts = np.bincount(y, minlength=size + 2)[1:] + 0.5
        shares = counts.cumsum()[:-1] / counts.sum()
        return self.spec.family.link(MAIN).link(shares)[:size]

    def natural(self, dpar: str) -> float:
        """The response's level and size; of other dpars a value within their range."""
        if dpar == MAIN:
            return self.level
        if dpar == "sigma":
            return self.size
        found = self.spec.family.dpar(dpar)
        if not np.isfinite(found.lower):
            return 0.0
        if np.isfinite(found.upper):
            return found.lower + SHARE * (found.upper - found.lower)
        return found.lower + 1.0


def _apart(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """With them by how much starts may differ."""
    return values, APART * np.where(values == 0.0, SHARE, values)


def _response(spec: ModelSpec) -> tuple[float, float]:
    """Level and standard deviation of what `mu` is about, the level within mu's range."""
    if spec.family.main_outcome is not None:
        return 0.0, 1.0
    response, mu = spec.response.data, spec.family.dpar(MAIN)
    y = response.y / response.aux["trials"] if "trials" in response.aux else response.y
    y = np.log(y[y > 0]) if spec.family.log_scale else y
    size = float(_not_0(y.std()))
    low = mu.lower + 0.1 * size if np.isfinite(mu.lower) else -np.inf
    high = mu.upper - 0.1 * size if np.isfinite(mu.upper) else np.inf
    return float(np.clip(y.mean(), low, high)), size


def _unconstrained(prior: Resolved, value: float, size: float) -> tuple[float, float]:
    """Centre and spread of an unconstrained parameter."""
    low, high = _range(prior)
    value = np.clip(value, prior.lower + 0.1 * size, prior.upper - 0.1 * size)
    usual = np.clip(value, low, high)
    if value != usual and prior.logpdf(value) < prior.logpdf(usual) - UNLIKELY:
        value = usual
    if not prior.lower < value < prior.upper:
        value = 0.5 * (low + high)
    if transform_of(prior.lower, prior.upper) == IDENTITY:
        return float(value), float(min(size, 0.5 * (high - low)))
    return float(unconstrained(value, prior.lower, prior.upper)), APART


@cache
def _range(prior: Resolved) -> tuple[float, float]:
    """Where nine tenths of the prior are."""
    if not prior.distribution.proper:
        return prior.lower, prior.upper
    low, high = np.quantile(prior.rvs(np.random.default_rng(0), 256), (0.05, 0.95))
    return float(low), float(high)


def _root_mean(columns: np.ndarray) -> np.ndarray:
    return np.sqrt((columns**2).mean(axis=0))


def _not_0(sizes: np.ndarray) -> np.ndarray:
    return np.where(sizes > 0.0, sizes, 1.0)
