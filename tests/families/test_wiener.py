"""First passages of a diffusion: densities beside many terms of the series, and random ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

from bayesmix.build import build_spec
from bayesmix.errors import DataError, FormulaError
from bayesmix.families import FAMILIES
from bayesmix.families.diffusion import first_passages, jacobi

from ..support import frame, given_fit

WIENER = FAMILIES["wiener"]
CASES = [
    ((0.0001, 0.0, 1.0, 0.5, 0), -1237.7965751558004),
    ((0.001, 20.0, 1.0, 1e-06, 0), -4.572836173195741),
    ((0.349, -1.0, 1.0, 0.999999, 1), -13.400232363319388),
    ((0.35, 2.0, 1.0, 0.3, 1), -0.10768497785683055),
    ((0.36, 2.0, 1.0, 0.3, 1), -0.17519269241538235),
    ((60.0, 0.5, 1.0, 0.8, 0), -303.3747957618126),
    ((2.0, -40.0, 3.0, 0.4, 1), -1674.2467485203697),
]
"""Time, drift, width, start and side; the log density by sixty terms with 50 digits (mpmath)."""
PLACES = [(0.0, 1.0, 0.5), (1.5, 1.2, 0.3), (-4.0, 2.0, 0.7), (0.2, 3.0, 0.05)]


def dpars(mu, bs, bias, ndt=0.0):
    return {k: np.array(v) for k, v in {"mu": mu, "bs": bs, "ndt": ndt, "bias": bias}.items()}


def mass(place, to=np.inf, sides=(0, 1), power=0):
    """The integral of the densities of some sides, times a power of the time, up to a time."""
    p, dec = dpars(*place), np.array(sides)

    def both(t):
        return t**power * np.exp(WIENER.logp(np.full(dec.size, t), p, {"dec": dec})).sum()

    return integrate.quad(both, 0, to)[0]


@pytest.mark.parametrize(("at", "expected"), CASES)
def test_the_density(at, expected):
    t, *place, dec = at
    p = dpars(*place, ndt=0.25)
    found = WIENER.logp(np.array([0.25 + t]), p, {"dec": np.array([dec])})
    assert_allclose(found, expected, rtol=1e-10)
    assert WIENER.logp(np.array([0.2]), p, {"dec": np.array([dec])})[0] == -np.inf


@pytest.mark.parametrize("place", PLACES)
def test_sides_and_times_add_up(place):
    assert_allclose(mass(place), 1.0, rtol=1e-7)
    assert_allclose(mass(place, power=1), WIENER.mean(dpars(*place), {}), rtol=1e-6)


def test_the_mean_time_of_little_drift_and_of_much():
    drift = np.array([-1e-5, 0.0, 0.9e-4, 1.1e-4, -1e3, 1e3])
    found = WIENER.mean(dpars(drift, 1.0, 0.3, 0.2), {})
    assert_allclose(found[:4] - 0.2, 0.21 * (1.0 + drift[:4] * 0.4 / 3.0), rtol=1e-8)
    assert_allclose(found[4:] - 0.2, [0.3e-3, 0.7e-3])


@pytest.mark.parametrize("place", PLACES)
def test_random_passages_follow_the_density(place):
    """Sides and three quantiles within 4.5 standard errors: by chance one in 10^4 fails."""
    n, rng = 5000, np.random.default_rng(1)
    times, upper = first_passages(rng, np.full(n, place[0]), *place[1:])
    found = [(upper.mean(), mass(place, sides=(1,)))]
    found += [((times <= at).mean(), mass(place, at)) for at in np.quantile(times, [0.1, 0.5, 0.9])]
    for share, expected in found:
        assert abs(share - expected) < 4.5 * np.sqrt(expected * (1.0 - expected) / n)


@pytest.mark.parametrize("drift", [0.0, 1.0, 3.0, 50.0])
def test_jacobi_variables_have_their_laplace_transform(drift):
    x = jacobi(np.random.default_rng(2), np.full(20000, drift))
    values = np.exp(-x)
    expected = np.exp(np.logaddexp(drift, -drift) - np.logaddexp(*_both(drift)))
    assert abs(values.mean() - expected) < 4.5 * values.std() / np.sqrt(values.size)


def _both(drift):
    root = np.sqrt(2.0 + drift**2)
    return root, -root


def test_a_formula_with_decisions():
    words = pd.Series(np.where(frame()["yes"] == 1, "upper", "lower"))
    data = frame().assign(word=words)
    for term in ("yes", "word", "flag"):
        spec = build_spec(f"z | dec({term}) ~ x", data, "wiener")
        assert_allclose(spec.response.data.aux["dec"], data["flag" if term == "flag" else "yes"])
    table = given_fit("z | dec(yes) ~ x", data, "wiener").model.priors
    rows = {row["class"]: row for _, row in table.iterrows()}
    least = f"{data['z'].min():.15g}"
    assert (rows["ndt"]["prior"], rows["ndt"]["ub"]) == (f"uniform(0, {least})", least)
    assert (rows["bs"]["prior"], rows["bias"]["prior"]) == ("gamma(1, 1)", "beta(1, 1)")


def test_predictions_of_times():
    fit = given_fit("z | dec(yes) ~ x + (1 | g)", frame(), "wiener", bias=np.full((2, 20), 0.4))
    assert (fit.posterior_predict(random_seed=1) > 0).all()
    assert fit.posterior_epred().shape == (40, 60)


@pytest.mark.parametrize(
    ("formula", "error", "message"),
    [
        ("z ~ 1", FormulaError, r"Family 'wiener' needs dec\(\)"),
        ("z | dec(k) ~ 1", DataError, r"dec\(\) must be 0 \(lower\) or 1 \(upper\)"),
        ("z | dec(h) ~ 1", DataError, r"dec\(\) has the word 'u'; it can have 'lower', 'upper'"),
        ("y | dec(yes) ~ 1", DataError, "must be positive"),
    ],
)
def test_what_is_refused(formula, error, message):
    with pytest.raises(error, match=message):
        build_spec(formula, frame(), "wiener")
