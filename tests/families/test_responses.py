"""What each family takes for a response, and what it can't draw."""

from __future__ import annotations

import numpy as np
import pytest

from bayesmix.errors import DataError, PredictionError
from bayesmix.families import FAMILIES

TRIALS = {"trials": np.array([5, 5, 5])}


@pytest.mark.parametrize(
    ("name", "y", "aux"),
    [
        ("gaussian", [1.5, -2.0, 0.0], {}),
        ("gaussian", [1, 2, 3], {}),
        ("student", [1.5, -2.0, 0.0], {}),
        ("bernoulli", [0, 1, 1], {}),
        ("bernoulli", [0.0, 1.0, 1.0], {}),
        ("bernoulli", [False, True, True], {}),
        ("binomial", [0, 5, 3], TRIALS),
        ("poisson", [0, 10**6, 3], {}),
        ("negbinomial", [0.0, 7.0, 3.0], {}),
    ],
)
def test_possible_responses(name, y, aux):
    FAMILIES[name].check(np.array(y), aux)


@pytest.mark.parametrize(
    ("name", "y", "aux", "message"),
    [
        ("gaussian", [1.5, np.nan, 0.0], {}, "must be finite numbers. Row 1 has nan."),
        ("student", [1.5, 1.0, -np.inf], {}, "must be finite numbers. Row 2 has -inf."),
        ("gaussian", ["a", "b", "c"], {}, "'gaussian' must be numbers"),
        ("poisson", [3, -1, -2], {}, r"0 or larger. Row 1 \(and 1 more\) has -1."),
        ("poisson", [3, 1, 2.5], {}, "whole numbers, 0 or larger. Row 2 has 2.5."),
        ("negbinomial", [3, 1, 2.5], {}, "whole numbers, 0 or larger. Row 2 has 2.5."),
        ("bernoulli", [0, 1, 2], {}, r"use family 'binomial' with trials\(\). Row 2 has 2."),
        ("bernoulli", [0, 1, 0.5], {}, r"0 or 1 \(or False or True\). Row 2 has 0.5."),
        ("binomial", [0, 6, 1], TRIALS, r"larger than its trials\(\). Row 1 has 6."),
        ("binomial", [0, -1, 1], TRIALS, "0 or larger. Row 1 has -1."),
        ("binomial", [0, 0, 0], {"trials": np.array([1, 1, 0])}, "1 or larger. Row 2 has 0."),
        ("binomial", [0, 0, 0], {"trials": np.array([1, 1.5, 1])}, "trials.* Row 1 has 1.5."),
    ],
)
def test_impossible_responses(name, y, aux, message):
    with pytest.raises(DataError, match=message):
        FAMILIES[name].check(np.array(y), aux)


@pytest.mark.parametrize("name", FAMILIES)
def test_rows_are_named_by_their_labels(name):
    y = np.array([0.0, np.nan, 1.0])
    with pytest.raises(DataError, match="Row second has nan"):
        FAMILIES[name].check(y, TRIALS, ["first", "second", "third"])


@pytest.mark.parametrize(
    ("name", "dpars", "message"),
    [
        ("gaussian", {"mu": np.inf, "sigma": 1.0}, "mu = inf"),
        ("gaussian", {"mu": 0.0, "sigma": -1.0}, "sigma = -1 .*lie between 0 and inf"),
        ("student", {"mu": 0.0, "sigma": 1.0, "nu": 0.0}, "nu = 0"),
        ("bernoulli", {"mu": 1.2}, "mu = 1.2 .*between 0 and 1"),
        ("binomial", {"mu": np.nan}, "mu = nan"),
        ("poisson", {"mu": np.array([1.0, 1e19, np.inf])}, r"mu = 1e\+19 \(2 of 3 values\)"),
        ("negbinomial", {"mu": 1e19, "shape": 1.0}, r"mu = 1e\+19"),
        ("negbinomial", {"mu": np.full(50, 8e18), "shape": 0.1}, "gamma distributed mean"),
        ("negbinomial", {"mu": 1.0, "shape": 0.0}, "shape = 0"),
    ],
)
def test_parameters_that_nothing_can_be_drawn_from(name, dpars, message):
    dpars = {k: np.asarray(v) for k, v in dpars.items()}
    with pytest.raises(PredictionError, match=message):
        FAMILIES[name].random(np.random.default_rng(1), dpars, TRIALS)


@pytest.mark.parametrize(
    ("name", "dpars"),
    [
        ("poisson", {"mu": 1e18}),
        ("negbinomial", {"mu": 1e3, "shape": 1e12}),
        ("negbinomial", {"mu": 1e3, "shape": 1e-300}),
        ("poisson", {"mu": 0.0}),
    ],
)
def test_extreme_counts_can_be_drawn(name, dpars):
    y = FAMILIES[name].random(np.random.default_rng(1), dpars, {})
    assert 0 <= y <= 1.1 * dpars["mu"] + 200
