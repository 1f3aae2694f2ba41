from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bayesmix.engine.coverage import uncovered
from bayesmix.engine.plan.layout import Layout, build_layout
from bayesmix.families import FAMILIES, family, mixture
from bayesmix.families.derived import DerivedRow
from bayesmix.families.family import Family
from bayesmix.formula import bf
from bayesmix.parameters import Target
from bayesmix.priors import prior
from bayesmix.spec import ModelSpec

from .models import RESPONSES, density_of, points, spec_of
from .pymc_density import PymcDensity

MODELS = {
    "a mixture": (
        bf("y ~ x", mu2="x + (1 | g)", sigma2="z"),
        mixture("gaussian", "student", "gaussian"),
        (),
    ),
    "a mixture in order": (
        bf("y ~ x + (1 | g)", mu2="x + (1 | g)", sigma2="z"),
        mixture("gaussian", "student", "gaussian", order="mu"),
        (),
    ),
    "a mixture in order, with priors of each": (
        bf("few ~ x", theta2="f"),
        mixture("poisson", "negbinomial", order="mu"),
        (
            prior("normal(0, 1)", "Intercept", dpar="mu1"),
            prior("normal(2, 1)", "Intercept", dpar="mu2"),
        ),
    ),
    "a mixture with formulas of the shares": (
        bf("few ~ x + (1 | i | g)", theta2="f + (1 | i | g)"),
        mixture("poisson", "zero_inflated_negbinomial"),
        (),
    ),
    "a mixture of proportions": (
        bf("goals | trials(shots) ~ x", theta1=1, theta2=2),
        mixture("binomial", "beta_binomial"),
        (),
    ),
    "a power of the mean": (
        bf("y ~ x + (1 | g)", sigma="f + varPower(mu, by=h) + (1 | k)"),
        "gaussian",
        (),
    ),
    "variance functions": (
        bf("w ~ x + (1 | g)", shape="varConstPower(mu) + varExp(mu) + varConstPower(z, by=f)"),
        family("Gamma").with_link("mu", "log"),
        (prior("exponential(1)", "const", dpar="shape", coef="z"),),
    ),
    "a common correlation": (
        bf('y ~ x + (1 + x + z | gr(g, str="corh", by=by_g)) + (0 + h | gr(k, str="homcs"))'),
        "gaussian",
        (prior("lkj(1.5)", "cor"),),
    ),
    "autocorrelations": (
        'count ~ x + (0 + f | gr(g, str="ar1", by=by_g)) + (0 + f | gr(k, str="hetar1")) + '
        '(0 + f | gr(h, str="homdiag"))',
        "poisson",
        (prior("lkj(2)", "cor", group="g"), prior("gamma(2, 1)", "sd", group="g")),
    ),
    "partial autocorrelations": (
        'y ~ x + (0 + C(grade) | gr(g, str="toep", by=by_g)) + (0 + f | gr(k, str="homtoep"))',
        "gaussian",
        (prior("lkj(2)", "cor", group="g"),),
    ),
    "regions": (
        bf('y ~ x + car(W, gr=g, type="icar") + (1 | g)', sigma="car(W, gr=g)"),
        "gaussian",
        (prior("beta(2, 1)", "car", dpar="sigma"),),
    ),
    "regions in two parts": (
        bf('count ~ x + car(W, gr=g, type="bym2")', shape='car(W, gr=g, type="esicar")'),
        "negbinomial",
        (),
    ),
    "residuals that decay": (
        bf("y ~ x + (1 | g) + car1(z, gr=k)", sigma="f"),
        "student",
        (),
    ),
    "residuals of one correlation": ("y ~ x + (1 + x | g) + cosy(z, gr=k)", "student", ()),
    "autoregressive residuals": ("y ~ x + (1 | g) + ar(z, gr=k, cov=True)", "gaussian", ()),
    "moving averages of residuals": (
        bf("y ~ x + arma(z, gr=k, cov=True)", sigma="x"),
        "gaussian",
        (prior("normal(0.3, 0.3)", "ma"),),
    ),
    "moving averages alone": ("y ~ x + ma(z, gr=k, cov=True)", "student", ()),
    "residuals of places": (
        bf("y ~ x + (1 | g) + corExp(x, z, gr=k)", sigma="f"),
        "student",
        (prior("gamma(2, 1)", "range"),),
    ),
    "residuals of places on a line": ("y ~ x + corGaus(z, gr=h, nugget=True)", "gaussian", ()),
    "smooth residuals": ("y ~ x + corMatern(x, z, gr=k, nugget=True)", "student", ()),
    "smoother residuals": (
        "y ~ x + corMatern(z, gr=k, smoothness=2.5, nugget=True)",
        "gaussian",
        (),
    ),
    "known covariances of residuals": (bf("y ~ x + (1 | g) + fcor(V)", sigma="f"), "student", ()),
    "latent autoregression": ("count ~ x + (1 | g) + ar(z, gr=k, cov=True)", "poisson", ()),
    "latent moving averages": ("yes ~ x + ma(z, gr=k, cov=True)", "bernoulli", ()),
    "both, latent": (
        bf("count ~ x + arma(z, gr=k, cov=True)", shape="f"),
        "negbinomial",
        (prior("exponential(1)", "sderr"), prior("normal(0, 0.5)", "ma")),
    ),
    "latent residuals that decay": ("z ~ f + (1 | g) + car1(x, gr=k)", "Gamma", ()),
    "latent residuals of one correlation": ("grade ~ f + cosy(x, gr=k)", "cumulative", ()),
    "latent residuals of places": ("count ~ f + corExp(x, z, gr=k, nugget=True)", "poisson", ()),
    "past residuals": (bf("y ~ x + arma(z, gr=k, p=2, q=1)", sigma="f"), "student", ()),
    "past residuals, weighted": ("y | weights(w) ~ x + (1 | g) + ar(z, p=3)", "gaussian", ()),
    "a curve": (
        bf(
            "y ~ a * (1 - exp(-exp(k) * z))",
            a="1 + x + (1 | i | g)",
            k="1 + f + (1 | i | g)",
            nl=True,
        ),
        "gaussian",
        tuple(prior("normal(0, 1)", nlpar=name) for name in "ak"),
    ),
    "a curve beside variance functions": (
        bf(
            "w ~ a / (1 + exp((b - x) / exp(c))) + pow(x, 2) * b ** 2 + z",
            a="1 + (1 | g)",
            b="0 + f + mo(grade)",
            c="s(z, k=5) + (0 + x | k)",
            sigma="varPower(mu)",
            nl=True,
        ),
        "gaussian",
        tuple(prior("normal(0, 1)", nlpar=name) for name in "abc"),
    ),
    "a curve with a link": (
        bf(
            "count ~ inv_logit(a) * tanh(b) + log(exp(a) + b ** 2)",
            a="1",
            b="x",
            shape="z",
            nl=True,
        ),
        "negbinomial",
        tuple(prior("normal(0, 1)", nlpar=name) for name in "ab"),
    ),
    "a parameter itself": (
        bf("y ~ a + ar", a="x + (1 | g)", ar="1", sigma="z", nl=True),
        "student",
        tuple(prior("normal(0, 1)", nlpar=name) for name in ("a", "ar")),
    ),
    "smooth": ("y ~ x + s(z, k=6)", "gaussian", ()),
    "monotonic": (
        "y ~ mo(grade) * x + mo(k):f + (1 + x | g)",
        "gaussian",
        (prior("dirichlet(2, 1, 3)", "simo", coef="mograde1"), prior("normal(0, 1)", "b", lb=0)),
    ),
    "monotonic in every predictor": (
        bf("count ~ 0 + mo(grade) + s(x, k=5)", shape="x * mo(grade_0)"),
        "negbinomial",
        (),
    ),
    "monotonic in brackets": (
        bf(
            "y ~ x + mo(grade) * x + (1 + mo(grade) + mo(grade):x | g) + (0 + mo(grade) || k)",
            sigma="mo(grade_0) + (0 + mo(grade_0) | mm(g, mate))",
        ),
        "gaussian",
        (),
    ),
    "products and shared steps": (
        bf(
            'count ~ mo(grade, id="a") + mo(grade, id="a"):x + mo(grade_0):mo(few)',
            shape="mo(half) + (1 + mo(half) | g)",
        ),
        "negbinomial",
        (prior("normal(0, 1)", "b", lb=0, dpar="shape"),),
    ),
    "process": ("y ~ x + gp(z, k=6) + (1 | g)", "gaussian", ()),
    "processes": (
        bf(
            'count ~ gp(x, z, k=3, iso=False) + gp(z, by=f, k=4, cov="matern32")',
            shape='gp(x, z, k=3, c=[1.5, 2], cov="matern52") + gp(z, by=x, k=3, cov="exponential")',
        ),
        "negbinomial",
        (),
    ),
    "exact processes": (
        bf(
            'y ~ gp(k, by=f, cov="matern32") + gp(grade, few, iso=False, cov="matern52")',
            sigma='gp(few, cov="exponential") + gp(x, k=3)',
        ),
        "gaussian",
        (),
    ),
    "exact processes, rough": (
        'count ~ gp(grade, few, cov="exponential", iso=False) + gp(grade, by=x, cov="exponential")',
        "poisson",
        (),
    ),
    "smooths": (
        bf("count ~ s(z, by=f, k=5) + t2(x, z, k=4) + (1 | g)", shape="s(x, bs='cr', k=5)"),
        "negbinomial",
        [prior("normal(0, 2)", "sds", coef="t2(x, z, k = 4)")],
    ),
    "smooths of levels": (
        "grade ~ s(g, bs='re') + s(x, by=z, bs='ps', k=6) + s(z, f, bs='fs', k=4)",
        "cumulative",
        (),
    ),
    "crossed and nested": (
        "y ~ x * f + (1 + x | g) + (1 | k/h) + (0 + z || h) + offset(shift)",
        "gaussian",
        (),
    ),
    "correlated across predictors": (
        bf("y ~ x + (1 + x + z | i | g) + (0 + x || k)", sigma="1 + (1 | i | g) + offset(shift)"),
        "gaussian",
        (prior("lkj(2.5)", "cor"),),
    ),
    "by levels, bounded, weighted": (
        "y | weights(w) ~ 0 + f + x + (0 + x + z | gr(g, by=by_g))",
        "student",
        (
            prior("normal(0, 1)", "b", lb=-1),
            prior("student_t(3, 0, 2)", "b", coef="x", ub=9),
            prior("gamma(2, 1)", "sd", ub=20),
            prior("exponential(1)", "sd", group="g", coef="z"),
        ),
    ),
    "counts": (bf("count ~ x + (1 | g) + offset(shift)", shape="z"), "negbinomial", ()),
    "weighted trials": ("hits | trials(tries) + weights(w) ~ x + (1 | g)", "binomial", ()),
    "category-specific": (
        bf("grade ~ f + cs(x * z) + (1 + cs(x) | g) + (1 | k)", disc="0 + z"),
        "sratio",
        (),
    ),
    "category-specific, adjacent": ("grade ~ cs(x) + (cs(1) || g)", "acat", ()),
    "thresholds of groups that add up to zero": (
        "grade | thres(gr=f) ~ x + (1 | g)",
        family("cumulative", threshold="sum_to_zero"),
        (),
    ),
    "thresholds of groups": ("grade | thres(gr=f) ~ x + (1 + x | g)", "cumulative", ()),
    "thresholds of groups, in steps": (
        bf("grade | thres(gr=f) ~ x + (1 | g)", disc="0 + z"),
        "acat",
        (prior("normal(0, 1)", "Intercept"), prior("normal(2, 3)", "Intercept", group="b")),
    ),
    "ordered categories": (bf("grade ~ x * f + (1 + x | g)", disc="0 + z"), "cumulative", ()),
    "thresholds with priors of their own": (
        "grade ~ 1 + (1 | g)",
        "cumulative",
        (prior("normal(0, 1)", "Intercept"), prior("normal(2, 3)", "Intercept", coef="3")),
    ),
    "inflated": (
        bf("count ~ x + (1 | i | g)", shape="x", zi="z + (1 | i | g)"),
        "zero_inflated_negbinomial",
        (),
    ),
    "hurdle": (bf("amount | weights(w) ~ x + (1 | g)", hu="z"), "hurdle_gamma", ()),
    "hazards": ("z | cens(known, end) + bhaz(df=6) + weights(w) ~ x + (1 | g)", "cox", ()),
    "hazards of late entries": (
        "z | cens(flag) + trunc(lb=entry) ~ x * f",
        "cox",
        (prior("dirichlet(3)", "sbhaz"),),
    ),
    "hazards of strata": (
        "z | cens(known, end) + bhaz(gr=by_g, df=4) ~ x + (1 | g)",
        "cox",
        (prior("dirichlet(c(1, 2, 3, 4))", "sbhaz"),),
    ),
    "hazards between bounds": ("z | trunc(lb=entry, ub=2.01) ~ x", "cox", ()),
    "censored": ("z | cens(known, end) ~ x + (1 | g)", "lognormal", ()),
    "censored counts": ("few | cens(known, later) + rate(z) ~ x + (1 | g)", "poisson", ()),
    "censored trials": ("goals | trials(shots) + cens(flag) ~ x", "beta_binomial", ()),
    "truncated counts": (bf("few | trunc(ub=30) + weights(w) ~ x", shape="z"), "com_poisson", ()),
    "truncated trials": ("goals | trials(shots) + trunc(ub=shots) ~ x", "binomial", ()),
    "truncated hurdle": ("few | trunc(lb=0) ~ x + (1 | g)", "hurdle_poisson", ()),
    "censored inflated": ("few | cens(flag) ~ x", "zero_inflated_poisson", ()),
    "truncated": ("z | trunc(lb=0.5, ub=9) + weights(w) ~ x + (1 | g)", "gaussian", ()),
    "student effects": (
        bf(
            'y ~ x + (1 + x | i | gr(g, dist="student", by=by_g))',
            sigma='1 + (1 | i | gr(g, dist="student", by=by_g))',
        ),
        "gaussian",
        (prior("gamma(3, 0.2)", "df", group="g"),),
    ),
    "known covariances": ("y ~ x + (1 + x | gr(g, cov=A, by=by_g)) + (1 | k)", "gaussian", ()),
    "weighted levels": ("count ~ x + (1 + x || gr(g, pw=of_level))", "poisson", ()),
    "related weighted student levels": (
        'y ~ x + (1 + x | gr(g, dist="student", cov=A, pw=of_level)) + (1 | gr(k, dist="student"))',
        "gaussian",
        (),
    ),
    "memberships": (
        bf(
            "y ~ x + (1 + mmc(x, z) + z | mm(g, mate, weights=[w, z], cov=A))",
            sigma="1 + (1 | mm(g, mate, cov=A))",
        ),
        "gaussian",
        (),
    ),
    "an intercept alone": (bf("y ~ 1", sigma="1"), "gaussian", ()),
    "no population": ("yes ~ 0 + (1 | g)", "bernoulli", ()),
}


