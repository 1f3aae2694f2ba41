"""Row kernels made of a family's formulas: traced, differentiated, written out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from bayesmix.families import scalar
from bayesmix.families.derived.expression import Node, constant, make, variable
from bayesmix.families.derived.functions import (
    PRIMITIVES,
    OfStrata,
    UntraceableError,
    slope,
    traced_maths,
)
from bayesmix.families.derived.writing import lines

__all__ = ["DerivedRow", "derived_row", "of_density"]

Formula = Callable[..., Any]

SCOPE: Mapping[str, Any] = MappingProxyType(
    {
        "atan": math.atan,
        "atan2": math.atan2,
        "cos": math.cos,
        "erfc": math.erfc,
        "exp": math.exp,
        "expm1": math.expm1,
        "inf": math.inf,
        "log": math.log,
        "log1p": math.log1p,
        "nan": math.nan,
        "sigmoid": scalar.sigmoid,
        "sin": math.sin,
        "softplus": scalar.softplus,
        "sqrt": math.sqrt,
        "SQRT_HALF": scalar.SQRT_HALF,
    }
)
"""What the written functions use."""


def derived_row(
    density: Formula,
    scales: Mapping[str, str],
    takes: tuple[str, ...] = (),
    log_cdf: Formula | None = None,
    log_sf: Formula | None = None,
    shared: tuple[str, int] | None = None,
    strata: str = "",
    ragged: bool = False,
) -> DerivedRow:
    """A row kernel of a family's own formula, with derivatives made by rule.

    Parameters
    ----------
    density : callable
        The family's ``density(y, p, aux, m)``, written in functions of `m`, operators, and
        ``m.where`` for choices.
    scales : mapping of str to str
        For each dpar, in order, what the kernel is given: its ``"natural"`` value, its ``"log"``
        or its log ``"odds"``, see `RowKernel`. In the formula ``p`` is natural in any case.
    takes : tuple of str
        The addition terms that the formulas read.
    log_cdf, log_sf : callable, optional
        As `Family` has them.
    shared : (str, int), optional
        A vector that all rows share, and its length; the formula reads ``p[name][..., k]``.
    strata : str
        The addition term that numbers the vectors, where rows have several; the formula then reads
        ``m.take(p[name][..., k], m.integer(aux[strata]))``.
    ragged : bool
        Whether these have different lengths and stand in one vector, so that the term says where
        a row's starts; the formula then reads ``m.take(p[name][..., k:], first)``, with `first`
        such that this ends no later than the vector.

    Returns
    -------
    DerivedRow
        In the place of a `RowKernel`; nothing is traced until it is used.

    Examples
    --------
    >>> row = derived_row(lambda y, p, aux, m: m.log(p["mu"]) - p["mu"] * y, {"mu": "log"})
    >>> row.function(2.0, 0.0)
    (-2.0, -1.0)
    """
    own = tuple(scales), tuple(scales.values())
    return DerivedRow(density, *own, takes, log_cdf, log_sf, shared, strata, ragged)


def of_density(base: Any, density: Formula, terms: tuple[str, ...]) -> DerivedRow | None:
    """The kernel of a density that is made of a family's, with addition terms more.

    Parameters
    ----------
    base : Family
        Whose kernel says what parameters are given as.
    density : callable
    terms : tuple of str

    Returns
    -------
    DerivedRow or None
        None where the density has functions without a scalar form.
    """
    scales = dict(zip(base.dpar_names, base.row.scales, strict=True))
    names = ("strata", "ragged") if base.vectors else ()
    vector = {"shared": base.row.vector} if base.vectors else {}
    vector |= {name: getattr(base.row, name) for name in names}
    row = derived_row(density, scales, (*base.row.takes, *terms), **vector)
    try:
        _ = row.function
    except UntraceableError:
        return None
    return row


@dataclass(frozen=True)
class DerivedRow:
    """The row kernel of a density; see `derived_row` and `RowKernel`."""

    density: Formula
    dpars: tuple[str, ...]
    scales: tuple[str, ...]
    takes: tuple[str, ...] = ()
    log_cdf: Formula | None = None
    log_sf: Formula | None = None
    vector: tuple[str, int] | None = None
    strata: str = ""
    ragged: bool = False

    picked = ()

    @property
    def shared(self) -> str | None:
        return None if self.vector is None else self.vector[0]

    @property
    def function(self) -> Formula:
        return _written(self, self.density, self.takes, exact=False)

    @property
    def exact(self) -> Formula:
        """The same with what depends on the data alone."""
        return _written(self, self.density, self.takes)

    @property
    def below(self) -> Formula | None:
        return None if self.log_cdf is None else _written(self, self.log_cdf)

    @property
    def above(self) -> Formula | None:
        return None if self.log_sf is None else _written(self, self.log_sf)


@cache
def _written(
    row: DerivedRow, formula: Formula, takes: tuple[str, ...] = (), exact: bool = True
) -> Formula:
    """A formula as a function of numbers, which returns its value and derivatives."""
    scales = dict(zip(row.dpars, row.scales, strict=True))
    outputs = outputs_of(formula, scales, takes, exact, row)
    first: list[str] = []
    given = ["y", *takes, *(f"v{k}" for k in range(len(scales)))]
    last = [f"return {', '.join(f'{{{k}}}' for k in range(1 + len(scales)))}"]
    if row.vector is not None:
        given += ["shared", "slopes", "weight"]
        step = 1 if row.ragged else row.vector[1]
        first = [f"first = {step} * int({row.strata})"] if row.strata else []
        slopes = _values_of("slopes", row)
        added = (f"{s} += weight * {{{1 + len(scales) + k}}}" for k, s in enumerate(slopes))
        last = [*added, *last]
    text = "\n    ".join([f"def derived({', '.join(given)}):", *first, *lines(outputs, last)])
    scope = {**SCOPE, **PRIMITIVES, "__name__": __name__}
    exec(compile(text, f"<{getattr(formula, '__qualname__', 'formula')}>", "exec"), scope)
    return scope["derived"]


def outputs_of(
    formula: Formula,
    scales: Mapping[str, str],
    takes: tuple[str, ...],
    exact: bool,
    row: DerivedRow,
) -> list[Node]:
    """The value of a formula, and its derivatives by the values ``v0``, ``v1``, ….

    Parameters
    ----------
    formula : callable
    scales : mapping of str to str
        By dpar.
    takes : tuple of str
    exact : bool
        Whether what depends on the data alone counts.
    row : DerivedRow
        If all rows share a vector, derivatives by its values come last.
    """
    aux = {name: variable(name, moves=False) for name in takes}
    p: dict[str, Node] = {}
    for k, (name, scale) in enumerate(scales.items()):
        p |= FROM[scale](name, variable(f"v{k}", moves=True))
    by = [f"v{k}" for k in range(len(scales))]
    if row.vector is not None:
        values = _values_of("shared", row)
        nodes = (variable(v, moves=True) for v in values)
        p[row.vector[0]] = SharedVector(tuple(map(OfStrata, nodes) if row.strata else nodes))
        by += values
    value = make("add", formula(variable("y", moves=False), p, aux, traced_maths()), 0.0)
    value = value if exact else _without_data(value)
    return [value, *(make("add", slope(value, name, {}), 0.0) for name in by)]


def _values_of(array: str, row: DerivedRow) -> list[str]:
    """A vector's values in the arrays that a kernel is given; with strata those of the row's."""
    places = [f"first + {k}" if row.strata else f"{k}" for k in range(row.vector[1])]
    if row.ragged:
        places = [f"min({place}, shared.size - 1)" for place in places]
    return [f"{array}[{place}]" for place in places]


@dataclass(frozen=True)
class SharedVector:
    """A vector of the formula, value by value."""

    values: tuple[Node | OfStrata, ...]

    @property
    def shape(self) -> tuple[int]:
        return (len(self.values),)

    def __getitem__(self, at: Any) -> Node | OfStrata:
        last = at[-1]
        return self.values[last.start if isinstance(last, slice) else last]


def _without_data(node: Node) -> Node:
    """A log density without the summands that no parameter moves."""
    if not node.moves:
        infinite = node.number is not None and not math.isfinite(node.number)
        return node if infinite else constant(0.0)
    if node.op in ("add", "sub", "neg"):
        return make(node.op, *map(_without_data, node.args))
    if node.op == "where" and (not node.args[0].moves or node.args[2].number == -math.inf):
        return make("where", node.args[0], *map(_without_data, node.args[1:]))
    return node


def _natural(name: str, value: Node) -> dict[str, Node]:
    return {name: value}


def _of_log(name: str, value: Node) -> dict[str, Node]:
    return {name: make("exp", value)}


def _of_odds(name: str, value: Node) -> dict[str, Node]:
    return {name: make("sigmoid", value), f"{name}_log_odds": value}


FROM = {"natural": _natural, "log": _of_log, "odds": _of_odds}
"""A parameter, as densities read it, from what the kernel is given."""
