"""A model's definition: what has a prior, what is correlated, what is centred."""

from __future__ import annotations

import numpy as np
import pytest

from bayesmix.formula import bf
from bayesmix.priors import prior
from bayesmix.spec import ModelSpec, build_spec

from .support import frame

DATA = frame()


def priors(spec: ModelSpec) -> dict[tuple[str, ...], str]:
    """What each group coefficient and each slope has."""
    found = {}
    for c in spec.coefficients:
        names = c.names if c.intercept is None else c.names[1:]
        found |= {(c.dpar, n): str(r.distribution) for n, r in zip(names, c.slopes, strict=True)}
    for g in spec.groups:
        found |= {
            ("sd", g.group.name, n): str(r.distribution) for n, r in zip(g.names, g.sd, strict=True)
        }
    return found


def test_coefficients_have_the_most_specific_priors() -> None:
    given = [
        prior("normal(0, 1)", "b"),
        prior("normal(0, 2)", "b", coef="f[b]"),
        prior("normal(0, 3)", "b", dpar="sigma"),
        prior("exponential(1)", "sd"),
        prior("exponential(2)", "sd", group="g"),
        prior("exponential(3)", "sd", group="g", coef="x"),
        prior("exponential(4)", "sd", dpar="sigma"),
    ]
    formula = bf("y ~ x + f + (1 + x | i | g) + (1 | k)", sigma="z + (1 | i | g)")
    found = priors(build_spec(formula, DATA, prior=given))
    assert found == {
        ("mu", "x"): "normal(0, 1)",
        ("mu", "f[a]"): "normal(0, 1)",
        ("mu", "f[b]"): "normal(0, 2)",
        ("sigma", "z"): "normal(0, 3)",
        ("sd", "g", "Intercept"): "exponential(2)",
        ("sd", "g", "x"): "exponential(3)",
        ("sd", "g", "sigma_Intercept"): "exponential(4)",
        ("sd", "k", "Intercept"): "exponential(1)",
    }


def test_the_intercept_is_that_of_centred_columns() -> None:
    spec = build_spec(bf("y ~ x * f", sigma="0 + z"), DATA)
    mu, sigma = spec.coefficients
    np.testing.assert_allclose(mu.means, spec.predictors["mu"].population.values[:, 1:].mean(0))
    assert mu.intercept is not None
    assert sigma.intercept is None
    np.testing.assert_array_equal(sigma.means, [0.0])


def test_the_location_of_the_intercept_minds_the_offset() -> None:
    plain = build_spec("y ~ x", DATA).coefficients[0].intercept.distribution.params
    moved = build_spec("y ~ x + offset(z + 10)", DATA).coefficients[0].intercept.distribution.params
    assert moved[1] == pytest.approx(plain[1] - (DATA["z"] + 10).mean())


@pytest.mark.parametrize(
    ("formula", "given", "etas"),
    [
        ("y ~ (x | g)", (), {"g": 1.0}),
        ("y ~ (x | g) + (x | k)", prior("lkj(3)", "cor"), {"g": 3.0, "k": 3.0}),
        ("y ~ (x | g) + (x | k)", prior("lkj(3)", "cor", group="k"), {"g": 1.0, "k": 3.0}),
    ],
)
def test_shapes_of_the_correlations(formula: str, given: object, etas: dict) -> None:
    spec = build_spec(formula, DATA, prior=given)
    assert {g.group.name: g.eta for g in spec.groups} == etas


def test_what_is_correlated() -> None:
    spec = build_spec("y ~ (x || g) + (1 | k) + (x | h)", DATA)
    assert [g.correlated for g in spec.groups] == [False, False, True]
    assert "cor" not in priors(build_spec("y ~ (x || g)", DATA))


def test_dpars_with_and_without_a_formula() -> None:
    spec = build_spec(bf("y ~ x", nu="z"), DATA, "student")
    assert list(spec.predictors) == ["mu", "nu"]
    assert [d.name for d in spec.plain_dpars] == ["sigma"]
    assert str(spec.dpar_prior("sigma").distribution).startswith("student_t(3, 0")


def test_the_table_of_priors() -> None:
    spec = build_spec("y ~ x + (1 + x | g)", DATA, prior=prior("normal(0, 9)", "b"))
    table = spec.priors.frame()
    columns = ["prior", "class", "coef", "group", "dpar", "lb", "ub", "source"]
    assert list(table) == columns
    assert {"b", "Intercept", "sd", "cor", "sigma"} == set(table["class"])
    assert set(table.loc[table["source"] == "user", "prior"]) == {"normal(0, 9)"}
    assert spec.user_priors == (prior("normal(0, 9)", "b"),)


def test_any_iterable_of_priors_will_do() -> None:
    one = prior("normal(0, 9)", "b")
    for given in (one, [one], (one,), iter([one])):
        assert build_spec("y ~ x", DATA, prior=given).user_priors == (one,)
    assert build_spec("y ~ x", DATA, prior=None).user_priors == ()
