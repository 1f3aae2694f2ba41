from __future__ import annotations

import pytest

from bayesmix.errors import FormulaError
from bayesmix.formula import parse_formula
from bayesmix.formula.additions import ADDITIONS, LATER
from bayesmix.formula.tree import Name, render


@pytest.mark.parametrize(
    ("text", "response", "additions"),
    [
        ("y ~ x", "y", []),
        ("log(y + 1) ~ x", "log(y + 1)", []),
        ("I(y / n) ~ x", "I(y / n)", []),
        ("`my y` ~ x", "`my y`", []),
        ("Stilt.Oahu ~ x", "`Stilt.Oahu`", []),
        ("y | trials(n) ~ x", "y", ["trials(n)"]),
        ("y | trials(10) ~ x", "y", ["trials(10)"]),
        ("y|trials(n)+weights(w)~x", "y", ["trials(n)", "weights(w)"]),
        ("y | weights(1 / v) + trials(a + b) ~ x", "y", ["weights(1 / v)", "trials(a + b)"]),
    ],
)
def test_response(text, response, additions):
    parsed = parse_formula(text).response
    assert render(parsed.expr) == response
    assert [f"{a.name}({render(a.args[0])})" for a in parsed.additions] == additions
    assert parsed.source == text


def test_spans_of_additions():
    text = "y | trials(n) + weights(w) ~ x"
    additions = parse_formula(text).response.additions
    assert [text[slice(*a.span)] for a in additions] == ["trials(n)", "weights(w)"]


@pytest.mark.parametrize("name", LATER)
def test_later_additions_are_named(name):
    with pytest.raises(FormulaError, match=rf"{name}\(\) is not supported yet"):
        parse_formula(f"y | {name}(a) ~ x")


@pytest.mark.parametrize("name", ADDITIONS)
def test_addition_names_are_ordinary_names_elsewhere(name):
    formula = parse_formula(f"{name} ~ {name}")
    assert isinstance(formula.response.expr, Name)
