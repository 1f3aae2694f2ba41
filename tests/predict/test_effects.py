"""``re_formula``: which group-level coefficients a prediction keeps."""

from __future__ import annotations

import numpy as np
import pytest

from bayesmix.design import GroupEffects
from bayesmix.errors import PredictionError
from bayesmix.formula import bf
from bayesmix.predict import NA
from bayesmix.predict.effects import kept_contributions

from ..support import frame, given_fit

DATA = frame()
FORMULA = bf(
    "y ~ x + (1 + x + z | i | g) + (0 + f || k) + (x:z | g:k)", sigma="1 + (1 + x | i | g)"
)
FIT = given_fit(FORMULA, DATA)
BY = given_fit("y ~ x + (1 + x | gr(g, by=t))", DATA)
NESTED = given_fit("y ~ x + (1 | g / k)", DATA)


def kept(re_formula: object, fit: object = FIT) -> dict[tuple[str, str], list[str]]:
    """Names of the kept coefficients by dpar and group."""
    kept = kept_contributions(fit.model.spec, re_formula)
    return {
        (target.dpar, c.group): list(c.names)
        for target, contributions in kept.items()
        for c in contributions
        if isinstance(c, GroupEffects)
    }


ALL = {
    ("mu", "g"): ["Intercept", "x", "z"],
    ("mu", "k"): ["f[c]", "f[a]", "f[b]"],
    ("mu", "g:k"): ["Intercept", "x:z"],
    ("sigma", "g"): ["Intercept", "x"],
}


@pytest.mark.parametrize(
    ("re_formula", "expected"),
    [
        (None, ALL),
        (NA, {}),
        ("~0", {}),
        ("~ 0", {}),
        ("~1", {}),
        ("~ (1 | g)", {("mu", "g"): ["Intercept"], ("sigma", "g"): ["Intercept"]}),
        ("(1 | g)", {("mu", "g"): ["Intercept"], ("sigma", "g"): ["Intercept"]}),
        ("~ 1 | g", {("mu", "g"): ["Intercept"], ("sigma", "g"): ["Intercept"]}),
        ("~ (0 + x | g)", {("mu", "g"): ["x"], ("sigma", "g"): ["x"]}),
        ("~ (x | g)", {("mu", "g"): ["Intercept", "x"], ("sigma", "g"): ["Intercept", "x"]}),
        ("~ (0 + z + x || g)", {("mu", "g"): ["x", "z"], ("sigma", "g"): ["x"]}),
        ("~ (0 + z | g)", {("mu", "g"): ["z"]}),
        ("~ (0 + f | k)", {("mu", "k"): ["f[c]", "f[a]", "f[b]"]}),
        ("~ (0 + x:z | g:k)", {("mu", "g:k"): ["x:z"]}),
        ("~ (0 + z:x | k:g)", {("mu", "g:k"): ["x:z"]}),
        (
            "~ (1 | g / k)",
            {
                ("mu", "g"): ["Intercept"],
                ("sigma", "g"): ["Intercept"],
                ("mu", "g:k"): ["Intercept"],
            },
        ),
        (
            "~ (0 + x | g) + (0 + f | k)",
            {("mu", "g"): ["x"], ("sigma", "g"): ["x"], ("mu", "k"): ["f[c]", "f[a]", "f[b]"]},
        ),
        ("~ (1 | other | g)", {("mu", "g"): ["Intercept"], ("sigma", "g"): ["Intercept"]}),
    ],
)
def test_what_is_kept(re_formula: object, expected: dict) -> None:
    assert kept(re_formula) == expected


@pytest.mark.parametrize("text", ["~ (1 | g)", "~ (1 | gr(g, by=t))", "~ (1 | gr(g))"])
def test_options_are_the_models(text: str) -> None:
    assert kept(text, BY) == {("mu", "g"): ["Intercept"]}


