"""The PyMC model's log density against that of `predict.density`, and its prior draws.

Graphs run in Python, for compiling them takes longer than running them, and unfused, for fused
ones compute part in single precision there.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor
import pytest
from numpy.testing import assert_allclose
from pytensor.compile.mode import Mode
from scipy import stats

import bayesmix as bx
from bayesmix.correlations.partials import partials
from bayesmix.design import Measured
from bayesmix.fit import Fit
from bayesmix.formula import bf
from bayesmix.model import Model
from bayesmix.parameters import Role
from bayesmix.predict import Draws, log_density
from bayesmix.priors import lkj, prior, serial, stationary
from bayesmix.variables import variable_dims

from ..support import draws_of, fit_of, frame, relatives

IN_PYTHON = Mode("py", "fast_run").excluding("fusion")
DATA = (
    frame(30)
    .assign(m=lambda d: d["g"].to_numpy()[::-1])
    .assign(v=lambda d: d["g"].map(dict(zip("pqrstu", range(1, 7), strict=True))))
    .assign(when=lambda d: (7 * np.arange(len(d))) % 30 + 0.5)
    .assign(sz=lambda d: d["z"] + np.sin(np.arange(len(d))))
    .assign(mg=lambda d: d["v"] ** 0.5, ng=lambda d: 1 / d["k"])
)
NORMAL = prior("normal(0, 1)", "b")
SKEWED = [
    prior("normal(1, 2)", "b", lb=-1),
    prior("student_t(3, 0, 1)", "b", coef="z"),
    prior("normal(0, 3)", "Intercept"),
    prior("exponential(1)", "sd"),
    prior("normal(0, 1)", "sd", group="g", coef="x"),
    prior("gamma(2, 1)", "sd", group="k"),
    prior("lkj(3)", "cor"),
    prior("lkj(1.5)", "cor", group="g"),
]
CASES = {
    "gaussian": ("y ~ x + (1 + x | g)", "gaussian", NORMAL),
    "flat": ("y ~ x * f", "gaussian", ()),
    "no intercept": ("y ~ 0 + f + (0 + f | g)", "gaussian", NORMAL),
    "nothing but groups": ("y ~ 0 + (1 | g) + (1 | k)", "gaussian", ()),
    "student": ("y ~ x + offset(z) + (1 | g)", "student", NORMAL),
    "bernoulli": ("yes ~ x + (1 + x || g)", "bernoulli", NORMAL),
    "binomial": ("hits | trials(tries) ~ x + (1 | g/k)", "binomial", NORMAL),
    "poisson": ("count | weights(w) ~ x + (1 | g) + (0 + x | g)", "poisson", NORMAL),
    "negbinomial": (bf("count ~ x + (1 | g)", shape="z"), "negbinomial", NORMAL),
    "gp": ("y ~ x + gp(z) + (1 | g)", "gaussian", NORMAL),
    "gp of two": ('y ~ gp(x, z, iso=False, cov="matern32")', "gaussian", ()),
    "gp by levels": (bf("y ~ gp(x, by=f)", sigma="gp(z, k=4)"), "gaussian", ()),
    "gp approximate": (
        'count ~ gp(x, z, k=3, c=[1.5, 2], cov="matern52") + gp(when, by=z, cov="exponential")',
        "poisson",
        prior("exponential(1)", "sdgp"),
    ),
    "monotonic": (
        bf("y ~ x * mo(grade) + (1 + mo(grade) + x:mo(grade) | g)", sigma="mo(k):f + mo(yes)"),
        "gaussian",
        [NORMAL, prior("dirichlet(2, 1, 3)", "simo", coef="mograde1"), prior("lkj(2)", "cor")],
    ),
    "monotonic thresholds": (
        "grade ~ mo(part_1, id='a') + mo(part_2, id='a'):z + mo(part_1):mo(k)",
        "cumulative",
        prior("dirichlet(2)", "simo"),
    ),
    "priors and bounds": ("y ~ x + z + (1 + x + z | g) + (1 + x | k)", "gaussian", SKEWED),
    "by": ("y ~ x + (1 + x | gr(g, by=t))", "gaussian", [NORMAL, *SKEWED[2:5], SKEWED[6]]),
    "horseshoe": ("y ~ x + z + f + (1 | g)", "gaussian", prior("horseshoe(3, par_ratio=0.2)", "b")),
    "horseshoe without sigma": (
        bf("y ~ 0 + f", sigma="x + z"),
        "gaussian",
        [prior("horseshoe(df_slab=5)", "b"), prior("horseshoe(scale_slab=1)", "b", dpar="sigma")],
    ),
    "R2D2": ("y ~ x + z", "gaussian", prior("R2D2(0.3, 5, cons_D2=c(1, 2))", "b")),
    "R2D2 of two classes": (
        bf("y ~ x + z + (1 + x | g) + (1 | i | k)", nu="1 + (1 | i | k)"),
        "student",
        [prior("R2D2(main=TRUE)", "b"), prior("R2D2(cons_D2=2)", "sd")],
    ),
    "constants": (
        "y ~ x + z + (1 + x | g)",
        "gaussian",
        [NORMAL, prior("constant(2)", "b", coef="x"), prior("constant(1.5)", "sigma")],
    ),
    "dpars and ids": (
        bf("y ~ x + (1 + x | i | g) + (0 + z | g)", sigma="1 + (1 | i | g)"),
        "gaussian",
        NORMAL,
    ),
    "a power of the mean": (bf("count ~ x + (1 | g)", shape="varPower(mu)"), "negbinomial", NORMAL),
    "nonlinear": (
        bf("y ~ a * exp(-k * z)", a="x + (1 | i | g)", k="f + (1 | i | g)", sigma="z", nl=True),
        "gaussian",
        [prior("normal(3, 1)", nlpar="a"), prior("normal(0, 1)", nlpar="k")],
    ),
    "nonlinear counts": (
        bf("count ~ a * inv_logit(k * x) + log1p(z)", a="(1 | g)", k="s(x)", nl=True),
        "negbinomial",
        [prior("normal(3, 1)", nlpar="a"), prior("normal(0, 1)", nlpar="k")],
    ),
    "variance functions": (
        bf("y ~ x + (1 | g)", sigma="varConstPower(x, by=f) + varExp(mu) + (1 | k)"),
        "student",
        NORMAL,
    ),
    "student effects": ('y ~ x + (1 + x | gr(g, dist="student"))', "gaussian", NORMAL),
    "known covariances": ("y ~ x + (1 + x | gr(g, cov=A, by=t))", "gaussian", NORMAL),
    "weighted levels": ("y ~ x + (1 | gr(g, pw=v))", "gaussian", NORMAL),
    "memberships": ("y ~ x + (1 + mmc(x, z) | mm(g, m, weights=[w, z]))", "gaussian", NORMAL),
    "a common correlation": (
        'y ~ 1 + (1 + x + z | gr(g, str="corh", by=t))',
        "gaussian",
        SKEWED[6:7],
    ),
    "variances of one": ('y ~ 1 + (1 + x + z | i | gr(g, str="cor"))', "gaussian", ()),
    "an autocorrelation": ('y ~ 1 + (0 + f | gr(g, str="ar1", by=t))', "gaussian", SKEWED[6:7]),
    "steps of their own": ('y ~ 1 + (0 + f | gr(g, str="toep"))', "gaussian", SKEWED[6:7]),
    "one variance": (
        'y ~ 1 + (0 + f | gr(g, str="homtoep")) + (0 + h | gr(k, str="homcs"))',
        "gaussian",
        SKEWED[6:7],
    ),
    "correlated residuals": (
        bf("y ~ x + (1 | k) + arma(when, gr=g, cov=True)", sigma="z"),
        "student",
        (),
    ),
    "orders above one": (
        "y ~ x + arma(when, gr=g, p=3, q=2, cov=True)",
        "student",
        [prior("normal(0.2, 0.5)", "ar"), prior("uniform(-1.5, 1.5)", "ma")],
    ),
    "compound symmetry": ("y ~ x + cosy(when, gr=g)", "gaussian", ()),
    "unequal distances": ("y ~ x + car1(when, gr=g)", "student", ()),
    "lags": ("y | weights(w) ~ x + arma(when, gr=g, p=2, q=2)", "student", ()),
    "latent residuals": ("count ~ x + ar(when, gr=g, cov=True)", "negbinomial", ()),
    "a mixture": (
        bx.bf("y ~ x", mu2="x + (1 | g)", theta2="f"),
        bx.mixture("gaussian", "student", order="mu"),
        prior("normal(1, 2)", "Intercept", dpar="mu2"),
    ),
    "a mixture of counts": ("count | weights(w) ~ x", bx.mixture("poisson", nmix=3), ()),
    "measurement error": (
        bx.bf(
            "y ~ x * me(z, w) + me(z, w):me(sz, 0.3) + (1 + me(z, w) | g)",
            sigma="me(sz, 0.3) + mo(grade):me(mg, 0.1, gr=g)",
        ),
        "gaussian",
        [prior("exponential(1)", "sdme"), prior("normal(1, 2)", "meanme", coef="mez")],
    ),
    "measurement error of levels": (
        bx.bf("y ~ me(mg, 0.5, gr=g) * z + (1 + me(mg, 0.5, gr=g) | k)", sigma="me(ng, 1, gr=k)"),
        "student",
        NORMAL,
    ),
    "measurement error of both": (
        bx.bf("y | se(w, sigma=True) ~ 0 + f + me(x, w) + me(mg, 1, gr=g)"),
        "gaussian",
        NORMAL,
    ),
    "measurement error of several responses": (
        bx.mv("y ~ me(x, w) + (1 | i | g)", "z ~ me(x, w) + me(mg, 1, gr=g)", rescor=False),
        "gaussian",
        NORMAL,
    ),
    "measurement error alone": (
        bx.bf("count ~ me(mg, 0.5, gr=g) * me(v, 1, gr=g)", mecor=False),
        "poisson",
        prior("normal(0, 1)", "b"),
    ),
    "all of it": ('y ~ (1 + x | gr(g, dist="student", cov=A, pw=v))', "gaussian", ()),
}
MATRICES = {"A": relatives("uqtprs")}


def at_random(model: Model, seed: int) -> tuple[float, Fit]:
    """The PyMC model's log density at a random point, no Jacobian terms, and the point as a fit."""
    with model.pymc as made:
        wanted = [made[name] for name in variable_dims(model.spec)]
        outputs = made.replace_rvs_by_values([made.logp(jacobian=False), *wanted])
        run = pytensor.function(made.value_vars, outputs, mode=IN_PYTHON)
    rng = np.random.default_rng(seed)
    start = made.initial_point()
    point = [start[v.name] + rng.uniform(-1, 1, start[v.name].shape) for v in made.value_vars]
    names = [v.name for v in made.value_vars]
    logp, *values = run(*point)
    for name in model.spec.measured:
        at, out = names.index(f"z_{name}"), 1 + list(variable_dims(model.spec)).index(name)
        zero = np.zeros_like(point[at])
        units = (zero + row for row in np.eye(zero.shape[1]))
        start, *ends = (run(*point[:at], z, *point[at + 1 :])[out] for z in (zero, *units))
        # True values are linear in the numbers of their place.
        logp -= np.linalg.slogdet(np.stack(ends, axis=2) - start[..., None])[1].sum()
    given = dict(zip(variable_dims(model.spec), (v[None, None] for v in values), strict=True))
    return float(logp), fit_of(model, 1, 1, **given)


