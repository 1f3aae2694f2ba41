"""Parameters fixed at a number, or tied to another: everywhere the same as the plain model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bayesmix as bx
from bayesmix.errors import FamilyError, FormulaError

from .engine.models import density_of, points, spec_of
from .engine.pymc_density import PymcDensity
from .support import fit_of, frame


def test_a_fixed_parameter_has_no_prior_and_no_draws() -> None:
    model = bx.Model(bx.bf("y ~ x", nu=4), frame(), "student")
    assert "nu" not in set(model.priors["class"])
    fit = fit_of(model)
    assert "nu" not in fit.idata["posterior"]
    assert_allclose(fit.posterior_epred(dpar="nu"), 4.0)
    assert_allclose(fit.posterior_linpred(dpar="nu"), np.log(3.0))
    assert "nu = 4" in str(model.formula)
    assert "4" in str(model.equation())


def test_its_log_lik_is_that_of_the_plain_model_with_the_value() -> None:
    plain = fit_of(bx.Model("y ~ x", frame(), "student"), nu=np.full((2, 20), 4.0))
    fixed = fit_of(bx.Model(bx.bf("y ~ x", nu=4), frame(), "student"))
    draws = {n: plain.idata["posterior"][n].to_numpy() for n in ("b", "sigma")}
    fixed = fit_of(fixed.model, **draws)
    assert_allclose(fixed.log_lik(), plain.log_lik(), rtol=1e-12)


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        (bx.bf("y ~ x + (1 | g)", quantile=0.25), "asym_laplace"),
        (bx.bf("share_01 ~ x", zoi="z + (1 | g)", coi="zoi"), "zero_one_inflated_beta"),
        (bx.bf("share_01 ~ x", coi="zoi"), "zero_one_inflated_beta"),
    ],
)
def test_the_engine_agrees_with_pymc(formula: Any, family: str) -> None:
    spec = spec_of(formula, family)
    engine = density_of(spec)
    pymc = PymcDensity(spec, engine.layout)
    first = None
    for x in points(engine.layout, (0.2, 0.5, 1.0)):
        (logp, grad), (expected, slope) = engine(x), pymc(x)
        first = logp - expected if first is None else first
        assert_allclose(logp - expected, first, atol=1e-7 * max(1.0, abs(expected)))
        assert_allclose(grad, slope, rtol=1e-7, atol=1e-7 * np.abs(slope).max())


def test_a_tied_parameter_has_the_values_of_the_other() -> None:
    fit = fit_of(bx.Model(bx.bf("share_01 ~ x", coi="zoi"), frame(), "zero_one_inflated_beta"))
    assert "coi" not in fit.idata["posterior"]
    assert_allclose(fit.posterior_epred(dpar="coi"), fit.posterior_epred(dpar="zoi"))
    same = fit_of(
        bx.Model("share_01 ~ x", frame(), "zero_one_inflated_beta"),
        **{n: fit.idata["posterior"][n].to_numpy() for n in ("b", "phi", "zoi")},
        coi=fit.idata["posterior"]["zoi"].to_numpy(),
    )
    assert_allclose(fit.log_lik(), same.log_lik())
    assert_allclose(fit.posterior_epred(), same.posterior_epred())


def test_a_saved_fit_keeps_both(tmp_path: Any) -> None:
    formula = bx.bf("share_01 ~ x", coi="zoi", phi=5)
    fit = fit_of(bx.Model(formula, frame(), "zero_one_inflated_beta"))
    again = bx.load(fit.save(tmp_path / "fit.nc"))
    assert str(again.model.formula) == str(fit.model.formula)
    assert_allclose(again.log_lik(), fit.log_lik())
    some = fit.model.on_rows(range(40))
    assert some.formula.fixed == (("phi", 5.0),)


@pytest.mark.parametrize(
    ("dpars", "family", "message"),
    [
        ({"nu": 0.5}, "student", "'nu' .* can't be fixed at 0.5; it lies between 1 and inf"),
        ({"sigma": 0}, "gaussian", "can't be fixed at 0"),
        ({"nu": 4}, "gaussian", "no parameter 'nu'"),
        ({"coi": "phi"}, "zero_one_inflated_beta", "another range: 0 to 1 against 0 to inf"),
        ({"coi": "zoi", "zoi": 0.3}, "zero_one_inflated_beta", "fixed or tied itself"),
        ({"coi": "coi"}, "zero_one_inflated_beta", "can't be tied to 'coi'"),
    ],
)
def test_what_cannot_be_fixed_or_tied(dpars: dict, family: str, message: str) -> None:
    response = "share_01" if "beta" in family else "y"
    with pytest.raises(FamilyError, match=message):
        bx.Model(bx.bf(f"{response} ~ x", **dpars), frame(), family)


def test_a_name_of_a_column_and_a_parameter_says_so() -> None:
    data = frame().assign(zoi=1.0)
    with pytest.raises(FormulaError, match="may mean the parameter of that name, or the column"):
        bx.Model(bx.bf("share_01 ~ x", coi="zoi"), data, "zero_one_inflated_beta")


def test_a_column_alone_is_a_formula() -> None:
    spec = bx.Model(bx.bf("y ~ x", sigma="z"), frame()).spec
    assert spec.by_name["b_sigma"].coords == (("Intercept", "z"),)


def test_nothing_else_is_a_number() -> None:
    with pytest.raises(FormulaError, match="can't be fixed at inf"):
        bx.bf("y ~ x", nu=float("inf"))
    with pytest.raises(FormulaError, match="fixed or tied already"):
        bx.bf(bx.bf("y ~ x", nu=4), nu=5)
