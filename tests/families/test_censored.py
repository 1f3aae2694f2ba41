"""Censoring, beside scipy's distribution functions and finite differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesmix.build import build_spec
from bayesmix.errors import DataError, FamilyError, FormulaError
from bayesmix.families import FAMILIES

Y, Y2 = np.array([0.4, 1.2, 3.0, 2.0]), np.array([1.0, 9.0, 9.0, 5.0])
CENS = np.array([0.0, 1.0, -1.0, 2.0])
P = {"mu": np.array(0.3), "sigma": np.array(0.8)}
LAWS = {"gaussian": stats.norm(0.3, 0.8), "lognormal": stats.lognorm(0.8, scale=np.exp(0.3))}
AUX = {"cens": CENS, "y2": Y2}
DATA = pd.DataFrame({"y": Y, "y2": Y2, "c": ["none", "right", "left", "interval"], "n": CENS})


@pytest.mark.parametrize("name", LAWS)
def test_the_probability_of_what_is_known(name):
    law, found = LAWS[name], FAMILIES[name].for_response(Y, None, AUX)
    expected = [
        law.logpdf(Y[0]),
        law.logsf(Y[1]),
        law.logcdf(Y[2]),
        np.log(law.cdf(Y2[3]) - law.cdf(Y[3])),
    ]
    assert_allclose(found.logp(Y, P, AUX), expected, rtol=1e-12)


@pytest.mark.parametrize("name", LAWS)
def test_rows_are_the_density_and_its_derivatives(name):
    found = FAMILIES[name].for_response(Y, None, AUX)

    def logp(i, v):
        aux = {k: a[i] for k, a in AUX.items()}
        return found.logp(Y[i], {"mu": np.array(v[0]), "sigma": np.exp(v[1])}, aux)

    for i in range(len(Y)):
        for x in (np.array([0.3, -0.2]), np.array([-3.0, 0.4]), np.array([4.0, 0.1])):
            value, *slopes = found.row.function(Y[i], CENS[i], Y2[i], *x)
            change = value - found.row.function(Y[i], CENS[i], Y2[i], *(x + 0.1))[0]
            assert_allclose(change, logp(i, x) - logp(i, x + 0.1), rtol=1e-9)
            steps = 1e-6 * np.eye(2)
            numerical = [(logp(i, x + h) - logp(i, x - h)) / 2e-6 for h in steps]
            assert_allclose(slopes, numerical, rtol=1e-6, atol=1e-7)


def test_an_interval_in_either_tail_keeps_its_digits():
    found, aux = FAMILIES["gaussian"], {"cens": np.full(2, 2.0), "y2": np.array([31.0, -30.0])}
    y, p = np.array([30.0, -31.0]), {"mu": np.array(0.0), "sigma": np.array(1.0)}
    logp = found.for_response(y, None, aux).logp(y, p, aux)
    assert_allclose(logp, [stats.norm.logsf(30.0)] * 2, rtol=1e-12)


@pytest.mark.parametrize("column", ["c", "n"])
def test_words_and_numbers(column):
    data = build_spec(f"y | cens({column}, y2) ~ 1", DATA).response.data
    np.testing.assert_array_equal(data.aux["cens"], CENS)
    np.testing.assert_array_equal(data.aux["y2"], Y2)


def test_true_is_censored_on_the_right():
    data = DATA.assign(c=[False, True, True, False])
    spec = build_spec("y | cens(c) ~ 1", data)
    np.testing.assert_array_equal(spec.response.data.aux["cens"], [0.0, 1.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("formula", "family", "error", "message"),
    [
        ("y | cens(c) ~ 1", "gaussian", DataError, "'interval' in row 3, but not where it ends"),
        ("y | cens(y) ~ 1", "gaussian", DataError, r"must be 0, -1 .* it is 0.4 in row 0"),
        ("y | cens(c, y2, y) ~ 1", "gaussian", FormulaError, "takes 1 or 2 arguments, not 3"),
        (
            "y | cens(c, y2) ~ 1",
            "von_mises",
            FamilyError,
            "needs a family with a distribution function",
        ),
    ],
)
def test_what_is_refused(formula, family, error, message):
    with pytest.raises(error, match=message):
        build_spec(formula, DATA, family)


def test_intervals_end_after_they_start():
    with pytest.raises(DataError, match=r"in row 3 ends at \S+, which is not above the response"):
        build_spec("y | cens(c, y2) ~ 1", DATA.assign(y2=DATA["y"]), "gaussian")


def test_unknown_words():
    with pytest.raises(DataError, match="has the word 'up'; it can have 'none', 'left'"):
        build_spec("y | cens(c) ~ 1", DATA.assign(c=["up"] * 4))