def log_jacobian(fit: Fit) -> float:
    """Of the uniform parts u in which PyMC has the correlations, by the Cholesky factor's entries.

    L[i, j] = (2 u[i, j] - 1) · sqrt(1 - Σ_k<j L[i, k]²). And of what PyMC has in units of sigma.
    """
    total = -sum(np.log(draws_of(fit)[p.unit][0]) for p in fit.model.spec.parameters if p.unit)
    total += sum(of_series(draws_of(fit)[p.name][0], p.name) for p in
                 fit.model.spec.of_role(Role.STATIONARY))  # fmt: skip
    total += sum(of_true_values(m, draws_of(fit)) for m in fit.model.spec.design.measured)
    for g in fit.model.spec.groups:
        if not g.correlated:
            continue
        cor = draws_of(fit)[f"cor_{g.group.name}"][0]
        for matrix in cor.reshape(-1, *cor.shape[-2:]):
            for block in g.blocks:
                correlations = g.structure(block).correlations
                if correlations == "common":
                    total += np.log((len(block) - 1) / len(block))
                    continue
                if correlations in ("ar1", "toeplitz"):
                    total += of_partials(matrix[block[0], list(block[1:])], correlations)
                    continue
                root = np.linalg.cholesky(matrix[np.ix_(block, block)])
                for i, j in zip(*np.tril_indices(len(block), -1), strict=True):
                    total -= np.log(2 * np.sqrt(1 - (root[i, :j] ** 2).sum()))
    return total


