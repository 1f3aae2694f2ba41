from __future__ import annotations

import math

import numpy as np
import pymc as pm
import pytensor
import pytest

from bayesmix.errors import PriorError
from bayesmix.priors.distributions import FLAT, Distribution
from bayesmix.priors.parsing import parse_distribution
from bayesmix.priors.register import register
from bayesmix.priors.table import Resolved

INF = math.inf

CASES = [
    ("normal(1, 2)", -INF, INF),
    ("normal(0, 2)", 0.0, INF),
    ("normal(1, 2)", 0.0, INF),
    ("normal(0, 2)", 0.1, 2.0),
    ("std_normal()", -INF, INF),
    ("std_normal()", 0.0, INF),
    ("student_t(3, 1, 2)", -INF, INF),
    ("student_t(3, 0, 2.5)", 0.0, INF),
    ("student_t(3, 1, 2)", 0.0, INF),
    ("student_t(3, 0, 2)", -INF, 2.0),
    ("cauchy(1, 2)", -INF, INF),
    ("cauchy(0, 2)", 0.0, INF),
    ("cauchy(1, 2)", 0.2, INF),
    ("double_exponential(1, 2)", -INF, INF),
    ("double_exponential(0, 2)", 0.0, INF),
    ("logistic(1, 2)", -INF, INF),
    ("logistic(0, 1)", 0.0, INF),
    ("gumbel(1, 2)", -INF, INF),
    ("gumbel(1, 2)", 0.0, INF),
    ("skew_normal(0.3, 0.8, 2.5)", -INF, INF),
    ("scaled_inv_chi_square(4, 1.5)", 0.0, INF),
    ("rayleigh(1.5)", 0.0, INF),
    ("lognormal(0.5, 0.7)", 0.0, INF),
    ("lognormal(0.5, 0.7)", 0.2, 3.0),
    ("chi_square(4)", 0.0, INF),
    ("chi_square(4)", 0.1, INF),
    ("inv_chi_square(4)", 0.0, INF),
    ("exponential(0.5)", 0.0, INF),
    ("exponential(0.5)", 0.1, 5.0),
    ("gamma(2, 0.1)", 0.0, INF),
    ("gamma(2, 0.1)", 0.2, INF),
    ("inv_gamma(0.4, 0.3)", 0.0, INF),
    ("inv_gamma(0.4, 0.3)", 0.2, INF),
    ("weibull(2, 3)", 0.0, INF),
    ("weibull(2, 3)", 0.2, 4.0),
    ("beta(2, 3)", 0.0, 1.0),
    ("beta(2, 3)", 0.1, 0.95),
    ("uniform(0, 4)", 0.0, 4.0),
    ("uniform(-1, 4)", 0.0, 2.0),
    ("", -INF, INF),
    ("", 0.2, INF),
]
POINTS = np.array([0.25, 0.5, 0.9])


def resolved(case: tuple[str, float, float]) -> Resolved:
    text, lower, upper = case
    return Resolved(parse_distribution(text), lower, upper, "user")


@pytest.fixture(scope="module")
def log_densities() -> list[np.ndarray]:
    """PyMC's log densities of all cases at the points, from one function that isn't compiled."""
    with pm.Model():
        variables = [resolved(c).register(f"x{i}", shape=3) for i, c in enumerate(CASES)]
    outputs = [pm.logp(v, POINTS) for v in variables]
    return pytensor.function([], outputs, mode=pytensor.compile.Mode("py", None))()


@pytest.mark.parametrize("i", range(len(CASES)), ids=[f"{t} in ({a}, {b})" for t, a, b in CASES])
def test_density_in_pymc_is_our_own(log_densities, i):
    ours = resolved(CASES[i]).logpdf(POINTS)
    theirs = np.broadcast_to(log_densities[i], 3)
    # PyMC has a few constants, such as log(2), in single precision; a skew normal's multiplies x.
    if "skew" not in CASES[i][0]:
        np.testing.assert_allclose(np.diff(theirs), np.diff(ours), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(theirs, ours, atol=1e-7)


@pytest.mark.parametrize(
    ("text", "lower", "kind"),
    [
        ("student_t(3, 0, 2.5)", 0.0, "HalfStudentTRV"),
        ("normal(0, 1)", 0.0, "HalfNormalRV"),
        ("cauchy(0, 1)", 0.0, "HalfCauchyRV"),
        ("normal(1, 1)", 0.0, "TruncatedRV"),
        ("student_t(3, 0, 2.5)", -INF, "StudentTRV"),
    ],
)
def test_uses_pymcs_own_form_where_there_is_one(text, lower, kind):
    with pm.Model():
        variable = register(parse_distribution(text), "x", lower)
    assert type(variable.owner.op).__name__.replace("TruncatedNormalRV", "TruncatedRV") == kind


def test_takes_dims():
    with pm.Model(coords={"coef": ["a", "b"]}) as model:
        register(Distribution("normal", (0, 1)), "b", dims="coef")
    assert model.named_vars_to_dims["b"] == ("coef",)


@pytest.mark.parametrize(("lower", "upper"), [(2.0, INF), (-INF, -2.0), (3.0, 3.5)])
def test_a_bounded_flat_prior_starts_inside(lower, upper):
    with pm.Model(coords={"coef": ["a", "b"]}) as model:
        made = [
            register(FLAT, "one", lower, upper),
            register(FLAT, "some", lower, upper, shape=3),
            register(FLAT, "named", lower, upper, dims="coef"),
        ]
    starts = [model.rvs_to_initial_values[v] for v in made]
    assert [np.shape(s) for s in starts] == [(), (3,), (2,)]
    assert all(np.all((s > lower) & (s < upper)) for s in starts)


def test_lkj_is_no_variable_of_one_number():
    with pm.Model(), pytest.raises(PriorError, match="matrices"):
        register(Distribution("lkj", (1,)), "cor")


def test_what_pymc_can_not_truncate_has_its_density_as_a_potential():
    prior = resolved(("skew_normal(0.3, 0.8, -1)", 0.0, INF))
    with pm.Model() as model:
        variable = prior.register("x", shape=3)
    value = model.rvs_to_values[variable]
    logp = model.logp(jacobian=False)
    theirs = pytensor.function([value], logp, mode=pytensor.compile.Mode("py", None))
    assert float(theirs(np.log(POINTS))) == pytest.approx(prior.logpdf(POINTS).sum(), rel=1e-7)


def test_shares_and_constants():
    with pm.Model(coords={"part": ["a", "b", "c"]}) as model:
        register(Distribution("dirichlet", (2.0,)), "simplex", dims="part")
        fixed = register(Distribution("constant", (2.5,)), "fixed", shape=2)
    assert [v.name for v in model.free_RVs] == ["simplex"]
    np.testing.assert_array_equal(fixed.eval(), [2.5, 2.5])
