"""Models as mathematics: what stands in the text, and that the LaTeX is readable."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.mathtext import MathTextParser

import bayesmix as bx

from ..support import frame

DATA = frame()
MODELS = [
    ("y ~ x * f + (1 + x | g) + (0 + z | g) + (1 | k)", "gaussian"),
    ("grade ~ x + (1 | g)", "cumulative"),
    (bx.bf("count ~ x + offset(w) + (1 | i | g)", zi="x + (1 | i | g)"), "zero_inflated_poisson"),
    ("hits | trials(tries) ~ 0 + f + (1 + x | gr(g, by=t))", "binomial"),
    ('y ~ x + (1 + x | gr(g, dist="student"))', "gaussian"),
    ("y ~ 1", "student"),
    ("y ~ 0 + (1 | g)", "gaussian"),
    (bx.bf("y ~ x", sigma="varConstPower(z, by=f) + varPower(mu) + varExp(mu)"), "gaussian"),
    ("w ~ poly(x, 2) + (1 || g)", "lognormal"),
]


def text(formula: Any, family: str = "gaussian", **options: Any) -> list[str]:
    equation = bx.Model(formula, DATA, family, **options).equation()
    return [" ".join(line.split()) for line in str(equation).splitlines()]


def test_the_sleep_study() -> None:
    sleep = bx.load_dataset("sleepstudy")
    made = bx.Model("Reaction ~ 1 + Days + (1 + Days | Subject)", sleep).equation()
    assert [" ".join(line.split()) for line in str(made).splitlines()] == [
        "Reaction[i] ~ Normal(μ[i], σ) i = 1, …, 180",
        "μ[i] = β₀ + β₁ Days[i] + u₀[Subject[i]] + u₁[Subject[i]] Days[i]",
        "(u₀[j], u₁[j]) ~ MVNormal(0, Σ[Subject]) j = 1, …, 18 (Subject)",
        "Σ[Subject] = diag(τ₀[Subject], τ₁[Subject]) R[Subject] diag(τ₀[Subject], τ₁[Subject])",
        "β₀ + x̄ β₁ ~ StudentT(3, 288.7, 59.3) at the means of the columns",
        "β₁ ∝ 1",
        "τ₀[Subject], τ₁[Subject] ~ StudentT⁺(3, 0, 59.3)",
        "R[Subject] ~ LKJ(1)",
        "σ ~ StudentT⁺(3, 0, 59.3)",
    ]


def test_links_thresholds_and_strata() -> None:
    assert "grade[i] ~ Ordered(μ[i], 1, α) i = 1, …, 60" in text(*MODELS[1])
    inflated = text(*MODELS[2])
    assert "log(μ[i]) = β₀ + β₁ x[i] + offset[i] + u₀[g[i]]" in inflated
    assert "logit(zi[i]) = β₀[zi] + β₁[zi] x[i] + u₁[g[i]]" in inflated
    assert "(u₀[j], u₁[j]) ~ MVNormal(0, Σ[g, t[j]]) j = 1, …, 6 (g)" in text(*MODELS[3])
    assert "v₀[j] ~ Normal(0, τ₀[k]) j = 1, …, 3 (k)" in text(*MODELS[0])


def test_priors_are_the_models() -> None:
    lines = text("y ~ x", prior=bx.prior("normal(0, 7)", "b"))
    assert "β₁ ~ Normal(0, 7)" in lines


@pytest.mark.parametrize(("formula", "family"), MODELS)
def test_latex_can_be_read(formula: Any, family: str) -> None:
    equation = bx.Model(formula, DATA, family).equation()
    body = equation.latex.removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}")
    parser = MathTextParser("path")
    rows = body.split(" \\\\\n")
    assert len(rows) == len(str(equation).splitlines())
    for row in rows:
        parser.parse(f"${row.replace('&&', ' ').replace('&', ' ').replace('…', '')}$")
    assert equation._repr_latex_().startswith("$$")
