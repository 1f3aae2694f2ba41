from __future__ import annotations

import numpy as np
import pytest

from bayesmix.engine.numerics.priors import CODES, code_of, density
from bayesmix.priors.distributions import Distribution
from bayesmix.priors.laws import DISTRIBUTIONS

NUMBERS = {"uniform": (0.0, 5.0), "student_t": (3.0, 0.4, 1.5)}
DRAWN = [name for name in CODES if name not in ("flat", "constant")]


def _distribution(name: str) -> Distribution:
    size = len(DISTRIBUTIONS[name].args)
    return Distribution(name, NUMBERS.get(name, (1.7, 2.3, 0.9)[:size]))


def test_every_prior_of_one_number_has_a_law() -> None:
    assert set(CODES) == set(DISTRIBUTIONS) - {"lkj", "dirichlet"}


@pytest.mark.parametrize("name", DRAWN)
def test_log_densities_are_scipys_up_to_a_constant(name: str) -> None:
    distribution = _distribution(name)
    x = distribution.rvs(np.random.default_rng(1), 20)
    ours = np.array([density(*code_of(distribution), float(v))[0] for v in x])
    difference = ours - distribution.logpdf(x)
    np.testing.assert_allclose(difference, difference[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", DRAWN)
def test_slopes_are_derivatives(name: str) -> None:
    distribution = _distribution(name)
    for x in distribution.rvs(np.random.default_rng(2), 20):
        up, down = (distribution.logpdf(x * (1 + h)) for h in (1e-6, -1e-6))
        _, slope = density(*code_of(distribution), float(x))
        assert slope == pytest.approx(float(up - down) / (2e-6 * x), rel=1e-4, abs=1e-4)


def test_a_flat_prior_says_nothing() -> None:
    assert density(*code_of(Distribution("flat")), 3.0) == (0.0, 0.0)
