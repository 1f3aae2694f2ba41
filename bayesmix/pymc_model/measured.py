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

Vectors = list[Any]
"""One for each covariate, of places or rows."""

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
    factor, sd = made.get(f"L_{m.named(CORRELATIONS)}", np.eye(count)), made[m.named(SDS)]
    mean = [made[m.named(MEANS)][k] for k in range(count)]
    root = [[sd[i] * factor[i, j] if j <= i else 0.0 for j in range(count)] for i in range(count)]
    mean, root, logp = measured.given(mean, root, m.values, m.noise, pt)
    z = pm.Normal(f"z_{p.name}", dims=p.dims, shape=p.shape)
    free = [z[:, k] for k in range(count)]
    unit, log_slope = _given_responses(spec, m, mean, root, free, made)
    change = sum(a**2 - b**2 for a, b in zip(free, unit, strict=True))
    pm.Potential(f"{p.name}_density", logp + log_slope + 0.5 * change)
    values = [
        mu + sum(r * u for r, u in zip(row, unit, strict=True))
        for mu, row in zip(mean, root, strict=True)
    ]
    return {p.name: pm.Deterministic(p.name, pt.stack(values, axis=1), dims=p.dims)}


def _given_responses(
    spec: ModelSpec, m: Measured, mean: Vectors, root: list[Vectors], z: Vectors, made: Made
) -> tuple[Vectors, Any]:
    """True values standardised by `mean` and `root`, and the log determinant of their slopes in z.

    Around the means a response is linear in the true values. Those of several covariates of a
    level, and those of models of several responses, are left as they are.
    """
    if spec.several:
        return z, 0.0
    response = spec.response
    normal = response.family.name in NORMAL and response.family.eta_link(MAIN) == "identity"
    several = m.group is not None and len(m.names) > 1
    if not normal or several or not isinstance(response.likelihood, IndependentRows):
        return z, 0.0
    others = {o.named(TRUE): pt.as_tensor(o.values) for o in spec.design.measured}
    at = others | made | {m.named(TRUE): pt.stack(mean, axis=1)}
    slopes = _slopes(response.predictors[MAIN], m, at, spec)
    if slopes is None:
        return z, 0.0
    p = natural(response, response_values(spec, at))
    variance = p["sigma"] ** 2 + response.data.aux.get("se", 0.0) ** 2
    apart = (response.data.y - p["mu"]) / variance
    if m.group is None:
        return _of_rows(root, slopes, variance, apart, z)
    told = _summed(slopes[0] * apart, m), _summed(slopes[0] ** 2 / variance, m)
    return _of_levels(root[0][0], *told, z[0])


def _of_rows(
    root: list[Vectors], slopes: Vectors, variance: Any, apart: Any, z: Vectors
) -> tuple[Vectors, Any]:
    """One response says something of a linear combination of true values."""
    along = [_dot([row[k] for row in root], slopes) for k in range(len(z))]
    growth = pt.sqrt(1 + _dot(along, along) / variance)
    less = _dot(along, z) / (variance * growth * (1 + growth))
    shift = apart / growth**2 - less
    return [u + a * shift for u, a in zip(z, along, strict=True)], -pt.log(growth)


def _of_levels(scale: Any, told: Any, precision: Any, z: Any) -> tuple[Vectors, Any]:
    """Several responses say something of one true value."""
    growth = pt.sqrt(1 + scale**2 * precision)
    return [z / growth + scale * told / growth**2], -pt.log(growth)


def _dot(a: Vectors, b: Vectors) -> Any:
    """At each place."""
    return sum(x * y for x, y in zip(a, b, strict=True))


def _slopes(p: PredictorDesign, m: Measured, made: Made, spec: ModelSpec) -> Vectors | None:
    """What a true value more adds to the predictor of each row, of each covariate."""
    rows, found = len(spec.design.frame), {}
    for effect, column, drawn in products(spec, p, made):
        for i, d in enumerate(drawn):
            if isinstance(d, TrueValues) and d.variable == m.named(TRUE):
                own = multiplied(effect, column, (*drawn[:i], *drawn[i + 1 :]), made)
                found[d.number] = found.get(d.number, pt.zeros(rows)) + own
    if not found:
        return None
    return [found.get(k, pt.zeros(rows)) for k in range(len(m.names))]


def _summed(values: Any, m: Measured) -> Any:
    """Over the rows of each level."""
    return pt.inc_subtensor(pt.zeros(len(m.values))[m.index], values)
