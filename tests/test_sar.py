"""Rows that hang on each other by spatial weights, ``sar()``: densities, draws, errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayesmix as bx
from bayesmix.build import build_spec
from bayesmix.engine.coverage import uncovered
from bayesmix.errors import DataError, FamilyError, FormulaError, PredictionError
from bayesmix.formula import parse_formula
from bayesmix.predict import Request
from bayesmix.predict.response import Prediction
from bayesmix.pymc_model import build_pymc_model

from .support import draws_of, frame, given_fit, ring, without

DATA = frame(12)
TYPES = ("lag", "error")


def weights(rows: int = 12, labels: object = None) -> pd.DataFrame:
    """Unequal ones, rows adding up to one."""
    matrix = ring(range(rows)).to_numpy(float) * np.random.default_rng(1).uniform(
        1, 2, (rows, rows)
    )
    labels = list(range(rows)) if labels is None else labels
    return pd.DataFrame(matrix / matrix.sum(axis=1, keepdims=True), labels, labels)


W = weights()


def normal(fit: bx.Fit, type_: str, draw: int) -> stats._multivariate.multi_rv_frozen:
    """The distribution of all rows at one draw, dense."""
    draws = draws_of(fit)
    filter_ = np.eye(12) - draws[f"{type_}sar"][draw] * W.to_numpy()
    mu = fit.posterior_linpred().to_numpy()[draw]
    mean = np.linalg.solve(filter_, mu) if type_ == "lag" else mu
    cov = draws["sigma"][draw] ** 2 * np.linalg.inv(filter_.T @ filter_)
    cov = (cov + cov.T) / 2
    if fit.model.spec.family.name == "gaussian":
        return stats.multivariate_normal(mean, cov)
    return stats.multivariate_t(mean, cov, draws["nu"][draw])


def fitted(type_: str, family: str) -> bx.Fit:
    fit = given_fit(f'y ~ x + sar(W, type="{type_}")', DATA, family=family, data2={"W": W})
    posterior = fit.idata["posterior"]
    assert posterior[f"{type_}sar"].dims == ("chain", "draw")
    posterior[f"{type_}sar"][:] = np.random.default_rng(2).uniform(
        -0.6, 0.9, posterior["sigma"].shape
    )
    return fit


@pytest.mark.parametrize("family", ["gaussian", "student"])
@pytest.mark.parametrize("type_", TYPES)
def test_the_rows_together(type_: str, family: str) -> None:
    fit = fitted(type_, family)
    found = Prediction.of(fit.model.spec, draws_of(fit), Request()).joint_log_lik()
    expected = [normal(fit, type_, draw).logpdf(DATA["y"]) for draw in range(40)]
    np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.parametrize("family", ["gaussian", "student"])
@pytest.mark.parametrize("type_", TYPES)
def test_each_row_given_the_others(type_: str, family: str) -> None:
    fit = fitted(type_, family)
    found, y = fit.log_lik().to_numpy(), DATA["y"].to_numpy()
    for draw in (0, 7):
        joint = normal(fit, type_, draw)
        mean, cov = (joint.mean, joint.cov) if family == "gaussian" else (joint.loc, joint.shape)
        for row in (0, 5):
            others = np.delete(np.arange(12), row)
            rest = (mean[others], cov[np.ix_(others, others)])
            if family == "gaussian":
                of_rest = stats.multivariate_normal(*rest)
            else:
                of_rest = stats.multivariate_t(*rest, joint.df)
            expected = joint.logpdf(y) - of_rest.logpdf(y[others])
            np.testing.assert_allclose(found[draw, row], expected, rtol=1e-8)


@pytest.mark.parametrize("type_", TYPES)
def test_expectations_and_draws(type_: str) -> None:
    fit = fitted(type_, "gaussian")
    one = normal(fit, type_, 3)
    np.testing.assert_allclose(fit.posterior_epred().to_numpy()[3], one.mean, rtol=1e-10)
    drawn = fit.posterior_predict(draw_ids=[3] * 4000, random_seed=1).to_numpy()
    size = np.sqrt(np.diag(one.cov))
    assert np.all(np.abs(drawn.mean(axis=0) - one.mean) < 5 * size / np.sqrt(4000))
    cor = one.cov / size / size[:, None]
    np.testing.assert_allclose(np.corrcoef(drawn.T), cor, atol=0.1)


@pytest.mark.parametrize("family", ["gaussian", "student"])
@pytest.mark.parametrize("type_", TYPES)
def test_the_pymc_model_is_the_same_density(type_: str, family: str) -> None:
    fit = fitted(type_, family)
    spec, draws = fit.model.spec, draws_of(fit)
    model = build_pymc_model(spec)
    (potential,) = model.potentials
    intercept = draws["b"] @ [1, DATA["x"].mean()]
    for d in (0, 5):
        given = {
            model["Intercept"]: intercept[d],
            model["slopes"]: draws["b"][d, 1:],
            **{model[p]: draws[p][d] for p in ("sigma", f"{type_}sar")},
        }
        if family == "student":
            given[model["nu"]] = draws["nu"][d]
        found = potential.eval(given, mode="FAST_COMPILE")
        np.testing.assert_allclose(found, normal(fit, type_, d).logpdf(DATA["y"]), rtol=1e-8)


def test_the_engine_says_why_not() -> None:
    spec = build_spec("y ~ x + sar(W)", DATA, data2={"W": W})
    assert uncovered(spec) == "rows that hang together (SpatialRows) have no kernel"


def test_rows_are_found_by_label() -> None:
    shuffled = W.iloc[::-1, ::-1]
    spec = build_spec("y ~ sar(W)", DATA, data2={"W": shuffled})
    np.testing.assert_array_equal(spec.response.likelihood.weights.matrix, W)
    other = build_spec("y ~ sar(W)", DATA, data2={"W": weights(labels=list("abcdefghijkl"))})
    np.testing.assert_array_equal(other.response.likelihood.weights.matrix, W)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (W.to_numpy(), "must be a pandas DataFrame"),
        (weights(10), "has 10 rows, and the model 12"),
        (0 * W, "zero everywhere"),
        (W * np.tri(len(W), k=-1), "All eigenvalues of data2\\['W'\\] are 0"),
        (W.iloc[:, :5], "square"),
        (W.mask(W > 0), "missing or infinite at '0', '1'"),
    ],
)
def test_what_are_no_weights(matrix: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        build_spec("y ~ sar(W)", DATA, data2={"W": matrix})


def test_where_it_cant_be() -> None:
    cases = [
        ("count ~ sar(W)", "poisson", FamilyError, "gaussian.*student.*car"),
        ("y | weights(w) ~ sar(W)", "gaussian", FormulaError, r"weights\(\) can't be beside sar"),
        (bx.bf("y ~ sar(W)", sigma="x"), "gaussian", FormulaError, "'sigma' can't have a formula"),
        (bx.bf("y ~ x", sigma="sar(W)"), "gaussian", FormulaError, "main formula"),
        ("y ~ sar(W) + sar(W, type='error')", "gaussian", FormulaError, r"one sar\(\)"),
        ("y ~ sar(V)", "gaussian", FormulaError, "'V' that is not in data2"),
    ]
    for formula, family, error, message in cases:
        with pytest.raises(error, match=message):
            build_spec(formula, DATA, family, data2={"W": W})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y ~ sar()", "needs the name of a matrix"),
        ("y ~ sar(W, type='both')", "type= of sar"),
        ("y ~ sar(W, M=V)", "has M= twice"),
        ("y ~ sar(W, gr=g)", "no argument 'gr'"),
        ("y ~ x:sar(W)", "spatial term of rows"),
    ],
)
def test_terms_that_cant_be_read(text: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message):
        parse_formula(text)


def test_new_rows_are_all_of_them() -> None:
    fit = fitted("lag", "gaussian")
    new = without(DATA, "y", x=0.0)
    assert fit.posterior_epred(new).shape == (40, 12)
    assert fit.posterior_linpred(new.head(3)).shape == (40, 3)
    for method in (fit.posterior_epred, fit.posterior_predict):
        with pytest.raises(PredictionError, match="of 12 rows; newdata has 3"):
            method(new.head(3))
