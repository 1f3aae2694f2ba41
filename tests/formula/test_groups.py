from __future__ import annotations

import pytest

from bayesmix.formula import parse_predictor


def groups(text: str) -> list[str]:
    """Each group-level term, spelled out: intercept and coefficients, bars, grouping."""
    return [_spelled(g) for g in parse_predictor(text).groups]


def _spelled(group) -> str:
    coefs = ["1" if group.coefs.intercept else "0", *(t.label for t in group.coefs.terms)]
    bar = "|" if group.correlated else "||"
    named = f" {group.id} |" if group.id else ""
    by = f" by {group.grouping.by}" if group.grouping.by else ""
    return f"{' + '.join(coefs)} {bar}{named} {group.grouping.name}{by}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(1 | g)", ["1 | g"]),
        ("(x | g)", ["1 + x | g"]),
        ("(1 + x | g)", ["1 + x | g"]),
        ("(0 + x | g)", ["0 + x | g"]),
        ("(x - 1 | g)", ["0 + x | g"]),
        ("(-1 + x | g)", ["0 + x | g"]),
        ("(x*z | g)", ["1 + x + z + x:z | g"]),
        ("(poly(x, 2) | g)", ["1 + poly(x, 2) | g"]),
        ("(1 + x || g)", ["1 + x || g"]),
        ("(1 + x | s | g)", ["1 + x | s | g"]),
        ("(1 | 1 | g)", ["1 | 1 | g"]),
        ("(1 | `my id` | g)", ["1 | my id | g"]),
        ("(x | ID | school)", ["1 + x | ID | school"]),
        ("(1 | a:b)", ["1 | a:b"]),
        ("(1 | a/b)", ["1 | a", "1 | a:b"]),
        ("(1 | a/b/c)", ["1 | a", "1 | a:b", "1 | a:b:c"]),
        ("(1 | a/b:c)", ["1 | a", "1 | a:b:c"]),
        ("(1 | s | a/b)", ["1 | s | a", "1 | s | a:b"]),
        ("(1 + x || a/b)", ["1 + x || a", "1 + x || a:b"]),
        ("(1 | a + b)", ["1 | a", "1 | b"]),
        ("(1 | a + b/c)", ["1 | a", "1 | b", "1 | b:c"]),
        ("(1 | `a b`:Stilt.Oahu)", ["1 | a b:Stilt.Oahu"]),
        ("(1 | gr(g))", ["1 | g"]),
        ("(1 + x | gr(g, by=t))", ["1 + x | g by t"]),
        ("(1 | gr(g, by=`t t`))", ["1 | g by t t"]),
        ("(1 | gr(g, by=None, id=None))", ["1 | g"]),
        ("(1 | gr(a:b, by=t))", ["1 | a:b by t"]),
        ("(1 + x | gr(g, cor=False))", ["1 + x || g"]),
        ("(1 + x | gr(g, cor=True))", ["1 + x | g"]),
        ("(1 | gr(g, id=s))", ["1 | s | g"]),
        ('(1 | gr(g, id="s"))', ["1 | s | g"]),
        ('(1 | gr(g, dist="gaussian"))', ["1 | g"]),
        ("(1 | s | gr(g, by=t))", ["1 | s | g by t"]),
        ("(1 | gr(a, by=t) + b)", ["1 | a by t", "1 | b"]),
        ("x + (1 | g) + z + (0 + z | h)", ["1 | g", "0 + z | h"]),
        ("(1 | g) + (0 + ses | g)", ["1 | g", "0 + ses | g"]),
        ("((1 | g))", ["1 | g"]),
        ("(x + (1 | g)) + z", ["1 | g"]),
    ],
)
def test_group_terms(text, expected):
    assert groups(text) == expected


def test_group_terms_leave_the_population_part_alone():
    predictor = parse_predictor("0 + x + (1 + z | g)")
    assert predictor.population == parse_predictor("0 + x").population


def test_spans_cover_the_bracket_and_the_grouping():
    text = "x + (1 | a / bb)"
    a, ab = parse_predictor(text).groups
    assert text[slice(*a.span)] == text[slice(*ab.span)] == "(1 | a / bb)"
    assert text[slice(*a.grouping.span)] == "a"
    assert text[slice(*ab.grouping.span)] == "a / bb"


def test_no_bar_may_be_lost():
    """What formulae 0.9 reads as ``1 | school``."""
    (group,) = parse_predictor("(x | ID | school)").groups
    assert (group.id, group.grouping.members) == ("ID", ("school",))
    assert [t.label for t in group.coefs.terms] == ["x"]
