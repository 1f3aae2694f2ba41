import numpy as np
import pytest

from bayesmix.errors import SamplingError
from bayesmix.randomness import seed_sequence
from bayesmix.sampling import Settings
from bayesmix.sampling.settings import seed_number

UNUSABLE = {
    "draws": [0, -5, 2.5, True, "100", None],
    "tune": [-1, 1.0, False, None],
    "chains": [0, -1, 4.0, True],
    "cores": [0, -2, 1.5, True],
    "target_accept": [0, 1, 1.2, -0.1, float("nan"), "0.8", True, None],
    "progressbar": [1, "yes", None],
    "random_seed": [-1, 1.5, "seed", True, np.random.RandomState(1), [1.5]],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in UNUSABLE.items() for v in vs])
def test_an_unusable_setting_is_named(name, value):
    with pytest.raises(SamplingError, match=name):
        Settings(**{name: value})


def test_numpy_numbers_are_numbers():
    settings = Settings(np.int64(5), np.int32(0), np.int64(1), np.int64(1), np.uint64(3))
    assert settings.draws == 5
    assert Settings(target_accept=np.float32(0.5)).target_accept == 0.5


@pytest.mark.parametrize("make", [lambda: 7, np.uint8(7).__int__, lambda: np.int64(7), lambda: [7]])
def test_equal_seeds_are_equal(make):
    assert seed_number(make()) == seed_number(7)


def test_a_seed_sequence_is_not_used_up():
    seed = np.random.SeedSequence(7)
    assert seed_number(seed) == seed_number(seed) == seed_number(7)


def test_a_generator_moves_on():
    a, b = np.random.default_rng(7), np.random.default_rng(7)
    first = seed_number(a)
    assert first == seed_number(b)
    assert first != seed_number(a)


def test_checking_the_settings_leaves_a_generator_alone():
    a, b = np.random.default_rng(7), np.random.default_rng(7)
    assert seed_number(Settings(random_seed=a).random_seed) == seed_number(b)


def test_no_seed_is_fresh():
    assert seed_sequence(None, SamplingError).entropy != seed_sequence(None, SamplingError).entropy


def test_seed_numbers_fit_into_30_bits():
    assert all(0 <= seed_number(i) < 2**30 for i in range(200))