def _is_derived(f: Family) -> bool:
    return isinstance(getattr(f.row, "base", f.row), DerivedRow)


BY_HAND = [f for f in FAMILIES.values() if f.row is not None and not _is_derived(f)]
DERIVED = [f.name for f in FAMILIES.values() if _is_derived(f)]
LINKS = [
    (f.name, d.name, link)
    for f in BY_HAND
    for d in (f.dpars if not hasattr(f.row, "base") else f.dpars[-1:])
    for link in d.links
]
"""Links are turned by one function for all families: derived kernels need not try each of them, nor
families with more zeros those of the family that they are made of.
"""
HOPELESS = -1e6
INSIDE = {
    **{("mu", link): 5.0 for link in ("inverse", "1/mu^2")},
    ("mu", "log"): -1.5,
    ("mu", "identity"): 0.5,
    ("sigma", "identity"): 2.0,
    **{(share, "identity"): 0.4 for share in ("zi", "hu")},
    **{(share, "log"): -1.5 for share in ("zi", "hu")},
}
"""Intercepts at which parameters with a bounded range are in it."""


def assert_same(
    spec: ModelSpec, least: int, centre: float = 0.0, at: int = 0, largest: float = 30.0
) -> None:
    """At `least` points of finite density, ours is PyMC's up to one constant."""
    assert uncovered(spec) is None
    density = density_of(spec)
    reference = PymcDensity(spec, density.layout)
    differences, sizes = [], []
    for x in points(density.layout, (0.03, 0.3, 1.0, min(3.0, largest), largest)):
        x[at] += centre
        (logp, grad), (expected, slope) = density(x), reference(x)
        assert (logp == -np.inf) != (np.isfinite(logp) and np.isfinite(grad).all())
        if expected == -np.inf:
            # Or as good as: where PyMC's mean is rounded to 0, we have its logarithm.
            assert logp < HOPELESS
        if np.isfinite(expected) and np.isfinite(slope).all():
            differences.append(logp - expected)
            sizes.append(max(1.0, abs(expected)))
            np.testing.assert_allclose(grad, slope, rtol=1e-8, atol=1e-8 * np.abs(slope).max())
    assert len(differences) >= least
    first = differences[int(np.argmin(sizes))]
    assert np.all(np.abs(np.array(differences) - first) <= 1e-8 * np.array(sizes))


