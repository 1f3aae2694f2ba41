"""The log likelihood of a model as a function of what is searched for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from scipy import linalg, sparse

from bayesmix.design import GroupEffects, LatentResiduals, PredictorDesign, Regions
from bayesmix.design.contributions import Columns, Contribution, Smooths
from bayesmix.design.drawn import DrawnColumns
from bayesmix.design.residuals import Kind
from bayesmix.design.variances import VarianceFunction
from bayesmix.estimates.covariances import Covariance
from bayesmix.estimates.effects import (
    Effects,
    Given,
    GroupLevels,
    LatentErrors,
    RegionEffects,
    SmoothCoefficients,
    population,
)
from bayesmix.estimates.modes import Factored, Inner, Mode
from bayesmix.estimates.rows import FamilyRows, Local, Rows, normal_rows
from bayesmix.estimates.unknowns import (
    Coefficients,
    Correlations,
    Number,
    Scales,
    Series,
    Shares,
    Thresholds,
    Unknown,
    Unknowns,
)
from bayesmix.parameters import MAIN, Parameter, Role, Target, Transform
from bayesmix.spec import ModelSpec

Values = Mapping[str, np.ndarray]
ML, REML, LAPLACE = "ml", "reml", "laplace"
METHODS = (ML, REML, LAPLACE)
AT_A_TIME = 500
"""Effects whose variances are computed together."""


@dataclass(frozen=True)
class Likelihood:
    """That of a model, effects integrated out, and with `within` maximised over coefficients.

    Attributes
    ----------
    spec : ModelSpec
    method : str
    rows : Rows
    effects : tuple of Effects
    within : tuple of Target
        The predictors whose coefficients are found together with the effects.
    unknowns : Unknowns
    held : ndarray or None
        The predictor of the mean that scales are functions of; None where they follow it.
    """

    spec: ModelSpec
    method: str
    rows: Rows
    effects: tuple[Effects, ...]
    within: tuple[Target, ...]
    unknowns: Unknowns
    held: np.ndarray | None = None

    def __call__(self, x: np.ndarray) -> float:
        """At numbers that are searched for; -inf where there is none."""
        try:
            with np.errstate(all="ignore"):
                value = self.mode(x).log_lik(self.method == REML)
        except linalg.LinAlgError:
            return -np.inf
        return value if np.isfinite(value) else -np.inf

    def mode(self, x: np.ndarray) -> Mode:
        """The conditional mode; LinAlgError if it isn't found."""
        values = self.unknowns.values(x)
        columns = self._columns(values)
        base = self._base(values)
        inner = Inner(
            partial(self._near, base, values), columns, self.count, self.method != LAPLACE
        )
        return inner.mode(self._start)

    @cached_property
    def _start(self) -> np.ndarray:
        """No effects, and coefficients of a mean of which no row is 0, should a scale follow it."""
        predictors = [self.spec.predictors[t] for t in self.within]
        coefs = [np.zeros(len(p.columns.names)) for p in predictors]
        if predictors and follows_mean(self.spec) and self.spec.family.eta_link(MAIN) == "identity":
            rest = self.spec.response.data.y - predictors[0].offset
            coefs[0] = np.linalg.lstsq(predictors[0].columns.values, rest)[0]
        return np.concatenate([np.zeros(self.count), *coefs])

    def values(self, x: np.ndarray, mode: Mode) -> dict[str, np.ndarray]:
        """All parameters, with an axis for one sample."""
        effects, coefs = np.split(mode.at, [self.count])
        values = self.with_coefs(x, coefs)
        for e in self.effects:
            own, effects = np.split(effects, [e.size])
            values[e.name] = e.shaped(e.root(values) @ own)
        return values

    def with_coefs(self, x: np.ndarray, coefs: np.ndarray) -> dict[str, np.ndarray]:
        """All parameters but the effects; `coefs` are those found within."""
        values = self.unknowns.values(x)
        for target in self.within:
            size = len(self.spec.predictors[target].columns.names)
            values[target.variable], coefs = coefs[None, :size], coefs[size:]
        return values

    def effect_errors(self, x: np.ndarray, mode: Mode) -> dict[str, np.ndarray]:
        """Standard deviations of the effects given the data and all parameters."""
        values, errors, start = self.unknowns.values(x), {}, 0
        for e in self.effects:
            root = e.root(values)
            errors[e.name] = e.shaped(_spread(root, mode.curvature.effects, self.count, start))
            start += e.size
        return errors

    def mean(self, x: np.ndarray, mode: Mode) -> np.ndarray:
        """The predictor of the mean at a conditional mode."""
        values = self.unknowns.values(x)
        return self._base(values)[MAIN] + self._columns(values)[MAIN] @ mode.at

    @cached_property
    def count(self) -> int:
        """Of all effects."""
        return sum(e.size for e in self.effects)

    @property
    def _inner(self) -> list[str]:
        """The dpars whose predictors hang on what is found within."""
        of_effects = {d for e in self.effects for d in e.dpars}
        mains = self.spec.family.main
        return [d for d in self.spec.response.predictors if d in of_effects or d in mains]

    def _columns(self, values: Values) -> dict[str, Any]:
        """By dpar the columns of standard normal effects, then of coefficients."""
        made = [(e.size, e.columns(values), e.root(values)) for e in self.effects]
        return {d: self._of_dpar(d, made, values) for d in self._inner}

    def _of_dpar(self, dpar: str, made: list[tuple[int, Any, Any]], values: Values) -> Any:
        count = len(self.spec.design.frame)
        parts = [sparse.csr_array((count, 0))]
        for size, columns, root in made:
            own = columns.get(dpar)
            parts.append(sparse.csr_array((count, size)) if own is None else own @ root)
        for target in self.within:
            columns = population(self.spec.predictors[target], values)
            own = columns if target.dpar == dpar else np.zeros_like(columns)
            parts.append(sparse.csr_array(own))
        return sparse.hstack(parts, format="csr")

    def _base(self, values: Values) -> dict[str, np.ndarray]:
        """Predictors without what is found within."""
        etas, count = {}, len(self.spec.design.frame)
        given = Given(values, {} if self.held is None else {MAIN: self.held[None]})
        for target, p in self.spec.predictors.items():
            eta = np.zeros((1, count))
            for c in p.contributions:
                if not self._left(target, c):
                    c.add_to(eta, given, slice(None))
            etas[target.dpar] = eta[0]
        return etas

    def _left(self, target: Target, c: Contribution) -> bool:
        """Whether a contribution comes with the effects, the coefficients or the rows."""
        if isinstance(c, VarianceFunction):
            return c.of_mean and self.held is None
        of_effects = (GroupEffects, Smooths, Regions, LatentResiduals)
        return isinstance(
            c, (*of_effects, Columns, DrawnColumns) if target in self.within else of_effects
        )

    def _near(self, base: Values, values: Values, etas: Mapping[str, np.ndarray]) -> Local:
        return self.rows.near(base | {d: base[d] + eta for d, eta in etas.items()}, values)


