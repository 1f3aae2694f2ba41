"""Long, deep and random texts: a tree or a FormulaError, soon, and nothing else."""

from __future__ import annotations

import random

import pytest

from bayesmix.errors import FormulaError
from bayesmix.formula import bf, parse_formula, parse_predictor, parse_re_formula
from bayesmix.formula.tree import names, render


def _sum(letter: str, n: int) -> str:
    return " + ".join(f"{letter}{i}" for i in range(n))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(" * 4000 + "x" + ")" * 4000, "nested more than"),
        ("log(" * 4000 + "x" + ")" * 4000, "nested more than"),
        ("f(" + "[" * 4000 + "]" * 4000 + ")", "nested more than"),
        ("I(" + "-" * 4000 + "x)", "operators inside one call"),
        ("I(" + "x ** " * 4000 + "x)", "operators inside one call"),
        ("I(" + "x + " * 4000 + "x)", "operators inside one call"),
        (_sum("x", 2001), "more than 2000 terms"),
        (f"({_sum('x', 30)})**9", "more than 2000 terms"),
        (f"({_sum('x', 1000)}):({_sum('z', 1000)})", "more than 2000 terms"),
        (" * ".join(f"x{i}" for i in range(30)), "more than 2000 terms"),
        (":".join(f"x{i}" for i in range(4000)), "interaction of more than"),
        ("/".join(f"x{i}" for i in range(4000)), "interaction of more than"),
        (f"(1 | {'/'.join(f'g{i}' for i in range(4000))})", "interaction of more than"),
        (f"(1 | {_sum('g', 4000)})", "group-level terms"),
        (" + ".join(f"(1 | g{i})" for i in range(4000)), "group-level terms"),
        ("x" + " " * 200_000, "longer than"),
        ("x" + " +" * 40_000, "needs a term on its left"),
    ],
    ids=lambda value: value if len(value) < 40 else value[:12],
)
def test_bounds(text, message):
    with pytest.raises(FormulaError, match=message):
        parse_predictor(text)


def test_within_the_bounds_nothing_overflows():
    deep = "(" * 24 + "log(" * 25 + "x" + ")" * 49
    (term,) = parse_predictor(deep).population.terms
    chain = parse_predictor("I(" + "x + " * 100 + "x)").population.terms[0].factors[0]
    assert len(names(chain)) == 101
    assert parse_predictor(render(chain)).population.terms[0].factors[0] == chain
    assert term.label.count("log(") == 25
    assert len(parse_predictor(_sum("x", 2000)).population.terms) == 2000


_PIECES = [
    *"y x z g h 0 1 2 1.5 'a' ` ' \" + - * / : ** ^ | || ~ ( ) [ ] , = == < %in% . # é".split(),
    *("log(", "I(", "poly(x, 2)", "offset(x)", "s(", "gr(", "gr(g, by=t)", "by=", "mm(", "C("),
    *("(1 | g)", "(x || h)", "(1 | s | g)", "a:b", "`b c`", "a.b", "trials(n)", "weights(w)"),
    *("True", "NULL", "~ 1", "y ~ ", "\n"),
]


@pytest.mark.parametrize("seed", range(4))
def test_random_texts(seed):
    chance = random.Random(seed)
    for _ in range(500):
        text = chance.choice(["", " "]).join(chance.choices(_PIECES, k=chance.randint(1, 12)))
        for read in (parse_formula, parse_re_formula, lambda t: bf("y ~ (1 | s | g)", sigma=t)):
            _read_or_refuse(read, text)
            _read_or_refuse(read, f"y ~ {text}")


def _read_or_refuse(read, text):
    try:
        read(text)
    except FormulaError as error:
        assert error.message
        assert error.span is None or 0 <= error.span[0] <= error.span[1] <= len(error.source)


def test_random_characters():
    chance = random.Random(11)
    for _ in range(1000):
        text = "".join(chr(chance.randrange(0x300)) for _ in range(chance.randint(1, 8)))
        _read_or_refuse(parse_formula, f"y ~ x {text}")


def _random_predictor(chance: random.Random) -> str:
    variables = ["x", "z", "`b c`", "a.b", "log(x)", "poly(z, 2)", "I(x + 1)"]
    parts = [chance.choice("01")]
    for _ in range(chance.randint(1, 4)):
        left, right = chance.sample(variables, 2)
        parts.append(f"{left} {chance.choice('*:/+')} {right}")
    for group in chance.sample(["g", "h", "g:h", "`g h`", "k"], chance.randint(0, 3)):
        bar = chance.choice(["|", "||", "| s |"]) if group == "g" else "|"
        parts.append(f"({chance.choice(['1', 'x', '0 + x*z'])} {bar} {group})")
    return " + ".join(parts)


def _spelled(predictor) -> str:
    """The tree written out again, all operators expanded."""
    parts = [str(int(predictor.population.intercept))]
    parts += [t.label for t in predictor.population.terms]
    for group in predictor.groups:
        coefs = [str(int(group.coefs.intercept)), *(t.label for t in group.coefs.terms)]
        members = ":".join(f"`{m}`" for m in group.grouping.members)
        bar = "||" if not group.correlated else f"| {group.id} |" if group.id else "|"
        parts.append(f"({' + '.join(coefs)} {bar} {members})")
    return " + ".join(parts)


def test_expanded_predictors_parse_to_themselves():
    chance = random.Random(7)
    for _ in range(200):
        predictor = parse_predictor(_random_predictor(chance))
        assert parse_predictor(_spelled(predictor)) == predictor
