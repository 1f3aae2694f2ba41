"""Whitening, colouring and precision against dense matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from numpy.testing import assert_allclose
from pytensor.compile.mode import Mode
from scipy import signal, stats

from bayesmix.correlations import (
    CAR1,
    Arma,
    CompoundSymmetry,
    Correlation,
    Layout,
    Stationary,
    Unstructured,
)
from bayesmix.correlations.densities import given_others, given_past
from bayesmix.correlations.lags import lagged_means
from bayesmix.correlations.recursion import moving_errors
from bayesmix.priors import lkj

CODES = np.array([0, 0, 0, 1, 1, 2, 0, 1, 0])
TIMES = np.array([3.0, 1.0, 2.0, 1.0, 5.0, 2.0, 7.0, 2.0, 9.0])
LAYOUT = Layout.of(CODES, TIMES)
RESIDUALS = np.random.default_rng(1).normal(size=(2, len(CODES)))
PYTHON = Mode(linker="py", optimizer="fast_compile")

DISTINCT = np.unique(TIMES)
SOME_CORRELATIONS = lkj.under_diagonal(
    np.corrcoef(np.random.default_rng(2).normal(size=(len(DISTINCT), 20)))
)
CASES = {
    "ar": (Arma(1, 0), {"ar": 0.6}),
    "ar below zero": (Arma(1, 0), {"ar": -0.3}),
    "ma": (Arma(0, 1), {"ma": -0.4}),
    "arma": (Arma(1, 1), {"ar": 0.6, "ma": 0.3}),
    "ar of two": (Stationary(2, 0), {"ar": np.array([0.5, 0.3])}),
    "ma of three": (Stationary(0, 3), {"ma": np.array([0.5, -0.4, 0.2])}),
    "arma of three and two": (
        Stationary(3, 2),
        {"ar": np.array([1.1, -0.6, 0.2]), "ma": np.array([0.4, 0.3])},
    ),
    "arma of one and two": (Stationary(1, 2), {"ar": np.array([0.7]), "ma": np.array([-0.4, 0.3])}),
    "gaps": (Stationary(2, 1, gaps=True), {"ar": np.array([0.5, 0.3]), "ma": np.array([-0.4])}),
    "cosy": (CompoundSymmetry(), {"cosy": 0.45}),
    "car1": (CAR1(), {"car1": 0.7}),
    "unstr": (Unstructured(tuple(DISTINCT)), {"cortime": SOME_CORRELATIONS}),
}
each = pytest.mark.parametrize(("correlation", "values"), CASES.values(), ids=CASES)


def spread(values: dict[str, Any]) -> dict[str, np.ndarray]:
    each = {name: np.asarray(v) for name, v in values.items()}
    return {n: np.tile(v, (2, 1)) if v.ndim else np.full((2, 1, 1), v) for n, v in each.items()}


def rows_of(group: int) -> np.ndarray:
    at = np.flatnonzero(CODES == group)
    return at[np.argsort(TIMES[at])]


def dense(correlation: Correlation, values: dict[str, float], times: np.ndarray) -> np.ndarray:
    """The covariances of a group, from the definition."""
    n = len(times)
    if isinstance(correlation, CompoundSymmetry):
        return np.where(np.eye(n), 1.0, values["cosy"])
    if isinstance(correlation, Unstructured):
        at = np.searchsorted(DISTINCT, times)
        return lkj.matrix(values["cortime"])[np.ix_(at, at)]
    if isinstance(correlation, CAR1):
        return values["car1"] ** np.abs(times[:, None] - times)
    # Weights of the innovations that a series is a sum of, until they are nothing.
    phi, theta = (np.atleast_1d(values.get(name, 0.0)) for name in ("ar", "ma"))
    impulse = np.append(1.0, np.zeros(400))
    psi = signal.lfilter(np.append(1.0, theta), np.append(1.0, -phi), impulse)
    lagged = np.array([psi[: len(psi) - k] @ psi[k:] for k in range(20)])
    at = times.astype(int) if getattr(correlation, "gaps", False) else np.arange(n)
    return lagged[np.abs(np.subtract.outer(at, at))]


@each
def test_whitening_is_by_the_cholesky_factor(
    correlation: Correlation, values: dict[str, float]
) -> None:
    on = LAYOUT.side_by_side(RESIDUALS, np)
    white, scale = correlation.whiten(spread(values), on, LAYOUT, np)
    back = correlation.colour(spread(values), white, LAYOUT, np)
    product, diagonal = correlation.precise(spread(values), on, LAYOUT)
    assert_allclose(LAYOUT.in_rows(back), RESIDUALS, atol=1e-13)
    for group in range(3):
        at = rows_of(group)
        cov = dense(correlation, values, TIMES[at])
        factor, precision = np.linalg.cholesky(cov), np.linalg.inv(cov)
        ours = [LAYOUT.in_rows(np.broadcast_to(a, on.shape))[:, at] for a in
                (white, scale, product, diagonal)]  # fmt: skip
        assert_allclose(ours[0], np.linalg.solve(factor, RESIDUALS[:, at].T).T, atol=1e-12)
        assert_allclose(ours[1], np.tile(np.diag(factor), (2, 1)), atol=1e-12)
        assert_allclose(ours[2], RESIDUALS[:, at] @ precision, atol=1e-12)
        assert_allclose(ours[3], np.tile(np.diag(precision), (2, 1)), atol=1e-12)
        marginal = correlation.marginal(spread(values))[0, 0, 0]
        assert_allclose(marginal**2, cov[0, 0], rtol=1e-12)


@each
def test_tensors_say_the_same(correlation: Correlation, values: dict[str, float]) -> None:
    kinds = {name: pt.dvector if np.ndim(v) else pt.dscalar for name, v in values.items()}
    x, symbols = pt.dvector(), {name: kind(name) for name, kind in kinds.items()}
    given = {name: s if s.ndim else s.reshape((1, 1)) for name, s in symbols.items()}
    on = LAYOUT.side_by_side(x, pt)
    white, scale = correlation.whiten(given, on, LAYOUT, pt)
    coloured = LAYOUT.in_rows(correlation.colour(given, white, LAYOUT, pt))
    made = pytensor.function([x, *symbols.values()], [white, scale, coloured], mode=PYTHON)
    found = made(RESIDUALS[0], *values.values())
    expected = correlation.whiten(spread(values), LAYOUT.side_by_side(RESIDUALS, np), LAYOUT, np)
    assert_allclose(found[0], expected[0][0], atol=1e-13)
    assert_allclose(found[1], np.broadcast_to(expected[1], expected[0].shape)[0], atol=1e-13)
    assert_allclose(found[2], RESIDUALS[0], atol=1e-13)


@each
@pytest.mark.parametrize("nu", [None, 4.5])
def test_densities_are_conditional_ones(
    correlation: Correlation, values: dict[str, float], nu: float | None
) -> None:
    df = None if nu is None else np.full((2, 1, 1), nu)
    on = LAYOUT.side_by_side(RESIDUALS, np)
    past = LAYOUT.in_rows(given_past(correlation, spread(values), on, LAYOUT, df))
    others = LAYOUT.in_rows(given_others(correlation, spread(values), on, LAYOUT, df))
    for group in range(3):
        at = rows_of(group)
        cov, x = dense(correlation, values, TIMES[at]), RESIDUALS[0, at]
        law = stats.multivariate_normal if nu is None else stats.multivariate_t
        options = {} if nu is None else {"df": nu}

        def joint(keep: list[int], cov=cov, x=x, law=law, options=options) -> float:
            if not keep:
                return 0.0
            zeros = np.zeros(len(keep))
            return law(zeros, cov[np.ix_(keep, keep)], **options).logpdf(x[keep])

        every = list(range(len(at)))
        ahead = [joint(every[: i + 1]) - joint(every[:i]) for i in every]
        alone = [joint(every) - joint(every[:i] + every[i + 1 :]) for i in every]
        assert_allclose(past[0, at], ahead, atol=1e-10)
        assert_allclose(others[0, at], alone, atol=1e-10)


def test_groups_that_rows_are_in() -> None:
    asked = np.zeros(len(CODES), bool)
    asked[[4, 5]] = True
    layout, old = LAYOUT.having(asked).numbered()
    assert old.tolist() == [3, 4, 5, 7]
    assert layout.rows.T.tolist() == [[0, 3, 1], [2, -1, -1]]


def test_errors_of_moving_averages() -> None:
    """The recursion of tensors gives the means that arrays give."""
    eta, y = np.zeros((1, 5, 1)), np.random.default_rng(2).normal(size=(5, 1))
    weights = [0.5, -0.2]
    x = pt.dmatrix()
    for count in (1, 2):
        ma = np.array([weights[:count]])
        error = pytensor.function([x], moving_errors(x, weights[:count]), mode=PYTHON)(y)
        means = lagged_means(eta, y, np.empty((1, 0)), ma)
        assert_allclose(y - error, means[0], atol=1e-14)
    assert moving_errors(x, []) is x


def test_responses_that_are_not_there_are_their_means() -> None:
    y = np.array([[2.0], [np.nan], [np.nan]])
    means = lagged_means(np.zeros((1, 3, 1)), y, np.array([[0.5]]), np.empty((1, 0)))
    assert means[0, :, 0].tolist() == [0.0, 1.0, 0.5]