def follows_mean(spec: ModelSpec) -> bool:
    """Whether a scale is a function of the mean."""
    return any(v.of_mean for p in spec.design.predictors for v in p.variances)


def _spread(root: Any, precision: Factored, count: int, start: int) -> np.ndarray:
    """Standard deviations of effects, a few at a time."""
    size, numbers = root.shape
    variance = np.empty(size)
    for first in range(0, size, AT_A_TIME):
        part = slice(first, min(size, first + AT_A_TIME))
        ends = np.zeros((count, part.stop - first))
        ends[start : start + numbers] = root[part].toarray().T
        variance[part] = (ends * precision.solve(ends)).sum(axis=0)
    return np.sqrt(np.maximum(variance, 0.0))


def likelihood(spec: ModelSpec, method: str) -> Likelihood:
    """The likelihood of a model, the coefficients of its main predictors found within."""
    effects = (
        *(GroupLevels(g, spec.design.predictors) for g in spec.groups),
        *(SmoothCoefficients(p) for p in spec.design.predictors if p.smooths),
        *(RegionEffects(p.dpar, r) for p in spec.design.predictors for r in p.regions),
        *(LatentErrors(p.dpar, p.residuals) for p in spec.design.predictors if _latent(p)),
    )
    mains = (t for t in spec.predictors if t.dpar in spec.family.main)
    within = tuple(t for t in mains if spec.predictors[t].columns.names)
    sizes = predictor_sizes(spec)
    parts = (
        UNKNOWNS[p.role](spec, p, sizes) for p in spec.parameters if p.name not in _names(within)
    )
    centred = tuple(p for p in spec.design.predictors if p.centres)
    unknowns = Unknowns(tuple(u for u in parts if u is not None), centred)
    moved = {d for e in effects for d in e.dpars} | set(spec.family.main)
    units = {d: sizes[d] for d in spec.response.predictors if d in moved}
    rows = FamilyRows(spec.response, units) if method == LAPLACE else normal_rows(spec.response)
    return Likelihood(spec, method, rows, effects, within, unknowns)


def _latent(p: PredictorDesign) -> bool:
    return p.residuals is not None and p.residuals.kind == Kind.LATENT


def _names(targets: tuple[Target, ...]) -> set[str]:
    return {t.variable for t in targets}


def of_all(made: Likelihood, x: np.ndarray) -> tuple[Likelihood, np.ndarray]:
    """The likelihood as a function of all coefficients too, and `x` as a place of it.

    They are searched for in steps of the standard errors that they have at `x`.
    """
    if not made.within:
        return made, x
    mode = made.mode(x)
    parameters = tuple(made.spec.by_name[t.variable] for t in made.within)
    first, steps = mode.at[made.count :], linalg.cholesky(mode.curvature.covariance, lower=True)
    parts = (Coefficients(parameters, first, steps), *made.unknowns.parts)
    unknowns = replace(made.unknowns, parts=parts)
    return replace(made, within=(), unknowns=unknowns), np.append(np.zeros(len(first)), x)


