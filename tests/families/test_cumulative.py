"""Ordered categories: probabilities from the definition, and the engine's rows."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesmix.errors import DataError
from bayesmix.families import LINKS, family
from bayesmix.families.cumulative import ORDINAL_LINKS

Y = np.array([1.0, 2.0, 3.0, 4.0])
T = np.array([-0.7, 0.2, 1.9])
P = {"mu": np.array(0.4), "disc": np.array(1.3), "thresholds": T}


def made(link="logit", levels=None):
    return family("cumulative", link=link).for_response(Y, levels, {})


def by_definition(link, mu=0.4, disc=1.3, t=T):
    below = LINKS[link].inverse(disc * (t - mu))
    return np.diff(np.concatenate([[0.0], below, [1.0]]))


@pytest.mark.parametrize("link", ORDINAL_LINKS)
def test_probabilities(link):
    found = made(link)
    assert_allclose(np.exp(found.logp(Y, P, {})), by_definition(link), rtol=1e-12)
    assert_allclose(found.mean(P, {}), by_definition(link), rtol=1e-12)


@pytest.mark.parametrize("link", ORDINAL_LINKS)
def test_a_row_has_its_derivatives(link):
    row, x = made(link).row, np.array([0.4, np.log(1.3), *T])

    def logp(y, v):
        return np.log(by_definition(link, v[0], np.exp(v[1]), v[2:]))[int(y) - 1]

    for y in Y:
        places = [min(max(int(y) + at, 0), 2) for at in row.picked]
        value, *slopes = row.function(y, x[0], x[1], *T[places], 3.0)
        by_threshold = np.zeros(3)
        np.add.at(by_threshold, places, slopes[2:])
        assert value == pytest.approx(logp(y, x), rel=1e-11)
        steps = 1e-6 * np.eye(5)
        numerical = [(logp(y, x + h) - logp(y, x - h)) / 2e-6 for h in steps]
        assert_allclose([*slopes[:2], *by_threshold], numerical, rtol=1e-6, atol=1e-8)


def test_a_threshold_far_off_leaves_a_tiny_probability():
    p = P | {
        "mu": np.array(0.0),
        "disc": np.array(1.0),
        "thresholds": np.array([-800.0, 0.0, 40.0]),
    }
    assert_allclose(made().logp(Y, p, {})[[0, 3]], [-800.0, -40.0], rtol=1e-12)


def test_draws_have_the_probabilities():
    shape = (4000, 1)
    p = {"mu": np.full(shape, 0.4), "disc": np.full(shape, 1.3)}
    drawn = made().random(
        np.random.default_rng(1), p | {"thresholds": np.tile(T, (4000, 1, 1))}, {}
    )
    assert drawn.shape == shape
    shares = np.bincount(drawn.ravel(), minlength=5)[1:] / 4000
    assert_allclose(shares, by_definition("logit"), atol=0.03)


def test_what_hangs_on_the_response():
    found = made(levels=("low", "mid", "high"))
    assert found.outcome == ("category", ("low", "mid", "high"))
    assert found.vectors[0].labels == (1, 2)
    assert made().vectors[0].labels == (1, 2, 3)
    with pytest.raises(DataError, match="at least two categories"):
        family("cumulative").for_response(np.ones(3), None, {})
    assert pickle.loads(pickle.dumps(found)) == found
