"""Proportional hazards: splines beside splines2's, probabilities beside integrals of hazards."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

import bayesmix as bx
from bayesmix.build import build_spec
from bayesmix.design.baseline import Baseline, Column, Settings
from bayesmix.design.factors import Quantity
from bayesmix.design.response import ResponseData
from bayesmix.errors import DataError, FormulaError, PredictionError, PriorError, StorageError

from ..support import draws_of, fit_of, given_fit

TIMES = np.array([1.2, 0.5, 3.3, 2.2, 0.9, 4.1, 1.7, 2.9, 0.3, 5.0])
DATA = pd.DataFrame(
    {
        "time": TIMES,
        "end": TIMES + 0.4,
        "entry": TIMES / 3,
        "x": np.linspace(0.1, 1, 10),
        "status": np.resize(["none", "right", "none", "left", "none"], 10),
        "known": np.resize(["none", "interval", "right"], 10),
        "g": np.resize(["a", "b"], 10),
    }
)
M_SPLINES = {
    0: [0.18241387079963983, 0.542051695927597, 0.19190743442722075, 0.0192876391471115, 0.0],
    9: [0.0, 9.04830899410609e-06, 0.0013793721123305, 0.0698388071917268, 1.161527134677927],
}
I_SPLINES = {
    0: [0.965797399225067, 0.392780226345842, 0.0712584924929346, 0.0047929783280572, 0.0],
    9: [1.0, 0.999999787364739, 0.999956527721769, 0.996662138276136, 0.885664440191920],
}
"""Two rows of splines2 0.4.7's mSpline and iSpline, as brms 2.18 calls them."""


def response(formula: str, data: pd.DataFrame = DATA) -> ResponseData:
    return build_spec(formula, data, "cox").response.data


def columns(aux: dict, start: str) -> np.ndarray:
    return np.stack([v for name, v in aux.items() if name.startswith(start)], axis=1)


def test_splines_are_those_of_splines2() -> None:
    aux = response("time ~ x").aux
    for row in M_SPLINES:
        assert_allclose(columns(aux, "bhaz_")[row], M_SPLINES[row], rtol=1e-12, atol=1e-15)
        assert_allclose(columns(aux, "cbhaz_")[row], I_SPLINES[row], rtol=1e-12, atol=1e-12)


def test_knots_are_where_splines2_puts_them() -> None:
    made = Baseline.between(TIMES, Settings(df=7, intercept=False))
    assert_allclose(made.knots, [*[0.206] * 4, 0.82, 1.5, 2.48, 3.46, *[5.094] * 4], rtol=1e-14)
    tied = Baseline.between(np.array([1.0, 1, 1, 1, 2, 2, 3, 9]), Settings(df=6))
    assert_allclose(tied.knots[4:6], [1.0, 2.0])
    # splines2's, with the knots of the line above.
    assert_allclose(
        [tied.cumulative(k, np.array([2.0]))[0] for k in (2, 3, 4)],
        [0.350166261493503, 0.0470671204527901, 0.0018404733096622],
        rtol=1e-12,
    )


@pytest.mark.parametrize(
    "settings", [Settings(), Settings(8, 2, False), Settings(1, 0), Settings(3, 3, False)]
)
def test_i_splines_are_integrals(settings: Settings) -> None:
    made = Baseline.between(TIMES, settings)
    assert made.count == settings.df
    low, high = made.ends
    for k in range(made.count):
        area = integrate.quad(lambda t, k=k: made.hazard(k, t), low, 2.5, points=made.knots[4:7])
        assert_allclose(made.cumulative(k, np.array([2.5]))[0], area[0], atol=1e-9)
        ends = made.cumulative(k, np.array([0.0, low, high]))
        assert_allclose(ends, [0.0, 0.0, 1.0], atol=1e-12)


MU = np.array([[0.4], [3.0]])
SHARES = np.array([[[0.1, 0.2, 0.3, 0.15, 0.25]], [[0.5, 0.1, 0.1, 0.1, 0.2]]])
P = {"mu": MU, "sbhaz": SHARES}


def log_lik(formula: str) -> np.ndarray:
    """Two draws' log densities of the ten rows."""
    found = response(formula)
    return found.family.logp(found.y, P, found.aux)


def hazard(made: Baseline, draw: int, t: float) -> float:
    splines = [made.hazard(k, np.array([t]))[0] for k in range(made.count)]
    return float(MU[draw, 0] * SHARES[draw, 0] @ splines)


