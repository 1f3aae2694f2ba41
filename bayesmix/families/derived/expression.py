"""Formulas as graphs: what a density does to numbers, recorded instead of computed.

Nodes are shared: the same operation on the same nodes is the same node, so that what a formula
says twice is computed once. A node knows whether it hangs on a value that moves (a parameter) or
on the data alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bayesmix.errors import FamilyError

__all__ = ["Node", "as_node", "constant", "make", "variable"]


class Node:
    """A number that isn't known yet: an operation and what it is applied to.

    Made by `constant`, `variable` and `make` alone.
    """

    __slots__ = ("args", "moves", "op")
    __array_ufunc__ = None
    """numpy's numbers leave arithmetic with a node to the node."""

    def __init__(self, op: str, args: tuple[Any, ...], moves: bool) -> None:
        self.op, self.args, self.moves = op, args, moves

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise FamilyError(
            "A density can't branch on values that aren't known yet; write m.where(condition, a, b)"
            " instead of `if`, m.maximum instead of max()."
        )

    def __add__(self, other: Any) -> Node:
        return make("add", self, other)

    def __radd__(self, other: Any) -> Node:
        return make("add", other, self)

    def __sub__(self, other: Any) -> Node:
        return make("sub", self, other)

    def __rsub__(self, other: Any) -> Node:
        return make("sub", other, self)

    def __mul__(self, other: Any) -> Node:
        return make("mul", self, other)

    def __rmul__(self, other: Any) -> Node:
        return make("mul", other, self)

    def __truediv__(self, other: Any) -> Node:
        return make("div", self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return make("div", other, self)

    def __pow__(self, other: Any) -> Node:
        return make("pow", self, other)

    def __rpow__(self, other: Any) -> Node:
        return make("pow", other, self)

    def __neg__(self) -> Node:
        return make("neg", self)

    def __pos__(self) -> Node:
        return self

    def __abs__(self) -> Node:
        return make("abs", self)

    def __lt__(self, other: Any) -> Node:
        return make("lt", self, other)

    def __le__(self, other: Any) -> Node:
        return make("le", self, other)

    def __gt__(self, other: Any) -> Node:
        return make("lt", other, self)

    def __ge__(self, other: Any) -> Node:
        return make("le", other, self)

    def __eq__(self, other: Any) -> Node:  # type: ignore[override]
        return make("eq", self, other)

    def __ne__(self, other: Any) -> Node:  # type: ignore[override]
        return make("not", make("eq", self, other))

    def __and__(self, other: Any) -> Node:
        return make("and", self, other)

    def __rand__(self, other: Any) -> Node:
        return make("and", other, self)

    def __or__(self, other: Any) -> Node:
        return make("or", self, other)

    def __ror__(self, other: Any) -> Node:
        return make("or", other, self)

    def __invert__(self) -> Node:
        return make("not", self)

    @property
    def number(self) -> float | None:
        """The value of a constant."""
        return self.args[0] if self.op == "constant" else None


_known: dict[tuple[Any, ...], Node] = {}


def constant(value: Any) -> Node:
    """A number; conditions count as 1 and 0."""
    value = float(value)
    # By its digits: 0.0 and -0.0 are equal, and nan isn't.
    return _shared("constant", (value,), (value.hex(),), False)


def variable(name: str, moves: bool) -> Node:
    """A value that the compiled function is given."""
    return _shared("variable", (name,), (name, moves), moves)


def as_node(value: Any) -> Node:
    """A node, or a plain number as one."""
    return value if isinstance(value, Node) else constant(value)


def make(op: str, *args: Any) -> Node:
    """The node of an operation, simplified where its value keeps its digits.

    Parameters
    ----------
    op : str
    *args : Node or float
    """
    nodes = tuple(map(as_node, args))
    simpler = SIMPLER.get(op, _never)(*nodes)
    if simpler is not None:
        return simpler
    return _shared(op, nodes, tuple(map(id, nodes)), any(n.moves for n in nodes))


def _shared(op: str, args: tuple[Any, ...], key: tuple[Any, ...], moves: bool) -> Node:
    return _known.setdefault((op, *key), Node(op, args, moves))


def _never(*nodes: Node) -> Node | None:
    return None


def _add(a: Node, b: Node) -> Node | None:
    if a.number is not None and b.number is not None:
        return constant(a.number + b.number)
    if a.number == 0.0:
        return b
    if b.number == 0.0:
        return a
    return make("sub", a, b.args[0]) if b.op == "neg" else None


def _sub(a: Node, b: Node) -> Node | None:
    if a.number is not None and b.number is not None:
        return constant(a.number - b.number)
    if b.number == 0.0:
        return a
    if a.number == 0.0:
        return make("neg", b)
    if a.number == 1.0 and b.op == "sigmoid":
        return make("sigmoid", make("neg", b.args[0]))
    return make("add", a, b.args[0]) if b.op == "neg" else None


def _mul(a: Node, b: Node) -> Node | None:
    if a.number is not None and b.number is not None:
        return constant(a.number * b.number)
    for x, other in ((a, b), (b, a)):
        if x.number == 0.0:
            return x
        if x.number == 1.0:
            return other
        if x.number == -1.0:
            return make("neg", other)
    return None


def _div(a: Node, b: Node) -> Node | None:
    if a.number is not None and b.number not in (None, 0.0):
        return constant(a.number / b.number)
    if b.number == 1.0 or a.number == 0.0:
        return a
    if b.op == "exp":
        return make("mul", a, make("exp", make("neg", b.args[0])))
    return None


def _neg(a: Node) -> Node | None:
    if a.number is not None:
        return constant(-a.number)
    if a.op == "sub":
        return make("sub", a.args[1], a.args[0])
    return a.args[0] if a.op == "neg" else None


def _pow(a: Node, b: Node) -> Node | None:
    if b.number is None:
        return make("exp", make("mul", b, make("log", a)))
    simple = {0.0: lambda: constant(1.0), 1.0: lambda: a, 0.5: lambda: make("sqrt", a)}
    simple |= {2.0: lambda: a * a, 3.0: lambda: a * a * a, 4.0: lambda: (a * a) * (a * a)}
    simple |= {-1.0: lambda: 1.0 / a, -2.0: lambda: 1.0 / (a * a)}
    return simple[b.number]() if b.number in simple else None


def _log(a: Node) -> Node | None:
    if a.op == "exp":
        return a.args[0]
    if a.op == "sigmoid":
        return make("neg", make("softplus", make("neg", a.args[0])))
    return _computed(math.log, a) if a.number is not None and a.number > 0.0 else None


def _log1p(a: Node) -> Node | None:
    if a.op == "neg" and a.args[0].op == "sigmoid":
        return make("neg", make("softplus", a.args[0].args[0]))
    if a.op == "exp":
        return make("softplus", a.args[0])
    return _computed(math.log1p, a) if a.number is not None and a.number > -1.0 else None


def _sqrt(a: Node) -> Node | None:
    if a.op == "exp":
        return make("exp", 0.5 * a.args[0])
    return _computed(math.sqrt, a) if a.number is not None and a.number >= 0.0 else None


def _exp(a: Node) -> Node | None:
    return _computed(math.exp, a) if a.number is not None and a.number < 700.0 else None


def _computed(function: Callable[[float], float], a: Node) -> Node:
    return constant(function(a.number))


def _lt(a: Node, b: Node) -> Node | None:
    if a.number is not None and b.number is not None:
        return constant(a.number < b.number)
    return constant(True) if a.number == 0.0 and _is_positive(b) else None


def _le(a: Node, b: Node) -> Node | None:
    if a.number is not None and b.number is not None:
        return constant(a.number <= b.number)
    if a.number == 0.0 and _is_positive(b):
        return constant(True)
    return constant(True) if b.number == 1.0 and a.op == "sigmoid" else None


def _is_positive(a: Node) -> bool:
    """Where it is rounded to 0, the density is no number, and that is enough."""
    return a.op in ("exp", "sigmoid")


def _and(a: Node, b: Node) -> Node | None:
    for x, other in ((a, b), (b, a)):
        if x.number is not None:
            return other if x.number else x
    return None


def _or(a: Node, b: Node) -> Node | None:
    for x, other in ((a, b), (b, a)):
        if x.number is not None:
            return x if x.number else other
    return None


def _not(a: Node) -> Node | None:
    if a.number is not None:
        return constant(not a.number)
    return a.args[0] if a.op == "not" else None


def _where(condition: Node, a: Node, b: Node) -> Node | None:
    if condition.number is not None:
        return a if condition.number else b
    return a if a is b else None


SIMPLER: Mapping[str, Callable[..., Node | None]] = MappingProxyType(
    {
        "add": _add,
        "sub": _sub,
        "mul": _mul,
        "div": _div,
        "neg": _neg,
        "pow": _pow,
        "log": _log,
        "log1p": _log1p,
        "sqrt": _sqrt,
        "exp": _exp,
        "lt": _lt,
        "le": _le,
        "and": _and,
        "or": _or,
        "not": _not,
        "where": _where,
    }
)
"""What an operation is where there is something simpler; None where there isn't."""
