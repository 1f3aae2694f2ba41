"""Monotonic effects: what they are, names, ids, new rows, effects, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.model import Model

from .support import draws_of, fit_of, frame, given_fit

SIZES = ["small", "middle", "large"]
DATA = frame(40).assign(
    size=lambda d: pd.Categorical(
        np.resize(SIZES, len(d))[np.argsort(d["x"].to_numpy())], SIZES, ordered=True
    )
)
NORMAL = bx.prior("normal(0, 1)", "b")


def heights(shares: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """D times the sum of the first shares, row by row: samples × rows."""
    steps = shares.shape[1]
    return steps * np.stack([shares[:, :c].sum(axis=1) for c in codes], axis=1)


def test_the_predictor_by_hand() -> None:
    """Each coefficient with shares of its own, those of brackets with the population's."""
    text = "y ~ mo(grade) * x + mo(size):mo(grade) + (1 + mo(grade) + mo(grade):x | g)"
    fit = given_fit(text, DATA)
    d, g = draws_of(fit), fit.model.spec.design.groups[0].index
    grade, size = DATA["grade"].to_numpy() - 1, DATA["size"].cat.codes.to_numpy()
    x, (b, r) = DATA["x"].to_numpy(), (d["b"], d["r_g"])
    names = fit.model.spec.design.predictors[0].columns.names
    assert names == ("Intercept", "x", "mo(grade)", "mo(grade):x", "mo(size):mo(grade)")
    alone, with_x = (heights(d[f"simo_{n}"], grade) for n in ("mo(grade)", "mo(grade):x"))
    both = heights(d["simo_mo(size):mo(grade)_1"], size)
    both = both * heights(d["simo_mo(size):mo(grade)_2"], grade)
    expected = b[:, [0]] + b[:, [1]] * x + r[:, g, 0]
    expected += (b[:, [2]] + r[:, g, 1]) * alone + (b[:, [3]] + r[:, g, 2]) * with_x * x
    expected += b[:, [4]] * both
    assert_allclose(fit.posterior_linpred().to_numpy(), expected)
    assert_allclose(fit.posterior_linpred(DATA).to_numpy(), expected)
    population = fit.posterior_linpred(re_formula="~ (1 + mo(grade):x | g)").to_numpy()
    assert_allclose(population, expected - r[:, g, 1] * alone)


def test_levels_of_factors_have_shares_of_their_own() -> None:
    alone = Model("y ~ mo(grade):f", DATA).spec.design.predictors[0].columns.names
    assert alone == ("Intercept", *(f"mo(grade):f[{level}]" for level in "cab"))
    for text in ("y ~ mo(grade) * f", "y ~ 0 + mo(grade) * f"):
        # As in brms, which codes these terms as beside an intercept.
        names = Model(text, DATA).spec.design.predictors[0].columns.names
        assert names[-3:] == ("mo(grade)", "mo(grade):f[a]", "mo(grade):f[b]")


def test_effects_with_an_id_share_their_steps() -> None:
    text = 'y ~ mo(grade, id="a") * x + mo(grade_0, id="a") + mo(grade)'
    fit = given_fit(text, DATA)
    names = [p.name for p in fit.model.spec.parameters if p.role == "steps"]
    assert names == ["simo_a", "simo_mo(grade)"]
    d, grade = draws_of(fit), DATA["grade"].to_numpy() - 1
    b, shared = d["b"], heights(d["simo_a"], grade)
    expected = b[:, [0]] + b[:, [1]] * DATA["x"].to_numpy() + b[:, [2]] * shared
    expected += b[:, [3]] * heights(d["simo_a"], DATA["grade_0"].to_numpy())
    expected += b[:, [4]] * heights(d["simo_mo(grade)"], grade)
    expected += b[:, [5]] * shared * DATA["x"].to_numpy()
    assert_allclose(fit.posterior_linpred().to_numpy(), expected)
    rows = fit.model.priors.query("`class` == 'simo'")
    assert rows["coef"].tolist() == ["a", "mo(grade)1"]


