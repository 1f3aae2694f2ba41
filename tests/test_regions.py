"""Effects of regions, ``car()``: densities, draws, the matrix of neighbours, predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayesmix as bx
from bayesmix.bridge import from_brms
from bayesmix.build import build_spec, on_rows
from bayesmix.design import Regions
from bayesmix.errors import DataError, FormulaError, PredictionError
from bayesmix.formula import parse_formula
from bayesmix.priors import car

from .reference_cases import Case
from .support import frame, given_fit, ring

DATA = frame()
LABELS = list("pqrstu")
W = ring("rpqtus")
ORDERED = W.loc[LABELS, LABELS].to_numpy(float)
COUNTS = ORDERED.sum(axis=1)
LAPLACIAN = np.diag(COUNTS) - ORDERED
TYPES = ("escar", "esicar", "icar", "bym2")


def regions(type_: str = "icar", matrix: pd.DataFrame = W, data: pd.DataFrame = DATA) -> Regions:
    spec = build_spec(f'y ~ x + car(W, gr=g, type="{type_}")', data, data2={"W": matrix})
    return spec.design.predictors[0].regions[0]


def given(**values: float | np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.asarray(value, float) for name, value in values.items()}


def draws_of(draws: int = 4) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    return given(
        sdcar=rng.gamma(3, 0.4, draws),
        car=rng.uniform(0.1, 0.95, draws),
        rhocar=rng.uniform(0.1, 0.9, draws),
        zcar=rng.normal(size=(draws, 6)),
        rcar=rng.normal(size=(draws, 6)),
    )


def constant(values: np.ndarray) -> None:
    np.testing.assert_allclose(values, values[0], rtol=0, atol=1e-6 * np.abs(values).max())


def test_proper_effects_are_normal_with_sparse_precisions() -> None:
    draws = draws_of()
    normal = [
        stats.multivariate_normal(cov=sd**2 * np.linalg.inv(np.diag(COUNTS) - share * ORDERED))
        for sd, share in zip(draws["sdcar"], draws["car"], strict=True)
    ]
    expected = [n.logpdf(r) for n, r in zip(normal, draws["rcar"], strict=True)]
    constant(1 + car.logpdf(regions("escar"), draws) - expected)


def test_intrinsic_effects_are_normal_with_a_small_mean() -> None:
    draws = draws_of()
    draws["rcar"] -= 0.9999 * draws["rcar"].mean(axis=1, keepdims=True)
    cov = np.linalg.inv(LAPLACIAN + 1 / (0.001 * 6) ** 2)
    z = draws["rcar"] / draws["sdcar"][:, None]
    expected = stats.multivariate_normal(cov=(cov + cov.T) / 2).logpdf(z)
    np.testing.assert_allclose(
        np.diff(car.logpdf(regions("icar"), draws)), np.diff(expected), rtol=1e-6, atol=1e-6
    )


def test_effects_that_add_up_to_zero_are_normal_in_the_other_directions() -> None:
    draws, basis = draws_of(), np.linalg.eigh(LAPLACIAN)[1][:, 1:]
    draws["rcar"] -= draws["rcar"].mean(axis=1, keepdims=True)
    cov = np.linalg.inv(basis.T @ LAPLACIAN @ basis)
    pairs = zip(draws["rcar"] @ basis, draws["sdcar"], strict=True)
    expected = [stats.multivariate_normal(cov=sd**2 * cov).logpdf(r) for r, sd in pairs]
    constant(1 + car.logpdf(regions("esicar"), draws) - expected)


def test_the_typical_variance_is_that_of_effects_that_add_up_to_zero() -> None:
    expected = np.exp(np.log(np.diag(np.linalg.pinv(LAPLACIAN))).mean())
    np.testing.assert_allclose(regions("bym2").neighbours.typical_variance, expected, rtol=1e-6)


@pytest.mark.parametrize("type_", ["esicar", "icar"])
def test_numbers_of_one_scale_are_the_same_density(type_: str) -> None:
    of, free = regions(type_), np.random.default_rng(3).normal(size=(5, 6))
    z = car.from_free(of, free)
    expected = car.logpdf(of, given(sdcar=np.ones(5), rcar=z))
    if type_ == "esicar":
        np.testing.assert_allclose(z.sum(axis=1), 0, atol=1e-12)
        expected = expected - 0.5 * 6 * free.mean(axis=1) ** 2
    constant(1 + car.free_logpdf(of, free) - expected)


@pytest.mark.parametrize("type_", TYPES)
def test_draws_have_the_covariances_of_the_density(type_: str) -> None:
    of, rng, n = regions(type_), np.random.default_rng(4), 40_000
    before = given(sdcar=np.full(n, 1.5), car=np.full(n, 0.7), rhocar=np.full(n, 0.4))
    before["zcar"] = car.intrinsic_rvs(rng, n, of)
    spatial = np.linalg.pinv(LAPLACIAN)
    expected = {
        "escar": np.linalg.inv(np.diag(COUNTS) - 0.7 * ORDERED),
        "bym2": 0.6 * np.eye(6) + 0.4 * spatial / of.neighbours.typical_variance,
    }.get(type_, spatial)
    found = np.cov(car.rvs(rng, n, of, before).T)
    np.testing.assert_allclose(found, 1.5**2 * expected, atol=0.06)


def test_the_independent_part_is_found_again() -> None:
    of, draws = regions("bym2"), draws_of()
    own = np.random.default_rng(5).normal(size=(4, 6))
    of_own, of_spatial = car.parts(of, draws["rhocar"][:, None])
    draws["rcar"] = draws["sdcar"][:, None] * (of_own * own + of_spatial * draws["zcar"])
    np.testing.assert_allclose(car.independent(of, draws), own)


def changed(at: tuple[str, str], value: float, mirror: bool = True) -> pd.DataFrame:
    matrix = W.astype(float)
    matrix.loc[at] = value
    if mirror:
        matrix.loc[at[::-1]] = value
    return matrix


PARTS = pd.DataFrame(np.kron(np.eye(2), 1 - np.eye(3)), LABELS, LABELS)
ISLAND = W.copy()
ISLAND.loc["p"] = ISLAND["p"] = 0

WRONG = {
    "no labels": (W.to_numpy(), "must be a pandas DataFrame"),
    "other labels": (ring("abcdef"), r"no row for .*'p'.* levels of 'g'"),
    "not symmetric": (changed(("p", "q"), 0, mirror=False), "not symmetric.*'p', 'q'"),
    "weights": (changed(("p", "q"), 0.5), r"0.5 at 'p', 'q'.*\(W != 0\).astype\(int\)"),
    "itself": (changed(("r", "r"), 1), "'r' as a neighbour of itself"),
    "missing": (changed(("r", "p"), np.nan), "is missing or infinite at 'r', 'p'"),
    "island": (ISLAND, "'p' has no neighbours among the regions of the data"),
    "parts": (PARTS, "fall into 2 parts.*'p' can't be reached from 's', 't', 'u'.*escar"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_matrix_of_neighbours(wrong: str) -> None:
    matrix, message = WRONG[wrong]
    with pytest.raises(DataError, match=message):
        regions("icar", matrix)


def test_proper_effects_may_be_of_several_parts() -> None:
    assert regions("escar", PARTS).neighbours.size == 6


def test_only_regions_of_the_data_count() -> None:
    some = DATA[DATA["g"] != "s"]
    assert regions("icar", data=some).neighbours.size == 5
    with pytest.raises(DataError, match=r"fall into 2 parts"):
        regions("icar", data=DATA[DATA["g"].isin(list("pqrtu")) & (DATA["g"] != "q")])


def test_a_model_of_some_rows_has_all_regions() -> None:
    spec = build_spec('y ~ x + car(W, gr=g, type="icar")', DATA, data2={"W": W})
    (some,) = on_rows(spec, np.flatnonzero(DATA["g"] == "q")).design.predictors[0].regions
    assert some.group.levels == tuple(LABELS)
    np.testing.assert_array_equal(some.index, 1)


def test_a_matrix_that_isnt_there() -> None:
    with pytest.raises(FormulaError, match=r"'W' that is not in data2"):
        build_spec("y ~ car(W, gr=g)", DATA)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("y ~ car()", "needs the name of a matrix", "car()"),
        ("y ~ car(W)", "needs the column of regions", "car(W)"),
        ("y ~ car(W, gr=g, type='car')", "type= of car()", "'car'"),
        ("y ~ car(W, gr=log(g))", "needs the column of regions", "log(g)"),
        ("y ~ car(W, group=g)", "no argument 'group'", "g"),
        ("y ~ car(W, g, 'icar', 3)", "takes 'M', 'gr', 'type'", "car(W, g, 'icar', 3)"),
        ("y ~ x:car(W, gr=g)", "spatial effect", "car(W, gr=g)"),
        ("y ~ (car(W, gr=g) | h)", "spatial effect", "car(W, gr=g)"),
    ],
)
def test_terms_that_cant_be_read(text: str, message: str, place: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    assert message in str(caught.value)
    start, end = caught.value.span
    assert text[start:end] == place


def test_two_in_a_predictor() -> None:
    with pytest.raises(FormulaError, match=r"can have one car\(\)"):
        build_spec("y ~ car(W, gr=g) + car(W, gr=k)", DATA, data2={"W": W})


def test_the_first_type_is_brmss_default() -> None:
    assert parse_formula("y ~ car(W, g)").mu.cars[0].type == "escar"
    assert parse_formula("y ~ car(M=W, gr=g, type='bym2')").mu.cars[0].matrix.name == "W"


def test_predictions_go_by_label() -> None:
    fit = given_fit(
        'y ~ x + car(W, gr=k, type="icar") + (1 | k)', DATA, data2={"W": ring([4, 7, 30])}
    )
    posterior = fit.idata["posterior"]
    assert posterior["rcar"].dims == ("chain", "draw", "k")
    new = pd.DataFrame({"x": [0.0, 0.0], "k": [30.0, 4.0]})
    effects = posterior["rcar"].stack(sample=("chain", "draw"))
    both = fit.posterior_linpred(new, re_formula=bx.NA).to_numpy()
    expected = effects.sel(k=30).to_numpy() - effects.sel(k=4).to_numpy()
    np.testing.assert_allclose(both[:, 0] - both[:, 1], expected, rtol=1e-10)
    alone = fit.posterior_linpred(new.drop(columns="k"), re_formula=bx.NA, incl_autocor=False)
    np.testing.assert_allclose(alone[:, 0], posterior["b"].stack(sample=("chain", "draw"))[0])
    for allowed in (False, True):
        with pytest.raises(PredictionError, match=r"Region 5.*row 0.*4, 7, 30"):
            fit.posterior_linpred(new.assign(k=[5, 4]), allow_new_levels=allowed)


def test_effects_of_regions_in_tables_and_pictures() -> None:
    fit = given_fit('y ~ x + car(W, gr=g, type="bym2")', DATA, data2={"W": W})
    names = fit.summary().index.get_level_values("parameter")
    assert {"sdcar", "rhocar"} <= set(names)
    assert "rcar[g[i]]" in str(fit.model.equation())
    assert len(fit.conditional_effects("x")["x"]) > 10


def test_draws_from_the_prior() -> None:
    priors = [
        bx.prior("normal(0, 1)"),
        bx.prior("beta(2, 2)", "car"),
    ]
    model = bx.Model("y ~ x + car(W, gr=g)", DATA, prior=priors, data2={"W": W})
    prior = model.sample_prior(draws=20, random_seed=1)["prior"]
    assert prior["rcar"].shape == (1, 20, 6)


def test_draws_of_brms_without_the_spatial_part() -> None:
    case = Case("g_car_bym2")
    draws = case.table("draws").drop(columns=[f"zcar[{i}]" for i in range(1, 11)])
    with pytest.raises(DataError, match=r"spatial part was not saved.*save_pars"):
        from_brms(case.model, draws.astype(float))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::bayesmix.errors.ConvergenceWarning")
def test_bym2_finds_what_data_were_drawn_with() -> None:
    """Of data sets of a grid of regions drawn from the prior, ranks of the truth are uniform."""
    side, rows, sets = 6, 4, 30
    labels = [f"{i}{j}" for i in range(side) for j in range(side)]
    line = np.eye(side, k=1) + np.eye(side, k=-1)
    grid = np.kron(line, np.eye(side)) + np.kron(np.eye(side), line)
    about = {
        "family": "poisson",
        "prior": [
            bx.prior("normal(0, 1)"),
            bx.prior("normal(1, 1)", "Intercept"),
            bx.prior("exponential(1.5)", "sdcar"),
        ],
        "data2": {"W": pd.DataFrame(grid.astype(int), labels, labels)},
    }
    formula = 'y ~ x + car(W, gr=area, type="bym2")'
    x = np.random.default_rng(1).normal(size=rows * side**2)
    data = pd.DataFrame({"area": np.repeat(labels, rows), "x": x, "y": np.arange(len(x)) % 4})
    drawn = bx.Model(formula, data, **about).sample_prior(draws=sets, random_seed=2)
    ranks: dict[str, list[float]] = {"sdcar": [], "rhocar": [], "rcar": []}
    for i in range(sets):
        y = drawn["prior_predictive"]["y"][0, i].to_numpy()
        model = bx.Model(formula, data.assign(y=y), **about)
        fit = model.fit(draws=500, tune=700, chains=2, random_seed=i, progressbar=False)
        for name, found in ranks.items():
            below = fit.idata["posterior"][name] < drawn["prior"][name][0, i]
            found.append(
                float(below.mean(("chain", "draw")).to_numpy().ravel()[i % below[0, 0].size])
            )
    for found in ranks.values():
        assert stats.kstest(found, "uniform").pvalue > 0.005
