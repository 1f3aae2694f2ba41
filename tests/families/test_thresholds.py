"""Thresholds of all kinds, hurdles before them, and category-specific terms."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import special, stats

from bayesmix import load
from bayesmix.build import build_spec, on_rows
from bayesmix.errors import DataError, FamilyError, FormulaError, PredictionError, PriorError
from bayesmix.families import family
from bayesmix.formula import bf
from bayesmix.model import Model
from bayesmix.priors import prior

from ..support import draws_of, frame, given_fit

KINDS = ("flexible", "equidistant", "sum_to_zero")


def ready(name, kind, y=(1.0, 2.0, 3.0, 4.0)):
    return family(name, threshold=kind).for_response(np.array(y), None, {})


def values(kind):
    """Parameters, and the thresholds that they make."""
    raw = np.array([-0.9, 0.2, 1.6])
    if kind == "equidistant":
        return {"thresholds": raw[:1], "delta": np.array(0.8)}, -0.9 + 0.8 * np.arange(3)
    return {"thresholds": raw}, raw if kind == "flexible" else raw - raw.mean()


@pytest.mark.parametrize("kind", KINDS)
def test_cumulative_is_a_difference_of_logistic_distribution_functions(kind):
    given, thresholds = values(kind)
    p = {"mu": np.array([0.3]), "disc": np.array([1.4]), **given}
    edges = special.expit(1.4 * (thresholds - 0.3))
    expected = np.diff([0.0, *edges, 1.0])
    made = ready("cumulative", kind)
    found = [np.exp(made.logp(np.array([k]), p, {}))[0] for k in (1.0, 2.0, 3.0, 4.0)]
    assert_allclose(found, expected, rtol=1e-12)
    assert_allclose(made.mean(p, {})[0], expected, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_sratio_stops_at_thresholds(kind):
    given, thresholds = values(kind)
    p = {"mu": np.array([0.3]), "disc": np.array([1.0]), **given}
    stop = special.expit(thresholds - 0.3)
    going = np.cumprod(1.0 - stop)
    expected = [*(np.array([1.0, *going[:-1]]) * stop), going[-1]]
    assert_allclose(ready("sratio", kind).mean(p, {})[0], expected, rtol=1e-12)


def test_a_hurdle_before_ordered_categories():
    given, thresholds = values("flexible")
    p = {"mu": np.array([0.3]), "disc": np.array([1.0]), "hu": np.array([0.25]), **given}
    edges = special.expit(thresholds - 0.3)
    expected = np.array([0.25, *(0.75 * np.diff([0.0, *edges, 1.0]))])
    made = ready("hurdle_cumulative", "flexible", (0.0, 1.0, 2.0, 3.0, 4.0))
    found = [np.exp(made.logp(np.array([k]), p, {}))[0] for k in np.arange(5.0)]
    assert_allclose(found, expected, rtol=1e-12)
    assert_allclose(made.mean(p, {})[0], expected, rtol=1e-12)
    many = {name: np.broadcast_to(v, (4000, v.size)) for name, v in p.items()}
    many["thresholds"] = many["thresholds"][:, None, :]
    drawn = made.random(np.random.default_rng(1), many, {})
    counts = np.bincount(drawn.ravel(), minlength=5)
    assert stats.chisquare(counts, expected * 4000).pvalue > 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["cumulative", "sratio", "acat", "hurdle_cumulative"])
def test_families_told_of_thresholds_pickle_and_print(name, kind):
    told = family(name, threshold=kind)
    assert pickle.loads(pickle.dumps(told)) == told
    assert ("threshold" in repr(told)) == (kind != "flexible")


def test_a_saved_fit_knows_its_thresholds(tmp_path):
    import bayesmix as bx

    fit = given_fit("grade ~ x", frame(), family("cumulative", threshold="equidistant"))
    fit.save(tmp_path / "fit.nc")
    again = bx.load(tmp_path / "fit.nc")
    assert again.model.spec.family == fit.model.spec.family
    assert_allclose(again.posterior_epred().values, fit.posterior_epred().values)


def test_thresholds_are_shown_however_they_are_made():
    for kind in KINDS:
        fit = given_fit("grade ~ x", frame(), family("cumulative", threshold=kind))
        assert fit.fixef().index.tolist() == ["Intercept[1]", "Intercept[2]", "Intercept[3]", "x"]
        intercepts = fit.fixef()["Estimate"].iloc[:3].to_numpy()
        if kind == "sum_to_zero":
            assert intercepts.sum() == pytest.approx(0.0, abs=1e-9)
        if kind == "equidistant":
            assert np.ptp(np.diff(intercepts)) < 1e-9


def test_unknown_options():
    with pytest.raises(FamilyError, match="threshold= of family 'cumulative' is one of"):
        family("cumulative", threshold="even")
    with pytest.raises(FamilyError, match=r"takes no argument 'threshold'; .* 'link_sigma'"):
        family("gaussian", threshold="flexible")


def test_category_specific_effects_move_thresholds():
    fit = given_fit("grade ~ x + cs(z)", frame(), "sratio")
    draws = fit.idata["posterior"].to_dataset().stack(sample=("chain", "draw"))
    own = np.stack([draws[f"b_cs{k}"].values[0] for k in (1, 2, 3)], axis=-1)
    z, x = frame()["z"].to_numpy(), frame()["x"].to_numpy()
    eta = draws["b"].values[0][:, None] * x + 0.0 * z
    expected = eta[..., None] + own[:, None, :] * z[:, None]
    assert_allclose(fit.posterior_linpred().values, expected, rtol=1e-9)
    thresholds = draws["thresholds"].transpose("sample", "threshold").values[:, None, :]
    stop = special.expit(thresholds - expected)
    going = np.cumprod(1.0 - stop, axis=-1)
    assert_allclose(fit.posterior_epred().values[..., 1], going[..., 0] * stop[..., 1], rtol=1e-9)
    assert fit.fixef().index.tolist()[-3:] == ["z[1]", "z[2]", "z[3]"]


def test_all_coefficients_of_a_bracket_are_specific_or_none():
    spec = build_spec("grade ~ x + (1 + cs(z) | g) + (1 | k)", frame(), "acat")
    names = spec.by_name["sd_g"].coords[0]
    assert names == tuple(f"{c}[{k}]" for k in (1, 2, 3) for c in ("Intercept", "z"))
    assert spec.by_name["cor_g"].shape == (6, 6)


def items(**more):
    """Three items with 3, 1 and 2 thresholds."""
    rng, n = np.random.default_rng(2), 60
    item, x = np.resize(["i", "j", "k"], n), rng.normal(0, 1, n)
    counts = np.array([COUNTS[label] for label in item])
    rating = 1 + rng.integers(0, counts + 1)
    rating[:3] = 1 + counts[:3]
    data = {"x": x, "item": item, "top": counts, "rating": rating, "g": np.resize([*"abcd"], n)}
    return pd.DataFrame(data | more)


COUNTS = {"i": 3, "j": 1, "k": 2}
GROUPED = "rating | thres(top, gr=item) ~ x + (1 | g)"


@pytest.mark.parametrize("name", ["cumulative", "sratio", "cratio", "acat"])
@pytest.mark.parametrize("kind", ["flexible", "sum_to_zero"])
def test_thresholds_of_a_group_are_those_of_a_family_of_its_own(name, kind):
    fit, data = given_fit(GROUPED, items(), family(name, threshold=kind)), items()
    thresholds = draws_of(fit)["thresholds"]
    epred, logp = fit.posterior_epred().values, fit.log_lik().values
    start = 0
    for label, count in COUNTS.items():
        rows = (data["item"] == label).to_numpy()
        alone = family(name).for_response(np.array([1.0, count + 1.0]), None, {})
        own = thresholds[:, None, start : start + count]
        if kind == "sum_to_zero":
            own = own - own.mean(axis=-1, keepdims=True)
        p = {
            "mu": fit.posterior_linpred().values[:, rows],
            "disc": np.array([[1.0]]),
            "thresholds": own,
        }
        assert_allclose(epred[:, rows, : count + 1], alone.mean(p, {}), rtol=1e-12)
        assert np.all(epred[:, rows, count + 1 :] == 0.0)
        y = data["rating"].to_numpy(float)[rows]
        assert_allclose(logp[:, rows], alone.logp(y, p, {}), rtol=1e-11)
        assert fit.posterior_predict().values[:, rows].max() <= count + 1
        start += count


def test_numbers_of_thresholds_are_those_of_the_responses_unless_they_are_given():
    data = items(rating=np.minimum(items()["rating"], 2))
    highest = build_spec("rating | thres(gr=item) ~ x", data, "cumulative")
    given = build_spec("rating | thres(top, gr=item) ~ x", data, "cumulative")
    assert highest.by_name["thresholds"].coords == (("i,1", "j,1", "k,1"),)
    assert given.by_name["thresholds"].coords == (("i,1", "i,2", "i,3", "j,1", "k,1", "k,2"),)
    assert given.family.outcome == ("category", (1, 2, 3, 4))
    same = build_spec("rating | thres(5) ~ x", data, "cumulative")
    assert same.by_name["thresholds"].coords == ((1, 2, 3, 4, 5),)


def test_some_rows_keep_the_thresholds_of_all():
    spec = build_spec("rating | thres(gr=item) ~ x", items(), "acat")
    assert on_rows(spec, np.arange(3, 9)).family == spec.family


def test_a_saved_fit_knows_the_thresholds_of_groups(tmp_path):
    fit = given_fit(GROUPED, items(), "sratio")
    fit.save(tmp_path / "fit.nc")
    again = load(tmp_path / "fit.nc")
    assert again.model.spec.family == pickle.loads(pickle.dumps(fit.model.spec.family))
    one = pd.DataFrame({"x": [0.5], "item": ["k"], "top": [2], "g": ["a"]})
    assert_allclose(again.posterior_epred(one).values, fit.posterior_epred(one).values)


def test_effects_lower_thresholds_of_groups():
    fit = given_fit(GROUPED, items(), "cumulative")
    draws = draws_of(fit)
    expected = (draws["thresholds"][:, 4] - draws["r_g"][:, 1, 0]).mean()
    assert fit.coef()["g"].loc[("b", "Intercept[k,1]"), "Estimate"] == pytest.approx(expected)


def test_thresholds_of_groups_increase_in_draws_from_the_prior():
    model = Model(GROUPED, items(), "cumulative", prior("normal(0, 1)", "b"))
    drawn = model.sample_prior(50)["prior"]["thresholds"].values
    assert np.all(np.diff(drawn[..., :3]) > 0) and np.all(np.diff(drawn[..., 4:]) > 0)
    assert np.any(np.diff(drawn[..., 2:5]) < 0)


THRES = [
    ({"rating": np.resize([2, 3], 60)}, "category 3 in row 1, where thres.. has 1 thresholds"),
    ({"top": np.resize([4, 3, 4, 5], 60)}, "4 in row 0 and 5 in row 3; it is one number for each"),
    ({"top": 1.5}, "whole numbers, 1 or larger; it is 1.5 in row 0"),
]


@pytest.mark.parametrize(("more", "message"), THRES)
def test_thresholds_that_rows_can_not_have(more, message):
    with pytest.raises(DataError, match=message):
        Model(GROUPED, items(**more), "cumulative")


def test_priors_of_thresholds_of_a_group():
    given = [
        prior("normal(0, 1)", "Intercept"),
        prior("normal(0, 2)", "Intercept", group="i"),
        prior("normal(0, 3)", "Intercept", coef="2", group="k"),
    ]
    priors = build_spec(GROUPED, items(), "acat", given).by_name["thresholds"].priors
    assert [p.distribution.params[1] for p in priors] == [2, 2, 2, 1, 1, 3]
    with pytest.raises(PriorError, match=r"needs its group=\. There is 'i', 'j', 'k'"):
        build_spec(GROUPED, items(), "acat", prior("normal(0, 1)", "Intercept", coef="2"))
    with pytest.raises(PriorError, match="has no groups; leave group= out"):
        build_spec("y ~ x", frame(), prior=prior("normal(0, 1)", "Intercept", group="g"))


NO_THRES = [
    ("rating | thres(top) ~ x", "cumulative", DataError, "one number for all rows"),
    ("rating | thres(gr=item) ~ cs(x)", "sratio", FormulaError, "thresholds that all rows share"),
    ("rating | thres(gr=item) ~ x", family("acat", threshold="equidistant"), DataError,
     "are 'flexible' or 'sum_to_zero', not 'equidistant'"),
    ("rating | thres(3) ~ x", "poisson", FormulaError, "can't use thres"),
    ("rating | thres(3) + trunc(lb=1) ~ x", "acat", FamilyError, "trunc.. needs"),
    ("rating | thres(3) + cens(0) ~ x", "cumulative", FamilyError, "cens.. needs"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "name", "error", "message"), NO_THRES)
def test_where_there_are_no_thresholds_of_groups(formula, name, error, message):
    with pytest.raises(error, match=message):
        build_spec(formula, items(), name)


def test_a_hurdle_before_thresholds_of_groups():
    data = items(rating=items()["rating"].where(np.arange(60) % 7 != 4, 0))
    fit = given_fit(bf(GROUPED, hu="x"), data, "hurdle_cumulative")
    epred = fit.posterior_epred().values
    assert_allclose(epred[..., 0], fit.posterior_epred(dpar="hu").values, rtol=1e-12)
    assert_allclose(epred.sum(axis=-1), 1.0)
    assert np.all(epred[:, 1, 3:] == 0.0)
    y = data["rating"].to_numpy()
    chance = np.take_along_axis(epred, np.broadcast_to(y, epred.shape[:2])[..., None], -1)[..., 0]
    # Thresholds of random draws needn't increase.
    there = chance > 0
    assert_allclose(np.exp(fit.log_lik().values[there]), chance[there], rtol=1e-9)


def test_conditional_effects_are_those_of_the_commonest_group():
    data = items().drop(index=[3, 5])
    fit = given_fit(GROUPED, data, "cumulative")
    table = fit.conditional_effects("x", resolution=2)["x"].table
    assert set(table["category"]) == {1, 2, 3, 4}
    assert (table.loc[table["category"] > 2, "Estimate"] == 0.0).all()


def test_integrals_over_many_predictors_are_refused():
    fit = given_fit("grade | thres(5) ~ (cs(1) | g)", frame(), "acat", draws=5)
    with pytest.raises(PredictionError, match="5 predictors have group effects together"):
        fit.posterior_epred(frame().head(1), clusters="population")


def test_responses_beyond_the_thresholds_of_new_rows():
    fit = given_fit(GROUPED, items(), "cumulative")
    with pytest.raises(PredictionError, match="category 4 in row 1"):
        fit.log_lik(items().iloc[[1]].assign(rating=4))
    with pytest.raises(PredictionError, match="the fit knows 'i', 'j', 'k'"):
        fit.posterior_epred(items().iloc[[1]].assign(item="z"))


SPECIFIC = [
    ("grade ~ cs(x)", "cumulative", "could cross"),
    ("y ~ cs(x)", "gaussian", "'sratio', 'cratio' and 'acat'"),
    ("grade ~ cs(1)", "sratio", "own intercepts already"),
    ("grade ~ cs((1 | g))", "sratio", "terms of columns only"),
]


def test_effects_common_to_thresholds_move_the_coefficient_of_each():
    fit = given_fit("grade ~ cs(x) + (1 + x | g)", frame(), "acat")
    draws, coef = draws_of(fit), fit.coef()["g"]
    assert "x" not in coef.index.get_level_values("coef")
    expected = (draws["b_cs2"][:, 0] + draws["r_g"][:, 0, 1]).mean()
    assert coef.loc[("p", "x[2]"), "Estimate"] == pytest.approx(expected)


@pytest.mark.parametrize(("formula", "name", "message"), SPECIFIC)
def test_where_there_are_no_category_specific_terms(formula, name, message):
    with pytest.raises(FormulaError, match=message):
        build_spec(formula, frame(), name)


def test_a_hurdle_needs_categories_beyond_it():
    with pytest.raises(DataError, match="0 and at least two categories"):
        Model("yes ~ x", frame(), "hurdle_cumulative")


@pytest.mark.parametrize(
    ("formula", "name"),
    [("grade ~ x", "acat"), ("f ~ x", "categorical"), ("grade_0 ~ x", "hurdle_cumulative")],
)
def test_predictions_of_categories_are_their_frequencies(formula, name):
    """As brms has them: shares of the draws, in the order of the categories."""
    given = {"hu": np.full((2, 20), 0.3)} if name == "hurdle_cumulative" else {}
    fit = given_fit(formula, frame(), name, **given)
    labels, first = fit.model.spec.family.outcome[1], fit.model.spec.family.first_code
    table = fit.predict(frame().head(5), random_seed=4)
    drawn = fit.posterior_predict(frame().head(5), random_seed=4).values
    assert table.columns.tolist() == [f"P(Y = {label})" for label in labels]
    assert_allclose(table.sum(axis=1), 1.0)
    for k, column in enumerate(table):
        assert_allclose(table[column], (drawn == k + first).mean(axis=0))
