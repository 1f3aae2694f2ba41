"""Smooths beside mgcv's (`mgcv/README.md`), and properties that they have by construction."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from bayesmix.smooths import (
    Basis,
    Smooth,
    cubic,
    cyclic,
    factor_smooth,
    p_spline,
    random_effect,
    smooth,
    tensor,
    thin_plate,
)

FOLDER = Path(__file__).parent / "mgcv"
DATA, NEW = pd.read_csv(FOLDER / "data.csv"), pd.read_csv(FOLDER / "newdata.csv")
TERMS = json.loads((FOLDER / "smooths.json").read_text())
X, Z = DATA[["x"]].to_numpy(), DATA[["z"]].to_numpy()
XZ = DATA[["x", "z"]].to_numpy()


def group(frame):
    return frame["g"].str[1:].astype(float).to_numpy()[:, None] - 1


def rows_of(call, frame):
    """The covariates of a term, and what its function is multiplied by."""
    x, z = frame[["x"]].to_numpy(), frame[["z"]].to_numpy()
    if "fs" in call:
        return np.hstack([x, group(frame)]), np.ones(len(x))
    if "re" in call:
        return np.eye(6)[group(frame)[:, 0].astype(int)], np.ones(len(x))
    by = z[:, 0] if "by = z" in call else np.ones(len(x))
    return (np.hstack([x, z]) if "(x, z" in call else x), by


MADE = {
    "s(x)": lambda r: smooth(thin_plate(r, 10), r),
    "s(x, k = 5)": lambda r: smooth(thin_plate(r, 5), r),
    's(x, bs = "cr")': lambda r: smooth(cubic(r[:, 0], 10), r),
    's(x, bs = "cc")': lambda r: smooth(cyclic(r[:, 0], 10), r),
    's(x, bs = "ps")': lambda r: smooth(p_spline(r[:, 0], 10), r),
    "s(x, by = z)": lambda r: smooth(thin_plate(r, 10), r, centred=False),
    "s(x, z, k = 12)": lambda r: smooth(thin_plate(r, 12), r),
    "t2(x, z, k = 4)": lambda r: tensor([cubic(r[:, 0], 4), cubic(r[:, 1], 4)], r),
    's(g, bs = "re")': lambda r: random_effect(r.shape[1]),
    's(x, g, bs = "fs", k = 5)': lambda r: factor_smooth(thin_plate(r[:, :1], 5), r, 6),
}


def levels_of(term):
    """A factor by which a smooth goes has one for each level, of which mgcv's list has one each."""
    return "a" if term is TERMS[4] else "b" if term is TERMS[5] else None


@pytest.mark.parametrize("term", TERMS, ids=lambda t: t["name"])
def test_smooths_are_those_of_mgcv(term):
    call = term["call"].replace("s(x, by = f)", "s(x)")
    rows, by = rows_of(call, DATA)
    new, by_new = rows_of(call, NEW)
    if (level := levels_of(term)) is not None:
        by, by_new = (np.where(d["f"] == level, 1.0, 0.0) for d in (DATA, NEW))
    made = MADE[call](rows)
    fixed, blocks = multiplied(made.on(rows), by)
    fixed_new, blocks_new = multiplied(made.on(new), by_new)
    assert fixed.shape[1] == term["unpenalised"]
    assert [b.shape[1] for b in blocks] == np.atleast_1d(term["penalised"]).tolist()
    if "fs" in call:
        same_but_for_rotation(blocks, term)
        return
    # mgcv's eigenvectors of thin plate splines are good to eight digits or so.
    for block, expected in zip(blocks, term["kernel_diag"].values(), strict=True):
        np.testing.assert_allclose((block**2).sum(axis=1), expected, rtol=1e-7, atol=1e-9)
    new_kernels = np.reshape(term["kernel_new"], (len(blocks), 5, len(NEW)))
    for block, at_new, expected in zip(blocks, blocks_new, new_kernels, strict=True):
        np.testing.assert_allclose(block[:5] @ at_new.T, expected, rtol=1e-6, atol=1e-7)
    curve, curve_new = ridge(fixed, blocks, fixed_new, blocks_new)
    np.testing.assert_allclose(curve, term["curve"], atol=1e-7)
    np.testing.assert_allclose(curve_new, term["curve_new"], atol=1e-7)


