"""Transforms that learn from the data of the fit, against closed forms and other packages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import BSpline

from bayesmix.build import build_spec
from bayesmix.design.transforms import Center, Polynomial, Scale, Splines
from bayesmix.errors import ExtrapolationWarning, FormulaError, PredictionError

from ..support import draws_of, frame, given_fit

B = np.array([[1.0, 1.0], [1.0, 0.0]])
RNG = np.random.default_rng(4)
X = RNG.normal(3, 2, 40)
YEARS = np.arange(1990, 2031).astype(float)


def orthonormal(x: np.ndarray, degree: int) -> np.ndarray:
    """R's poly(): QR of the centred powers, signs so that the leading coefficient is positive."""
    powers = (x - x.mean())[:, None] ** np.arange(degree + 1)
    q, r = np.linalg.qr(powers)
    return (q * np.sign(np.diag(r)))[:, 1:]


@pytest.mark.parametrize("x", [X, YEARS], ids=["x", "years"])
@pytest.mark.parametrize("degree", [1, 2, 5])
def test_poly_is_the_orthonormal_basis_of_r(x: np.ndarray, degree: int) -> None:
    made = Polynomial()(x, degree)
    np.testing.assert_allclose(made, orthonormal(x, degree), atol=1e-12)
    np.testing.assert_allclose(made.T @ made, np.eye(degree), atol=1e-12)


def test_poly_on_new_data_is_the_same_polynomial() -> None:
    poly = Polynomial()
    old = poly(YEARS, 3)
    new = np.array([1980.0, 2011.5, 2050.0])
    exact = [np.polynomial.Polynomial.fit(YEARS, old[:, k], k + 1)(new) for k in range(3)]
    np.testing.assert_allclose(poly(new, 3), np.transpose(exact), rtol=1e-9)


def test_raw_poly_is_powers() -> None:
    np.testing.assert_allclose(Polynomial()(X, 3, raw=True), np.transpose([X, X**2, X**3]))


@pytest.mark.parametrize("degree", [0, -1, 1.5, True, 3])
def test_poly_of_no_degree_or_too_high_a_one(degree: object) -> None:
    with pytest.raises(ValueError, match=r"whole number|different values"):
        Polynomial()(np.array([1.0, 2.0, 3.0, 1.0]), degree)


def test_scale_and_center_learn_once() -> None:
    scale, center = Scale(), Center()
    np.testing.assert_allclose(scale(X), (X - X.mean()) / X.std(ddof=1))
    np.testing.assert_allclose(center(X), X - X.mean())
    np.testing.assert_allclose(scale(X[:3] + 9), (X[:3] + 9 - X.mean()) / X.std(ddof=1))
    np.testing.assert_allclose(center(X[:3] + 9), X[:3] + 9 - X.mean())


@pytest.mark.parametrize("x", [[2.0, 2.0], [2.0], np.array(["a", "b"]), np.ones((2, 2))])
def test_scale_of_nothing_that_varies(x: object) -> None:
    with pytest.raises(ValueError, match=r"values that differ|one column of numbers"):
        Scale()(x)


def reference_splines(x: np.ndarray, at: np.ndarray, inner: np.ndarray, degree: int) -> np.ndarray:
    """R's bs(): every B-spline but the first, one spline at a time."""
    knots = np.concatenate([[x.min()] * (degree + 1), inner, [x.max()] * (degree + 1)])
    unit = np.eye(len(knots) - degree - 1)
    return np.column_stack([BSpline(knots, c, degree)(at) for c in unit[1:]])


@pytest.mark.parametrize(("df", "degree"), [(3, 3), (4, 3), (6, 3), (4, 2), (1, 1)])
def test_splines_have_knots_at_quantiles(df: int, degree: int) -> None:
    splines = Splines()
    inner = np.quantile(X, np.linspace(0, 1, df - degree + 2)[1:-1])
    made = splines(X, df=df, degree=degree)
    assert made.shape == (40, df)
    np.testing.assert_allclose(made, reference_splines(X, X, inner, degree), atol=1e-12)
    new = np.linspace(X.min(), X.max(), 9)
    np.testing.assert_allclose(
        splines(new, df=df, degree=degree), reference_splines(X, new, inner, degree), atol=1e-12
    )


def test_splines_with_given_knots_or_none() -> None:
    made = Splines()(X, knots=[4.0, 2.0])
    expected = reference_splines(X, X, np.array([2.0, 4.0]), 3)
    np.testing.assert_allclose(made, expected, atol=1e-12)
    np.testing.assert_allclose(Splines()(X), Splines()(X, df=3))


@pytest.mark.parametrize(
    "how", [{"df": 2}, {"df": 4, "knots": [1]}, {"knots": [99.0]}, {"knots": [np.nan]}]
)
def test_splines_that_can_not_be(how: dict) -> None:
    with pytest.raises(ValueError, match=r"bs\(\)"):
        Splines()(X, **how)


