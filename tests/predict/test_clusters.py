"""``clusters=``: the average, fitted, new clusters and their population, against the long way."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special

from bayesmix.errors import PredictionError
from bayesmix.families import LINKS, family
from bayesmix.fit import Fit
from bayesmix.formula import bf
from bayesmix.predict import NA

from ..support import draws_of, frame, given_fit, relatives

DATA = frame()
FIT = given_fit("y ~ x + (1 + x | g)", DATA)
CROSSED = given_fit("count ~ x + (1 + x | g) + (1 | k)", DATA, "poisson")
NESTED = given_fit("yes ~ x + (1 | g/h)", DATA, "bernoulli")
BY = given_fit("count ~ x + (1 + x | gr(g, by=t))", DATA, "poisson")
GRID = pd.DataFrame({"x": [1.0, 2.5, 4.0]})
LEVELS = list("pqrstu")


def epred(fit: Fit, newdata: Any = GRID, **how: Any) -> Any:
    return fit.posterior_epred(newdata, **how)


def test_average_is_without_effects() -> None:
    made = epred(FIT, clusters="average")
    np.testing.assert_array_equal(made, epred(FIT, re_formula=NA))
    assert made.attrs["held"] == "g: effects at zero"


def test_fitted_one_by_one() -> None:
    made = epred(FIT, clusters="fitted")
    assert made.dims == ("sample", "obs", "g")
    assert made["g"].to_numpy().tolist() == LEVELS
    for level in LEVELS:
        own = epred(FIT, GRID.assign(g=level))
        np.testing.assert_array_equal(made.sel(g=level), own)
        named = epred(FIT, GRID.assign(g=level), clusters="fitted")
        np.testing.assert_array_equal(named, own)
        assert named.dims == ("sample", "obs")


def test_fitted_averaged() -> None:
    made = epred(FIT, clusters="fitted", average=True)
    np.testing.assert_allclose(made, epred(FIT, clusters="fitted").mean("g"), rtol=1e-12)
    named = epred(FIT, GRID.assign(g="p"), clusters="fitted", average=True)
    np.testing.assert_array_equal(named, made)
    assert made.attrs["averaged"] == "g: the 6 fitted levels"


def test_rows_of_the_fit_name_their_clusters() -> None:
    made = FIT.posterior_epred(clusters="fitted")
    np.testing.assert_array_equal(made, FIT.posterior_epred())


def test_fitted_levels_of_several_groups_are_those_that_occur() -> None:
    made = epred(NESTED, clusters="fitted")
    pairs = sorted(set(zip(DATA["g"], DATA["h"], strict=True)))
    assert made.dims == ("sample", "obs", "cluster")
    assert made.sizes["cluster"] == len(pairs)
    for i, (g, h) in enumerate(pairs):
        np.testing.assert_array_equal(made[:, :, i], epred(NESTED, GRID.assign(g=g, h=h)))
        assert made["cluster"].to_numpy()[i] == (g, f"{g}_{h}")


def test_new_is_one_and_the_same_for_all_rows() -> None:
    made = FIT.posterior_linpred(GRID, clusters="new", random_seed=1)
    effects = made - FIT.posterior_linpred(GRID, clusters="average")
    slope = np.diff(effects, axis=1) / np.diff(GRID["x"])
    np.testing.assert_allclose(slope[:, 0], slope[:, 1])
    assert np.unique(slope[:, 0].round(9)).size == slope.shape[0]


def test_new_by_another_way() -> None:
    made = epred(FIT, clusters="new", sample_new_levels="old_levels", random_seed=1)
    fitted = epred(FIT, clusters="fitted")
    assert sum(bool((made == fitted.sel(g=level)).all()) for level in LEVELS) == 1


def test_several_new_are_averaged() -> None:
    one = FIT.posterior_epred(GRID, clusters="new", random_seed=1)
    two = FIT.posterior_epred(GRID, clusters="new", n_clusters=2, random_seed=1)
    other = 2 * two - one
    assert not np.allclose(other, one)
    average = FIT.posterior_epred(GRID, clusters="average")
    slope = np.diff(other - average, axis=1) / np.diff(GRID["x"])
    np.testing.assert_allclose(slope[:, 0], slope[:, 1])


@pytest.mark.parametrize("k", [1, 4, 25])
def test_variance_of_the_mean_of_new_clusters(k: int) -> None:
    sd, draws = [2.0, 0.5], 4000
    cor = np.array([[1.0, -0.4], [-0.4, 1.0]])
    given = {
        "sd_g": np.broadcast_to(sd, (1, draws, 2)),
        "cor_g": np.broadcast_to(cor, (1, draws, 2, 2)),
        "b": np.zeros((1, draws, 2)),
    }
    fit = given_fit("y ~ x + (1 + x | g)", DATA, chains=1, draws=draws, **given)
    made = fit.posterior_epred(GRID, clusters="new", n_clusters=k, random_seed=3)
    z = np.column_stack([np.ones(3), GRID["x"]])
    theory = z @ (np.outer(sd, sd) * cor) @ z.T / k
    np.testing.assert_allclose(np.cov(made.T), theory, rtol=0.1, atol=0.05 / k)


def by_hand(fit: Fit, terms: Any, link: str, rows: pd.DataFrame, nodes: int = 80) -> np.ndarray:
    """The mean of the inverse link over each effect in turn, by Gauss–Hermite."""
    draws, points = draws_of(fit), special.roots_hermitenorm(nodes)
    x, w = points[0], points[1] / points[1].sum()
    eta = fit.posterior_linpred(rows, clusters="average").to_numpy()
    columns = []
    for group, z in terms:
        sd = draws[f"sd_{group}"]
        cor = draws.values.get(f"cor_{group}", np.broadcast_to(np.eye(1), (len(sd), 1, 1)))
        root = np.linalg.cholesky(cor * sd[:, :, None] * sd[:, None, :])
        columns += [z @ root[:, :, k].T for k in range(root.shape[2])]
    total = np.zeros_like(eta)
    for at in product(range(nodes), repeat=len(columns)):
        move = sum(x[i] * c for i, c in zip(at, columns, strict=True))
        total += np.prod(w[list(at)]) * LINKS[link].inverse(eta + move.T)
    return total


LINKED = [
    ("y", "gaussian", "identity"),
    ("count", "poisson", "log"),
    ("count", "poisson", "sqrt"),
    ("count", "poisson", "softplus"),
    ("yes", "bernoulli", "logit"),
    ("yes", "bernoulli", "probit"),
    ("yes", "bernoulli", "cloglog"),
    ("yes", "bernoulli", "loglog"),
]
WITH = {"draws": 3, "chains": 1}
SMALL = {"sd_g": [[[0.6, 0.2], [0.3, 0.3], [0.9, 0.1]]], **WITH}
SMALL_EACH = {"sd_g": [[[0.6], [0.3], [0.9]]], "sd_k": [[[0.2], [0.3], [0.1]]], **WITH}
"""Standard deviations for which the simple rule by hand is exact."""


@pytest.mark.parametrize(("y", "name", "link"), LINKED)
def test_population_with_intercepts_and_slopes(y: str, name: str, link: str) -> None:
    fit = given_fit(f"{y} ~ x + (1 + x | g)", DATA, family(name, link=link), **SMALL)
    z = np.column_stack([np.ones(3), GRID["x"]])
    expected = by_hand(fit, [("g", z)], link, GRID)
    np.testing.assert_allclose(epred(fit, clusters="population"), expected, rtol=1e-8)


@pytest.mark.parametrize(("y", "name", "link"), LINKED)
def test_population_of_two_crossed_groups(y: str, name: str, link: str) -> None:
    fit = given_fit(f"{y} ~ x + (1 | g) + (0 + x | k)", DATA, family(name, link=link), **SMALL_EACH)
    terms = [("g", np.ones((3, 1))), ("k", GRID[["x"]].to_numpy())]
    expected = by_hand(fit, terms, link, GRID)
    np.testing.assert_allclose(epred(fit, clusters="population"), expected, rtol=1e-8)
    mixed = epred(fit, clusters={"g": "population", "k": "average"})
    expected = by_hand(fit, terms[:1], link, GRID)
    np.testing.assert_allclose(mixed, expected, rtol=1e-8)


@pytest.mark.parametrize("sd", [0.1, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("link", ["logit", "cloglog", "loglog", "cauchit", "softit"])
def test_population_keeps_its_digits(sd: float, link: str) -> None:
    data = DATA.assign(x=DATA["x"] - 3)
    given = {"sd_g": np.full((1, 3, 1), sd), **WITH}
    fit = given_fit("yes ~ x + (1 | g)", data, family("bernoulli", link=link), **given)
    made = epred(fit, clusters="population").to_numpy()
    eta = fit.posterior_linpred(GRID, clusters="average").to_numpy()
    # A far finer rule: 20,001 points within 12 standard deviations.
    z = np.linspace(-12, 12, 20001)
    w = np.exp(-0.5 * z**2) / np.exp(-0.5 * z**2).sum()
    expected = LINKS[link].inverse(eta[..., None] + sd * z) @ w
    np.testing.assert_allclose(made, expected, rtol=1e-8)


def test_population_of_a_dpar_and_of_several() -> None:
    formula = bf("count ~ x + (1 | i | g)", zi="x + (1 | i | g)")
    fit = given_fit(formula, DATA, "zero_inflated_poisson", **WITH)
    draws, (x, w) = draws_of(fit), special.roots_hermitenorm(40)
    w = w / w.sum()
    cov = draws["cor_g"] * draws["sd_g"][:, :, None] * draws["sd_g"][:, None, :]
    root = np.linalg.cholesky(cov)
    etas = [
        fit.posterior_linpred(GRID, clusters="average", dpar=d).to_numpy() for d in ("mu", "zi")
    ]
    total = zi = 0.0
    for i, j in product(range(40), repeat=2):
        mu = np.exp(etas[0] + root[:, 0, :1] * x[i])
        share = special.expit(etas[1] + root[:, 1, :1] * x[i] + root[:, 1, 1:] * x[j])
        total = total + w[i] * w[j] * mu * (1 - share)
        zi = zi + w[i] * w[j] * share
    np.testing.assert_allclose(epred(fit, clusters="population"), total, rtol=1e-8)
    np.testing.assert_allclose(epred(fit, clusters="population", dpar="zi"), zi, rtol=1e-8)


def test_effects_that_the_mean_does_not_hang_on() -> None:
    fit = given_fit(bf("y ~ x + (1 | g)", sigma="(1 | g)"), DATA)
    np.testing.assert_array_equal(epred(fit, clusters="population"), epred(fit, clusters="average"))


def test_population_of_categories() -> None:
    fit = given_fit("grade ~ x + (1 | g)", DATA, "cumulative", **WITH)
    made = epred(fit, clusters="population")
    eta = epred(fit, clusters="average", dpar="mu").to_numpy()
    thresholds, (x, w) = draws_of(fit)["thresholds"], special.roots_hermitenorm(100)
    sd = draws_of(fit)["sd_g"]
    below = np.zeros((*eta.shape, 5))
    below[..., 4] = 1
    for k in range(3):
        at = thresholds[:, k, None] - eta
        below[..., k + 1] = special.expit(at[..., None] - sd[:, :, None] * x) @ (w / w.sum())
    np.testing.assert_allclose(made, np.diff(below, axis=-1), rtol=1e-8)


def test_population_by_strata() -> None:
    rows = GRID.assign(t=["new", "old", "new"])
    sd, cor = draws_of(BY)["sd_g"], draws_of(BY)["cor_g"]
    of = np.array([0, 1, 0])
    x, eta = GRID["x"].to_numpy(), BY.posterior_linpred(rows, clusters="average")
    between = 2 * x * cor[:, of, 0, 1] * sd[:, of, 0] * sd[:, of, 1]
    variance = sd[:, of, 0] ** 2 + x**2 * sd[:, of, 1] ** 2 + between
    np.testing.assert_allclose(epred(BY, rows, clusters="population"), np.exp(eta + variance / 2))
    new = BY.posterior_linpred(rows, clusters="new", random_seed=1) - eta
    slopes = (new[:, 2] - new[:, 0]) / 3
    assert not np.allclose(new[:, 1], new[:, 0] + 1.5 * slopes)
    with pytest.raises(PredictionError, match="newdata has no column 't'"):
        epred(BY, GRID, clusters="population")


def test_new_within_fitted_and_within_new() -> None:
    rows = GRID.head(1)
    how = {"g": "fitted", "g:h": "new"}
    made = NESTED.posterior_linpred(rows, clusters=how, random_seed=1)
    base = NESTED.posterior_linpred(rows, clusters={"g": "fitted", "g:h": "average"})
    assert made.dims == ("sample", "obs", "g")
    apart = (made - base).to_numpy()[:, 0]
    assert np.unique(apart.round(9)).size == apart.size
    both = NESTED.posterior_linpred(
        rows, clusters="new", n_clusters={"g": 2, "g:h": 3}, random_seed=1
    )
    assert both.attrs["averaged"] == "g: 2 new clusters; g:h: 3 new clusters"


def test_variance_of_nested_new_clusters() -> None:
    draws = 6000
    given = {"sd_g": np.full((1, draws, 1), 2.0), "sd_g:h": np.full((1, draws, 1), 1.0)}
    given["b"] = np.zeros((1, draws, 2))
    fit = given_fit("y ~ x + (1 | g/h)", DATA, chains=1, draws=draws, **given)
    counts = {"g": 4, "g:h": 3}
    made = fit.posterior_epred(GRID.head(1), clusters="new", n_clusters=counts, random_seed=1)
    np.testing.assert_allclose(made.var(), 4 / 4 + 1 / 12, rtol=0.08)


def test_responses() -> None:
    new = CROSSED.posterior_predict(GRID, clusters="new", random_seed=1)
    assert new.dtype == np.int64
    mean = CROSSED.posterior_predict(GRID, clusters="fitted", average=True, random_seed=1)
    assert mean.dtype == np.float64
    apart = CROSSED.posterior_predict(GRID, clusters="fitted", random_seed=1)
    assert apart.dims == ("sample", "obs", "cluster")
    assert apart.dtype == np.int64
    table = CROSSED.predict(GRID, clusters="fitted", random_seed=1)
    assert len(table) == 3 * apart.sizes["cluster"]


def test_responses_of_a_population_have_clusters_of_their_own() -> None:
    draws = 4000
    given = {name: np.full((1, draws, 1), 2.0) for name in ("sd_g",)}
    given |= {"b": np.zeros((1, draws, 2)), "sigma": np.full((1, draws), 0.5)}
    fit = given_fit("y ~ x + (1 | g)", DATA, chains=1, draws=draws, **given)
    made = fit.posterior_predict(GRID, clusters="population", random_seed=1)
    np.testing.assert_allclose(np.cov(made.T), np.eye(3) * 4.25, atol=0.35)


def test_groups_that_re_formula_leaves_out() -> None:
    made = CROSSED.posterior_epred(GRID, re_formula="~ (1 | g)", clusters="population")
    eta = CROSSED.posterior_linpred(GRID, re_formula=NA)
    np.testing.assert_allclose(made, np.exp(eta + draws_of(CROSSED)["sd_g"][:, :1] ** 2 / 2))


def test_models_without_groups_and_without_rows() -> None:
    fit = given_fit("y ~ x", DATA)
    for how in ("average", "fitted", "new", "population"):
        np.testing.assert_array_equal(epred(fit, clusters=how), epred(fit))
        assert epred(CROSSED, GRID.head(0), clusters=how).sizes["obs"] == 0


WRONG = [
    ({"clusters": "all"}, "clusters must be one of 'average'"),
    ({"clusters": "averge"}, "Did you mean 'average'"),
    ({"clusters": {"G": "new"}}, "clusters names the group 'G'; the model has 'g', 'k'"),
    ({"clusters": {"g": "new"}}, "says nothing of 'k'"),
    ({"clusters": {"g": "new", "k": 3}}, "clusters must be one of"),
    ({"clusters": "new", "n_clusters": 3}, "n_clusters must say how many of each of 'g', 'k'"),
    ({"clusters": "new", "n_clusters": {"q": 3}}, "n_clusters names 'q'"),
    ({"clusters": {"g": "new", "k": "average"}, "n_clusters": 0}, "above 0"),
    ({"clusters": "fitted", "n_clusters": 2}, 'n_clusters is for clusters="new"'),
    ({"clusters": "new", "average": True}, 'average=True is for clusters="fitted"'),
    ({"average": True}, "Say which clusters"),
    ({"n_clusters": 3}, "Say which clusters"),
    ({"clusters": "new", "average": "yes"}, "average must be True or False"),
    ({"clusters": "new", "allow_new_levels": True}, "not both"),
]


@pytest.mark.parametrize(("how", "message"), WRONG)
def test_mistakes(how: dict[str, Any], message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        epred(CROSSED, **how)


NESTED_IN = given_fit("y ~ h + (1 | g) + (1 | g:h)", DATA)


def test_fitted_clusters_of_columns_that_predictors_read() -> None:
    """Schools, and statuses within schools: the rows say which status."""
    grid = pd.DataFrame({"h": ["u", "v"]})
    made = epred(NESTED_IN, grid, clusters="fitted")
    assert made.dims == ("sample", "obs", "g")
    for level in LEVELS:
        own = epred(NESTED_IN, grid.assign(g=level))
        np.testing.assert_array_equal(made.sel(g=level), own)
    mean = epred(NESTED_IN, grid, clusters="fitted", average=True)
    np.testing.assert_allclose(mean, made.mean("g"))
    # A column that only groups doesn't matter where clusters are averaged.
    named = epred(NESTED_IN, grid.assign(g="p"), clusters="fitted", average=True)
    np.testing.assert_array_equal(named, mean)
    some = given_fit("y ~ h + (1 | g) + (1 | g:h)", DATA[(DATA["g"] != "p") | (DATA["h"] == "u")])
    with pytest.raises(PredictionError, match=r"no fitted level for h = 'v', g = 'p'|g = 'p', h"):
        epred(some, grid, clusters="fitted")


def test_new_clusters_of_columns_that_predictors_read() -> None:
    """The same new school, in which each status deviates by itself."""
    draws = 6000
    given = {"sd_g": np.full((1, draws, 1), 1.0), "sd_g:h": np.full((1, draws, 1), 2.0)}
    formula = "y ~ h + (1 | g) + (1 | g:h)"
    fit = given_fit(formula, DATA, chains=1, draws=draws, b=np.zeros((1, draws, 2)), **given)
    made = fit.posterior_epred(pd.DataFrame({"h": ["u", "v"]}), clusters="new", random_seed=1)
    np.testing.assert_allclose(np.cov(made.T), [[5, 1], [1, 5]], atol=0.35)


def test_unknown_fitted_level() -> None:
    with pytest.raises(PredictionError, match="has the level 'z'"):
        epred(FIT, GRID.assign(g="z"), clusters="fitted")


def test_links_without_a_mean() -> None:
    fit = given_fit(
        "amount ~ x + (1 | g)", DATA.assign(amount=DATA["w"]), family("Gamma", "inverse")
    )
    with pytest.raises(PredictionError, match="has no mean over infinitely many clusters"):
        epred(fit, clusters="population")


def test_categories_are_not_averaged() -> None:
    fit = given_fit("grade ~ x + (1 | g)", DATA, "cumulative", **WITH)
    with pytest.raises(PredictionError, match="can't be averaged"):
        fit.posterior_predict(GRID, clusters="new", n_clusters=3)


STUDENT = given_fit('count ~ x + (1 | gr(g, dist="student"))', DATA, "poisson")


def test_the_population_of_student_effects() -> None:
    with pytest.raises(PredictionError, match=r'clusters={.g.: "new"}, n_clusters=100'):
        epred(STUDENT, clusters="population")
    with pytest.raises(PredictionError, match="are student"):
        STUDENT.posterior_predict(GRID, clusters="population")
    new = epred(STUDENT, clusters="new", n_clusters=2, sample_new_levels="gaussian")
    assert "Student" in new.attrs["drawn"]
    identity = given_fit('y ~ x + (1 | gr(g, dist="student"))', DATA)
    held = epred(identity, clusters="average")
    np.testing.assert_allclose(epred(identity, clusters="population"), held)


def test_the_population_of_related_levels_has_their_mean_variance() -> None:
    matrix = relatives(LEVELS)
    fit = given_fit("count ~ x + (1 | gr(g, cov=A))", DATA, "poisson", data2={"A": matrix})
    variance = draws_of(fit)["sd_g"] ** 2 * np.diag(matrix).mean()
    expected = epred(fit, clusters="average") * np.exp(variance / 2)
    np.testing.assert_allclose(epred(fit, clusters="population"), expected)
