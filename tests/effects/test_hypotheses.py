"""Hypotheses: arithmetic on parameters, levels of groups, evidence before and after the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from bayesmix.effects.arithmetic import computed
from bayesmix.errors import PredictionError, PriorError
from bayesmix.priors import prior

from ..support import draws_of, frame, given_fit

DATA = frame()
FIT = given_fit("y ~ x * f + (1 + x | g)", DATA)
DRAWS = draws_of(FIT)
B = dict(zip(FIT.fixef().index, DRAWS["b"].T, strict=True))
X = np.array([1.0, 2.0, 4.0])
KNOWN = {"x": X, "f[a]": 10 * X, "x:f[a]": 100 * X, "sigma_x": -X}

READ = [
    ("x", X),
    ("-x + 2 * 3", 6 - X),
    ("x^2 - x**2", 0 * X),
    ("(x + 1) / 2", (X + 1) / 2),
    ("x:f[a] - f[a]", 90 * X),
    ("`x:f[a]` / `x`", 100 + 0 * X),
    ("sigma_x + x", 0 * X),
    ("exp(log(x)) + abs(sigma_x)", 2 * X),
    ("plogis(x) - inv_logit(x)", 0 * X),
    ("max(x, 2)", np.maximum(X, 2)),
    ("qlogis(0.25)", special.logit(0.25)),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_arithmetic(text: str, expected: Any) -> None:
    np.testing.assert_allclose(computed(text, KNOWN, "coefficient"), expected, atol=1e-12)


NOT_READ = [
    ("y", "There is no coefficient 'y'; there is 'x', 'f"),
    ("sigm_x", "Did you mean 'sigma_x'"),
    ("x +", "can't be read as arithmetic"),
    ("x if x else x", "holds more than"),
    ("x.__class__", "holds more than|can't be read|There is no"),
    ("__import__('os')", "calls '__import__'"),
    ("(lambda: x)()", "holds more than"),
    ("[x, x]", "holds more than"),
    ("'text'", "holds more than"),
    ("True", "holds more than"),
    ("exp(x, x)", "takes 1 argument"),
    ("x < 3", "holds more than"),
    ("f[b]", "There is no|holds more than"),
]


@pytest.mark.parametrize(("text", "message"), NOT_READ)
def test_what_is_no_arithmetic(text: str, message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        computed(text, KNOWN, "coefficient")


def test_one_sided() -> None:
    made = FIT.hypothesis(["x > 0.1", "x < 0.1"], alpha=0.1)
    table, v = made.table, B["x"] - 0.1
    np.testing.assert_allclose(made.draws[:, 0], v)
    np.testing.assert_allclose(table["CI.Lower"], np.quantile(v, 0.1))
    np.testing.assert_allclose(table["CI.Upper"], np.quantile(v, 0.9))
    assert table["Level"].tolist() == ["80%", "80%"]
    np.testing.assert_allclose(table["Post.Prob"], [(v > 0).mean(), (v < 0).mean()])
    np.testing.assert_allclose(table["Evid.Ratio"][0], (v > 0).sum() / (v <= 0).sum())


def test_two_sided_without_prior_draws() -> None:
    table = FIT.hypothesis("x = f[a]").table
    assert table["Evid.Ratio"].isna().all()
    assert table["Level"].tolist() == ["95%"]
    np.testing.assert_allclose(table["CI.Upper"], np.quantile(B["x"] - B["f[a]"], 0.975))


def test_names_as_brms_has_them() -> None:
    np.testing.assert_allclose(FIT.hypothesis("fa > x:fb").draws[:, 0], B["f[a]"] - B["x:f[b]"])
    sd, cor = DRAWS["sd_g"], DRAWS["cor_g"]
    made = FIT.hypothesis("x > Intercept", class_="sd", group="g")
    np.testing.assert_allclose(made.draws[:, 0], sd[:, 1] - sd[:, 0])
    made = FIT.hypothesis("Intercept__x > 0", class_="cor", group="g")
    np.testing.assert_allclose(made.draws[:, 0], cor[:, 0, 1])
    full = FIT.hypothesis("sd_g__x / sigma > r_g[p,x]", class_=None)
    expected = sd[:, 1] / DRAWS["sigma"] - DRAWS["r_g"][:, 0, 1]
    np.testing.assert_allclose(full.draws[:, 0], expected)


def test_each_level() -> None:
    own = FIT.hypothesis("x > 0", scope="coef", group="g")
    assert own.table["g"].tolist() == list("pqrstu")
    np.testing.assert_allclose(own.draws, B["x"][:, None] + DRAWS["r_g"][:, :, 1])
    deviation = FIT.hypothesis("x > Intercept", scope="ranef", group="g")
    np.testing.assert_allclose(deviation.draws, DRAWS["r_g"][:, :, 1] - DRAWS["r_g"][:, :, 0])


def test_savage_dickey() -> None:
    """Normal posterior and prior: the ratio of their densities at the point."""
    n = 200_000
    rng = np.random.default_rng(1)
    b = np.zeros((1, n, 2))
    b[0, :, 1] = rng.normal(0.3, 0.2, n)
    priors = [prior("normal(0, 1)", "b"), prior("normal(0, 3)", "Intercept")]
    fit = given_fit("y ~ x", DATA, prior=priors, chains=1, draws=n, b=b)
    assert fit.hypothesis("x = 0").table["Evid.Ratio"].isna().all()
    fit.sample_prior(random_seed=1)
    table = fit.hypothesis(["x = 0", "x = 0.3"]).table
    expected = [stats.norm.pdf(x, 0.3, 0.2) / stats.norm.pdf(x) for x in (0, 0.3)]
    np.testing.assert_allclose(table["Evid.Ratio"], expected, rtol=0.03)
    np.testing.assert_allclose(table["Post.Prob"], [e / (1 + e) for e in expected], rtol=0.03)


def test_prior_draws_stay_with_the_fit() -> None:
    priors = [prior("normal(0, 1)", "b")]
    fit = given_fit("y ~ x + (1 | g)", DATA, prior=priors)
    tree = fit.sample_prior(random_seed=2)
    assert tree is fit.idata
    assert fit.idata["prior"].sizes["draw"] == 40
    with pytest.raises(PriorError, match="flat"):
        FIT.sample_prior()


WRONG = [
    (lambda: FIT.hypothesis("Day > 0"), "There is no coefficient 'Day'"),
    (lambda: FIT.hypothesis("x"), "compares two sides"),
    (lambda: FIT.hypothesis("0 < x < 1"), "compares two sides"),
    (lambda: FIT.hypothesis("x >"), "nothing on one side"),
    (lambda: FIT.hypothesis([]), "no hypothesis"),
    (lambda: FIT.hypothesis("x > 0", alpha=2), "alpha must be"),
    (lambda: FIT.hypothesis("x > 0", scope="level"), "scope must be"),
    (lambda: FIT.hypothesis("x > 0", scope="coef"), "needs one of the model's groups"),
    (lambda: FIT.hypothesis("x > 0", scope="coef", group="h"), "not 'h'"),
    (lambda: FIT.hypothesis("x > 0", class_="sd", group="h"), "The model has no group 'h'"),
    (lambda: FIT.hypothesis("x > 0", class_="q"), "begins with 'q_'"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_mistakes(call: Any, message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        call()
