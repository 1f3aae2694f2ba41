"""What machine code is known by, and where it comes from."""

from __future__ import annotations

import ctypes
import os
import time
from math import exp
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
import numpy as np
import pytest

from bayesmix.engine.kernels import compiling
from bayesmix.engine.kernels.compiling import _digest, callback
from bayesmix.engine.kernels.rows import SIGNATURE, compiled_rows, loop
from bayesmix.errors import CacheWarning
from bayesmix.families.row import RowKernel

ONE_NUMBER = numba.float64(numba.float64)
DOUBLES = ctypes.POINTER(ctypes.c_double)
FIELDS = [("a", np.int64), ("b", np.float64)]


def made(text: str, **scope: Any) -> FunctionType:
    """A function as a notebook cell makes it: without a file."""
    scope |= {"__name__": "__main__"}
    exec(compile(text, "<cell>", "exec"), scope)
    return scope["f"]


def digest(text: str, **scope: Any) -> str:
    return _digest(made(text, **scope), {}, inline=False)


def scaled(factor: float) -> FunctionType:
    def f(x: float) -> float:
        return factor * x

    return f


def around(inner: FunctionType) -> FunctionType:
    def f(x: float) -> float:
        return inner(x) + 1.0

    return f


def test_everything_that_machine_code_hangs_on_counts() -> None:
    by_constant = {digest("def f(x): return x + C", C=c) for c in (1.0, 2.0)}
    by_literal = {digest(f"def f(x): return x + {c}") for c in (1.0, 2.0)}
    by_fields = {digest("def f(x): return D", D=np.dtype(d)) for d in (FIELDS, FIELDS[::-1])}
    called = [made(f"def f(x): return {e}") for e in ("x", "-x")]
    by_function = {digest("def f(x): return g(x)", g=g) for g in called}
    by_scope = {_digest(scaled(c), {}, inline=False) for c in (1.0, 2.0)}
    by_scope |= {_digest(around(scaled(c)), {}, inline=False) for c in (1.0, 2.0)}
    assert [len(d) for d in (by_constant, by_literal, by_fields, by_function)] == [2, 2, 2, 2]
    assert len(by_scope) == 4


def test_the_same_function_is_the_same() -> None:
    text = "def f(x): return exp(x) + C"
    assert digest(text, C=1.0, exp=exp) == digest(text, C=1.0, exp=exp)


def test_how_sums_may_be_taken_counts() -> None:
    plain, free = (made("def f(x): return x") for _ in range(2))
    free.fastmath = {"reassoc"}
    assert _digest(plain, {}, inline=False) != _digest(free, {}, inline=False)


def _density(y: float, mu: float, log_sigma: float) -> tuple[float, float, float]:
    z = (y - mu) * exp(-log_sigma)
    return -0.5 * z * z - log_sigma, z * exp(-log_sigma), z * z - 1.0


def _rows(row: RowKernel, y: np.ndarray, values: np.ndarray, varying: bool) -> tuple:
    """The compiled loop's sum and slopes; weights are 2."""
    k, n = values.shape
    slopes, weights, none = np.zeros((k, n)), np.full(n, 2.0), np.zeros(0)
    arrays = [y, none, weights, values, slopes, none, none]
    at = [a.ctypes.data_as(DOUBLES) for a in arrays]
    compiled = compiled_rows(row)
    total = compiled.ctypes(n, at[0], at[1], n, *at[2:5], n, int(varying), *at[5:], 0)
    return total, slopes


def test_a_kernel_from_a_notebook_cell_in_another_kernel() -> None:
    text = "def f(y, mu, log_sigma): return density(y, mu, log_sigma)"
    kernel = made(text, density=_density)

    def doubled(y: float, *values: float) -> tuple[float, float, float]:
        logp, by_mu, by_sigma = kernel(y, *values)
        return 2.0 * logp, 2.0 * by_mu, 2.0 * by_sigma

    y, values = np.array([0.3, -1.0, 2.0]), np.array([[0.0, 0.5, 1.0], [0.1, 0.1, 0.1]])
    row = RowKernel(doubled, ("natural", "log"))
    expected = np.array([_density(*given) for given in zip(y, *values, strict=True)])
    for varying in (True, False):
        total, slopes = _rows(row, y, values, varying)
        assert total == pytest.approx(4.0 * expected[:, 0].sum())
        np.testing.assert_allclose(slopes[0], 4.0 * expected[:, 1])
        by_sigma = slopes[1] if varying else slopes[1, :1]
        np.testing.assert_allclose(by_sigma.sum(), 4.0 * expected[:, 2].sum())


def test_loops_of_any_shape_are_python() -> None:
    for terms in range(3):
        for values in range(1, 6):
            for shared in (None, (), (-2, -1)):
                assert loop(terms, values, shared).__code__.co_argcount == len(SIGNATURE.args)


def _plus(x: float) -> float:
    return x + 1.0


def test_without_a_folder_to_write_to_it_warns_and_works(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_ = numba.cfunc

    def full(signature: Any, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise OSError("No space left on device")
        return compile_(signature, **options)

    monkeypatch.setattr(compiling.numba, "cfunc", full)
    compiling._warn_uncached.cache_clear()
    with pytest.warns(CacheWarning, match="No space left"):
        assert callback(ONE_NUMBER, _plus).ctypes(1.0) == 2.0


def test_what_older_versions_left_is_removed(tmp_path: Path) -> None:
    def file(name: str, days: float) -> Path:
        path = tmp_path / name
        path.touch()
        os.utime(path, (time.time() - days * 86400,) * 2)
        return path

    digests = "0" * 16, "1" * 16
    old = [file(f"rows.f_{digests[0]}-9.py313.{end}", 3) for end in ("nbi", "1.nbc")]
    kept = [
        file(f"rows.f_{digests[1]}-9.py313.nbi", 3),
        file(f"rows.f_{digests[0]}-9.py312.nbi", 0.1),
        file(f"rows.g_{digests[0]}-9.py313.nbi", 3),
        file("rows.f_other-9.py313.nbi", 3),
    ]
    compiling._remove_old(tmp_path, "f", f"f_{digests[1]}")
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in kept)
