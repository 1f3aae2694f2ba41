"""Models of several responses: densities, predictions, priors, names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.errors import PredictionError
from bayesmix.fit import Fit
from bayesmix.names import variables
from bayesmix.priors import lkj

from .pymc_model.test_density import at_random, log_jacobian
from .support import draws_of, fit_of, frame, given_fit

DATA = frame(40).assign(
    v=lambda d: d["x"] + 0.5 * d["y"],
    s=lambda d: np.sin(d["y"]) + d["z"],
    first=np.arange(40) % 3 > 0,
    second=np.arange(40) % 4 < 2,
    when=lambda d: (7 * np.arange(len(d))) % 40 + 0.5,
    time=lambda d: d["amount"] + 0.1,
    c=np.where(np.arange(40) % 5 == 0, "right", "none"),
)
POISSON = bx.bf("count ~ z + (1 | p | g)", family="poisson")
GAUSSIAN = bx.mv("y ~ x + (1 | p | g)", "v ~ z + (1 | p | g)", "s ~ 1")
STUDENT = bx.mv("y ~ x", "v ~ z + (1 | g)")


def both(name: str) -> Fit:
    """A fit of random draws of correlated responses, with weights or without."""
    family = name.split()[0]
    formula = GAUSSIAN if family == "gaussian" else STUDENT
    if "weighted" in name:
        parts = [str(f).replace(" ~", " | weights(w) ~") for f in formula.formulas]
        formula = bx.mv(*parts)
    return given_fit(formula, DATA, family, draws=3)


def scales(fit: Fit, s: int, row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Response, mean and covariance (or shape) of one row under one draw."""
    names, d = fit.model.spec.names, draws_of(fit)
    y = DATA[list(names)].to_numpy()[row]
    mu = fit.posterior_epred(dpar="mu").to_numpy()[s, row]
    sigma = np.array([d[f"sigma_{n}"][s] for n in names])
    return y, mu, np.outer(sigma, sigma) * lkj.matrix(d["rescor"])[s]


KINDS = ("gaussian", "student", "gaussian weighted", "student weighted")


