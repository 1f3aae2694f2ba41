"""What each row says about the linear predictors, at the fit without group effects."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bayesmix.design import GroupEffects, PredictorDesign
from bayesmix.design.contributions import linear_predictor
from bayesmix.engine.plan.density import Density
from bayesmix.engine.plan.levels import Rates
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.engine.plan.start import build_start
from bayesmix.parameters import Target
from bayesmix.spec import ModelSpec

ITERATIONS = 50
STEP = 1e-4
CURVE_STEP = 1e-3
"""Of second derivatives, of the range of a linear predictor."""


@dataclass(frozen=True)
class RowFit:
    """The parameters of one response at its rows.

    Attributes
    ----------
    spec : ModelSpec
        The model of that response.
    etas : mapping of Target to ndarray
        Linear predictors.
    plain : mapping of str to ndarray
        The other parameters of the response.
    fitted : mapping of str to ndarray
        All variables, as one draw.
    """

    spec: ModelSpec
    etas: Mapping[Target, np.ndarray]
    plain: Mapping[str, np.ndarray]
    fitted: Mapping[str, np.ndarray]

    def scores(self, target: Target) -> np.ndarray:
        """Derivatives of the rows' log densities by a linear predictor, less their mean."""
        up, down = (self.moved(target, h).logp() for h in (STEP, -STEP))
        scores = np.nan_to_num((up - down) / (2 * STEP), posinf=0.0, neginf=0.0)
        return scores - scores.mean()

    def derivatives(self, target: Target) -> np.ndarray:
        """First and second ones of the rows' log densities by a linear predictor."""
        size = np.ptp(self.etas[target])
        step = CURVE_STEP * (size if size > 0.0 else 1.0)
        up, here, down = (self.moved(target, h).logp() for h in (step, 0.0, -step))
        found = (up - down) / (2 * step), (up - 2 * here + down) / step**2
        return np.nan_to_num(found, posinf=0.0, neginf=0.0)

    def rates(self, target: Target) -> Rates:
        """The predictors that have columns of a target's, and its derivatives by them.

        They are its own, or those that it is a function of.
        """
        expression = self.spec.predictors[target].expression
        if expression is None:
            return {target: 1.0}
        etas = {t.dpar: eta for t, eta in self.etas.items()}
        found = {}
        for t in (t for t in self.etas if t.dpar in expression.follows):
            step = STEP * max(1.0, np.abs(etas[t.dpar]).max())
            up, down = (
                expression.on_rows(etas | {t.dpar: etas[t.dpar] + h}, None, slice(None))
                for h in (step, -step)
            )
            found[t] = np.nan_to_num((up - down) / (2 * step), posinf=0.0, neginf=0.0)
        return found

    def moved(self, target: Target, by: float | np.ndarray) -> RowFit:
        """The same with another linear predictor."""
        return replace(self, etas={**self.etas, target: self.etas[target] + by})

    def logp(self) -> np.ndarray:
        """The rows' log densities, times their weights."""
        response, family = self.spec.response.data, self.spec.family
        etas = {target.dpar: eta for target, eta in self.etas.items()}
        logp = family.logp(response.y, family.complete(self.plain, etas), response.aux)
        return logp * response.aux.get("weights", 1.0)


def fit_without_effects(
    spec: ModelSpec, density: Density, only: Collection[str] = ()
) -> tuple[RowFit, ...]:
    """Each response near the posterior's mode with all group effects zero.

    Parameters
    ----------
    spec : ModelSpec
    density : Density
        With all effects non-centred.
    only : collection of str
        The parameters that are fitted, if they aren't all; others are where chains begin.
    """
    fitted = posterior_of(density.layout, _mode(spec, density, only)[None])
    return tuple(_row_fit(part, fitted) for part in spec.parts)


def _row_fit(spec: ModelSpec, fitted: Mapping[str, np.ndarray]) -> RowFit:
    values = FittedValues(fitted)
    for p in spec.predictors.values():
        values.etas[p.dpar] = _eta(p, values)
    etas = {target: values.etas[target.dpar][0] for target in spec.predictors}
    own = spec.response.variables.items()
    return RowFit(spec, etas, {name: fitted[variable] for name, variable in own}, fitted)


def _mode(spec: ModelSpec, density: Density, only: Collection[str]) -> np.ndarray:
    """The mode of all but the groups' parameters, effects being zero.

    So are the numbers of exact processes, with which a function could go through all rows.
    """
    from scipy.optimize import minimize

    layout, x = density.layout, build_start(spec, density).centre.copy()
    free = np.full(layout.n_dim, not only)
    for name in only:
        free[layout[name].numbers] = True
    for g in layout.groups:
        free[g.numbers] = False
        x[g.effects] = 0.0
    for c in (c for p in layout.predictors.values() for c in p.processes):
        for gp, (_, numbers) in zip(c.processes, c.parts, strict=True):
            if gp.basis is None:
                free[layout[c.named("zgp")].start + np.arange(gp.size) + numbers.start] = False

    def objective(values: np.ndarray) -> tuple[float, np.ndarray]:
        x[free] = values
        logp, grad = density(x)
        return -logp, -np.where(np.isfinite(grad), grad, 0.0)[free]

    first = x[free]
    best = minimize(objective, first, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS})
    x[free] = best.x if np.isfinite(best.x).all() else first
    return x


@dataclass(frozen=True)
class FittedValues:
    """What contributions without groups ask for."""

    fitted: Mapping[str, np.ndarray]
    etas: dict[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.fitted[name]

    def once(self, name: str, make: Callable[[Callable[[int], np.ndarray]], Any]) -> Any:
        """What is made of standard normal numbers, of none here."""
        return make(lambda size: np.zeros((1, size)))


def _eta(p: PredictorDesign, values: FittedValues) -> np.ndarray:
    """The predictor without its groups."""
    contributions = (c for c in p.contributions if not isinstance(c, GroupEffects))
    return linear_predictor(contributions, values, (1, len(p.offset)), slice(None))
