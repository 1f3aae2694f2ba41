from __future__ import annotations

import math

import pytest

from bayesmix.priors.rounding import format_number, round_as_r


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        # From R 4: the candidate nearer to the double, not to the decimal it was written as.
        (0.15, 0.1),
        (0.25, 0.2),
        (0.35, 0.3),
        (0.45, 0.4),
        (0.55, 0.6),
        (0.65, 0.7),
        (0.75, 0.8),
        (2.5, 2.5),
        (-0.15, -0.1),
        (55.55, 55.5),
        (288.65080, 288.7),
        (59.3075, 59.3),
        (1.2345678901234567e16, 1.2345678901234567e16),
    ],
)
def test_rounds_as_r_does(x, expected):
    assert round_as_r(x) == expected


def test_what_is_not_finite_stays():
    assert math.isnan(round_as_r(math.nan)) and round_as_r(math.inf) == math.inf


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (2.5, "2.5"),
        (0.1 + 0.2, "0.3"),
        (0.7 - 0.290833333333333, "0.409166666666667"),
        (1e5, "1e+05"),
        (123456.0, "123456"),
        (1e-4, "1e-04"),
        (0.001, "0.001"),
        (0.00012, "0.00012"),
        (-3.14, "-3.14"),
        (1e15, "1e+15"),
        (1e-300, "1e-300"),
        (math.inf, "Inf"),
        (math.nan, "NaN"),
    ],
)
def test_writes_numbers_as_r_does(x, expected):
    assert format_number(x) == expected


@pytest.mark.parametrize("x", [3.0, -59.3, 1e5, 1e-4, 0.409166666666667, 123456.789])
def test_what_is_written_reads_back(x):
    assert float(format_number(x)) == x
