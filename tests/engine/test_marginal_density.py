"""The density with integrated effects against that of a multivariate normal response."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.special import expit, log_expit
from scipy.stats import beta, multivariate_normal

from bayesmix.build import build_spec
from bayesmix.engine.marginal.model import Marginal, build_marginal, can_marginalize, largest_group
from bayesmix.engine.numerics.transforms import constrained, jacobian, transform_of
from bayesmix.engine.plan.density import build_density
from bayesmix.engine.plan.layout import build_layout, numbers_of
from bayesmix.engine.plan.posterior import factor_of, posterior_of
from bayesmix.formula import bf
from bayesmix.parameters import Transform
from bayesmix.priors import common, serial
from bayesmix.priors.lkj import cholesky_logpdf

from .marginal_models import (
    MODELS,
    columns_of,
    errors_of,
    frame,
    normal_parts,
    of_level,
    points,
    problem,
    weights_of,
)


def likelihood(m: Marginal, x: np.ndarray) -> float:
    e, z, cov, noise = normal_parts(m, x)
    logp = multivariate_normal(cov=z @ cov @ z.T + noise).logpdf(e)
    sigma = posterior_of(m.density.layout, x)["sigma"]
    return logp + (len(e) - weights_of(m.spec).sum()) * np.log(sigma)


def scalar_priors(m: Marginal, x: np.ndarray) -> float:
    """Of all but correlations, on the unconstrained scale."""
    logp = 0.0
    for at, p in m.density.layout.scalars():
        logp += float(p.logpdf(constrained(x[at], p.lower, p.upper)))
        logp += jacobian(x[at], transform_of(p.lower, p.upper), p.lower, p.upper)[1]
    logp -= 0.5 * sum((x[g.effects] ** 2).sum() for g in m.density.layout.groups)
    return logp + shrinkage_priors(m, x)


def shrinkage_priors(m: Marginal, x: np.ndarray) -> float:
    """Of standard normal numbers that are scaled, and gamma distributed ones that make shares."""
    logp = 0.0
    for at in m.density.layout.at.values():
        p, own = at.parameter, x[at.numbers]
        if p.transform == Transform.SHARES:
            logp += (np.array(p.prior.distribution.params) * own - np.exp(own)).sum()
        else:
            logp -= 0.5 * sum(x[i] ** 2 for i, q in at.scalars() if not q.distribution.of_one
                              and q.distribution.name != "lkj")  # fmt: skip
    return logp


def correlation_priors(m: Marginal, x: np.ndarray) -> float:
    """By the density of the Cholesky factor, and a Jacobian from difference quotients."""
    logp = 0.0
    for g in m.density.layout.groups:
        for members, start in g.blocks:
            kind = g.priors.structure(members).correlations
            if kind != "free":
                size = g.strata * numbers_of(g.priors, members)
                v = x[start:][:size].reshape(g.strata, -1)
                logp += structured_prior(kind, len(members), g.priors.eta, v)
                continue
            below = np.tril_indices(len(members), -1)
            for v in x[start:][: g.strata * below[0].size].reshape(g.strata, -1):
                steps = 1e-5 * np.eye(v.size)
                jac = [
                    factor_of(v + s, len(members)) - factor_of(v - s, len(members)) for s in steps
                ]
                logp += float(cholesky_logpdf(factor_of(v, len(members)), g.priors.eta))
                logp += np.linalg.slogdet(np.array(jac)[:, *below] / 2e-5)[1]
    return logp


def structured_prior(kind: str, size: int, eta: float, v: np.ndarray) -> float:
    """Of what correlations are made of: beta distributions of expit(v)."""
    shapes = {
        "common": lambda: common.shapes(size, eta),
        "ar1": lambda: (serial.ar1_shape(size, eta),) * 2,
        "toeplitz": lambda: (serial.toeplitz_shapes(size, eta),) * 2,
    }[kind]()
    return float((beta(*shapes).logpdf(expit(v)) + log_expit(v) + log_expit(-v)).sum())


@pytest.mark.parametrize("name", MODELS)
def test_density_is_that_of_a_normal_vector(name):
    m = problem(name)
    x = points(m, 4)
    ours = np.array([m.density(v)[0] for v in x])
    expected = [likelihood(m, v) + scalar_priors(m, v) + correlation_priors(m, v) for v in x]
    assert ours - ours[0] == pytest.approx(np.array(expected) - expected[0], rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", MODELS)
def test_gradient_is_the_difference_quotient(name):
    m = problem(name)
    for x in points(m, 2):
        steps = 1e-5 * np.eye(x.size)
        slopes = [(m.density(x + s)[0] - m.density(x - s)[0]) / 2e-5 for s in steps]
        assert m.density(x)[1] == pytest.approx(np.array(slopes), rel=1e-6, abs=1e-5)


def test_another_group_may_be_centered():
    """The same density, but for the determinant of x by standardised effects."""
    spec = build_spec("y ~ x + (x | g) + (1 | h)", frame())
    m, plain = build_marginal(spec, centered=frozenset({("h", "Intercept")})), problem("crossed")
    x = points(m, 3)
    draw = posterior_of(m.density.layout, x)
    noncentered = x.copy()
    noncentered[:, m.density.layout.group("h").effects] = draw["r_h"][..., 0] / draw["sd_h"]
    noncentered[:, 0] -= draw["r_h"].mean(axis=(1, 2))
    determinant = 4 * np.log(draw["sd_h"][:, 0])
    ours = np.array([m.density(v)[0] for v in x])
    expected = np.array([plain.density(v)[0] for v in noncentered]) - determinant
    assert np.diff(ours) == pytest.approx(np.diff(expected), rel=1e-10)
    for v in x:
        steps = 1e-5 * np.eye(v.size)
        slopes = [(m.density(v + s)[0] - m.density(v - s)[0]) / 2e-5 for s in steps]
        assert m.density(v)[1] == pytest.approx(np.array(slopes), rel=1e-6, abs=1e-5)


def integrated(x: np.ndarray, rest: np.ndarray, effects: slice, density) -> float:
    """The log integral over each effect of an unintegrated density, by the trapezoidal rule."""
    full = np.zeros(x.size)
    full[rest] = x[rest]
    base, total = density(full)[0], 0.0
    grid = np.linspace(-12.0, 12.0, 1201)
    for at in range(effects.start, effects.stop):
        values = []
        for z in grid:
            full[at] = z
            values.append(density(full)[0] - base)
        full[at] = 0.0
        total += np.logaddexp.reduce(values) + np.log(grid[1] - grid[0])
    return base + total


def test_density_is_the_integral_of_the_whole_models():
    spec = build_spec("y | weights(w) ~ x + offset(o) + (1 | g)", frame())
    m, layout = build_marginal(spec), build_layout(spec)
    density, effects = build_density(spec, layout), layout.group("g").effects
    rest = np.setdiff1d(np.arange(layout.n_dim), np.arange(effects.start, effects.stop))
    x = np.random.default_rng(2).normal(scale=0.5, size=(3, layout.n_dim))
    expected = [integrated(v, rest, effects, density) for v in x]
    ours = [m.density(v[rest])[0] for v in x]
    assert np.diff(ours) == pytest.approx(np.diff(expected), rel=1e-8)


def exact_factor(v: np.ndarray, k: int) -> list[list[Decimal]]:
    """The Cholesky factor of one block's correlations."""
    factor, at = [[Decimal(int(i == j)) for j in range(k)] for i in range(k)], iter(v)
    for i in range(k):
        left = Decimal(1)
        for j in range(i):
            odds = Decimal(float(next(at))).exp()
            factor[i][j] = (odds - 1) / (odds + 1) * left
            left *= 2 * odds.sqrt() / (odds + 1)
        factor[i][i] = left
    return factor


