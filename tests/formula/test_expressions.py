from __future__ import annotations

import ast
import random

import pytest

from bayesmix.formula import parse_predictor
from bayesmix.formula.tree import Binary, Call, List, Literal, Name, Unary, names, render


def call(text: str) -> Call:
    """The only term of a predictor, a call."""
    (term,) = parse_predictor(text).population.terms
    return term.factors[0]


def argument(text: str):
    """The argument of ``I()``."""
    return call(f"I({text})").args[0]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("log(x)", "log(x)"),
        ("poly( x,2 )", "poly(x, 2)"),
        ("bs(x, df = 4)", "bs(x, df=4)"),
        ("bs(x, knots=[0, -1.5, 1e-3])", "bs(x, knots=[0, -1.5, 0.001])"),
        ('C(x, "Sum")', "C(x, 'Sum')"),
        ("C(x, levels=['a', \"b\"], ordered=True)", "C(x, levels=['a', 'b'], ordered=True)"),
        ("f()", "f()"),
        ("f(None, [])", "f(None, [])"),
        ("I(x**2 + `body mass`/2)", "I(x ** 2 + `body mass` / 2)"),
        ("I(x > 1)", "I(x > 1)"),
        ("I((a + b) + (c - (d - e)))", "I(a + b + (c - (d - e)))"),
        ("I((a * b)**2 / (-c)**d**e)", "I((a * b) ** 2 / (-c) ** d ** e)"),
        ("I(-(a*b) - -c)", "I(-(a * b) - -c)"),
        ("I((x == 'a') * 1)", "I((x == 'a') * 1)"),
        ("log(Stilt.Oahu + .5)", "log(`Stilt.Oahu` + 0.5)"),
        ("f(g(h(x), k=1))", "f(g(h(x), k=1))"),
    ],
)
def test_render(text, canonical):
    assert render(call(text)) == canonical
    assert call(canonical) == call(text)


@pytest.mark.parametrize(
    "text",
    [
        "a + b * c",
        "a * b + c",
        "a - b - c",
        "a / b / c",
        "a / (b / c)",
        "a ** b ** c",
        "(a ** b) ** c",
        "-a ** 2",
        "(-a) ** 2",
        "2 ** -a",
        "-a * b",
        "a - -b",
        "--a",
        "a + b < c * d",
        "(a < b) == c",
    ],
)
def test_precedence_is_pythons(text):
    assert _from_python(ast.parse(text, mode="eval").body) == argument(text)


_OPERATORS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.Lt: "<",
    ast.Eq: "==",
}
_NOWHERE = (0, 0)


def _from_python(node):
    match node:
        case ast.Name(id):
            return Name(id, _NOWHERE)
        case ast.Constant(value):
            return Literal(value, _NOWHERE)
        case ast.UnaryOp(_, operand):
            return Unary("-", _from_python(operand), _NOWHERE)
        case ast.BinOp(left, op, right) | ast.Compare(left, [op], [right]):
            sides = _from_python(left), _from_python(right)
            return Binary(_OPERATORS[type(op)], *sides, _NOWHERE)


def _random_expression(chance: random.Random, depth: int):
    if depth == 0 or chance.random() < 0.2:
        return chance.choice(
            [
                Name(chance.choice(["x", "body mass", "a.b", "True", "__x", "NULL"]), _NOWHERE),
                Literal(chance.choice([0, 1.5, 1e-7, "it's", "", None, True, False]), _NOWHERE),
            ]
        )
    parts = [_random_expression(chance, depth - 1) for _ in range(chance.randint(1, 3))]
    match chance.randrange(4):
        case 0:
            return Unary("-", parts[0], _NOWHERE)
        case 1:
            op = chance.choice(["+", "-", "*", "/", "**", "<", "!=", ">="])
            return Binary(op, parts[0], parts[-1], _NOWHERE)
        case 2:
            return List(tuple(parts), _NOWHERE)
    kwargs = tuple((f"k{i}", p) for i, p in enumerate(parts[1:]))
    return Call("f", (parts[0],), kwargs, _NOWHERE)


def test_rendered_expressions_parse_to_themselves():
    chance = random.Random(5)
    for _ in range(300):
        expr = _random_expression(chance, 4)
        parsed = argument(render(expr))
        assert parsed == expr
        assert repr(render(parsed)) == repr(render(expr))


def test_names_in_order_without_functions():
    assert [n.name for n in names(call("f(x + `y z`, k=[w, g(x)])"))] == ["x", "y z", "w", "x"]


def test_numbers_keep_their_kind():
    values = [a.value for a in call("f(2, 2., .5, 1e2)").args]
    assert [(type(v), v) for v in values] == [(int, 2), (float, 2.0), (float, 0.5), (float, 100.0)]


def test_spans_point_into_the_text():
    text = "z + log(x + `b c`)"
    expr = parse_predictor(text).population.terms[1].factors[0]
    assert [text[slice(*n.span)] for n in names(expr)] == ["x", "`b c`"]
    assert text[slice(*expr.span)] == "log(x + `b c`)"
    assert text[slice(*expr.args[0].span)] == "x + `b c`"
