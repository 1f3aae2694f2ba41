"""What a formula's text means, before any data: the tree that the parser returns.

Every node knows its place (`span`) in the text it came from, so that later stages can point at it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from bayesmix.formula.structures import Structure

Span = tuple[int, int]

CONSTANTS = {"True": True, "False": False, "None": None}
R_CONSTANTS = {"TRUE": "True", "FALSE": "False", "NULL": "None"}

COMPARISON = 1
LEVELS = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARISON),
    **dict.fromkeys("+-", 2),
    **dict.fromkeys("*/", 3),
    "**": 4,
}
"""How tightly operators inside calls bind."""

_PLAIN = re.compile(r"(?!__)[^\W\d]\w*")


@dataclass(frozen=True)
class Name:
    """A column, or a name of the formula's namespace."""

    name: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Literal:
    """A number, a string, True, False or None."""

    value: float | int | str | bool | None
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Call:
    """A function applied to expressions."""

    function: str
    args: tuple[Expr, ...]
    kwargs: tuple[tuple[str, Expr], ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Unary:
    """A sign before an expression, inside a call."""

    op: str
    operand: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Binary:
    """Arithmetic or a comparison, inside a call."""

    op: str
    left: Expr
    right: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True)
class List:
    """Expressions in square brackets, inside a call."""

    items: tuple[Expr, ...]
    span: Span = field(compare=False)


Expr = Name | Literal | Call | Unary | Binary | List
Args = tuple[Expr, ...]


@dataclass(frozen=True)
class Term:
    """Variables or calls joined by ``:``; a single one is a main effect."""

    factors: tuple[Name | Call, ...]
    span: Span = field(compare=False)

    @cached_property
    def key(self) -> frozenset[str]:
        """What makes two terms the same: their factors, in any order."""
        return frozenset(render(f) for f in self.factors)

    @property
    def label(self) -> str:
        """The term's text: its factors in the order written."""
        return ":".join(render(f) for f in self.factors)


@dataclass(frozen=True)
class Terms:
    """One side of a linear predictor, all operators expanded, by order of interaction."""

    intercept: bool
    terms: tuple[Term, ...] = ()
    offsets: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Membership:
    """What ``mm()`` says: the grouping factors that each row has one level of, and their weights.

    Attributes
    ----------
    units : tuple of tuple of str
        The columns of each.
    weights : tuple of Expr
        One for each unit; equal ones if it is empty.
    scale : bool
        Whether the weights of a row are made to add up to one.
    by : tuple of str
        For each unit the column of its strata, if there are some.
    """

    units: tuple[tuple[str, ...], ...]
    weights: tuple[Expr, ...] = ()
    scale: bool = True
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grouping:
    """What stands right of the bar: the members of ``a:b`` and the options of ``gr()``.

    Attributes
    ----------
    members : tuple of str
        All columns.
    by : str or None
        Factor whose levels have sd and cor of their own.
    dist : str
        Of the effects, ``"gaussian"`` or ``"student"``.
    cov : Name or None
        That of the matrix of known covariances between levels.
    pw : tuple of Expr
        What the log densities of levels' effects are multiplied by; one for each unit of ``mm()``.
    mm : Membership or None
        What is special to ``mm()``.
    """

    members: tuple[str, ...]
    by: str | None
    span: Span = field(compare=False)
    dist: str = "gaussian"
    cov: Name | None = None
    pw: tuple[Expr, ...] = ()
    mm: Membership | None = None

    @property
    def name(self) -> str:
        """What the posterior's variables call it: ``g``, ``a:b``, ``mmgh``."""
        if self.mm is None:
            return ":".join(self.members)
        return "mm" + "".join(":".join(unit) for unit in self.mm.units)

    @property
    def text(self) -> str:
        """As a formula writes it, options aside."""
        if self.mm is None:
            return self.name
        return f"mm({', '.join(':'.join(unit) for unit in self.mm.units)})"

    @property
    def key(self) -> tuple[frozenset[str], ...]:
        """What makes two grouping factors the same: their members, in any order."""
        units = [frozenset(unit) for unit in (self.mm.units if self.mm else (self.members,))]
        return tuple(sorted(units, key=sorted))

    @property
    def strata(self) -> tuple[str, ...]:
        """The columns of ``by``."""
        return self.mm.by if self.mm else () if self.by is None else (self.by,)


@dataclass(frozen=True)
class GroupTerm:
    """``(coefs | id | grouping)``, nesting expanded: one grouping a term.

    Those of ``(cs(x) | g)`` are `specific`: each category has its own.
    """

    coefs: Terms
    grouping: Grouping
    id: str | None
    structure: Structure
    span: Span = field(compare=False)
    specific: bool = False

    @property
    def correlated(self) -> bool:
        """Whether its coefficients are correlated."""
        return self.structure.correlated


