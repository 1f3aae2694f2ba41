from __future__ import annotations

import pickle

import pytest

from bayesmix.errors import FormulaError
from bayesmix.formula import bf, parse_formula, parse_predictor, parse_re_formula


def test_whole_formula():
    text = "y | trials(n) ~ 1 + x*f + offset(log(t)) + (1 + x | s | g) + (1 | h)"
    formula = parse_formula(text)
    assert [dpar for dpar, _ in formula.predictors] == ["mu"]
    assert formula.mu.source == text == str(formula)
    assert [t.label for t in formula.mu.population.terms] == ["x", "f", "x:f"]
    assert [g.grouping.name for g in formula.mu.groups] == ["g", "h"]
    assert all(text[slice(*g.span)].startswith("(1") for g in formula.mu.groups)


def test_a_formula_is_returned_as_it_is():
    formula = parse_formula("y ~ x")
    assert parse_formula(formula) is formula


def test_white_space_doesn_t_matter():
    spread = parse_formula("  y\n  | trials( n )\r\n ~\t1 +x+ ( 1|g )\n")
    assert spread == parse_formula("y|trials(n)~1+x+(1|g)")


def test_carets_stay_in_place_over_line_breaks():
    with pytest.raises(FormulaError) as caught:
        parse_formula("y ~ x +\n\tz z")
    *_, quoted, caret = str(caught.value).splitlines()
    assert quoted == "  y ~ x +  z z"
    assert caret.index("^") == len(quoted) - 1


def test_formulas_pickle_compare_and_hash():
    formula = parse_formula("y ~ log(x) + (1 | gr(g, by=t))")
    again = pickle.loads(pickle.dumps(formula))
    assert again == formula
    assert hash(again) == hash(formula)
    assert formula != parse_formula("y ~ log(x) + (1 | g)")


def test_predictor_has_its_own_text():
    predictor = parse_predictor("0 + x + (1 | g)")
    assert predictor.source == "0 + x + (1 | g)"
    assert predictor.groups[0].span == (8, 15)


def test_what_names_the_text_in_messages():
    with pytest.raises(FormulaError, match="The formula of 'sigma' is empty"):
        parse_predictor(" ", what="formula of 'sigma'")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~0", []),
        ("~1", []),
        ("0", []),
        ("1", []),
        ("~ -1", []),
        ("~ (1 | g)", [("g", True, "")]),
        ("(1 | g)", [("g", True, "")]),
        ("~ (x | g)", [("g", True, "x")]),
        ("~ (0 + x | g)", [("g", False, "x")]),
        ("~1 | g", [("g", True, "")]),
        ("1 + x || g", [("g", True, "x")]),
        ("~ (1 | g) + (0 + x | h:k)", [("g", True, ""), ("h:k", False, "x")]),
        ("~ (1 | h/k)", [("h", True, ""), ("h:k", True, "")]),
        ("~ 1 | h/k", [("h", True, ""), ("h:k", True, "")]),
        ("~ (1 | gr(g, by=t))", [("g", True, "")]),
    ],
)
def test_re_formula(text, expected):
    terms = parse_re_formula(text)
    found = [
        (t.grouping.name, t.coefs.intercept, "+".join(c.label for c in t.coefs.terms))
        for t in terms
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("", "re_formula is empty", None),
        ("~", "ends where a term should follow", ""),
        ("~ x", "group-level terms only", "x"),
        ("~ x + (1 | g)", "group-level terms only", "x"),
        ("~ (1 | g) + offset(x)", "group-level terms only", "x"),
        ("~ 1 + (1 | g)", "group-level terms only", "1 + (1 | g)"),
        ("y ~ (1 | g)", "no response", "y"),
        ("~ (1 | g) + (x | g)", "Duplicated group coefficient", "(x | g)"),
        ("~ (1 | g", "never closed", "("),
        ("~ 1 | g)", "closes nothing", ")"),
        ("~ 1 | g | h | k", "A bar too many", "|"),
        ("~ (1 | g) | h", "inside another", "(1 | g)"),
        ("~ (1 | g) (1 | h)", "can't be called", "("),
        (None, "is text, not NoneType", None),
        (float("nan"), "is text, not float", None),
    ],
)
def test_malformed_re_formula(text, message, place):
    with pytest.raises(FormulaError) as caught:
        parse_re_formula(text)
    assert message in caught.value.message
    if place is not None:
        assert text[slice(*caught.value.span)] == place


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("y ~ + x", "y ~ x"),
        ("y ~ (+ x + (+ 1 | g))", "y ~ x + (1 | g)"),
        ("y ~ I(x^2)", "y ~ I(x**2)"),
        ("y ~ I(-x^2^z)", "y ~ I(-(x**(2**z)))"),
        ("y ~ f %in% h", "y ~ f:h"),
        ("y ~ x + f %in% h * z", "y ~ x + (f:h) * z"),
        ("y ~ factor(x) + as.factor(z)", "y ~ C(x) + C(z)"),
        ("y ~ (1 | (a + q))", "y ~ (1 | a + q)"),
        ("y ~ (1 | a * q)", "y ~ (1 | a + q + a:q)"),
        ("y ~ (1 | a * q / z)", "y ~ (1 | a + q + a:q + a:q:z)"),
        ("y ~ (1 | (a / q + z))", "y ~ (1 | a + a:q + z)"),
    ],
)
def test_what_r_reads_alike(text: str, same: str) -> None:
    assert bf(text).predictors == bf(same).predictors


def test_ordered_is_named_in_the_error() -> None:
    with pytest.raises(FormulaError, match="polynomial contrasts in R"):
        bf("y ~ ordered(x)")
