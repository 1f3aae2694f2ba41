"""``bf()``: a model formula with predictors for further parameters; ``mv()``: several of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING

from bayesmix.errors import FormulaError, listed
from bayesmix.formula.agreement import check_agreement
from bayesmix.formula.multivariate import MvFormula, joined, unbound
from bayesmix.formula.nonlinear import with_parameters
from bayesmix.formula.parser import parse_formula, parse_predictor, split_tilde
from bayesmix.formula.tokens import on_one_line
from bayesmix.formula.tree import Formula, Predictor, names

if TYPE_CHECKING:
    from bayesmix.families import Family

_LATER = ("autocor", "center", "cmc", "decomp", "flist", "loop", "sparse", "unused")


def bf(
    formula: str | Formula | MvFormula,
    *,
    nl: bool = False,
    family: str | Family | None = None,
    mecor: bool | None = None,
    **dpars: str | float,
) -> Formula | MvFormula:
    """A model formula, with a predictor for each further distributional parameter given.

    Parameters
    ----------
    formula : str or Formula
        The main formula, ``response | additions ~ terms + (coefficients | group)``; the terms
        predict ``mu`` on its link scale. To a Formula the given parameters are added. With
        ``mvbind(y, z) ~ …`` it is one for each of these responses, and so is all else.
    nl : bool
        Whether the main formula is nonlinear: its right-hand side is an expression, as in ``y ~ a *
        exp(-k * t)``. The names that have formulas among `dpars` are nonlinear parameters, all
        others columns.
    family : str or Family, optional
        That of the response; the model's by default.
    mecor : bool, optional
        Whether the true values of several covariates with measurement error, ``me(x, sdx)``, are
        correlated; they are, unless it is False.
    **dpars : str or float
        For each distributional parameter its right-hand side, on its own link scale:
        ``sigma="1 + x"``, or with the left-hand side spelled out, ``sigma="sigma ~ 1 + x"``. A
        number fixes a parameter at this value, on its natural scale: ``nu=4``. The name of another
        parameter of the family makes it the same as that one: ``coi="zoi"``.

    Returns
    -------
    Formula or MvFormula
        Spans refer to each predictor's own text.

    Raises
    ------
    FormulaError
        Where a text can't be read in full, where a parameter is given twice, and where group-level
        terms repeat or contradict each other.

    References
    ----------
    https://paulbuerkner.com/brms/reference/brmsformula.html

    Examples
    --------
    >>> formula = bf("y ~ x + (x | s | g)", sigma="1 + (1 | s | g)")
    >>> print(formula)
    y ~ x + (x | s | g)
    sigma ~ 1 + (1 | s | g)
    >>> print(bf("y ~ x", nu=4))
    y ~ x
    nu = 4
    >>> print(bf("y ~ a * exp(-exp(k) * t)", a="1 + (1 | g)", k="1", nl=True))
    y ~ a * exp(-exp(k) * t)
    a ~ 1 + (1 | g)
    k ~ 1
    """
    if not isinstance(nl, bool):
        raise FormulaError(f"nl= of bf() is True or False, not {nl!r}.")
    if mecor is not None and not isinstance(mecor, bool):
        raise FormulaError(f"mecor= of bf() is True or False, not {mecor!r}.")
    options = {"nl": nl, "family": family, "mecor": mecor}
    if isinstance(formula, MvFormula):
        return _each(formula, options, dpars)
    texts = unbound(formula)
    if len(texts) > 1:
        return joined(bf(text, **options, **dpars) for text in texts)
    main = parse_formula(formula, nl)
    if nl and main.mu.nonlinear is None:
        raise FormulaError("nl=True is for the text of a formula; this one was read as linear.")
    _refuse_taken(main, dpars)
    fixed = {dpar: _number(dpar, v) for dpar, v in dpars.items() if _is_number(v)}
    texts = {dpar: text for dpar, text in dpars.items() if dpar not in fixed}
    added = tuple((dpar, _predictor(dpar, text)) for dpar, text in texts.items())
    predictors = with_parameters(main.predictors + added)
    check_agreement(tuple(p for _, p in predictors))
    _refuse_numbers(main, fixed)
    fixed = main.fixed + tuple(fixed.items())
    family = main.family if family is None else family
    mecor = main.mecor if mecor is None else mecor
    return replace(main, predictors=predictors, fixed=fixed, family=family, mecor=mecor)


def mv(*formulas: str | Formula | MvFormula, rescor: bool | None = None) -> MvFormula:
    """One formula of several responses.

    Terms of the same grouping factor with the same id, ``(1 | p | g)``, are correlated across
    responses. Each response may have a family of its own, ``bf(…, family="poisson")``; and rows of
    its own, with ``y | subset(there) ~ …``.

    Parameters
    ----------
    *formulas : str, Formula or MvFormula
        Two or more, each of another response.
    rescor : bool, optional
        Whether the residuals of a row are correlated between responses, which all have to be
        gaussian, or all student (one ``nu`` for all of them). By default they are where that is
        possible and no response has ``mi()`` or ``subset()``, as in brms.

    Returns
    -------
    MvFormula

    Raises
    ------
    FormulaError
        For fewer than two formulas, two of one response, and where group-level terms contradict
        each other.

    References
    ----------
    https://paulbuerkner.com/brms/reference/mvbrmsformula.html

    Examples
    --------
    >>> print(mv("y ~ x + (1 | p | g)", bf("n ~ (1 | p | g)", family="poisson")))
    y ~ x + (1 | p | g)
    n ~ (1 | p | g)
    >>> mv("mvbind(y, z) ~ x", rescor=False).names
    ('y', 'z')
    """
    if not (rescor is None or isinstance(rescor, bool)):
        raise FormulaError(f"rescor= of mv() is True or False, not {rescor!r}.")
    return joined(map(bf, formulas), rescor)


def _each(
    formula: MvFormula, options: Mapping[str, object], dpars: Mapping[str, str | float]
) -> MvFormula:
    """The same added to the formula of every response."""
    if not dpars and options == {"nl": False, "family": None, "mecor": None}:
        return formula
    each = (bf(f, **options, **dpars) for f in formula.formulas)
    return joined(each, formula.rescor)


def _refuse_numbers(main: Formula, fixed: Collection[str]) -> None:
    """A nonlinear parameter has a formula, or is a number of the expression."""
    term = main.mu.nonlinear
    for n in () if term is None else names(term.expr):
        if n.name in fixed:
            raise FormulaError(
                f"{n.name!r} of the expression can't be a number.",
                main.mu.source,
                n.span,
                hint=f"Write the number in its place, or give it a formula: {n.name}='1'.",
            )


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _number(dpar: str, value: Real) -> float:
    if not math.isfinite(value):
        raise FormulaError(f"{dpar!r} can't be fixed at {value}.")
    return float(value)


def _refuse_taken(main: Formula, dpars: dict[str, str | float]) -> None:
    for dpar in dpars:
        if dpar in _LATER:
            raise FormulaError(f"bf({dpar}=) is not supported yet.")
        if dpar == "mu":
            raise FormulaError("The main formula is already that of 'mu'.")
        if dpar in dict(main.fixed) or dpar in dict(main.tied):
            raise FormulaError(f"{dpar!r} is fixed or tied already.")
        if dpar in dict(main.predictors):
            has = listed(name for name, _ in main.predictors)
            raise FormulaError(f"{dpar!r} has a formula already.", hint=f"There are {has}.")


def _predictor(dpar: str, text: str) -> Predictor:
    what = f"formula of {dpar!r}"
    response, predictor = split_tilde(text, what)
    if response and response != dpar:
        start = text.index(response)
        raise FormulaError(
            f"The formula given for {dpar!r} has {response!r} on its left.",
            on_one_line(text),
            (start, start + len(response)),
            hint=f"Write '{dpar} ~ …', or the right-hand side alone.",
        )
    return parse_predictor(predictor, what)