@pytest.mark.parametrize("kind", KINDS)
def test_the_likelihood_of_a_row_is_that_of_all_its_responses(kind: str) -> None:
    fit = both(kind)
    found, d = fit.log_lik().to_numpy(), draws_of(fit)
    for s in range(len(d)):
        for row in range(0, 40, 7):
            y, mu, cov = scales(fit, s, row)
            if "student" in kind:
                expected = stats.multivariate_t(mu, cov, d["nu"][s]).logpdf(y)
            else:
                expected = stats.multivariate_normal(mu, cov).logpdf(y)
            weight = DATA["w"][row] if "weighted" in kind else 1.0
            assert_allclose(found[s, row], weight * expected, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_loo_of_one_response_is_given_the_others(kind: str) -> None:
    """Conditional normal and t distributions, as they are in textbooks."""
    fit = both(kind)
    names, d = fit.model.spec.names, draws_of(fit)
    for at, name in enumerate(names):
        tree = fit._alone(name)
        found = tree["log_likelihood"][name].to_numpy().reshape(len(d), -1)
        others = [k for k in range(len(names)) if k != at]
        for s, row in ((0, 0), (2, 11), (5, 39)):
            y, mu, cov = scales(fit, s, row)
            across, inner = cov[at, others], cov[np.ix_(others, others)]
            pull, e = np.linalg.solve(inner, across), (y - mu)[others]
            mean, var = mu[at] + pull @ e, cov[at, at] - pull @ across
            if "student" in kind:
                nu = d["nu"][s]
                squares, df = e @ np.linalg.solve(inner, e), nu + len(others)
                scale = np.sqrt(var * (nu + squares) / df)
                expected = stats.t(df, mean, scale).logpdf(y[at])
            else:
                expected = stats.norm(mean, np.sqrt(var)).logpdf(y[at])
            weight = DATA["w"][row] if "weighted" in kind else 1.0
            assert_allclose(found[s, row], weight * expected, rtol=1e-9)


@pytest.mark.parametrize("kind", ("gaussian", "student"))
def test_joint_minus_conditional_is_the_likelihood_of_the_others(kind: str) -> None:
    """Of two, that of the other alone."""
    family, formula = kind, bx.mv("y ~ x", "v ~ z")
    fit = given_fit(formula, DATA, family)
    alone = fit._alone("y")["log_likelihood"]["y"].to_numpy().reshape(-1, 40)
    assert_allclose(fit.log_lik() - alone, fit.log_lik(resp="v"), rtol=1e-9)


NORMAL = bx.prior("normal(0, 1)", "b")
DENSITIES: dict[str, tuple[Any, Any, Any]] = {
    "two normal": (bx.mv("y ~ x + (1 | p | g)", "v ~ z + (1 | p | g)"), None, NORMAL),
    "two student": (bx.mv("y ~ x", "v ~ z + (1 | g)"), "student", NORMAL),
    "three, weighted": (
        bx.mv("y | weights(w) ~ x", "v | weights(w) ~ 1", bx.bf("s | weights(w) ~ 1", sigma="x")),
        None,
        bx.prior("lkj(3)", "rescor"),
    ),
    "apart": (
        bx.mv("mvbind(y, v) ~ x + (1 + x | g)", rescor=False),
        ["gaussian", "student"],
        [bx.prior("normal(0, 2)", "b", resp="v"), bx.prior("normal(1, 1)", "Intercept")],
    ),
    "counts beside": (bx.mv("y ~ x + (1 + x | p | g)", POISSON), None, NORMAL),
    "rows of their own": (
        bx.mv(
            "y | subset(first) ~ x + (1 | p | g)",
            bx.bf("count | subset(second) ~ z + (1 | p | g) + (1 | k)", family="poisson"),
        ),
        None,
        NORMAL,
    ),
    "categories beside": (
        bx.mv("y ~ x + (1 | p | g)", bx.bf("f ~ z + (1 | p | g)", family="categorical")),
        None,
        (),
    ),
    "thresholds": (
        bx.mv("y ~ x", bx.bf("grade ~ z + (1 | g)", family="cumulative")),
        None,
        bx.prior("normal(0, 3)", "Intercept", resp="grade"),
    ),
    "lags in one": (
        bx.mv("y ~ x + ar(when, gr=g)", "v ~ z + (1 | p | k)"),
        None,
        (),
    ),
    "a smooth in one": (bx.mv("y ~ s(x, k=5)", "v ~ z + mo(grade)"), None, NORMAL),
    "a scale in one": (
        bx.mv(bx.bf("y ~ x + (1 | p | g)", sigma="z + (1 | p | g)"), "v ~ 1"),
        None,
        NORMAL,
    ),
    "a marker and times": (
        bx.mv(
            "y | subset(first) ~ x + (1 | p | g)",
            bx.bf("time | cens(c) + subset(second) ~ z + (1 | p | g)", family="cox"),
        ),
        None,
        (),
    ),
    "shrunk in one": (
        bx.mv("y ~ x + z", "v ~ z"),
        None,
        [bx.prior("horseshoe(1)", "b", resp="y"), NORMAL],
    ),
}


@pytest.mark.parametrize("name", DENSITIES)
def test_pymc_has_the_density_of_predictions(name: str) -> None:
    formula, family, priors = DENSITIES[name]
    model = bx.Model(formula, DATA, family, priors)
    logp, fit = at_random(model, 1)
    correlations = 0.0
    if model.spec.rescor is not None:
        correlations = rescor_jacobian(lkj.matrix(draws_of(fit)["rescor"])[0])
    ours = fit.log_density()[0]
    assert_allclose(logp + log_jacobian(fit) + correlations, ours, rtol=1e-9)


def rescor_jacobian(cor: np.ndarray) -> float:
    """Of PyMC's uniform parts u by the entries of the Cholesky factor."""
    root = np.linalg.cholesky(cor)
    return -sum(
        np.log(2 * np.sqrt(1 - (root[i, :j] ** 2).sum()))
        for i, j in zip(*np.tril_indices(len(cor), -1), strict=True)
    )


def test_drawn_responses_have_the_correlation_of_residuals() -> None:
    """And the scales and, of students, the tails that the parameters say."""
    rows = {"x": [1.0], "z": [1.5]}
    for family, kurtosis in (("gaussian", 0.0), ("student", 1.0)):
        model = bx.Model(bx.mv("y ~ x", "v ~ z"), DATA, family)
        given = {"rescor": np.full((1, 40_000, 1), -0.6), "sigma_y": np.full((1, 40_000), 2.0)}
        given |= {"sigma_v": np.full((1, 40_000), 0.5), "b_y": np.zeros((1, 40_000, 2))}
        given |= {"b_v": np.ones((1, 40_000, 2)), "nu": np.full((1, 40_000), 10.0)}
        fit = fit_of(model, 1, 40_000, **given)
        drawn = fit.posterior_predict(rows, random_seed=1).to_numpy()[:, 0]
        assert_allclose(np.corrcoef(drawn.T)[0, 1], -0.6, atol=0.02)
        wider = 10 / 8 if family == "student" else 1.0
        assert_allclose(drawn.var(axis=0), [4 * wider, 0.25 * wider], rtol=0.05)
        assert_allclose(drawn.mean(axis=0), [0, 2.5], atol=0.04)
        assert_allclose(stats.kurtosis(drawn), kurtosis, atol=0.35)


def test_one_response_is_drawn_as_among_all_but_for_its_noise() -> None:
    fit = both("gaussian")
    assert_allclose(fit.posterior_epred(resp="v"), fit.posterior_epred().sel(resp="v"))
    joint = fit.posterior_predict(random_seed=1)
    assert joint.dims == ("sample", "obs", "resp")
    again = fit.posterior_predict(random_seed=1)
    assert_allclose(joint, again)


SHARED = bx.mv("y ~ 0 + (1 | p | g)", "v ~ 0 + (1 | p | g)", rescor=False)


def test_a_new_cluster_is_one_in_all_responses() -> None:
    """Whose effects have the correlation that the draws have."""
    shape = (1, 20_000)
    cor = np.broadcast_to([[1.0, 0.8], [0.8, 1.0]], (*shape, 2, 2))
    given = {"cor_g": cor, "sd_g": np.broadcast_to([1.0, 3.0], (*shape, 2))}
    fit = fit_of(bx.Model(SHARED, DATA), *shape, **given)
    for how in (
        {"clusters": "new"},
        {"newdata": {"g": ["new"]}, "allow_new_levels": True, "sample_new_levels": "gaussian"},
    ):
        made = fit.posterior_epred(**{"newdata": {"g": ["p"]}, **how}, random_seed=1).to_numpy()
        assert_allclose(np.cov(made[:, 0].T), [[1, 2.4], [2.4, 9]], rtol=0.05)
        alone = fit.posterior_epred(
            **{"newdata": {"g": ["p"]}, **how}, random_seed=1, resp="v"
        ).to_numpy()
        assert_allclose(alone, made[..., 1])


def test_a_new_cluster_by_uncertainty_is_one_of_the_fit_in_all_responses() -> None:
    fit = fit_of(bx.Model(SHARED, DATA))
    new = fit.posterior_epred({"g": ["new"]}, allow_new_levels=True, random_seed=1).to_numpy()
    r = draws_of(fit)["r_g"]
    assert ((new == r).all(axis=2).sum(axis=1) == 1).all()


def test_residuals_of_every_cluster_are_drawn_anew() -> None:
    fit = given_fit(bx.mv("y ~ x + (1 | p | g)", "v ~ x + (1 | p | g)"), DATA)
    rows = {"x": [1.0, 2.0]}
    drawn = fit.posterior_predict(rows, clusters="fitted", random_seed=1)
    noise = drawn - fit.posterior_epred(rows, clusters="fitted", random_seed=1)
    assert drawn.dims == ("sample", "obs", "g", "resp")
    flat = noise.sel(resp="y").to_numpy().reshape(40, -1)
    assert len(np.unique(flat.round(9), axis=1).T) == 12


def test_a_saved_fit_is_the_same(tmp_path) -> None:
    formula = bx.mv(
        "y | subset(first) ~ x + (1 | p | g)",
        bx.bf("count | subset(second) ~ z + (1 | p | g)", family="poisson"),
    )
    for name, fit in (
        ("rescor", both("student weighted")),
        ("own rows", given_fit(formula, DATA, prior=bx.prior("normal(0, 1)", "b", resp="y"))),
    ):
        fit.save(tmp_path / f"{name}.nc")
        found = bx.load(tmp_path / f"{name}.nc")
        assert str(found.model.formula) == str(fit.model.formula)
        assert found.model.priors.equals(fit.model.priors)
        assert_allclose(found.log_density(), fit.log_density())
        for resp in fit.model.spec.names:
            assert_allclose(found.log_lik(resp=resp), fit.log_lik(resp=resp))


def test_names_of_brms_have_no_dots_and_underscores() -> None:
    """As its ``gsub("\\.|_", "", …)`` of responses makes them; columns keep theirs."""
    data = DATA.rename(columns={"y": "y_1", "v": "v.2"})
    formula = bx.mv("y_1 ~ x + (1 | p | g)", bx.bf("`v.2` ~ y_1 + (1 | p | g)", sigma="z"))
    fit = fit_of(bx.Model(formula, data), chains=1)
    names = [
        *("b_y1_Intercept", "b_y1_x", "b_v2_Intercept", "b_v2_y_1"),
        *("b_sigma_v2_Intercept", "b_sigma_v2_z", "sigma_y1", "rescor__y1__v2"),
        *("sd_g__y1_Intercept", "sd_g__v2_Intercept", "cor_g__y1_Intercept__v2_Intercept"),
        *(f"r_g__{r}[{level},Intercept]" for r in ("y1", "v2") for level in "pqrstu"),
    ]
    own = {name: cell for v in variables(fit.model.spec) for cell in v.cells for name in cell.names}
    assert set(names) <= own.keys() and len({own[name] for name in names}) == len(names)
    whole = fit.idata["posterior"].to_dataset()
    places = {v.name: v for v in variables(fit.model.spec)}
    columns = {
        name: whole[v.name].to_numpy()[0][:, *cell.positions[0]]
        for name in names
        for v in places.values()
        for cell in v.cells
        if name in cell.names
    }
    read = bx.from_brms(fit.model, columns | {"lp__": np.zeros(20)})
    assert_allclose(read.log_density(), fit.log_density())


def prior_of(model: bx.Model, **about: str) -> str:
    """The prior of one parameter."""
    slot = next(
        s
        for p in model.spec.parameters
        for s in p.slots
        if all(getattr(s, k) == v for k, v in about.items())
    )
    return str(model.spec.priors.for_slot(slot).distribution)


def test_a_prior_of_a_response_beats_that_of_all() -> None:
    priors = [
        bx.prior("normal(0, 1)", "b"),
        bx.prior("normal(0, 2)", "b", resp="v"),
        bx.prior("normal(0, 3)", "b", coef="z"),
        bx.prior("exponential(1)", "sd"),
        bx.prior("exponential(2)", "sd", resp="v", group="g"),
        bx.prior("gamma(2, 1)", "sigma", resp="y"),
        bx.prior("lkj(4)", "rescor"),
    ]
    formula = bx.mv("y ~ x + (1 | p | g)", "v ~ x + z + (1 | p | g) + (1 | k)")
    for order in (priors, priors[::-1]):
        model = bx.Model(formula, DATA, prior=order)
        assert prior_of(model, class_="b", coef="x", resp="y") == "normal(0, 1)"
        assert prior_of(model, class_="b", coef="x", resp="v") == "normal(0, 2)"
        assert prior_of(model, class_="b", coef="z", resp="v") == "normal(0, 3)"
        assert prior_of(model, class_="sd", group="g", resp="y") == "exponential(1)"
        assert prior_of(model, class_="sd", group="g", resp="v") == "exponential(2)"
        assert prior_of(model, class_="sd", group="k", resp="v") == "exponential(1)"
        assert prior_of(model, class_="sigma", resp="y") == "gamma(2, 1)"
        assert prior_of(model, class_="sigma", resp="v").startswith("student_t(3, 0, ")
        assert prior_of(model, class_="rescor") == "lkj(4)"


def test_default_priors_are_those_of_each_response() -> None:
    formula = bx.mv("y ~ x", bx.bf("count ~ x", family="negbinomial"))
    model = bx.Model(formula, DATA)
    for name, family in (("y", "gaussian"), ("count", "negbinomial")):
        alone = bx.Model(f"{name} ~ x", DATA, family)
        for class_ in ("Intercept", "sigma" if name == "y" else "shape"):
            expected = prior_of(alone, class_=class_)
            assert prior_of(model, class_=class_, resp=name) == expected


def test_each_response_keeps_what_it_has_of_re_formula() -> None:
    fit = given_fit(bx.mv("y ~ x + (1 | g)", "v ~ z + (1 | g) + (1 + x | k)"), DATA, draws=5)
    kept = fit.posterior_epred(re_formula="~ (1 | k)")
    assert_allclose(kept.sel(resp="y"), fit.posterior_epred(resp="y", re_formula=bx.NA))
    assert_allclose(
        kept.sel(resp="v"), fit.posterior_epred(resp="v", re_formula="~ (1 | k)"), rtol=1e-12
    )
    table = fit.fitted(re_formula="~ (1 | k)")
    means = kept.mean("sample").transpose("resp", "obs").to_numpy().ravel()
    assert_allclose(table["Estimate"], means)
    assert_allclose(fit.posterior_epred(re_formula=bx.NA), fit.posterior_epred(re_formula="~0"))
    with pytest.raises(PredictionError, match="group 'f'"):
        fit.posterior_epred(re_formula="~ (1 | f)")


def test_the_equation_has_one_symbol_for_the_correlations_of_residuals() -> None:
    lines = [line.strip() for line in str(both("student").model.equation()).splitlines()]
    assert lines[0].startswith("(y[i], v[i]) ~ MVStudentT(")
    assert "R ~ LKJ(1)" in lines and any("diag(σ[y], σ[v]) R diag" in line for line in lines)


def test_rows_of_their_own() -> None:
    """Each response has the density that it has in a model of its rows alone."""
    formula = bx.mv(
        "y | subset(first) ~ x + s(z, k=4)", bx.bf("count | subset(second) ~ f", family="poisson")
    )
    fit = given_fit(formula, DATA)
    for resp, column, family, right in (
        ("y", "first", "gaussian", "x + s(z, k=4)"),
        ("count", "second", "poisson", "f"),
    ):
        alone = bx.Model(f"{resp} ~ {right}", DATA[DATA[column]], family)
        values = fit.idata["posterior"].to_dataset()
        given = {
            p.name: values[f"{p.name}_{resp}"].to_numpy()
            for p in alone.spec.parameters
            if f"{p.name}_{resp}" in values
        }
        assert given.keys() == {p.name for p in alone.spec.parameters}
        one = fit_of(alone, **given)
        assert_allclose(fit.log_lik(resp=resp), one.log_lik())
        assert fit.log_lik(resp=resp)["obs"].to_numpy().tolist() == [*DATA.index[DATA[column]]]


def test_effects_of_the_responses_that_have_them() -> None:
    fit = given_fit(bx.mv("y ~ x", "v ~ x * z", "s ~ 1"), DATA, draws=5)
    assert list(fit.conditional_effects(resolution=3)) == ["y.x", "v.x", "v.z", "v.x:z"]
    assert list(fit.conditional_effects("z", resolution=3)) == ["v.z"]
    assert list(fit.conditional_effects("x", resolution=3, resp="y")) == ["x"]
    with pytest.raises(PredictionError, match="no column 'q'"):
        fit.conditional_effects("q")
    assert fit.plot.conditional_effects("x", resp="v").axes[0].get_ylabel() == "v"


@pytest.mark.slow
def test_a_fit_finds_the_correlations_of_effects_and_of_residuals() -> None:
    """What the data were drawn with."""
    rng = np.random.default_rng(7)
    between = [[1.0, 0.6 * 0.8], [0.6 * 0.8, 0.64]]
    within = [[1.0, -0.5 * 0.7], [-0.5 * 0.7, 0.49]]
    g, x = np.repeat(np.arange(60), 8), rng.normal(size=480)
    effects = rng.multivariate_normal([0, 0], between, 60)[g]
    y, v = (effects + rng.multivariate_normal([0, 0], within, 480)).T
    data = pd.DataFrame({"y": 1 + 0.5 * x + y, "v": -1 - 0.3 * x + v, "x": x, "g": g})
    formula = "mvbind(y, v) ~ x + (1 | p | g)"
    d = bx.brm(formula, data, random_seed=1, progressbar=False).draws()
    near(d["rescor__y__v"], -0.5)
    near(d["cor_g__y_Intercept__v_Intercept"], 0.6)
    near(d["sigma_v"], 0.7)
    near(d["b_v_x"], -0.3)


@pytest.mark.slow
def test_a_fit_finds_how_a_marker_goes_with_times() -> None:
    """A marker at visits until the event, and one time a subject, in rows of their own."""
    rng, n, rho = np.random.default_rng(3), 200, -0.7
    u, w = rng.multivariate_normal([0, 0], [[1, rho * 0.8], [rho * 0.8, 0.64]], n).T
    times = rng.exponential(np.exp(1.5 + w))
    stop = np.minimum(times, 6.0)
    visits = pd.DataFrame(
        [(i, t) for i in range(n) for t in range(6) if t <= stop[i]], columns=["id", "t"]
    )
    noise = rng.normal(0, 0.7, len(visits))
    visits["marker"] = 1 + 0.3 * visits["t"] + u[visits["id"]] + noise
    ends = pd.DataFrame({"id": range(n), "stop": stop, "lost": times > 6})
    ends["lost"] = np.where(ends["lost"], "right", "none")
    data = pd.concat([visits.assign(visit=True), ends.assign(visit=False)], ignore_index=True)
    data["end"] = ~data["visit"]
    formula = bx.mv(
        "marker | subset(visit) ~ t + (1 | p | id)",
        bx.bf("stop | cens(lost) + subset(end) ~ 1 + (1 | p | id)", family="exponential"),
    )
    d = bx.brm(formula, data, random_seed=1, progressbar=False).draws()
    near(d["cor_id__marker_Intercept__stop_Intercept"], rho)
    near(d["b_marker_t"], 0.3)
    near(d["b_stop_Intercept"], 1.5)


def near(drawn: Any, truth: float) -> None:
    """Within four posterior standard deviations, which are small."""
    values = np.asarray(drawn, float).ravel()
    assert values.std() < 0.2
    assert abs(values.mean() - truth) < 4 * values.std()


def test_tables_of_one_response_have_its_parameters_and_the_shared() -> None:
    fit = given_fit(bx.mv("y ~ x + (1 | p | g)", POISSON), DATA).of("count")
    assert list(fit.fixef().index) == ["count_Intercept", "count_z"]
    drawn = set(fit.draws().columns)
    assert {"b_count_Intercept", "b_count_z"} <= drawn
    assert not {"b_y_x", "sigma_y"} & drawn
    assert {"sd_g__y_Intercept", "sd_g__count_Intercept"} <= drawn