FORMULAS = [
    "scale(x)",
    "center(x):f",
    "poly(x, 3)",
    "bs(x, df=5):z",
    "scale(log(x + 9)) + C(f, Sum)",
    "0 + scale(center(x)) + offset(scale(z))",
]


@pytest.mark.parametrize("rhs", FORMULAS)
def test_new_data_teaches_nothing(rhs: str) -> None:
    data = frame()
    fit = given_fit(f"y ~ {rhs} + (1 | g)", data)
    some = data.iloc[[3, 9, 11]]
    whole = fit.posterior_linpred()
    np.testing.assert_allclose(fit.posterior_linpred(some), whole[:, [3, 9, 11]], atol=1e-12)
    np.testing.assert_allclose(fit.posterior_linpred(some.iloc[:1]), whole[:, [3]], atol=1e-12)


def test_the_response_teaches_nothing_either() -> None:
    data = frame()
    fit = given_fit("scale(y) | weights(scale(w) + 9) ~ x", data)
    np.testing.assert_allclose(fit.log_lik(data.iloc[[2, 5]]), fit.log_lik()[:, [2, 5]], atol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x - x.mean(),
        lambda x: x / x.max(),
        np.cumsum,
        lambda x: np.argsort(np.argsort(x)),
        lambda x: pd.qcut(x, 3),
        lambda x: np.random.default_rng().normal(size=len(x)),
    ],
)
def test_a_function_whose_rows_hang_together_is_refused(function: object) -> None:
    with pytest.raises(FormulaError, match=r"'own\(x\)' gives a row other values"):
        build_spec("y ~ own(x)", frame(), namespace={"own": function})


def test_a_function_that_cuts_at_given_places() -> None:
    fit = given_fit("y ~ cut(x)", frame(), namespace={"cut": lambda x: pd.cut(x, [-9, 3, 9])})
    names = fit.model.spec.response.predictors["mu"].columns.names
    assert names == ("Intercept", "cut(x)[(3, 9]]")
    np.testing.assert_allclose(fit.posterior_epred({"x": [4.0, 1.0]}), draws_of(fit)["b"] @ B)


def test_a_function_of_several_columns() -> None:
    namespace = {"two": lambda x, z: np.column_stack([x * z, x / z])}
    spec = build_spec("y ~ two(x, z)", frame(), namespace=namespace)
    assert spec.design.predictors[0].columns.names == (
        "Intercept",
        "two(x, z)[0]",
        "two(x, z)[1]",
    )


def test_splines_outside_of_their_range() -> None:
    fit = given_fit("y ~ bs(x, df=4)", frame())
    with pytest.warns(ExtrapolationWarning, match=r"extrapolated for 1 values, 99 the first"):
        fit.posterior_epred(pd.DataFrame({"x": [2.0, 99.0]}))


def test_splines_go_on_as_those_of_r() -> None:
    """R 4.2: ``predict(bs(c(1, 2, 3.5, 4, 5, 7), df = 4), c(0.5, 7.3, 9))``."""
    splines = Splines()
    splines(np.array([1, 2, 3.5, 4, 5, 7]), df=4)
    with pytest.warns(ExtrapolationWarning):
        made = splines(np.array([0.5, 7.3, 9]), df=4)
    expected = [
        [-0.700110610234577, 0.0507346189164371, -0.00126262626262626, 0.0],
        [-0.000230769230769227, 0.0147337278106509, -0.317774692762858, 1.30327173418298],
        [-0.0683760683760684, 0.878369493754109, -4.02528700753553, 4.21529358215749],
    ]
    np.testing.assert_allclose(made, expected, rtol=1e-12, atol=1e-15)


def test_a_call_that_new_data_takes_out_of_its_domain() -> None:
    fit = given_fit("y ~ log(x + 5)", frame())
    with pytest.raises(PredictionError, match=r"not finite in row 7"):
        fit.posterior_epred(pd.DataFrame({"x": [2.0, -9.0]}, index=[5, 7]))


def test_a_category_that_new_data_does_not_have_all_of() -> None:
    data = frame()
    fit = given_fit("y ~ C(k, levels=[30, 4, 7]) + C(f)", data)
    some = data[(data["k"] == 7) & (data["f"] == "a")]
    at = np.flatnonzero((data["k"] == 7) & (data["f"] == "a"))
    np.testing.assert_allclose(fit.posterior_epred(some), fit.posterior_epred()[:, at])
    with pytest.raises(PredictionError, match=r"(?s)levels \(8\).*fit knows '30', '4', '7'"):
        fit.posterior_epred(some.assign(k=8))


def test_levels_that_the_data_goes_beyond() -> None:
    with pytest.raises(FormulaError, match=r"C\(k, levels=\[30, 4\]\)"):
        build_spec("y ~ C(k, levels=[30, 4])", frame())
