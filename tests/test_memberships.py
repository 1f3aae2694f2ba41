"""``mm()``: rows with several levels of one grouping factor, against sums written out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayesmix.bridge import from_brms
from bayesmix.build import build_spec, on_rows
from bayesmix.design import Group
from bayesmix.errors import BayesmixError, DataError, PredictionError
from bayesmix.fit import Fit
from bayesmix.loading import load
from bayesmix.model import Model
from bayesmix.names import variables
from bayesmix.predict import NA

from .support import draws_of, fit_of, frame, given_fit, relatives

RNG = np.random.default_rng(4)
DATA = frame().assign(
    s1=RNG.choice(list("cab"), 60),
    s2=RNG.choice(list("bde"), 60),
    w1=RNG.uniform(0.1, 1, 60),
    w2=RNG.uniform(0.1, 1, 60),
)
LEVELS = list("abcde")
W = DATA[["w1", "w2"]].to_numpy()


def group(formula: str, data: pd.DataFrame = DATA, **more: Any) -> Group:
    return build_spec(formula, data, **more).design.groups[0]


def at(fit: Fit, data: pd.DataFrame = DATA) -> np.ndarray:
    """Rows × members: where the levels of rows stand."""
    levels = list(fit.model.spec.design.groups[0].levels)
    return np.stack([data[s].map(levels.index) for s in ("s1", "s2")], axis=1)


def effects(fit: Fit, **how: Any) -> np.ndarray:
    made = fit.posterior_linpred(**how)
    newdata = how.get("newdata")
    return (made - fit.posterior_linpred(newdata, re_formula=NA)).to_numpy()


def test_levels_are_those_of_all_members() -> None:
    found = group("y ~ (1 | mm(s1, s2))")
    assert (found.name, found.levels) == ("mms1s2", tuple(LEVELS))
    numbers = group("y ~ (1 | mm(u, v))", DATA.assign(u=np.arange(60) % 3, v=7.0))
    assert numbers.levels == (0, 1, 2, 7.0)
    joined = group("y ~ (1 | mm(s1:h, s2))")
    assert joined.name == "mms1:hs2"
    assert "a_u" in joined.levels and "d" in joined.levels


WEIGHTS = {
    "equal": ("", np.full((60, 2), 0.5)),
    "scaled": (", weights=cbind(w1, w2)", W / W.sum(axis=1, keepdims=True)),
    "in a list": (", weights=[w1, w2], scale=True", W / W.sum(axis=1, keepdims=True)),
    "as they are": (", weights=[w1, w2], scale=False", W),
    "computed": (
        ", weights=[1, w2 - 0.5], scale=False",
        np.stack([W[:, 0] ** 0, W[:, 1] - 0.5], 1),
    ),
}


@pytest.mark.parametrize("what", WEIGHTS)
def test_weights(what: str) -> None:
    text, weights = WEIGHTS[what]
    fit = given_fit(f"y ~ x + (1 + x | mm(s1, s2{text}))", DATA)
    r = draws_of(fit)["r_mms1s2"][:, at(fit)]
    z = np.stack([np.ones(60), DATA["x"]], axis=1)
    expected = (r * weights[..., None] * z[:, None]).sum(axis=(2, 3))
    np.testing.assert_allclose(effects(fit), expected, atol=1e-12)
    np.testing.assert_allclose(effects(fit, newdata=DATA), expected, atol=1e-12)


def test_covariates_of_members() -> None:
    fit = given_fit("y ~ x + (1 + mmc(x, z**2) + z | mm(s1, s2))", DATA)
    d = draws_of(fit)
    assert fit.model.spec.groups[0].names == ("Intercept", "mmc(x, z ** 2)", "z")
    z = np.stack(
        [np.ones((60, 2)), np.stack([DATA["x"], DATA["z"] ** 2], 1), DATA[["z", "z"]]], axis=-1
    )
    expected = 0.5 * (d["r_mms1s2"][:, at(fit)] * z).sum(axis=(2, 3))
    np.testing.assert_allclose(effects(fit), expected, atol=1e-12)
    only = effects(fit, re_formula="~ (0 + mmc(x, z**2) | mm(s2, s1))", newdata=DATA)
    one = 0.5 * (d["r_mms1s2"][:, at(fit), 1] * z[..., 1]).sum(axis=2)
    np.testing.assert_allclose(only, one, atol=1e-12)


def test_new_members_have_one_draw_wherever_they_stand() -> None:
    fit = given_fit("y ~ x + (1 | mm(s1, s2))", DATA)
    new = pd.DataFrame(
        {"x": 0.0, "s1": ["a", "new", "new", None, "new"], "s2": ["new", "b", "other", "a", "new"]}
    )
    for how in ("uncertainty", "old_levels", "gaussian"):
        with_ = {"allow_new_levels": True, "sample_new_levels": how, "random_seed": 3}
        made = 2 * effects(fit, newdata=new, **with_)
        r = draws_of(fit)["r_mms1s2"][..., 0]
        fresh = made[:, 4] / 2
        np.testing.assert_allclose(made[:, 0], r[:, LEVELS.index("a")] + fresh, atol=1e-12)
        np.testing.assert_allclose(made[:, 1], r[:, LEVELS.index("b")] + fresh, atol=1e-12)
        again = 2 * effects(fit, newdata=new.iloc[[0]], **with_)
        np.testing.assert_allclose(again[:, 0], made[:, 0], atol=1e-12)
    with pytest.raises(PredictionError, match="has the level 'new' in row 0"):
        fit.posterior_epred(new)


def test_the_population_counts_a_member_twice_where_it_stands_twice() -> None:
    fit = given_fit("count ~ x + (1 | mm(s1, s2, weights=[w1, w2]))", DATA, "poisson")
    share = W / W.sum(axis=1, keepdims=True)
    same = (DATA["s1"] == DATA["s2"]).to_numpy()
    squares = np.where(same, 1.0, (share**2).sum(axis=1))
    variance = draws_of(fit)["sd_mms1s2"] ** 2 * squares
    held = fit.posterior_epred(clusters="average")
    expected = held * np.exp(variance / 2)
    np.testing.assert_allclose(fit.posterior_epred(clusters="population"), expected)
    unnamed = DATA.drop(columns=["s1", "s2"])
    apart = draws_of(fit)["sd_mms1s2"] ** 2 * (share**2).sum(axis=1)
    made = fit.posterior_epred(unnamed, clusters="population")
    np.testing.assert_allclose(made, held * np.exp(apart / 2))
    between = variance.mean(axis=1)
    gaussian = given_fit("y ~ x + (1 | mm(s1, s2, weights=[w1, w2]))", DATA)
    d = draws_of(gaussian)
    between = (d["sd_mms1s2"] ** 2 * squares).mean(axis=1)
    expected = (between / (between + d["sigma"] ** 2)).mean()
    share_ = gaussian.varcorr().table["Share"].iloc[0]
    np.testing.assert_allclose(share_, expected)


def test_strata_of_members() -> None:
    old = ["a", "d"]
    data = DATA.assign(
        t1=np.where(DATA["s1"].isin(old), "old", "new"),
        t2=np.where(DATA["s2"].isin(old), "old", "new"),
    )
    fit = given_fit("count ~ x + (1 | mm(s1, s2, by=cbind(t1, t2)))", data, "poisson")
    by = fit.model.spec.design.groups[0].by
    assert by.name == "t1:t2"
    assert [by.levels[i] for i in by.of_level] == ["old", "new", "new", "old", "new"]
    sd = draws_of(fit)["sd_mms1s2"][..., 0]
    of_row = np.stack([data[t].map(list(by.levels).index) for t in ("t1", "t2")], axis=1)
    same = (data["s1"] == data["s2"]).to_numpy()
    both = sd[:, of_row] ** 2 / 4
    variance = np.where(same, 4 * both[..., 0], both.sum(axis=-1))
    expected = fit.posterior_epred(clusters="average") * np.exp(variance / 2)
    np.testing.assert_allclose(fit.posterior_epred(clusters="population"), expected)
    new = data.head(3).assign(s1="fresh", t1="new")
    assert fit.posterior_epred(new, allow_new_levels=True).shape == (40, 3)
    names = [cell.names for v in variables(fit.model.spec) for cell in v.cells]
    assert any("sd_mms1s2__Intercept:cbind(t1,t2)old" in own for own in names)
    with pytest.raises(DataError, match="has several values of 'h:t'"):
        group("y ~ (1 | mm(s1, s2, by=[h, t]))")


def test_what_is_there_of_one_group_is_there_of_memberships() -> None:
    data = DATA.assign(v1=DATA["s1"].map(ord) / 99.0, v2=DATA["s2"].map(ord) / 99.0)
    formula = 'y ~ x + (1 + x | mm(s1, s2, dist="student", cov=A, pw=[v1, v2]))'
    model = Model(formula, data, data2={"A": relatives("edcba")})
    np.testing.assert_allclose(model.spec.design.groups[0].pw, np.array([*map(ord, LEVELS)]) / 99)
    fit = fit_of(model)
    assert np.isfinite(fit.log_density()).all()
    assert fit.ranef()["mms1s2"].index.names == ["mms1s2", "coef"]
    with pytest.raises(DataError, match="several values of pw=v1, w2"):
        group("y ~ (1 | mm(s1, s2, pw=[v1, w2]))", data)


def test_it_comes_back_from_a_file(tmp_path: Path) -> None:
    fit = given_fit("y ~ x + (1 | mm(s1, s2, weights=[w1, w2], cov=A))", DATA,
                    data2={"A": relatives(LEVELS)})  # fmt: skip
    again = load(fit.save(tmp_path / "fit.nc"))
    np.testing.assert_array_equal(again.posterior_epred(), fit.posterior_epred())
    pd.testing.assert_frame_equal(
        again.model.spec.design.data2["A"], fit.model.spec.design.data2["A"], check_names=False
    )


def test_some_of_the_rows() -> None:
    spec = build_spec("y ~ x + (1 | mm(s1, s2))", DATA)
    some = on_rows(spec, np.flatnonzero(DATA["s2"] != "d"))
    assert some.design.groups[0].levels == tuple("abce")


WRONG = {
    "negative": (DATA.assign(w1=-DATA["w1"]), "a negative weight in row 0"),
    "all zero": (DATA.assign(w1=0.0, w2=0.0), "no weight above 0 in row 0"),
}


@pytest.mark.parametrize("what", WRONG)
def test_weights_that_are_none(what: str) -> None:
    data, message = WRONG[what]
    formula = "y ~ (1 | mm(s1, s2, weights=[w1, w2]))"
    with pytest.raises(DataError, match=message):
        build_spec(formula, data)
    fit = given_fit(formula, DATA)
    with pytest.raises(PredictionError, match=f"newdata.*{message}"):
        fit.posterior_epred(data)
    kept = build_spec("y ~ (1 | mm(s1, s2, weights=[w1, w2], scale=False))", data)
    assert kept.design.groups[0].multiple


def test_covariates_that_are_none() -> None:
    with pytest.raises(BayesmixError, match="Covariates of members are numbers"):
        build_spec("y ~ (1 + mmc(x, f) | mm(s1, s2))", DATA)


def test_clusters_that_rows_have_to_name() -> None:
    fit = given_fit("y ~ x + (1 | mm(s1, s2))", DATA)
    for how in ("new", "fitted"):
        with pytest.raises(PredictionError, match="several clusters of 'mms1s2'"):
            fit.posterior_epred(DATA[["x"]], clusters=how)
    named = fit.posterior_epred(DATA, clusters="fitted")
    np.testing.assert_array_equal(named, fit.posterior_epred())
    for ask in (
        lambda: fit.shrinkage("mms1s2"),
        lambda: fit.pp_check("stat_grouped", group="mms1s2"),
    ):
        with pytest.raises(PredictionError, match="several levels of group 'mms1s2'"):
            ask()


def test_options_of_re_formula_are_the_models() -> None:
    fit = given_fit("y ~ x + (1 | mm(s1, s2, weights=[w1, w2]))", DATA)
    same = effects(fit, re_formula="~ (1 | mm(s2, s1))")
    np.testing.assert_array_equal(same, effects(fit))
    with pytest.raises(PredictionError, match="dist=student for group 'mms1s2'"):
        effects(fit, re_formula='~ (1 | mm(s2, s1, dist="student"))')
    with pytest.raises(PredictionError, match=r"The model has '\(1 \| mm\(s1, s2\)\)"):
        effects(fit, re_formula="~ (0 + x | mm(s1, s2))")


def test_brms_draws_are_read() -> None:
    model = Model("y ~ (1 + mmc(x, z) | mm(s1, s2))", DATA)
    names = [cell.names[0] for v in variables(model.spec) for cell in v.cells]
    assert "sd_mms1s2__mmcxz" in names
    assert "r_mms1s2[a,mmcxz]" in names
    draws = pd.DataFrame(RNG.uniform(0.1, 0.9, (3, len(names))), columns=names)
    assert from_brms(model, draws).ranef()["mms1s2"].shape[0] == 10
