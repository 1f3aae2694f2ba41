"""True values of covariates with measurement error as random and deterministic variables.

They are a mean and a root of covariances times standard normal numbers. Both are those given the
measurements and, where responses are normal, given these too, to the first order. So what the
sampler moves hardly hangs on other parameters; the density is that of the true values all the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesmix.design import Measured, PredictorDesign
from bayesmix.design.measured import CORRELATIONS, MEANS, SDS, TRUE, TrueValues, as_measured
from bayesmix.likelihood import IndependentRows
from bayesmix.parameters import MAIN, Parameter
from bayesmix.priors import Resolved, measured
from bayesmix.pymc_model.likelihood import natural
from bayesmix.pymc_model.predictors import Made, multiplied, products, response_values
from bayesmix.pymc_model.vectors import vector
from bayesmix.spec import ModelSpec

NORMAL = ("gaussian", "student")
"""Families whose responses are around the predictor, about as far as sigma says."""


def add_measured(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """Means or standard deviations of true values; chains begin near those of measurements."""
    m = next(m for m in spec.design.measured if p.name in (m.named(MEANS), m.named(SDS)))
    start = m.values.mean(axis=0) if p.name == m.named(MEANS) else m.spread
    inside = [r.lower < s < r.upper for r, s in zip(p.priors, start, strict=True)]
    values = vector(f"{p.name}_values", p.priors, start=start if all(inside) else None)
    return {p.name: pm.Deterministic(p.name, values, dims=p.dims)}


def usual_products(spec: ModelSpec, p: Parameter) -> np.ndarray | None:
    """For each slope the mean of its column times measurements, by which chains find intercepts.

    None where there is no intercept that can move, or no covariate with measurement error.
    """
    design, prior = spec.predictors[p.owner], p.priors[0] if p.priors else None
    fixed = not design.columns.has_intercept or spec.increasing_with(p) or prior.distribution.fixed
    if not spec.measured or fixed or np.isfinite([prior.lower, prior.upper]).any():
        return None
    usual = np.zeros(len(p.priors) - 1)
    for at, x, drawn in (product for c in design.drawn for product in c.of_coefficients):
        column = as_measured(x, drawn, spec.measured)
        usual[at - 1] = 0.0 if column is None else column.mean()
    return usual if usual.any() else None


def moved_back(prior: Resolved, name: str, moved: Any, shift: Any) -> Any:
    """An intercept, of one that is more by what slopes usually add; its prior is its own."""
    value = moved - shift
    if prior.distribution.proper:
        family, params = prior.distribution.law.pymc(*prior.distribution.params)
        own = getattr(pm, family).dist(**params)
        pm.Potential(f"{name}_prior", pm.logp(own, value) - pm.logp(own, moved))
    return value


def add_true_values(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """Those of rows, or of levels."""
    m, count = spec.measured[p.name], p.shape[1]
    factor = made.get(f"L_{m.named(CORRELATIONS)}", np.eye(count))
    mean = made[m.named(MEANS)] + pt.zeros(p.shape)
    root = made[m.named(SDS)][:, None] * factor + pt.zeros((p.shape[0], 1, 1))
    mean, root, logp = measured.given(mean, root, m.values, m.noise, pt)
    z = pm.Normal(f"z_{p.name}", dims=p.dims, shape=p.shape)
    unit, log_slope = _given_responses(spec, m, mean, root, z, made)
    change = log_slope - 0.5 * (unit**2 - z**2).sum(axis=-1)
    pm.Potential(f"{p.name}_density", logp + change)
    values = mean + (root * unit[:, None, :]).sum(axis=-1)
    return {p.name: pm.Deterministic(p.name, values, dims=p.dims)}


def _given_responses(
    spec: ModelSpec, m: Measured, mean: Any, root: Any, z: Any, made: Made
) -> tuple[Any, Any]:
    """True values standardised by `mean` and `root`, and the log determinant of their slopes in z.

    Around the means a response is linear in the true values. Those of several covariates of a
    level, and those of models of several responses, are left as they are.
    """
    if spec.several:
        return z, pt.zeros(len(m.values))
    response = spec.response
    normal = response.family.name in NORMAL and response.family.eta_link(MAIN) == "identity"
    several = m.group is not None and len(m.names) > 1
    if not normal or several or not isinstance(response.likelihood, IndependentRows):
        return z, pt.zeros(len(m.values))
    others = {o.named(TRUE): pt.as_tensor(o.values) for o in spec.design.measured}
    at = others | made | {m.named(TRUE): mean}
    slopes = _slopes(response.predictors[MAIN], m, at, spec)
    if slopes is None:
        return z, pt.zeros(len(m.values))
    p = natural(response, response_values(spec, at))
    variance = p["sigma"] ** 2 + response.data.aux.get("se", 0.0) ** 2
    apart = (response.data.y - p["mu"]) / variance
    if m.group is None:
        return _of_rows(root, slopes, variance, apart, z)
    told = _summed(slopes[:, 0] * apart, m), _summed(slopes[:, 0] ** 2 / variance, m)
    return _of_levels(root[:, 0, 0], *told, z)


def _of_rows(root: Any, slopes: Any, variance: Any, apart: Any, z: Any) -> tuple[Any, Any]:
    """One response says something of a linear combination of true values."""
    along = (root * slopes[:, :, None]).sum(axis=1)
    growth = pt.sqrt(1 + (along**2).sum(axis=-1) / variance)
    less = (along * z).sum(axis=-1) / (variance * growth * (1 + growth))
    return z + along * (apart / growth**2 - less)[:, None], -pt.log(growth)


def _of_levels(scale: Any, told: Any, precision: Any, z: Any) -> tuple[Any, Any]:
    """Several responses say something of one true value."""
    growth = pt.sqrt(1 + scale**2 * precision)
    return (z[:, 0] / growth + scale * told / growth**2)[:, None], -pt.log(growth)


def _slopes(p: PredictorDesign, m: Measured, made: Made, spec: ModelSpec) -> Any | None:
    """What a true value more adds to the predictor of each row: rows × covariates."""
    rows, found = len(spec.design.frame), {}
    for effect, column, drawn in products(spec, p, made):
        for i, d in enumerate(drawn):
            if isinstance(d, TrueValues) and d.variable == m.named(TRUE):
                own = multiplied(effect, column, (*drawn[:i], *drawn[i + 1 :]), made)
                found[d.number] = found.get(d.number, pt.zeros(rows)) + own
    if not found:
        return None
    return pt.stack([found.get(k, pt.zeros(rows)) for k in range(len(m.names))], axis=1)


def _summed(values: Any, m: Measured) -> Any:
    """Over the rows of each level."""
    return pt.inc_subtensor(pt.zeros(len(m.values))[m.index], values)