def exact_normal(rows: list[list[Decimal]], noise: list[Decimal], e: list[Decimal]) -> Decimal:
    """Log density, constants aside, of e with covariance ``rows rows' + noise``."""
    factor: list[list[Decimal]] = []
    logp, u = Decimal(0), []
    for i in range(len(e)):
        new: list[Decimal] = []
        for j in range(i + 1):
            s = sum((p * q for p, q in zip(rows[i], rows[j], strict=True)), Decimal(0))
            s += noise[i] if i == j else 0
            row = factor[j] if j < i else new
            s -= sum((new[c] * row[c] for c in range(j)), Decimal(0))
            new.append(s.sqrt() if i == j else s / factor[j][j])
        factor.append(new)
        u.append((e[i] - sum((new[c] * u[c] for c in range(i)), Decimal(0))) / new[i])
        logp -= u[i] ** 2 / 2 + new[i].ln()
    return logp


def exact_likelihood(m: Marginal, x: np.ndarray) -> float:
    """In 60 digits from the standard deviations and correlations on."""
    layout, w = m.density.layout, weights_of(m.spec)
    g, index = layout.group(m.group), m.spec.design.group(m.group).index
    e, z = errors_of(m, posterior_of(layout, x)), columns_of(m.spec, m.group).sum(axis=1)
    log_sigma = Decimal(float(x[layout["sigma"].start]))
    pairs = g.k * (g.k - 1) // 2
    logp = (len(e[w > 0]) - Decimal(float(w.sum()))) * log_sigma
    for level, s in enumerate(of_level(m)):
        sd = [Decimal(float(v)).exp() for v in x[g.sd][s * g.k :][: g.k]]
        factor = exact_factor(x[g.blocks[0][1] + s * pairs :][:pairs], g.k)
        at = np.flatnonzero((index == level) & (w > 0))
        rows = [
            [
                sum(Decimal(float(z[i, c])) * sd[c] * factor[c][j] for c in range(g.k))
                for j in range(g.k)
            ]
            for i in at
        ]
        noise = [(2 * log_sigma).exp() / Decimal(float(w[i])) for i in at]
        logp += exact_normal(rows, noise, [Decimal(float(e[i])) for i in at])
    return logp