def same_but_for_rotation(blocks, term):
    """Of `fs` mgcv's constant and line are mixed by chance, which shows in the scale too."""
    ours = [(b**2).sum(axis=1) for b in blocks]
    theirs = [np.array(kernel) for kernel in term["kernel_diag"].values()]
    np.testing.assert_allclose(
        ours[0] / (ours[1] + ours[2]), theirs[0] / (theirs[1] + theirs[2]), rtol=1e-7
    )
    assert ours[0].sum() == pytest.approx(theirs[0].sum(), rel=0.5)


def multiplied(parts, by):
    fixed, blocks = parts
    return fixed * by[:, None], [b * by[:, None] for b in blocks]


def ridge(fixed, blocks, fixed_new, blocks_new):
    """The fitted values of y = 1, X b + Z u with u as wide as the residuals."""
    y, u = DATA["y"].to_numpy(), np.hstack(blocks)
    x = np.column_stack([np.ones(len(y)), fixed])
    covariance = u @ u.T + np.eye(len(y))
    weighted = np.linalg.solve(covariance, x)
    b = np.linalg.solve(x.T @ weighted, weighted.T @ y)
    r = u.T @ np.linalg.solve(covariance, y - x @ b)
    new = np.column_stack([np.ones(len(NEW)), fixed_new]) @ b + np.hstack(blocks_new) @ r
    return x @ b + u @ r, new


@pytest.mark.parametrize("make", [cubic, cyclic], ids=["cr", "cc"])
def test_the_penalty_is_the_integral_of_the_squared_second_derivative(make):
    basis = make(X[:, 0], 6)
    c = np.random.default_rng(1).normal(size=basis.penalty.shape[0])
    knots = np.quantile(np.unique(X), np.linspace(0, 1, 6))
    step = 1e-3

    def bend(x):
        at = np.array([[x - step], [x], [x + step]])
        return ((basis.on(at) @ c) @ [1, -2, 1] / step**2) ** 2

    pieces = [quad(bend, a + 2 * step, b - 2 * step)[0] for a, b in pairwise(knots)]
    assert sum(pieces) == pytest.approx(c @ basis.penalty @ c, rel=0.02)


def test_a_cyclic_spline_joins_its_ends():
    basis = cyclic(X[:, 0], 8)
    low, high = X.min(), X.max()
    ends = basis.on(np.array([[low], [high], [low + 0.3], [high + 0.3]]))
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-12)
    np.testing.assert_allclose(ends[2], ends[3], atol=1e-12)


@pytest.mark.parametrize("basis", [cubic(X[:, 0], 8), p_spline(X[:, 0], 8)], ids=["cr", "ps"])
def test_splines_go_on_as_lines(basis):
    far = basis.on(np.array([[20.0], [21.0], [22.0]]))
    np.testing.assert_allclose(far[2] - far[1], far[1] - far[0], atol=1e-9)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_thin_plates_leave_polynomials_free(dims):
    rows = np.random.default_rng(2).normal(size=(60, dims))
    made = smooth(thin_plate(rows, 20), rows)
    fixed, _ = made.on(rows)
    lines = np.column_stack([np.ones(60), rows])
    both = np.column_stack([np.ones(60), fixed])
    fitted = both @ np.linalg.lstsq(both, lines, rcond=None)[0]
    np.testing.assert_allclose(fitted, lines, atol=1e-8)


def test_the_scale_of_a_thin_plate_in_three_dimensions_is_that_of_mgcv():
    rows = pd.read_csv(FOLDER / "three.csv").to_numpy()
    basis = thin_plate(rows, 30)
    # norm(X, "I") and norm(S[[1]]) of smoothCon(s(x, z, w, k = 30), scale.penalty = FALSE)
    assert np.abs(basis.on(rows)).sum(axis=1).max() == pytest.approx(40.70703, rel=1e-6)
    assert np.abs(basis.penalty).sum(axis=0).max() == pytest.approx(338960.1, rel=1e-6)


def test_a_centred_smooth_has_a_sum_of_zero():
    made = smooth(cubic(X[:, 0], 10), X)
    fixed, (block,) = made.on(X)
    np.testing.assert_allclose(fixed.sum(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(block.sum(axis=0), 0, atol=1e-7)


def test_very_many_points_are_thinned_out():
    rows = np.random.default_rng(3).uniform(size=(2500, 1))
    fixed, (block,) = smooth(thin_plate(rows, 10), rows).on(rows)
    assert fixed.shape == (2500, 1) and block.shape == (2500, 8)
    assert np.isfinite(block).all()


def test_a_smooth_is_a_plain_value():
    made = smooth(cubic(X[:, 0], 5), X)
    assert isinstance(made, Smooth) and isinstance(cubic(X[:, 0], 5), Basis)
