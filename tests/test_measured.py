"""Measurement error: predictors, new rows, effects, priors, files, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.build import on_rows
from bayesmix.model import Model
from bayesmix.priors import lkj, measured

from .support import draws_of, frame, given_fit

DATA = frame(40).assign(
    sdx=lambda d: np.linspace(0.2, 0.6, len(d)),
    u=lambda d: d["g"].map(dict(zip("pqrstu", range(6), strict=True))) / 2,
    sdu=lambda d: 0.2 + d["u"] / 5,
    v=lambda d: d["u"] ** 2,
)
PRIORS = [
    bx.prior("normal(0, 1)", "b"),
    bx.prior("normal(3, 1)", "meanme"),
    bx.prior("exponential(1)", "sdme"),
]


def test_the_predictor_by_hand() -> None:
    """Each coefficient times the true values; those of levels are the same in all their rows."""
    text = "y ~ me(x, sdx) * z + me(u, sdu, gr=g):me(x, sdx) + (1 + me(x, sdx) + me(x, sdx):z | k)"
    fit = given_fit(bx.bf(text, sigma="me(u, sdu, gr=g):f"), DATA)
    d, k = draws_of(fit), fit.model.spec.design.groups[0].index
    special = ["me(x, sdx)", "me(x, sdx):z", "me(u, sdu, gr=g):me(x, sdx)"]
    assert names(fit) == ["Intercept", "z", *special]
    x, u = d["Xme"][:, :, 0], d["Xme_g"][:, np.searchsorted([*"pqrstu"], DATA["g"]), 0]
    z, (b, r) = DATA["z"].to_numpy(), (d["b"], d["r_k"])
    expected = b[:, [0]] + b[:, [1]] * z + r[:, k, 0] + b[:, [4]] * u * x
    expected += (b[:, [2]] + r[:, k, 1]) * x + (b[:, [3]] + r[:, k, 2]) * x * z
    assert_allclose(fit.posterior_linpred().to_numpy(), expected)
    without = expected - r[:, k, 1] * x - r[:, k, 0]
    kept = fit.posterior_linpred(re_formula="~ (0 + me(x, sdx):z | k)").to_numpy()
    assert_allclose(kept, without)
    b, is_level = d["b_sigma"], [(DATA["f"] == level).to_numpy() for level in "cab"]
    sigma = b[:, [0]] + sum(b[:, [i]] * u * own for i, own in enumerate(is_level, 1))
    assert_allclose(fit.posterior_linpred(dpar="sigma").to_numpy(), sigma)


def test_a_bracket_alone_has_true_values() -> None:
    fit = given_fit("y ~ 1 + (0 + me(x, 0.3) | g)", DATA)
    d, g = draws_of(fit), fit.model.spec.design.groups[0].index
    expected = d["b"][:, [0]] + d["r_g"][:, g, 0] * d["Xme"][:, :, 0]
    assert_allclose(fit.posterior_linpred().to_numpy(), expected)


def test_log_density_by_hand() -> None:
    """Two correlated true values of levels: normal ones, and measurements around them."""
    priors = [*PRIORS, bx.prior("lkj(3)", "corme", group="g"), bx.prior("gamma(2, 3)", "sigma")]
    priors += [bx.prior("normal(0, 9)", "Intercept"), bx.prior("gamma(3, 2)", "sdme", coef="mev")]
    fit = given_fit("y ~ me(u, sdu, gr=g) + me(v, 0.5, gr=g)", DATA, prior=priors)
    d = draws_of(fit)
    expected = fit.log_lik().to_numpy().sum(axis=1)
    expected += stats.norm(0, 1).logpdf(d["b"][:, 1:]).sum(axis=1)
    expected += stats.norm(0, 9).logpdf(d["b"][:, 0])
    expected += stats.gamma(2, scale=1 / 3).logpdf(d["sigma"])
    expected += stats.norm(3, 1).logpdf(d["meanme_g"]).sum(axis=1)
    expected += stats.expon.logpdf(d["sdme_g"][:, 0])
    expected += stats.gamma(3, scale=0.5).logpdf(d["sdme_g"][:, 1])
    rho = d["corme_g"][:, 0]
    expected += stats.beta(3, 3, loc=-1, scale=2).logpdf(rho)
    levels = DATA.groupby("g")[["u", "v", "sdu"]].first()
    for s in range(len(d)):
        sd = np.diag(d["sdme_g"][s])
        cov = sd @ np.array([[1, rho[s]], [rho[s], 1]]) @ sd
        true = d["Xme_g"][s]
        expected[s] += stats.multivariate_normal(d["meanme_g"][s], cov).logpdf(true).sum()
        # The density is one of standard normal numbers.
        expected[s] += len(true) * 0.5 * np.linalg.slogdet(cov)[1]
        expected[s] += stats.norm(true[:, 0], levels["sdu"]).logpdf(levels["u"]).sum()
        expected[s] += stats.norm(true[:, 1], 0.5).logpdf(levels["v"]).sum()
    assert_allclose(fit.log_density(), expected, rtol=1e-10)


def test_true_values_given_measurements() -> None:
    """Normal distributions conditioned by their covariance matrix, with the density of all."""
    rng = np.random.default_rng(4)
    size, places = 3, 5
    root = np.tril(rng.normal(size=(size, size))) + 2 * np.eye(size)
    mean, values = rng.normal(size=size), rng.normal(size=(places, size))
    noise = rng.uniform(0.1, 2, (places, size))
    noise[0, 1] = noise[1] = 0.0
    centres, roots, densities = measured.given(list(mean), root.tolist(), values, noise, np)
    prior = root @ root.T
    for i in range(places):
        centre = np.array([c[i] for c in centres])
        factor = np.array([[np.broadcast_to(r, places)[i] for r in row] for row in roots])
        both = prior + np.diag(noise[i] ** 2)
        gain = prior @ np.linalg.inv(both)
        assert_allclose(centre, mean + gain @ (values[i] - mean), atol=1e-12)
        assert_allclose(factor @ factor.T, prior - gain @ prior, atol=1e-12)
        assert_allclose(densities[i], stats.multivariate_normal(mean, both).logpdf(values[i]))
    assert_allclose([c[1] for c in centres], values[1])


def test_new_rows_have_draws_given_their_measurements() -> None:
    """Shrunk towards the mean, however the rows are put together."""
    shape = (1, 4000)
    given = {"meanme": np.full((*shape, 1), 2.0), "sdme": np.full((*shape, 1), 3.0)}
    given |= {"b": np.broadcast_to([0.0, 1.0], (*shape, 2)), "sigma": np.ones(shape)}
    fit = given_fit("y ~ me(x, sdx)", DATA, chains=1, draws=4000, **given)
    new = pd.DataFrame({"x": [6.0, 6.0, 6.0, -1.0], "sdx": [4.0, 1.0, 0.0, 4.0]})
    true = fit.posterior_linpred(new, random_seed=1).to_numpy()
    share = 9 / (9 + new["sdx"] ** 2)
    error = np.sqrt(share) * new["sdx"] / np.sqrt(4000)
    assert (np.abs(true.mean(axis=0) - (2 + share * (new["x"] - 2))) <= 4 * error).all()
    assert_allclose(true.std(axis=0), np.sqrt(share) * new["sdx"], rtol=0.06)
    assert (true[:, 2] == 6).all()
    again = fit.posterior_epred(new.head(2), random_seed=1).to_numpy()
    assert_allclose(again, true[:, :2])
    few = fit.posterior_epred(new, draw_ids=[7, 3], random_seed=1).to_numpy()
    assert_allclose(few, true[[7, 3]])
    rows = fit.posterior_epred(DATA, random_seed=1).to_numpy()
    assert not np.allclose(rows, fit.posterior_epred().to_numpy())
    assert fit.posterior_predict(new, random_seed=1).shape == true.shape


def test_correlated_true_values_of_new_rows() -> None:
    """What was measured of one covariate says something of another."""
    shape = (1, 4000)
    given = {"meanme": np.zeros((*shape, 2)), "sdme": np.ones((*shape, 2))}
    given |= {"corme": np.full((*shape, 1), 0.8), "b": np.broadcast_to([0, 1.0, 0], (*shape, 3))}
    fit = given_fit("y ~ me(x, 9) + me(z, 0.1)", DATA, chains=1, draws=4000, **given)
    true = fit.posterior_linpred(pd.DataFrame({"x": [0.0], "z": [2.0]}), random_seed=2).to_numpy()
    cov = np.array([[1, 0.8], [0.8, 1]])
    gain = cov @ np.linalg.inv(cov + np.diag([81, 0.01]))
    assert_allclose(true.mean(), (gain @ [0, 2])[0], atol=0.04)
    assert_allclose(true.var(), (cov - gain @ cov)[0, 0], rtol=0.1)
    # The other one alone, whose measurement is all that is looked at.
    sigma = given_fit(bx.bf("y ~ me(x, 9)", sigma="me(z, 0.1)"), DATA)
    assert sigma.posterior_linpred(pd.DataFrame({"z": [2.0]}), dpar="sigma").shape == (40, 1)


GROUPED = "y ~ me(u, sdu, gr=g) + (1 | k)"


def test_levels_that_the_fit_knows_keep_their_true_values() -> None:
    fit = given_fit(GROUPED, DATA)
    given = fit.posterior_linpred(DATA.sample(frac=1, random_state=1)).to_numpy()
    order = DATA.sample(frac=1, random_state=1).index
    assert_allclose(given, fit.posterior_linpred().to_numpy()[:, order])


def test_new_levels_have_one_true_value_each() -> None:
    fit = given_fit(GROUPED, DATA)
    new = pd.DataFrame(
        {"u": [1.0, 4.0, 1.0, 1.0, 0.5], "sdu": [0.3, 0.3, 0.3, 0.3, 0.3], "g": [*"ababq"], "k": 30}
    )
    with pytest.raises(bx.PredictionError, match="Group 'g' has the level 'a', which the fit"):
        fit.posterior_linpred(new)
    made = fit.posterior_linpred(
        new.assign(u=[1.0, 4, 1, 4, 0.5]), allow_new_levels=True, random_seed=1
    ).to_numpy()
    assert_allclose(made[:, :2], made[:, 2:4])
    assert not np.allclose(made[:, 0], made[:, 1])
    alone = fit.posterior_linpred(new.iloc[[0]], allow_new_levels=True, random_seed=1).to_numpy()
    assert_allclose(alone[:, 0], made[:, 0])
    missing = fit.posterior_linpred(
        new.assign(g=None), allow_new_levels=True, random_seed=1
    ).to_numpy()
    assert not np.allclose(missing[:, 0], missing[:, 2])
    no_column = new.drop(columns="g")
    assert fit.posterior_linpred(no_column, allow_new_levels=True).shape == (40, 5)
    assert fit.posterior_linpred(no_column, clusters="average").shape == (40, 5)
    with pytest.raises(bx.PredictionError, match="no column 'g', whose levels"):
        fit.posterior_linpred(no_column)
    with pytest.raises(bx.PredictionError, match=r"Level 'b' .* differ between rows 1, 3"):
        fit.posterior_linpred(new, allow_new_levels=True)
    with pytest.raises(bx.PredictionError, match=r"was measured in the fit: 'u' is 0.5 .* has 2"):
        fit.posterior_linpred(new.iloc[[4]].assign(u=2.0))
    exact = fit.posterior_linpred(new.iloc[[4]].assign(u=2.0, sdu=0.0)).to_numpy()
    d = draws_of(fit)
    assert_allclose(exact[:, 0], d["b"][:, 0] + 2 * d["b"][:, 1] + d["r_k"][:, 2, 0])


def test_newdata_without_rows() -> None:
    for text in (GROUPED, "y ~ me(x, sdx) + me(z, 0.1)"):
        assert given_fit(text, DATA).posterior_epred(DATA.head(0)).shape == (40, 0)


def test_errors_of_new_rows() -> None:
    fit = given_fit("y ~ me(x, sdx)", DATA)
    with pytest.raises(bx.PredictionError, match=r"standard error of 'x' is -1 in row 4"):
        fit.posterior_linpred(DATA.head(6).assign(sdx=[1, 1, 1, 1, -1, 0.0]))
    labelled = DATA.head(2).set_axis([7, 9]).assign(sdx=[1, -1])
    with pytest.raises(bx.PredictionError, match=r"standard error of 'x' is -1 in row 9"):
        fit.posterior_linpred(labelled)
    with pytest.raises(bx.PredictionError, match="no column 'sdx'"):
        fit.posterior_linpred(DATA[["x"]])
    with pytest.raises(bx.PredictionError, match="'x' of newdata is missing in row 0"):
        fit.posterior_linpred(DATA.assign(x=np.nan))


def test_effects_are_those_of_true_values() -> None:
    """Along x, not along what was measured; standard errors are no variables of their own."""
    fit = given_fit("y ~ me(x, sdx) * z + me(u, 0.2, gr=g)", DATA)
    d = draws_of(fit)
    slope = d["b"][:, names(fit).index("me(x, sdx)")]
    slope = slope + d["b"][:, names(fit).index("me(x, sdx):z")] * DATA["z"].mean()
    made = fit.avg_slopes("x")
    assert_allclose(made.values[:, 0], slope, rtol=1e-6)
    assert "sdx" not in set(fit.avg_comparisons().rows["term"])
    effects = fit.conditional_effects()
    assert set(effects) == {"x", "z", "u", "x:z"}
    drawn = effects["x"].values
    at = effects["x"].rows["x"].to_numpy()
    assert_allclose((drawn[:, -1] - drawn[:, 0]) / (at[-1] - at[0]), slope)
    each = fit.posterior_epred().to_numpy().mean(axis=1)
    assert_allclose(fit.avg_predictions().values[:, 0], each)
    assert fit.datagrid(x=[1, 2])["sdx"].tolist() == [0, 0]
    assert fit.bayes_R2()["Estimate"].between(0, 1).all()


def names(fit: bx.Fit) -> list[str]:
    return list(fit.model.spec.design.predictors[0].columns.names)


def test_correlations_can_be_left_out() -> None:
    formula = bx.bf("y ~ me(x, 0.3) + me(z, 0.2)", mecor=False)
    assert not Model(formula, DATA).spec.by_name.keys() & {"corme"}
    assert "corme" in Model(bx.bf(formula, mecor=True), DATA).spec.by_name
    assert bx.bf(formula, sigma="x").mecor is False
    assert str(formula).endswith("mecor = False")
    with pytest.raises(bx.FormulaError, match="mecor= of bf"):
        bx.bf("y ~ x", mecor="no")


def test_priors_of_true_values() -> None:
    model = Model("y ~ me(x, sdx) + me(u, 0.1, gr=g) + me(v, 0.1, gr=g)", DATA)
    table = model.priors.query("`class` in ['meanme', 'sdme', 'corme']")
    assert table[["class", "coef", "group", "prior"]].agg("|".join, axis=1).tolist() == [
        "corme|||lkj(1)",
        "corme||g|",
        "meanme|||",
        "meanme|meu||",
        "meanme|mev||",
        "meanme|mex||",
        "sdme|||",
        "sdme|meu||",
        "sdme|mev||",
        "sdme|mex||",
    ]
    with pytest.raises(bx.PriorError, match="no coef 'x'"):
        Model("y ~ me(x, sdx)", DATA, prior=bx.prior("normal(0, 1)", "meanme", coef="x"))
    with pytest.raises(bx.PriorError, match="'lkj\\(eta\\)' and nothing else"):
        bx.prior("normal(0, 1)", "corme")


def test_the_default_of_autoscale_is_in_units_of_measurements() -> None:
    model = Model("y ~ me(x, sdx) + me(z, 0.1):x", DATA, default_priors="autoscale")
    pairs = zip(model.spec.priors.slots, model.spec.priors.resolved, strict=True)
    scales = {s.coef: r.distribution.params[1] for s, r in pairs if s.class_ == "b"}
    spread = 2.5 * DATA["y"].std()
    assert_allclose(scales["me(x, sdx)"], spread / DATA["x"].std())
    assert_allclose(scales["me(z, 0.1):x"], spread / (DATA["x"] * DATA["z"]).std())


def test_prior_draws() -> None:
    """True values as they are before anything is measured, with their correlations."""
    model = Model("y ~ me(x, sdx) + me(z, 0.1)", DATA, prior=[*PRIORS, bx.prior("lkj(9)", "corme")])
    drawn = model.sample_prior(draws=600, random_seed=1)["prior"]
    true, mean, sd = (drawn[name].to_numpy()[0] for name in ("Xme", "meanme", "sdme"))
    root = np.linalg.cholesky(lkj.matrix(drawn["corme"].to_numpy()[0]))
    z = np.linalg.solve(root[:, None], ((true - mean[:, None]) / sd[:, None])[..., None])[..., 0]
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(z.reshape(-1, 2).T)[0, 1]) < 0.03
    with pytest.raises(bx.PriorError, match="meanme mex"):
        Model("y ~ me(x, sdx)", DATA).sample_prior(draws=2)


def test_files_keep_it(tmp_path: Path) -> None:
    fit = given_fit(bx.bf("y ~ me(x, sdx) + me(z, 0.2) + (1 | g)", mecor=False), DATA)
    fit.save(tmp_path / "fit.nc")
    again = bx.load(tmp_path / "fit.nc")
    assert_allclose(again.posterior_linpred().to_numpy(), fit.posterior_linpred().to_numpy())
    new = DATA.head(3)
    assert_allclose(
        again.posterior_linpred(new, random_seed=1).to_numpy(),
        fit.posterior_linpred(new, random_seed=1).to_numpy(),
    )
    assert str(again.model.spec.formula) == str(fit.model.spec.formula)


def test_summary_and_equation() -> None:
    fit = given_fit("y ~ me(x, sdx) + me(z, 0.2) + me(u, sdu, gr=g)", DATA)
    further = fit.summary().loc["Further"].index.tolist()
    assert further == [
        "meanme[x]",
        "meanme[z]",
        "sdme[x]",
        "sdme[z]",
        "corme[x, z]",
        "meanme_g[u]",
        "sdme_g[u]",
        "sigma",
    ]
    text = str(fit.model.equation())
    assert "x[i] ~ Normal(me(x, sdx)[i], sdx[i])" in text
    assert "me(u, sdu, gr=g)[j] ~ Normal(meanme[u], sdme[u])    j = 1, …, 6 (g)" in text
    assert r"\mathrm{corme} &\sim \mathrm{LKJ}(1)" in fit.model.equation().latex


def test_draws_of_brms_without_true_values() -> None:
    model = Model("y ~ me(x, sdx)", DATA.head(3))
    columns = {"b_Intercept": 1.0, "bsp_mexsdx": 2.0, "sigma": 1.0}
    columns |= {"meanme_mex": 4.0, "sdme_mex": 0.5, "zme_1[1]": -2, "zme_1[2]": 0, "zme_1[3]": 1}
    fit = bx.from_brms(model, pd.DataFrame(columns, index=[0]))
    assert_allclose(draws_of(fit)["Xme"][0, :, 0], [3, 4, 4.5])
    kept = {k: v for k, v in columns.items() if not k.startswith("zme")}
    with pytest.raises(bx.DataError, match=r"fit in R with save_pars\(latent = TRUE\)"):
        bx.from_brms(model, pd.DataFrame(kept, index=[0]))


def test_estimates_say_why_not() -> None:
    with pytest.raises(bx.EstimationError, match="true values of covariates aren't integrated out"):
        Model("y ~ me(x, sdx)", DATA).optimize()


def test_hypotheses_and_some_of_the_rows() -> None:
    fit = given_fit("y ~ me(x, sdx) + me(u, sdu, gr=g)", DATA)
    share = (draws_of(fit)["b"][:, 1] > 0).mean()
    made = fit.hypothesis("mexsdx > 0", class_="bsp")
    assert_allclose(made.table["Post.Prob"], share)
    part = on_rows(fit.model.spec, np.arange(12, 40))
    assert part.by_name["Xme"].shape == (28, 1)
    assert fit.log_lik(DATA.head(5), random_seed=1).shape == (40, 5)


def test_the_engine_says_why_not() -> None:
    from bayesmix.engine import uncovered

    reason = uncovered(Model("y ~ me(x, sdx)", DATA).spec)
    assert reason == "covariates with measurement error have no kernel"


REFUSED = [
    ("y ~ me(x)", "me() needs sdx, its standard error", "me(x)"),
    ("y ~ me()", "me() needs x, what was measured", "me()"),
    ("y ~ me(sdx=0.2)", "me() needs x", "me(sdx=0.2)"),
    ("y ~ me(x, 'a')", "sdx of me() is a column or a number", "'a'"),
    ("y ~ me(x, True)", "sdx of me() is a column or a number", "True"),
    ("y ~ me(2, 0.1)", "What me() is of is a column", "2"),
    ("y ~ me(x, sdx, gr='g')", "name of a grouping column", "'g'"),
    ("y ~ me(x, sdx, g, k)", "me() takes x, sdx and gr", "k"),
    ("y ~ me(x, sdx, x=z)", "x of me() is given twice", "z"),
    ("y ~ me(x, sdx, sd=1)", "me() has no option 'sd'", "1"),
    ("y ~ me(x, sdx):me(x, sdx)", "can't interact with itself", "me(x, sdx):me(x, sdx)"),
    ("y ~ s(me(x, sdx))", "me() can't stand inside a call", "me"),
    ("y ~ cs(me(x, sdx))", "me() can't stand in cs()", "cs(me(x, sdx))"),
    ("me(y, sdx) ~ x", "me() is a covariate with measurement error", "me(y, sdx)"),
]


@pytest.mark.parametrize(("text", "message", "place"), REFUSED)
def test_texts_that_are_refused(text: str, message: str, place: str) -> None:
    with pytest.raises(bx.FormulaError) as caught:
        bx.bf(text)
    _check(caught.value, message, place)


UNFIT = [
    ("y ~ me(x, minus)", "standard error of 'x' is above 0, and is -1 in row 4", "minus"),
    ("y ~ me(x, nothing)", "is above 0, and is 0 in row 0", "nothing"),
    ("y ~ me(x, -0.2)", "standard error of 'x' is above 0.", "-0.2"),
    ("y ~ me(x, f)", "'f' must be numeric here", "f"),
    ("y ~ me(f, sdx)", "'f' must be numeric here", "f"),
    ("y ~ me(flag, sdx)", "'flag' must be numeric here", "flag"),
    ("y ~ me(q, sdx)", "There is no column 'q'", "q"),
    ("y ~ me(x, sdq)", "There is no column 'sdq'", "sdq"),
    ("y ~ me(x, sdx, gr=gg)", "There is no column 'gg'", "gg"),
    ("y ~ me(u, sdx, gr=g)", "but 'sdx' differs between its rows", "sdx"),
    ("y ~ me(x, sdu, gr=g)", "but 'x' differs between its rows", "x"),
    ("y ~ me(x, sdx) + me(x, 0.1)", "'x' is in me(x, sdx) and in me(x, 0.1)", "me(x, 0.1)"),
    ("y ~ me(x, sdx) + (me(x, sdx=sdx) | g)", "has one true value", "me(x, sdx=sdx)"),
    ("y ~ 1 + (mo(grade):me(x, sdx) | g)", "its steps have no shares", "mo(grade):me(x, sdx)"),
]


@pytest.mark.parametrize(("text", "message", "place"), UNFIT)
def test_data_that_are_refused(text: str, message: str, place: str) -> None:
    data = DATA.assign(minus=np.where(np.arange(len(DATA)) == 4, -1.0, 1), nothing=0.0)
    with pytest.raises(bx.FormulaError) as caught:
        Model(text, data)
    _check(caught.value, message, place)


def _check(error: bx.FormulaError, message: str, place: str) -> None:
    assert message in error.message
    start, end = error.span
    assert error.source[start:end] == place
    assert "^" in str(error)


def test_several_responses_have_the_same_true_values() -> None:
    formula = bx.mv("y ~ me(x, sdx)", bx.bf("z ~ me(x, sdx) + me(u, 0.1, gr=g)", family="student"))
    fit = given_fit(formula, DATA)
    d = draws_of(fit)
    assert [p.name for p in fit.model.spec.of_role("true values")] == ["Xme", "Xme_g"]
    expected = d["b_y"][:, [0]] + d["b_y"][:, [1]] * d["Xme"][:, :, 0]
    assert_allclose(fit.posterior_linpred(resp="y").to_numpy(), expected)
    assert fit.posterior_epred(DATA.head(3), resp="z").shape == (40, 3)
    assert bx.bf(formula, mecor=False).formulas[1].mecor is False
    with pytest.raises(bx.FormulaError, match="without subset"):
        Model(bx.mv("y | subset(flag) ~ me(x, sdx)", "z ~ 1"), DATA)


def test_missing_measurements_leave_rows_out() -> None:
    data = DATA.assign(x=DATA["x"].where(DATA.index != 2), sdx=DATA["sdx"].where(DATA.index != 5))
    with pytest.warns(bx.MissingRowsWarning, match=r"2 of 40 .* 'x' \(1\), 'sdx' \(1\)"):
        model = Model("y ~ me(x, sdx)", data)
    assert model.spec.by_name["Xme"].shape == (38, 1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The draws should not be trusted yet")
def test_recovery() -> None:
    """The slope of true values, which that of measurements falls short of.

    Of the many true values some are above the limit of R-hat by chance.
    """
    rng = np.random.default_rng(3)
    true = rng.normal(2, 1, 200)
    other = 0.7 * (true - 2) + np.sqrt(1 - 0.49) * rng.normal(size=200)
    data = pd.DataFrame({"sdx": rng.uniform(0.4, 0.7, 200)})
    data["x"] = rng.normal(true, data["sdx"])
    data["w"] = rng.normal(other, 0.5)
    data["y"] = rng.normal(1 + 1.5 * true - 0.8 * other, 1)
    fit = bx.brm("y ~ me(x, sdx) + me(w, 0.5)", data, random_seed=1)
    table = fit.summary(probs=(0.005, 0.995))
    truth = {"Intercept": 1, "me(x, sdx)": 1.5, "me(w, 0.5)": -0.8, "meanme[x]": 2, "sdme[x]": 1}
    truth |= {"meanme[w]": 0, "sdme[w]": 1, "corme[x, w]": 0.7, "sigma": 1}
    for (_, name), row in table.iterrows():
        assert row["Q0.5"] < truth[name] < row["Q99.5"], name
    assert (table["Rhat"] < 1.02).all()
    assert table["Bulk_ESS"].min() > 400
    columns = np.column_stack([np.ones(200), data[["x", "w"]]])
    assert np.linalg.lstsq(columns, data["y"])[0][1] < 1.1
