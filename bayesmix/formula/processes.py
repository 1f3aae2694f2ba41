"""``gp(x, z, by=f, k=10, c=5/4, cov="exp_quad")``: functions drawn from a Gaussian process.

Source: brms's ``gp``, https://paulbuerkner.com/brms/reference/gp.html
"""

from __future__ import annotations

from bayesmix.errors import FormulaError, listed
from bayesmix.formula.cursor import Cursor
from bayesmix.formula.expressions import check_options, flag, parse_arguments
from bayesmix.formula.tree import Binary, Expr, GpTerm, List, Literal, Span

KERNELS = {
    "exp_quad": "exp_quad",
    "matern52": "matern52",
    "matern25": "matern52",
    "matern32": "matern32",
    "matern15": "matern32",
    "exponential": "exponential",
}
"""How covariances decay, with brms's names of Matérn's, whose smoothness is a half of theirs."""

FLAGS = {"iso": True, "gr": True, "cmc": True, "scale": True}
OPTIONS = ("by", "k", "c", "cov", *FLAGS)
USUAL_REACH = 1.25
"""How far beyond the data's range the boundary of an approximate process is, brms's 5/4."""


def parse_process(cursor: Cursor) -> GpTerm:
    """A Gaussian process: its name comes next."""
    cursor.restart_count()
    function = cursor.take()
    args, kwargs, inside = parse_arguments(cursor)
    span, options = (function.span[0], inside[1]), dict(kwargs)
    check_options("A Gaussian process", options, OPTIONS, f"It has {listed(OPTIONS)}.")
    _check_covariates(args, span)
    k = _size(options.get("k"))
    reach = _reach(options.get("c"), len(args), k, span)
    flags = {
        name: flag(f"{name}= of gp()", options.get(name), usual) for name, usual in FLAGS.items()
    }
    by = None if _is_none(options.get("by")) else options.get("by")
    return GpTerm(args, by, k, reach, _kernel(options.get("cov")), span, **flags)


def _check_covariates(args: tuple[Expr, ...], span: Span) -> None:
    if not args:
        raise FormulaError("gp() needs a covariate.", span=span, hint="Write 'gp(x)'.")
    for arg in args:
        if isinstance(arg, Literal | List):
            raise FormulaError(
                "A covariate of a Gaussian process is a column, or an expression of columns.",
                span=arg.span,
                hint="The number of basis functions has a name: 'gp(x, k=10)'.",
            )


def _is_none(given: Expr | None) -> bool:
    return given is None or (isinstance(given, Literal) and given.value is None)


def _size(given: Expr | None) -> int | None:
    if _is_none(given):
        return None
    value = given.value if isinstance(given, Literal) else None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise FormulaError(
            "k= of gp() is the number of basis functions along each covariate.",
            span=given.span,
            hint="Without k= the process is exact.",
        )
    return value


def _reach(given: Expr | None, covariates: int, k: int | None, span: Span) -> tuple[float, ...]:
    if k is None:
        if not _is_none(given):
            raise FormulaError(
                "c= of gp() is the boundary of an approximate process, and this one is exact.",
                span=given.span,
                hint="Write 'gp(x, k=10, c=5/4)', or leave c= out.",
            )
        return ()
    if _is_none(given):
        return (USUAL_REACH,) * covariates
    items = given.items if isinstance(given, List) else (given,) * covariates
    values = tuple(_number(item) for item in items)
    if len(values) != covariates or not all(v is not None and v > 0 for v in values):
        raise FormulaError(
            "c= of gp() is a positive number, or a list of one for each covariate.",
            span=given.span,
        )
    return values


def _number(given: Expr) -> float | None:
    """A number, or one divided by another."""
    if isinstance(given, Binary) and given.op == "/":
        left, right = _number(given.left), _number(given.right)
        return left / right if left is not None and right else None
    value = given.value if isinstance(given, Literal) else None
    return None if isinstance(value, bool | str) or value is None else float(value)


def _kernel(given: Expr | None) -> str:
    if given is None:
        return "exp_quad"
    name = given.value if isinstance(given, Literal) else None
    if name not in KERNELS:
        raise FormulaError(f"cov= of gp() is one of {listed(KERNELS)}.", span=given.span)
    return KERNELS[name]