@dataclass(frozen=True)
class VarianceTerm:
    """``varPower(mu, by=f)``: a function that a scale is a multiple of.

    `covariate` is None where it is the fitted mean.
    """

    noun: ClassVar[str] = "variance function"
    times: ClassVar[str | None] = "Strata are named inside: 'varPower(mu, by=f)'."
    by_level: ClassVar[str | None] = None

    function: str
    covariate: Expr | None
    by: Name | None
    span: Span = field(compare=False)

    @property
    def columns(self) -> tuple[Expr, ...]:
        """What it reads of the data."""
        return tuple(e for e in (self.covariate, self.by) if e is not None)


@dataclass(frozen=True)
class SmoothTerm:
    """``s(x, bs="cr", k=5, by=f)`` or ``t2(x, z)``.

    Attributes
    ----------
    function : str
    covariates : tuple of Expr
    bases : tuple of str
        One, or for ``t2`` one for each covariate.
    sizes : tuple of int
        As many, or none where they are left to the bases.
    by : Expr or None
        A factor, each of whose levels has its own function, or a number that it is multiplied by.
    """

    noun: ClassVar[str] = "smooth"
    times: ClassVar[str | None] = (
        "A smooth for each level of a factor, or times a number, is 's(x, by=f)'."
    )
    by_level: ClassVar[str | None] = (
        "A smooth for each level is 's(x, g, bs=\"fs\")' outside of parentheses."
    )

    function: str
    covariates: tuple[Expr, ...]
    bases: tuple[str, ...]
    sizes: tuple[int, ...]
    by: Expr | None
    span: Span = field(compare=False)

    @property
    def columns(self) -> tuple[Expr, ...]:
        """What it reads of the data."""
        return (*self.covariates, *(() if self.by is None else (self.by,)))

    @property
    def by_text(self) -> str:
        """What ``by=`` says; nothing without."""
        return "" if self.by is None else render(self.by)

    @property
    def label(self) -> str:
        """The function of its covariates: ``s(x)``."""
        return f"{self.function}({', '.join(map(render, self.covariates))})"


@dataclass(frozen=True)
class GpTerm:
    """``gp(x, z, by=f, k=10)``: a function drawn from a Gaussian process.

    Attributes
    ----------
    covariates : tuple of Expr
    by : Expr or None
        A factor, each of whose levels has its own function, or a number that it is multiplied by.
    k : int or None
        Basis functions along each covariate; None if it is exact.
    reach : tuple of float
        Of each covariate how far the boundary of those is; none if it is exact.
    kernel : str
    iso : bool
        Whether the covariates have one length scale.
    gr : bool
        Whether rows at the same place share one value of the function.
    cmc : bool
        Whether each level has a function by itself; else the first has one, to which those of the
        others are added.
    scale : bool
        Whether the greatest distance is made one.
    """

    noun: ClassVar[str] = "Gaussian process"
    times: ClassVar[str | None] = (
        "One for each level of a factor, or times a number, is 'gp(x, by=f)'."
    )
    by_level: ClassVar[str | None] = "One for each level is 'gp(x, by=g)' outside of parentheses."

    covariates: tuple[Expr, ...]
    by: Expr | None
    k: int | None
    reach: tuple[float, ...]
    kernel: str
    span: Span = field(compare=False)
    iso: bool = True
    gr: bool = True
    cmc: bool = True
    scale: bool = True

    @property
    def columns(self) -> tuple[Expr, ...]:
        """What it reads of the data."""
        return (*self.covariates, *(() if self.by is None else (self.by,)))

    @property
    def label(self) -> str:
        """The function of its covariates: ``gp(x)``."""
        return f"gp({', '.join(map(render, self.covariates))})"


@dataclass(frozen=True)
class SpecificTerm:
    """``cs(x * z)``: terms whose coefficients differ between ordered categories.

    `intercept` is None where the text doesn't mention it.
    """

    noun: ClassVar[str] = "category-specific term"
    times: ClassVar[str | None] = "Interactions stand inside: 'cs(x:z)'."
    by_level: ClassVar[str | None] = None

    terms: tuple[Term, ...]
    intercept: bool | None
    span: Span = field(compare=False)

    @property
    def columns(self) -> tuple[Expr, ...]:
        """What it reads of the data."""
        return tuple(f for t in self.terms for f in t.factors)


@dataclass(frozen=True)
class CarTerm:
    """``car(W, gr=area, type="icar")``: effects of regions that resemble those of neighbours.

    Attributes
    ----------
    matrix : Name
        What ``data2`` calls the matrix of neighbours.
    regions : Name
        The column.
    type : str
        One of `bayesmix.formula.spatial.CAR`.
    """

    noun: ClassVar[str] = "spatial effect"
    times: ClassVar[str | None] = None
    by_level: ClassVar[str | None] = None

    matrix: Name
    regions: Name
    type: str
    span: Span = field(compare=False)

    @property
    def columns(self) -> tuple[Expr, ...]:
        """What it reads of the data."""
        return (self.regions,)