def test_nested_groups() -> None:
    both = {("mu", "g"): ["Intercept"], ("mu", "g:k"): ["Intercept"]}
    assert kept("~ (1 | g/k)", NESTED) == kept("~ (1 | g) + (1 | k:g)", NESTED) == both
    assert kept("~ (1 | g)", NESTED) == {("mu", "g"): ["Intercept"]}
    assert kept("~ (1 | k:g)", NESTED) == {("mu", "g:k"): ["Intercept"]}


@pytest.mark.parametrize(
    ("re_formula", "culprit"),
    [
        ("~ (1 | zzz)", "'zzz'"),
        ("~ (1 | G)", "'G'"),
        ("~ (w | g)", "'w'"),
        ("~ (1 + x + w | g)", "'w'"),
        ("~ (1 | k)", "the intercept"),
        ("~ (f | k)", "the intercept"),
        ("~ (x | k)", "the intercept"),
        ("~ (0 + x | g:k)", "'x'"),
        ("~ (0 + log(x) | g)", "'log(x)'"),
        ("~ (1 | gr(g, by=t))", "by=t"),
        ("~ (1 | g", "can't be read"),
        ("~ x", "can't be read"),
        ("~ (1 | g) + x", "can't be read"),
        ("y ~ (1 | g)", "can't be read"),
        ("", "can't be read"),
        ("NA", "can't be read"),
        ("~ (1 | mm(g, k))", "the intercept of group 'mmgk'"),
        (bf("y ~ (1 | g)"), "must be None, bx.NA or a text"),
        (float("nan"), "must be None, bx.NA or a text"),
        (0, "must be None, bx.NA or a text"),
        (["~ (1 | g)"], "must be None, bx.NA or a text"),
    ],
)
def test_what_the_model_does_not_have(re_formula: object, culprit: str) -> None:
    with pytest.raises(PredictionError) as error:
        FIT.posterior_epred(re_formula=re_formula)
    assert culprit in str(error.value)


def test_an_unknown_term_lists_those_there_are() -> None:
    with pytest.raises(PredictionError) as error:
        kept("~ (1 | k)")
    for term in ("(1 + x + z | g)", "(0 + f || k)", "(1 + x:z | g:k)", "sigma ~ (1 + x | g)"):
        assert term in str(error.value)
    assert "^^^^^^^" in str(error.value)


def test_another_by_than_the_models() -> None:
    with pytest.raises(PredictionError, match="by=x for group 'g'; the model has by=t"):
        kept("~ (1 | gr(g, by=x))", BY)


def test_a_model_without_groups() -> None:
    fit = given_fit("y ~ x", DATA)
    assert kept(None, fit) == kept(NA, fit) == {}
    with pytest.raises(PredictionError, match="The model has no group-level terms"):
        kept("~ (1 | g)", fit)


def test_dropped_terms_count_as_zero_and_kept_ones_stay() -> None:
    whole = FIT.posterior_linpred().to_numpy()
    population = FIT.posterior_linpred(re_formula=NA).to_numpy()
    parts = [
        FIT.posterior_linpred(re_formula=text).to_numpy() - population
        for text in ("~ (1 + x + z | g)", "~ (0 + f | k)", "~ (1 + x:z | g:k)")
    ]
    np.testing.assert_allclose(population + sum(parts), whole, atol=1e-12)


def test_columns_of_dropped_terms_are_not_needed() -> None:
    new = DATA[["x"]].head(3)
    FIT.posterior_epred(new, re_formula=NA)
    FIT.posterior_epred(new.assign(g="p"), re_formula="~ (1 | g)")
    with pytest.raises(PredictionError, match="no column 'z'"):
        FIT.posterior_epred(new.assign(g="p"), re_formula="~ (1 + z | g)")
    with pytest.raises(PredictionError, match="no column 'k'"):
        FIT.posterior_epred(new.assign(g="p", z=1.0), re_formula="~ (0 + x:z | g:k)")


def test_na_says_what_it_is() -> None:
    assert repr(NA) == "bayesmix.NA"
