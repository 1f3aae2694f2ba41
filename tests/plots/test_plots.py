"""Pictures: what is drawn is what the results say, for few and for many groups."""

from __future__ import annotations

import io
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest

import bayesmix as bx
from bayesmix.errors import PredictionError
from bayesmix.plots import KINDS
from bayesmix.plots.residuals import running

from ..support import frame, given_fit

matplotlib.use("agg")
DATA = frame()
FIT = given_fit("y ~ x * f + (1 + x | g) + (1 | k)", DATA)
COUNT = given_fit("count ~ x + (1 | g)", DATA, "poisson")
ONE = given_fit("y ~ x + (1 + x | g)", DATA)


def many(levels: int) -> Any:
    """A fit with that many levels."""
    rng = np.random.default_rng(1)
    n = 3 * levels
    data = pd.DataFrame({"x": rng.normal(size=n), "y": rng.normal(size=n)})
    return given_fit("y ~ x + (1 + x | g)", data.assign(g=np.repeat(np.arange(levels), 3)), draws=5)


MANY = many(500)


def drawn(figure: Any) -> Any:
    """The figure, after it has been drawn as a picture."""
    figure.savefig(io.BytesIO(), format="png", dpi=50)
    return figure


def has_line(axes: Any, x: Any, y: Any) -> bool:
    """Whether some line of the panel has these points."""
    lines = ((np.asarray(v.get_xdata()), np.asarray(v.get_ydata())) for v in axes.lines)
    return any(a.shape == np.shape(x) and np.allclose(a, x) and np.allclose(b, y) for a, b in lines)


def test_caterpillar() -> None:
    figure = drawn(ONE.plot.caterpillar())
    intercept, slope = figure.axes
    assert intercept.get_title(loc="left") == "Intercept"
    table = ONE.ranef()["g"].xs("x", level=1).sort_values("Estimate")
    assert has_line(slope, table["Estimate"], np.arange(6))
    assert [t.get_text() for t in slope.get_yticklabels()] == list(table.index)
    (bars,) = slope.collections
    low = [segment[0, 0] for segment in bars.get_segments()]
    np.testing.assert_allclose(low, table["Q2.5"])
    same = drawn(ONE.plot.caterpillar(coef=True, sort="x"))
    assert [t.get_text() for t in same.axes[0].get_yticklabels()] == list(table.index)


def test_caterpillar_of_many() -> None:
    figure = drawn(MANY.plot.caterpillar())
    assert figure.axes[0].get_ylabel() == "500 levels of g"
    assert not figure.axes[0].get_yticklabels()
    assert figure.get_figheight() < 8


@pytest.mark.parametrize(("fit", "names"), [(ONE, 6), (MANY, 0)])
def test_shrinkage(fit: Any, names: int) -> None:
    figure = drawn(fit.plot.shrinkage())
    (axes,) = figure.axes
    levels = fit.shrinkage("g").levels["partial_pooling"].unstack(sort=False)
    assert has_line(axes, levels["Intercept"], levels["x"])
    labels = [t.get_text() for t in axes.texts]
    assert len([t for t in labels if "of levels" not in t]) == names
    assert {"50% of levels", "95% of levels"} <= set(labels)


def test_the_ellipse_is_the_models() -> None:
    (axes,) = ONE.plot.shrinkage().axes
    result = ONE.shrinkage("g")
    model = result.covariance["model"]
    cov = np.array([[model.iloc[0], model.iloc[1]], [model.iloc[1], model.iloc[2]]])
    ellipse = np.stack(axes.lines[1].get_data(), axis=1) - result.population.to_numpy()
    distance = np.einsum("ij,jk,ik->i", ellipse, np.linalg.inv(cov), ellipse)
    np.testing.assert_allclose(distance, -2 * np.log(0.05))


def test_shrinkage_of_one_coefficient() -> None:
    figure = drawn(COUNT.plot.shrinkage())
    pooled = np.sort(COUNT.shrinkage("g").levels["partial_pooling"])
    assert has_line(figure.axes[0], pooled, np.arange(6))
    with pytest.raises(PredictionError, match="no coefficient 'z'"):
        ONE.plot.shrinkage(coefs=("x", "z"))


def test_varcorr() -> None:
    sds, cors = drawn(FIT.plot.varcorr()).axes
    labels = [t.get_text() for t in sds.get_yticklabels()]
    assert labels == ["residual", "k Intercept", "g x", "g Intercept"]
    assert [t.get_text() for t in cors.get_yticklabels()] == ["g: Intercept, x"]
    assert len(drawn(COUNT.plot.varcorr()).axes) == 1


@pytest.mark.parametrize("fit", [ONE, MANY])
def test_spaghetti(fit: Any) -> None:
    figure = drawn(fit.plot.spaghetti("x", random_seed=1, resolution=5))
    (axes,) = figure.axes
    grid = fit.datagrid(x=np.linspace(*fit.model.data["x"].quantile([0, 1]), 5))
    average = fit.fitted(grid, clusters="average")["Estimate"]
    assert has_line(axes, grid["x"], average)
    first = fit.model.spec.design.groups[0].levels[0]
    own = fit.fitted(grid.assign(g=first))["Estimate"]
    assert has_line(axes, grid["x"], own)
    texts = [t.get_text() for t in axes.get_legend().get_texts()]
    assert texts == [
        "new g, 95% intervals",
        f"each fitted g ({fit.model.spec.design.groups[0].size})",
        "average g",
    ]


