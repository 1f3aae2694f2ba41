"""Effects of levels that the fit has not seen: who shares, who is independent, which moments."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayesmix.errors import PredictionError
from bayesmix.fit import Fit
from bayesmix.formula import bf
from bayesmix.predict import NA
from bayesmix.predict.levels import correlation_root
from bayesmix.priors import lkj

from ..support import draws_of, frame, given_fit, relatives

HOWS = ["uncertainty", "old_levels", "gaussian"]
DATA = frame()
FORMULA = bf("y ~ x + (1 + x | i | g) + (1 | k)", sigma="1 + (1 | i | g)")
FIT = given_fit(FORMULA, DATA, draws=40)
S = 80


def rows(*labels: object, x: float | list = 0.0, k: object = 4, **more: object) -> pd.DataFrame:
    return pd.DataFrame({"g": pd.Series(labels, dtype=object), "x": x, "k": k, **more})


def effects(fit: Fit, labels: list, how: str, seed: object = 1, **more: object) -> np.ndarray:
    """Samples × labels × coefficients of g, read off predictions: Intercept, x, sigma_Intercept."""
    new = rows(*labels, **more)

    def eta(dpar: str, x: float, **how_: object) -> np.ndarray:
        return fit.posterior_linpred(new.assign(x=x), dpar=dpar, **how_).to_numpy()

    with_ = {
        "allow_new_levels": True,
        "sample_new_levels": how,
        "random_seed": seed,
        "re_formula": "~ (x | g)",
    }
    only_sigma = with_ | {"re_formula": "~ (1 | g)"}
    intercept = eta("mu", 0.0, **with_) - eta("mu", 0.0, re_formula=NA)
    slope = eta("mu", 1.0, **with_) - eta("mu", 1.0, re_formula=NA) - intercept
    sigma = eta("sigma", 0.0, **only_sigma) - eta("sigma", 0.0, re_formula=NA)
    return np.stack([intercept, slope, sigma], axis=-1)


FITTED = draws_of(FIT)["r_g"]


@pytest.mark.parametrize("how", HOWS)
def test_rows_of_one_label_share_and_others_do_not(how: str) -> None:
    found = effects(FIT, ["new", "p", "other", "new", None, np.nan], how)
    np.testing.assert_array_equal(found[:, 0], found[:, 3])
    np.testing.assert_array_equal(found[:, 4], found[:, 5])
    np.testing.assert_allclose(found[:, 1], FITTED[:, 0], atol=1e-12)
    if how == "old_levels":
        return
    for a, b in ((0, 2), (0, 4), (2, 4)):
        assert not np.allclose(found[:, a], found[:, b])


@pytest.mark.parametrize("how", HOWS)
def test_a_missing_column_is_a_missing_level(how: str) -> None:
    with_ = dict(allow_new_levels=True, sample_new_levels=how, random_seed=1)
    a = FIT.posterior_epred(rows(None, None), **with_)
    b = FIT.posterior_epred(rows(None, None).drop(columns="g"), **with_)
    np.testing.assert_array_equal(a, b)


def donors(found: np.ndarray) -> np.ndarray:
    """For each sample and new level the fitted level whose whole vector it has."""
    same = np.isclose(found[:, :, None], FITTED[:, None], atol=1e-10).all(axis=-1)
    assert (same.sum(axis=-1) == 1).all()
    return same.argmax(axis=-1)


def test_uncertainty_copies_whole_vectors_chosen_anew_at_each_draw() -> None:
    chosen = donors(effects(FIT, [f"new{i}" for i in range(50)], "uncertainty"))
    shares = np.bincount(chosen.ravel(), minlength=6) / chosen.size
    np.testing.assert_allclose(shares, 1 / 6, atol=4 * np.sqrt(1 / 6 * 5 / 6 / chosen.size))
    assert all(len(set(column)) > 1 for column in chosen.T)


def test_old_levels_copies_one_level_at_all_draws() -> None:
    chosen = donors(effects(FIT, [f"new{i}" for i in range(50)], "old_levels"))
    assert (chosen == chosen[0]).all()
    assert len(set(chosen[0])) == 6


MANY = [f"new{i}" for i in range(400)]


def within(found: np.ndarray, expected: np.ndarray, se: np.ndarray, sigmas: float = 5) -> None:
    assert (np.abs(found - expected) < sigmas * se).all()


def moments(found: np.ndarray, cov: np.ndarray) -> None:
    """The moments over levels are those of N(0, cov), a sample at a time and overall."""
    n = found.shape[1]
    within(found.mean(axis=1), np.zeros(1), np.sqrt(np.diagonal(cov, axis1=1, axis2=2) / n))
    outer = np.einsum("slj,slk->sjk", found, found) / n
    var = np.diagonal(cov, axis1=1, axis2=2)
    se = np.sqrt((var[:, :, None] * var[:, None] + cov**2) / n)
    within(outer, cov, se, 5.5)
    within((outer - cov).mean(axis=0), np.zeros(1), np.sqrt((se**2).mean(axis=0) / len(found)))


def covariance(fit: Fit) -> np.ndarray:
    draws = draws_of(fit)
    sd, k = draws["sd_g"], draws["sd_g"].shape[-1]
    cor = draws.values.get("cor_g", np.broadcast_to(np.eye(k), (*sd.shape[:-1], k, k)))
    return cor * sd[..., :, None] * sd[..., None, :]


def test_gaussian_has_the_moments_of_sd_and_cor_across_dpars() -> None:
    moments(effects(FIT, MANY, "gaussian"), covariance(FIT))


def test_gaussian_without_correlations() -> None:
    fit = given_fit(bf("y ~ x + (1 + x || g) + (1 | k)", sigma="1 + (1 | g)"), DATA, draws=40)
    moments(effects(fit, MANY, "gaussian"), covariance(fit))


BY = bf("y ~ x + (1 + x | i | gr(g, by=t)) + (1 | k)", sigma="1 + (1 | i | gr(g, by=t))")
BY_FIT = given_fit(BY, DATA, draws=40)
STRATA = {"new": 0, "old": 1}


@pytest.mark.parametrize("stratum", STRATA)
def test_gaussian_with_the_sd_and_cor_of_its_stratum(stratum: str) -> None:
    found = effects(BY_FIT, MANY, "gaussian", t=stratum)
    moments(found, covariance(BY_FIT)[:, STRATA[stratum]])


@pytest.mark.parametrize("how", ["uncertainty", "old_levels"])
def test_donors_are_of_the_same_stratum(how: str) -> None:
    """Labels whose sorted order is not that of appearance, which brms mixes up."""
    labels = ["z", "y", "p", "a", "z"]
    strata = ["new", "old", "old", "new", "new"]
    found = effects(BY_FIT, labels, how, t=strata)
    fitted = draws_of(BY_FIT)["r_g"]
    members = {"new": [1, 2, 4, 5], "old": [0, 3]}
    for j, stratum in enumerate(strata):
        same = np.isclose(found[:, j, None], fitted, atol=1e-10).all(axis=-1)
        assert (same.sum(axis=-1) == 1).all()
        assert set(same.argmax(axis=-1)) <= set(members[stratum])


@pytest.mark.parametrize("how", HOWS)
def test_one_seed_one_effect_whatever_else_is_predicted(how: str) -> None:
    seeded = dict(allow_new_levels=True, sample_new_levels=how, random_seed=7)
    alone = FIT.posterior_linpred(rows("new"), **seeded)[:, 0]
    many = rows("b", "new", 3, None, "p", "new", "c")
    np.testing.assert_array_equal(FIT.posterior_linpred(many, **seeded)[:, 1], alone)
    turned = many.iloc[::-1]
    np.testing.assert_array_equal(FIT.posterior_linpred(turned, **seeded)[:, 1], alone)
    np.testing.assert_array_equal(FIT.posterior_epred(many, **seeded)[:, 5], alone)
    some = FIT.posterior_linpred(many, draw_ids=[50, 3], **seeded)
    np.testing.assert_array_equal(some[:, 1], alone[[50, 3]])
    few = FIT.posterior_linpred(many, ndraws=9, **seeded)
    assert set(few[:, 1].to_numpy()) < set(alone.to_numpy())


@pytest.mark.parametrize("how", HOWS)
def test_predict_and_log_lik_see_the_effects_of_epred(how: str) -> None:
    quiet = {"b_sigma": np.full((2, 40, 1), -40.0)}
    fit = given_fit(bf("y ~ x + (1 + x | g)", sigma="1"), DATA, draws=40, **quiet)
    seeded = dict(allow_new_levels=True, sample_new_levels=how, random_seed=3)
    new = rows("a", None, "b", x=[1.0, 2.0, 3.0]).assign(y=0.5)
    epred = fit.posterior_epred(new, **seeded).to_numpy()
    np.testing.assert_allclose(fit.posterior_predict(new, **seeded), epred, atol=1e-12)
    noisy = given_fit("y ~ x + (1 + x | g)", DATA, draws=40)
    sigma = draws_of(noisy)["sigma"][:, None]
    mean = noisy.posterior_epred(new, **seeded).to_numpy()
    expected = -0.5 * ((0.5 - mean) / sigma) ** 2 - np.log(sigma * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(noisy.log_lik(new, **seeded), expected)


def test_seeds_differ_and_no_seed_is_fresh() -> None:
    def epred(seed: object) -> np.ndarray:
        return FIT.posterior_epred(rows("new"), allow_new_levels=True, random_seed=seed).to_numpy()

    assert not np.array_equal(epred(1), epred(2))
    assert not np.array_equal(epred(None), epred(None))
    np.testing.assert_array_equal(epred(np.int64(5)), epred(5))
    np.testing.assert_array_equal(epred([1, 2]), epred([1, 2]))
    generator = np.random.default_rng(1)
    first = epred(generator)
    assert not np.array_equal(first, epred(generator))
    np.testing.assert_array_equal(first, epred(np.random.default_rng(1)))


@pytest.mark.parametrize("seed", [-1, 1.5, "one", object()])
def test_what_is_no_seed(seed: object) -> None:
    with pytest.raises(PredictionError, match="random_seed must be"):
        FIT.posterior_epred(random_seed=seed)


def test_labels_are_compared_by_what_they_read() -> None:
    seeded = dict(allow_new_levels=True, random_seed=1)
    a, b = (FIT.posterior_epred(rows(label), **seeded) for label in (17, "17"))
    np.testing.assert_array_equal(a, b)


def test_groups_are_independent() -> None:
    """A new g and a new k of one label take their donors each for itself."""
    fit = given_fit("y ~ 1 + (1 | g) + (1 | t)", DATA.assign(t=DATA["g"]), draws=40)
    draws = draws_of(fit)
    total = (
        fit.posterior_epred(rows("new", t="new"), allow_new_levels=True, random_seed=1).to_numpy()
        - draws["b"]
    )
    pairs = draws["r_g"][:, :, None, 0] + draws["r_t"][:, None, :, 0]
    same = np.isclose(total[:, :, None], pairs)
    chosen = same.reshape(S, -1).argmax(axis=1)
    assert same.reshape(S, -1).any(axis=1).all()
    assert np.mean(chosen // 6 == chosen % 6) < 0.5


@pytest.mark.parametrize("how", ["unsure", "", 1, ["gaussian"]])
def test_unknown_ways_to_sample(how: object) -> None:
    with pytest.raises(PredictionError, match="sample_new_levels must be one of 'uncertainty'"):
        FIT.posterior_epred(rows("p"), sample_new_levels=how)


def test_new_levels_are_asked_for() -> None:
    for labels in (["new"], [None], ["p", "new"]):
        with pytest.raises(PredictionError, match="allow_new_levels=True"):
            FIT.posterior_epred(rows(*labels))
    FIT.posterior_epred(rows("new"), re_formula="~ (1 | k)")


def correlations(k: int) -> Iterator[np.ndarray]:
    root = lkj.cholesky_rvs(np.random.default_rng(1), 5, k, 1.0)
    yield root @ root.mT
    yield np.ones((1, k, k))
    yield np.eye(k)[None]


@pytest.mark.parametrize("k", [1, 2, 4])
def test_correlation_root(k: int) -> None:
    for cor in correlations(k):
        root = correlation_root(cor)
        np.testing.assert_allclose(root @ root.mT, cor, atol=1e-12)
        np.testing.assert_array_equal(np.triu(root, 1), np.zeros_like(root))


STUDENT = given_fit('y ~ x + (1 + x | i | gr(g, dist="student")) + (1 | k)', DATA, draws=40)
A = relatives([*"pqrstu", "near", "far"])
RELATED = given_fit("y ~ x + (1 + x | gr(g, cov=A, by=t))", DATA, data2={"A": A}, draws=40)


def gaussian(fit: Fit, labels: list, seed: object = 1, **more: object) -> np.ndarray:
    """Samples × labels × coefficients of g."""
    new = rows(*labels, **more)
    how = {"allow_new_levels": True, "sample_new_levels": "gaussian", "re_formula": "~ (x | g)"}

    def eta(x: float) -> np.ndarray:
        at = new.assign(x=x)
        both = fit.posterior_linpred(at, random_seed=seed, **how)
        return (both - fit.posterior_linpred(at, re_formula=NA)).to_numpy()

    return np.stack([eta(0.0), eta(1.0) - eta(0.0)], axis=-1)


def test_new_levels_of_student_effects_are_student() -> None:
    found, d = gaussian(STUDENT, MANY), draws_of(STUDENT)
    root = np.linalg.cholesky(d["cor_g"])
    z = np.linalg.solve(root[:, None], (found / d["sd_g"][:, None])[..., None])[..., 0]
    for df, of_draw in zip(d["df_g"], z, strict=True):
        # z'z / K of a multivariate t is F(K, df).
        p = stats.kstest((of_draw**2).sum(axis=1) / 2, stats.f(2, df).cdf).pvalue
        assert p > 1e-4


def test_a_student_level_is_the_same_whichever_draws_are_asked_for() -> None:
    with_ = {"allow_new_levels": True, "sample_new_levels": "gaussian", "random_seed": 1}
    every = STUDENT.posterior_linpred(rows("new"), **with_)
    some = STUDENT.posterior_linpred(rows("new"), draw_ids=[7, 3], **with_)
    np.testing.assert_allclose(some, every[[7, 3]])


def test_new_levels_that_are_related_are_drawn_given_the_fitted_ones() -> None:
    d, by = draws_of(RELATED), RELATED.model.spec.design.groups[0].by
    levels, new = list("pqrstu"), ["near", "far"]
    weights = A.loc[new, levels].to_numpy() @ np.linalg.inv(A.loc[levels, levels])
    left = A.loc[new, new].to_numpy() - weights @ A.loc[levels, new].to_numpy()
    root, old = np.linalg.cholesky(d["cor_g"]), np.full(2, by.levels.index("old"))

    def unscaled(effects: np.ndarray, stratum: np.ndarray) -> np.ndarray:
        scaled = effects / d["sd_g"][:, stratum]
        return np.linalg.solve(root[:, stratum], scaled[..., None])[..., 0]

    found = (gaussian(RELATED, new, seed, t="old") for seed in range(100))
    z = np.stack([unscaled(f, old) for f in found]) - weights @ unscaled(d["r_g"], by.of_level)
    rest = np.linalg.solve(np.linalg.cholesky(left), z).reshape(-1, 4)
    assert all(stats.kstest(column, "norm").pvalue > 1e-4 for column in rest.T)
    within(np.corrcoef(rest.T), np.eye(4), np.full((4, 4), 1 / np.sqrt(len(rest))))


def test_a_related_level_is_the_same_whichever_others_are_asked_for() -> None:
    both = gaussian(RELATED, ["far", "near", "far"], t="new")
    np.testing.assert_array_equal(both[:, 0], both[:, 2])
    np.testing.assert_allclose(both[:, 1], gaussian(RELATED, ["near"], t="new")[:, 0], atol=1e-12)


def test_levels_whose_relatives_are_not_known() -> None:
    with pytest.raises(PredictionError, match="'alien' of group 'g' is not in data2"):
        gaussian(RELATED, ["alien"], t="old")
    with_ = {"allow_new_levels": True, "random_seed": 1}
    assert RELATED.posterior_epred(rows("alien", t="old"), **with_).shape == (S, 1)
