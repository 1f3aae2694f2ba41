"""loo, waic and comparisons against ArviZ and numpy on the same log likelihoods."""

from __future__ import annotations

from typing import Any

import arviz_stats
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import special

import bayesmix as bx
from bayesmix.errors import PredictionError

from ..reference_cases import Case, cases
from ..support import fit_of, frame, given_fit

DATA = frame()
PLAIN = {"b": np.broadcast_to([2.0, 0.0], (2, 200, 2)), "sigma": np.full((2, 200), 3.0)}
pytestmark = pytest.mark.filterwarnings(
    "ignore:Estimated shape:UserWarning", "ignore:Pareto k:bayesmix.BayesmixWarning"
)


def noisy(formula: str = "y ~ x", data: pd.DataFrame = DATA, seed: int = 1) -> Any:
    """A fit whose draws are near the truth, so that importance sampling works."""
    rng = np.random.default_rng(seed)
    given = {name: v + rng.normal(0, 0.1, v.shape) for name, v in PLAIN.items()}
    return given_fit(formula, data, chains=2, draws=200, **given)


FIT, OTHER = noisy(), noisy(seed=2)


def test_log_lik_stays_where_arviz_looks() -> None:
    fit = noisy()
    assert "log_likelihood" not in fit.idata
    tree = fit.add_log_lik()
    assert tree is fit.idata
    values = tree["log_likelihood"]["y"]
    assert values.dims == ("chain", "draw", "obs")
    np.testing.assert_array_equal(values.to_numpy().reshape(400, -1), fit.log_lik())
    assert arviz_stats.loo(tree).elpd == fit.loo().elpd


def test_loo() -> None:
    values = FIT.log_lik().to_numpy().reshape(2, 200, -1)
    tree = xr.DataTree.from_dict(
        {
            "posterior": FIT.idata["posterior"].to_dataset(),
            "log_likelihood": xr.Dataset({"y": (("chain", "draw", "obs"), values)}),
        }
    )
    expected, made = arviz_stats.loo(tree, pointwise=True), FIT.loo()
    assert (made.elpd, made.se, made.p) == (expected.elpd, expected.se, expected.p)
    np.testing.assert_array_equal(made.elpd_i, expected.elpd_i)


def test_waic() -> None:
    logp = FIT.log_lik().to_numpy()
    elpd = special.logsumexp(logp, axis=0) - np.log(400) - logp.var(axis=0, ddof=1)
    made = FIT.waic()
    np.testing.assert_allclose(made.elpd_i, elpd)
    np.testing.assert_allclose(made.elpd, elpd.sum())
    np.testing.assert_allclose(made.se, np.sqrt(len(elpd) * elpd.var()))
    np.testing.assert_allclose(made.p, logp.var(axis=0, ddof=1).sum())


def test_loo_says_in_which_rows_not_to_trust_it_and_what_to_do() -> None:
    data = DATA.assign(y=DATA["y"] + 90.0 * (DATA.index == 7)).set_index(DATA.index + 100)
    fit = noisy(data=data)
    with pytest.warns(bx.BayesmixWarning, match=r"fit\.reloo\(\)") as caught:
        made = fit.loo()
    bad = np.flatnonzero(made.pareto_k > made.good_k)
    assert 7 in bad
    assert f"in {len(bad)} of 60 rows (the first is {100 + bad[0]})" in str(caught[0].message)


def test_waic_says_when_not_to_trust_it() -> None:
    with pytest.warns(UserWarning, match="isn't reliable; use loo"):
        given_fit("y ~ x", DATA).waic()


def test_comparison() -> None:
    table = bx.loo_compare({"one": FIT, "two": OTHER.loo()})
    elpd = {"one": FIT.loo().elpd, "two": OTHER.loo().elpd}
    assert table.index[0] == max(elpd, key=elpd.get)
    np.testing.assert_allclose(table["elpd"].astype(float), [elpd[name] for name in table.index])
    assert table["weight"].sum() == pytest.approx(1)
    for weights in ("pseudobma", "pseudobma+"):
        assert bx.loo_compare({"one": FIT, "two": OTHER}, weights)["weight"].sum() == pytest.approx(
            1
        )


def other_data(**changes: Any) -> Any:
    return noisy(data=DATA.assign(**changes))


