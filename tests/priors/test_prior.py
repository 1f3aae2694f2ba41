from __future__ import annotations

import pytest

from bayesmix.errors import PriorError
from bayesmix.priors.distributions import FLAT, Distribution
from bayesmix.priors.parsing import parse_distribution
from bayesmix.priors.prior import Prior, prior


@pytest.mark.parametrize(
    ("text", "name", "params"),
    [
        ("normal(0, 20)", "normal", (0, 20)),
        ("normal(0,20)", "normal", (0, 20)),
        ("  student_t( 3 ,0, 2.5 ) ", "student_t", (3, 0, 2.5)),
        ("normal(-1.5, 1e-3)", "normal", (-1.5, 0.001)),
        ("normal(+.5, 1E2)", "normal", (0.5, 100)),
        ("normal(2., 1e+05)", "normal", (2, 1e5)),
        ("std_normal()", "std_normal", ()),
        ("lkj(2)", "lkj", (2,)),
        ("", "flat", ()),
        ("   ", "flat", ()),
    ],
)
def test_reads_distributions(text, name, params):
    assert parse_distribution(text) == Distribution(name, params)


@pytest.mark.parametrize("text", ["normal(0, 20)", "gamma(0.01, 0.01)", "student_t(3, -0.7, 59.3)"])
def test_what_is_printed_reads_back(text):
    assert str(parse_distribution(text)) == text


def test_by_position():
    assert prior("normal(0, 20)", "b") == Prior(Distribution("normal", (0, 20)), "b")


def test_class_b_is_the_usual_one():
    assert prior("normal(0, 20)", coef="x").class_ == "b"


def test_by_keyword_as_brms_has_it():
    row = {"prior": "gamma(2, 0.5)", "class": "sd", "coef": "x", "group": "g", "dpar": "", "lb": ""}
    assert prior(**row) == Prior(Distribution("gamma", (2, 0.5)), "sd", "x", "g")


def test_bounds_are_numbers_or_brms_strings():
    made = prior("normal(0, 1)", "b", lb=0, ub="2.5")
    assert (made.lb, made.ub) == (0.0, 2.5)


def test_infinite_bounds_are_none():
    made = prior("normal(0, 1)", "b", lb=-float("inf"), ub=float("inf"))
    assert (made.lb, made.ub) == (None, None)


def test_mu_is_the_empty_dpar():
    assert prior("normal(0, 1)", "b", dpar="mu") == prior("normal(0, 1)", "b")


def test_bounds_alone_leave_the_distribution_open():
    assert prior("", "b", lb=0).only_bounds
    assert not prior("", "Intercept").only_bounds
    assert prior("", "Intercept").distribution == FLAT


def test_prints_as_it_is_written():
    made = prior("gamma(2,0.5)", "sd", coef="x", group="g", lb=1)
    assert str(made) == "prior(\"gamma(2, 0.5)\", \"sd\", coef='x', group='g', lb=1)"


