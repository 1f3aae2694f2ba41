"""Mixtures: the density is that of scipy's components, and so are moments, tails and draws."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.errors import FamilyError
from bayesmix.families import Family
from bayesmix.families.maths import NUMPY
from bayesmix.families.mixture import memberships

from .test_densities import CASES, IDS

NORMALS = {"mu1": -1.0, "sigma1": 0.5, "mu2": 2.0, "sigma2": 1.5}
SHARES = np.array([0.3, 0.7])
NOTHING: dict[str, np.ndarray] = {}


def ready(family: Family, y: np.ndarray, *predicted: str) -> Family:
    """For a response, with formulas of some parameters."""
    made = family.for_response(np.asarray(y, float), None, {})
    return made.predicted(made, frozenset(predicted))


def normals(y: np.ndarray) -> list[np.ndarray]:
    return [stats.norm(-1, 0.5).pdf(y), stats.norm(2, 1.5).pdf(y)]


def test_a_mixture_of_normals() -> None:
    y = np.linspace(-6, 8, 41)
    family = ready(bx.mixture("gaussian", "gaussian"), y)
    p = NORMALS | {"theta": SHARES}
    expected = np.log(SHARES @ normals(y))
    assert_allclose(family.logp(y, p, NOTHING), expected, rtol=1e-12)
    assert_allclose(family.mean({k: np.array(v) for k, v in p.items()}, NOTHING), 1.1)
    below = SHARES @ [stats.norm(-1, 0.5).cdf(y), stats.norm(2, 1.5).cdf(y)]
    maths = NUMPY
    assert_allclose(np.exp(family.log_cdf(y, p, NOTHING, maths)), below, rtol=1e-12)
    assert_allclose(np.exp(family.log_sf(y, p, NOTHING, maths)), 1 - below, atol=1e-14)


def test_a_mixture_of_poissons_whose_shares_are_a_softmax() -> None:
    y = np.arange(30.0)
    family = ready(bx.mixture("poisson", nmix=3), y, "theta1", "theta3")
    assert family.vectors == () and family.dpar("theta2").fixed == 0
    etas = {"theta1": -0.4, "theta3": 1.2}
    p = family.complete({}, {"mu1": 0.0, "mu2": 1.0, "mu3": 2.5} | etas)
    weights = np.exp([-0.4, 0.0, 1.2])
    each = [stats.poisson(np.exp(eta)).pmf(y) for eta in (0.0, 1.0, 2.5)]
    assert_allclose(family.logp(y, p, NOTHING), np.log(weights / weights.sum() @ each), rtol=1e-11)


def test_far_out_a_density_keeps_its_digits() -> None:
    y = np.array([-60.0, 200.0])
    family = ready(bx.mixture("gaussian", nmix=2), y)
    logs = [stats.norm(-1, 0.5).logpdf(y), stats.norm(2, 1.5).logpdf(y)]
    expected = np.logaddexp(*(np.log(SHARES)[:, None] + logs))
    assert_allclose(family.logp(y, NORMALS | {"theta": SHARES}, NOTHING), expected, rtol=1e-12)


def test_shares_that_are_numbers() -> None:
    family = bx.mixture("gaussian", nmix=2).settled({"theta1": 1.0, "theta2": 3.0}, {})
    family = ready(family, np.zeros(1))
    y = np.array([0.2, 3.0])
    expected = np.log([0.25, 0.75] @ np.array(normals(y)))
    assert_allclose(family.logp(y, family.complete(NORMALS, {}), NOTHING), expected, rtol=1e-12)


@pytest.mark.parametrize(("name", "dpars", "aux", "law"), CASES, ids=IDS)
def test_each_family_mixed_with_itself_is_itself(name, dpars, aux, law) -> None:
    y = np.arange(2.0) if name == "bernoulli" else law.ppf([0.2, 0.5, 0.7])
    made = bx.mixture(name, nmix=2)
    family = made.predicted(made.for_response(y, None, aux), frozenset())
    p = {f"{d}{k}": np.full((5, len(y)), v) for k in (1, 2) for d, v in dpars.items()}
    p |= {"theta": np.broadcast_to(SHARES, (5, 1, 2))}
    expected = law.logpmf(y) if family.discrete else law.logpdf(y)
    assert_allclose(family.logp(y, p, aux)[0], expected, rtol=1e-11)
    assert family.random(np.random.default_rng(1), p, aux).shape == (5, len(y))
    assert family.row is not None


def test_draws_are_of_the_component_first() -> None:
    family = ready(bx.mixture("gaussian", "student"), np.zeros(1))
    p = {"mu1": -20.0, "sigma1": 1.0, "mu2": 20.0, "sigma2": 1.0, "nu2": 5.0}
    p = {k: np.full((2, 20_000), v) for k, v in p.items()}
    p["theta"] = np.array([[[0.3, 0.7]], [[0.9, 0.1]]])
    drawn = family.random(np.random.default_rng(1), p, NOTHING)
    assert_allclose((drawn > 0).mean(axis=1), [0.7, 0.1], atol=0.015)
    assert stats.kstest(drawn[0][drawn[0] < 0], stats.norm(-20, 1).cdf).pvalue > 0.01


def test_whole_numbers_stay_whole() -> None:
    family = ready(bx.mixture("poisson", "negbinomial"), np.zeros(1))
    p = {"mu1": np.full(9, 2.0), "mu2": np.full(9, 9.0), "shape2": np.full(9, 3.0)}
    drawn = family.random(np.random.default_rng(1), p | {"theta": SHARES}, NOTHING)
    assert family.discrete and drawn.dtype.kind == "i"


def test_memberships_are_bayes_rule() -> None:
    y = np.array([-2.0, 0.0, 0.5, 4.0])
    family = ready(bx.mixture("gaussian", nmix=2), y)
    joint = SHARES[:, None] * normals(y)
    p = NORMALS | {"theta": SHARES}
    assert_allclose(memberships(family, y, p, NOTHING), (joint / joint.sum(axis=0)).T, rtol=1e-12)
    above = [s * stats.norm(m, d).sf(y) for s, m, d in ((0.3, -1, 0.5), (0.7, 2, 1.5))]
    known = {"cens": np.ones(4)}
    expected = (above / np.sum(above, axis=0)).T
    assert_allclose(memberships(family, y, p, known), expected, rtol=1e-12)


def test_what_components_are_called() -> None:
    family = bx.mixture("gaussian", "student", nmix=[1, 2])
    names = ("mu1", "sigma1", "mu2", "sigma2", "nu2", "mu3", "sigma3", "nu3")
    assert family.dpar_names == (*names, "theta1", "theta2", "theta3")
    assert family.main == ("mu1", "mu2", "mu3") and family.option("order") == "none"
    assert repr(family).startswith("<family mixture of gaussian, student, student (mu1: identity")
    assert bx.family(family, link_sigma1="identity").link("sigma1").name == "identity"
    assert pickle.loads(pickle.dumps(family)) == family


def test_the_order_is_that_of_brms() -> None:
    assert bx.mixture("gaussian", nmix=2).option("order") == "mu"
    assert bx.mixture("gaussian", nmix=2, order="none").option("order") == "none"
    assert bx.mixture("gaussian", "student", order="mu").in_order


BAD = {
    "at least two": ("gaussian",),
    "whole numbers or of real ones: 'poisson' can't be mixed with 'gaussian'": (
        "poisson",
        "gaussian",
    ),
    "'cumulative' can't be part of a mixture: its responses are categories": ("cumulative",) * 2,
    "'categorical' can't be part of a mixture: its responses are categories": ("categorical",) * 2,
    "'dirichlet' can't be part of a mixture: its responses have several columns": (
        "dirichlet",
        "Beta",
    ),
    "'cox' can't be part of a mixture: its baseline": ("cox", "Gamma"),
    "There is no family 'gausian'": ("gausian", "student"),
}


@pytest.mark.parametrize("message", BAD)
def test_what_cannot_be_mixed(message: str) -> None:
    with pytest.raises(FamilyError, match=message):
        bx.mixture(*BAD[message])


def test_what_cannot_be_told() -> None:
    with pytest.raises(FamilyError, match="order= of family 'mixture' is one of 'mu', 'none'"):
        bx.mixture("gaussian", nmix=2, order="sigma")
    with pytest.raises(FamilyError, match="nmix is a positive whole number, or one for each of 1"):
        bx.mixture("gaussian", nmix=0)
    with pytest.raises(FamilyError, match="list all components at once"):
        bx.mixture(bx.mixture("gaussian", nmix=2), "student")


def test_shares_that_cannot_be() -> None:
    three = bx.mixture("gaussian", nmix=3)
    with pytest.raises(FamilyError, match="All shares of the components but one have a formula"):
        ready(three, np.zeros(1), "theta1")
    with pytest.raises(FamilyError, match="Either all shares of the components are numbers"):
        ready(three.settled({"theta1": 1.0}, {}), np.zeros(1))
    numbers = {"theta1": 1.0, "theta2": 0.0, "theta3": 2.0}
    with pytest.raises(FamilyError, match="must be positive"):
        ready(three.settled(numbers, {}), np.zeros(1))
    with pytest.raises(FamilyError, match="can't be tied"):
        ready(three.settled({}, {"theta1": "theta2"}), np.zeros(1))
