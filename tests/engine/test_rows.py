from __future__ import annotations

import numpy as np
import pytest

from bayesmix.families import FAMILIES
from bayesmix.families.maths import NUMPY

from ..support import frame
from .models import RESPONSES

DATA = frame(40)
TO_NATURAL = {
    "natural": lambda v: v,
    "log": np.exp,
    "odds": lambda v: 1 / (1 + np.exp(-v)),
}


def _case(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Responses, trials, and values of the dpars on the scales of the kernel."""
    y = DATA[RESPONSES[name].split()[0]].to_numpy(float)
    values = np.random.default_rng(3).normal(size=(len(FAMILIES[name].dpars), len(y)))
    for k, d in enumerate(FAMILIES[name].dpars):
        if d.lower == 1.0:
            values[k] = 1.0 + np.exp(2 * values[k])
    if name in ("gen_extreme_value", "shifted_lognormal", "wiener"):
        # Where the responses are possible.
        values[0], values[1:] = y + values[0] / 9, np.abs(values[1:]) / 9
    return y, DATA["tries"].to_numpy(float), values


def _rows(name: str, y: np.ndarray, trials: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Log densities and derivatives, by row."""
    row = FAMILIES[name].row
    aux = [trials] * len(row.takes)
    return np.array([row.function(*given) for given in zip(y, *aux, *values, strict=True)])


def _logp(name: str, y: np.ndarray, trials: np.ndarray, values: np.ndarray) -> np.ndarray:
    fam = FAMILIES[name]
    natural = [TO_NATURAL[s](v) for s, v in zip(fam.row.scales, values, strict=True)]
    aux = dict.fromkeys(("trials", "dec"), trials)
    return fam.logp(y, dict(zip(fam.dpar_names, natural, strict=True)), aux)


MADE = [name for name, f in FAMILIES.items() if f.row is not None]
OF_SCALARS = [name for name in MADE if FAMILIES[name].row.shared is None]


@pytest.mark.parametrize("name", OF_SCALARS)
def test_a_row_has_the_familys_log_density_up_to_what_the_data_say(name: str) -> None:
    y, trials, values = _case(name)
    other = values + 0.5
    ours = _rows(name, y, trials, values)[:, 0] - _rows(name, y, trials, other)[:, 0]
    theirs = _logp(name, y, trials, values) - _logp(name, y, trials, other)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", OF_SCALARS)
def test_a_row_has_the_derivatives_of_its_log_density(name: str) -> None:
    y, trials, values = _case(name)
    slopes = _rows(name, y, trials, values)[:, 1:].T
    for k, slope in enumerate(slopes):
        step = np.zeros((len(values), 1))
        step[k] = 1e-6
        up, down = (_logp(name, y, trials, values + h) for h in (step, -step))
        np.testing.assert_allclose(slope, (up - down) / 2e-6, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", [n for n in OF_SCALARS if FAMILIES[n].row.below is not None])
@pytest.mark.parametrize("tail", ["below", "above"])
def test_a_tail_has_its_value_and_derivatives(name: str, tail: str) -> None:
    y, _, values = _case(name)
    function = getattr(FAMILIES[name].row, tail)
    known = {"below": FAMILIES[name].log_cdf, "above": FAMILIES[name].log_sf}[tail]
    steps = 1e-6 * np.eye(len(values))
    for at, own in zip(y, values.T, strict=True):
        value, *slopes = function(at, *own)
        scales = zip(FAMILIES[name].dpar_names, FAMILIES[name].row.scales, own, strict=True)
        p = {dpar: np.array(TO_NATURAL[scale](v)) for dpar, scale, v in scales}
        with np.errstate(all="ignore"):
            expected = known(np.array(at), p, {}, NUMPY)
        np.testing.assert_allclose(np.exp(value), np.exp(expected), rtol=1e-9, atol=1e-12)
        if -30.0 < value < -1e-6:
            by_steps = [function(at, *(own + h))[0] - function(at, *(own - h))[0] for h in steps]
            np.testing.assert_allclose(slopes, np.array(by_steps) / 2e-6, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", MADE)
def test_there_is_a_scale_for_each_dpar(name: str) -> None:
    fam = FAMILIES[name]
    assert len(fam.row.scales) == len(fam.dpars)
    assert set(fam.row.scales) <= set(TO_NATURAL)


@pytest.mark.parametrize("odds", [-800.0, -40.0, 40.0, 800.0])
def test_probabilities_near_0_and_1_keep_their_digits(odds: float) -> None:
    logp, slope = FAMILIES["bernoulli"].row.function(float(odds < 0), odds)
    assert logp == pytest.approx(-abs(odds), rel=1e-15)
    assert slope == pytest.approx(-np.sign(odds), rel=1e-15)


@pytest.mark.parametrize("log_shape", [-20.0, 0.0, 18.0, 40.0])
def test_negative_binomial_counts_of_a_million_at_any_shape(log_shape: float) -> None:
    y, log_mu = np.array([1e6, 1e6]), np.array([13.0, 14.0])
    row = FAMILIES["negbinomial"].row.function
    ours = [row(1e6, float(value), log_shape)[0] for value in log_mu]
    dpars = {"mu": np.exp(log_mu), "shape": np.exp(np.full(2, log_shape))}
    theirs = FAMILIES["negbinomial"].logp(y, dpars, {})
    assert ours[1] - ours[0] == pytest.approx(theirs[1] - theirs[0], rel=1e-9, abs=1e-9)