def test_draws_of_brms_with_an_id() -> None:
    """brms keeps the shares once for each coefficient that has them."""
    model = Model('y ~ mo(grade, id="a") * x', DATA)
    shares = {"mogradeidEQa1": (0.2, 0.3, 0.5), "mogradeidEQa:x1": (0.2, 0.3, 0.5)}
    columns = {"b_Intercept": 1.0, "b_x": 2.0, "bsp_mogradeidEQa": 3.0, "sigma": 1.0}
    columns |= {"bsp_mogradeidEQa:x": 4.0}
    columns |= {f"simo_{n}[{i + 1}]": v for n, s in shares.items() for i, v in enumerate(s)}
    fit = bx.from_brms(model, pd.DataFrame(columns, index=[0]))
    assert_allclose(draws_of(fit)["simo_a"], [(0.2, 0.3, 0.5)])
    assert_allclose(draws_of(fit)["b"], [(1, 2, 3, 4)])


def test_priors_of_shares() -> None:
    priors = [bx.prior("dirichlet(3, 1, 2)", "simo", coef="mograde1")]
    priors += [bx.prior("dirichlet(5)", "simo"), NORMAL, bx.prior("normal(0, 9)", coef="mograde")]
    model = Model(bx.bf("y ~ mo(grade) + mo(size)", sigma="mo(grade)"), DATA, prior=[*priors])
    said = {s.key[:4]: str(r.distribution) for s, r in _resolved(model, "simo")}
    assert said == {
        ("simo", "", "", "mo(grade)1"): "dirichlet(3, 1, 2)",
        ("simo", "", "", "mo(size)1"): "dirichlet(5)",
        ("simo", "sigma", "", "mo(grade)1"): "dirichlet(1)",
    }
    coefs = {s.coef: str(r.distribution) for s, r in _resolved(model, "b") if not s.dpar}
    assert coefs == {"mo(grade)": "normal(0, 9)", "mo(size)": "normal(0, 1)"}
    with pytest.raises(bx.PriorError, match="takes one number, or 3"):
        Model("y ~ mo(grade)", DATA, prior=bx.prior("dirichlet(1, 2)", "simo"))


def _resolved(model: Model, class_: str) -> list:
    priors = model.spec.priors
    pairs = zip(priors.slots, priors.resolved, strict=True)
    return [pair for pair in pairs if pair[0].class_ == class_]


def test_the_default_of_autoscale_is_that_of_a_step() -> None:
    model = Model("y ~ mo(grade)", DATA, default_priors="autoscale")
    (found,) = (r.distribution for s, r in _resolved(model, "b"))
    assert_allclose(found.params, (0, 2.5 * DATA["y"].std()))


def test_a_single_step_is_no_parameter() -> None:
    fit = given_fit("y ~ mo(yes)", DATA, **{"simo_mo(yes)": np.ones((2, 20, 1))})
    assert fit.model.priors.query("`class` == 'simo'").empty
    b = draws_of(fit)["b"]
    expected = b[:, [0]] + b[:, [1]] * DATA["yes"].to_numpy()
    assert_allclose(fit.posterior_linpred().to_numpy(), expected)
    prior = Model("y ~ mo(yes)", DATA, prior=NORMAL).sample_prior(5, 1)
    assert_allclose(prior["prior"]["simo_mo(yes)"], 1.0)


def test_draws_of_the_prior() -> None:
    prior = [NORMAL, bx.prior("dirichlet(3, 1, 2)", "simo")]
    tree = Model("y ~ mo(grade)", DATA, prior=prior).sample_prior(4000, 1)
    shares = tree["prior"]["simo_mo(grade)"].to_numpy()[0]
    assert_allclose(shares.sum(axis=1), 1.0)
    for k, (a, rest) in enumerate(((3, 3), (1, 5), (2, 4))):
        assert stats.kstest(shares[:, k], stats.beta(a, rest).cdf).pvalue > 1e-3
    step = tree["prior"]["simo_mo(grade)"].coords["mo(grade)_step"]
    assert step.to_numpy().tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("text", "changes", "message"),
    [
        ("y ~ mo(grade)", {"grade": 5}, r"mo\(grade\) is of whole numbers from 1 to 4"),
        ("y ~ mo(grade)", {"grade": 0}, "has 0 in row 0"),
        ("y ~ mo(grade)", {"grade": 1.5}, "has 1.5 in row 0"),
        ("y ~ mo(size)", {"size": "huge"}, "has the level 'huge' in row 0"),
        ("y ~ mo(size)", {"size": None}, "is missing in row 0"),
    ],
)
def test_new_rows_beyond_those_of_the_fit(text: str, changes: dict, message: str) -> None:
    with pytest.raises(bx.PredictionError, match=message):
        given_fit(text, DATA).posterior_epred(pd.DataFrame(changes, index=[0]))