def survival(made: Baseline, draw: int, t: float) -> float:
    """By numerical integration of the hazard."""
    if t <= made.ends[0]:
        return 1.0
    inner = [k for k in made.knots if made.ends[0] < k < t]
    total, _ = integrate.quad(lambda s: hazard(made, draw, s), made.ends[0], t, points=inner)
    return np.exp(-total)


def by_integration(formula: str, probability) -> np.ndarray:
    """What ``probability(S, h, row)`` makes of survival function and hazard, in each row."""
    column = response(formula).additions["bhaz"]["bhaz_1"]
    assert isinstance(column, Column)
    made = column.baseline
    return np.log(
        [
            [
                probability(
                    lambda t, d=d: survival(made, d, t), lambda t, d=d: hazard(made, d, t), row
                )
                for row in DATA.itertuples()
            ]
            for d in range(2)
        ]
    )


def test_the_density_is_hazard_times_survival() -> None:
    def density(s, h, row):
        return h(row.time) * s(row.time)

    assert_allclose(log_lik("time ~ x"), by_integration("time ~ x", density), rtol=1e-8)


def test_censored_on_the_right_and_left() -> None:
    def known(s, h, row):
        if row.status == "none":
            return h(row.time) * s(row.time)
        return s(row.time) if row.status == "right" else 1 - s(row.time)

    formula = "time | cens(status) ~ x"
    assert_allclose(log_lik(formula), by_integration(formula, known), rtol=1e-8)


def test_intervals_and_late_entry() -> None:
    def known(s, h, row):
        inside = {"none": h(row.time) * s(row.time), "right": s(row.time)}
        of_interval = s(row.time) - s(row.end)
        return inside.get(row.known, of_interval) / s(row.entry)

    formula = "time | cens(known, end) + trunc(lb=entry) ~ x"
    assert_allclose(log_lik(formula), by_integration(formula, known), rtol=1e-7)


def test_between_bounds() -> None:
    def known(s, h, row):
        return h(row.time) * s(row.time) / (s(row.entry) - s(5.05))

    formula = "time | trunc(lb=entry, ub=5.05) ~ x"
    assert_allclose(log_lik(formula), by_integration(formula, known), rtol=1e-7)


def test_the_probabilities_add_up() -> None:
    """To what happens before the last knot; the shares being of a whole, that is 1 - exp(-mu)."""
    made = response("time ~ x").additions["bhaz"]["bhaz_1"].baseline
    for draw in range(2):
        total, _ = integrate.quad(
            lambda t, d=draw: hazard(made, d, t) * survival(made, d, t),
            *made.ends,
            points=sorted({*made.knots}),
            epsrel=1e-6,
        )
        assert_allclose(total, 1 - np.exp(-MU[draw, 0]), rtol=1e-5)


def test_strata_have_shares_of_their_own() -> None:
    found = response("time | cens(known, end) + bhaz(g, df=5) ~ x")
    shares = np.stack([SHARES[0], SHARES[1, :, ::-1]], axis=1) * np.ones((2, 1, 1, 1))
    logp = found.family.logp(found.y, {"mu": MU, "sbhaz": shares}, found.aux)
    alone = response("time | cens(known, end) ~ x")
    for stratum, label in enumerate("ab"):
        own = {"mu": MU, "sbhaz": shares[:, :, stratum]}
        rows = DATA["g"] == label
        expected = alone.family.logp(alone.y, own, alone.aux)
        assert_allclose(logp[:, rows], expected[:, rows], rtol=1e-12)


