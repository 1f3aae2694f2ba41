"""Residuals with a correlation for each pair of times, in the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

import bayesmix as bx
from bayesmix.build import build_spec
from bayesmix.engine.coverage import uncovered
from bayesmix.engine.plan.layout import build_layout
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.engine.plan.start import build_start
from bayesmix.errors import DataError, FormulaError
from bayesmix.formula import bf
from bayesmix.parameters import Target
from bayesmix.priors import lkj

from ..support import fit_of
from .models import density_of, points
from .pymc_density import PymcDensity


def visits(rows: float = 1.0) -> pd.DataFrame:
    """Eight patients at four visits, some of which may be missing."""
    rng = np.random.default_rng(1)
    whole = pd.DataFrame(
        {
            "patient": np.repeat(list("abcdefgh"), 4),
            "week": np.tile([1, 2, 5, 9], 8),
            "x": rng.normal(size=32),
            "y": rng.normal(size=32),
            "n": rng.poisson(3.0, size=32),
        }
    )
    return whole.sample(frac=rows, random_state=2)


MODELS = {
    "whole groups": ("y ~ x + unstr(week, gr=patient)", "gaussian", 1.0),
    "gaps": ("y ~ x + (1 | patient) + unstr(week, gr=patient)", "gaussian", 0.7),
    "latent": ("n ~ x + (1 | patient) + unstr(week, gr=patient)", "poisson", 0.7),
    "heavy tails": (bf("y ~ x + unstr(week, gr=patient)", sigma="x"), "student", 0.7),
}


@pytest.mark.parametrize("model", MODELS)
def test_the_density_is_that_of_the_pymc_model(model: str) -> None:
    formula, family, rows = MODELS[model]
    spec = build_spec(formula, visits(rows), family)
    assert uncovered(spec) is None
    density = density_of(spec)
    reference, first = PymcDensity(spec, density.layout), None
    for x in points(density.layout, (0.03, 0.3, 1.0, 2.0)):
        (logp, grad), (expected, slope) = density(x), reference(x)
        first = logp - expected if first is None else first
        assert abs(logp - expected - first) < 1e-9 * max(1.0, abs(expected))
        np.testing.assert_allclose(grad, slope, rtol=1e-8, atol=1e-8 * np.abs(slope).max())


@pytest.mark.parametrize(
    "term",
    ["arma(week, gr=patient, cov=True)", "corExp(week, gr=patient)", "unstr(week, gr=patient)"],
)
def test_a_posterior_has_the_residuals_that_numbers_stand_for(term: str) -> None:
    """They are those numbers once more where they are whitened."""
    spec = build_spec(f"n ~ x + {term}", visits(0.7), "poisson")
    layout, residuals = build_layout(spec), spec.predictors[Target("", "mu")].residuals
    x = np.random.default_rng(3).normal(size=(2, 3, layout.n_dim))
    drawn = {name: v.reshape(6, *v.shape[2:]) for name, v in posterior_of(layout, x).items()}
    unit = residuals.layout.side_by_side(drawn["err"] / drawn["sderr"][:, None], np)
    white, _ = residuals.correlation.whiten(residuals.given(drawn), unit, residuals.layout, np)
    z = x[..., layout["err"].numbers].reshape(6, -1)
    np.testing.assert_allclose(residuals.layout.in_rows(white), z, atol=1e-9)


@pytest.mark.parametrize(("response", "family"), [("y", "gaussian"), ("n", "poisson")])
def test_a_range_begins_at_half_the_usual_distance(response: str, family: str) -> None:
    data = visits().assign(week=lambda d: 1000.0 * d["week"])
    spec = build_spec(f"{response} ~ x + corExp(week, gr=patient)", data, family)
    start = build_start(spec, density_of(spec))
    centre = start.centre[build_layout(spec)["range"].start]
    assert centre == pytest.approx(np.log(0.5 * np.median([1000, 4000, 8000, 3000, 7000, 4000])))


def test_known_covariances_are_those_of_a_normal_vector() -> None:
    """Of rows in an order of their own."""
    data = visits(0.8).reset_index(drop=True)
    root = np.random.default_rng(2).normal(size=(len(data), len(data)))
    matrix = pd.DataFrame(root @ root.T + np.eye(len(data)), data.index, data.index)
    matrix = matrix.sample(frac=1.0, random_state=1)
    matrix = matrix[matrix.index]
    spec = build_spec("y ~ x + fcor(V)", data, data2={"V": matrix})
    density, cov = density_of(spec), matrix.loc[data.index, data.index].to_numpy()
    intercept, sigma = spec.by_name["b"].priors[0], spec.by_name["sigma"].prior
    differences = []
    for b, slope, log_sigma in ([0.2, 0.5, 0.1], [0.7, -0.7, -0.4]):
        mean = b + slope * (data["x"] - data["x"].mean())
        expected = multivariate_normal(mean, np.exp(2 * log_sigma) * cov).logpdf(data["y"])
        expected += float(intercept.logpdf(b) + sigma.logpdf(np.exp(log_sigma))) + log_sigma
        differences.append(density(np.array([b, slope, log_sigma]))[0] - expected)
    assert differences[0] == pytest.approx(differences[1], rel=1e-9)


def test_a_posterior_has_correlations() -> None:
    spec = build_spec("y ~ x + unstr(week, gr=patient)", visits(), "gaussian")
    from bayesmix.engine import compile_fused

    fused = compile_fused(spec)
    drawn = fused.posterior(np.random.default_rng(1).normal(size=(5, fused.n_dim)))["cortime"]
    assert drawn.shape == (5, 6)
    assert (np.linalg.eigvalsh(lkj.matrix(drawn)) > 0).all()


def test_a_fit_is_saved_with_its_correlations(tmp_path: Any) -> None:
    made = fit_of(bx.Model("y ~ x + unstr(week, gr=patient)", visits(0.8)))
    pairs = made.idata["posterior"]["cortime"]["cortime_pair"].to_numpy().tolist()
    assert pairs == ["1__2", "1__5", "2__5", "1__9", "2__9", "5__9"]
    again = bx.load(made.save(tmp_path / "fit.nc"))
    np.testing.assert_array_equal(again.log_lik(), made.log_lik())
    assert "cortime" in made.model.priors["class"].to_list()


def test_new_patients_at_known_visits() -> None:
    made = fit_of(bx.Model("y ~ x + unstr(week, gr=patient)", visits()))
    new = pd.DataFrame({"patient": ["new", "new"], "week": [9, 2], "x": [0.0, 1.0]})
    assert made.posterior_predict(new, random_seed=1).shape == (40, 2)
    with pytest.raises(bx.PredictionError, match="times of the fit, which hasn't those of row 0"):
        made.posterior_predict(new.assign(week=[3, 2]))


WRONG = [
    ("y ~ x + unstr(gr=patient)", visits(), FormulaError, "needs times, which have correlations"),
    ("y ~ x + unstr(week)", visits(), DataError, "needs times that differ"),
    ("y ~ x + unstr(day, gr=g)", pd.DataFrame({
        "y": np.arange(60.0), "x": np.arange(60.0) ** 2, "day": np.arange(60), "g": ["a"] * 60,
    }), DataError, "a correlation for each pair of the 60 times in 'day', 1770 of 60 rows"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "data", "error", "message"), WRONG)
def test_terms_that_cant_be(formula: str, data: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        bx.Model(formula, data)


@pytest.mark.slow
def test_correlations_are_found_again() -> None:
    """Of 400 patients: within five standard errors each, and intervals that are no wider."""
    rng = np.random.default_rng(3)
    root = np.linalg.cholesky(np.cov(rng.normal(size=(4, 12))))
    true = root / np.linalg.norm(root, axis=1, keepdims=True)
    x = rng.normal(size=(400, 4))
    y = 1 + 0.5 * x + 2 * rng.normal(size=(400, 4)) @ true.T
    data = pd.DataFrame(
        {"y": y.ravel(), "x": x.ravel(), "week": np.tile(range(4), 400),
         "patient": np.repeat(range(400), 4)}
    )  # fmt: skip
    made = bx.Model("y ~ x + unstr(week, gr=patient)", data).fit(random_seed=1, progressbar=False)
    found = made.idata["posterior"]["cortime"]
    expected = lkj.under_diagonal(true @ true.T)
    assert (
        np.abs(found.mean(("chain", "draw")) - expected) < 5 * found.std(("chain", "draw"))
    ).all()
    assert float(found.std(("chain", "draw")).max()) < 0.07
    fixef = made.fixef()["Estimate"]
    np.testing.assert_allclose([fixef["Intercept"], fixef["x"]], [1.0, 0.5], atol=0.25)


@pytest.mark.slow
def test_autoregression_with_slopes_is_found_again() -> None:
    """Of long series, where an intercept can be told from what lasts a while."""
    rng, n, times = np.random.default_rng(4), 100, 40
    e = np.zeros((n, times))
    e[:, 0] = rng.normal(size=n) / 0.8
    for t in range(1, times):
        e[:, t] = 0.6 * e[:, t - 1] + rng.normal(size=n)
    effects = rng.normal(size=(n, 2)) * [1.0, 0.5]
    time = np.linspace(0.0, 4.0, times)
    y = 2 + effects[:, :1] + (0.3 + effects[:, 1:]) * time + e
    data = pd.DataFrame({"y": y.ravel(), "t": np.tile(time, n), "g": np.repeat(range(n), times)})
    model = bx.Model("y ~ t + (1 + t | g) + ar(t, gr=g, cov=True)", data)
    made = model.fit(random_seed=1, progressbar=False)
    for name, true in {"ar": 0.6, "sigma": 1.0, "sd_g": [1.0, 0.5], "b": [2.0, 0.3]}.items():
        found = made.idata["posterior"][name]
        away = np.abs(np.ravel(found.mean(("chain", "draw"))) - true)
        assert (away < 5 * np.ravel(found.std(("chain", "draw")))).all(), name


@pytest.mark.slow
def test_a_latent_autoregression_is_found_again() -> None:
    rng, n, times = np.random.default_rng(2), 60, 20
    e = rng.normal(size=(n, times))
    e[:, 0] /= 0.8
    for t in range(1, times):
        e[:, t] += 0.6 * e[:, t - 1]
    x = rng.normal(size=n * times)
    counts = rng.poisson(np.exp(1.0 + 0.5 * x + 0.5 * e.ravel()))
    columns = {"n": counts, "x": x, "t": np.tile(np.arange(times), n)}
    data = pd.DataFrame(columns | {"g": np.repeat(np.arange(n), times)})
    made = bx.Model("n ~ x + ar(t, gr=g, cov=True)", data, "poisson").fit(
        random_seed=1, progressbar=False
    )
    posterior = made.idata["posterior"]
    assert posterior.attrs["sampler"] == "fused"
    for name, true in {"ar": 0.6, "sderr": 0.5, "b": [1.0, 0.5]}.items():
        found = posterior[name]
        away = np.abs(np.ravel(found.mean(("chain", "draw"))) - true)
        assert (away < 4 * np.ravel(found.std(("chain", "draw")))).all(), name