def test_new_rows_may_be_text_or_have_a_value_that_no_row_had() -> None:
    data = DATA[DATA["grade"] != 3]
    fit = given_fit("y ~ mo(grade) + mo(size)", data)
    assert fit.idata["posterior"]["simo_mo(grade)"].shape[-1] == 3
    new = pd.DataFrame({"grade": [3, 3], "size": ["large", "small"]})
    d = draws_of(fit)
    expected = d["b"][:, :1] + d["b"][:, [1]] * heights(d["simo_mo(grade)"], np.array([2, 2]))
    expected += d["b"][:, [2]] * heights(d["simo_mo(size)"], np.array([2, 0]))
    assert_allclose(fit.posterior_epred(new).to_numpy(), expected)


def test_of_some_rows_the_steps_are_those_of_all() -> None:
    """As folds of `kfold` need it, whose rows may lack the lowest and the highest values."""
    model = Model("y ~ mo(grade) * f + mo(size) + (1 + mo(grade) | g)", DATA)
    some = np.flatnonzero(DATA["grade"].isin([2, 3]) & (DATA["size"] != "small"))
    part = bx.Model.from_spec(model.on_rows(some).spec)
    shapes = {p.name: p.shape for p in part.spec.parameters if p.role == "steps"}
    assert shapes["simo_mo(grade)"] == (3,) and shapes["simo_mo(size)"] == (2,)
    fit = fit_of(part)
    assert fit.posterior_epred(DATA).shape == (40, len(DATA))
    here = fit.posterior_epred(DATA.iloc[some]).to_numpy()
    assert_allclose(here, fit.posterior_epred().to_numpy())


def test_effects_go_from_value_to_value() -> None:
    """Numbers of ``mo()`` count as levels: there is no half step."""
    fit = given_fit("y ~ mo(grade) * x + mo(size)", DATA)
    effects = fit.conditional_effects()
    assert list(effects) == ["grade", "x", "size", "grade:x"]
    assert effects["grade"].table["grade"].tolist() == [1, 2, 3, 4]
    found = fit.avg_comparisons("grade")
    assert found.table["contrast"].tolist() == ["2 - 1", "3 - 1", "4 - 1"]
    d, x = draws_of(fit), DATA["x"].to_numpy()
    up = [
        d["b"][:, [2]] * heights(d["simo_mo(grade)"], np.array([k]))
        + d["b"][:, [4]] * heights(d["simo_mo(grade):x"], np.array([k])) * x.mean()
        for k in (1, 2, 3)
    ]
    assert_allclose(found.values.mean(axis=0), np.hstack(up).mean(axis=0))
    sizes = fit.avg_comparisons({"size": "sequential"})
    assert sizes.table["contrast"].tolist() == ["middle - small", "large - middle"]