@pytest.mark.parametrize("g", ["g", "number"])
def test_fits_with_strata(tmp_path, g: str) -> None:
    data = DATA.assign(number=np.resize([7, 3], 10))
    fit = given_fit(f"time | cens(status) + bhaz(df=4, gr={g}) ~ x", data, "cox")
    labels = ["a", "b"] if g == "g" else [3, 7]
    shares = fit.idata["posterior"]["sbhaz"]
    assert list(shares["bhaz_gr"].to_numpy()) == labels
    assert shares.shape == (2, 20, 2, 4)
    assert_allclose(fit.log_lik(data.iloc[[3, 2]]), fit.log_lik().to_numpy()[:, [3, 2]])
    fit.save(tmp_path / "fit.nc")
    assert_allclose(bx.load(tmp_path / "fit.nc").log_density(), fit.log_density())
    with pytest.raises(PredictionError, match=r"no baseline hazard|'c'"):
        fit.log_lik(data.assign(**{g: ["c"] * 10 if g == "g" else 5}))
    draws = {"b_Intercept": [0.1], "b_x": [0.2]}
    names = [f"sbhaz[{label},{k}]" for label in labels for k in (1, 2, 3, 4)]
    draws |= {n: [v] for n, v in zip(names, [0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1], strict=True)}
    read = bx.from_brms(fit.model, draws).idata["posterior"]["sbhaz"].to_numpy()
    assert_allclose(read[0, 0], [[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])


def test_draws_of_the_prior_of_strata() -> None:
    priors = [bx.prior("normal(0, 1)", "b"), bx.prior("dirichlet(1, 2, 3, 4)", "sbhaz")]
    model = bx.Model("time | bhaz(g, df=4) ~ x", DATA, "cox", priors)
    shares = model.fit(prior_only=True, draws=500, chains=1).idata["posterior"]["sbhaz"]
    assert_allclose(shares.to_numpy()[0].mean(axis=0), [[0.1, 0.2, 0.3, 0.4]] * 2, atol=0.04)


def test_some_of_the_rows_have_the_hazard_of_all(tmp_path) -> None:
    whole = bx.Model("time | cens(status) + bhaz(g) ~ x", DATA, "cox")
    kept = np.flatnonzero((DATA["g"] == "a") & (TIMES < 4))
    some = fit_of(whole.on_rows(kept))
    assert some.model.spec.response.data.baseline == whole.spec.response.data.baseline
    assert some.log_lik(DATA[DATA["g"] == "a"]).shape == (40, 5)
    with pytest.raises(StorageError, match="baseline hazard of all can't be saved"):
        some.save(tmp_path / "fit.nc")


def test_far_out_in_either_tail() -> None:
    found = response("time | cens(status) ~ x")
    p = {"mu": np.array([[1e-200], [1e5]]), "sbhaz": SHARES}
    logp = found.family.logp(found.y, p, found.aux)
    cumulative = columns(found.aux, "cbhaz_") @ SHARES[0, 0]
    left = DATA["status"].to_numpy() == "left"
    assert_allclose(logp[0, left], np.log(1e-200) + np.log(cumulative[left]), rtol=1e-12)
    assert np.all(np.isfinite(logp))
    assert np.all(logp[1, left] > -1e-12)


def test_the_options_of_bhaz() -> None:
    found = response("time | bhaz(df=6, degree=2, intercept=False) ~ x")
    assert columns(found.aux, "bhaz_").shape == (10, 6)
    assert len(found.additions["bhaz"]["bhaz_1"].baseline.knots) == 2 * 3 + 4


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("time | bhaz(df=6.5) ~ x", "df= takes a whole number"),
        ("time | bhaz(df=x) ~ x", "df= takes a whole number"),
        ("time | bhaz(intercept=1) ~ x", "intercept= takes True or False"),
        ("time | bhaz(knots=3) ~ x", "no option 'knots'"),
        ("time | bhaz() ~ x", "no arguments"),
        ("time | bhaz(g, gr=g) ~ x", "given twice"),
        ("time | trials(3) ~ x", "can't use trials"),
    ],
)
def test_formulas_that_are_none(formula: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message):
        build_spec(formula, DATA, "cox")


