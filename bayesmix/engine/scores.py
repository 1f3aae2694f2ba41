"""What each row says about the linear predictors, at the fit without group effects."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from bayesmix.engine.density import Density
from bayesmix.engine.posterior import posterior_of
from bayesmix.engine.start import build_start
from bayesmix.spec import ModelSpec

ITERATIONS = 50
STEP = 1e-4


def row_scores(spec: ModelSpec, density: Density) -> dict[str, np.ndarray]:
    """Derivatives of each row's log density by its linear predictors.

    Parameters
    ----------
    spec : ModelSpec
    density : Density
        With all groups non-centred.

    Returns
    -------
    dict of str to ndarray
        By dpar with a formula, one value a row.
    """
    fitted = posterior_of(density.layout, _fit_without_effects(spec, density))
    plain = {d.name: fitted[d.name] for d in spec.plain_dpars}
    etas = {dpar: _eta(spec, dpar, fitted) for dpar in spec.predictors}
    found = {}
    for dpar in etas:
        up, down = (_logp(spec, etas | {dpar: etas[dpar] + h}, plain) for h in (STEP, -STEP))
        found[dpar] = np.nan_to_num((up - down) / (2 * STEP), posinf=0.0, neginf=0.0)
    return found


def _fit_without_effects(spec: ModelSpec, density: Density) -> np.ndarray:
    """A posterior mode of all but the groups' parameters, effects being zero."""
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


def _logp(spec: ModelSpec, etas: dict[str, np.ndarray], plain: dict[str, np.ndarray]) -> np.ndarray:
    response = spec.design.response
    logp = spec.family.logp(response.y, spec.family.natural(etas) | plain, response.aux)
    return logp * response.aux.get("weights", 1.0)