def of_true_values(m: Measured, draws: Draws) -> float:
    """Of the true values by what they are once they are standardised, and of their correlations."""
    total = len(m.values) * np.log(draws[m.named("sdme")][0]).sum()
    if m.pairs:
        root = np.linalg.cholesky(lkj.matrix(draws[m.named("corme")])[0])
        total += len(m.values) * np.log(np.diag(root)).sum()
        for j, i in m.pairs:
            total -= np.log(2 * np.sqrt(1 - (root[i, :j] ** 2).sum()))
    return total


def of_partials(lags: np.ndarray, correlations: str) -> float:
    """Of the (1 + φ) / 2, by the correlations of 1, 2, … steps, which finite differences tell."""
    if correlations == "ar1":
        return -np.log(2)
    step = 1e-6 * np.eye(len(lags))
    slopes = (serial.partials(lags + step) - serial.partials(lags - step)) / 2e-6
    return float(np.log(np.linalg.det(slopes / 2)))


def of_series(coefs: np.ndarray, name: str) -> float:
    """Of the (1 + π) / 2, π partial autocorrelations, by the coefficients."""
    step = 1e-6 * np.eye(len(coefs))
    up, down = (
        np.array(partials(list((stationary.SIGNS[name] * (coefs + s)).T))) for s in (step, -step)
    )
    return float(np.log(np.abs(np.linalg.det((up - down) / 4e-6))))


