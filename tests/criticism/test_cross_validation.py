"""Fitting again without some rows: folds, groups, single rows, jobs elsewhere."""

from __future__ import annotations

import pickle
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import special

import bayesmix as bx
from bayesmix.build import on_rows
from bayesmix.criticism.folds import folds_of
from bayesmix.errors import ConvergenceWarning, DataError, PredictionError, SamplingError
from bayesmix.priors import prior

from ..support import fit_of, frame, given_fit

SLEEP = bx.load_dataset("sleepstudy")
SOME = SLEEP[SLEEP["Subject"].isin(SLEEP["Subject"].unique()[:4])]
FORMULA = "Reaction ~ Days + (1 | Subject)"
SHORT = {"draws": 300, "tune": 300, "chains": 2, "progressbar": False}
RNG = np.random.default_rng(1)
quiet = pytest.mark.filterwarnings(
    "ignore::bayesmix.errors.ConvergenceWarning", "ignore:Pareto k:bayesmix.errors.BayesmixWarning"
)


@pytest.fixture(scope="module")
def fit() -> Any:
    return bx.Model(FORMULA, SOME).fit(random_seed=1, **SHORT)


def test_folds() -> None:
    spec = given_fit("y ~ x + (1 | g)", frame()).model.spec
    random = folds_of(spec, 7, None, None, RNG)
    assert sorted(np.bincount(random)) == [8, 8, 8, 9, 9, 9, 9]
    by_group = folds_of(spec, 10, "g", None, RNG)
    np.testing.assert_array_equal(by_group, spec.design.groups[0].index)
    together = folds_of(spec, 3, "g", "grouped", RNG)
    assert all(len(set(together[by_group == level])) == 1 for level in range(6))
    assert len(set(together)) == 3
    apart = folds_of(spec, 5, "g", "stratified", RNG)
    counts = pd.crosstab(by_group, apart).to_numpy()
    assert counts.min() == counts.max() == 2
    last = folds_of(spec, 2, "g", "future", RNG)
    np.testing.assert_array_equal(last, np.maximum(by_group - 4, -1))
    given = folds_of(spec, 10, None, np.where(np.arange(60) < 20, "a", "b"), RNG)
    np.testing.assert_array_equal(given, np.arange(60) >= 20)


WRONG = [
    ({"k": 1}, "k must be a whole number from 2 to 60"),
    ({"k": 61}, "k must be a whole number from 2 to 60"),
    ({"k": 2.5}, "k must be"),
    ({"k": 7, "group": "g", "folds": "grouped"}, "from 2 to 6, the levels of 'g'"),
    ({"group": "G"}, "There is no group 'G'.* Did you mean 'g'"),
    ({"folds": "loo"}, "folds must be one of"),
    ({"folds": "grouped"}, "needs group="),
    ({"folds": "future"}, "needs group="),
    ({"folds": "future", "group": "g", "k": 6}, "from 1 to 5, the values of 'g' but the first"),
    ({"folds": [1, 2, 3]}, "a value for each of the 60 rows"),
    ({"folds": np.ones(60)}, "two folds at least"),
]


@pytest.mark.parametrize(("how", "message"), WRONG)
def test_folds_that_cant_be(how: dict[str, Any], message: str) -> None:
    spec = given_fit("y ~ x + (1 | g)", frame()).model.spec
    with pytest.raises(PredictionError, match=message):
        folds_of(spec, **{"k": 10, "group": None, "folds": None, "rng": RNG} | how)


def test_models_of_some_rows_keep_their_priors() -> None:
    spec = given_fit(
        "y ~ x + f + (1 + x | g)", frame(), prior=[prior("normal(0, 9)", "b")]
    ).model.spec
    some = on_rows(spec, np.arange(40))
    assert len(some.design.frame) == 40
    assert some.priors.resolved == spec.priors.resolved
    assert [p.priors for p in some.parameters] == [p.priors for p in spec.parameters]
    alone = bx.Model("y ~ x + f + (1 + x | g)", frame().head(40)).spec
    assert alone.priors.resolved != spec.priors.resolved


def test_models_travel() -> None:
    model = bx.Model(FORMULA, SOME)
    assert model.pymc is not None
    there = pickle.loads(pickle.dumps(model))
    assert "pymc" not in there.__dict__
    assert there.priors.equals(model.priors)


def test_a_changed_model_stays() -> None:
    import pymc as pm

    model = bx.Model(FORMULA, SOME)
    with model.pymc:
        pm.Normal("own", 0, 1)
    with pytest.raises(SamplingError, match="changed by hand"):
        model.on_rows([0, 1, 2])


@quiet
def test_groups_against_fits_by_hand(fit: Any) -> None:
    made = fit.kfold(group="Subject", random_seed=1, draws=2000, progressbar=False)
    by_hand = np.empty(len(SOME))
    priors = [
        prior(row["prior"], row["class"])
        for _, row in fit.model.priors.iterrows()
        if row["class"] in ("Intercept", "sd", "sigma") and not row["coef"] and not row["group"]
    ]
    for subject in SOME["Subject"].unique():
        out = (SOME["Subject"] == subject).to_numpy()
        other = bx.Model(FORMULA, SOME[~out], prior=priors).fit(
            random_seed=5, draws=2000, tune=500, chains=2, progressbar=False
        )
        logp = other.log_lik(
            SOME[out], allow_new_levels=True, sample_new_levels="gaussian", random_seed=3
        ).to_numpy()
        by_hand[out] = special.logsumexp(logp, axis=0) - np.log(len(logp))
    difference = np.abs(made.elpd_i.to_numpy() - by_hand)
    assert difference.mean() < 0.05
    assert difference.max() < 0.5
    assert made.n_folds == 4
    assert made.elpd == pytest.approx(float(made.elpd_i.sum()))
    lpd = special.logsumexp(fit.log_lik().to_numpy(), axis=0) - np.log(600)
    assert made.p == pytest.approx(lpd.sum() - made.elpd)