@pytest.mark.parametrize(
    ("args", "kwargs", "fragments"),
    [
        # the text
        (("normal(0, 1",), {}, ["'normal(0, 1'", "normal(mu, sigma)"]),
        (("normal",), {}, ["'normal'", "normal(mu, sigma)"]),
        (("normal 0, 1",), {}, ["normal(mu, sigma)"]),
        (("(0, 1)",), {}, ["must start with a distribution's name"]),
        (("3",), {}, ["must start with a distribution's name"]),
        (("norml(0, 1)",), {}, ["'norml'", "Did you mean 'normal'"]),
        (("Normal(0, 1)",), {}, ["'Normal'", "Did you mean 'normal'"]),
        (("wishart(3)",), {}, ["'wishart'", "There is 'normal'"]),
        (("laplace(0, 1)",), {}, ["double_exponential(mu, sigma)"]),
        (("inverse_gamma(1, 1)",), {}, ["inv_gamma(alpha, beta)"]),
        (("half_normal(1)",), {}, ["normal(mu, sigma)", "lb=0"]),
        (("HalfStudentT(3, 1)",), {}, ["student_t(nu, mu, sigma)", "lb=0"]),
        (("lasso(1)",), {}, ["'lasso' is not supported yet"]),
        (("flat()",), {}, ["no distribution 'flat'"]),
        (("normal(0)",), {}, ["normal(mu, sigma) takes 2 numbers, not 1"]),
        (("normal()",), {}, ["takes 2 numbers, not 0"]),
        (("student_t(0, 2.5)",), {}, ["student_t(nu, mu, sigma) takes 3 numbers, not 2"]),
        (("exponential(1, 2)",), {}, ["takes 1 number, not 2"]),
        (("std_normal(0, 1)",), {}, ["takes 0 numbers, not 2"]),
        (("normal(0, x)",), {}, ["'x' is not a number"]),
        (("normal(0, )",), {}, ["'' is not a number"]),
        (("normal(0; 1)",), {}, ["'0; 1' is not a number"]),
        (("normal(0, 1/2)",), {}, ["'1/2' is not a number"]),
        (("normal(0, 1 2)",), {}, ["'1 2' is not a number"]),
        (("normal(0, inf)",), {}, ["'inf' is not a number"]),
        (("normal(0, nan)",), {}, ["'nan' is not a number"]),
        (("normal(0, 1e999)",), {}, ["sigma must be a finite number"]),
        (("normal(0, sigma=2)",), {}, ["'sigma=2' names its argument", "by position"]),
        (("normal(0, sd(x))",), {}, ["normal(mu, sigma)"]),
        (("normal(0, -1)",), {}, ["sigma", "greater than 0, not -1"]),
        (("normal(0, 0)",), {}, ["greater than 0, not 0"]),
        (("student_t(-3, 0, 1)",), {}, ["nu of", "greater than 0"]),
        (("gamma(0, 1)",), {}, ["alpha of", "greater than 0"]),
        (("exponential(-1)", "sd"), {}, ["beta of", "greater than 0"]),
        (("beta(1, -1)", "zi"), {}, ["beta of", "greater than 0"]),
        (("uniform(2, 1)",), {}, ["uniform(2, 1)", "below the second"]),
        (("lkj(0)", "cor"), {}, ["eta of", "greater than 0"]),
        (("normal(0, 1)T[0, ]",), {}, ["'T[0, ]'", "lb= and ub="]),
        (("normal(0, 1) + normal(0, 2)",), {}, ["'+ normal(0, 2)'", "one distribution"]),
        (("normal(0, 1); import os",), {}, ["'; import os'"]),
        ((3,), {}, ["a string such as", "not 3"]),
        ((None,), {}, ["a string such as", "not None"]),
        # class, coef, group, dpar
        (("normal(0, 1)", ""), {}, ["'' is no class"]),
        (("normal(0, 1)", "b x"), {}, ["'b x' is no class", "'sigma'"]),
        (("normal(0, 1)", 3), {}, ["class= of a prior must be a string"]),
        (("normal(0, 1)", "b"), {"coef": 1}, ["coef= of a prior must be a string"]),
        (("normal(0, 1)", "b"), {"group": "g"}, ["class 'b' has no group", "'sd'"]),
        (("normal(0, 1)", "sigma"), {"coef": "x"}, ["'sigma' has no coef"]),
        (("normal(0, 1)", "sigma"), {"dpar": "sigma"}, ["'sigma' has no dpar", "its own class"]),
        (("normal(0, 1)", "sd"), {"coef": "x"}, ["needs its group="]),
        (("lkj(1)", "cor"), {"coef": "x"}, ["'cor' has no coef"]),
        (("lkj(1)", "cor"), {"dpar": "sigma"}, ["'cor' has no dpar"]),
        (("lkj(1)",), {}, ["lkj is for correlations", "'cor'"]),
        (("normal(0, 1)", "cor"), {}, ["'lkj(eta)'"]),
        (("", "cor"), {}, ["a flat prior is for"]),
        (("", "sd"), {}, ["a flat prior is for", "'sd'"]),
        (("", "b"), {"coef": "x"}, ["says nothing"]),
        # bounds
        (("normal(0, 1)", "b"), {"lb": 1, "ub": 0}, ["lb must be below ub"]),
        (("normal(0, 1)", "b"), {"lb": 1, "ub": 1}, ["lb must be below ub"]),
        (("normal(0, 1)", "b"), {"lb": "zero"}, ["lb= of a prior must be a number", "'zero'"]),
        (("normal(0, 1)", "b"), {"ub": True}, ["ub= of a prior must be a number"]),
        (("normal(0, 1)", "b"), {"lb": float("nan")}, ["lb= of a prior must be a number"]),
        (("normal(0, 1)", "b"), {"lb": [0]}, ["lb= of a prior must be a number"]),
        (("normal(0, 1)", "b"), {"lb": float("inf")}, ["lb must be below ub"]),
        (("uniform(0, 1)", "b"), {"lb": 2}, ["nothing is left", "between 0 and 1"]),
        (("gamma(1, 1)", "b"), {"ub": -1}, ["nothing is left"]),
        (("lkj(2)", "cor"), {"lb": 0}, ["correlations take no lb or ub"]),
        # other arguments
        (("normal(0, 1)",), {"clas": "b"}, ["no argument 'clas'", "Did you mean 'class'"]),
        (("lkj(1)", "cor"), {"resp": "y"}, ["class 'cor' has no resp"]),
    ],
)
def test_malformed_priors_say_what_is_wrong(args, kwargs, fragments):
    with pytest.raises(PriorError) as error:
        prior(*args, **kwargs)
    for fragment in fragments:
        assert fragment in str(error.value)