WRONG = [
    (lambda: bx.loo_compare({"a": FIT, "b": noisy(data=DATA.head(50))}), "60 rows and 'b' 50"),
    (
        lambda: bx.loo_compare({"a": FIT, "b": noisy(data=DATA.set_index(DATA.index + 1))}),
        "different rows: 0 and 1",
    ),
    (
        lambda: bx.loo_compare({"a": FIT, "b": other_data(y=DATA["y"] + 1)}),
        "different responses, first in row 0",
    ),
    (lambda: bx.loo_compare({"a": FIT}), "needs two models"),
    (lambda: bx.loo_compare([FIT, OTHER]), "takes fits by name"),
    (lambda: bx.loo_compare({"a": FIT, "b": 3}), "'b' is neither a fit"),
    (lambda: bx.loo_compare({"a": FIT, "b": OTHER}, "bma"), "weights must be one of"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_mistakes(call: Any, message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        call()


R2 = [c for c in cases() if c.stems("bayes_R2")]


@pytest.mark.parametrize("case", R2, ids=lambda case: case.name)
def test_bayes_r2_as_in_brms(case: Case) -> None:
    made = case.fit.bayes_R2(method="residual").to_numpy(float)
    expected = case.table("bayes_R2")[["Estimate", "Est.Error", "Q2.5", "Q97.5"]]
    expected = expected.apply(pd.to_numeric, errors="coerce").to_numpy()
    known = ~np.isnan(expected)  # brms has none of a response with missing values
    assert known[0].all()
    np.testing.assert_allclose(made[known], expected[known], rtol=case.tolerance)


def test_there_are_cases_of_r2() -> None:
    assert len(R2) >= 25


def test_r2_of_the_model() -> None:
    fit = given_fit("y ~ x + (1 + x | g)", DATA)
    draws = fit.idata["posterior"]
    sigma2 = draws["sigma"].to_numpy().ravel() ** 2
    mu = fit.posterior_epred().to_numpy().var(axis=1)
    np.testing.assert_allclose(fit.bayes_R2(summary=False), mu / (mu + sigma2))
    fixed = fit.posterior_epred(re_formula=bx.NA).to_numpy().var(axis=1)
    sd = draws["sd_g"].to_numpy().reshape(-1, 2)
    rho = draws["cor_g"].to_numpy().reshape(-1, 2, 2)[:, 0, 1]
    x = DATA["x"].to_numpy()
    between = sd[:, :1] ** 2 + (x * sd[:, 1:]) ** 2 + 2 * x * (rho * sd[:, 0] * sd[:, 1])[:, None]
    expected = fixed / (fixed + sigma2 + between.mean(axis=1))
    np.testing.assert_allclose(fit.bayes_R2("population", summary=False), expected)
    np.testing.assert_allclose(fit.bayes_R2("average", summary=False), fixed / (fixed + sigma2))
    yes = given_fit("yes ~ x + (1 | g)", DATA, "bernoulli")
    p = yes.posterior_epred(clusters="population").to_numpy()
    expected = p.var(axis=1) / (p.var(axis=1) + (p * (1 - p)).mean(axis=1))
    np.testing.assert_allclose(yes.bayes_R2("population", summary=False), expected)


def test_r2_of_the_model_where_it_isnt_known() -> None:
    fit = given_fit("count ~ x", DATA, "poisson")
    with pytest.raises(PredictionError, match="isn't known here"):
        fit.bayes_R2(method="model")
    with pytest.raises(PredictionError, match="method must be"):
        fit.bayes_R2(method="models")
    assert len(fit.bayes_R2()) == 1


def test_loo_r2() -> None:
    data = DATA.assign(y=2 + 3 * DATA["x"] + np.random.default_rng(1).normal(0, 1, 60))
    rng = np.random.default_rng(2)
    b = np.array([2.0, 3.0]) + rng.normal(0, 0.05, (2, 200, 2))
    fit = fit_of(bx.Model("y ~ x", data), 2, 200, b=b, sigma=np.ones((2, 200)))
    made = fit.loo_R2(random_seed=1)
    y, residual = data["y"], data["y"] - 2 - 3 * data["x"]
    assert made["Estimate"].item() == pytest.approx(1 - residual.var() / y.var(), abs=0.02)
    assert made.equals(fit.loo_R2(random_seed=1))
    assert not made.equals(fit.loo_R2(random_seed=2))