@pytest.mark.parametrize("model", MODELS)
def test_the_density_is_that_of_the_pymc_model(model: str) -> None:
    formula, name, priors = MODELS[model]
    # Of intervals and categories as narrow as 1e-9 few digits are left in either, and in PyMC's of
    # correlations that near their bounds; one of 1 to the last digit is rejected.
    narrow = ("censored", "truncated", "thresholds with priors of their own")
    narrow += ("censored counts", "censored trials", "truncated counts")
    narrow += ("a common correlation", "autocorrelations", "partial autocorrelations")
    narrow += ("residuals that decay", "processes", "residuals of places on a line")
    narrow += ("residuals of places", "smooth residuals", "smoother residuals")
    largest = 3.0 if model in narrow else 30.0
    # Long length scales leave the covariances of an exact process next to no root.
    largest = 1.0 if model.startswith("exact processes") else largest
    assert_same(spec_of(formula, name, priors), least=4, largest=largest)


@pytest.mark.parametrize(("name", "dpar", "link"), LINKS)
def test_every_link_of_every_family(name: str, dpar: str, link: str) -> None:
    rest = "1" if dpar != "mu" else "x + (1 | g)"
    others = {} if dpar == "mu" else {dpar: "x + (1 | g)"}
    spec = spec_of(bf(f"{RESPONSES[name]} ~ {rest}", **others), family(name).with_link(dpar, link))
    centre = INSIDE.get((dpar, link), 5.0 if link == "identity" else 0.0)
    if RESPONSES[name] == "count" and dpar == "mu":
        centre = 5.0 if link == "identity" else 0.0
    if name == "cumulative" and dpar == "mu":
        centre = 0.0
    # A probability without a formula is rounded where it is within 1e-9 of 1.
    largest = 3.0 if name.startswith(("hurdle", "zero")) else 30.0
    bounded = link in ("identity", "inverse") and (dpar in ("zi", "hu") or "amma" in name)
    at = build_layout(spec)[Target("", dpar).variable].start
    assert_same(spec, least=1 if bounded else 2, centre=centre, at=at, largest=largest)


