"""The functions of a traced formula: how they are written out, and their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import MappingProxyType
from typing import Any

from bayesmix.errors import FamilyError
from bayesmix.families import scalar, scalar_incomplete
from bayesmix.families.derived.expression import Node, make
from bayesmix.families.maths import Maths
from bayesmix.families.special import HALF_LOG_2PI

__all__ = [
    "PRIMITIVES",
    "SLOPES",
    "TEXTS",
    "OfStrata",
    "UntraceableError",
    "slope",
    "traced_maths",
]

PRIMITIVES: Mapping[str, Callable[..., tuple[float, ...]]] = MappingProxyType(
    {
        "gammaln": scalar.gammaln,
        "log_beta_binomial": scalar.log_beta_binomial,
        "log_betainc": scalar_incomplete.log_betainc,
        "log_com_poisson": scalar.log_com_poisson,
        "log_com_poisson_tail": scalar.log_com_poisson_tail,
        "log_erfcx": scalar.log_erfcx,
        "log_gammainc": scalar_incomplete.log_gammainc,
        "log_gammaincc": scalar_incomplete.log_gammaincc,
        "log_i0e": scalar.log_i0e,
        "log_ndtr": scalar.log_ndtr,
        "log_stdtr": scalar_incomplete.log_stdtr,
        "stirling_rest": scalar.stirling,
    }
)
"""Functions of `Maths` that return their value and the slope by each argument.

A function of `Maths` that is neither here nor in `TEXTS` can't be part of a derived kernel.
"""

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "add": "{} + {}",
        "sub": "{} - {}",
        "mul": "{} * {}",
        "div": "{} / {}",
        "pow": "{} ** {}",
        "neg": "-{}",
        "lt": "{} < {}",
        "le": "{} <= {}",
        "eq": "{} == {}",
        "and": "{} and {}",
        "or": "{} or {}",
        "not": "not {}",
        "where": "{1} if {0} else {2}",
        "abs": "abs({})",
        "sign": "-1.0 if {0} < 0.0 else 1.0",
        "maximum": "{0} if {0} > {1} else {1}",
        "minimum": "{0} if {0} < {1} else {1}",
        "exp": "exp({})",
        "expm1": "expm1({})",
        "log": "log({})",
        "log1p": "log1p({})",
        "sqrt": "sqrt({})",
        "arctan": "atan({})",
        "arctan2": "atan2({}, {})",
        "sin": "sin({})",
        "cos": "cos({})",
        "ndtr": "0.5 * erfc(-{} * SQRT_HALF)",
        "sigmoid": "sigmoid({})",
        "softplus": "softplus({})",
    }
)
"""Every other operation in plain Python."""

SLOPES: Mapping[str, Callable[..., tuple[Any, ...]]] = MappingProxyType(
    {
        "add": lambda f, a, b: (1.0, 1.0),
        "sub": lambda f, a, b: (1.0, -1.0),
        "mul": lambda f, a, b: (b, a),
        "div": lambda f, a, b: (1.0 / b, -f / b),
        "pow": lambda f, a, b: (b * a ** (b - 1.0), 0.0),
        "neg": lambda f, a: (-1.0,),
        "abs": lambda f, a: (make("sign", a),),
        "sign": lambda f, a: (0.0,),
        "maximum": lambda f, a, b: (make("where", a > b, 1.0, 0.0), make("where", a > b, 0.0, 1.0)),
        "minimum": lambda f, a, b: (make("where", a < b, 1.0, 0.0), make("where", a < b, 0.0, 1.0)),
        "exp": lambda f, a: (f,),
        "expm1": lambda f, a: (make("exp", a),),
        "log": lambda f, a: (1.0 / a,),
        "log1p": lambda f, a: (1.0 / (1.0 + a),),
        "sqrt": lambda f, a: (0.5 / f,),
        "arctan": lambda f, a: (1.0 / (1.0 + a * a),),
        "arctan2": lambda f, a, b: (b / (a * a + b * b), -a / (a * a + b * b)),
        "sin": lambda f, a: (make("cos", a),),
        "cos": lambda f, a: (-make("sin", a),),
        "ndtr": lambda f, a: (make("exp", -0.5 * a * a - HALF_LOG_2PI),),
        "sigmoid": lambda f, a: (f * make("sigmoid", -a),),
        "softplus": lambda f, a: (make("sigmoid", a),),
    }
)
"""The derivative by each argument, of a node and its arguments.

An exponent that moves has become a product with a logarithm before it comes here.
"""


class UntraceableError(FamilyError):
    """A formula with a function that has no scalar form."""


CONDITIONS = ("lt", "le", "eq", "and", "or", "not")


def slope(node: Node, name: str, known: dict[int, Node | float]) -> Node | float:
    """The derivative of a node by a variable.

    Parameters
    ----------
    node : Node
    name : str
    known : dict
        What was found before, by node.
    """
    if not node.moves or node.op in CONDITIONS:
        return 0.0
    if id(node) not in known:
        known[id(node)] = _slope(node, name, known)
    return known[id(node)]


def _slope(node: Node, name: str, known: dict[int, Node | float]) -> Node | float:
    if node.op == "variable":
        return float(node.args[0] == name)
    if node.op == "where":
        condition, *branches = node.args
        return make("where", condition, *(slope(b, name, known) for b in branches))
    total: Node | float = 0.0
    for own, inner in zip(_partial(node), node.args, strict=True):
        by_inner = slope(inner, name, known)
        total = total + make("mul", own, by_inner)
    return total


def _partial(node: Node) -> tuple[Any, ...]:
    if node.op in PRIMITIVES:
        return tuple(make(f"part{i}", node) for i in range(1, 1 + len(node.args)))
    return SLOPES[node.op](node, *node.args)


class _Traced(Maths):
    """`Maths` that records."""

    def stirling_rest(self, x: Any) -> Any:
        return make("stirling_rest", x)


@cache
def traced_maths() -> Maths:
    """The functions that densities are written in, as operations of nodes."""
    operations = {f.name: _operation(f.name) for f in fields(Maths)}
    return _Traced(**operations | {"integer": lambda x: x, "take": _take})


@dataclass(frozen=True)
class OfStrata:
    """A value of each stratum, of which the kernel knows that of the row's."""

    value: Node


def _take(values: Any, at: Any) -> Node:
    if not isinstance(values, OfStrata):
        raise UntraceableError("A compiled density can take() values of strata alone.")
    return values.value


def _operation(name: str) -> Callable[..., Any]:
    def operation(*args: Any) -> Node:
        if name not in TEXTS and name not in PRIMITIVES:
            raise UntraceableError(f"A compiled density can't use {name}().")
        return make(name, *args)

    return operation
