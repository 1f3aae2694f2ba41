from __future__ import annotations

import random

import pytest
from formulae.model_description import model_description

from bayesmix.errors import FormulaError
from bayesmix.formula import parse_predictor


def population(text: str) -> str:
    """Intercept and terms in order, as R's ``terms()`` would list them."""
    terms = parse_predictor(text).population
    return " ".join(["1" if terms.intercept else "0", *(t.label for t in terms.terms)])


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("1", "1"),
        ("0", "0"),
        ("-1", "0"),
        ("x", "1 x"),
        ("1 + x", "1 x"),
        ("x + 1", "1 x"),
        ("0 + x", "0 x"),
        ("x + 0", "0 x"),
        ("x - 1", "0 x"),
        ("-1 + x", "0 x"),
        ("0 + x - 1", "0 x"),
        ("1 + x + 1", "1 x"),
        ("x + x", "1 x"),
        ("a:b", "1 a:b"),
        ("a*b", "1 a b a:b"),
        ("a*b*c", "1 a b c a:b a:c b:c a:b:c"),
        ("a/b", "1 a a:b"),
        ("a/b/c", "1 a a:b a:b:c"),
        ("(a + b)/c", "1 a b a:b:c"),
        ("a/(b + c)", "1 a a:b a:c"),
        ("a*b/c", "1 a b a:b a:b:c"),
        ("a/b:c", "1 a a:b:c"),
        ("(a + b):c", "1 a:c b:c"),
        ("(a + b):(c + d)", "1 a:c a:d b:c b:d"),
        ("a + b:c*d", "1 a d b:c b:c:d"),
        ("(a + b + c)**2", "1 a b c a:b a:c b:c"),
        ("(a + b + c)^3", "1 a b c a:b a:c b:c a:b:c"),
        ("(a + b)**7", "1 a b a:b"),
        ("(a + b)**1", "1 a b"),
        ("(a*b)**2", "1 a b a:b"),
        ("b:c + a", "1 a b:c"),
        ("a:b + b:a", "1 a:b"),
        ("x:f + f", "1 f x:f"),
        ("a*b - a:b", "1 a b"),
        ("a*b - b:a", "1 a b"),
        ("a*b*c - a:b:c", "1 a b c a:b a:c b:c"),
        ("(a + b + c)**2 - (a:b + c)", "1 a b a:c b:c"),
        ("x - x", "1"),
        ("x - (1 + x)", "0"),
        ("a - a + a", "1 a"),
        ("(x - 1) + z", "0 x z"),
        ("((x))", "1 x"),
        ("a\n + b\t* c", "1 a b c b:c"),
        ("`body mass` * Stilt.Oahu", "1 `body mass` `Stilt.Oahu` `body mass`:`Stilt.Oahu`"),
        ("log(x)*z", "1 log(x) z log(x):z"),
        ("poly(x, 2):f + poly( x,2 )", "1 poly(x, 2) poly(x, 2):f"),
    ],
)
def test_expansion(text, expanded):
    assert population(text) == expanded


def test_operators_agree_with_formulae():
    """On sums, crossings and interactions; its ``/``, ``-`` and ``**`` don't always follow R."""
    chance = random.Random(3)
    compared = 0
    for _ in range(100):
        text = _random_terms(chance, 3)
        try:
            ours = parse_predictor(text).population.terms
        except FormulaError as error:
            assert "itself" in error.message
            continue
        theirs = model_description(f"y ~ {text}").common_terms
        expected = {frozenset(t.name.split(":")) for t in theirs if t.name != "Intercept"}
        assert {t.key for t in ours} == expected, text
        compared += 1
    assert compared > 50


def _random_terms(chance: random.Random, depth: int) -> str:
    if depth == 0 or chance.random() < 0.2:
        return chance.choice("abcdef")
    left, right = _random_terms(chance, depth - 1), _random_terms(chance, depth - 1)
    joined = f"{left} {chance.choice('++*:')} {right}"
    return f"({joined})" if chance.random() < 0.5 else joined


def test_offsets_are_taken_out():
    predictor = parse_predictor("offset(log(t)) + x + offset(2 * z)")
    assert [t.label for t in predictor.population.terms] == ["x"]
    assert len(predictor.population.offsets) == 2


def test_terms_know_where_they_stand():
    (a, b, ab) = parse_predictor("aa * bb").population.terms
    assert (a.span, b.span, ab.span) == ((0, 2), (5, 7), (0, 7))
