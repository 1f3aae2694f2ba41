"""What isn't possible with several responses, and what is said then."""

from __future__ import annotations

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
    PredictionError,
    PriorError,
)
from bayesmix.fit import Fit

from .support import given_fit
from .test_several import DATA, POISSON


def own_rows() -> Fit:
    return given_fit(
        bx.mv("y | subset(first) ~ x + (1 | p | g)", "v | subset(second) ~ z + (1 | p | g)"), DATA
    )


TWO = "mvbind(y, v) ~ x"
GAPS = DATA.assign(v=[np.nan, *DATA["v"][1:]], part=[None, *[True] * 39])


def wanted(*formulas: Any, family: Any = None) -> Callable[[], Any]:
    return lambda: bx.Model(bx.mv(*formulas, rescor=True), DATA, family)


def model_of(*formulas: Any, data: pd.DataFrame = DATA, **options: Any) -> Callable[[], Any]:
    return lambda: bx.Model(bx.mv(*formulas), data, **options)


def asked(what: Callable[[Fit], Any], *formulas: Any) -> Callable[[], Any]:
    return lambda: what(given_fit(bx.mv(*(formulas or (TWO,))), DATA, draws=5))


def called(name: str) -> Callable[[], Any]:
    return model_of(f"`{name}` ~ x + (1 | g)", "v ~ z", data=DATA.assign(**{name: DATA["y"]}))


def grouped(name: str) -> Callable[[], Any]:
    return model_of(f"y ~ x + (1 | {name})", "v ~ z", data=DATA.assign(**{name: DATA["g"]}))