@dataclass(frozen=True)
class SarTerm:
    """``sar(W, type="lag")``: rows that hang on others, or residuals that do.

    Attributes
    ----------
    matrix : Name
        What ``data2`` calls the matrix of weights.
    type : str
        ``"lag"`` or ``"error"``.
    """

    noun: ClassVar[str] = "spatial term of rows"
    times: ClassVar[str | None] = None
    by_level: ClassVar[str | None] = None
    columns: ClassVar[tuple[Expr, ...]] = ()

    matrix: Name
    type: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class ResidualTerm:
    """``arma(time, gr=g, p=1, q=1, cov=True)``: how residuals of a group hang together over time.

    Attributes
    ----------
    function : str
    time : Name or None
        The column whose order counts; without one that of the rows.
    gr : Name or None
        The column of groups, which don't hang together; without one all rows are one.
    p, q : int
        How many lags of residuals and of innovations.
    cov : bool
        Whether it is a covariance of residuals; else past residuals are in the mean.
    matrix : Name or None
        What ``data2`` calls the covariances of ``fcor()``.
    second : Name or None
        The second coordinate of places, of which `time` is the first.
    nugget : bool
        Whether places have something of their own.
    smoothness : float
        Of ``corMatern()``.
    gaps : bool
        Whether times are whole numbers of steps, so that one that isn't there counts.
    """

    noun: ClassVar[str] = "term of residuals"
    times: ClassVar[str | None] = None
    by_level: ClassVar[str | None] = "Groups are named inside: 'ar(time, gr=g)'."

    function: str
    time: Name | None
    gr: Name | None
    p: int
    q: int
    cov: bool
    span: Span = field(compare=False)
    matrix: Name | None = None
    second: Name | None = None
    nugget: bool = False
    smoothness: float = 1.5
    gaps: bool = False

    @property
    def columns(self) -> tuple[Expr, ...]:
        """What it reads of the data."""
        return tuple(e for e in (self.time, self.second, self.gr) if e is not None)


@dataclass(frozen=True)
class NonlinearTerm:
    """The expression that is the whole right-hand side of a nonlinear formula.

    Attributes
    ----------
    expr : Expr
    parameters : tuple of str
        The names in it that have formulas of their own; all others are columns.
    """

    noun: ClassVar[str] = "expression"
    times: ClassVar[str | None] = None
    by_level: ClassVar[str | None] = None

    expr: Expr
    parameters: tuple[str, ...]
    span: Span = field(compare=False)

    @property
    def columns(self) -> tuple[Name, ...]:
        """What it reads of the data, each column once."""
        found = {n.name: n for n in reversed(names(self.expr)) if n.name not in self.parameters}
        return tuple(reversed(found.values()))


SpecialTerm = (
    VarianceTerm
    | SmoothTerm
    | GpTerm
    | SpecificTerm
    | CarTerm
    | SarTerm
    | ResidualTerm
    | NonlinearTerm
)
"""A term that is neither columns nor a bracket. Each kind says what it is called (`noun`), and what
to write in place of an interaction with it (`times`), or of it in a bracket (`by_level`)."""


@dataclass(frozen=True)
class Predictor:
    """The right-hand side for one distributional parameter."""

    population: Terms
    groups: tuple[GroupTerm, ...]
    source: str = field(compare=False)
    specials: tuple[SpecialTerm, ...] = ()

    @property
    def variances(self) -> tuple[VarianceTerm, ...]:
        return tuple(s for s in self.specials if isinstance(s, VarianceTerm))

    @property
    def specifics(self) -> tuple[SpecificTerm, ...]:
        return tuple(s for s in self.specials if isinstance(s, SpecificTerm))

    @property
    def smooths(self) -> tuple[SmoothTerm, ...]:
        return tuple(s for s in self.specials if isinstance(s, SmoothTerm))

    @property
    def processes(self) -> tuple[GpTerm, ...]:
        return tuple(s for s in self.specials if isinstance(s, GpTerm))

    @property
    def sars(self) -> tuple[SarTerm, ...]:
        return tuple(s for s in self.specials if isinstance(s, SarTerm))

    @property
    def cars(self) -> tuple[CarTerm, ...]:
        return tuple(s for s in self.specials if isinstance(s, CarTerm))

    @property
    def residuals(self) -> tuple[ResidualTerm, ...]:
        return tuple(s for s in self.specials if isinstance(s, ResidualTerm))

    @property
    def nonlinear(self) -> NonlinearTerm | None:
        """The expression that it is, if it is one."""
        return next((s for s in self.specials if isinstance(s, NonlinearTerm)), None)


