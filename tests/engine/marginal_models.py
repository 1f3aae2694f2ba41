"""Normal models on one small data set, and their likelihood the long way round."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from bayesmix.engine.marginal.model import Marginal, build_marginal
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.priors import prior
from bayesmix.spec import ModelSpec, build_spec

TIGHT = (prior("normal(1, 2)", "b"), prior("lkj(3)", "cor"), prior("gamma(2, 1)", "sigma"))
SHORT = (prior("exponential(1)", "sd"), prior("uniform(0, 20)", "sigma"))
JOINT = (prior("R2D2(main=TRUE)", "b"), prior("R2D2(cons_D2=2)", "sd"))
FIXED = (prior("constant(2)", "sigma"), prior("constant(0.5)", "b", coef="x"))

MODELS = {
    "intercepts": ("y ~ 1 + (1 | g)", ()),
    "slopes": ("y ~ x + (x | g)", ()),
    "priors": ("y ~ x + f + (x | g)", TIGHT),
    "uncorrelated": ("y ~ x + (x || g)", SHORT),
    "two brackets": ("y ~ x + (1 | g) + (0 + x | g)", ()),
    "no intercept": ("y ~ 0 + x + (0 + f | g)", ()),
    "no coefficients": ("y ~ 0 + (x | g)", ()),
    "by": ("y ~ x + (x | gr(g, by=t))", ()),
    "offset, weights": ("y | weights(w) ~ x + offset(o) + (x | g)", ()),
    "crossed": ("y ~ x + (x | g) + (1 | h)", ()),
    "nested": ("y ~ x + (1 | t/g)", ()),
    "ids": ("y | weights(w) ~ (1 | k | g) + (0 + x | k | g) + (x || h) + (0 + x | t)", ()),
    "three coefficients": ("y ~ f + (x + f | g)", ()),
    "an autocorrelation": ('y ~ x + (0 + f | gr(g, str="ar1", by=t)) + (1 | h)', ()),
    "one variance, one correlation": ('y ~ x + (0 + f | gr(g, str="homcs"))', TIGHT),
    "partial autocorrelations": ('y ~ x + (0 + f | gr(g, str="homtoep", by=t))', TIGHT),
    "one variance": ('y ~ x + (0 + f | gr(g, str="homdiag")) + (0 + f | gr(h, str="hetar1"))', ()),
    "horseshoe": ("y ~ x + f + (x | g)", (prior("horseshoe(3)", "b"),)),
    "R2D2 with deviations": ("y ~ x + f + (1 | g) + (1 | h)", JOINT),
    "constants": ("y ~ x + f + (1 | g) + (1 | h)", FIXED),
}


@cache
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    n = 60
    g = np.append(rng.integers(0, 7, n - 1), 7)
    x = rng.normal(2.0, 1.0, n)
    columns = {
        "g": g,
        "h": rng.integers(0, 4, n),
        "t": g % 2,
        "x": x,
        "f": rng.choice(list("abc"), n),
        "o": rng.normal(size=n),
        "w": np.where(np.arange(n) % 5, rng.uniform(0.2, 3.0, n), 0.0),
        "y": 1.0 + x + rng.normal(size=8)[g] + rng.normal(size=n),
    }
    return pd.DataFrame(columns)


@cache
def problem(name: str) -> Marginal:
    formula, priors = MODELS[name]
    return build_marginal(build_spec(formula, frame(), prior=priors))


def points(m: Marginal, n: int) -> np.ndarray:
    return np.random.default_rng(5).normal(scale=0.7, size=(n, m.density.n_dim))


def weights_of(spec: ModelSpec) -> np.ndarray:
    return spec.response.data.aux.get("weights", np.ones(len(spec.response.data.y)))


def of_level(m: Marginal) -> np.ndarray:
    g = m.spec.design.group(m.group)
    return np.zeros(g.size, int) if g.by is None else g.by.of_level


def columns_of(spec: ModelSpec, group: str) -> np.ndarray:
    """What a group's effects multiply: rows × levels × coefficients, zero in other levels."""
    g = spec.design.group(group)
    terms = [t for t in spec.response.predictors["mu"].groups if t.group == group]
    z = np.concatenate([t.matrix.values for t in terms], axis=1)
    return np.eye(g.size)[g.index][:, :, None] * z[:, None, :]


def errors_of(m: Marginal, draw: dict[str, np.ndarray]) -> np.ndarray:
    """The response less all but the integrated effects."""
    p = m.spec.response.predictors["mu"]
    e = m.spec.response.data.y - p.offset
    if "b" in draw:
        e = e - p.columns.values @ draw["b"]
    for g in m.spec.design.groups:
        if g.name != m.group:
            e = e - np.tensordot(columns_of(m.spec, g.name), draw[f"r_{g.name}"], 2)
    return e


def covariance_of(m: Marginal, draw: dict[str, np.ndarray]) -> np.ndarray:
    """Of the integrated effects: levels × coefficients × levels × coefficients."""
    sd = np.atleast_2d(draw[f"sd_{m.group}"])
    k = sd.shape[1]
    cor = draw.get(f"cor_{m.group}", np.eye(k)) * np.ones((len(sd), k, k))
    full = np.zeros((of_level(m).size, k, of_level(m).size, k))
    for level, s in enumerate(of_level(m)):
        full[level, :, level] = sd[s][:, None] * cor[s] * sd[s]
    return full


def normal_parts(m: Marginal, x: np.ndarray) -> tuple[np.ndarray, ...]:
    """Errors, Z, covariance of the effects and variances of the noise, rows of weight 0 aside."""
    draw = posterior_of(m.density.layout, x)
    e, z, cov = errors_of(m, draw), columns_of(m.spec, m.group), covariance_of(m, draw)
    w = weights_of(m.spec)
    size = cov.shape[0] * cov.shape[1]
    noise = draw["sigma"] ** 2 / w[w > 0]
    return e[w > 0], z.reshape(len(z), size)[w > 0], cov.reshape(size, size), noise