def test_spaghetti_of_a_factor_with_other_groups() -> None:
    figure = drawn(FIT.plot.spaghetti("f", "g", conditions={"x": 2.0}))
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["c", "a", "b"]
    with pytest.raises(PredictionError, match="group must be one of 'g', 'k'"):
        FIT.plot.spaghetti("x")
    with pytest.raises(PredictionError, match="no column 'q'"):
        FIT.plot.spaghetti("q", "g")


def test_three_predictions() -> None:
    figure = drawn(ONE.plot.three_predictions("x", level="s", random_seed=1, resolution=4))
    titles = [a.get_title(loc="left").strip() for a in figure.axes]
    assert titles == ["Average g", "G s", "New g"]
    grid = ONE.datagrid(x=np.linspace(DATA["x"].min(), DATA["x"].max(), 4), g="s")
    assert has_line(figure.axes[1], grid["x"], ONE.fitted(grid)["Estimate"])
    own = DATA[DATA["g"] == "s"]
    assert has_line(figure.axes[1], own["x"], own["y"])
    bars = drawn(FIT.plot.three_predictions("f", "g"))
    assert [t.get_text() for t in bars.axes[0].get_xticklabels()] == ["c", "a", "b"]
    with pytest.raises(PredictionError, match="has no level 'z'"):
        ONE.plot.three_predictions("x", level="z")


def test_conditional_effects() -> None:
    figure = drawn(FIT.plot.conditional_effects("x", resolution=5))
    table = FIT.conditional_effects("x", resolution=5)["x"].table
    (axes,) = figure.axes
    assert has_line(axes, table["x"], table["Estimate"])
    assert has_line(axes, DATA["x"], DATA["y"])
    both = drawn(FIT.plot.conditional_effects("x:f"))
    assert [t.get_text() for t in both.axes[0].get_legend().get_texts()] == ["c", "a", "b"]
    factor = drawn(FIT.plot.conditional_effects("f", points=False))
    assert [t.get_text() for t in factor.axes[0].get_xticklabels()] == ["c", "a", "b"]
    panels = drawn(FIT.plot.conditional_effects("x", conditions={"f": ["a", "b"]}))
    assert len(panels.axes) == 2


def test_units_stand_at_the_axes() -> None:
    sleep = bx.load_dataset("sleepstudy")
    fit = given_fit("Reaction ~ Days + (1 | Subject)", sleep, draws=5)
    axes = drawn(fit.plot.conditional_effects("Days")).axes[0]
    assert axes.get_ylabel() == "Reaction (ms)"


def test_estimates() -> None:
    made = FIT.comparisons("f", "mean", clusters="average")
    (axes,) = drawn(FIT.plot.estimates(made)).axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["b - c", "a - c"]
    assert has_line(axes, made.table["Estimate"].iloc[::-1], [0, 1])
    six = drawn(ONE.plot.estimates(ONE.cluster_comparisons("x")))
    assert six.axes[0].get_yticklabels()[-1].get_text() == "the average cluster"


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("rootogram", "loo_pit")])
def test_checks(kind: str) -> None:
    assert drawn(ONE.pp_check(kind, random_seed=1)).axes


def test_rows_left_out() -> None:
    """Draws near the truth, without which importance sampling fails."""
    rng = np.random.default_rng(1)
    given = {"b": rng.normal([2.0, 0.0], 0.1, (2, 200, 2)), "sigma": np.full((2, 200), 3.0)}
    fit = given_fit("y ~ x", DATA, chains=2, draws=200, **given)
    assert drawn(fit.pp_check("loo_pit", random_seed=1)).axes


@pytest.mark.parametrize("kind", ["rootogram", "bars", "dens_overlay", "ecdf_overlay", "stat"])
def test_checks_of_counts(kind: str) -> None:
    assert drawn(COUNT.pp_check(kind, random_seed=1)).axes


def test_bars_are_counts() -> None:
    (axes,) = drawn(COUNT.pp_check("bars", random_seed=1)).axes
    heights = {round(p.get_x() + 0.4): p.get_height() for p in axes.patches}
    for value, number in DATA["count"].value_counts().items():
        assert heights[value] == number


def test_errors_are_observed_less_expected() -> None:
    (axes,) = drawn(ONE.pp_check("error_scatter")).axes
    expected = ONE.posterior_epred().to_numpy().mean(axis=0)
    assert has_line(axes, expected, DATA["y"] - expected)


@pytest.mark.parametrize("kind", ["stat", "dens_overlay", "bars", "error_scatter"])
def test_checks_by_group(kind: str) -> None:
    figure = drawn(COUNT.pp_check(kind, group="g", random_seed=1))
    titles = {a.get_title() or a.get_title(loc="left") for a in figure.axes}
    assert any("g = r" in t for t in titles)