def predictor_sizes(spec: ModelSpec) -> dict[str, float]:
    """By dpar of what size its predictor is: that of residuals where it is in their unit, or 1."""
    sizes = dict.fromkeys(spec.response.predictors, 1.0)
    spread = residual_sd(spec)
    in_units = {d for d in (*spec.family.main, "sigma") if d in sizes}
    return sizes | {d: spread for d in in_units if spec.family.eta_link(d) == "identity"}


def residual_sd(spec: ModelSpec) -> float:
    """That of least squares, for a mean that is its predictor; else 1."""
    main = spec.response.predictors.get(MAIN)
    if main is None or spec.family.eta_link(MAIN) != "identity" or spec.family.vectors:
        return 1.0
    y, columns = spec.response.data.y - main.offset, main.columns.values
    y = np.log(y) if spec.family.log_scale else y
    rest = y - columns @ np.linalg.lstsq(columns, y)[0] if columns.size else y
    return float(rest.std()) or 1.0


def _population(spec: ModelSpec, p: Parameter, sizes: Values) -> Unknown:
    target, link = p.owner, spec.family.link(p.owner.dpar)
    like = float(link.link(np.float64(residual_sd(spec)))) if target.dpar == "sigma" else 0.0
    return Coefficients.of(p, _first_columns(spec.predictors[target]), like)


def _first_columns(p: PredictorDesign) -> np.ndarray:
    """The columns of all coefficients, with steps of the same size."""
    shares = ((name, s.size) for c in p.monotonic for name, s in c.shares.items())
    return population(p, {name: np.full((1, size), 1.0 / size) for name, size in shares})


def _covariance(spec: ModelSpec, p: Parameter, sizes: Values) -> Unknown:
    g = spec.group(p.owner)
    units = np.ones(len(g.coefs))
    for predictor in spec.design.predictors:
        for bracket in (b for b in predictor.groups if b.group == p.owner):
            size = np.sqrt((bracket.values**2).mean(axis=0))
            units[bracket.positions] = sizes[predictor.dpar] / np.where(size > 0, size, 1.0)
    return Covariance(g, units)


def _scales(spec: ModelSpec, p: Parameter, sizes: Values) -> Unknown:
    return Scales(p, sizes[p.owner.dpar])


def _number(spec: ModelSpec, p: Parameter, sizes: Values) -> Unknown:
    slot = p.slots[0]
    if p.name == "sigma":
        return Number(p, residual_sd(spec))
    if np.isfinite(slot.lower):
        return Number(p, 0.5 * (slot.lower + min(slot.upper, slot.lower + 2.0)))
    return Number(p, 0.0)


def _of_residuals(spec: ModelSpec, p: Parameter, sizes: Values) -> Unknown:
    """The scale of latent residuals may be 0."""
    scale = p.slots[0].class_ == "sderr"
    return Scales(p, sizes[p.owner.dpar]) if scale else _number(spec, p, sizes)


def _of_variance(spec: ModelSpec, p: Parameter, sizes: Values) -> Unknown:
    """A power starts at 1, for at 0 and below there may be a constant alone to be seen."""
    functions = spec.predictors[p.owner].variances
    of = next(v for v in functions if p.name in v.names.values())
    if p.name != of.rate:
        return _number(spec, p, sizes)
    return Number(p, 0.0, 1.0 / of.size) if of.function == "varExp" else Number(p, 1.0)


def _thresholds(spec: ModelSpec, p: Parameter, sizes: Values) -> Unknown:
    return Thresholds(p) if p.transform == Transform.ORDERED else Number(p, 0.0)


def _correlations(spec: ModelSpec, p: Parameter, sizes: Values) -> Unknown:
    return Correlations(p)


def _shares(spec: ModelSpec, p: Parameter, sizes: Values) -> Unknown:
    return Shares(p)


def _series(spec: ModelSpec, p: Parameter, sizes: Values) -> Unknown:
    return Series(p)


def _dependence(spec: ModelSpec, p: Parameter, sizes: Values) -> Unknown:
    return Number(p, 0.0)


def _within(spec: ModelSpec, p: Parameter, sizes: Values) -> None:
    """What comes with another, or with the effects."""


UNKNOWNS = {
    Role.POPULATION: _population,
    Role.SD: _covariance,
    Role.COR: _within,
    Role.EFFECTS: _within,
    Role.SMOOTH_SD: _scales,
    Role.SMOOTH: _within,
    Role.REGIONS_SD: _scales,
    Role.REGIONS_SHARE: _number,
    Role.SPATIAL: _within,
    Role.REGIONS: _within,
    Role.ROWS: _dependence,
    Role.DPAR: _number,
    Role.VARIANCE: _of_variance,
    Role.RESIDUAL: _of_residuals,
    Role.LATENT: _within,
    Role.STATIONARY: _series,
    Role.THRESHOLDS: _thresholds,
    Role.CORRELATIONS: _correlations,
    Role.STEPS: _shares,
}
"""What stands for a parameter, by its role; the roles that aren't here can't be estimated."""
