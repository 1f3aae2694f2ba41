"""A model's definition: what has a prior, what is correlated, what is centred."""

from __future__ import annotations

import numpy as np
import pytest

from bayesmix.build import build_spec
from bayesmix.formula import bf
from bayesmix.parameters import Role
from bayesmix.priors import prior
from bayesmix.spec import ModelSpec

from .support import frame

DATA = frame()


def priors(spec: ModelSpec) -> dict[tuple[str, ...], str]:
    """What each group coefficient and each slope has."""
    found = {}
    for p in spec.of_role(Role.POPULATION):
        pairs = zip(p.coords[0], p.priors, strict=True)
        found |= {(p.owner.dpar, n): str(r.distribution) for n, r in pairs if n != "Intercept"}
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
    mu, sigma = (p.columns for p in spec.design.predictors)
    np.testing.assert_allclose(mu.means, mu.values[:, 1:].mean(0))
    assert [slot.class_ for slot in spec.by_name["b"].slots[:2]] == ["Intercept", "b"]
    assert [slot.class_ for slot in spec.by_name["b_sigma"].slots] == ["b"]
    np.testing.assert_array_equal(sigma.means, [0.0])


def test_the_location_of_the_intercept_minds_the_offset() -> None:
    plain, moved = (
        build_spec(formula, DATA).by_name["b"].priors[0].distribution.params
        for formula in ("y ~ x", "y ~ x + offset(z + 10)")
    )
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
    assert list(spec.predictors) == [("", "mu"), ("", "nu")]
    assert [p.name for p in spec.of_role(Role.DPAR)] == ["sigma"]
    assert str(spec.by_name["sigma"].prior.distribution).startswith("student_t(3, 0")


def test_the_table_of_parameters() -> None:
    formula = bf("y ~ x + (1 + x | gr(g, by=t)) + (1 | k)", sigma="z")
    spec = build_spec(formula, DATA, "student")
    assert {p.name: (p.role, p.shape) for p in spec.parameters} == {
        "b": ("population", (2,)),
        "b_sigma": ("population", (2,)),
        "sd_g": ("sd", (2, 2)),
        "cor_g": ("cor", (2, 2, 2)),
        "r_g": ("effects", (6, 2)),
        "sd_k": ("sd", (1,)),
        "r_k": ("effects", (3, 1)),
        "nu": ("dpar", ()),
    }
    assert [len(p.each) for p in spec.parameters if p.role == Role.SD] == [4, 1]


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