@pytest.mark.parametrize("name", DERIVED)
def test_a_derived_kernel_is_the_pymc_model(name: str) -> None:
    """With a formula for every parameter, where the response is possible."""
    others = {d.name: "z" for d in FAMILIES[name].dpars[1:]}
    spec = spec_of(bf(f"{RESPONSES[name]} ~ x + (1 | g)", **others), name)
    density = density_of(spec)
    reference = PymcDensity(spec, density.layout)
    found = []
    for x in points(density.layout, (0.1, 0.3, 0.6)):
        x += _centre(spec, density.layout)
        (logp, grad), (expected, slope) = density(x), reference(x)
        if np.isfinite(expected):
            found.append((logp - expected, max(1.0, abs(expected))))
            np.testing.assert_allclose(grad, slope, rtol=1e-7, atol=1e-8 * np.abs(slope).max())
    assert len(found) >= 3
    differences, sizes = np.array(found).T
    first = differences[int(np.argmin(sizes))]
    assert np.all(np.abs(differences - first) <= 1e-8 * sizes)


def _centre(spec: ModelSpec, layout: Layout) -> np.ndarray:
    """Where intercepts are such that every response is possible."""
    centre = np.zeros(layout.n_dim)
    for dpar, value in CENTRES.get(spec.family.name, {}).items():
        name = Target("", dpar).variable
        centre[layout[name if name in layout.at else dpar].start] = value
    return centre


