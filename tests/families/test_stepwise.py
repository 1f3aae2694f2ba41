"""Ordered categories reached step by step: the textbook formulas, the engine beside PyMC, tails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bayesmix as bx
from bayesmix.engine import uncovered
from bayesmix.errors import DataError
from bayesmix.families.links import LINKS

from ..engine.models import density_of, points, spec_of
from ..engine.pymc_density import PymcDensity
from ..support import fit_of, frame

NAMES = ("sratio", "cratio", "acat")
SOME_LINKS = ("logit", "probit", "cloglog", "loglog", "cauchit")


def by_definition(name: str, link: str, t: np.ndarray, mu: float, disc: float) -> np.ndarray:
    """Probabilities of all categories, as the papers write them."""
    inverse = LINKS[link].inverse
    if name == "sratio":
        stop = inverse(disc * (t - mu))
        return np.append(stop, 1) * np.append(1, np.cumprod(1 - stop))
    if name == "cratio":
        go = inverse(disc * (mu - t))
        return np.append(1 - go, 1) * np.append(1, np.cumprod(go))
    up = inverse(disc * (mu - t))
    weights = [np.prod(up[:k]) * np.prod(1 - up[k:]) for k in range(len(t) + 1)]
    return np.array(weights) / np.sum(weights)


@pytest.mark.parametrize("link", SOME_LINKS)
@pytest.mark.parametrize("name", NAMES)
def test_probabilities_are_those_of_the_definition(name: str, link: str) -> None:
    family = bx.family(name, link=link)
    t, mu = np.array([0.3, -0.4, 1.1]), np.array([[0.2, -0.3]])
    p = {"mu": mu, "disc": np.array([[1.5]]), "thresholds": t[None, None]}
    expected = np.stack([by_definition(name, link, t, m, 1.5) for m in mu[0]])
    assert_allclose(family.mean(p, {})[0], expected, rtol=1e-10)
    for code in (1.0, 2.0, 3.0, 4.0):
        logp = family.logp(np.full(2, code), p, {})[0]
        assert_allclose(logp, np.log(expected[:, int(code) - 1]), rtol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_far_tails_keep_their_digits(name: str) -> None:
    p = {"mu": np.array([-700.0, 700.0]), "disc": np.ones(1), "thresholds": np.array([[[0.0, 1]]])}
    logp = bx.family(name).logp(np.array([3.0, 1.0]), p, {})
    assert_allclose(logp, [[-1401.0, -1399.0 if name == "acat" else -700.0]], atol=1e-9)


@pytest.mark.parametrize("link", ["logit", "cloglog"])
@pytest.mark.parametrize("name", NAMES)
def test_the_engine_agrees_with_pymc(name: str, link: str) -> None:
    formula = bx.bf("grade ~ x + (1 + x | g)", disc="0 + z")
    spec = spec_of(formula, bx.family(name, link=link))
    assert uncovered(spec) is None
    engine = density_of(spec)
    pymc = PymcDensity(spec, engine.layout)
    first = None
    for x in points(engine.layout, (0.1, 0.3, 0.6)):
        (logp, grad), (expected, slope) = engine(x), pymc(x)
        first = logp - expected if first is None else first
        assert_allclose(logp - expected, first, atol=1e-8 * max(1.0, abs(expected)))
        assert_allclose(grad, slope, rtol=1e-7, atol=1e-8 * np.abs(slope).max())


@pytest.mark.parametrize("name", NAMES)
def test_draws_follow_the_probabilities(name: str) -> None:
    """Shares in 20,000 draws within five standard errors: one in 10^5 by chance."""
    t = np.array([0.3, -0.4, 1.1])
    wide = np.full((20000, 1), 0.2)
    p = {"mu": wide, "disc": np.ones((1, 1)), "thresholds": np.tile(t, (20000, 1, 1))}
    drawn = bx.family(name).random(np.random.default_rng(1), p, {})
    expected = by_definition(name, "logit", t, 0.2, 1.0)
    shares = np.bincount(drawn.ravel(), minlength=5)[1:] / 20000
    assert (np.abs(shares - expected) < 5 * np.sqrt(expected * (1 - expected) / 20000)).all()


@pytest.mark.parametrize("name", NAMES)
def test_predictions_and_storage(name: str, tmp_path: Any) -> None:
    made = fit_of(bx.Model("grade ~ x + (1 | g)", frame(), name))
    assert_allclose(made.posterior_epred().sum("category"), 1.0)
    assert_allclose(made.log_lik(frame().head(6)), made.log_lik()[:, :6])
    assert set(np.unique(made.posterior_predict(random_seed=1))) <= {1, 2, 3, 4}
    assert_allclose(bx.load(made.save(tmp_path / "fit.nc")).log_lik(), made.log_lik())
    assert "increasing" not in str(made.model.equation())


def test_one_category_alone() -> None:
    with pytest.raises(DataError, match="at least two categories"):
        bx.Model("one ~ x", frame().assign(one=1), "acat")


def test_prior_draws_need_no_order() -> None:
    priors = [bx.prior("normal(0, 1)", "b"), bx.prior("normal(0, 1)", "Intercept")]
    tree = bx.Model("grade ~ x", frame(), "sratio", priors).sample_prior(200, random_seed=1)
    assert (np.diff(tree["prior"]["thresholds"].to_numpy()) < 0).any()
