"""The loop over rows around a family's `RowKernel`, written out for the kernel's shape.

It is compiled with one kernel in the place of ``kernel`` and called through its address. Parameters
after the first are often the same in all rows: then their values are read once, so that what a
kernel computes of them alone moves out of the loop, and their derivatives come back as sums. What
rows pick of a vector that all share is gathered before the loop, and its derivatives are scattered
after it, so that several rows can be done at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import carray, types

from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.kernels.options import reordered
from bayesmix.families.row import RowKernel

POINTER = types.CPointer(types.float64)
SIGNATURE = types.float64(
    types.int64,
    *(POINTER, POINTER, types.int64),
    *(POINTER, POINTER, POINTER, types.int64, types.int64),
    *(POINTER, POINTER, types.int64),
)
"""Rows; y, addition terms, from one term to the next; weights, values, slopes, from one value to
the next, varying; shared values, slopes by them, their number.
"""


def compiled_rows(row: RowKernel) -> Any:
    """The callback for a family's row kernel."""
    shared = None if row.shared is None else row.picked
    return _compiled(row.function, len(row.takes), len(row.scales), shared)


@cache
def _compiled(
    function: Callable[..., Any], terms: int, values: int, shared: tuple[int, ...] | None
) -> Any:
    return callback(SIGNATURE, loop(terms, values, shared), inline=True, kernel=function)


@cache
def loop(terms: int, values: int, shared: tuple[int, ...] | None) -> Callable[..., float]:
    """The loop for a number of addition terms and of values, and what of a vector rows pick."""
    name = f"rows_{terms}_{values}{'' if shared is None else '_shared'}"
    scope = {"carray": carray, "empty": np.empty, "kernel": None, "__name__": __name__}
    exec(compile(source(name, terms, values, shared), __file__, "exec"), scope)
    return reordered(scope[name])


def source(name: str, terms: int, values: int, shared: tuple[int, ...] | None) -> str:
    """The loop as text.

    Examples
    --------
    >>> print(source("rows_0_2", 0, 2, None))
    def rows_0_2(n, y_, aux_, step, weights_, values_, slopes_, stride, varying, shared_, by_, m):
        y, weights = carray(y_, n), carray(weights_, n)
        values, slopes = carray(values_, 2 * stride), carray(slopes_, 2 * stride)
        v0, d0 = values[0 * stride : 0 * stride + n], slopes[0 * stride : 0 * stride + n]
        v1, d1 = values[1 * stride : 1 * stride + n], slopes[1 * stride : 1 * stride + n]
        total = 0.0
        if varying:
            for i in range(n):
                logp, s0, s1 = kernel(y[i], v0[i], v1[i])
                total += weights[i] * logp
                d0[i] = weights[i] * s0
                d1[i] = weights[i] * s1
            return total
        c1, t1 = v1[0], 0.0
        for i in range(n):
            logp, s0, s1 = kernel(y[i], v0[i], c1)
            total += weights[i] * logp
            d0[i] = weights[i] * s0
            t1 += weights[i] * s1
        d1[0] = t1
        return total
    """
    later = range(1, values)
    lines = [
        f"def {name}(n, y_, aux_, step, weights_, values_, slopes_, stride, varying, "
        "shared_, by_, m):",
        *_indented(_arrays(terms, values, shared)),
        *_indented(_gathered(shared or ())),
        "    total = 0.0",
    ]
    if later:
        lines += ["    if varying:", *_indented(_loop(terms, values, shared, True), 8)]
        lines += [*_indented(_scattered(shared or ()), 8), "        return total"]
        lines += [f"    c{k}, t{k} = v{k}[0], 0.0" for k in later]
    lines += _indented(_loop(terms, values, shared, False))
    lines += [f"    d{k}[0] = t{k}" for k in later]
    lines += _indented(_scattered(shared or ()))
    return "\n".join([*lines, "    return total"])


def _arrays(terms: int, values: int, shared: tuple[int, ...] | None) -> list[str]:
    lines = ["y, weights = carray(y_, n), carray(weights_, n)"]
    if terms:
        lines.append(f"aux = carray(aux_, {terms - 1} * step + n)")
    lines += [f"a{j} = aux[{j} * step : {j} * step + n]" for j in range(terms)]
    both = f"carray(values_, {values} * stride), carray(slopes_, {values} * stride)"
    lines.append(f"values, slopes = {both}")
    for k in range(values):
        at = f"[{k} * stride : {k} * stride + n]"
        lines.append(f"v{k}, d{k} = values{at}, slopes{at}")
    if shared is None:
        return lines
    return [*lines, "shared, by = carray(shared_, m), carray(by_, m)"]


def _gathered(picked: tuple[int, ...]) -> list[str]:
    """What each row picks, in arrays that then take the derivatives by it."""
    if not picked:
        return []
    rows = [f"p{j}[i] = shared[{_place(at)}]" for j, at in enumerate(picked)]
    return [
        *(f"p{j} = empty(n)" for j in range(len(picked))),
        "for i in range(n):",
        *_indented(rows),
    ]


def _scattered(picked: tuple[int, ...]) -> list[str]:
    rows = [f"by[{_place(at)}] += p{j}[i]" for j, at in enumerate(picked)]
    return ["for i in range(n):", *_indented(rows)] if picked else []


def _place(at: int) -> str:
    return f"min(max(int(y[i]) + {at}, 0), m - 1)"


def _loop(terms: int, values: int, shared: tuple[int, ...] | None, varying: bool) -> list[str]:
    """All rows; those values after the first that don't vary are ``c1``, ``c2``, …."""
    own = [f"v{k}[i]" if varying or k == 0 else f"c{k}" for k in range(values)]
    picks = [f"p{j}[i]" for j in range(len(shared or ()))]
    if shared is None:
        more = []
    else:
        more = [*picks, "m"] if picks else ["shared", "by", "weights[i]"]
    given = ["y[i]", *(f"a{j}[i]" for j in range(terms)), *own, *more]
    slopes = [f"s{k}" for k in range(values)]
    sums = [
        f"d{k}[i] = weights[i] * s{k}" if varying or k == 0 else f"t{k} += weights[i] * s{k}"
        for k in range(values)
    ]
    sums += [f"{pick} = weights[i] * g{j}" for j, pick in enumerate(picks)]
    slopes += [f"g{j}" for j in range(len(picks))]
    body = [
        f"{', '.join(['logp', *slopes])} = kernel({', '.join(given)})",
        "total += weights[i] * logp",
        *sums,
    ]
    return ["for i in range(n):", *_indented(body)]


def _indented(lines: list[str], by: int = 4) -> list[str]:
    return [" " * by + line for line in lines]
