"""Horseshoe and R2D2: what they say, what they bring with them, and their draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bayesmix.bridge import from_brms
from bayesmix.errors import PriorError
from bayesmix.formula import bf
from bayesmix.model import Model
from bayesmix.priors import prior
from bayesmix.priors.parsing import parse_distribution
from bayesmix.priors.shrinkage import R2D2, Horseshoe
from bayesmix.sampling import draw_prior
from bayesmix.storage.recipe import read_recipe, write_recipe

from ..support import fit_of, frame

DATA = frame(40)
JOINT = [prior("R2D2(0.4, 3, main = TRUE)", "b"), prior("R2D2(cons_D2 = 2)", "sd")]


def prior_draws(model: Model, draws: int = 2000) -> dict[str, np.ndarray]:
    drawn = draw_prior(model.spec, draws, np.random.SeedSequence(1))
    return {str(name): v.to_numpy()[0] for name, v in drawn.data_vars.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("horseshoe()", Horseshoe()),
        ("horseshoe(1, par_ratio = 0.5)", Horseshoe(1.0, par_ratio=0.5)),
        ("horseshoe(3, 0.1, autoscale=FALSE)", Horseshoe(3.0, 0.1, autoscale=False)),
        ("horseshoe(par_ratio = NULL, main = True)", Horseshoe(main=True)),
        ("R2D2(0.3, cons_D2 = c(1, 2.5))", R2D2(0.3, cons_D2=(1.0, 2.5))),
    ],
)
def test_arguments_go_by_position_or_name(text, expected):
    made = parse_distribution(text)
    assert made == expected and str(made) == text
    assert parse_distribution(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("horseshoe(df = 0)", ["df of horseshoe() must be greater than 0, not 0"]),
        ("horseshoe(scale = 1)", ["'scale = 1' is no argument of horseshoe()", "scale_global"]),
        ("horseshoe(1, df = 2)", ["df is given twice"]),
        ("horseshoe(x)", ["'x' is not a number"]),
        ("horseshoe", ["write 'horseshoe()'"]),
        ("horseshoe(autoscale = 3)", ["autoscale of horseshoe() must be TRUE or FALSE"]),
        ("R2D2(1)", ["mean_R2 of R2D2() must be below 1"]),
        ("R2D2(0.5, 2, 1, TRUE, TRUE, 3)", ["'3' is no argument of R2D2()"]),
        ("horsehoe(1)", ["Did you mean 'horseshoe'"]),
    ],
)
def test_malformed_arguments_say_what_is_wrong(text, fragments):
    with pytest.raises(PriorError) as error:
        prior(text, "b")
    for fragment in fragments:
        assert fragment in str(error.value)


@pytest.mark.parametrize(
    ("given", "fragments"),
    [
        (("horseshoe()", "sigma"), ["horseshoe is for the classes 'b', 'sd'"]),
        (("horseshoe()", "b", "x"), ["for a whole class; leave coef= and group= out"]),
        (("R2D2()", "b", "", "", "", 0), ["takes no lb or ub"]),
    ],
)
def test_they_are_for_whole_classes(given, fragments):
    with pytest.raises(PriorError) as error:
        prior(*given)
    assert all(fragment in str(error.value) for fragment in fragments)


@pytest.mark.parametrize(
    ("given", "fragment"),
    [
        ([prior("horseshoe()", "b"), prior("R2D2()", "b")], "are for the same parameters"),
        ([prior("horseshoe()", "b"), prior("normal(0, 1)", "b", coef="x")], "can't be beside it"),
        ([prior("horseshoe()", "b"), prior("horseshoe()", "sd")], "exactly one of them must say"),
        ([prior("R2D2(main=T)", "b"), prior("horseshoe()", "sd")], "not both"),
        ([prior("R2D2(cons_D2=c(1, 1, 1))", "b")], "cons_D2 has 3 numbers for 2 parameters"),
    ],
)
def test_what_does_not_go_together(given, fragment):
    with pytest.raises(PriorError) as error:
        Model("y ~ x + z + (1 | g)", DATA, prior=given)
    assert fragment in str(error.value)


def test_the_table_shows_what_came_of_a_ratio_and_other_rows_keep_it():
    model = Model("y ~ x + z", DATA, prior=prior("horseshoe(par_ratio = 0.5)", "b"))
    row = model.priors.query("`class` == 'b' and coef == ''").iloc[0]
    assert row["prior"] == "horseshoe(par_ratio = 0.5)"
    assert row["scaled"] == f"scale_global = {0.5 / math.sqrt(40):.3g}"
    some = model.on_rows(range(20))
    assert some.spec.by_name["hs_global"].priors == model.spec.by_name["hs_global"].priors


def test_stored_models_have_them():
    model = Model("y ~ x + z + (1 | g)", DATA, prior=JOINT)
    recipe, arrays = write_recipe(model.spec)
    again = read_recipe(recipe, arrays, {})
    assert again.user_priors == model.spec.user_priors
    assert [p.name for p in again.parameters] == [p.name for p in model.spec.parameters]


def test_names_and_dims_are_brms():
    model = Model(bf("y ~ x + z", sigma="x"), DATA, prior=[
        prior("horseshoe()", "b"), prior("horseshoe()", "b", dpar="sigma")
    ])  # fmt: skip
    names = [p.name for p in model.spec.parameters]
    assert names[2:] == [
        "hs_local", "hs_global", "hs_slab", "hs_local_sigma", "hs_global_sigma", "hs_slab_sigma"
    ]  # fmt: skip
    assert model.spec.by_name["hs_local"].coords == (("x", "z"),)
    fit = fit_of(model)
    assert {"hs_local[1]", "hs_local[2]", "hs_global_sigma"} <= set(fit.draws().columns)
    assert not any("hs_" in name for name in fit.summary().index.get_level_values("parameter"))


def test_prior_draws_of_a_horseshoe():
    draws = prior_draws(Model("y ~ x + z", DATA, prior=prior("horseshoe(3, 0.2)", "b")))
    unit = draws["hs_global"] / draws["sigma"]
    assert stats.kstest(unit, lambda x: 2 * stats.t(1, scale=0.2).cdf(x) - 1).pvalue > 1e-3
    local = draws["hs_local"]
    assert stats.kstest(local[:, 1], lambda x: 2 * stats.t(3).cdf(x) - 1).pvalue > 1e-3
    tau, c2 = draws["hs_global"][:, None], 4 * draws["hs_slab"][:, None]
    scale = tau * np.sqrt(c2 * local**2 / (c2 + tau**2 * local**2))
    z = draws["b"][:, 1:] / scale
    assert stats.kstest(z.ravel(), stats.norm.cdf).pvalue > 1e-3


def test_prior_draws_of_r2d2_on_two_classes():
    draws = prior_draws(Model("y ~ x + z + (1 | g)", DATA, prior=JOINT))
    assert stats.kstest(draws["R2D2_R2"], stats.beta(1.2, 1.8).cdf).pvalue > 1e-3
    phi, ratio = draws["R2D2_phi"], draws["R2D2_R2"] / (1 - draws["R2D2_R2"])
    np.testing.assert_allclose(phi.sum(axis=1), 1.0)
    assert stats.kstest(phi[:, 2], stats.beta(2, 1).cdf).pvalue > 1e-3
    scales = draws["sigma"][:, None] * np.sqrt(phi * ratio[:, None])
    np.testing.assert_allclose(draws["sd_g"][:, 0], scales[:, 2], rtol=1e-12)
    z = draws["b"][:, 1:] / scales[:, :2]
    assert stats.kstest(z.ravel(), stats.norm.cdf).pvalue > 1e-3


def test_brms_calls_the_shares_by_number_or_by_coefficient():
    model = Model("y ~ x + f", DATA, prior=prior("R2D2()", "b"))
    own = fit_of(model).draws()
    shares = {
        "R2D2_phi[1]": "R2D2_phi_x",
        "R2D2_phi[2]": "R2D2_phi_fa",
        "R2D2_phi[3]": "R2D2_phi_fb",
    }
    for draws in (own, own.rename(columns=shares).assign(R2D2_tau2=1.0, par_b_2=0.5)):
        again = from_brms(model, draws).draws()
        np.testing.assert_array_equal(again[list(shares)], own[list(shares)])
