"""``mm()``: several levels of a grouping factor a row; ``mmc()``: their covariates."""

from __future__ import annotations

from dataclasses import replace

from bayesmix.errors import FormulaError
from bayesmix.formula.tree import (
    Call,
    Expr,
    Grouping,
    GroupTerm,
    List,
    Literal,
    Membership,
    Name,
    Predictor,
    Term,
    Terms,
    children,
    render,
)

COVARIATE = "mmc"


def memberships(units: tuple[Grouping, ...], span: tuple[int, int]) -> Grouping:
    """The grouping of ``mm(a, b)``, before its options."""
    if len(units) < 2:
        raise FormulaError(
            "mm() takes two grouping factors or more, of each of which a row has a level.",
            span=span,
            hint="With one write '(1 | g)'.",
        )
    columns = tuple(dict.fromkeys(member for unit in units for member in unit.members))
    return Grouping(columns, None, span, mm=Membership(tuple(unit.members for unit in units)))


def with_weights(grouping: Grouping, value: Expr) -> Grouping:
    """``weights=cbind(w1, w2)``, or ``[w1, w2]``."""
    if _is_none(value):
        return grouping
    each = _for_each(grouping, "weights", value)
    return replace(grouping, mm=replace(grouping.mm, weights=each))


def with_scale(grouping: Grouping, value: Expr) -> Grouping:
    """``scale=False``: the weights as they are."""
    if not isinstance(value, Literal) or not isinstance(value.value, bool):
        raise FormulaError("scale= takes True or False.", span=value.span)
    return replace(grouping, mm=replace(grouping.mm, scale=value.value))


def with_by(grouping: Grouping, value: Expr) -> Grouping:
    """``by=cbind(t1, t2)``: the strata of each member's level."""
    if _is_none(value):
        return grouping
    each = _for_each(grouping, "by", value)
    for expr in each:
        if not isinstance(expr, Name):
            raise FormulaError("by= takes names of columns.", span=expr.span)
    names = tuple(expr.name for expr in each)
    by = ":".join(dict.fromkeys(names))
    return replace(grouping, by=by, mm=replace(grouping.mm, by=names))


def with_pw(grouping: Grouping, value: Expr) -> Grouping:
    """``pw=cbind(v1, v2)``: the prior weight of each member's level."""
    return grouping if _is_none(value) else replace(grouping, pw=_for_each(grouping, "pw", value))


def members_of(grouping: Grouping) -> int:
    """How many levels a row has."""
    return len(grouping.mm.units) if grouping.mm else 1


def covariates(terms: Terms, member: int) -> Terms:
    """The terms as one of the members has them: ``mmc(x1, x2)`` is x1 for the first."""
    return replace(terms, terms=tuple(_of_member(term, member) for term in terms.terms))


def is_covariate(term: Term) -> bool:
    """Whether a term is ``mmc()``."""
    return any(isinstance(f, Call) and f.function == COVARIATE for f in term.factors)


def check_covariates(predictor: Predictor) -> None:
    """Raise FormulaError where ``mmc()`` stands anywhere but as a term of its own by ``mm()``."""
    for expr in _expressions(predictor.population):
        _refuse(expr, predictor.source)
    for group in predictor.groups:
        for expr in _expressions(group.coefs):
            own = any(t.factors == (expr,) for t in group.coefs.terms)
            if own and isinstance(expr, Call) and expr.function == COVARIATE:
                _check_covariate(expr, group, predictor.source)
            else:
                _refuse(expr, predictor.source)


def _for_each(grouping: Grouping, option: str, value: Expr) -> tuple[Expr, ...]:
    """The items of a list, as many as there are members."""
    match value:
        case List(items):
            each = items
        case Call("cbind", args, ()):
            each = args
        case _:
            each = (value,)
    count = members_of(grouping)
    if len(each) != count:
        names = ", ".join(":".join(unit) for unit in grouping.mm.units)
        raise FormulaError(
            f"{option}= has {len(each)} of them for {count} members.",
            span=value.span,
            hint=f"Write '{option}=cbind(…)' with one column for each of {names}.",
        )
    return each


def _is_none(value: Expr) -> bool:
    return value == Literal(None, value.span)


def _of_member(term: Term, member: int) -> Term:
    if not is_covariate(term):
        return term
    (call,) = term.factors
    arg = call.args[member]
    return replace(term, factors=(arg if isinstance(arg, Name | Call) else _computed(arg),))


def _computed(expr: Expr) -> Call:
    return Call("I", (expr,), (), expr.span)


def _expressions(terms: Terms) -> tuple[Expr, ...]:
    return (*(f for t in terms.terms for f in t.factors), *terms.offsets)


def _refuse(expr: Expr, source: str) -> None:
    if isinstance(expr, Call) and expr.function == COVARIATE:
        raise FormulaError(
            "mmc() is a term by itself, of a bracket whose grouping factor is mm().",
            source,
            expr.span,
            hint="Write '(1 + mmc(x1, x2) | mm(g1, g2))'.",
        )
    for inner in children(expr):
        _refuse(inner, source)


def _check_covariate(call: Call, group: GroupTerm, source: str) -> None:
    if group.grouping.mm is None:
        _refuse(call, source)
    count = members_of(group.grouping)
    if len(call.args) != count or call.kwargs:
        raise FormulaError(
            f"{render(call)} must have one covariate for each of the {count} members.",
            source,
            call.span,
        )
    for arg in call.args:
        _refuse(arg, source)
