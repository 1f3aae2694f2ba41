from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayesmix.datasets import load_dataset
from bayesmix.model import Model
from bayesmix.sampling.collect import STATS, Sampled, collect
from bayesmix.sampling.fused_nuts import sample_fused
from bayesmix.sampling.problem import Problem
from bayesmix.sampling.settings import Settings

SETTINGS = Settings(draws=300, tune=300, chains=2, random_seed=1, progressbar=False)
MODEL = Model("Reaction ~ Days + (Days | Subject)", load_dataset("sleepstudy"))
PROBLEM = Problem(MODEL.spec, lambda: MODEL.pymc)


@pytest.fixture(scope="module")
def sampled() -> Sampled:
    return sample_fused(PROBLEM, SETTINGS)


@pytest.mark.parametrize("choice", ["centered", "noncentered", "integrated"])
def test_the_sleep_study_is_that_of_lme4(choice: str) -> None:
    how = {} if choice == "integrated" else {"parametrization": choice, "marginalize": False}
    found = sample_fused(PROBLEM, replace(SETTINGS, **how)).posterior
    assert found["b"].mean((0, 1)) == pytest.approx([251.4, 10.5], abs=3)
    assert found["sd_Subject"].mean((0, 1)) == pytest.approx([26.5, 6.5], abs=3)
    assert found["sigma"].mean() == pytest.approx(25.9, abs=1)


def test_the_draws_make_a_tree(sampled: Sampled) -> None:
    tree = collect(MODEL.spec, sampled, SETTINGS)
    assert dict(tree["posterior"].sizes)["Subject"] == 18
    assert set(sampled.stats) == set(STATS)
    assert all(values.shape == (2, 300) for values in sampled.stats.values())
    assert sampled.stats["acceptance_rate"].mean() == pytest.approx(0.8, abs=0.15)


def test_the_same_seed_gives_the_same_draws(sampled: Sampled) -> None:
    again = sample_fused(PROBLEM, SETTINGS)
    for name, values in sampled.posterior.items():
        np.testing.assert_array_equal(again.posterior[name], values)
