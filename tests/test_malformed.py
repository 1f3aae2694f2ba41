"""Malformed formulas, data, priors and predictions, through the public door.

Each raises one of the package's own exceptions, and its message names the culprit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayesmix as bx
from bayesmix.errors import (
    BayesmixError,
    DataError,
    FamilyError,
    FormulaError,
    MissingRowsWarning,
    PredictionError,
    PriorError,
)

from .support import frame, given_fit

DATA = frame()
N = len(DATA)
SLEEP = bx.load_dataset("sleepstudy")


def raising(x: Any) -> Any:
    raise RuntimeError("boom")


def named(error: BayesmixError, kind: type[BayesmixError], culprit: str) -> None:
    assert type(error) is kind
    assert culprit in str(error)
    for leaked in ("Traceback", "np.int64", "np.float64", "col0", "const0", "fn_", "as_column"):
        assert leaked not in str(error)


FORMULAS = [
    (None, "NoneType"),
    ([], "list"),
    (b"y ~ x", "bytes"),
    (3, "int"),
    ("", "empty"),
    ("  \n ", "empty"),
    ("y", "'~'"),
    ("~ x", "response"),
    ("y ~", "ends"),
    ("y ~ x ~ z", "one '~'"),
    ("y ~ x +", "ends"),
    ("y ~ + + x", "+"),
    ("y ~ x z", "between 'x' and 'z'"),
    ("y ~ (x", "'('"),
    ("y ~ x)", "')'"),
    ("y ~ x | g", "parentheses"),
    ("y ~ (1 | )", "grouping factor"),
    ("y ~ (| g)", "left side"),
    ("y ~ (1 | i | g | h)", "bar too many"),
    ("y ~ (1 || i | g)", "bar"),
    ("y ~ (1 | g + )", "grouping factor"),
    ("y ~ (1 | 'g')", "grouping factor"),
    ("y ~ (1 | 3)", "grouping factor"),
    ("y ~ (1 | log(x))", "log()"),
    ("y ~ 2 * x", "2"),
    ("y ~ x^0.5", "power"),
    ("y ~ x // z", "//"),
    ("y ~ .", "'.'"),
    ("y ~ x$z", "'$'"),
    ("y ~ x & z", "'&'"),
    ("y ~ x; import os", "';'"),
    ("y ~ data['x']", "'['"),
    ("y ~ np.log(x)", "np.log"),
    ("y ~ x.__class__", "x.__class__"),
    ("y ~ __import__('os')", "__import__"),
    ("y ~ eval('1')", "'eval'"),
    ("y ~ open('f')", "'open'"),
    ("y ~ getattr(x, 'a')", "'getattr'"),
    ("y ~ lambda x: x", "lambda"),
    ("y ~ 'x'", "x"),
    ("y ~ x ~ (1 | g)", "'~'"),
    ("y = x", "="),
    ("y <- x", "<-"),
    ("y ~ x − z", "−"),
    ("log(y ~ x", "'~'"),
    ("y ~ log(x", "'('"),
    ("y ~ log()", "log()"),
    ("y ~ log(x, base=2)", "base"),
    ("y ~ log('a')", "log('a')"),
    ("y ~ log(f)", "log(f)"),
    ("y ~ sqrt(x - 100)", "sqrt(x - 100)"),
    ("y ~ I(x / 0)", "I(x / 0)"),
    ("y ~ I(f + 1)", "I(f + 1)"),
    ("y ~ poly(x, 0)", "poly(x, 0)"),
    ("y ~ poly(x, 1.5)", "poly(x, 1.5)"),
    ("y ~ poly(x, z)", "Series"),
    ("y ~ poly(f, 2)", "poly(f, 2)"),
    ("y ~ poly(k, 3)", "different values"),
    ("y ~ bs(x, df=2)", "df of bs()"),
    ("y ~ bs(x, df=4, knots=[3])", "df= or knots="),
    ("y ~ bs(x, knots=['a'])", "'a'"),
    ("y ~ bs(f, df=4)", "bs(f, df=4)"),
    ("y ~ bs(x, df=500)", "bs(x, df=500)"),
    ("y ~ scale(f)", "scale(f)"),
    ("y ~ scale(x, z)", "scale(x, z)"),
    ("y ~ C(f, 3)", "3 is no contrast"),
    ("y ~ C(f, Helmert)", "'Helmert'"),
    ("y ~ C(f, Treatment('zz'))", "'zz'"),
    ("y ~ T(f, 'zz')", "'c', 'a', 'b'"),
    ("y ~ C(f, levels=['c'])", "C(f, levels=['c'])"),
    ("y ~ C(f, levels=['c', 'a', 'b', 'd'])", "[d]"),
    ("y ~ Treatment(f)", "Treatment(f)"),
    ("y ~ Sum", "'Sum'"),
    ("y ~ offset(f)", "'f'"),
    ("y ~ offset(poly(x, 2))", "one column"),
    ("y ~ offset(x, z)", "offset()"),
    ("y ~ offset('a')", "'a'"),
    ("y ~ x:offset(z)", "offset"),
    ("y ~ Intercept + x", "Two coefficients would be called 'Intercept'"),
    ("y ~ te(x, z)", "te()"),
    ("y ~ mo(x)", "mo()"),
    ("y ~ (1 | mm(g))", "mm()"),
    ("y ~ (1 | gr(g, cov=A))", "'A' that is not in data2"),
    ("y ~ (1 | gr(g, by=3))", "by="),
    ("y ~ (1 | gr(g, foo=1))", "foo"),
    ("y | rate(x) ~ z", "rate()"),
    ("y | foo(x) ~ z", "foo()"),
    ("y | trials(tries, 3) ~ z", "trials()"),
    ("mvbind(y) ~ z", "mvbind()"),
    ("y ~ nope", "'nope'"),
    ("nope ~ x", "'nope'"),
    ("y ~ (1 | nope)", "'nope'"),
    ("y ~ (nope | g)", "'nope'"),
    ("y ~ (1 | gr(g, by=nope))", "'nope'"),
    ("y | weights(nope) ~ x", "'nope'"),
    ("y ~ X", "Did you mean 'x'?"),
    ("y ~ (1 | g) + (1 | g)", "'Intercept' of 'g'"),
    ("y ~ (x | g) + (0 + x | g)", "'x' of 'g'"),
    ("y ~ (1 | i | g) + (1 | i | k)", "'i'"),
    ("y ~ (1 | g:g)", "'g'"),
    ("y ~ (1 | g:k) + (x | k:g)", "'k:g'"),
    ("y ~ x:x", "'x'"),
    ("y ~ x - z", "'z'"),
    ("y ~ 0 + 1", "intercept"),
    ("y ~ x + z + I(2 * x)", "I(2 * x)"),
    ("y ~ I(x * 0 + 1)", "constant"),
    ("y ~ f:h", "f[b]:h[v]"),
    ("poly(x, 2) ~ z", "poly(x, 2)"),
    ("C(f) ~ x", "C(f)"),
    ("y | weights(f) ~ x", "'f'"),
    ("y | trials(tries) ~ x", "trials()"),
    ("y ~ " + " + ".join(f"x{i}" for i in range(500)), "'x0'"),
    ("y ~ " + "(" * 500 + "x" + ")" * 500, "deep"),
    ("y ~ x" * 40_000, "longer"),
]


@pytest.mark.parametrize(("formula", "culprit"), FORMULAS, ids=range(len(FORMULAS)))
def test_formulas(formula: Any, culprit: str) -> None:
    with pytest.raises(BayesmixError) as error:
        bx.Model(formula, DATA)
    named(error.value, FormulaError, culprit)


DPARS = [
    ({"nu": "x"}, FamilyError, "'nu'"),
    ({"zi": "x"}, FamilyError, "'zi'"),
    ({"sigma": "nope"}, FormulaError, "'nope'"),
    ({"sigma": "x + z + I(x + z)"}, FormulaError, "I(x + z)"),
    ({"sigma": "1 + (1 | nope)"}, FormulaError, "'nope'"),
    ({"sigma": "offset(f)"}, FormulaError, "'f'"),
]


@pytest.mark.parametrize(("dpars", "kind", "culprit"), DPARS, ids=range(len(DPARS)))
def test_formulas_of_dpars(dpars: dict, kind: type, culprit: str) -> None:
    with pytest.raises(BayesmixError) as error:
        bx.Model(bx.bf("y ~ x", **dpars), DATA)
    named(error.value, kind, culprit)


@pytest.mark.parametrize(
    "dpars",
    [
        {"sigma": None},
        {"sigma": float("nan")},
        {"sigma": ""},
        {"sigma": "y ~ x"},
        {"sigma": ["x"]},
        {"mu": "x"},
        {"nl": "yes"},
        {"sigma": "(1 | g"},
    ],
)
def test_what_bf_can_not_take(dpars: dict) -> None:
    with pytest.raises(FormulaError):
        bx.bf("y ~ x", **dpars)


DATES = pd.date_range("2020", periods=N)
FRAMES = [
    ("y ~ x", None, "None"),
    ("y ~ x", [1, 2], "list"),
    ("y ~ x", "data.csv", "str"),
    ("y ~ x", DATA["y"], "single column"),
    ("y ~ x", DATA.to_numpy(), "ndarray"),
    ("y ~ x", {"y": [1, 2], "x": [1]}, "length"),
    ("y ~ x", {}, "no rows"),
    ("y ~ x", DATA.head(0), "no rows"),
    ("y ~ x", pd.concat([DATA, DATA[["x"]]], axis=1), "'x'"),
    ("y ~ x", DATA.rename(columns={"x": 3}), "3"),
    ("y ~ x", DATA.set_index(["g", "k"]), "2 levels"),
    ("y ~ x", DATA.assign(x=np.nan), "'x' (60)"),
    ("y ~ x", DATA.assign(x=None), "'x' (60)"),
    ("y ~ x", DATA.assign(x=[*range(N - 1), np.inf]), "row 59"),
    ("y ~ x", DATA.assign(y=-np.inf), "'y'"),
    ("y ~ x", DATA.assign(x=[[1]] * N), "list"),
    ("y ~ x", DATA.assign(x=[{}] * N), "dict"),
    ("y ~ x", DATA.assign(x=[object()] * N), "object"),
    ("y ~ x", DATA.assign(x=[dt.date(2020, 1, 1)] * N), "date"),
    ("y ~ x", DATA.assign(x=DATES), "Timestamp"),
    ("y ~ x", DATA.assign(x=DATES - DATES[0]), "Timedelta"),
    ("y ~ x", DATA.assign(x=[1, "a"] * (N // 2)), "int and str"),
    ("y ~ x", DATA.assign(x=[b"a"] * N), "bytes"),
    ("y ~ x", DATA.assign(x=1j), "complex"),
    ("y ~ x", DATA.assign(x=[10**400] * N), "'x'"),
    ("y ~ (1 | x)", DATA.assign(x=DATES), "Timestamp"),
    ("y ~ (1 | x)", DATA.assign(x=[2**63 + 1, 2**63 + 2] * (N // 2)), "'x'"),
    ("y ~ (1 | x)", DATA.assign(x=[1, "1"] * (N // 2)), "int and str"),
    ("y ~ (1 | x)", DATA.assign(x=pd.Categorical([1, "1"] * (N // 2))), "'1'"),
    ("y ~ (1 | x)", DATA.assign(x=np.inf), "infinite"),
    ("y ~ (1 | gr(g, by=h))", DATA, "several values of 'h'"),
    ("y ~ (1 | gr(g, by=x))", DATA, "several values of 'x'"),
    ("y ~ (1 | sigma)", DATA.assign(sigma=DATA["g"]), "'sigma'"),
    ("y ~ (1 | draw)", DATA.assign(draw=DATA["g"]), "'draw'"),
    ("y ~ (1 | `a/b`)", DATA.assign(**{"a/b": DATA["g"]}), "'a/b'"),
    ("sigma ~ x", DATA.assign(sigma=DATA["y"]), "'sigma'"),
    ("f ~ x", DATA, "'c', 'a', 'b'"),
    ("h ~ x", DATA, "'u', 'v'"),
    ("flag ~ x", DATA, "False, True"),
    ("y | weights(w) ~ x", DATA.assign(w=-DATA["w"]), "weights()"),
]


@pytest.mark.parametrize(("formula", "data", "culprit"), FRAMES, ids=range(len(FRAMES)))
def test_data(formula: str, data: Any, culprit: str) -> None:
    with pytest.raises(BayesmixError) as error:
        bx.Model(formula, data)
    named(error.value, DataError, culprit)


SHAPES = [
    ("y ~ x", DATA.head(1), "'x'"),
    ("y ~ x + z", DATA.head(2), "'z'"),
    ("y ~ x", DATA.assign(x=1), "'x'"),
    ("y ~ x", DATA.assign(x="a"), "'x[a]'"),
    ("y ~ x", DATA.assign(x=True), "'x[True]'"),
    ("y ~ `a\nb`", DATA.assign(**{"a\nb": DATA["x"]}), "line breaks"),
    ("y ~ `1 + x`", DATA, "'1 + x'"),
    ("y ~ f + `f[a]`", DATA.assign(**{"f[a]": DATA["x"]}), "'f[a]'"),
    ("y ~ `Intercept`", DATA.assign(Intercept=DATA["x"]), "'Intercept' stands for the intercept"),
    ("y ~ 0 + Intercept", DATA.assign(Intercept=2), "'Intercept' stands for the intercept"),
    ("y ~ (1 | `a:b`) + (1 | a:b)", DATA.assign(**{"a:b": 1, "a": 1, "b": 1}), "'a:b'"),
]


@pytest.mark.parametrize(("formula", "data", "culprit"), SHAPES, ids=range(len(SHAPES)))
def test_formulas_that_do_not_fit_their_data(formula: str, data: Any, culprit: str) -> None:
    with pytest.raises(BayesmixError) as error:
        bx.Model(formula, data)
    named(error.value, FormulaError, culprit)


RESPONSES = [
    ("y ~ x", "bernoulli", DATA, DataError, "bernoulli"),
    ("count ~ x", "bernoulli", DATA, DataError, "0 or 1"),
    ("f ~ x", "bernoulli", DATA, DataError, "3 levels"),
    ("y ~ x", "poisson", DATA, DataError, "whole numbers"),
    ("count ~ x", "poisson", DATA.assign(count=-1), DataError, "-1"),
    ("count ~ x", "negbinomial", DATA.assign(count=0.5), DataError, "0.5"),
    ("count ~ x", "poisson", DATA.assign(count="a"), DataError, "'count'"),
    ("flag ~ x", "poisson", DATA, DataError, "'flag'"),
    ("hits ~ x", "binomial", DATA, FormulaError, "trials()"),
    ("hits | trials(2) ~ x", "binomial", DATA, DataError, "trials()"),
    ("hits | trials(tries) ~ x", "binomial", DATA.assign(tries=0), DataError, "trials()"),
    ("hits | trials(tries) ~ x", "binomial", DATA.assign(tries=9.5), DataError, "9.5"),
    ("hits | trials(f) ~ x", "binomial", DATA, FormulaError, "'f'"),
    ("hits | trials(tries) ~ x", "poisson", DATA, FormulaError, "trials()"),
    ("y ~ x", 3, DATA, FamilyError, "int"),
    ("y ~ x", ["gaussian", "poisson"], DATA, FamilyError, "2 families"),
    ("mvbind(y, count) ~ x", ["gaussian", 3], DATA, FamilyError, "int"),
    ("mvbind(y, f) ~ x", "gaussian", DATA, DataError, "'f'"),
    ("y ~ x", "gausian", DATA, FamilyError, "Did you mean 'gaussian'"),
    ("y ~ x", "normal", DATA, FamilyError, "Did you mean 'gaussian'"),
]


@pytest.mark.parametrize(
    ("formula", "family", "data", "kind", "culprit"), RESPONSES, ids=range(len(RESPONSES))
)
def test_responses_and_families(
    formula: str, family: Any, data: Any, kind: type, culprit: str
) -> None:
    with pytest.raises(BayesmixError) as error:
        bx.Model(formula, data, family)
    named(error.value, kind, culprit)


@pytest.mark.parametrize(
    ("name", "links", "culprit"),
    [
        ("gaussian", {"link": "nope"}, "'nope'"),
        ("bernoulli", {"link": "inverse"}, "'inverse'"),
        ("gaussian", {"link_nu": "log"}, "'nu'"),
        ("gaussian", {"sigma": "log"}, "'sigma'"),
        ("gaussian", {"link": 3}, "3"),
    ],
)
def test_links(name: str, links: dict, culprit: str) -> None:
    with pytest.raises(BayesmixError) as error:
        bx.family(name, **links)
    named(error.value, FamilyError, culprit)


NAMESPACES = [
    ({"own": raising}, "boom"),
    ({"own": lambda x: 1}, "int"),
    ({"own": lambda x: None}, "NoneType"),
    ({"own": lambda x: x[:3]}, "3 values for 60 rows"),
    ({"own": lambda x: np.r_[x, x]}, "120 values for 60 rows"),
    ({"own": lambda x: ["a"] * len(x)}, "'own(x)[a]'"),
    ({"own": lambda x: np.ones((len(x), 2, 2))}, "ndarray"),
    ({"own": lambda x: np.empty((len(x), 0))}, "no column"),
    ({"own": lambda x: x * np.nan}, "not finite"),
    ({"own": lambda x: x * 1j}, "complex128"),
    ({"own": lambda x: pd.to_datetime(x)}, "datetime64"),
    ({"own": lambda x: (v for v in x)}, "generator"),
    ({"own": lambda: 1}, "own(x)"),
    ({"own": lambda x: x - x.mean()}, "other rows"),
    ({"own": 3}, "'own' is a int"),
    ({"own": "log"}, "'own' is a str"),
    ({"own": np}, "'own' is a module"),
    ({3: raising}, "3"),
    ({"a b": raising}, "'a b'"),
    ({"offset": raising}, "offset()"),
    ([raising], "list"),
    ("own", "str"),
    ({}, "'own'"),
]


@pytest.mark.parametrize(("namespace", "culprit"), NAMESPACES, ids=range(len(NAMESPACES)))
@pytest.mark.parametrize("formula", ["y ~ own(x)", "y ~ z + (own(x) | g)", "own(x) ~ z"])
def test_namespaces(formula: str, namespace: Any, culprit: str) -> None:
    if culprit == "'own(x)[a]'" and formula == "own(x) ~ z":
        culprit = "must be numeric"
    with pytest.raises(BayesmixError) as error:
        bx.Model(formula, DATA, namespace=namespace)
    named(error.value, FormulaError, culprit)


SLEEP_FORMULA = "Reaction ~ 1 + Days + (1 + Days | Subject)"


@pytest.mark.parametrize(
    ("given", "culprit"),
    [
        (3, "3"),
        ("normal(0, 1)", "normal(0, 1)"),
        (["normal(0, 1)"], "normal(0, 1)"),
        ({"b": "normal(0, 1)"}, "'b'"),
        (bx.prior("normal(0, 1)", "b", coef="Day"), "Did you mean 'Days'?"),
        (bx.prior("normal(0, 1)", "b", coef="Intercept"), "class 'Intercept'"),
        (bx.prior("normal(0, 1)", "sds"), "'sds'"),
        (bx.prior("normal(0, 1)", "nu"), "'nu'"),
        (bx.prior("normal(0, 1)", "b", dpar="sigma"), "'sigma' has no formula"),
        (bx.prior("normal(0, 1)", "sd", group="subject"), "Did you mean 'Subject'?"),
        (bx.prior("normal(0, 1)", "sd", group="Subject", coef="x"), "'x'"),
        (bx.prior("lkj(2)", "cor", group="g"), "'g'"),
        ([bx.prior("normal(0, 1)", "b"), bx.prior("normal(0, 2)", "b")], "same parameters"),
        (bx.prior("normal(-9, 0.01)", "sigma", lb=1), "practically no probability"),
        (bx.prior("uniform(-3, -1)", "sd"), "nothing is left"),
    ],
)
def test_priors_of_a_model(given: Any, culprit: str) -> None:
    with pytest.raises(BayesmixError) as error:
        bx.Model(SLEEP_FORMULA, SLEEP, prior=given)
    named(error.value, PriorError, culprit)


@pytest.mark.parametrize(
    ("args", "culprit"),
    [
        (("normal(0, -1)", "b"), "-1"),
        (("normal(0)", "b"), "normal"),
        (("norml(0, 1)", "b"), "normal"),
        (("normal(0, 1", "b"), "normal(0, 1"),
        ((None, None), "None"),
        ((3, "b"), "3"),
        (("normal(0, 1)", "cor"), "lkj"),
        (("lkj(2)", "b"), "lkj"),
        (("lkj(0)", "cor"), "lkj"),
        (("normal(0, 1)", 3), "3"),
        (("import os", "b"), "import os"),
    ],
)
def test_priors(args: tuple, culprit: str) -> None:
    with pytest.raises(BayesmixError) as error:
        bx.prior(*args)
    named(error.value, PriorError, culprit)


FIT = given_fit("y ~ x * f + flag + (1 + x | g) + (1 | k)", DATA)
BINOMIAL = given_fit("hits | trials(tries) ~ x + (1 | g)", DATA, "binomial")
BY = given_fit("y ~ x + (1 | gr(g, by=t))", DATA)
NEW = {"allow_new_levels": True}
PREDICTIONS: list[tuple[Callable[[], Any], str]] = [
    (lambda: FIT.posterior_epred(DATA[["y"]]), "'x'"),
    (lambda: FIT.posterior_epred(DATA.assign(x="a")), "str"),
    (lambda: FIT.posterior_epred(DATA.assign(x=[[1]] * N)), "list"),
    (lambda: FIT.posterior_epred(DATA.assign(x=DATES)), "Timestamp"),
    (lambda: FIT.posterior_epred(DATA.assign(x=[*range(N - 1), np.nan])), "row 59"),
    (lambda: FIT.posterior_epred(DATA.assign(x=np.inf)), "infinite"),
    (lambda: FIT.posterior_epred(DATA.assign(f="d")), "'c', 'a', 'b'"),
    (lambda: FIT.posterior_epred(DATA.assign(f=1)), "level 1"),
    (lambda: FIT.posterior_epred(DATA.assign(f=[["a"]] * N)), "list"),
    (lambda: FIT.posterior_epred(DATA.assign(flag=2)), "False, True"),
    (lambda: FIT.posterior_epred(DATA.assign(g="new")), "allow_new_levels"),
    (lambda: FIT.posterior_epred(DATA.assign(g=None)), "missing in row 0"),
    (lambda: FIT.posterior_epred(DATA.assign(k=31)), "30"),
    (lambda: FIT.posterior_epred(DATA.drop(columns="k")), "'k'"),
    (lambda: FIT.posterior_epred(DATA.assign(g=[{}] * N), **NEW), "dict"),
    (lambda: FIT.posterior_epred(allow_new_levels="yes"), "allow_new_levels"),
    (lambda: FIT.posterior_epred(sample_new_levels="mvn"), "'uncertainty'"),
    (lambda: FIT.posterior_epred(re_formula="~ (1 | h)"), "(1 + x | g)"),
    (lambda: FIT.posterior_epred(re_formula="~ (z | g)"), "'z'"),
    (lambda: FIT.posterior_epred(re_formula="(1 | g"), "re_formula"),
    (lambda: FIT.posterior_epred(re_formula=float("nan")), "bx.NA"),
    (lambda: FIT.posterior_epred(dpar="shape"), "'mu', 'sigma'"),
    (lambda: FIT.posterior_epred(ndraws=0), "ndraws"),
    (lambda: FIT.posterior_epred(ndraws=10**9), "40"),
    (lambda: FIT.posterior_epred(draw_ids=[-1]), "-1"),
    (lambda: FIT.posterior_epred(draw_ids="all"), "draw_ids"),
    (lambda: FIT.posterior_epred(ndraws=1, draw_ids=[1]), "not both"),
    (lambda: FIT.posterior_predict(random_seed="seed"), "'seed'"),
    (lambda: FIT.log_lik(DATA.drop(columns="y")), "'y'"),
    (lambda: FIT.log_lik(DATA.assign(y="a")), "'y'"),
    (lambda: FIT.fitted(scale="log"), "'log'"),
    (lambda: FIT.predict(probs=[2]), "probs"),
    (lambda: FIT.summary(probs=None), "probs"),
    (lambda: BINOMIAL.posterior_predict(DATA.drop(columns="tries")), "'tries'"),
    (lambda: BINOMIAL.posterior_epred(DATA.assign(tries=-1)), "trials()"),
    (lambda: BINOMIAL.log_lik(DATA.assign(hits=99)), "99"),
    (lambda: BY.posterior_epred(DATA.assign(g="z").drop(columns="t"), **NEW), "'t'"),
    (lambda: BY.posterior_epred(DATA.assign(g="z"), **NEW), "'new'"),
    (lambda: BY.posterior_epred(DATA.assign(g="z", t="odd"), **NEW), "'odd'"),
]


@pytest.mark.parametrize(("ask", "culprit"), PREDICTIONS, ids=range(len(PREDICTIONS)))
def test_predictions(ask: Callable[[], Any], culprit: str) -> None:
    with pytest.raises(BayesmixError) as error:
        ask()
    named(error.value, PredictionError, culprit)


@pytest.mark.parametrize("newdata", [[1], "x", DATA["x"], {"x": [1, 2], "f": ["a"]}, 3, object()])
def test_newdata_that_is_no_frame(newdata: Any) -> None:
    with pytest.raises(DataError, match="newdata"):
        FIT.posterior_epred(newdata)


def test_odd_data_that_is_fine() -> None:
    """None of this is an error: nothing may be refused that has a meaning."""
    odd = DATA.assign(**{"a\nb": DATA["x"], "": 1, "x ~ y": DATA["x"], "huge": DATA["x"] * 1e300})
    assert bx.Model("y ~ `x ~ y` + (1 | g)", odd).spec.response.predictors["mu"].columns.names == (
        "Intercept",
        "x ~ y",
    )
    for formula in ("y ~ (1 | k)", "y ~ 1", "y ~ 0 + x", "y ~ (0 + x | g)", "y ~ offset(2)"):
        bx.Model(formula, odd)
    bx.Model("y ~ 1 + (1 | g)", DATA.head(2))
    bx.Model("y ~ 1", DATA.head(1))
    bx.Model("y ~ (1 | g)", DATA.assign(g=range(N)))
    bx.Model("y ~ (1 | g)", DATA.assign(g="one"))
    bx.Model("y | weights(w) ~ x", DATA.assign(w=0.0))
    bx.Model("y ~ x", DATA, prior=None)


def test_missing_values_are_no_error() -> None:
    gaps = DATA.assign(x=[np.nan, *DATA["x"][1:]])
    with pytest.warns(MissingRowsWarning, match="1 of 60 rows"):
        bx.Model("y ~ x", gaps)


def test_there_are_more_than_a_hundred() -> None:
    tables = (FORMULAS, DPARS, FRAMES, SHAPES, RESPONSES, NAMESPACES, PREDICTIONS)
    assert sum(map(len, tables)) > 250
