"""Predictions, comparisons, slopes and conditional effects, against what they are by definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayesmix.effects import Estimates
from bayesmix.errors import PredictionError
from bayesmix.formula import bf
from bayesmix.predict import NA

from ..support import draws_of, frame, given_fit

DATA = frame()
FIT = given_fit("y ~ x * f + z + (1 + x | g)", DATA)
B = draws_of(FIT)["b"]
NAMES = ["Intercept", "x", "f[a]", "f[b]", "z", "x:f[a]", "x:f[b]"]
COEF = {name: B[:, i] for i, name in enumerate(FIT.fixef().index)}
LOGIT = given_fit("yes ~ x + f + (1 | g)", DATA, "bernoulli")
TRIALS = given_fit("hits | trials(tries) ~ x + (1 | g)", DATA, "binomial")
GRADES = given_fit("grade ~ x + (1 | g)", DATA, "cumulative")


def same(made: Estimates, expected: Any, **tolerance: float) -> None:
    np.testing.assert_allclose(made.values, expected, **tolerance)
    np.testing.assert_allclose(made.table["Estimate"], np.mean(expected, axis=0), **tolerance)
    np.testing.assert_array_equal(made.draws, made.values)


def test_predictions_of_the_rows() -> None:
    same(FIT.predictions(), FIT.posterior_epred().to_numpy())
    assert FIT.predictions().table[["x", "f"]].equals(FIT.model.data[["x", "f"]])


def test_predictions_averaged_over_sets_of_rows() -> None:
    each = FIT.posterior_epred().to_numpy()
    same(FIT.avg_predictions(), each.mean(axis=1, keepdims=True), rtol=1e-12)
    by_f = np.stack([each[:, DATA["f"] == f].mean(axis=1) for f in "cab"], axis=1)
    same(FIT.predictions(by="f"), by_f, rtol=1e-12)
    both = FIT.predictions(by=["f", "h"] if "h" in FIT.model.data else ["f", "g"])
    first = both.table.iloc[0]
    rows = (DATA["f"] == first["f"]) & (DATA["g"] == first["g"])
    np.testing.assert_allclose(both.values[:, 0], each[:, rows].mean(axis=1))


def test_predictions_with_other_values() -> None:
    made = FIT.avg_predictions(variables={"f": ["a", "b"], "x": [1, 2]}, by=["f", "x"])
    first = FIT.posterior_epred(DATA.assign(f="a", x=2.0)).to_numpy().mean(axis=1)
    at = made.table.query("f == 'a' and x == 2").index[0]
    np.testing.assert_allclose(made.values[:, at], first)
    five = FIT.predictions("mean", variables="x", re_formula=NA)
    np.testing.assert_allclose(five.rows["x"], np.quantile(DATA["x"], [0, 0.25, 0.5, 0.75, 1]))
    assert len(FIT.predictions("mean", variables=["f"], clusters="average")) == 3


def test_grids() -> None:
    row = FIT.predictions("mean", clusters="average").rows.iloc[0]
    assert (row["x"], row["z"]) == (DATA["x"].mean(), DATA["z"].mean())
    assert row["f"] == DATA["f"].mode()[0]
    assert FIT.predictions("median", clusters="average").rows["x"].item() == DATA["x"].median()
    assert FIT.datagrid("balanced")["f"].tolist() == ["c", "a", "b"]
    assert FIT.datagrid("reference")["f"].tolist() == ["c"]
    crossed = FIT.datagrid(f=["a", "b"], x=[1, 2, 3], g="q")
    assert crossed["x"].tolist() == [1, 2, 3, 1, 2, 3]
    assert set(crossed["g"]) == {"q"}
    assert TRIALS.datagrid(x=1)["tries"].tolist() == [1]
    assert FIT.datagrid(x=5)["x"].dtype == float


def test_clusters_without_names_are_rows() -> None:
    made = FIT.predictions(FIT.datagrid(x=[1, 2]), clusters="fitted")
    assert made.rows["g"].tolist() == list("pqrstu") * 2
    own = FIT.posterior_epred(FIT.datagrid(x=2, g="s"))
    np.testing.assert_allclose(made.values[:, 6 + 3], own[:, 0])
    assert made.about["clusters"] == "g: fitted"
    assert "held" in made.draws.attrs


def test_categories_are_rows() -> None:
    made = GRADES.predictions(GRADES.datagrid(x=[1, 2]), clusters="population")
    assert made.rows["category"].tolist() == [1, 2, 3, 4] * 2
    np.testing.assert_allclose(made.values[:, :4].sum(axis=1), 1)


def test_differences_of_a_linear_model() -> None:
    made = FIT.comparisons({"z": 2}, "mean", clusters="average")
    same(made, 2 * COEF["z"][:, None], rtol=1e-9)
    assert made.table["contrast"].tolist() == ["+2"]
    at_a = FIT.comparisons("x", FIT.datagrid(f="a"), clusters="average")
    same(at_a, (COEF["x"] + COEF["x:f[a]"])[:, None], rtol=1e-9)


def test_comparisons_of_levels() -> None:
    grid = FIT.datagrid(x=2.0)
    a, b = (COEF[f"f[{f}]"] + 2 * COEF[f"x:f[{f}]"] for f in "ab")
    how = {"newdata": grid, "clusters": "average"}
    same(FIT.comparisons("f", **how), np.column_stack([a, b]), rtol=1e-9)
    same(FIT.comparisons({"f": "sequential"}, **how), np.column_stack([a, b - a]), rtol=1e-9)
    pairs = FIT.comparisons({"f": "pairwise"}, **how)
    same(pairs, np.column_stack([a, b, b - a]), rtol=1e-9)
    assert pairs.table["contrast"].tolist() == ["a - c", "b - c", "b - a"]
    same(FIT.comparisons({"f": ["a", "b"]}, **how), (b - a)[:, None], rtol=1e-9)


BETWEEN = {
    "minmax": lambda x: (x.min(), x.max()),
    "iqr": lambda x: tuple(np.quantile(x, [0.25, 0.75])),
    "sd": lambda x: (x.mean() - x.std() / 2, x.mean() + x.std() / 2),
    "2sd": lambda x: (x.mean() - x.std(), x.mean() + x.std()),
}


@pytest.mark.parametrize("how", [*BETWEEN, (1, 4)])
def test_fixed_values_of_a_number(how: Any) -> None:
    low, high = how if isinstance(how, tuple) else BETWEEN[how](DATA["z"])
    made = FIT.comparisons({"z": how}, "mean", clusters="average")
    same(made, COEF["z"][:, None] * (high - low), rtol=1e-9)


def test_ways_to_compare() -> None:
    grid = LOGIT.datagrid(x=[1.0, 3.0])
    low = LOGIT.posterior_epred(grid, re_formula=NA).to_numpy()
    high = LOGIT.posterior_epred(grid.assign(x=[2.0, 4.0]), re_formula=NA).to_numpy()
    ways = {
        "difference": high - low,
        "ratio": high / low,
        "lnratio": np.log(high / low),
        "lift": (high - low) / low,
        "lnor": np.tile(draws_of(LOGIT)["b"][:, 1:2], 2),
    }
    for name, expected in ways.items():
        made = LOGIT.comparisons("x", grid, name, re_formula=NA)
        same(made, expected, rtol=1e-9)
    own = LOGIT.comparisons("x", grid, lambda after, before: after * before, re_formula=NA)
    same(own, high * low, rtol=1e-12)
    average = LOGIT.avg_comparisons("x", grid, "ratio", re_formula=NA)
    same(average, (high.mean(axis=1) / low.mean(axis=1))[:, None], rtol=1e-12)


def test_slopes() -> None:
    grid = LOGIT.datagrid(x=[DATA["x"].min(), 3.0, 9.0])
    p = LOGIT.posterior_epred(grid, re_formula=NA).to_numpy()
    expected = draws_of(LOGIT)["b"][:, 1:2] * p * (1 - p)
    same(LOGIT.slopes("x", grid, clusters="average"), expected, rtol=1e-4)
    inside = LOGIT.slopes("x", LOGIT.datagrid(x=3.0), clusters="average")
    same(inside, expected[:, 1:2], rtol=1e-8)
    assert LOGIT.slopes(newdata="mean", clusters="average").table["contrast"].tolist() == [
        "dY/dX",
        "a - c",
        "b - c",
    ]
    linear = LOGIT.slopes("x", grid, scale="linear", clusters="average")
    same(linear, np.tile(draws_of(LOGIT)["b"][:, 1:2], 3), rtol=1e-8)


def test_new_clusters_are_the_same_on_both_sides() -> None:
    made = FIT.comparisons({"z": 1}, "mean", clusters="new")
    same(made, COEF["z"][:, None], rtol=1e-9)


def test_contrasts() -> None:
    made = FIT.predictions(FIT.datagrid("balanced"), clusters="average")
    v = made.values
    same(made.hypothesis("b1 - b0"), v[:, 1:2] - v[:, :1])
    same(made.hypothesis("b1 = 2 * b0"), v[:, 1:2] - 2 * v[:, :1])
    pairs = FIT.predictions(FIT.datagrid("balanced"), clusters="average", hypothesis="pairwise")
    same(pairs, np.column_stack([v[:, 1] - v[:, 0], v[:, 2] - v[:, 0], v[:, 2] - v[:, 1]]))
    assert pairs.table["hypothesis"].tolist() == ["b1 - b0", "b2 - b0", "b2 - b1"]
    steps = made.hypothesis("sequential")
    same(steps, np.diff(v, axis=1))
    same(made.hypothesis("reference"), v[:, 1:] - v[:, :1])
    same(made.hypothesis(["b0", "exp(b1)"]), np.column_stack([v[:, 0], np.exp(v[:, 1])]))


def test_cluster_comparisons() -> None:
    made = FIT.cluster_comparisons("x", FIT.datagrid("reference"), level="q", random_seed=1)
    average = COEF["x"]
    effects = draws_of(FIT)["r_g"][:, :, 1]
    np.testing.assert_allclose(made.values[:, 0], average)
    np.testing.assert_allclose(made.values[:, 1], average + effects[:, 1])
    np.testing.assert_allclose(made.values[:, 2], average + effects.mean(axis=1))
    np.testing.assert_allclose(made.values[:, 5], average)
    alone = FIT.avg_comparisons(
        "x", FIT.datagrid("reference"), clusters="new", n_clusters=6, random_seed=1
    )
    np.testing.assert_allclose(made.values[:, 4], alone.values[:, 0])
    table = made.table
    np.testing.assert_allclose(table["Width"], table["Q97.5"] - table["Q2.5"])
    assert table["clusters"].tolist()[4] == '"new", n_clusters=6'


def test_cluster_comparisons_of_several_groups() -> None:
    fit = given_fit("count ~ x + (1 | g) + (1 | k)", DATA, "poisson")
    made = fit.cluster_comparisons("x", level={"g": "p", "k": 7})
    assert len(made) == 6
    with pytest.raises(PredictionError, match="level must say which of 'g', 'k'"):
        fit.cluster_comparisons("x", level="p")
    with pytest.raises(PredictionError, match="has no groups"):
        given_fit("y ~ x", DATA).cluster_comparisons("x")


def test_conditional_effects() -> None:
    fit = given_fit(bf("y ~ x * f + (1 | g)", sigma="z"), DATA)
    made = fit.conditional_effects(resolution=5)
    assert list(made) == ["x", "f", "z", "x:f"]
    x = made["x"].rows["x"].to_numpy()
    np.testing.assert_allclose(x, np.linspace(DATA["x"].min(), DATA["x"].max(), 5))
    reference = pd.DataFrame({"x": x, "f": "c", "z": DATA["z"].mean()})
    expected = fit.posterior_epred(reference, re_formula=NA)
    np.testing.assert_allclose(made["x"].values, expected)
    np.testing.assert_allclose(made["x"].table["Estimate"], np.median(expected, axis=0))
    assert made["f"].rows["f"].tolist() == ["c", "a", "b"]
    assert len(made["x:f"]) == 15
    assert "f = c" in made["x"].about["conditions"]


def test_interactions_of_numbers() -> None:
    fit = given_fit("y ~ x * z", DATA)
    mean, sd = DATA["z"].mean(), DATA["z"].std()
    made = fit.conditional_effects("x:z", resolution=2)["x:z"]
    np.testing.assert_allclose(made.rows["z"].unique(), [mean - sd, mean, mean + sd])
    given = fit.conditional_effects("x:z", int_conditions={"z": [1, 2]}, resolution=2)["x:z"]
    assert given.rows["z"].unique().tolist() == [1, 2]


def test_conditions() -> None:
    settings = pd.DataFrame({"z": [1.0, 2.0]}, index=["low", "high"])
    made = FIT.conditional_effects("x", settings, resolution=3)["x"]
    assert made.rows["condition"].tolist() == ["low"] * 3 + ["high"] * 3
    difference = made.values[:, 3:] - made.values[:, :3]
    np.testing.assert_allclose(difference, np.tile(COEF["z"][:, None], 3))
    crossed = FIT.conditional_effects("x", {"z": [1, 2], "f": ["a", "b"]}, resolution=2)["x"]
    assert len(crossed) == 8


def test_numbers_that_stand_as_factors() -> None:
    fit = given_fit("y ~ factor(k) + x", DATA)
    assert fit.conditional_effects("k")["k"].rows["k"].tolist() == [4, 7, 30]
    assert len(fit.comparisons("k", "mean")) == 2


def test_quantiles_and_robustness_are_the_callers() -> None:
    made = FIT.predictions("mean", clusters="average", probs=[0.1], robust=True)
    assert list(made.table)[-3:] == ["Estimate", "Est.Error", "Q10"]
    assert made.table["Estimate"].item() == pytest.approx(np.median(made.values))
    assert "<table" in made._repr_html_()


WRONG = [
    (lambda: FIT.predictions("men"), "Did you mean 'mean'"),
    (lambda: FIT.predictions(by="q"), "by: the rows have no column 'q'"),
    (lambda: FIT.predictions(variables={"q": [1]}), "have no column 'q'"),
    (lambda: FIT.predictions(variables={"f": ["d"]}), "'f' has no level 'd'; it has 'c', 'a', 'b'"),
    (lambda: FIT.predictions(cluster="new"), "Did you mean 'clusters'"),
    (lambda: FIT.predictions(scale="log"), "scale must be"),
    (lambda: FIT.predictions("mean"), "Say which clusters with clusters="),
    (lambda: FIT.predictions(hypothesis="b99"), "There is no quantity 'b99'"),
    (lambda: FIT.predictions(hypothesis="b0 = b1 = b2"), "more than one '='"),
    (lambda: FIT.predictions(hypothesis=[3]), "A hypothesis is text"),
    (lambda: FIT.datagrid("typical"), "A grid can be"),
    (lambda: FIT.datagrid(q=1), "reads no column 'q'"),
    (lambda: FIT.datagrid(x="one"), "'x' is numeric, and 'one' is no number"),
    (lambda: FIT.datagrid(x=np.nan), "is no number"),
    (lambda: FIT.comparisons("g"), "have no column 'g'"),
    (lambda: FIT.comparisons({"x": "all"}), "'x' can be compared by a step, two values"),
    (lambda: FIT.comparisons({"x": [1, 2, 3]}), "'x' can be compared by"),
    (lambda: FIT.comparisons({"f": "all"}), "'f' can be compared by 'reference'"),
    (lambda: FIT.comparisons({"f": ["a", "z"]}), "has no level 'z'"),
    (lambda: FIT.comparisons("x", comparison="diference"), "Did you mean 'difference'"),
    (lambda: FIT.comparisons("x", comparison="lnor"), "compares probabilities"),
    (lambda: FIT.comparisons("x", comparison=lambda a, b: a.sum()), "must keep their shape"),
    (lambda: FIT.comparisons("x", DATA.drop(columns="x")), "newdata has no column 'x'"),
    (lambda: given_fit("y ~ 1", DATA).comparisons(), "read no column"),
    (lambda: given_fit("y ~ 1", DATA).conditional_effects(), "read no column"),
    (lambda: FIT.conditional_effects("g"), "have no column 'g'"),
    (lambda: FIT.conditional_effects("x:f:z"), "has 3"),
    (lambda: FIT.conditional_effects("x", {"f": ["d"]}), "has no level 'd'"),
    (lambda: FIT.conditional_effects("x", pd.DataFrame({"z": ["u"]})), "is numeric"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_mistakes(call: Any, message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        call()