MALFORMED: list[tuple[Callable[[], Any], type[BayesmixError], str]] = [
    (lambda: bx.mv("y ~ x"), FormulaError, "two or more"),
    (lambda: bx.mv("y ~ x", "y ~ z"), FormulaError, "the response 'y'"),
    (lambda: bx.mv(TWO, "v ~ z"), FormulaError, "the response 'v'"),
    (lambda: bx.bf("mvbind(y) ~ x"), FormulaError, "two or more"),
    (lambda: bx.bf("mvbind(y, y) ~ x"), FormulaError, "'y'"),
    (lambda: bx.bf("mvbind(y, 3) ~ x"), FormulaError, "3"),
    (lambda: bx.bf("y ~ mvbind(x, z)"), FormulaError, "mvbind()"),
    (lambda: bx.mv("y ~ x", "v ~ x", rescor=1), FormulaError, "not 1"),
    (wanted("y ~ x", POISSON), FormulaError, "all responses are gaussian"),
    (wanted(TWO, family=["gaussian", "student"]), FormulaError, "all responses are gaussian"),
    (wanted("y | subset(first) ~ x", "v ~ x"), FormulaError, "subset()"),
    (wanted("y | cens(c) ~ x", "v ~ x"), FormulaError, "cens()"),
    (wanted("y | se(w, sigma=True) ~ x", "v ~ x"), FormulaError, "se()"),
    (wanted("y ~ ar(when, gr=g)", "v ~ x"), FormulaError, "the rows of 'y' hang together"),
    (wanted("y | weights(w) ~ x", "v ~ x"), FormulaError, "same weights"),
    (wanted(bx.bf("y ~ x", nu="x"), "v ~ x", family="student"), FormulaError, "one nu"),
    (wanted(bx.bf(TWO, nu=4), family="student"), FormulaError, "one nu"),
    (model_of(TWO, data=GAPS), DataError, "'v' is missing in row 0"),
    (model_of("y | subset(x) ~ x", "v ~ x"), DataError, "'x' is 3.9"),
    (model_of("y | subset(part) ~ x", "v ~ x", data=GAPS), DataError, "'part'"),
    (model_of("y | subset(x > 1) ~ x", "v ~ x"), FormulaError, "True and False"),
    (model_of("y | subset(nope) ~ x", "v ~ x"), FormulaError, "'nope'"),
    (model_of(TWO, family=["gaussian"]), FamilyError, "1 families for 2 responses"),
    (model_of(TWO, family=["gaussian"] * 3), FamilyError, "3 families for 2 responses"),
    (model_of(TWO, family=["gaussian", "norml"]), FamilyError, "'norml'"),
    (model_of("y ~ x", POISSON, family=["gaussian"] * 2), FamilyError, "'poisson'"),
    *((called(n), DataError, repr(n)) for n in ("b", "b_v", "sigma_v", "rescor", "r_g", "v_coef")),
    (called("a/b"), DataError, "slash"),
    *((grouped(n), DataError, repr(n)) for n in ("resp", "rescor_pair", "y_coef", "y_obs")),
    (model_of(TWO, prior=bx.prior("normal(0, 1)", "b", resp="nope")), PriorError, "'nope'"),
    (lambda: bx.prior("lkj(2)", "rescor", resp="y"), PriorError, "'rescor'"),
    (lambda: bx.prior("normal(0, 1)", "rescor"), PriorError, "lkj"),
    (model_of("y ~ x", POISSON, prior=bx.prior("lkj(2)", "rescor")), PriorError, "'rescor'"),
    (
        model_of("y ~ x", "v ~ z", prior=bx.prior("normal(0, 1)", "b", coef="z", resp="y")),
        PriorError,
        "'z'",
    ),
    (
        model_of(TWO, family="student", prior=bx.prior("gamma(2, 1)", "nu", resp="y")),
        PriorError,
        "leave resp= out",
    ),
    (
        lambda: bx.Model("y ~ x", DATA, prior=bx.prior("normal(0, 1)", "b", resp="y")),
        PriorError,
        "leave resp= out",
    ),
    *(
        (asked(lambda fit, m=m: getattr(fit, m)(resp="nope")), PredictionError, "'nope'")
        for m in ("posterior_epred", "posterior_linpred", "posterior_predict", "log_lik", "fitted")
    ),
    *(
        (asked(lambda fit, m=m: getattr(fit, m)(resp="nope")), PredictionError, "'nope'")
        for m in ("predict", "loo", "bayes_R2", "icc", "pp_check", "conditional_effects")
    ),
    (asked(lambda fit: fit.of("nope")), PredictionError, "'nope'"),
    (asked(lambda fit: fit.model.of("nope")), PredictionError, "'nope'"),
    (asked(lambda fit: fit.icc()), PredictionError, "fit.of('y')"),
    (
        asked(lambda fit: fit.plot.spaghetti("x"), "y ~ x + (1 | g)", "v ~ x"),
        PredictionError,
        "fit.of('y')",
    ),
    (asked(lambda fit: fit.posterior_epred(to_zarr="x.zarr")), PredictionError, "to_zarr"),
    (
        asked(lambda fit: fit.posterior_predict(clusters="population"), "y ~ x", "v ~ (1 | g)"),
        PredictionError,
        "a cluster of its own",
    ),
    (
        asked(lambda fit: fit.posterior_epred({"x": [1.0]}, clusters="fitted"), TWO, "s ~ (1 | g)"),
        PredictionError,
        "same groups",
    ),
    (
        asked(
            lambda fit: fit.posterior_predict({"x": [1.0]}, clusters="fitted", average=True),
            TWO,
            "s ~ (1 | g)",
        ),
        PredictionError,
        "not for means",
    ),
    (
        asked(lambda fit: fit.fitted(), "y ~ x", bx.bf("f ~ x", family="categorical")),
        PredictionError,
        "different kinds",
    ),
    (
        asked(lambda fit: fit.posterior_epred(), "y ~ x", bx.bf("f ~ x", family="categorical")),
        PredictionError,
        "one value a row",
    ),
    *(
        (lambda m=m: getattr(own_rows(), m)(), PredictionError, "rows of their own")
        for m in ("posterior_epred", "log_lik", "loo", "kfold", "reloo")
    ),
]


@pytest.mark.parametrize(("make", "kind", "culprit"), MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_not_possible_says_so(
    make: Callable[[], Any], kind: type[BayesmixError], culprit: str
) -> None:
    with pytest.raises(BayesmixError) as error:
        make()
    assert type(error.value) is kind
    assert culprit in str(error.value) and "np." not in str(error.value)
