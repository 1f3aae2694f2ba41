"""Families of the user's own: the same as built-in ones where they say the same."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.engine import uncovered
from bayesmix.errors import DataError, FamilyError, FormulaError, PredictionError, StorageError

from ..engine.models import density_of, points
from ..engine.pymc_density import PymcDensity
from ..support import fit_of, frame


def normal(**more: Any) -> bx.Family:
    """The normal distribution, as a user would write it."""
    return bx.custom_family(
        "normal",
        dpars=["mu", "sigma"],
        links=["identity", "log"],
        lb=[None, 0],
        **{
            "density": lambda y, mu, sigma, m: -0.5 * ((y - mu) / sigma) ** 2 - m.log(sigma) - C,
            "mean": lambda mu: mu,
            "random": lambda rng, mu, sigma: rng.normal(mu, sigma),
            "log_cdf": lambda y, mu, sigma, m: m.log_ndtr((y - mu) / sigma),
            "log_sf": lambda y, mu, sigma, m: m.log_ndtr((mu - y) / sigma),
            **more,
        },
    )


C = 0.5 * np.log(2 * np.pi)


def successes() -> bx.Family:
    """Successes out of trials whose probability differs from row to row, as beta says."""

    def density(y, mu, phi, trials, m):  # type: ignore[no-untyped-def]
        a, b = mu * phi, (1 - mu) * phi
        ways = m.gammaln(trials + 1) - m.gammaln(y + 1) - m.gammaln(trials - y + 1)
        kept = m.gammaln(y + a) + m.gammaln(trials - y + b) - m.gammaln(trials + a + b)
        return ways + kept - m.gammaln(a) - m.gammaln(b) + m.gammaln(a + b)

    def random(rng, mu, phi, trials):  # type: ignore[no-untyped-def]
        return rng.binomial(trials.astype(int), rng.beta(mu * phi, (1 - mu) * phi))

    return bx.custom_family(
        "successes",
        dpars=["mu", "phi"],
        links=["logit", "log"],
        lb=[0, 0],
        ub=[1, None],
        type="int",
        support=(0, np.inf),
        density=density,
        mean=lambda mu, trials: mu * trials,
        random=random,
    )


@pytest.mark.parametrize("response", ["y", "y | cens(k0)", "y | weights(w)"])
def test_a_normal_one_has_the_density_of_gaussian_in_the_engine(response: str) -> None:
    data = frame().assign(k0=lambda d: np.resize([0, 1, -1, 0], len(d)))
    formula = bx.bf(f"{response} ~ x + (1 + x | g)", sigma="z")
    ours, theirs = (bx.Model(formula, data, f).spec for f in (normal(), "gaussian"))
    assert uncovered(ours) is None
    a, b = density_of(ours), density_of(theirs)
    first = None
    for x in points(a.layout):
        (ours_at, grad), (theirs_at, expected) = a(x), b(x)
        first = ours_at - theirs_at if first is None else first
        assert_allclose(ours_at - theirs_at, first, atol=1e-7 * max(1.0, abs(ours_at)))
        assert_allclose(grad, expected, rtol=1e-8, atol=1e-8)


def test_the_engine_agrees_with_pymc_with_trials() -> None:
    spec = bx.Model("hits | trials(tries) ~ x + (1 | g)", frame(40), successes()).spec
    engine, pymc = density_of(spec), PymcDensity(spec, density_of(spec).layout)
    points_ = list(points(engine.layout, (0.3, 1.0)))[:2]
    found = [(engine(x), pymc(x)) for x in points_]
    for (logp, grad), (expected, slopes) in found:
        assert_allclose(logp - found[0][0][0], expected - found[0][1][0], rtol=1e-8, atol=1e-7)
        assert_allclose(grad, slopes, rtol=1e-6, atol=1e-6)


def test_log_lik_is_that_of_scipy_and_predictions_are_the_users() -> None:
    fit = fit_of(bx.Model("hits | trials(tries) ~ x", frame(), successes()))
    mu, phi = fit.posterior_epred(dpar="mu"), fit.posterior_epred(dpar="phi").to_numpy()
    n, y = frame()["tries"].to_numpy(), frame()["hits"].to_numpy()
    law = stats.betabinom(n, mu.to_numpy() * phi, (1 - mu.to_numpy()) * phi)
    assert_allclose(fit.log_lik(), law.logpmf(y), rtol=1e-9)
    assert_allclose(fit.posterior_epred(), mu.to_numpy() * n, rtol=1e-12)
    drawn = fit.posterior_predict(random_seed=1)
    assert drawn.dtype == np.int64
    assert ((drawn.to_numpy() >= 0) & (drawn.to_numpy() <= n)).all()


def test_what_was_not_given_is_missed_by_name() -> None:
    fit = fit_of(bx.Model("y ~ x", frame(), normal(mean=None, random=None)))
    with pytest.raises(PredictionError, match="without mean="):
        fit.posterior_epred()
    with pytest.raises(PredictionError, match="without random="):
        fit.posterior_predict()


def test_parameters_beyond_their_bounds_have_no_density() -> None:
    assert normal().logp(np.array([1.0]), {"mu": 0.0, "sigma": -1.0}, {})[0] == -np.inf


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"density": lambda y, mu, m: np.log(y)}, "functions of m"),
        ({"density": lambda y, mu, m: mu if mu > 0 else -mu}, r"m\.where"),
        ({"density": lambda y, mu, sigm, m: y}, "asks for 'sigm'.*Did you mean 'sigma'"),
        ({"dpars": ["sigma", "mu"]}, "first parameter .* 'mu'"),
        ({"links": ["identity", "lgo"]}, "no link 'lgo'"),
        ({"links": ["identity"]}, "1 values for 2 parameters"),
        ({"type": "count"}, '"real" or "int"'),
        ({"name": "my family"}, "is a word"),
    ],
)
def test_what_cannot_be_a_family(change: dict[str, Any], message: str) -> None:
    options = {
        "name": "normal",
        "dpars": ["mu", "sigma"],
        "links": "identity",
        "density": lambda y, mu, sigma, m: -m.abs(y - mu) / sigma,
    }
    with pytest.raises(FamilyError, match=message):
        bx.custom_family(**{**options, **change})


def test_responses_are_checked() -> None:
    data = frame().assign(half=lambda d: d["hits"] + 0.5)
    with pytest.raises(DataError, match="whole numbers"):
        bx.Model("half | trials(tries) ~ x", data, successes())
    with pytest.raises(DataError, match="between 0 and inf"):
        bx.Model("hits | trials(tries) ~ x", data.assign(hits=-1), successes())
    with pytest.raises(FormulaError, match=re.escape("needs trials()")):
        bx.Model("hits ~ x", data, successes())


def test_a_saved_fit_asks_for_the_family_again(tmp_path: Any) -> None:
    family = normal()
    fit = fit_of(bx.Model("y ~ x", frame(), family))
    path = fit.save(tmp_path / "fit.nc")
    with pytest.raises(StorageError, match="family=normal"):
        bx.load(path)
    with pytest.raises(StorageError, match="This is 'successes'"):
        bx.load(path, family=successes())
    again = bx.load(path, family=family)
    assert_allclose(again.log_lik(), fit.log_lik())


def test_it_samples_in_the_engine() -> None:
    fit = bx.brm("y ~ x", frame(), normal(), random_seed=1, progressbar=False, draws=300, chains=2)
    assert fit.idata["posterior"].attrs["sampler"] == "fused"
    expected = np.polyfit(frame()["x"], frame()["y"], 1)[0]
    assert abs(fit.fixef().loc["x", "Estimate"] - expected) < 0.15
