"""Formulas that can't be read: each row the text, a part of the message, what the carets mark."""

from __future__ import annotations

import re

import pytest

from bayesmix.errors import FormulaError
from bayesmix.formula import parse_formula

LEFT_OVER = [
    ("y ~ x z", "operator is missing between 'x' and 'z'", "z"),
    ("y ~ x) + z", "closes nothing", ")"),
    ("y ~ (x + z", "never closed", "("),
    ("y ~ log(x", "never closed", "("),
    ("y ~ f([1, 2)", "closes nothing", ")"),
    ("y ~ f([1, 2", "never closed", "["),
    ("y ~ x]", "closes nothing", "]"),
    ("y ~ log(x) z", "operator is missing between ')' and 'z'", "z"),
    ("y ~ (x) (z)", "can't be called", "("),
    ("y ~ f(x)(z)", "can't be called", "("),
    ("y ~ `f`(x)", "can't be called", "("),
    ("y ~ x 1", "operator is missing", "1"),
    ('y ~ x "z"', "operator is missing", '"z"'),
    ("y ~ x, z", "',' stands only between", ","),
    ("y ~ x ~ z", "one '~'", "~"),
    ("y ~ x ~", "one '~'", "~"),
    ("y ~ x // z", "'//' is not an operator", "//"),
    ("y ~ x %% z", "'%%' is not an operator", "%%"),
    ("y ~ x := 3", "':=' is not an operator", ":="),
    ("y ~ x = 3", "'=' stands only", "="),
    ("y ~ x <- 3", "'<-' assigns", "<-"),
    ("y ~ x > 3", "comparison '>' stands outside a call", ">"),
    ("y ~ x == 3", "comparison '==' stands outside a call", "=="),
    ("y ~ x[0]", "can't index", "["),
    ("y ~ lambda x: x", "between 'lambda' and 'x'", "x"),
    ('y ~ f"x"', "between 'f' and \"x\"", '"x"'),
]
MISSING = [
    ("", "formula is empty", None),
    ("  \n", "formula is empty", None),
    ("y", "no '~'", ""),
    ("y x", "between 'y' and 'x'", "x"),
    ("~ x", "response is missing", "~"),
    ("~", "response is missing", "~"),
    ("y ~", "ends where a term should follow", ""),
    ("y ~ x +", "ends where a term should follow", ""),
    ("y ~ x *", "ends where a term should follow", ""),
    ("y ~ -", "ends where a term should follow", ""),
    ("y ~ ()", "missing before ')'", ")"),
    ("y ~ (x + )", "missing before ')'", ")"),
    ("y ~ x ++ z", "'+' needs a term on its left", "+"),
    ("y ~ x + -1", "'-' needs a term on its left", "-"),
    ("y ~ x ** * z", "whole number", "*"),
    ("y ~ * x", "missing before '*'", "*"),
    ("y ~~ x", "missing before '~'", "~"),
    ("y ~ log(x,)", "missing before ')'", ")"),
    ("y ~ log(,x)", "missing before ','", ","),
    ("y ~ I(x +)", "missing before ')'", ")"),
    ("y ~ f(k=)", "missing before ')'", ")"),
    ("y ~ f([1,])", "missing before ']'", "]"),
]
CHARACTERS = [
    ("y ~ .", "character '.'", "."),
    ("y ~ log(x).real", "character '.'", "."),
    ("y ~ x$z", "character '$'", "$"),
    ("y ~ x@z", "character '@'", "@"),
    ("y ~ x; z", "character ';'", ";"),
    ("y ~ x # why", "character '#'", "#"),
    ("y ~ x & z", "character '&'", "&"),
    ("y ~ !x", "character '!'", "!"),
    ("y ~ {x}", "character '{'", "{"),
    ("y ~ x \\ z", "character '\\'", "\\"),
    ("y ~ x ? z", "character '?'", "?"),
    ("y ~ I(x % 2)", "character '%'", "%"),
    ("y ~ x − z", "U+2212 (MINUS SIGN)", "−"),
    ("y \u223c x", "U+223C (TILDE OPERATOR)", "\u223c"),
    ("y ~ x\u00a0+ z", "U+00A0 (NO-BREAK SPACE)", "\u00a0"),
    ("y ~ x\u200b", "U+200B (ZERO WIDTH SPACE)", "\u200b"),
    ("y ~ x\x00", "U+0000", "\x00"),
    ("y ~ 🐟", "U+1F41F (FISH)", "🐟"),
    ("y ~ `x", "backtick is opened and not closed", "`x"),
    ("y ~ f('x)", "quote is opened and not closed", "'x)"),
    ('y ~ f("x)', "quote is opened and not closed", '"x)'),
    ("y ~ ``", "can't be empty", "``"),
    ("y ~ `a\nb`", "can't hold line breaks", "`a\nb`"),
    ("y ~ f('a\\n')", "can't hold line breaks, backslashes", "'a\\n'"),
    ("y ~ 2x", "'2x' is neither a number nor a name", "2x"),
    ("y ~ f(1_000)", "'1_000' is neither", "1_000"),
    ("y ~ f(0x10)", "'0x10' is neither", "0x10"),
    ("y ~ f(1e)", "'1e' is neither", "1e"),
    ("y ~ f(1.2.3)", "'1.2.3' is neither", "1.2.3"),
    ("y ~ f(1e999)", "too large", "1e999"),
]
ALGEBRA = [
    ("y ~ x**2", "power of the single term 'x'", "x**2"),
    ("y ~ x^2", "power of the single term 'x'", "x^2"),
    ("y ~ (x)**2", "power of the single term 'x'", "(x)**2"),
    ("y ~ (a + b)**0", "whole number", "0"),
    ("y ~ (a + b)**x", "whole number", "x"),
    ("y ~ (a + b)**1.5", "whole number", "1.5"),
    ("y ~ (a + b)**2**2", "whole number", "2"),
    ("y ~ 2*x", "number 2 can't be a term", "2"),
    ("y ~ x*2", "number 2 can't be a term", "2"),
    ("y ~ x + 2", "number 2 can't be a term", "2"),
    ("y ~ x/2", "number 2 can't be a term", "2"),
    ("y ~ 1.0 + x", "number 1.0 can't be a term", "1.0"),
    ("y ~ 1:x", "intercept can't be part of an interaction", "1"),
    ("y ~ a*(1 + b)", "intercept can't be part of an interaction", "(1 + b)"),
    ("y ~ x - z", "'z' can't be removed", "z"),
    ("y ~ a + b - a:b", "'a:b' can't be removed", "a:b"),
    ("y ~ -x + z", "'x' can't be removed", "x"),
    ("y ~ x - 0", "missing intercept can't be subtracted", "0"),
    ("y ~ 1 + x - 1", "both asked for and removed", "1"),
    ("y ~ 0 + x + 1", "both asked for and removed", "1"),
    ("y ~ x*x", "'x' can't interact with itself", "x*x"),
    ("y ~ x:x", "'x' can't interact with itself", "x:x"),
    ("y ~ x/x", "'x' can't interact with itself", "x/x"),
    ("y ~ log(x):log( x )", "'log(x)' can't interact with itself", "log(x):log( x )"),
    ("y ~ True", "'True' is not a variable", "True"),
    ("y ~ NULL", "'NULL' is not a variable", "NULL"),
    ('y ~ "x"', "is text, not a term", '"x"'),
    ("y ~ [x]", "stands only inside a call", "["),
    ("y ~ offset(x):z", "offset can't be part of an interaction", "offset(x)"),
    ("y ~ x - offset(z)", "offset can't be subtracted", "offset(z)"),
    ("y ~ offset()", "takes one expression", "offset()"),
    ("y ~ offset(a, b)", "takes one expression", "offset(a, b)"),
    ("y ~ offset(x) + offset( x )", "given twice", "x"),
]
CALLS = [
    ("y ~ np.log(x)", "attributes can't be reached", "np.log"),
    ("y ~ x.mean()", "attributes can't be reached", "x.mean"),
    ("y ~ __import__('os')", "'__import__' can't be called", "__import__"),
    ("y ~ f(__builtins__)", "'__builtins__' can't be reached", "__builtins__"),
    ("y ~ f(x.__class__())", "attributes can't be reached", "x.__class__"),
    ("y ~ f(lambda: 1)", "':' can't stand inside a call", ":"),
    ("y ~ f(x if z else 1)", "between 'x' and 'if'", "if"),
    ("y ~ f(not x)", "between 'not' and 'x'", "x"),
    ("y ~ f(x[0])", "can't index", "["),
    ("y ~ f(*x)", "missing before '*'", "*"),
    ("y ~ f((a, b))", "',' stands only between", ","),
    ("y ~ C(a:b)", "':' can't stand inside a call", ":"),
    ("y ~ log(x ~ z)", "'~' can't stand inside a call", "~"),
    ("y ~ x (1 | g)", "'|' can't stand inside a call", "|"),
    ("y ~ I(a < b < c)", "can't be chained", "<"),
    ("y ~ I(x<-2)", "'<-' assigns", "<-"),
    ("y ~ I(x := 2)", "':='", ":="),
    ("y ~ f(a=1, b)", "follows one with a name", "b"),
    ("y ~ f(a=1, a=2)", "'a' is given twice", "a"),
    ("y ~ ns(x, Boundary.knots=1)", "can't name an argument", "Boundary.knots"),
    ("y ~ C(x, raw=TRUE)", "'TRUE' is R's spelling", "TRUE"),
    ("y ~ log(offset(x))", "offset() can't stand inside a call", "offset"),
    ("y ~ gr(g)", "only right of the bar", "gr"),
    ("y ~ log(gr(g))", "gr() can't stand inside a call", "gr"),
]
GROUPS = [
    ("y ~ x | g", "stands in parentheses", "|"),
    ("y ~ x + z | g", "stands in parentheses", "|"),
    ("y ~ x || g", "stands in parentheses", "||"),
    ("y ~ (1 | g", "never closed", "("),
    ("y ~ 1 | g)", "stands in parentheses", "|"),
    ("y ~ ( | g)", "left side of '|' is empty", "|"),
    ("y ~ (1 | )", "grouping factor is missing", ")"),
    ("y ~ (1 || )", "grouping factor is missing", ")"),
    ("y ~ (1 | g | )", "grouping factor is missing", ")"),
    ("y ~ (1 | | g)", "grouping factor is missing", "|"),
    ("y ~ (1 | a | b | g)", "bar too many", "|"),
    ("y ~ (1 || id | g)", "bar too many", "|"),
    ("y ~ (1 | id || g)", "not both", "||"),
    ("y ~ (1 | a + b | g)", "bar too many", "|"),
    ('y ~ (1 | "s" | g)', "id between two bars is a name", '"s"'),
    ("y ~ (1 | g h)", "between 'g' and 'h'", "h"),
    ("y ~ (1 + (1 | h) | g)", "inside another", "(1 | h)"),
    ("y ~ (0 | g)", "no coefficients", "0"),
    ("y ~ (x - x - 1 | g)", "no coefficients", "x - x - 1"),
    ("y ~ (offset(x) | g)", "offset can't stand in a group-level term", "x"),
    ("y ~ (1 | a:a)", "'a' stands here twice", "a:a"),
    ("y ~ (1 | a/b/a)", "'a' stands here twice", "a/b/a"),
    ("y ~ (1 | a - b)", "'-' can't stand here", "-"),
    ("y ~ (1 | C(g))", "not a call of C()", "C"),
    ("y ~ (1 | 2)", "is a column, not '2'", "2"),
    ('y ~ (1 | "g")', 'is a column, not "g"', '"g"'),
    ("y ~ (1 | mm(a))", "takes two grouping factors or more", None),
    ("y ~ (1 | mm(a/b, c))", "mm() takes grouping factors, members joined by ':'", "/"),
    ("y ~ (1 | mm(a, b, weights=[w]))", "weights= has 1 of them for 2 members", "[w]"),
    ("y ~ (1 | mm(a, b, weights=cbind(u, v, w)))", "has 3 of them for 2", "cbind(u, v, w)"),
    ("y ~ (1 | mm(a, b, weights=w))", "has 1 of them", "w"),
    ("y ~ (1 | mm(a, b, scale=2))", "scale= takes True or False", "2"),
    ("y ~ (1 | mm(a, b, by=t))", "by= has 1 of them", "t"),
    ("y ~ (1 | mm(a, b, by=[t, 2]))", "by= takes names of columns", "2"),
    ("y ~ (1 | mm(a, b, pw=w))", "pw= has 1 of them", "w"),
    ("y ~ (1 | mm(a, b, wts=w))", "no option 'wts'", "wts"),
    ("y ~ (1 | mm(a, b, scale=True, c))", "then options by name", "c"),
    ("y ~ (1 | a:mm(b, c))", "mm() stands alone", "mm"),
    ("y ~ (1 | mm(a, b)) + (0 + x | mm(b, a))", "formula calls 'mmab' elsewhere", None),
    ("y ~ mmc(x, z)", "mmc() is a term by itself, of a bracket", "mmc(x, z)"),
    ("y ~ (1 + mmc(x, z) | g)", "mmc() is a term by itself", "mmc(x, z)"),
    ("y ~ (1 + x:mmc(x, z) | mm(a, b))", "mmc() is a term by itself", "mmc(x, z)"),
    ("y ~ (1 + log(mmc(x, z)) | mm(a, b))", "mmc() is a term by itself", "mmc(x, z)"),
    ("y ~ (1 + mmc(x) | mm(a, b))", "one covariate for each of the 2 members", "mmc(x)"),
    ("y ~ x:(1 | g)", "can't be part of an interaction", "(1 | g)"),
    ("y ~ (1 | g)*x", "can't be part of an interaction", "(1 | g)"),
    ("y ~ (1 | g)**2", "can't be part of an interaction", "(1 | g)"),
    ("y ~ x - (1 | g)", "can't be subtracted", "(1 | g)"),
    ("y ~ -(1 | g)", "can't be subtracted", "(1 | g)"),
    ("y ~ (1 | gr())", "grouping factor is missing", ")"),
    ("y ~ (1 | gr(g, t))", "then options by name", "t"),
    ("y ~ (1 | gr(a/b))", "gr() takes one grouping factor", "/"),
    ("y ~ (1 | gr(a)/b)", "'/' can't stand here", "/"),
    ("y ~ (1 | a:gr(b))", "gr() stands alone", "gr"),
    ("y ~ (1 | gr(g, bye=t))", "no option 'bye'. Did you mean 'by'", "bye"),
    ("y ~ (1 | gr(g, by=1))", "by= takes the name of a column", "1"),
    ("y ~ (1 | gr(g, by=t, by=s))", "'by' is given twice", "by"),
    ("y ~ (1 | gr(g, cor=1))", "cor= takes True or False", "1"),
    ("y ~ (1 | gr(g, id=1))", "id= takes a name", "1"),
    ('y ~ (1 | gr(g, id=""))', "id= takes a name", '""'),
    ('y ~ (1 | gr(g, dist="cauchy"))', "dist= takes", '"cauchy"'),
    ("y ~ (1 | gr(g, dist=student))", "dist= takes", "student"),
    ("y ~ (1 | gr(g, cov=3))", "cov= takes the name of a matrix", "3"),
    ("y ~ (1 | gr(g, cov=A)) + (0 + x | g)", "no cov here and cov=A before", "(0 + x | g)"),
    (
        'y ~ (1 | gr(g, dist="student")) + (0 + x | g)',
        "dist=gaussian here and dist=student before",
        "(0 + x | g)",
    ),
    ("y ~ (1 | gr(g, pw=w)) + (0 + x | gr(g, pw=v))", "pw=v here and pw=w before", None),
    ("y ~ (1 | s | gr(g, id=t))", "id is given twice", "gr(g, id=t)"),
    ("y ~ (1 || gr(g, cor=True))", "cor=True does not", "gr(g, cor=True)"),
    ("y ~ (1 || gr(g, id=s))", "not both", "gr(g, id=s)"),
    ("y ~ (1 | gr(g, cor=False, id=s))", "not both", "gr(g, cor=False, id=s)"),
    ("y ~ (1 | g) + (1 + x | g)", "Duplicated group coefficient: 'Intercept'", "(1 + x | g)"),
    ("y ~ (a:b | g) + (0 + b:a | g)", "Duplicated group coefficient: 'b:a'", "(0 + b:a | g)"),
    ("y ~ (1 | g:h) + (1 | h:g)", "Duplicated group coefficient", "(1 | h:g)"),
    ("y ~ (1 | a/b) + (1 | a)", "Duplicated group coefficient", "(1 | a)"),
    ("y ~ (1 | a + a)", "Duplicated group coefficient", "(1 | a + a)"),
    ("y ~ (1 | g:h) + (0 + x | h:g)", "calls 'g:h' elsewhere", "(0 + x | h:g)"),
    ("y ~ (1 | gr(g, by=t)) + (0 + x | g)", "no by here and by=t before", "(0 + x | g)"),
    ("y ~ (1 | s | g) + (1 | s | h)", "different grouping factors", "(1 | s | h)"),
]
RESPONSES = [
    ("y/n ~ x", "'/' can't stand in the response", "/"),
    ("y + z ~ x", "'+' can't stand in the response", "+"),
    ("-y ~ x", "response is a column or a call", "-"),
    ("(y) ~ x", "response is a column or a call", "("),
    ("1 ~ x", "response is a column or a call", "1"),
    ('"y" ~ x', "response is a column or a call", '"y"'),
    ("y = x", "followed by '~', not '='", "="),
    ("y, z ~ x", "',' stands only between", ","),
    ("y.log() ~ x", "attributes can't be reached", "y.log"),
    ("log(mvbind(a, b)) ~ x", "mvbind() names all responses", "mvbind"),
    ("y ~ mvbind(a, b)", "mvbind() names all responses", "mvbind"),
    ("y | ~ x", "an addition term such as", "~"),
    ("y |", "an addition term such as", ""),
    ("y | n ~ x", "an addition term such as", "n"),
    ("y || trials(n) ~ x", "stands in parentheses", "||"),
    ("y | trials ~ x", "an addition term such as", "trials"),
    ("y | trials() ~ x", "takes 1 argument, not 0", "trials()"),
    ("y | trials(n, m) ~ x", "takes 1 argument, not 2", "trials(n, m)"),
    ("y | trials(k=n) ~ x", "takes 1 argument, not 0", "trials(k=n)"),
    ("y | trials(n, k=1) ~ x", "no option 'k'", "1"),
    ("y | weights(w, scale=3) ~ x", "scale= takes True or False", "3"),
    ("y | trails(n) ~ x", "no addition term trails(). Did you mean 'trials'", "trails"),
    ("y | trials(n) + trials(m) ~ x", "given twice", "trials(m)"),
    ("y | trials(n), weights(w) ~ x", "',' stands only between", ","),
    ("y | trials(n) weights(w) ~ x", "operator is missing", "weights"),
    ("y | trials(n) + ~ x", "an addition term such as", "~"),
    ("y | trials(n | m) ~ x", "'|' can't stand inside a call", "|"),
    ("y | trials(n)", "no '~'", ""),
]

