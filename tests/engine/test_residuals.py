"""What colours and whitens residuals, as plain Python, against closed forms of covariances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.linalg import block_diag, toeplitz
from scipy.optimize import approx_fprime

from bayesmix.correlations import CAR1, CompoundSymmetry, Unstructured
from bayesmix.engine.kernels.residuals import COLOURINGS, WHITENINGS

TIMES = [0.0, 0.4, 1.5, 2.0], [0.3], [1.0, 4.0, 4.5]
GAP = np.array([0.0, 0.4, 1.1, 0.5, 0.0, 0.0, 3.0, 0.5])
PLACE = np.array([0, 1, 2, 3, 0, 0, 2, 3], float)
N = GAP.size


def of_groups(covariance: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return block_diag(*(covariance(np.array(times)) for times in TIMES))


def series(phi: float, theta: float) -> np.ndarray:
    """In closed form, innovations having a variance of one."""
    first = (1 + 2 * phi * theta + theta**2) / (1 - phi**2)
    second = (phi + theta) * (1 + phi * theta) / (1 - phi**2)
    return of_groups(
        lambda t: toeplitz([first, *(second * phi**k for k in range(len(t) - 1))][: len(t)])
    )


def pairs(shares: np.ndarray) -> np.ndarray:
    """The correlations of four times whose partial ones are given."""
    partial, matrix = np.zeros((4, 4)), np.eye(4)
    partial[np.tril_indices(4, -1)] = 2 * shares - 1
    for i in range(4):
        left = 1.0
        for j in range(i):
            matrix[i, j], left = partial[i, j] * left, left * np.sqrt(1 - partial[i, j] ** 2)
        matrix[i, i] = left
    cor = matrix @ matrix.T
    at = [PLACE[:4], PLACE[4:5], PLACE[5:]]
    return block_diag(*(cor[np.ix_(p.astype(int), p.astype(int))] for p in at))


CASES = {
    (1, 0): ([0.6], lambda s: series(s[0], 0.0)),
    (0, 1): ([-0.7], lambda s: series(0.0, s[0])),
    (1, 1): ([0.5, 0.3], lambda s: series(s[0], s[1])),
    CAR1: ([0.4], lambda s: of_groups(lambda t: s[0] ** np.abs(np.subtract.outer(t, t)))),
    CompoundSymmetry: (
        [0.3],
        lambda s: of_groups(lambda t: (1 - s[0]) * np.eye(len(t)) + s[0]),
    ),
    Unstructured: ([0.6, 0.3, 0.8, 0.5, 0.45, 0.2], pairs),
}


def roots(kind: Any, shared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What colours, column by column, and its transpose as the kernel has it."""
    colour, transposed = COLOURINGS[kind]
    root, other = np.zeros((N, N)), np.zeros((N, N))
    for i, one in enumerate(np.eye(N)):
        colour(shared, GAP, PLACE, one, root[:, i])
        transposed(shared, GAP, PLACE, one, other[:, i])
    return root, other


@pytest.mark.parametrize("kind", CASES)
def test_coloured_numbers_have_the_covariances(kind: Any) -> None:
    shared, covariance = np.array(CASES[kind][0]), CASES[kind][1]
    root, transposed = roots(kind, shared)
    np.testing.assert_allclose(root @ root.T, covariance(shared), atol=1e-12)
    np.testing.assert_allclose(transposed, root.T, atol=1e-12)


@pytest.mark.parametrize("kind", CASES)
def test_whitening_undoes_colouring(kind: Any) -> None:
    shared, (whiten, _) = np.array(CASES[kind][0]), WHITENINGS[kind]
    root, _ = roots(kind, shared)
    z, white = np.random.default_rng(1).normal(size=N), np.zeros(N)
    logs = whiten(shared, GAP, PLACE, root @ z, white, np.zeros(2 * N))
    np.testing.assert_allclose(white, z, atol=1e-12)
    assert logs == pytest.approx(0.5 * np.linalg.slogdet(root @ root.T)[1])


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("logs", [0.0, 1.0])
def test_the_way_back_is_of_any_derivatives(kind: Any, logs: float) -> None:
    (whiten, backward), shared = WHITENINGS[kind], np.array(CASES[kind][0])
    rng = np.random.default_rng(2)
    u, by_white = rng.normal(size=N), rng.normal(size=N)

    def value(numbers: np.ndarray) -> float:
        white = np.zeros(N)
        total = whiten(numbers[N:], GAP, PLACE, numbers[:N], white, np.zeros(2 * N))
        return float(by_white @ white - logs * total)

    white, by_u, by, work = np.zeros(N), np.zeros(N), np.zeros(shared.size), np.zeros(2 * N)
    whiten(shared, GAP, PLACE, u, white, work)
    backward(shared, GAP, PLACE, u, white, by_white, by_u, by, logs, work)
    expected = approx_fprime(np.concatenate([u, shared]), value)
    np.testing.assert_allclose(np.concatenate([by_u, by]), expected, rtol=1e-5, atol=1e-5)
