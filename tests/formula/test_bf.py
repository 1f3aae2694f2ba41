from __future__ import annotations

import pytest

from bayesmix.errors import FormulaError
from bayesmix.formula import bf, parse_formula, parse_predictor


def test_main_formula_alone():
    assert bf("y ~ x + (1 | g)") == parse_formula("y ~ x + (1 | g)")


@pytest.mark.parametrize(
    "sigma",
    [
        "1 + Days + (1 | s | Subject)",
        "~ 1 + Days + (1 | s | Subject)",
        "sigma ~ 1 + Days + (1 | s | Subject)",
        " sigma~1 + Days + (1 | s | Subject) ",
    ],
)
def test_dpars(sigma):
    formula = bf("Reaction ~ 1 + Days + (1 + Days | s | Subject)", sigma=sigma)
    assert [dpar for dpar, _ in formula.predictors] == ["mu", "sigma"]
    predictor = formula.predictors[1][1]
    assert predictor == parse_predictor("1 + Days + (1 | s | Subject)")
    assert predictor.source == "1 + Days + (1 | s | Subject)"
    assert predictor.source[slice(*predictor.groups[0].span)] == "(1 | s | Subject)"
    assert str(formula).splitlines()[1] == "sigma ~ 1 + Days + (1 | s | Subject)"


def test_dpars_are_added_to_a_formula():
    both = bf("y ~ x", sigma="x", nu="1")
    assert bf(bf("y ~ x", sigma="~ x"), nu="nu ~ 1") == both
    assert [dpar for dpar, _ in both.predictors] == ["mu", "sigma", "nu"]


def test_a_tilde_in_quotes_is_not_a_left_hand_side():
    formula = bf("y ~ 1", sigma="C(x, 'a~b') + `c~d`")
    assert len(formula.predictors[1][1].population.terms) == 2


def test_the_same_coefficient_may_stand_in_two_dpars():
    formula = bf("y ~ (1 | s | a/b)", sigma="(1 | s | a/b)")
    assert [g.id for _, p in formula.predictors for g in p.groups] == ["s"] * 4


@pytest.mark.parametrize(
    ("main", "dpars", "message", "place"),
    [
        ("y ~ x", {"mu": "x"}, "already that of 'mu'", None),
        ("y ~ x", {"sigma": float("nan")}, "'sigma' can't be fixed at nan", None),
        ("y ~ x", {"sigma": None}, "is text, not NoneType", None),
        ("y ~ x", {"sigma": True}, "is text, not bool", None),
        ("y ~ x", {"sigma": ""}, "The formula of 'sigma' is empty", None),
        ("y ~ x", {"sigma": "~"}, "The formula of 'sigma' is empty", None),
        ("y ~ x", {"sigma": "nu ~ x"}, "has 'nu' on its left", "nu"),
        ("y ~ x", {"sigma": "log(sigma) ~ x"}, "has 'log(sigma)' on its left", "log(sigma)"),
        ("y ~ x", {"sigma": "sigma ~ x ~ z"}, "one '~'", "~"),
        ("y ~ x", {"sigma": "x z"}, "operator is missing", "z"),
        ("mvbind(a) ~ x", {}, "mvbind() takes two or more responses", "mvbind(a)"),
        ("mvbind(a, k=b) ~ x", {}, "takes two or more responses", "mvbind(a, k=b)"),
        ("mvbind(a, a) ~ x", {}, "Two formulas have the response 'a'", None),
        ("y ~ x", {"nl": "yes"}, "True or False", None),
        ("y ~ a * exp(-k * x)", {"nl": True, "a": "1", "k": 0.4}, "'k' of the expression", "k"),
        (bf("y ~ x"), {"nl": True, "x": "1"}, "was read as linear", None),
        (bf("y ~ x", sigma="x"), {"sigma": "z"}, "'sigma' has a formula already", None),
        (
            "y ~ (1 | s | g)",
            {"sigma": "x + (1 | s | h)"},
            "The id 's' joins terms of different grouping factors: 'g' and 'h'",
            "(1 | s | h)",
        ),
        ("y ~ (1 | s | a/b)", {"sigma": "(1 | s | a)"}, "'a' + 'a:b' and 'a'", "(1 | s | a)"),
        ("y ~ (1 | a:b)", {"sigma": "(1 | b:a)"}, "calls 'a:b' elsewhere", "(1 | b:a)"),
        ("y ~ (1 | gr(g, by=t))", {"sigma": "(1 | g)"}, "no by here and by=t before", "(1 | g)"),
        ("y ~ (1 | a:b)", {"sigma": "(1 | `a:b`)"}, "Two different grouping", "(1 | `a:b`)"),
    ],
)
def test_malformed(main, dpars, message, place):
    with pytest.raises(FormulaError) as caught:
        bf(main, **dpars)
    assert message in caught.value.message
    if place is not None:
        assert caught.value.source[slice(*caught.value.span)] == place
