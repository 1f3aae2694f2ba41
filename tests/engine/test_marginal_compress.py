"""Compressed rows have the sums of squares of the rows that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from bayesmix.engine.marginal.compress import CHUNK, compress
from bayesmix.engine.marginal.tiling import compressed

from .marginal_models import problem


def squares(table, levels, ends, effects, rest) -> float:
    """``Σ (Σ_g z_g r_g[level] + c rest)²``."""
    total, start = table[:, ends[-1] :] @ rest, 0
    for r, level, end in zip(effects, levels, ends, strict=True):
        total = total + (table[:, start:end] * r[level]).sum(axis=1)
        start = end
    return float(total @ total)


def data(n, sizes, columns, seed=1):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n, sum(columns) + 3))
    table[:, 0] = 1.0
    return table, [rng.integers(0, s, n) for s in sizes], np.cumsum(columns)


CASES = [
    (2000, [5], [2], 5 * 2 + 3),
    (3 * CHUNK, [1], [1], 1 + 3),
    (3000, [4, 3], [2, 1], 4 * 3 * 2 + 3 + 3),
    (40, [30], [3], None),
    (1, [1], [1], 1),
    (500, [3, 2, 2], [1, 1, 2], None),
]


@pytest.mark.parametrize(("n", "sizes", "columns", "rows"), CASES)
def test_squares_stay_and_rows_are_few(n, sizes, columns, rows):
    table, levels, ends = data(n, sizes, columns)
    new, of_new = compress(table, levels, ends)
    assert len(new) <= n
    assert rows is None or len(new) == rows
    rng = np.random.default_rng(2)
    for _ in range(3):
        effects = [rng.normal(size=(s, k)) for s, k in zip(sizes, columns, strict=True)]
        rest = rng.normal(size=3)
        before = squares(table, levels, ends, effects, rest)
        assert squares(new, of_new, ends, effects, rest) == pytest.approx(before, rel=1e-13)


def test_rows_are_sorted_and_those_without_the_group_come_last():
    new, (level,) = compress(*data(300, [6], [2]))
    with_group = (new[:, :2] != 0).any(axis=1)
    assert with_group.tolist() == [True] * 12 + [False] * 3
    assert level[:12].tolist() == np.repeat(np.arange(6), 2).tolist()


def test_dependent_columns_and_empty_rows_take_no_rows():
    table, levels, ends = data(400, [4], [2])
    table[:, 1] = levels[0] + 2.0
    table[:, 2] = 3.0 * table[:, 0]
    table[levels[0] == 3] = 0.0
    new, _ = compress(table, levels, ends)
    assert len(new) == 3 * 1 + 2


def test_a_large_mean_costs_no_digits():
    rng = np.random.default_rng(3)
    level, y = np.repeat([0, 1], 500), 1e6 + rng.normal(size=1000)
    new, (of_new,) = compress(np.stack([np.ones(1000), y], axis=1), [level], [1])
    means = np.array([y[:500].mean(), y[500:].mean()])
    expected = ((y - means[level]) ** 2).sum()
    ours = ((new[:, 1] - new[:, 0] * means[of_new]) ** 2).sum()
    assert ours == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["slopes", "offset, weights", "crossed", "ids", "by"])
def test_a_models_errors_keep_their_squares(name):
    m = problem(name)
    rows, p = compressed(m.spec, m.group), m.spec.response.predictors["mu"]
    weights = m.spec.response.data.aux.get("weights", 1.0)
    b = np.random.default_rng(4).normal(size=len(p.columns.names))
    x = p.columns.values.copy()
    x[:, p.columns.has_intercept :] -= p.columns.means
    e = m.spec.response.data.y - p.offset - x @ b
    ours = rows.rest[:, -1] - rows.rest[:, : b.size] @ b
    assert ours @ ours == pytest.approx((weights * e) @ e, rel=1e-12)