def test_checks_of_the_prior() -> None:
    priors = [bx.prior("normal(0, 1)", "b")]
    fit = given_fit("y ~ x + (1 | g)", DATA, prior=priors)
    with pytest.raises(PredictionError, match="draws from the prior"):
        fit.pp_check(prior=True)
    with pytest.raises(PredictionError, match="draws from the prior"):
        fit.plot.prior_posterior()
    fit.sample_prior(random_seed=1)
    assert drawn(fit.pp_check(prior=True)).axes
    assert len(drawn(fit.plot.prior_posterior(["b", "sigma"])).axes) >= 3
    with pytest.raises(PredictionError, match="no variable 'c'"):
        fit.plot.prior_posterior(["c"])


WRONG = [
    (lambda: ONE.pp_check("density"), "kind must be one of 'dens_overlay'"),
    (lambda: ONE.pp_check(group="q"), "There is no group 'q'"),
    (lambda: ONE.pp_check("rootogram"), "A rootogram is for counts"),
    (lambda: ONE.plot.caterpillar("h"), "group must be one of 'g'"),
    (lambda: given_fit("y ~ x", DATA).plot.caterpillar(), "the model has none"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_mistakes(call: Any, message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        call()


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_arviz_draws_what_it_draws() -> None:
    """With the groups that it looks for, its pictures need nothing else."""
    import arviz_plots as az
    from matplotlib import pyplot

    rng = np.random.default_rng(1)
    given = {"b": rng.normal([2.0, 0.0], 0.1, (2, 200, 2))}
    given["sigma"] = rng.normal(3.0, 0.1, (2, 200))
    priors = [bx.prior("normal(0, 1)", "b")]
    fit = given_fit("y ~ x + (1 | g)", DATA, prior=priors, chains=2, draws=200, **given)
    fit.add_log_lik()
    fit.add_posterior_predictive(random_seed=1)
    fit.sample_prior(random_seed=1)
    for name in (
        "plot_trace",
        "plot_dist",
        "plot_forest",
        "plot_rank",
        "plot_ess",
        "plot_mcse",
        "plot_autocorr",
        "plot_ppc_dist",
        "plot_ppc_pit",
        "plot_ppc_interval",
        "plot_ppc_tstat",
        "plot_loo_pit",
        "plot_prior_posterior",
    ):
        getattr(az, name)(fit.idata, backend="matplotlib")
        pyplot.close("all")
    az.plot_khat(fit.loo(), backend="matplotlib")
    pyplot.close("all")


def test_notebooks_show_them() -> None:
    assert ONE.plot.varcorr()._repr_png_().startswith(b"\x89PNG")


def test_residuals() -> None:
    (axes,) = drawn(ONE.plot.residuals()).axes
    table, fitted = ONE.residuals()["Estimate"], ONE.fitted()["Estimate"]
    assert has_line(axes, fitted, table)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("expected response", "standardised residual")
    at, mean, spread = running(fitted.to_numpy(), table.to_numpy())
    assert has_line(axes, at, mean) and has_line(axes, at, mean + spread)
    order = np.argsort(fitted.to_numpy(), kind="stable")[:10]
    np.testing.assert_allclose(mean[0], table.iloc[order].mean())
    np.testing.assert_allclose(spread[0], table.iloc[order].std())
    plain = drawn(ONE.plot.residuals("x", type="ordinary", re_formula=bx.NA)).axes[0]
    assert has_line(plain, DATA["x"], ONE.residuals(type="ordinary", re_formula=bx.NA)["Estimate"])
    assert plain.get_ylabel() == "residual"


@pytest.mark.parametrize(
    ("fit", "label"), [(ONE, "g"), (MANY, "500 levels of g, by their medians")]
)
def test_residuals_by_group(fit: Any, label: str) -> None:
    (axes,) = drawn(fit.plot.residuals("g")).axes
    medians = fit.residuals()["Estimate"].groupby(fit.model.data["g"]).median()
    shown = [line.get_ydata()[0] for line in axes.lines if len(set(line.get_ydata())) == 1]
    assert set(np.round(medians, 9)) <= set(np.round(shown, 9))
    assert axes.get_xlabel() == label
    assert len(axes.get_xticklabels()) == (6 if label == "g" else 0)


def test_autocorrelation_and_semivariogram() -> None:
    table = ONE.autocorrelation(group="g")
    (axes,) = drawn(ONE.plot.autocorrelation(group="g")).axes
    assert has_line(axes, table.index, table["autocorrelation"])
    table = ONE.semivariogram("x", "g", type="ordinary")
    (axes,) = drawn(ONE.plot.semivariogram("x", "g", type="ordinary")).axes
    assert has_line(axes, table["distance"], table["semivariance"])
    points = axes.collections[0].get_offsets()
    np.testing.assert_allclose(points, table[["distance", "semivariance"]])
    assert "independent residuals" not in [t.get_text() for t in axes.texts]
    standardised = drawn(ONE.plot.semivariogram(["x"], "g")).axes[0]
    assert "independent residuals" in [t.get_text() for t in standardised.texts]