TABLE = [*LEFT_OVER, *MISSING, *CHARACTERS, *ALGEBRA, *CALLS, *GROUPS, *RESPONSES]


@pytest.mark.parametrize(("text", "message", "place"), TABLE)
def test_malformed(text, message, place):
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    error = caught.value
    assert message in error.message
    if place is not None:
        assert text[slice(*error.span)] == place
        assert "^" in str(error)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("y ~ x + z | g", "(1 + x | g)"),
        ("y ~ x**2", "I(x**2)"),
        ("y ~ x*x", "I(x**2)"),
        ("y ~ 2*x", "I(2 * x)"),
        ("y ~ x > 3", "I(x > 1)"),
        ("y ~ x ++ z", "one '+'"),
        ("y ~ x (1 | g)", "'x + (1 | g)'"),
        ("y ~ (1 | C(g))", "Make the column first"),
        ("y ~ (1 | gr(g, foo=1))", "'by', 'cor', 'id', 'str', 'dist'"),
        ("y ~ C(x, raw=TRUE)", "'True'"),
        ("y ~ 2x", "`2x`"),
        ("y ~ x − z", "'-'"),
        ("y ~ x - z", "The terms before it: 'x'"),
        ("y/n ~ x", "y | trials(n)"),
        ("y | trails(n) ~ x", "'trials', 'weights'"),
        ("y | cat(4) ~ x", "Write thres(…), the number of thresholds, which is one less."),
        ("y ~ (1 | g:h) + (0 + x | h:g)", "Write 'g:h' in both places"),
    ],
)
def test_hint(text, hint):
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    assert hint in caught.value.hint
    assert str(caught.value).endswith(f"Hint: {caught.value.hint}")