@quiet
def test_the_future_against_fits_by_hand(fit: Any) -> None:
    """Each of the last days from a fit to the days before it."""
    found = fit.kfold(k=2, group="Days", folds="future", random_seed=1, progressbar=False)
    days = SOME["Days"].to_numpy()
    assert found.n_folds == 2 and found.n_data_points == 8
    np.testing.assert_array_equal(found.elpd_i["obs"], fit.log_lik()["obs"][days >= 8])
    for day in (8, 9):
        before = fit.model.on_rows(np.flatnonzero(days < day)).fit(random_seed=4, **SHORT)
        logp = before.log_lik(SOME[days == day]).to_numpy()
        by_hand = special.logsumexp(logp, axis=0) - np.log(len(logp))
        assert np.abs(found.elpd_i.to_numpy()[days[days >= 8] == day] - by_hand).max() < 0.3


@pytest.mark.parametrize("cov", [True, False])
def test_the_future_given_the_past(cov: bool) -> None:
    """New rows of a fit to what was before have the likelihood that they have in all."""
    whole = given_fit(f"Reaction ~ Days + ar(Days, gr=Subject, cov={cov})", SOME)
    future = SOME["Days"].to_numpy() >= 8
    draws = {n: v.to_numpy() for n, v in whole.idata["posterior"].data_vars.items()}
    before = fit_of(whole.model.on_rows(np.flatnonzero(~future)), **draws)
    expected = whole.log_lik(kind="past").to_numpy()[:, future]
    found = before.log_lik(SOME[future], kind="past").to_numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@quiet
def test_numbers_dont_hang_on_jobs(fit: Any) -> None:
    how = {"k": 3, "random_seed": 1, "progressbar": False, "draws": 100, "tune": 100}
    alone = fit.kfold(**how).elpd_i.to_numpy()
    np.testing.assert_array_equal(fit.kfold(n_jobs=2, **how).elpd_i, alone)
    assert not np.array_equal(fit.kfold(**how | {"random_seed": 2}).elpd_i, alone)


@quiet
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_jobs_on_a_cluster(fit: Any) -> None:
    from distributed import Client, LocalCluster

    how = {"k": 3, "random_seed": 1, "progressbar": False, "draws": 100, "tune": 100}
    alone = fit.kfold(**how).elpd_i.to_numpy()
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    )
    with cluster, Client(cluster), joblib.parallel_config("dask"):
        there = fit.kfold(**how).elpd_i.to_numpy()
    np.testing.assert_array_equal(there, alone)


@quiet
def test_reloo(fit: Any) -> None:
    first = fit.loo()
    bad = int(np.argmax(first.pareto_k.to_numpy()))
    threshold = float(np.sort(first.pareto_k)[-2])
    made = fit.reloo(first, threshold, random_seed=1, draws=2000, progressbar=False)
    same = np.arange(len(SOME)) != bad
    np.testing.assert_array_equal(made.elpd_i[same], first.elpd_i[same])
    assert made.pareto_k.to_numpy()[bad] == 0
    other = fit.model.on_rows(np.flatnonzero(same)).fit(random_seed=2, progressbar=False)
    logp = other.log_lik(SOME.iloc[[bad]]).to_numpy()
    elpd = special.logsumexp(logp) - np.log(len(logp))
    assert float(made.elpd_i[bad]) == pytest.approx(elpd, abs=0.3)
    assert made.elpd == pytest.approx(float(made.elpd_i.sum()))
    nothing = fit.reloo(first, 99.0, progressbar=False)
    np.testing.assert_array_equal(nothing.elpd_i, first.elpd_i)
    with pytest.raises(PredictionError, match="k_threshold"):
        fit.reloo(first, "high")


def test_one_warning_for_all_fits(fit: Any) -> None:
    with pytest.warns(ConvergenceWarning, match="of 2 fits should not be trusted yet") as caught:
        fit.kfold(k=2, random_seed=1, draws=10, tune=10, progressbar=False)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@quiet
def test_folds_without_which_there_is_no_model() -> None:
    data = SOME.assign(f=np.where(np.arange(len(SOME)) < 3, "rare", "common"))
    fit = bx.Model("Reaction ~ f + (1 | Subject)", data).fit(random_seed=1, **SHORT)
    with pytest.raises(PredictionError, match="Without f 'common' there is no fit"):
        fit.kfold(group="f", draws=50, tune=50, progressbar=False)


def test_rows_that_make_no_model() -> None:
    model = given_fit("y ~ x + f", frame()).model
    with pytest.raises((DataError, bx.FormulaError)):
        model.on_rows(np.flatnonzero(frame()["f"] == "a"))
