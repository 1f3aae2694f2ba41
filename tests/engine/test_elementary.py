from __future__ import annotations

import ctypes
import math
from collections.abc import Callable

import numpy as np
import pytest
from numba import types
from scipy import special

from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.numerics import elementary
from bayesmix.families import scalar

RNG = np.random.default_rng(1)
SMALL, ANY = RNG.uniform(-1, 1, 300), RNG.uniform(-700, 700, 300)
POSITIVE = 10.0 ** RNG.uniform(-300, 300, 300)
CASES = [
    ("exp", np.concatenate([SMALL, ANY])),
    ("log", np.concatenate([1 + SMALL / 2, POSITIVE, [5e-324, 1.0]])),
    ("log1p", np.concatenate([SMALL, SMALL * 1e-12, POSITIVE])),
    ("expm1", np.concatenate([SMALL, SMALL * 1e-12, ANY])),
]


@pytest.mark.parametrize(("name", "xs"), CASES)
def test_they_are_pythons_to_the_last_digits(name: str, xs: np.ndarray) -> None:
    ours = [getattr(elementary, name)(float(x)) for x in xs]
    theirs = [getattr(math, name)(float(x)) for x in xs]
    np.testing.assert_allclose(ours, theirs, rtol=6e-16, atol=0)


def _apply(x: float) -> float:
    return inner(x)


def inner(x: float) -> float:
    raise NotImplementedError


def _compiled(of: Callable[[float], float]) -> Callable[[float], float]:
    made = callback(types.float64(types.float64), _apply, inline=True, inner=of)
    return ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(made.address)


def test_compiled_limits_are_infinite_zero_or_no_number() -> None:
    exp, log = _compiled(elementary.exp), _compiled(elementary.log)
    assert (exp(-1e4), exp(1e4), exp(-math.inf), exp(math.inf)) == (0.0, math.inf, 0.0, math.inf)
    assert (log(0.0), log(math.inf)) == (-math.inf, math.inf)
    assert math.isnan(exp(math.nan)) and math.isnan(log(math.nan)) and math.isnan(log(-1.0))


@pytest.mark.parametrize("x", [*(10.0 ** np.arange(-8, 16, 2)), 9.99, 10.0, 10.01])
def test_what_stirlings_formula_leaves(x: float) -> None:
    main = (x - 0.5) * math.log(x) - x + 0.5 * math.log(2 * math.pi)
    expected = float(special.loggamma(x)) - main
    tolerance = 4e-15 * max(1.0, abs(main))
    assert scalar.stirling_rest(x) == pytest.approx(expected, rel=1e-13, abs=tolerance)
    slope = float(special.digamma(x)) - math.log(x) + 0.5 / x
    tolerance = 4e-15 * max(1.0, abs(math.log(x)), 0.5 / x)
    assert scalar.stirling_rest_slope(x) == pytest.approx(slope, rel=1e-13, abs=tolerance)


@pytest.mark.parametrize("x", [-800.0, -40.0, -3.0, -1e-9, 0.0, 0.7, 36.0, 800.0])
def test_softplus_and_sigmoid(x: float) -> None:
    assert scalar.softplus(x) == pytest.approx(np.logaddexp(0.0, x), rel=1e-15)
    assert scalar.sigmoid(x) == pytest.approx(special.expit(x), rel=1e-15)
