from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bayesmix.families import links
from bayesmix.families.scalar_links import (
    LINKS,
    LOG_SCALE,
    NATURAL,
    ODDS,
    is_plain,
    log_ndtr,
    value_and_slope,
)

ETAS = (0.05, 0.4, 1.0, 2.5, 6.0)
SIGNED = {"inverse", "softplus", "squareplus", "tan_half", "identity", "log1p", "logm1", "log"}


def _etas(name: str) -> tuple[float, ...]:
    unit = links.LINKS[name].odds is not None
    return (*ETAS, *(-e for e in ETAS)) if unit or name in SIGNED else ETAS


def test_there_are_no_links_but_the_families() -> None:
    assert set(LINKS) == set(links.LINKS)


@pytest.mark.parametrize("name", LINKS)
def test_the_natural_value_is_the_inverse_link(name: str) -> None:
    for eta in _etas(name):
        value, _ = value_and_slope(LINKS[name], NATURAL, eta)
        assert value == pytest.approx(float(links.LINKS[name].inverse(eta)), rel=1e-13)


@pytest.mark.parametrize("name", [n for n in LINKS if links.LINKS[n].odds is not None])
def test_log_odds_are_exact_in_both_tails(name: str) -> None:
    for eta in (*_etas(name), -30.0, 30.0, -45.0, 45.0):
        value, _ = value_and_slope(LINKS[name], ODDS, eta)
        assert value == pytest.approx(float(links.LINKS[name].log_odds(eta)), rel=1e-12)


@pytest.mark.parametrize("name", ["log", "identity", "sqrt", "softplus", "squareplus"])
def test_the_log_scale_is_the_log_of_the_natural_one(name: str) -> None:
    for eta in ETAS:
        value, _ = value_and_slope(LINKS[name], LOG_SCALE, eta)
        assert value == pytest.approx(math.log(float(links.LINKS[name].inverse(eta))), abs=1e-13)


@pytest.mark.parametrize("scale", [NATURAL, LOG_SCALE, ODDS])
@pytest.mark.parametrize("name", LINKS)
def test_slopes_are_derivatives(name: str, scale: int) -> None:
    etas = [eta for eta in (*_etas(name), -0.7, -2.0) if _has_value(name, scale, eta)]
    assert len(etas) >= LEAST.get((name, scale), 2)
    for eta in etas:
        up, down = (value_and_slope(LINKS[name], scale, eta + h)[0] for h in (1e-6, -1e-6))
        _, slope = value_and_slope(LINKS[name], scale, eta)
        assert slope == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-9)


def _has_value(name: str, scale: int, eta: float) -> bool:
    """Whether the link's value at a predictor is one of that scale, and of the link's domain."""
    value = float(links.LINKS[name].inverse(eta))
    low, high = {NATURAL: (-np.inf, np.inf), LOG_SCALE: (0.0, np.inf), ODDS: (0.0, 1.0)}[scale]
    return low < value < high and (name != "sqrt" or eta > 0)


LEAST = {("logm1", ODDS): 0}
"""Where fewer than two will do: 1 + exp(x) is no probability."""


def test_plain_links_leave_the_linear_predictor_as_it_is() -> None:
    for name, link in LINKS.items():
        for scale in (NATURAL, LOG_SCALE, ODDS):
            if is_plain(link, scale):
                assert value_and_slope(link, scale, 0.3) == (0.3, 1.0), name


def test_a_softplus_far_below_0_keeps_its_logarithm() -> None:
    assert value_and_slope(LINKS["softplus"], LOG_SCALE, -800.0) == (-800.0, 1.0)


@pytest.mark.parametrize("x", [-60.0, -31.0, -29.0, -5.0, -0.5, 0.0, 3.0, 9.0])
def test_the_normal_log_probability_and_its_slope(x: float) -> None:
    value, slope = log_ndtr(x)
    assert value == pytest.approx(stats.norm.logcdf(x), rel=1e-12)
    expected = math.exp(stats.norm.logpdf(x) - stats.norm.logcdf(x))
    assert slope == pytest.approx(expected, rel=1e-11)
