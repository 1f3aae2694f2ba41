"""`Model` and `Fit`: thin faces that delegate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayesmix as bx

from .support import fit_of, frame, given_fit

DATA = frame()
MODEL = bx.Model(bx.bf("y ~ x + (1 + x | g) + (1 | g:k)", sigma="z"), DATA)


def test_a_model_says_what_it_is() -> None:
    assert repr(MODEL).splitlines() == [
        "bayesmix.Model",
        "  formula: y ~ x + (1 + x | g) + (1 | g:k)",
        "           sigma ~ z",
        "  family:  gaussian",
        "  rows:    60",
        "  groups:  g (6), g:k (18)",
    ]
    assert "groups:  none" in repr(bx.Model("y ~ x", DATA))


def test_its_data_are_the_used_columns_and_a_copy() -> None:
    model = bx.Model("y ~ x + (1 | g)", DATA.assign(unused=1))
    data = model.data
    assert list(data) == ["y", "x", "g"]
    data["x"] = 0.0
    np.testing.assert_array_equal(model.data["x"], DATA["x"])


def test_the_users_data_stay_as_they_are() -> None:
    before = DATA.copy(deep=True)
    fit = given_fit("y ~ scale(x) + f + (1 | g)", DATA)
    fit.posterior_predict(DATA.head(3))
    pd.testing.assert_frame_equal(DATA, before)


def test_family_and_formula() -> None:
    assert MODEL.family.name == "gaussian"
    assert MODEL.formula == bx.bf("y ~ x + (1 + x | g) + (1 | g:k)", sigma="z")
    assert bx.Model.from_spec(MODEL.spec).spec is MODEL.spec


def test_the_priors_are_a_table_of_their_own() -> None:
    table = MODEL.priors
    table["prior"] = "nothing"
    assert "nothing" not in set(MODEL.priors["prior"])


@pytest.mark.parametrize("family", ["bernoulli", bx.family("bernoulli", link="probit")])
def test_a_family_by_name_or_made(family: object) -> None:
    model = bx.Model("yes ~ x", DATA, family)
    assert f"links: mu = {'logit' if family == 'bernoulli' else 'probit'}" in repr(fit_of(model))


def test_a_fit_prints_its_html_escaped() -> None:
    fit = given_fit("y ~ I(x < 3) + (1 | g)", DATA)
    assert "I(x &lt; 3)" in fit._repr_html_()
    assert fit._repr_html_().startswith("<pre>Formula: y ~ I(x")


def test_readme_lines() -> None:
    """The three predictions that the design is about."""
    sleep = bx.load_dataset("sleepstudy")
    fit = fit_of(bx.Model("Reaction ~ 1 + Days + (1 + Days | Subject)", sleep))
    new = pd.DataFrame({"Days": [0, 5, 9], "Subject": ["308", "new", None]})
    assert fit.posterior_epred(new, re_formula=bx.NA).shape == (40, 3)
    assert fit.posterior_epred(new, allow_new_levels=True).shape == (40, 3)
    drawn = fit.posterior_predict(
        new, allow_new_levels=True, sample_new_levels="gaussian", random_seed=2
    )
    assert drawn.dims == ("sample", "obs")
    assert fit.ranef()["Subject"].loc[("308", "Days"), "Estimate"]
    assert fit.coef()["Subject"].index.names == ["Subject", "coef"]


def test_an_intercept_among_the_coefficients_has_their_prior_and_no_centring() -> None:
    prior = bx.prior("normal(0, 7)", "b")
    model = bx.Model("y ~ 0 + Intercept + x + (1 | g)", DATA, prior=prior)
    columns, b = model.spec.response.predictors["mu"].columns, model.spec.by_name["b"]
    assert columns.names == ("Intercept", "x") and not columns.has_intercept
    assert [str(p.distribution) for p in b.priors] == ["normal(0, 7)"] * 2
    np.testing.assert_array_equal(columns.means, 0.0)
    fit = fit_of(model)
    b = fit.idata["posterior"]["b"].to_numpy().reshape(-1, 2)
    new = pd.DataFrame({"x": [2.0, -1.0]})
    found = fit.posterior_linpred(new, re_formula=bx.NA)
    np.testing.assert_allclose(found, b[:, :1] + b[:, 1:] * new["x"].to_numpy())


def test_factors_beside_such_an_intercept_have_contrasts() -> None:
    spec = bx.Model("y ~ 0 + Intercept + f", DATA).spec
    assert spec.response.predictors["mu"].columns.names == ("Intercept", "f[a]", "f[b]")


def test_a_second_intercept_is_refused() -> None:
    with pytest.raises(bx.FormulaError, match="Intercept"):
        bx.Model("y ~ Intercept + x", DATA)
