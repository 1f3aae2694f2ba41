"""What the engine needs of a family: its log density and derivatives at one row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["RowKernel"]


@dataclass(frozen=True)
class RowKernel:
    """A family's log density at one row, as a function that the engine compiles.

    Parameters
    ----------
    function : callable
        ``function(y, *aux, *values)`` returns the log density (what depends on the data alone may
        be left out) and its derivatives by the values, as a tuple of floats. Plain Python of
        `float`, of ``exp``, ``log``, ``log1p``, ``expm1``, ``sqrt`` of `math`, and of
        `bayesmix.families.scalar`; functions and numbers of the scope that it was made in count
        too. Nan or an infinity means that the point is rejected.
    scales : tuple of str
        For each dpar what its value is: the ``"natural"`` one, its ``"log"``, or its log
        ``"odds"``. The latter two keep the digits that a positive number or a probability loses
        near its bounds.
    takes : tuple of str
        The addition terms that it is given, in this order.
    shared : str, optional
        A vector that all rows share (``"thresholds"``). The function is then called with three
        arguments more, ``(…, shared, slopes, weight)``, and adds `weight` times the derivative by
        ``shared[j]`` to ``slopes[j]`` itself.
    picked : tuple of int
        Where, from the response's number on, the values stand that a row has of that vector, any
        where there is none. The function is then given these and the vector's size,
        ``(…, *picked, size)``, and returns derivatives by them after the others.
    below, above : callable, optional
        ``below(y, *values)``: the log of the probability of at most y, and its derivatives; and of
        more than y.
    """

    function: Callable[..., tuple[float, ...]]
    scales: tuple[str, ...]
    takes: tuple[str, ...] = ()
    shared: str | None = None
    picked: tuple[int, ...] = ()
    below: Callable[..., tuple[float, ...]] | None = None
    above: Callable[..., tuple[float, ...]] | None = None

    @property
    def exact(self) -> Callable[..., tuple[float, ...]]:
        """`function` with nothing left out at a response of 0, which inflation compares."""
        return self.function
