"""How a function is to be compiled, said where it is written and without importing numba."""

from __future__ import annotations

from collections.abc import Callable


def reordered[Function: Callable[..., object]](function: Function) -> Function:
    """Sums may be taken in any order, so that they can be vectorised."""
    function.fastmath = {"reassoc", "nsz", "contract"}
    return function
