"""Structures of covariances: spellings of one structure are one density, in the docs too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayesmix.build import build_spec
from bayesmix.engine.coverage import uncovered
from bayesmix.engine.plan.density import build_density
from bayesmix.engine.plan.layout import build_layout
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.errors import FormulaError, PriorError
from bayesmix.formula.structures import STRUCTURES
from bayesmix.model import Model
from bayesmix.predict.draws import Draws
from bayesmix.predict.standard import covariance
from bayesmix.priors import common, prior, serial
from bayesmix.randomness import seed_sequence
from bayesmix.sampling import draw_prior
from bayesmix.spec import ModelSpec

from .support import draws_of, fit_of, frame

DATA = frame()
F = pd.get_dummies(DATA["f"]).to_numpy(float)
SAME_LEVEL = DATA["g"].to_numpy()[:, None] == DATA["g"].to_numpy()
SD, RHO = np.array([0.5, 1.0, 2.0]), 0.3
DOCS = Path(__file__).parents[1] / "docs" / "covariance_structures.md"

Values = Mapping[str, object]


def draws(spec: ModelSpec, values: Values) -> Draws:
    """One draw; of standard deviations that are constants their value."""
    one = {name: np.asarray(v, float)[None] for name, v in values.items()}
    for p in spec.parameters:
        if p.name not in one and p.name.startswith("sd_"):
            one[p.name] = np.array([[prior.lower for prior in p.each]])
    return Draws(one, *np.zeros((3, 1), int), 1)


def of_rows(formula: str, values: Values) -> np.ndarray:
    """The covariances between rows that the group effects of a model make."""
    spec = build_spec(formula, DATA)
    total, at = np.zeros((len(DATA), len(DATA))), draws(spec, values)
    for g in spec.groups:
        effects = [c for p in spec.predictors.values() for c in p.groups if c.group == g.group.name]
        z = np.concatenate([c.values for c in effects], axis=1)
        same = g.group.index[:, None] == g.group.index
        total += same * (z @ covariance(g, at)[0] @ z.T)
    return total


def correlations(rho: float) -> np.ndarray:
    return np.eye(3) + rho * (1 - np.eye(3))


STEPS = np.abs(np.subtract.outer(range(3), range(3)))
LAGGED = np.array([1.0, 0.4, -0.2])[STEPS]
EQUAL = np.full(3, 0.8)
FREE = np.array([[1, 0.2, -0.4], [0.2, 1, 0.5], [-0.4, 0.5, 1]])
ONE = {"sd_g": SD, "cor_g": FREE}
COMMON = {"sd_g": SD, "cor_g": correlations(RHO)}
SYMMETRIC = {"sd_g": np.sqrt([1.3] * 3), "cor_g": correlations(0.9 / 1.3)}
TABLE = {
    "us": (np.outer(SD, SD) * FREE, ("y ~ 1 + (0 + f | g)", ONE),
           ('y ~ 1 + (0 + f | gr(g, str="us"))', ONE)),
    "idh": (np.diag(SD**2), ("y ~ 1 + (0 + f || g)", {"sd_g": SD}),
            ('y ~ 1 + (0 + f | gr(g, str="idh"))', {"sd_g": SD}),
            ('y ~ 1 + (0 + f | gr(g, str="diag"))', {"sd_g": SD}),
            ("y ~ 1 + (0 + f | gr(g, cor=False))", {"sd_g": SD})),
    "idv": (0.7 * np.eye(3), ("y ~ 1 + (1 | g:f)", {"sd_g:f": [np.sqrt(0.7)]}),
            ('y ~ 1 + (0 + f | gr(g, str="homdiag"))', {"sd_g": np.sqrt([0.7] * 3)}),
            ("y ~ 1 + (0 + f || g)", {"sd_g": np.sqrt([0.7] * 3)})),
    "cs": (0.9 + 0.4 * np.eye(3),
           ("y ~ 1 + (1 | g) + (1 | g:f)", {"sd_g": [np.sqrt(0.9)], "sd_g:f": [np.sqrt(0.4)]}),
           ('y ~ 1 + (0 + f | gr(g, str="homcs"))', SYMMETRIC),
           ('y ~ 1 + (0 + f | gr(g, str="corh"))', SYMMETRIC)),
    "corh": (np.outer(SD, SD) * correlations(RHO), ('y ~ 1 + (0 + f | gr(g, str="corh"))', COMMON),
             ('y ~ 1 + (0 + f | gr(g, str="cs"))', COMMON),
             ("y ~ 1 + (0 + f | g)", COMMON)),
    "cor": (FREE, ('y ~ 1 + (0 + f | gr(g, str="cor"))', {"cor_g": FREE}),
            ("y ~ 1 + (0 + f | g)", {"sd_g": np.ones(3), "cor_g": FREE})),
    "ar1": (0.64 * RHO**STEPS,
            ('y ~ 1 + (0 + f | gr(g, str="ar1"))', {"sd_g": EQUAL, "cor_g": RHO**STEPS})),
    "hetar1": (np.outer(SD, SD) * RHO**STEPS,
               ('y ~ 1 + (0 + f | gr(g, str="hetar1"))', {"sd_g": SD, "cor_g": RHO**STEPS})),
    "toep": (np.outer(SD, SD) * LAGGED,
             ('y ~ 1 + (0 + f | gr(g, str="toep"))', {"sd_g": SD, "cor_g": LAGGED})),
    "homtoep": (0.64 * LAGGED,
                ('y ~ 1 + (0 + f | gr(g, str="homtoep"))', {"sd_g": EQUAL, "cor_g": LAGGED})),
}  # fmt: skip
"""The covariance of a level's coefficients, and the spellings that have it."""