SMOOTHS = [
    ("y ~ te(x, z)", "te() is not there", "te"),
    ("y ~ s()", "s() needs a covariate", "s()"),
    ("y ~ t2(x)", "t2() needs covariates", "t2(x)"),
    ("y ~ s(x, 5)", "covariate of a smooth is a column", "5"),
    ("y ~ s(x, k=2)", "whole number of functions, at least 3", "2"),
    ("y ~ s(x, k=4.5)", "whole number of functions", "4.5"),
    ("y ~ t2(x, z, k=[4, 5, 6])", "list of one for each covariate", "[4, 5, 6]"),
    ("y ~ s(x, bs='gp')", "bs= of s() is one of", "'gp'"),
    ("y ~ t2(x, z, bs='fs')", "bs= of t2() is one of", "'fs'"),
    ("y ~ s(x, m=2)", "no option 'm'", "2"),
    ("y ~ s(x):z", "A smooth can't be part of an interaction", "s(x)"),
    ("y ~ z - s(x)", "A smooth can't be subtracted", "s(x)"),
    ("y ~ (s(x) | g)", "can't stand in a group-level term", "s(x)"),
    ("y ~ log(s(x))", "s() can't stand inside a call", "s"),
]


@pytest.mark.parametrize(("text", "message", "at"), SMOOTHS, ids=[t for t, *_ in SMOOTHS])
def test_smooths(text, message, at):
    with pytest.raises(FormulaError, match=re.escape(message)) as error:
        parse_formula(text)
    start, end = error.value.span
    assert error.value.source[start:end] == at


@pytest.mark.parametrize("text", [None, 1, 1.5, b"y ~ x", ["y ~ x"], float("nan")])
def test_what_is_not_text(text):
    with pytest.raises(FormulaError, match="The formula is text, not"):
        parse_formula(text)


def test_the_message_quotes_the_formula_with_a_caret():
    with pytest.raises(FormulaError) as caught:
        parse_formula("y ~ x z")
    assert str(caught.value) == (
        "An operator is missing between 'x' and 'z'.\n  y ~ x z\n        ^"
    )