def exact_priors(m: Marginal, x: np.ndarray) -> float:
    """Partial correlations have (1 + cpc) / 2 ~ Beta(a, a), their log odds in x."""
    logp = scalar_priors(m, x)
    for g in m.density.layout.groups:
        for members, start in g.blocks:
            columns = np.tile(np.tril_indices(len(members), -1)[1], g.strata)
            a = g.priors.eta + (len(members) - 2 - columns) / 2
            v = x[start : start + columns.size]
            logp += (a * (log_expit(v) + log_expit(-v))).sum()
    return logp


EXTREMES = [
    (sd, sigma, v) for sd in (1e-4, 1e8) for sigma in (1.0, 1e-4) for v in (0.0, 7.6, -15.0)
]


@pytest.mark.parametrize(
    "name", ["slopes", "by", "offset, weights", "crossed", "three coefficients"]
)
def test_density_is_exact_at_the_extremes(name):
    m = problem(name)
    layout, g = m.density.layout, m.density.layout.group(m.group)
    points_, (base,) = [], points(m, 1)
    for sd, sigma, v in EXTREMES:
        x = base.copy()
        x[g.sd], x[g.sd.stop : g.effects.start] = np.log(sd), v
        x[layout["sigma"].start] = np.log(sigma)
        points_.append(x)
    with localcontext(prec=60):
        expected = [exact_likelihood(m, x) + Decimal(exact_priors(m, x)) for x in (base, *points_)]
        differences = np.array([float(value - expected[0]) for value in expected[1:]])
    ours = np.array([m.density(x)[0] for x in points_]) - m.density(base)[0]
    assert ours == pytest.approx(differences, rel=1e-8)


def test_gradient_is_exact_for_a_large_effect_of_a_small_group():
    """With one level the derivative by log sd is that of a normal vector of covariance V."""
    m = problem("slopes")
    layout, g = m.density.layout, m.density.layout.group(m.group)
    x = points(m, 1)[0]
    x[g.sd], x[layout["sigma"].start] = np.log(1e6), np.log(1e-2)
    step = np.zeros_like(x)
    step[g.sd.start] = 1e-6
    with localcontext(prec=60):
        rise = exact_likelihood(m, x + step) - exact_likelihood(m, x - step)
        width = Decimal(float((x + step)[g.sd.start])) - Decimal(float((x - step)[g.sd.start]))
        slope = float(rise / width)
    slope += (scalar_priors(m, x + 100 * step) - scalar_priors(m, x - 100 * step)) / 2e-4
    assert m.density(x)[1][g.sd.start] == pytest.approx(slope, rel=1e-7)


@pytest.mark.parametrize("value", [1000.0, -1000.0, np.nan])
def test_what_is_no_number_is_rejected(value):
    m = problem("slopes")
    assert m.density(np.full(m.density.n_dim, value))[0] == -np.inf


@pytest.mark.parametrize(
    ("formula", "family", "reason"),
    [
        ("y ~ x", "gaussian", "no groups"),
        ("y ~ x + (1 | g)", "student", "'student' is not normal"),
        ("y | trunc(lb=-20) ~ x + (1 | g)", "gaussian", "truncated"),
        ("y | cens(o * 0 + 1) ~ x + (1 | g)", "gaussian", "censored"),
        ("y | se(w + 1, sigma=True) ~ x + (1 | g)", "gaussian", "known errors"),
        (bf("y ~ x + (1 | g)", sigma=2), "gaussian", "sigma has a formula or is fixed"),
        (bf("y ~ x + (1 | g)", sigma="x"), "gaussian", "sigma has a formula"),
    ],
)
def test_what_cannot_be_integrated_says_why(formula, family, reason):
    assert reason in can_marginalize(build_spec(formula, frame(), family))


def test_another_link_cannot_be_integrated():
    from bayesmix.families import family

    spec = build_spec("y ~ x + (1 | g)", frame(), family("gaussian", link="log"))
    assert "'log'" in can_marginalize(spec)


def test_every_case_can_be_integrated_and_the_largest_group_is():
    assert {can_marginalize(problem(name).spec) for name in MODELS} == {None}
    assert largest_group(problem("nested").spec) == "t:g"
    assert largest_group(problem("ids").spec) == "g"


@pytest.mark.parametrize("kept", [0, 1, 60])
def test_levels_without_weight_say_nothing(kept):
    """The density of the rows that are left, all of the levels in the model."""
    data = frame().assign(w=lambda d: np.where(np.arange(60) < kept, 1.0, 0.0))
    m = build_marginal(build_spec("y | weights(w) ~ x + (x | g)", data))
    x = points(m, 2)
    expected = [likelihood(m, v) if kept else 0.0 for v in x]
    expected += [scalar_priors(m, v) + correlation_priors(m, v) for v in x]
    ours = [m.density(v)[0] for v in x]
    assert np.diff(ours)[0] == pytest.approx(np.diff(np.reshape(expected, (2, 2)).sum(axis=0))[0])