def test_averages_over_clusters_and_variances() -> None:
    """Effects of ``mo()`` in a bracket are integrated out with the draws' own steps."""
    text = "count ~ mo(grade) + (1 + mo(grade) | g)"
    fit = given_fit(text, DATA, "poisson")
    d, codes = draws_of(fit), DATA["grade"].to_numpy() - 1
    up = heights(d["simo_mo(grade)"], codes)
    sd, rho = d["sd_g"], d["cor_g"][:, 0, 1, None]
    variance = sd[:, [0]] ** 2 + (sd[:, [1]] * up) ** 2 + 2 * rho * sd[:, [0]] * sd[:, [1]] * up
    eta = d["b"][:, [0]] + d["b"][:, [1]] * up
    found = fit.posterior_epred(clusters="population").to_numpy()
    assert_allclose(found, np.exp(eta + variance / 2))
    normal = given_fit("y ~ mo(grade) + (1 + mo(grade) | g)", DATA)
    d = draws_of(normal)
    up, sd, rho = heights(d["simo_mo(grade)"], codes), d["sd_g"], d["cor_g"][:, 0, 1, None]
    between = sd[:, [0]] ** 2 + (sd[:, [1]] * up) ** 2 + 2 * rho * sd[:, [0]] * sd[:, [1]] * up
    between = between.mean(axis=1)
    share = (between / (between + d["sigma"] ** 2)).mean()
    assert_allclose(normal.icc().values[:, 0].mean(), share)


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("y ~ mo(x)", "ordered categories or whole numbers; 'x' is", "x"),
        ("y ~ mo(f)", "those of 'f' have no order", "f"),
        ("y ~ mo(flag)", "those of 'flag' have no order", "flag"),
        ("y ~ mo(one)", "'one' is 1 in every row", "one"),
        ("y ~ mo(far)", "more than 1000 steps", "far"),
        ('y ~ mo(size, id="a") + x:mo(grade, id="a")', "has 3 steps, and", 'mo(grade, id="a")'),
        ("y ~ x + (1 + mo(grade) | g)", "its steps have no shares", "mo(grade)"),
        ("y ~ mo(grade) + (mo(grade):x | g)", "'mo(grade):x' varies", "mo(grade):x"),
        ("y ~ mo(grade, x)", "takes one covariate", "mo(grade, x)"),
        ("y ~ mo()", "takes one covariate", "mo()"),
        ("y ~ mo(3)", "a column, or an expression", "3"),
        ("y ~ mo(grade, i='a')", "no option 'i'", "'a'"),
        ("y ~ mo(grade, id='a b')", "a word in quotes", "'a b'"),
        ("y ~ mo(grade, id=a)", "a word in quotes", "a"),
        ("y ~ log(mo(grade))", "can't stand inside a call", "mo"),
        ("y ~ mo(grade):mo(grade)", "can't interact with itself", "mo(grade):mo(grade)"),
        ("y ~ mo(grade)**2", "A power of the single term", "mo(grade)**2"),
        ("mo(grade) ~ x", "an effect of an ordered variable", "mo(grade)"),
        ("y ~ cs(mo(grade))", "can't stand in cs()", "cs(mo(grade))"),
    ],
)
def test_refused(text: str, message: str, at: str) -> None:
    data = DATA.assign(one=1, far=np.arange(len(DATA)) * 100)
    with pytest.raises(bx.FormulaError) as error:
        Model(text, data)
    assert message in error.value.message
    start, end = error.value.span
    assert text[start:end] == at


def test_the_equation() -> None:
    text = str(Model("y ~ mo(grade) + x", DATA).equation())
    assert "β₂ mo(grade)[i]" in text
    assert "x̄ β₁ ~" in text
    remark = "shares of steps; mo(grade) is 3 times the sum of those up to a row's"
    assert f"ζ[mo(grade)] ~ Dirichlet(1)    {remark}" in text


def test_saved_and_loaded(tmp_path: Path) -> None:
    fit = given_fit("y ~ mo(size):f + mo(I(grade / 1))", DATA)
    again = bx.load(fit.save(tmp_path / "fit.nc"))
    assert_allclose(again.log_lik(), fit.log_lik())
    assert "simo_mo(I(grade ÷ 1))" in again.idata["posterior"]


@pytest.mark.parametrize("sampler", ["auto"])
def test_known_steps_are_found(sampler: str) -> None:
    rng = np.random.default_rng(3)
    o, x = rng.integers(0, 4, 400), rng.normal(size=400)
    data = pd.DataFrame({"o": o, "x": x})
    data["y"] = 1 + np.array([0.0, 1.8, 2.1, 3.0])[o] + 0.5 * x + rng.normal(0, 0.5, 400)
    fit = Model("y ~ mo(o) + x", data, prior=NORMAL).fit(
        draws=1000, tune=500, chains=2, random_seed=1, sampler=sampler, progressbar=False
    )
    d = draws_of(fit)
    means, sds = d["simo_mo(o)"].mean(axis=0), d["simo_mo(o)"].std(axis=0)
    assert (np.abs(means - [0.6, 0.1, 0.3]) < 4 * sds).all() and sds.max() < 0.05
    # Beside least squares with a coefficient for each value.
    columns = np.column_stack([np.eye(4)[o], x])
    least = np.linalg.lstsq(columns, data["y"].to_numpy())[0]
    ours = fit.avg_comparisons("o").values.mean(axis=0)
    assert_allclose(ours, least[1:4] - least[0], atol=0.03)
