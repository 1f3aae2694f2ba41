"""``bf()``: a model formula with predictors for further distributional parameters."""

from __future__ import annotations

from bayesmix.errors import FormulaError, listed
from bayesmix.formula.agreement import check_agreement
from bayesmix.formula.parser import parse_formula, parse_predictor, split_tilde
from bayesmix.formula.tokens import on_one_line
from bayesmix.formula.tree import Formula, Predictor

_LATER = ("autocor", "center", "cmc", "decomp", "flist", "loop", "nl", "sparse", "unused")


def bf(formula: str | Formula, **dpars: str) -> Formula:
    """A model formula, with a predictor for each further distributional parameter given.

    Parameters
    ----------
    formula : str or Formula
        The main formula, ``response | additions ~ terms + (coefficients | group)``; the terms
        predict ``mu`` on its link scale. To a Formula the given parameters are added.
    **dpars : str
        For each distributional parameter its right-hand side, on its own link scale:
        ``sigma="1 + x"``, or with the left-hand side spelled out, ``sigma="sigma ~ 1 + x"``.

    Returns
    -------
    Formula
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
    """
    main = parse_formula(formula)
    _refuse_taken(main, dpars)
    added = tuple((dpar, _predictor(dpar, text)) for dpar, text in dpars.items())
    predictors = main.predictors + added
    check_agreement(tuple(p for _, p in predictors))
    return Formula(main.response, predictors)


def _refuse_taken(main: Formula, dpars: dict[str, str]) -> None:
    for dpar in dpars:
        if dpar in _LATER:
            raise FormulaError(f"bf({dpar}=) is not supported yet.")
        if dpar == "family":
            raise FormulaError("bf() takes no family.", hint="Give family= to the model.")
        if dpar == "mu":
            raise FormulaError("The main formula is already that of 'mu'.")
        if dpar in dict(main.predictors):
            has = listed(name for name, _ in main.predictors)
            raise FormulaError(f"{dpar!r} has a formula already.", hint=f"There are {has}.")


def _predictor(dpar: str, text: str) -> Predictor:
    what = f"formula of {dpar!r}"
    if isinstance(text, int | float) and not isinstance(text, bool):
        raise FormulaError(f"Fixing {dpar!r} at a number is not supported yet.")
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
