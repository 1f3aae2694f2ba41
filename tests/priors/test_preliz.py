"""Distributions of PreliZ as priors: the real ones where it is installed, else their likes."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from bayesmix.errors import PriorError
from bayesmix.priors import prior
from bayesmix.priors.preliz import NAMES, is_preliz

HAVE = find_spec("preliz") is not None
NUMBERS: dict[str, dict[str, Any]] = {
    "Normal": {"mu": 1.0, "sigma": 2.0},
    "HalfNormal": {"sigma": 2.0},
    "StudentT": {"nu": 3.0, "mu": 1.0, "sigma": 2.0},
    "HalfStudentT": {"nu": 3.0, "sigma": 2.0},
    "Cauchy": {"alpha": 1.0, "beta": 2.0},
    "HalfCauchy": {"beta": 2.0},
    "Laplace": {"mu": 1.0, "b": 2.0},
    "Logistic": {"mu": 1.0, "s": 2.0},
    "Gumbel": {"mu": 1.0, "beta": 2.0},
    "SkewNormal": {"mu": 0.3, "sigma": 0.8, "alpha": 2.5},
    "LogNormal": {"mu": 0.5, "sigma": 0.7},
    "ChiSquared": {"nu": 4.0},
    "Exponential": {"lam": 0.5},
    "Gamma": {"alpha": 3.0, "beta": 2.0},
    "InverseGamma": {"alpha": 3.0, "beta": 2.0},
    "Weibull": {"alpha": 2.0, "beta": 3.0},
    "Beta": {"alpha": 2.0, "beta": 3.0},
    "Uniform": {"lower": -1.0, "upper": 4.0},
    "Dirichlet": {"alpha": np.array([1.0, 2.0])},
}
ONE = [name for name in NAMES if name != "Dirichlet"]


def like(name: str, **values: Any) -> Any:
    """An object that looks like one of PreliZ's."""
    made = type(name, (), {"__module__": f"preliz.distributions.{name.lower()}"})()
    made.__dict__.update(is_frozen=bool(values), **values)
    return made


def made(name: str) -> Any:
    if not HAVE:
        return like(name, **NUMBERS[name])
    import preliz

    return getattr(preliz, name)(**NUMBERS[name])


def test_every_name_is_tested():
    assert set(NUMBERS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_they_are_priors(name):
    given = prior(made(name), "x")
    assert given.lb == (0.0 if name.startswith("Half") else None) and given.ub is None
    params = given.distribution.params
    assert set(params) - {0.0} <= {float(v) for a in NUMBERS[name].values() for v in np.ravel(a)}


@pytest.mark.skipif(not HAVE, reason="PreliZ is not installed")
@pytest.mark.parametrize("name", ONE)
def test_densities_are_prelizs(name):
    given, x = prior(made(name), "x"), np.array([0.2, 0.6, 0.9])
    expected = np.log(made(name).pdf(x))
    mass = given.distribution.log_mass(-np.inf if given.lb is None else given.lb)
    np.testing.assert_allclose(given.distribution.logpdf(x) - mass, expected, rtol=1e-10)


def test_truncated_ones_have_bounds():
    inside = like("Normal", mu=0.0, sigma=1.0)
    given = prior(like("Truncated", dist=inside, lower=-1.0, upper=np.inf), "b", coef="x")
    assert str(given) == 'prior("normal(0, 1)", "b", coef=\'x\', lb=-1)'
    half = like("HalfNormal", sigma=1.0)
    given = prior(like("Truncated", dist=half, lower=None, upper=3.0), "sigma")
    assert (given.lb, given.ub) == (0.0, 3.0)


def test_bounds_that_are_given_count():
    assert prior(like("HalfNormal", sigma=1.0), "b", lb=-2).lb == -2


@pytest.mark.parametrize(
    ("value", "fragment"),
    [
        (like("Normal"), "Normal has no numbers yet"),
        (like("Kumaraswamy", a=1.0), "Kumaraswamy is no prior here"),
    ],
)
def test_what_can_not_be(value, fragment):
    with pytest.raises(PriorError, match=fragment):
        prior(value, "b")


def test_others_are_not_of_preliz():
    assert not is_preliz("normal(0, 1)")
    with pytest.raises(PriorError, match="A prior is a string"):
        prior(3.0, "b")
