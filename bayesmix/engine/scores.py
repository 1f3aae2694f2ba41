"""What each row says about the linear predictors, at the fit without group effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bayesmix.engine.density import Density
from bayesmix.engine.posterior import posterior_of
from bayesmix.engine.start import build_start
from bayesmix.spec import ModelSpec

ITERATIONS = 50
STEP = 1e-4


@dataclass(frozen=True)
class RowFit:
    """A model's parameters at the rows.

    Attributes
    ----------
    spec : ModelSpec
    etas : mapping of str to ndarray
        Linear predictors of the dpars that have a formula.
    plain : mapping of str to ndarray
        The other dpars.
    """

    spec: ModelSpec
    etas: Mapping[str, np.ndarray]
    plain: Mapping[str, np.ndarray]

    def scores(self, dpar: str) -> np.ndarray:
        """Derivatives of the rows' log densities by a linear predictor, less their mean."""
        up, down = (self.moved(dpar, h).logp() for h in (STEP, -STEP))
        scores = np.nan_to_num((up - down) / (2 * STEP), posinf=0.0, neginf=0.0)
        return scores - scores.mean()

    def moved(self, dpar: str, by: float | np.ndarray) -> RowFit:
        """The same with another linear predictor."""
        return replace(self, etas={**self.etas, dpar: self.etas[dpar] + by})

    def logp(self) -> np.ndarray:
        """The rows' log densities, times their weights."""
        response, family = self.spec.design.response, self.spec.family
        logp = family.logp(response.y, {**family.natural(self.etas), **self.plain}, response.aux)
        return logp * response.aux.get("weights", 1.0)


def fit_without_effects(spec: ModelSpec, density: Density) -> RowFit:
    """Near the posterior's mode with all group effects zero.

    Parameters
    ----------
    spec : ModelSpec
    density : Density
        With all effects non-centred.
    """
    fitted = posterior_of(density.layout, _mode(spec, density))
    etas = {dpar: _eta(spec, dpar, fitted) for dpar in spec.predictors}
    return RowFit(spec, etas, {d.name: fitted[d.name] for d in spec.plain_dpars})


def _mode(spec: ModelSpec, density: Density) -> np.ndarray:
    """The mode of all but the groups' parameters, effects being zero."""
    from scipy.optimize import minimize

    layout, x = density.layout, build_start(spec, density).centre.copy()
    free = np.ones(layout.n_dim, bool)
    for g in layout.groups:
        free[g.start : g.stop] = False
        x[g.effects] = 0.0

    def objective(values: np.ndarray) -> tuple[float, np.ndarray]:
        x[free] = values
        logp, grad = density(x)
        return -logp, -np.where(np.isfinite(grad), grad, 0.0)[free]

    first = x[free]
    best = minimize(objective, first, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS})
    x[free] = best.x if np.isfinite(best.x).all() else first
    return x


def _eta(spec: ModelSpec, dpar: str, fitted: dict[str, np.ndarray]) -> np.ndarray:
    p = spec.predictors[dpar]
    b = fitted.get("b" if dpar == "mu" else f"b_{dpar}", np.empty(0))
    return p.offset + p.population.values @ b
