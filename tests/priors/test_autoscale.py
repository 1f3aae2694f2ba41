"""Default priors in units of the data, against rstanarm's rule written out."""

from __future__ import annotations

import numpy as np
import pytest

from bayesmix.errors import PriorError
from bayesmix.fitting import brm
from bayesmix.formula import bf
from bayesmix.model import Model
from bayesmix.priors import prior
from bayesmix.storage.recipe import read_recipe, write_recipe

from ..support import frame

DATA = frame(40)


def made(formula, family="gaussian", priors=()):
    return Model(formula, DATA, family, priors, default_priors="autoscale")


def params(model: Model, name: str) -> list[tuple[float, ...]]:
    return [p.distribution.params for p in model.spec.by_name[name].priors]


def test_gaussian_priors_are_in_units_of_response_and_columns():
    model, sd = made("y ~ x + f + (1 | g)"), DATA["y"].std()
    dummies = [(DATA["f"] == level).astype(float) for level in ("a", "b")]
    expected = [(DATA["y"].mean(), 2.5 * sd)]
    expected += [(0.0, 2.5 * sd / column.std()) for column in (DATA["x"], *dummies)]
    np.testing.assert_allclose(params(model, "b"), expected, rtol=1e-12)
    np.testing.assert_allclose(params(model, "sigma"), [(1 / sd,)], rtol=1e-12)
    assert params(model, "sd_g") == params(Model("y ~ 1 + (1 | g)", DATA), "sd_g")


def test_other_families_have_them_without_the_response():
    model = made(bf("count ~ x", shape="z"), "negbinomial")
    expected = [(0.0, 2.5), (0.0, 2.5 / DATA["x"].std())]
    np.testing.assert_allclose(params(model, "b"), expected, rtol=1e-12)
    np.testing.assert_allclose(params(model, "b_shape")[1], (0.0, 2.5 / DATA["z"].std()))
    assert str(model.spec.by_name["b_shape"].priors[0].distribution) == "student_t(3, 0, 2.5)"
    assert params(made("count ~ x", "negbinomial"), "shape") == [(1.0,)]


def test_logarithms_where_the_family_is_one_of_them():
    model, z = made("z ~ x", "lognormal"), np.log(DATA["z"])
    np.testing.assert_allclose(params(model, "b")[0], (z.mean(), 2.5 * z.std()), rtol=1e-12)


def test_the_offset_moves_the_intercept():
    (location, _), (moved, _) = (params(made(f), "b")[0] for f in ("y ~ 1", "y ~ 1 + offset(x)"))
    assert location - moved == pytest.approx(DATA["x"].mean())


def test_the_users_priors_come_first():
    model = made("y ~ x + z", priors=prior("normal(0, 1)", "b"))
    assert params(model, "b")[1:] == [(0.0, 1.0), (0.0, 1.0)]
    table = model.priors.set_index(["class", "coef"])
    assert table.loc[("b", "x"), "scaled"] == "" and table.loc[("b", ""), "source"] == "user"


def test_the_table_shows_what_was_given_and_what_came_of_it():
    table = made("y ~ x").priors.set_index(["class", "coef"])
    sd = DATA["y"].std()
    assert table.loc[("b", ""), "prior"] == "normal(0, 2.5)"
    assert table.loc[("b", "x"), "scaled"] == f"normal(0, {2.5 * sd / DATA['x'].std():.4g})"
    assert tuple(table.loc[("sigma", ""), ["prior", "scaled"]]) == (
        "exponential(1)",
        f"exponential({1 / sd:.4g})",
    )
    assert "scaled" not in Model("y ~ x", DATA).priors


def test_rows_and_files_keep_them():
    model = made("y ~ x")
    some = model.on_rows(range(20))
    assert params(some, "b") == params(model, "b")
    assert some.priors.equals(model.priors)
    recipe, arrays = write_recipe(model.spec)
    assert read_recipe(recipe, arrays, {}).priors == model.spec.priors


def test_a_scheme_that_is_not_there():
    with pytest.raises(PriorError, match="Did you mean 'autoscale'"):
        brm("y ~ x", DATA, default_priors="autoscal")
