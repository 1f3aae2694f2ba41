"""Truncation, beside scipy's truncated distributions and numerical integration."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from bayesmix.build import build_spec
from bayesmix.errors import DataError, FamilyError, FormulaError, PredictionError
from bayesmix.families import FAMILIES

from ..support import frame, given_fit

P = {"mu": np.array(0.3), "sigma": np.array(0.8)}
LAWS = {"gaussian": stats.norm(0.3, 0.8), "lognormal": stats.lognorm(0.8, scale=np.exp(0.3))}
Y = np.array([0.9, 1.2, 2.0])
BOUNDS = [
    {"lb": np.full(3, 0.5)},
    {"ub": np.full(3, 2.5)},
    {"lb": np.full(3, 0.5), "ub": np.array([1.0, 3.0, 9.0])},
]


def ends(aux: dict, name: str) -> list[tuple[float, float]]:
    low = 0.0 if name == "lognormal" else -np.inf
    lb, ub = aux.get("lb", np.full(3, low)), aux.get("ub", np.full(3, np.inf))
    return list(zip(lb, ub, strict=True))


def found(name: str, aux: dict) -> object:
    return FAMILIES[name].for_response(Y, None, aux)


@pytest.mark.parametrize("aux", BOUNDS, ids=["lb", "ub", "both"])
@pytest.mark.parametrize("name", LAWS)
def test_density_and_mean(name: str, aux: dict) -> None:
    law = LAWS[name]
    mass = np.array([law.cdf(b) - law.cdf(a) for a, b in ends(aux, name)])
    assert_allclose(found(name, aux).logp(Y, P, aux), law.logpdf(Y) - np.log(mass), rtol=1e-11)
    means = [integrate.quad(lambda v: v * law.pdf(v), a, b)[0] for a, b in ends(aux, name)]
    assert_allclose(found(name, aux).mean(P, aux), means / mass, rtol=1e-7)


@pytest.mark.parametrize("aux", BOUNDS, ids=["lb", "ub", "both"])
@pytest.mark.parametrize("name", LAWS)
def test_draws(name: str, aux: dict) -> None:
    p = {k: np.broadcast_to(v, (4000, 3)) for k, v in P.items()}
    drawn, law = found(name, aux).random(np.random.default_rng(1), p, aux), LAWS[name]
    for column, (a, b) in zip(drawn.T, ends(aux, name), strict=True):
        assert column.min() >= a and column.max() <= b
        ranks = (law.cdf(column) - law.cdf(a)) / (law.cdf(b) - law.cdf(a))
        assert stats.kstest(ranks, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("aux", BOUNDS, ids=["lb", "ub", "both"])
@pytest.mark.parametrize("name", LAWS)
def test_rows_are_the_density_and_its_derivatives(name: str, aux: dict) -> None:
    made = found(name, aux)

    def logp(i: int, v: np.ndarray) -> float:
        own = {k: a[i] for k, a in aux.items()}
        return made.logp(Y[i], {"mu": np.array(v[0]), "sigma": np.exp(v[1])}, own)

    for i in range(3):
        given = [aux[name][i] for name in made.row.takes]
        for x in (np.array([0.3, -0.2]), np.array([-6.0, 0.1]), np.array([8.0, 0.1])):
            value, *slopes = made.row.function(Y[i], *given, *x)
            change = value - made.row.function(Y[i], *given, *(x + 0.1))[0]
            assert_allclose(change, logp(i, x) - logp(i, x + 0.1), rtol=1e-8)
            numerical = [(logp(i, x + h) - logp(i, x - h)) / 2e-6 for h in 1e-6 * np.eye(2)]
            assert_allclose(slopes, numerical, rtol=1e-5, atol=1e-6)


def test_bounds_far_in_a_tail_keep_their_digits() -> None:
    aux = {"lb": np.full(3, 30.0), "ub": np.full(3, 31.0)}
    p = {"mu": np.array(0.0), "sigma": np.array(1.0)}
    expected = stats.truncnorm(30.0, 31.0)
    made = FAMILIES["gaussian"].for_response(Y, None, aux)
    assert_allclose(made.mean(p, aux), expected.mean(), rtol=1e-9)
    y = np.full(3, 30.2)
    assert_allclose(made.logp(y, p, aux), expected.logpdf(30.2), rtol=1e-9)
    drawn = made.random(
        np.random.default_rng(1), {k: np.full((500, 1), v) for k, v in p.items()}, aux
    )
    assert 30.0 <= drawn.min() and abs(drawn.mean() - expected.mean()) < 0.01


def test_with_censoring() -> None:
    aux = {"cens": np.array([0.0, 1.0, 0.0]), "lb": np.full(3, 0.5)}
    law, made = LAWS["gaussian"], FAMILIES["gaussian"].for_response(Y, None, aux)
    parts = [law.logpdf(Y[0]), law.logsf(Y[1]), law.logpdf(Y[2])]
    assert_allclose(made.logp(Y, P, aux), np.array(parts) - law.logsf(0.5), rtol=1e-11)
    assert made.row.takes == ("cens", "lb")
    value = made.row.function(Y[1], 1.0, 0.5, 0.3, np.log(0.8))[0]
    assert value == pytest.approx(parts[1] - law.logsf(0.5))
    assert pickle.loads(pickle.dumps(made)) == made


def test_a_formula_with_bounds() -> None:
    data = frame().assign(low=0.5)
    spec = build_spec("z | trunc(lb=low, ub=3) ~ x + (1 | g)", data).response.data
    assert set(spec.aux) == {"lb", "ub"} and (spec.aux["ub"] == 3).all()
    fit = given_fit("z | trunc(low) ~ x + (1 | g)", data)
    assert (fit.posterior_predict(random_seed=1) >= 0.5).all()
    assert (fit.posterior_epred(data.head(3)) > 0.5).all()
    with pytest.raises(PredictionError, match="no column 'low'"):
        fit.posterior_epred(data[["x", "g"]].head(3))


@pytest.mark.parametrize(
    ("formula", "family", "error", "message"),
    [
        ("z | trunc(1.5) ~ 1", "gaussian", DataError, r"below the lb of trunc\(\) in row"),
        ("z | trunc(ub=1.5) ~ 1", "gaussian", DataError, r"above the ub of trunc\(\) in row"),
        ("z | trunc(lb=0) ~ 1", "von_mises", FamilyError, "distribution between bounds"),
        ("z | trunc(0, lb=0) ~ 1", "gaussian", FormulaError, "given twice"),
        ("z | trunc() ~ 1", "gaussian", FormulaError, "no arguments"),
        ("z | trunc(low=0) ~ 1", "gaussian", FormulaError, "has no option 'low'"),
    ],
)
def test_what_is_refused(formula: str, family: str, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        build_spec(formula, frame(), family)
