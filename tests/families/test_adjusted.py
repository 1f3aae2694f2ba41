"""Known standard errors, rates and scaled weights: closed forms, and the engine beside PyMC."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.errors import DataError, FormulaError, PredictionError

from ..engine.models import density_of, points
from ..engine.pymc_density import PymcDensity
from ..support import fit_of, frame, without

DATA = frame().assign(e=lambda d: d["w"] / 2, time=lambda d: d["z"] * 3)


@pytest.mark.parametrize("family", ["gaussian", "student", "skew_normal"])
def test_known_errors_are_the_scale(family: str) -> None:
    fit = fit_of(bx.Model("y | se(e) ~ x + (1 | g)", DATA, family))
    assert "sigma" not in fit.idata["posterior"]
    assert "sigma" not in set(fit.model.priors["class"])
    mu = fit.posterior_linpred().to_numpy()
    p = {n: fit.posterior_epred(dpar=n).to_numpy() for n in fit.model.family.dpar_names[2:]}
    expected = bx.family(family).logp(DATA["y"], {"mu": mu, "sigma": DATA["e"], **p}, {})
    assert_allclose(fit.log_lik(), expected, rtol=1e-12)
    assert_allclose(fit.posterior_epred(dpar="sigma"), 0.0)


def test_known_errors_beside_sigma_add_up_in_squares() -> None:
    fit = fit_of(bx.Model("y | se(e, sigma=True) ~ x", DATA))
    sigma = fit.posterior_epred(dpar="sigma").to_numpy()
    law = stats.norm(fit.posterior_linpred(), np.hypot(sigma, DATA["e"]))
    assert_allclose(fit.log_lik(), law.logpdf(DATA["y"]), rtol=1e-12)


def test_responses_vary_by_their_errors_and_expectations_need_none() -> None:
    fit = fit_of(bx.Model("y | se(e) ~ x", DATA), draws=4000, b=np.full((2, 4000, 2), 0.5))
    drawn = fit.posterior_predict(random_seed=1).to_numpy()
    assert_allclose(drawn.std(axis=0), DATA["e"], rtol=0.06)
    assert fit.posterior_epred(without(DATA, "e", "y")).shape == (8000, 60)
    with pytest.raises(PredictionError, match="'e'"):
        fit.posterior_predict(without(DATA, "e"))


@pytest.mark.parametrize(
    ("family", "law"),
    [
        ("poisson", lambda mu, shape, t: stats.poisson(mu * t)),
        ("negbinomial", lambda mu, shape, t: stats.nbinom(shape * t, shape / (shape + mu))),
        ("negbinomial2", lambda mu, sigma, t: stats.nbinom(t / sigma, 1 / (1 + sigma * mu))),
        ("geometric", lambda mu, shape, t: stats.nbinom(t, 1 / (1 + mu))),
    ],
)
def test_rates_are_counts_of_a_time(family: str, law: Any) -> None:
    fit = fit_of(bx.Model("few | rate(time) ~ x + (1 | g)", DATA, family))
    mu = np.exp(fit.posterior_linpred().to_numpy())
    second = fit.model.family.dpar_names[1:]
    other = fit.posterior_epred(dpar=second[0]).to_numpy() if second else None
    time = DATA["time"].to_numpy()
    expected = law(mu, other, time)
    assert_allclose(fit.log_lik(), expected.logpmf(DATA["few"]), rtol=1e-9)
    assert_allclose(fit.posterior_epred(), mu * time, rtol=1e-12)
    drawn = fit.posterior_predict(random_seed=1).to_numpy()
    error = np.sqrt(expected.var().sum()) / drawn.size
    assert abs((drawn - expected.mean()).mean()) < 5 * error


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("y | se(e) ~ x + (1 | g)", "gaussian"),
        ("y | se(e, sigma=True) + weights(w) ~ x + (1 | g)", "student"),
        ("y | se(e, sigma=True) + cens(flag) ~ x", "gaussian"),
        ("y | se(e) + trunc(lb=-30) ~ x", "gaussian"),
        ("few | rate(time) + weights(w, scale=True) ~ x + offset(z)", "negbinomial"),
        ("few | rate(time) ~ x", "geometric"),
    ],
)
def test_the_engine_agrees_with_pymc(formula: str, family: str) -> None:
    spec = bx.Model(formula, DATA, family).spec
    engine = density_of(spec)
    pymc = PymcDensity(spec, engine.layout)
    first = None
    for x in points(engine.layout, (0.1, 0.3, 0.6)):
        (logp, grad), (expected, slope) = engine(x), pymc(x)
        first = logp - expected if first is None else first
        assert_allclose(logp - expected, first, atol=1e-7 * max(1.0, abs(expected)))
        assert_allclose(grad, slope, rtol=1e-7, atol=1e-7 * max(1.0, np.abs(slope).max()))


def test_truncated_measurements_have_the_mean_of_their_own_spread() -> None:
    fit = fit_of(bx.Model("y | se(e) + trunc(lb=-30) ~ x", DATA))
    mu = fit.posterior_linpred().to_numpy()
    law = stats.truncnorm((-30 - mu) / DATA["e"].to_numpy(), np.inf, mu, DATA["e"].to_numpy())
    assert_allclose(fit.posterior_epred(), law.mean(), rtol=1e-8)


def test_scaled_weights_have_a_mean_of_one_and_keep_the_fits_scale_in_newdata() -> None:
    plain, scaled = (
        fit_of(bx.Model(f"y | weights(w{more}) ~ x", DATA)) for more in ("", ", scale=True")
    )
    weights = scaled.model.spec.response.data.aux["weights"]
    assert_allclose(weights, DATA["w"] / DATA["w"].mean())
    assert_allclose(scaled.log_lik() / plain.log_lik(), np.full((40, 60), 1 / DATA["w"].mean()))
    some = scaled.log_lik(DATA.head(5))
    assert_allclose(some, scaled.log_lik()[:, :5])


def test_a_saved_fit_keeps_the_terms(tmp_path: Any) -> None:
    fit = fit_of(bx.Model("y | se(e, sigma=True) + weights(w, scale=True) ~ x", DATA))
    assert_allclose(bx.load(fit.save(tmp_path / "fit.nc")).log_lik(), fit.log_lik())


@pytest.mark.parametrize(
    ("formula", "family", "error", "message"),
    [
        ("y | se(x - 99) ~ x", "gaussian", DataError, r"se\(\) must be positive; it is -9.* row 0"),
        ("few | rate(x - 99) ~ x", "poisson", DataError, r"rate\(\) must be positive"),
        ("y | se(e, sigma=x) ~ x", "gaussian", FormulaError, "sigma= takes True or False"),
        ("y | se(e, scale=True) ~ x", "gaussian", FormulaError, "no option 'scale'"),
        ("few | se(e) ~ x", "poisson", FormulaError, r"'poisson' can't use se\(\)"),
        ("y | rate(time) ~ x", "gaussian", FormulaError, r"'gaussian' can't use rate\(\)"),
    ],
)
def test_terms_that_cannot_be(formula: str, family: str, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        bx.Model(formula, DATA, family)