@pytest.mark.parametrize("name", CASES)
def test_both_densities_are_one(name: str) -> None:
    formula, family, priors = CASES[name]
    model = Model(formula, DATA, family, priors, data2=MATRICES)
    for seed in (1, 2):
        logp, fit = at_random(model, seed)
        ours = fit.log_density()
        assert ours.shape == (1,)
        weights = [g.pw for g in model.spec.design.groups if g.pw is not None]
        k = len(model.spec.design.spine)
        # PyMC has normal densities of variance 1 / w, ours are the standard one to the power of w.
        constant = sum(0.5 * k * (np.log(w) + (w - 1) * np.log(2 * np.pi)).sum() for w in weights)
        assert_allclose(logp + log_jacobian(fit) - constant, ours[0], rtol=1e-9)


def test_log_density_by_hand() -> None:
    """Likelihood and priors written out with scipy, group effects standardised."""
    priors = [prior("normal(0, 2)", "b"), prior("normal(1, 3)", "Intercept")]
    priors += [prior("exponential(2)", "sd"), prior("gamma(2, 3)", "sigma"), prior("lkj(2)", "cor")]
    fit = fit_of(Model("y ~ x + (1 + x | g)", DATA, prior=priors))
    d = draws_of(fit)
    expected = fit.log_lik().to_numpy().sum(axis=1)
    expected += stats.norm(0, 2).logpdf(d["b"][:, 1])
    expected += stats.norm(1, 3).logpdf(d["b"][:, 0] + d["b"][:, 1] * DATA["x"].mean())
    expected += stats.expon(scale=1 / 2).logpdf(d["sd_g"]).sum(axis=1)
    expected += stats.gamma(2, scale=1 / 3).logpdf(d["sigma"])
    rho = d["cor_g"][:, 0, 1]
    expected += stats.beta(2, 2, loc=-1, scale=2).logpdf(rho)
    for s in range(len(d)):
        root = np.linalg.cholesky(d["cor_g"][s])
        z = np.linalg.solve(root, (d["r_g"][s] / d["sd_g"][s]).T)
        expected[s] += stats.norm.logpdf(z).sum()
    assert_allclose(fit.log_density(), expected, rtol=1e-10)


def test_impossible_draws_have_no_density() -> None:
    model = Model("y ~ x + (1 + x | g)", DATA)
    shape = (2, 20)
    for given in (
        {"sd_g": np.zeros((*shape, 2))},
        {"cor_g": np.ones((*shape, 2, 2))},
        {"sigma": -np.ones(shape)},
    ):
        assert (fit_of(model, **given).log_density() == -np.inf).all()


def test_log_density_of_chosen_draws() -> None:
    fit = fit_of(Model("y ~ x + (1 | g)", DATA))
    some = draws_of(fit).select(None, [7, 3], np.random.default_rng())
    assert_allclose(log_density(fit.model.spec, some), fit.log_density()[[7, 3]])


@pytest.mark.parametrize("eta", [1.0, 4.0])
def test_prior_correlations_have_the_marginals_of_lkj(eta: float) -> None:
    model = Model("y ~ 1 + (1 + x + z | g)", DATA, prior=prior(f"lkj({eta})", "cor"))
    cor = pm.draw(model.pymc["cor_g"], draws=2000, random_seed=1, mode=IN_PYTHON)
    assert_allclose(np.diagonal(cor, axis1=1, axis2=2), 1.0)
    assert_allclose(cor, cor.swapaxes(1, 2))
    assert np.linalg.eigvalsh(cor).min() > 0
    marginal = stats.beta(eta + 0.5, eta + 0.5, loc=-1, scale=2)
    for i, j in ((1, 0), (2, 0), (2, 1)):
        assert stats.kstest(cor[:, i, j], marginal.cdf).pvalue > 1e-3


def test_prior_effects_have_the_covariance_of_their_sd_and_cor() -> None:
    model = Model(bf("y ~ 1 + (1 + x | i | g) + (0 + z | g)", sigma="1 + (1 | i | g)"), DATA)
    names = ["sd_g", "cor_g", "r_g"]
    sd, cor, r = pm.draw([model.pymc[n] for n in names], draws=1500, random_seed=1, mode=IN_PYTHON)
    root = np.linalg.cholesky(cor)
    z = np.linalg.solve(root, (r / sd[:, None]).mT)
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-3
    assert_allclose(np.corrcoef(z.transpose(1, 0, 2).reshape(4, -1)), np.eye(4), atol=0.05)
    assert (cor[:, 2, [0, 1, 3]] == 0).all()
    assert (np.abs(cor[:, 0, 3]) > 0).all()