@pytest.mark.parametrize("name", TABLE)
def test_spellings_of_one_structure_are_one_density(name: str) -> None:
    v, *spellings = TABLE[name]
    expected = SAME_LEVEL * (F @ v @ F.T)
    y = DATA["y"]
    density = stats.multivariate_normal(np.full(len(y), 2.0), expected + 9 * np.eye(len(y)))
    for formula, values in spellings:
        made = of_rows(formula, values)
        np.testing.assert_allclose(made, expected, atol=1e-12)
        found = stats.multivariate_normal(np.full(len(y), 2.0), made + 9 * np.eye(len(y)))
        np.testing.assert_allclose(found.logpdf(y), density.logpdf(y))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(1 + x | g)", '(1 + x | gr(g, str="us"))'),
        ("(1 + x || g)", '(1 + x | gr(g, str="idh"))'),
        ("(1 + x || g)", "(1 | g) + (0 + x | g)"),
        ("(1 + x | g)", '(1 + x | gr(g, str="corh"))'),
    ],
)
def test_the_same_draws_have_the_same_log_density(one: str, other: str) -> None:
    a, b = (fit_of(Model(f"y ~ x + {bracket}", DATA)) for bracket in (one, other))
    assert uncovered(a.model.spec) is None
    np.testing.assert_allclose(a.log_density(), b.log_density(), rtol=1e-12)


def test_the_docs_have_every_structure_and_their_formulas_are_read() -> None:
    rows = [r for r in DOCS.read_text().splitlines() if r.startswith("|") and "`(" in r]
    assert len(rows) == len(TABLE)
    for row in rows:
        ours = re.split(r"(?<!\\)\|", row)[3].replace("\\|", "|")
        for bracket in re.findall(r"`([^`]+)`", ours):
            assert build_spec(f"y ~ 1 + {bracket}", DATA).groups


