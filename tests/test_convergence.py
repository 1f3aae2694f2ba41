import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy.signal import lfilter

from bayesmix import convergence
from bayesmix.convergence import diagnose

AXES = {"chain_axis": 0, "draw_axis": 1}


def kinds_of_chains(chains, draws):
    rng = np.random.default_rng(4)
    z = rng.normal(size=(8, chains, draws))
    kinds = [
        z[0],
        lfilter([1], [1, -0.9], z[1]),
        lfilter([1], [1, 0.7], z[2]),
        np.round(z[3]),
        np.where(z[4] > 1, z[4], 0.0),
        z[5] + 3 * np.arange(chains)[:, None],
        np.cumsum(z[6], axis=1),
        np.exp(5 * z[7]),
        rng.standard_cauchy((chains, draws)),
    ]
    return np.stack(kinds, axis=-1)


@pytest.mark.parametrize(("chains", "draws"), [(4, 1000), (2, 501), (4, 10), (3, 7), (2, 6)])
def test_the_numbers_are_those_of_arviz(chains, draws):
    values = kinds_of_chains(chains, draws)
    found = diagnose(values)
    tail = array_stats.ess(values, method="tail", prob=(0.05, 0.95), **AXES)
    np.testing.assert_allclose(found["Rhat"], array_stats.rhat(values, **AXES), rtol=1e-12)
    np.testing.assert_allclose(found["Bulk_ESS"], array_stats.ess(values, **AXES), rtol=1e-12)
    np.testing.assert_allclose(found["Tail_ESS"], tail, rtol=1e-12)


def test_the_effective_size_of_an_autoregression_is_the_known_one():
    rho = 0.6
    z = np.random.default_rng(1).normal(size=(8, 4000, 3))
    found = diagnose(lfilter([1], [1, -rho], z, axis=1)[:, 100:])
    known = 8 * 3900 * (1 - rho) / (1 + rho)
    np.testing.assert_allclose(found["Bulk_ESS"], known, rtol=0.1)


def test_work_is_done_in_parts(monkeypatch):
    values = kinds_of_chains(3, 40)
    whole = diagnose(values)
    monkeypatch.setattr(convergence, "SCRATCH", 1)
    assert all(np.array_equal(whole[name], v) for name, v in diagnose(values).items())


def test_one_chain_has_an_rhat_of_its_halves():
    z = np.random.default_rng(1).normal(size=(1, 1000, 2))
    z[:, 500:, 1] += 1
    rhat = diagnose(z)["Rhat"]
    assert rhat[0] < 1.01 < 1.1 < rhat[1]


def test_chains_that_each_stand_still_have_an_infinite_rhat():
    values = np.broadcast_to(np.arange(2.0)[:, None, None], (2, 50, 1))
    assert diagnose(values)["Rhat"] == np.inf


@pytest.mark.parametrize("bad", [3.0, np.nan, np.inf])
def test_what_is_constant_or_not_finite_has_no_numbers(bad):
    values = np.random.default_rng(1).normal(size=(2, 50, 3))
    values[:, :, 1] = bad
    for numbers in diagnose(values).values():
        assert np.isnan(numbers).tolist() == [False, True, False]


def test_three_draws_say_nothing():
    values = np.random.default_rng(1).normal(size=(2, 3, 1))
    assert all(np.isnan(v).all() for v in diagnose(values).values())


def test_no_quantities_no_numbers():
    assert all(v.shape == (0,) for v in diagnose(np.zeros((2, 10, 0))).values())
