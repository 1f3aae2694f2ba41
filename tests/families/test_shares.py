"""Families with a predictor for each category: densities, draws, predictions, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.errors import DataError, FamilyError, FormulaError, PredictionError, PriorError

from ..engine.models import RESPONSES, density_of, points, spec_of
from ..engine.pymc_density import PymcDensity
from ..support import fit_of, frame

NAMES = ("categorical", "multinomial", "dirichlet_multinomial", "dirichlet")
each = pytest.mark.parametrize("name", NAMES)


def fit(name: str, terms: str = "x + (1 | g)", **options: Any) -> bx.Fit:
    return fit_of(bx.Model(f"{RESPONSES[name]} ~ {terms}", frame(), name), **options)


def shares_of(made: bx.Fit) -> np.ndarray:
    """The softmax of the predictors, the first being 0."""
    etas = made.posterior_linpred().to_numpy()
    etas = np.concatenate([np.zeros((*etas.shape[:2], 1)), etas], axis=-1)
    return np.exp(etas) / np.exp(etas).sum(axis=-1, keepdims=True)


def law_of(name: str, p: np.ndarray, phi: float) -> Any:
    """What scipy calls it, for one row."""
    parts = {"dirichlet_multinomial": stats.dirichlet_multinomial, "multinomial": stats.multinomial}
    if name == "dirichlet":
        return lambda y, n: stats.dirichlet(p * phi).logpdf(y / y.sum())
    if name == "dirichlet_multinomial":
        return lambda y, n: parts[name](p * phi, n).logpmf(y)
    return lambda y, n: parts[name](n, p).logpmf(y)


@pytest.mark.parametrize("name", NAMES[1:])
def test_log_lik_is_that_of_scipy(name: str) -> None:
    made, data = fit(name), frame()
    p, found = shares_of(made), made.log_lik().to_numpy()
    phi = made.posterior_epred(dpar="phi").to_numpy() if "dirichlet" in name else np.ones((40, 60))
    columns = [c for c in data if c.startswith("share_" if name == "dirichlet" else "part_")]
    y = data[[c for c in columns if c[-1] in "123" and c != "share_01"]].to_numpy()
    for s, row in ((0, 0), (7, 31), (20, 59)):
        law = law_of(name, p[s, row], phi[s, row])
        assert_allclose(found[s, row], law(y[row], int(data["parts"][row])), rtol=1e-8)


def test_categories_have_the_probability_of_the_softmax() -> None:
    made = fit("categorical")
    codes = frame()["f"].cat.codes.to_numpy()
    p = shares_of(made)
    expected = np.log(np.take_along_axis(p, np.tile(codes[None, :, None], (40, 1, 1)), -1)[..., 0])
    assert_allclose(made.log_lik(), expected, rtol=1e-10)
    assert_allclose(made.posterior_epred(), p, rtol=1e-12)
    assert list(made.posterior_epred()["category"].to_numpy()) == list("cab")
    assert list(made.posterior_linpred()["category"].to_numpy()) == list("ab")


def test_far_tails_keep_their_digits() -> None:
    family = fit("categorical").model.family
    p = {"mua": np.array([-800.0, 800.0, 800.0]), "mub": np.array([0.0, 0.0, 799.0])}
    logp = family.logp(np.array([2.0, 1.0, 3.0]), p, {})
    assert_allclose(logp, [-800.0 - np.log(2), -800.0, -1 - np.log1p(np.exp(-1))], rtol=1e-12)


@each
def test_the_engine_agrees_with_pymc(name: str) -> None:
    spec = spec_of(bx.bf(f"{RESPONSES[name]} ~ x + (1 | i | g)"), name)
    engine = density_of(spec)
    pymc = PymcDensity(spec, engine.layout)
    first = None
    for x in points(engine.layout, (0.2, 0.5, 1.0)):
        (logp, grad), (expected, slope) = engine(x), pymc(x)
        first = logp - expected if first is None else first
        assert_allclose(logp - expected, first, atol=1e-8 * max(1.0, abs(expected)))
        assert_allclose(grad, slope, rtol=1e-7, atol=1e-8 * np.abs(slope).max())


@each
def test_an_intercept_alone(name: str) -> None:
    spec = spec_of(f"{RESPONSES[name]} ~ 1", name)
    density, x = density_of(spec), np.linspace(0.1, 0.4, density_of(spec).layout.n_dim)
    for k, slope in enumerate(density(x)[1]):
        step = 1e-6 * np.eye(x.size)[k]
        assert_allclose((density(x + step)[0] - density(x - step)[0]) / 2e-6, slope, rtol=1e-5)


@each
def test_draws_have_the_mean_and_the_shape(name: str) -> None:
    """Means over 8,000 draws of each row within five standard errors: one in 10^4 by chance."""
    made = fit(name, "x", draws=4000, **_steady(name))
    drawn = made.posterior_predict(random_seed=1)
    mean = made.posterior_epred().to_numpy()[0]
    if name == "categorical":
        assert drawn.dims == ("sample", "obs")
        found = np.stack([(drawn.to_numpy() == k).mean(axis=0) for k in (1, 2, 3)], axis=-1)
        error = np.sqrt(mean * (1 - mean) / 8000)
    else:
        assert drawn.dims == ("sample", "obs", "category")
        found, error = drawn.mean("sample").to_numpy(), drawn.std("sample").to_numpy() / 8000**0.5
        total = frame()["parts"] if "multinomial" in name else np.ones(60)
        assert_allclose(drawn.sum("category").to_numpy()[:3], np.tile(total, (3, 1)))
    assert (np.abs(found - mean) < 5 * error + 1e-9).all()


def _steady(name: str) -> dict[str, np.ndarray]:
    """The same parameters in all draws."""
    dpars = fit(name, "x").model.family.dpar_names
    b = {f"b_{d}": np.full((2, 4000, 2), 0.3) for d in dpars if d != "phi"}
    return b | ({"phi": np.full((2, 4000), 6.0)} if "phi" in dpars else {})


@each
def test_predictions_for_newdata_and_populations(name: str) -> None:
    made = fit(name)
    assert_allclose(made.log_lik(frame().head(7)), made.log_lik()[:, :7])
    assert_allclose(made.posterior_epred(frame().head(7)), made.posterior_epred()[:, :7])
    grid = made.datagrid(x=[0.0, 1.0])
    many = made.posterior_epred(grid, clusters="new", n_clusters=3000, random_seed=1)
    exact = made.posterior_epred(grid, clusters="population")
    scale = frame()["parts"].mean() if "multinomial" in name else 1.0
    assert np.abs(many - exact).max() < 0.04 * scale


def test_a_category_may_have_a_formula_of_its_own() -> None:
    model = bx.Model(bx.bf("f ~ x + (1 | i | g)", mub="1 + (1 | i | g)"), frame(), "categorical")
    assert set(model.spec.by_name) == {"b_mua", "b_mub", "sd_g", "cor_g", "r_g"}
    assert model.spec.by_name["b_mub"].shape == (1,)
    with pytest.raises(FamilyError, match="no parameter 'mux'; it has 'mua', 'mub'"):
        bx.Model(bx.bf("f ~ x", mux="1"), frame(), "categorical")


def test_a_prior_without_a_dpar_is_for_all_categories() -> None:
    priors = [bx.prior("normal(0, 1)", "b"), bx.prior("normal(0, 3)", "b", dpar="mub")]
    spec = bx.Model("f ~ x", frame(), "categorical", priors).spec
    found = [str(spec.by_name[n].priors[1].distribution) for n in ("b_mua", "b_mub")]
    assert found == ["normal(0, 1)", "normal(0, 3)"]
    with pytest.raises(PriorError, match="matches no parameter"):
        bx.Model("f ~ x", frame(), "categorical", bx.prior("normal(0, 1)", "b", coef="x"))


@each
def test_a_saved_fit_is_the_same(name: str, tmp_path: Any) -> None:
    made = fit(name)
    assert_allclose(bx.load(made.save(tmp_path / "fit.nc")).log_lik(), made.log_lik())


@pytest.mark.parametrize(
    ("formula", "family", "error", "message"),
    [
        ("grade ~ x", "categorical", FamilyError, "needs a response in categories"),
        ("cbind(y, z) ~ x", "gaussian", FormulaError, "needs a single response, not cbind"),
        ("count ~ x", "multinomial", FormulaError, "needs a column for each category"),
        ("cbind(part_1, part_2) ~ x", "multinomial", FormulaError, r"needs trials\(\)"),
        (
            "cbind(part_1, part_2) | trials(parts) ~ x",
            "multinomial",
            DataError,
            r"must add up to their trials\(\)\. Row 0",
        ),
        ("cbind(y, part_2) | trials(parts) ~ x", "multinomial", DataError, "whole numbers"),
        ("cbind(share_0, share_1) ~ x", "dirichlet", DataError, "must be shares above 0. Row 0"),
        ("cbind(share_1, share_2) ~ x", "dirichlet", DataError, "add up to 1 in a row. Row 0"),
    ],
)
def test_responses_that_cannot_be(formula: str, family: str, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        bx.Model(formula, frame(), family)


def test_questions_that_have_no_answer() -> None:
    made = fit("categorical")
    with pytest.raises(PredictionError, match="several main predictors"):
        made.shrinkage("g")
    with pytest.raises(PredictionError, match="isn't known on the latent scale"):
        made.icc()