@pytest.mark.parametrize(("size", "eta"), [(2, 0.5), (3, 1.0), (4, 2.5)])
def test_one_correlation_has_the_density_of_its_determinant(size: int, eta: float) -> None:
    rho = np.linspace(-1 / (size - 1), 1, 2001)[1:-1]
    unscaled = np.linalg.det(common.matrix(rho, size)) ** (eta - 1)
    found = np.exp(common.logpdf(rho, size, eta))
    ratio = found / unscaled
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-8)
    if eta >= 1:
        np.testing.assert_allclose(np.trapezoid(found, rho), 1, atol=2e-3)
    drawn = common.rvs(np.random.default_rng(1), 4000, size, eta)
    u = stats.beta(*common.shapes(size, eta)).cdf((1 + (size - 1) * drawn) / size)
    assert stats.kstest(u, "uniform").pvalue > 1e-4


def test_draws_of_the_prior() -> None:
    proper = [prior("normal(0, 1)", "Intercept"), prior("lkj(2)", "cor")]
    spec = build_spec('y ~ 1 + (0 + f | gr(g, str="corh"))', DATA, prior=proper)
    cor = draw_prior(spec, 500, seed_sequence(1, ValueError))["cor_g"].to_numpy()[0]
    np.testing.assert_allclose(cor, common.matrix(cor[:, 1, 0], 3), atol=1e-12)
    ones = build_spec('y ~ 1 + (0 + f | gr(g, str="cor"))', DATA, prior=proper)
    drawn = draw_prior(ones, 500, seed_sequence(1, ValueError))
    assert (drawn["sd_g"] == 1).all()


def test_constants_take_no_prior() -> None:
    formula = 'y ~ 1 + (1 | k) + (0 + f | gr(g, str="cor"))'
    model = Model(formula, DATA, prior=prior("exponential(1)", "sd"))
    assert "g" not in model.priors.loc[model.priors["class"] == "sd", "group"].tolist()
    with pytest.raises(PriorError, match="class 'sd' has no group 'g'"):
        Model(formula, DATA, prior=prior("exponential(1)", "sd", group="g"))
    fit = fit_of(model, sd_g=np.ones((2, 20, 3)))
    assert (fit.varcorr()["g"].sd["Estimate"] == 1).all()
    new = DATA.head(2).assign(g="new")
    made = fit.posterior_epred(new, allow_new_levels=True, sample_new_levels="gaussian")
    assert np.isfinite(made).all()
    assert uncovered(model.spec) is None
    density = fit.log_density()
    free = fit_of(Model("y ~ 1 + (1 | k) + (0 + f | g)", DATA, prior=prior("exponential(1)", "sd")),
                  sd_g=np.ones((2, 20, 3)))  # fmt: skip
    np.testing.assert_allclose(density - free.log_density(), 3.0, rtol=1e-9)


def test_the_engine_holds_standard_deviations_at_one() -> None:
    held = build_spec('y ~ x + (1 + x | gr(g, str="cor"))', DATA)
    ones = build_spec("y ~ x + (1 + x | g)", DATA, prior=prior("constant(1)", "sd"))
    densities = [build_density(spec, build_layout(spec)) for spec in (held, ones)]
    x = np.linspace(-1, 1, densities[0].layout.n_dim)
    (a, grad), (b, slope) = (density(x) for density in densities)
    assert a == b
    np.testing.assert_array_equal(grad, slope)
    made = posterior_of(densities[0].layout, x[None])
    assert (made["sd_g"] == 1).all()


def test_one_correlation_wants_a_prior_with_a_mass() -> None:
    few = prior("lkj(0.4)", "cor")
    with pytest.raises(PriorError, match=r"eta must be above 0\.5"):
        Model('y ~ 1 + (0 + f | gr(g, str="corh"))', DATA, prior=few)
    assert Model('y ~ 1 + (1 + x | gr(g, str="corh"))', DATA, prior=few)