@dataclass(frozen=True)
class Addition:
    """An addition term between response and tilde: ``trials(n)``.

    `flags` are its options that are True, `settings` those that are one number or True or False.
    """

    name: str
    args: tuple[Expr, ...]
    kwargs: tuple[tuple[str, Expr], ...]
    span: Span = field(compare=False)
    flags: tuple[str, ...] = ()
    settings: tuple[tuple[str, float | bool], ...] = ()

    @property
    def values(self) -> tuple[Expr, ...]:
        """All its arguments."""
        return (*self.args, *(value for _, value in self.kwargs))


@dataclass(frozen=True)
class Response:
    """The left-hand side."""

    expr: Expr
    additions: tuple[Addition, ...]
    source: str = field(compare=False)


@dataclass(frozen=True, repr=False)
class Formula:
    """A whole model formula: the response, and a predictor for ``mu`` and other dpars.

    Made by :func:`bayesmix.bf`. Parameters may be `fixed` at a number, or, once the family is
    known, `tied` to another.

    Parameters
    ----------
    response : Response
        The left-hand side.
    predictors : tuple of (str, Predictor)
        By parameter, ``mu`` first.
    fixed : tuple of (str, float)
        The numbers at which parameters are fixed.
    tied : tuple of (str, str)
        The parameters that others are the same as.
    family : str or Family, optional
        That of the response, where the formula says it.
    mecor : bool
        Whether true values of covariates with measurement error are correlated.

    Examples
    --------
    >>> import bayesmix as bx
    >>> formula = bx.bf("y ~ x + (1 | g)", sigma="1 + x", nu=4)
    >>> [dpar for dpar, _ in formula.predictors], formula.fixed
    (['mu', 'sigma'], (('nu', 4.0),))
    """

    response: Response
    predictors: tuple[tuple[str, Predictor], ...]
    fixed: tuple[tuple[str, float], ...] = ()
    tied: tuple[tuple[str, str], ...] = ()
    family: Any = field(default=None, compare=False)
    mecor: bool = True

    @property
    def mu(self) -> Predictor:
        """The main formula's predictor."""
        return dict(self.predictors).get("mu", self.predictors[0][1])

    def __repr__(self) -> str:
        return f"<formula {self}>".replace("\n", "\n         ")

    def __str__(self) -> str:
        lines = [self.mu.source]
        lines += [f"{dpar} ~ {p.source}" for dpar, p in self.predictors[1:]]
        lines += [f"{dpar} = {value:g}" for dpar, value in self.fixed]
        lines += [f"{dpar} = {other}" for dpar, other in self.tied]
        lines += [] if self.mecor else ["mecor = False"]
        return "\n".join(lines)


def render(expr: Expr) -> str:
    """The expression's canonical text, in Python's spelling; names that need them in backticks."""
    match expr:
        case Name(name):
            return name if _is_plain(name) else f"`{name}`"
        case Literal(value):
            return repr(value)
        case Call(function, args, kwargs):
            inside = [render(a) for a in args] + [f"{k}={render(v)}" for k, v in kwargs]
            return f"{function}({', '.join(inside)})"
        case Unary(op, operand):
            return f"{op}{_operand(operand, LEVELS['**'])}"
        case Binary(op, left, right):
            level, to_right = LEVELS[op], op == "**"
            loose = level + (to_right or level == COMPARISON)
            tight = level + (not to_right)
            return f"{_operand(left, loose)} {op} {_operand(right, tight)}"
        case List(items):
            return f"[{', '.join(render(i) for i in items)}]"


def _is_plain(name: str) -> bool:
    """Whether the parser reads `name` as this name without backticks, dots aside."""
    return bool(_PLAIN.fullmatch(name)) and name not in CONSTANTS and name not in R_CONSTANTS


def _operand(expr: Expr, floor: int) -> str:
    """The expression in parentheses if its operator binds less than `floor`."""
    text = render(expr)
    binds_less = isinstance(expr, Binary) and LEVELS[expr.op] < floor
    signed_base = isinstance(expr, Unary) and floor > LEVELS["**"]
    return f"({text})" if binds_less or signed_base else text


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions that one is made of, in order of appearance."""
    match expr:
        case Call(_, args, kwargs):
            return (*args, *(v for _, v in kwargs))
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case List(items):
            return items
    return ()


def names(expr: Expr) -> tuple[Name, ...]:
    """The names an expression reads, in order of appearance, functions' own names aside."""
    if isinstance(expr, Name):
        return (expr,)
    return tuple(n for e in children(expr) for n in names(e))
