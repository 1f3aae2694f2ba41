"""Normal models on one small data set, and their likelihood the long way round."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from scipy.spatial.distance import cdist

from bayesmix.build import build_spec
from bayesmix.engine.marginal.model import Marginal, build_marginal
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.likelihood import IndependentRows, LaggedRows
from bayesmix.priors import prior
from bayesmix.spec import ModelSpec

TIGHT = (prior("normal(1, 2)", "b"), prior("lkj(3)", "cor"), prior("gamma(2, 1)", "sigma"))
SHORT = (prior("exponential(1)", "sd"), prior("uniform(0, 20)", "sigma"))
JOINT = (prior("R2D2(main=TRUE)", "b"), prior("R2D2(cons_D2=2)", "sd"))
FIXED = (prior("constant(2)", "sigma"), prior("constant(0.5)", "b", coef="x"))

SERIES = {
    "autoregression": ("y ~ x + (x | g) + (1 | h) + ar(time, gr=g, cov=True)", ()),
    "autoregression in parts": ("y ~ x + offset(o) + (x | g) + ar(time, gr=part, cov=True)", ()),
    "moving averages": ("y ~ x + (1 | gr(g, by=t)) + ma(time, gr=g, cov=True)", ()),
    "both": ("y ~ x + (x || g) + arma(time, gr=part, cov=True)", ()),
    "continuous": ("y ~ x + (x | h) + (0 + f | g) + car1(time, gr=g)", ()),
    "compound symmetry": ("y ~ x + (0 + x | g) + (1 | t/h) + cosy(time, gr=part)", SHORT),
    "pairs of times": ("y ~ x + (x | g) + unstr(visit, gr=part)", ()),
    "past residuals": ("y ~ x + (x | g) + arma(time, gr=part, p=2, q=2)", ()),
    "past residuals of one row": ("y ~ x + (1 | g) + (1 | h) + ar(time, gr=g)", ()),
    "places": ("y ~ x + (x | g) + corExp(o, time, gr=part, nugget=True)", ()),
    "places on a line": ("y ~ x + (1 | g) + (1 | h) + corMatern(time, gr=g)", ()),
}
"""Those whose residuals hang together; parts are within levels of g."""

MODELS = SERIES | {
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
    data = pd.DataFrame(columns).assign(time=np.random.default_rng(2).uniform(0, 9, n))
    place = data.sort_values("time").groupby("g").cumcount().sort_index()
    return data.assign(part=data["g"] + 10 * (place // 4), visit=place % 4 + (data["g"] == 2))


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
    """Errors, Z, covariances of the effects and of the noise, rows of weight 0 aside."""
    draw = posterior_of(m.density.layout, x)
    e, z, cov = errors_of(m, draw), columns_of(m.spec, m.group), covariance_of(m, draw)
    w = weights_of(m.spec)
    size = cov.shape[0] * cov.shape[1]
    noise = draw["sigma"] ** 2 * correlations_of(m.spec, draw)[np.ix_(w > 0, w > 0)]
    noise /= np.sqrt(np.outer(w[w > 0], w[w > 0]))
    return e[w > 0], z.reshape(len(z), size)[w > 0], cov.reshape(size, size), noise


def correlations_of(spec: ModelSpec, draw: dict[str, np.ndarray]) -> np.ndarray:
    """Those of all rows, for innovations of variance one where residuals are a series of these."""
    likelihood = spec.response.likelihood
    if isinstance(likelihood, IndependentRows):
        return np.eye(len(spec.response.data.y))
    term, data = likelihood.residuals.term, spec.design.frame
    group, time = (data[name.name].to_numpy() for name in (term.gr, term.time))
    place = data.groupby(term.gr.name)[term.time.name].rank().to_numpy()
    steps = np.abs(np.subtract.outer(place, place))
    if "cortime" in draw:
        size = int(time.max()) + 1
        matrix = np.eye(size)
        matrix[np.tril_indices(size, -1)] = draw["cortime"]
        values = (matrix + np.tril(matrix, -1).T)[np.ix_(time, time)]
    elif "range" in draw:
        kept = 1.0 - draw.get("nugget", 0.0)
        places = data[[name.name for name in (term.time, term.second) if name]].to_numpy()
        d = cdist(places, places) / draw["range"]
        decay = np.exp(-d) if term.second else (1 + np.sqrt(3) * d) * np.exp(-np.sqrt(3) * d)
        values = np.where(d == 0, 1.0, kept * decay)
    elif "car1" in draw:
        values = draw["car1"] ** np.abs(np.subtract.outer(time, time))
    elif isinstance(likelihood, LaggedRows):
        values = of_lags(place, group, *(np.atleast_1d(draw.get(n, [])) for n in ("ar", "ma")))
    elif "cosy" in draw:
        values = np.where(steps == 0, 1.0, draw["cosy"])
    else:
        phi, theta = (float(np.ravel(draw.get(name, 0.0))[0]) for name in ("ar", "ma"))
        whole = 1 + (phi + theta) ** 2 / (1 - phi**2)
        later = phi ** np.maximum(steps - 1, 0) * (phi * whole + theta)
        values = np.where(steps == 0, whole, later)
    return np.where(group[:, None] == group, values, 0.0)


def of_lags(place: np.ndarray, group: np.ndarray, ar: np.ndarray, ma: np.ndarray) -> np.ndarray:
    """Covariances of residuals whose innovations are those of filters in every group."""
    values = np.zeros((place.size, place.size))
    for of in np.unique(group):
        rows = np.flatnonzero(group == of)
        rows = rows[np.argsort(place[rows])]
        errors = lfilter([1.0], [1.0, *ma], np.eye(rows.size), axis=0)
        root = np.linalg.inv(lfilter([1.0, *-ar], [1.0], errors, axis=0))
        values[np.ix_(rows, rows)] = root @ root.T
    return values