CENTRES = {
    "gen_extreme_value": {"mu": 2.0, "sigma": 3.0, "xi": 0.0},
    "inverse.gaussian": {"mu": 4.0},
    "shifted_lognormal": {"ndt": -3.0},
    "wiener": {"ndt": -3.0},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_gradient_is_that_of_the_log_density(name: str) -> None:
    spec = spec_of(f"{RESPONSES[name]} ~ x + (1 + x | g)", name)
    density = density_of(spec)
    x = next(points(density.layout)) + _centre(spec, density.layout)
    direction = np.random.default_rng(2).normal(size=x.size)
    step = 1e-5 * direction
    numerical = (density(x + step)[0] - density(x - step)[0]) / 2e-5
    assert numerical == pytest.approx(density(x)[1] @ direction, rel=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e6])
def test_no_number_that_isnt_one_gets_through(value: float) -> None:
    density = density_of(spec_of("count ~ x + (1 | g)", "poisson"))
    x = next(points(density.layout))
    x[0] = value
    assert density(x)[0] == -np.inf


def test_parameters_out_of_a_links_range_are_rejected() -> None:
    density = density_of(spec_of("yes ~ x", family("bernoulli", link="identity")))
    assert np.isfinite(density(np.array([0.5, 0.0]))[0])
    assert density(np.array([1.5, 0.0]))[0] == -np.inf


def test_the_callback_tells_a_sampler_to_go_on() -> None:
    density = density_of(spec_of("y ~ x"))
    x, grad, logp = np.full(3, np.nan), np.empty(3), np.empty(1)
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)
    addresses = (a.ctypes.data for a in (x, grad, logp))
    assert kind(density.address)(3, *addresses, density.data_address) > 0


def test_one_compilation_serves_all_models() -> None:
    first, second = (density_of(spec_of(f)) for f in ("y ~ x", "y ~ x * f + (1 + x | g)"))
    assert first.address == second.address
