from __future__ import annotations

import pytest

from bayesmix.priors.names import r_name, same_coef


@pytest.mark.parametrize(
    ("coef", "expected"),
    [
        ("Intercept", "Intercept"),
        ("Machine[B]", "MachineB"),
        ("period[2]", "period2"),
        ("x:f[b]", "x:fb"),
        ("scale(x)", "scalex"),
        ("I(x ** 2)", "IxE2"),
        ("I(x + z)", "IxPz"),
        ("poly(x, 2)[0]", "polyx21"),
        ("poly(x, 2)[1]", "polyx22"),
        ("bs(x, df=4)[3]", "bsxdfEQ44"),
        ("C(x)[2]", "Cx2"),
        ("poly(scale(x), 2)[0]:C(z)[0]", "polyscalex21:Cz0"),
        ("polyx21", "polyx21"),
    ],
)
def test_names_become_those_of_r(coef, expected):
    assert r_name(coef) == expected


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Machine[B]", "MachineB"),
        ("x:f[b]", "x:fb"),
        ("x:f[b]", "fb:x"),
        ("f[b]:h[v]", "h[v]:f[b]"),
        ("poly(x, 2)[0]", "polyx21"),
        ("f[a:b]", "fa:b"),
        ("flag[True]", "flagTRUE"),
        ("x:flag[False]", "flagFALSE:x"),
        ("I(x > 3)[True]", "Ix>3TRUE"),
        ("f[True]", "fTrue"),
    ],
)
def test_spellings_of_one_coefficient_are_the_same(a, b):
    assert same_coef(a, b) and same_coef(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [("f[b]", "f[c]"), ("x", "x:z"), ("poly(x, 2)[0]", "polyx20"), ("x:x", "x"), ("Days", "days")],
)
def test_different_coefficients_are_not(a, b):
    assert not same_coef(a, b)