@pytest.mark.parametrize(
    ("formula", "changes", "message"),
    [
        ("time ~ x", {"time": TIMES - 0.4}, r"not be negative. Row 8 has -0.1"),
        ("time ~ x", {"time": 2.0}, "times that differ; they are all 2"),
        ("time | bhaz(df=3) ~ x", {}, "needs a df of 4 at least, for splines of degree 3"),
        ("time | bhaz(df=0, degree=0, intercept=False) ~ x", {}, "a df of 1 at least"),
        ("time | cens(status) ~ x", {"status": "right"}, "'right' in all rows"),
        (
            "time | bhaz(intercept=False) ~ x",
            {"time": [0.0, *TIMES[1:]]},
            "In row 0 something has happened at a time up to which the baseline hazard is 0",
        ),
        (
            "time | cens(status) ~ x",
            {"time": [*TIMES[:3], 0.0, *TIMES[4:]]},
            "In row 3 something has happened",
        ),
        (
            "time | trunc(ub=9) ~ x",
            {},
            "no baseline hazard at the time 9 of row 0: its knots are from 0.206 to 5.094",
        ),
        ("time | bhaz(gr=log(x)) ~ x", {}, r"strata gr= of bhaz\(\) are a column"),
        ("time | trunc(lb=entry) ~ x", {"entry": 0.6}, "below the lb of trunc.* in row 1"),
    ],
)
def test_data_that_cant_be(formula: str, changes: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        build_spec(formula, DATA.assign(**changes), "cox")


def test_time_zero_is_possible() -> None:
    found = response("time ~ x", DATA.assign(time=[0.0, *TIMES[1:]]))
    assert np.all(np.isfinite(found.family.logp(found.y, P, found.aux)))


def test_the_prior_is_one_of_shares() -> None:
    made = bx.Model("time ~ x", DATA, "cox", bx.prior("dirichlet(c(1, 2, 3, 4, 5))", "sbhaz"))
    assert made.spec.by_name["sbhaz"].prior.distribution.params == (1, 2, 3, 4, 5)
    for wrong in ("normal(0, 1)", "dirichlet(1, 2)"):
        with pytest.raises(PriorError, match="5"):
            bx.Model("time ~ x", DATA, "cox", bx.prior(wrong, "sbhaz"))


def test_draws_of_the_prior() -> None:
    priors = [bx.prior("normal(0, 1)", "b"), bx.prior("dirichlet(3)", "sbhaz")]
    drawn = bx.Model("time ~ x", DATA, "cox", priors).fit(prior_only=True, draws=400, chains=1)
    shares = drawn.idata["posterior"]["sbhaz"].to_numpy()[0]
    assert_allclose(shares.sum(axis=-1), 1.0)
    assert_allclose(shares.mean(axis=0), 0.2, atol=0.05)


@pytest.mark.parametrize("method", ["posterior_epred", "posterior_predict"])
@pytest.mark.parametrize("formula", ["time ~ x", "time | trunc(lb=entry) ~ x"])
def test_there_are_hazard_ratios_alone(formula: str, method: str) -> None:
    fit = given_fit(formula, DATA, "cox")
    with pytest.raises(PredictionError, match=r'hazard ratio, posterior_epred\(dpar="mu"\)'):
        getattr(fit, method)()
    eta = fit.posterior_linpred(DATA.drop(columns="time"))
    assert_allclose(fit.posterior_epred(dpar="mu"), np.exp(eta))


def test_log_likelihoods_of_new_rows() -> None:
    fit = given_fit("time | cens(status) + trunc(lb=entry) ~ x + (1 | g)", DATA, "cox")
    assert_allclose(fit.log_lik(DATA.iloc[[7, 2]]), fit.log_lik().to_numpy()[:, [7, 2]])
    assert fit.log_lik(DATA.assign(status="right").head(2)).shape == (40, 2)
    with pytest.raises(PredictionError, match="newdata: There is no baseline hazard at the time 7"):
        fit.log_lik(DATA.assign(time=7.0))
    with pytest.raises(PredictionError, match="time"):
        fit.log_lik(DATA.drop(columns="time"))


def test_models_and_fits_are_kept(tmp_path) -> None:
    fit = given_fit("time | cens(known, end) + bhaz(df=6) ~ x", DATA, "cox")
    assert pickle.loads(pickle.dumps(fit.model.spec)).family == fit.model.spec.family
    fit.save(tmp_path / "fit.nc")
    assert_allclose(bx.load(tmp_path / "fit.nc").log_lik(), fit.log_lik())


def test_the_log_density_has_the_prior_of_the_shares() -> None:
    fit = fit_of(bx.Model("time ~ 1", DATA, "cox", bx.prior("dirichlet(3)", "sbhaz")))
    rest = fit.log_density() - fit.log_lik().sum("obs").to_numpy()
    b, shares = (draws_of(fit)[name] for name in ("b", "sbhaz"))
    prior = fit.model.spec.by_name["b"].priors[0].logpdf(b[:, 0])
    expected = prior + 2 * np.log(shares).sum(axis=1)
    assert_allclose(rest - rest[0], expected - expected[0], atol=1e-9)


def test_the_columns_know_their_times() -> None:
    column = response("log1p(time) ~ x").additions["bhaz"]["cbhaz_1"]
    assert isinstance(column.times, Quantity)
    assert_allclose(column.times.on(DATA), np.log1p(TIMES))