def test_one_correlation_in_the_summary() -> None:
    cor = np.broadcast_to(correlations(RHO), (2, 20, 3, 3))
    fit = fit_of(Model('y ~ 1 + (0 + f | gr(g, str="corh"))', DATA), cor_g=cor)
    pairs = fit.varcorr()["g"].pairs
    assert len(pairs) == 3
    np.testing.assert_allclose(fit.varcorr()["g"].cor.loc[list(pairs), "Estimate"], RHO)
    assert np.isfinite(draws_of(fit)["r_g"]).all()


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("eta", [1.0, 2.5])
def test_correlations_in_an_order_have_the_density_of_their_determinant(
    size: int, eta: float
) -> None:
    """Up to a constant, which is 1 / the mass of what can be: of random points of a box."""
    rng = np.random.default_rng(3)
    steps = np.abs(np.subtract.outer(range(size), range(size)))
    lags = np.concatenate([np.ones((100, 1)), rng.uniform(-0.3, 0.3, (100, size - 1))], axis=1)
    toeplitz = lags[:, steps]
    made = serial.cholesky(list(serial.partials(lags[:, 1:]).T), size, np)
    np.testing.assert_allclose(made @ made.mT, toeplitz, atol=1e-12)
    np.testing.assert_allclose(made, np.linalg.cholesky(toeplitz), atol=1e-12)
    unscaled = (eta - 1) * np.log(np.linalg.det(toeplitz))
    constant = serial.toeplitz_logpdf(lags[:, 1:], eta) - unscaled
    np.testing.assert_allclose(constant, constant[0], rtol=1e-9)
    rho = np.linspace(-1, 1, 2001)[1:-1]
    autoregressive = rho[:, None, None] ** steps
    found = serial.ar1_logpdf(rho, size, eta)
    expected = (eta - 1) * np.log(np.linalg.det(autoregressive))
    np.testing.assert_allclose(found - expected, found[1000] - expected[1000], atol=1e-6)
    np.testing.assert_allclose(np.trapezoid(np.exp(found), rho), 1, atol=2e-3)
    made = serial.cholesky([rho], size, np)
    np.testing.assert_allclose(made @ made.mT, autoregressive, atol=1e-12)


def test_the_mass_of_toeplitz_correlations_is_one() -> None:
    """Of three coefficients, where the possible ones are 2 r1² - 1 < r2 < 1."""
    first, second = np.meshgrid(*[np.linspace(-1, 1, 801)[1:-1]] * 2, indexing="ij")
    possible = second > 2 * first**2 - 1
    lags = np.stack([first[possible], second[possible]], axis=-1)
    for eta in (1.0, 2.0):
        mass = np.exp(serial.toeplitz_logpdf(lags, eta)).sum() * (2 / 800) ** 2
        np.testing.assert_allclose(mass, 1, atol=5e-3)
    np.testing.assert_allclose(serial.toeplitz_logpdf(lags, 1.0), -np.log(8 / 3), atol=1e-9)


@pytest.mark.parametrize("name", ["ar1", "hetar1", "toep", "homtoep", "homcs", "homdiag"])
def test_prior_draws_densities_and_predictions_of_a_structure(name: str) -> None:
    structure = STRUCTURES[name]
    proper = [
        prior("normal(0, 1)", "Intercept"),
        prior("lkj(2)", "cor"),
        prior("gamma(2, 1)", "sd"),
    ]
    model = Model(f'y ~ 1 + (0 + f | gr(g, str="{name}", by=t))', DATA,
                  prior=proper if structure.correlated else [proper[0], proper[2]])  # fmt: skip
    drawn = draw_prior(model.spec, 4000, seed_sequence(1, ValueError))
    sd, effects = drawn["sd_g"].to_numpy()[0], drawn["r_g"].to_numpy()[0]
    cor = drawn["cor_g"].to_numpy()[0] if structure.correlated else np.eye(3)
    if structure.sds == "one":
        assert (sd == sd[..., :1]).all()
        assert len(model.priors.query("`class` == 'sd' and coef != ''")) == 0
    by = model.spec.group("g").group.by
    z = effects / sd[:, by.of_level]
    # Draw by draw the correlations vary; standardised they are independent.
    mean = (z[..., :, None] * z[..., None, :]).mean(axis=(0, 1))
    np.testing.assert_allclose(mean, np.broadcast_to(cor, (4000, 2, 3, 3)).mean((0, 1)), atol=0.06)
    fit = fit_of(model)
    new = DATA.head(3).assign(g="new")
    options = {"allow_new_levels": True, "sample_new_levels": "gaussian"}
    assert np.isfinite(fit.posterior_epred(new, **options)).all()
    assert np.isfinite(fit.log_density()).all()
    assert uncovered(model.spec) is None
    assert len(fit.varcorr()["g"].sd) == 6


