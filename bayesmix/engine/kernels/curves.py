"""Curves of nonlinear parameters: a list of operations, carried out for some rows at once.

Every operation has a register, after those of the parameters, columns and numbers that it is of.
Forward its values and slopes by its arguments are filled in; backward the curve's derivatives by
the parameters are gathered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import carray, types

from bayesmix.engine.kernels.compiling import callback
from bayesmix.engine.kernels.native import pointer_to
from bayesmix.engine.kernels.tables import CURVE
from bayesmix.engine.numerics.operations import BINARY, CODES, UNARY

Array = Any
N_BINARY = len(BINARY)
ROWS = 64
"""Rows that are done at once: their registers stay in the fastest cache."""
LEFT, RIGHT, BY, REGISTER = ROWS, 2 * ROWS, 3 * ROWS, 4 * ROWS
"""Where in a register derivatives by both arguments stand, after its values, and the curve's by it;
and how long it is.
"""
SIGNATURE = types.float64(types.voidptr, *[types.int64] * 8)
"""`CURVE`; addresses of data, of codes and of the curve's values; addresses of the parameters and
of derivatives by them, from one parameter to the next; the first row, and how many.
"""


@cache
def compiled_curve() -> Any:
    """The callback that evaluates any curve."""
    return callback(SIGNATURE, evaluate, inline=True)


def evaluate(curve_, data_, codes_, eta_, values_, slopes_, stride, start, n):  # type: ignore
    """Add a curve to the predictor of some rows, and leave its derivatives by the parameters."""
    c = carray(curve_, 1, CURVE)[0]
    first = c.n_parameters + c.n_columns + c.n_numbers
    memory = np.empty(REGISTER * (first + c.n_operations))
    operations = carray(pointer_to(codes_ + 4 * c.operations), 3 * c.n_operations, np.int32)
    fill_numbers(c, data_, memory)
    for row in range(0, n, ROWS):
        m = min(ROWS, n - row)
        data, places = data_ + 8 * (c.columns + start + row), 8 * row
        carry_out(
            c,
            operations,
            memory,
            m,
            data,
            eta_ + places,
            values_ + places,
            slopes_ + places,
            stride,
        )
    return 0.0


def fill_numbers(c: Any, data_: int, memory: Array) -> None:
    """The registers of numbers, which are the same for all rows."""
    for j in range(c.n_numbers):
        at = (c.n_parameters + c.n_columns + j) * REGISTER
        fill(_doubles(data_ + 8 * (c.numbers + j), 1)[0], memory[at : at + ROWS])


def carry_out(
    c: Any, operations: Array, memory: Array, m: int,
    columns_: int, eta_: int, values_: int, slopes_: int, stride: int,
) -> None:  # fmt: skip
    """Forward and backward for ``m`` rows, whose columns and values are at addresses."""
    # Slices of an array that numba owns are counted, which takes time.
    work = carray(pointer_to(memory.ctypes.data), memory.size, np.float64)
    first = c.n_parameters + c.n_columns + c.n_numbers
    for j in range(c.n_parameters):
        copy(_doubles(values_ + 8 * j * stride, m), work[j * REGISTER : j * REGISTER + m])
    for j in range(c.n_columns):
        at = (c.n_parameters + j) * REGISTER
        copy(_doubles(columns_ + 8 * j * c.n_rows, m), work[at : at + m])
    for i in range(c.n_operations):
        a, b = operations[3 * i + 1] * REGISTER, operations[3 * i + 2] * REGISTER
        at = (first + i) * REGISTER
        operate(operations[3 * i], work[a : a + m], work[b : b + m], work[at : at + BY])
    at = c.result * REGISTER
    add(work[at : at + m], _doubles(eta_, m))
    differentiate(c, operations, first, work, m)
    for j in range(c.n_parameters):
        at = j * REGISTER + BY
        copy(work[at : at + m], _doubles(slopes_ + 8 * j * stride, m))


def _doubles(address: int, size: int) -> Array:
    return carray(pointer_to(address), size, np.float64)


def differentiate(c: Any, operations: Array, first: int, work: Array, m: int) -> None:
    """The curve's derivatives by all registers."""
    for j in range(first + c.n_operations):
        at = j * REGISTER + BY
        fill(1.0 if j == c.result else 0.0, work[at : at + m])
    for k in range(c.n_operations - 1, -1, -1):
        at, a = (first + k) * REGISTER, operations[3 * k + 1] * REGISTER + BY
        by = work[at + BY : at + BY + m]
        add_product(by, work[at + LEFT : at + LEFT + m], work[a : a + m])
        if operations[3 * k] < N_BINARY:
            b = operations[3 * k + 2] * REGISTER + BY
            add_product(by, work[at + RIGHT : at + RIGHT + m], work[b : b + m])


def fill(value: float, out: Array) -> None:
    """``out = value``."""
    for i in range(out.size):
        out[i] = value


def copy(a: Array, out: Array) -> None:
    """``out = a``."""
    for i in range(out.size):
        out[i] = a[i]


def add(a: Array, out: Array) -> None:
    """``out += a``."""
    for i in range(out.size):
        out[i] += a[i]


def add_product(a: Array, b: Array, out: Array) -> None:
    """``out += a * b``."""
    for i in range(out.size):
        out[i] += a[i] * b[i]


def source() -> str:
    """The function that carries out an operation by its number as text: a loop for each.

    Examples
    --------
    >>> print(source()[:146])
    def operate(code, a, b, out):
        if code == 0:
            for i in range(a.size):
                out[i], out[i + 64], out[i + 128] = rule_0(a[i], b[i])
    """
    lines = ["def operate(code, a, b, out):"]
    for code in CODES.values():
        made, given = f"out[i], out[i + {LEFT}]", "a[i]"
        if code < N_BINARY:
            made, given = f"{made}, out[i + {RIGHT}]", f"{given}, b[i]"
        lines += [
            f"    if code == {code}:",
            "        for i in range(a.size):",
            f"            {made} = rule_{code}({given})",
        ]
    return "\n".join(lines)


def _operate() -> Callable[..., None]:
    rules = {f"rule_{CODES[name]}": rule for name, rule in (BINARY | UNARY).items()}
    scope: dict[str, Any] = {"__name__": __name__, **rules}
    exec(compile(source(), __file__, "exec"), scope)
    return scope["operate"]


operate = _operate()
