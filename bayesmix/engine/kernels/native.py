"""What numba's Python lacks: bits of doubles, memory at an address, a call of an address.

Imports numba, which takes half a second: nothing outside the engine's compilation imports this.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

INT64, DOUBLE = ir.IntType(64), ir.DoubleType()


@intrinsic
def bits_of(typingctx: Any, x: Any) -> Any:
    """The bits of a double, as a signed integer."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], INT64)

    return types.int64(types.float64), codegen


@intrinsic
def double_of(typingctx: Any, bits: Any) -> Any:
    """The double that has these bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], DOUBLE)

    return types.float64(types.int64), codegen


@intrinsic
def pointer_to(typingctx: Any, address: Any) -> Any:
    """An address as a pointer, for `numba.carray`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), codegen


@intrinsic
def call(typingctx: Any, function: Any, *args: Any) -> Any:
    """Call a compiled function of integers and addresses, that at an address.

    It is a family's loop over rows (`rows.SIGNATURE`), evaluates curves (`curves.SIGNATURE`), or
    whitens or colours residuals (`residuals.WHITENING`, `residuals.COLOURING`).
    """
    given = args[0] if isinstance(args[0], types.BaseTuple) else types.StarArgTuple(args)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(DOUBLE, [INT64] * len(given))
        callee = builder.inttoptr(args[0], kind.as_pointer())
        return builder.call(callee, cgutils.unpack_tuple(builder, args[1]))

    return types.float64(types.int64, types.UniTuple(types.int64, len(given))), codegen