def test_one_standard_deviation_has_one_prior() -> None:
    """Beside another bracket of the group; its density counts once."""
    text = 'y ~ 1 + (0 + f | gr(g, str="ar1")) + (0 + x | g)'
    given = {
        "r_g": np.random.default_rng(1).normal(0, 1, (2, 20, 6, 4)),
        "sd_g": np.broadcast_to([0.5, 0.5, 0.5, 2.0], (2, 20, 4)),
        "b": np.zeros((2, 20, 1)),
        "sigma": np.ones((2, 20)),
    }
    rates = [prior("exponential(1)", "sd"), prior("exponential(3)", "sd", group="g", coef="x")]
    cor = np.broadcast_to(np.eye(4), (2, 20, 4, 4))
    fit = fit_of(Model(text, DATA, prior=rates), **given, cor_g=cor)
    free = fit_of(Model("y ~ 1 + (0 + f || g) + (0 + x | g)", DATA, prior=rates), **given)
    found = fit.log_density() - free.log_density()
    np.testing.assert_allclose(found, 2 * 0.5 - np.log(2), rtol=1e-7)


def test_one_autocorrelation_wants_a_prior_with_a_mass() -> None:
    few = prior("lkj(0.4)", "cor")
    with pytest.raises(PriorError, match=r"eta must be above 0\.5"):
        Model('y ~ 1 + (0 + f | gr(g, str="ar1"))', DATA, prior=few)
    assert Model('y ~ 1 + (0 + f | gr(g, str="toep"))', DATA, prior=few)


def test_a_summary_has_every_parameter_once() -> None:
    told = {
        "homtoep": ["sd(f[c])", "cor(f[c],f[a])", "cor(f[c],f[b])"],
        "hetar1": ["sd(f[c])", "sd(f[a])", "sd(f[b])", "cor(f[c],f[a])"],
        "homcs": ["sd(f[c])", "cor(f[c],f[a])"],
        "homdiag": ["sd(f[c])"],
    }
    for name, expected in told.items():
        fit = fit_of(Model(f'y ~ 1 + (0 + f | gr(g, str="{name}"))', DATA))
        assert fit.summary().loc["g"].index.tolist() == expected


WRONG = [
    ('(1 + f | gr(g, str="ar1"))', "without an intercept"),
    ('(0 + x | gr(g, str="toep"))', "the levels of one factor"),
    ('(0 + f:h | gr(g, str="hetar1"))', "the levels of one factor"),
    ('(0 + f | i | gr(g, str="ar1"))', "Leave the id out"),
    ('(0 + x | i | gr(g, str="homcs"))', "Leave the id out"),
    ("ar1(0 + f | g)", "glmmTMB's spelling"),
    ("toep(0 + f + (1 | k) | g)", "glmmTMB's spelling"),
    ("cs(1 + x | g)", "glmmTMB's spelling"),
    ("exp(0 + f | g)", "isn't here"),
    ("(1 + x | gr(g, str=us))", "in quotes"),
    ('(1 + x | gr(g, str="corr"))', "Did you mean 'cor' or 'corh'"),
    ('(1 + x || gr(g, str="us"))', "contradicts"),
    ('(1 + x | gr(g, cor=True, str="idh"))', "which cor=True contradicts"),
    ('(1 + x | i | gr(g, str="idh"))', "An id correlates"),
    ('(1 | i | gr(g, str="cor")) + (0 + x | i | g)', "str=us here and str=cor before"),
]


@pytest.mark.parametrize(("bracket", "message"), WRONG)
def test_what_contradicts_itself(bracket: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message):
        build_spec(f"y ~ 1 + {bracket}", DATA)
