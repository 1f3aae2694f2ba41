"""Names, dims and coords of the PyMC model."""

from __future__ import annotations

import shutil

import numpy as np
import pymc as pm
import pytest
from pytensor.compile.mode import Mode

from bayesmix.formula import bf
from bayesmix.model import Model
from bayesmix.priors import prior
from bayesmix.variables import variable_coords, variable_dims

from ..support import frame

DATA = frame(30)
FORMULA = bf(
    "y ~ x * f + (1 + x | i | gr(g, by=t)) + (1 | k) + (1 | g:k)", sigma="z + (1 | i | gr(g, by=t))"
)


def test_variables_have_the_dims_of_the_posterior() -> None:
    model = Model(FORMULA, DATA, "student")
    made = model.pymc
    for name, dims in variable_dims(model.spec).items():
        assert made.named_vars_to_dims.get(name, ()) == dims
        known = [n for n in made[name].type.shape if n is not None]
        assert known == [len(made.coords[d]) for d in dims][: len(known)]
    for dim, labels in variable_coords(model.spec).items():
        assert list(made.coords[dim]) == labels
    assert list(made.coords["obs"]) == list(range(30))


def test_coords_are_the_users_labels() -> None:
    coords = Model(FORMULA, DATA).pymc.coords
    assert coords["coef"] == ("Intercept", "x", "f[a]", "f[b]", "x:f[a]", "x:f[b]")
    assert coords["sigma_coef"] == ("Intercept", "z")
    assert coords["k"] == (4, 7, 30)
    assert coords["g"] == tuple("pqrstu")
    assert coords["g_coef"] == ("Intercept", "x", "sigma_Intercept")
    assert coords["t"] == ("new", "old")


def test_centred_intercept_and_standardised_effects_are_free() -> None:
    free = {v.name: v for v in Model("y ~ x + (1 + x | g)", DATA).pymc.free_RVs}
    assert set(free) == {"Intercept", "slopes", "sds_g", "cpc_g_0", "z_g", "sigma"}


def test_parameters_of_one_prior_are_one_variable() -> None:
    given = [prior("normal(0, 1)", "b"), prior("normal(0, 2)", "b", coef="z")]
    free = [v.name for v in Model("y ~ x + z + flag", DATA, prior=given).pymc.free_RVs]
    assert free == ["Intercept", "slopes__0", "slopes__1", "sigma"]


def test_weights_are_a_potential() -> None:
    made = Model("y | weights(w) ~ x", DATA).pymc
    assert [p.name for p in made.potentials] == ["y_density"]
    assert made.observed_RVs == []


def test_one_threshold_is_a_number_of_its_own() -> None:
    made = Model("yes ~ x", DATA.assign(yes=DATA["yes"] + 1), "cumulative").pymc
    assert [v.name for v in made.value_vars] == ["slopes", "Intercept"]


def test_new_families_have_responses_of_their_own() -> None:
    for formula, family in [("grade ~ x", "cumulative"), ("amount ~ x", "hurdle_gamma")]:
        made = Model(formula, DATA, family).pymc
        (observed,) = made.observed_RVs
        logp = made.compile_logp(mode=Mode("py", "fast_compile"))
        assert np.isfinite(logp(made.initial_point()))
        assert made.named_vars_to_dims[observed.name] == ("obs",)


def test_the_model_is_built_once_and_not_changed_by_its_spec() -> None:
    model = Model("y ~ x", DATA)
    assert model.pymc is model.pymc
    assert isinstance(model.pymc, pm.Model)


@pytest.mark.parametrize("family", ["poisson", "negbinomial"])
def test_counts_are_whole_numbers(family: str) -> None:
    (observed,) = Model("count ~ x", DATA, family).pymc.observed_RVs
    value = Model("count ~ x", DATA, family).pymc
    assert observed.dtype == "int64"
    assert np.array_equal(value.rvs_to_values[value.observed_RVs[0]].data, DATA["count"])


def test_graph() -> None:
    pytest.importorskip("graphviz")
    picture = Model("y ~ x + (1 | g)", DATA).graph()
    assert "sd_g" in picture.source
    with pytest.raises(NotImplementedError):
        pm.draw(Model("y ~ x", DATA).pymc["slopes"], mode=Mode("py", "fast_compile"))
    if shutil.which("dot"):
        assert picture.pipe("svg")
