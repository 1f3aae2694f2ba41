"""Given the same draws, the same numbers as brms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayesmix.design.columns import label_key
from bayesmix.errors import PredictionError
from bayesmix.likelihood import SpatialRows
from bayesmix.priors.names import r_name
from bayesmix.priors.rounding import format_number

from .reference_cases import TRAIN_ROWS, Case, Prediction, cases

STATS = ["Estimate", "Est.Error", "Q2.5", "Q97.5"]
FACTORS = {"L": "cor", "Llncor": "lncor", "Lrescor": "rescor", "Lme": "corme"}
"""Classes of Cholesky factors, and of the correlations."""
NEW_SHAPE_PRIOR = "inv_gamma(0.4, 0.3)"
"""brms 2.23's for the shape of a negative binomial; 2.18, which made the cases, had another."""


def each_case(*names: str) -> pytest.MarkDecorator:
    chosen = [c for c in cases() if not names or c.name in names]
    return pytest.mark.parametrize("case", chosen, ids=lambda c: c.name)


each_prediction = pytest.mark.parametrize(
    "prediction",
    [p for c in cases() for p in c.predictions()],
    ids=lambda p: f"{p.case.name}-{p.stem}",
)


def close(actual: np.ndarray, expected: np.ndarray, tolerance: float = 1e-8) -> None:
    """Within the tolerance, relative to values above 1."""
    assert actual.shape == expected.shape
    assert np.max(np.abs(actual - expected) / np.maximum(1.0, np.abs(expected))) <= tolerance


def coefficient(name: str) -> str:
    """One spelling for both packages: R's, the factors of an interaction sorted."""
    return ":".join(sorted(r_name(name).split(":")))


def test_the_cases_are_there() -> None:
    assert len(cases()) == 91
    assert sum(1 for c in cases() for _ in c.predictions()) > 100


with_log_lik = pytest.mark.parametrize(
    "case", [c for c in cases() if c.stems("log_lik")], ids=lambda c: c.name
)
"""All but one of measurement error, where brms drew true values anew in each call."""


@with_log_lik
def test_log_lik(case: Case) -> None:
    ours, brms, seen = case.fit.log_lik().to_numpy(), case.values("log_lik"), case.complete
    close(ours[:, seen], brms[:, seen], case.tolerance)
    # Of rows that miss a response brms has none.
    assert np.isfinite(ours).all() and np.isnan(brms[:, ~seen]).all()


@with_log_lik
def test_log_lik_of_the_data_given_as_newdata(case: Case) -> None:
    if case.true_values_of_rows:
        return
    given = case.fit.log_lik(case.data.head(TRAIN_ROWS)).to_numpy()
    seen = case.complete[:TRAIN_ROWS]
    close(given[:, seen], case.values("log_lik")[:, :TRAIN_ROWS][:, seen], case.tolerance)


@each_case()
def test_log_density_up_to_a_constant(case: Case) -> None:
    ours, brms = case.fit.log_density(), case.values("log_density")[:, 0]
    brms = brms + prior_of_scaled_xi(case) + newer_prior_of_angles(case)
    atol = max(1e-6, case.tolerance)
    np.testing.assert_allclose(ours - ours[0], brms - brms[0], rtol=0, atol=atol)


@each_prediction
def test_predictions_for_newdata(prediction: Prediction) -> None:
    if prediction.case.true_values_of_rows:
        return
    ours, brms, case = prediction.made(prediction.newdata), prediction.expected, prediction.case
    # What new rows miss is drawn, not that of the fit's rows.
    seen = case.complete[: brms.shape[1]] if prediction.data == "train" else slice(None)
    close(ours[:, seen], brms[:, seen], case.tolerance)


@each_prediction
def test_predictions_for_the_rows_of_the_fit(prediction: Prediction) -> None:
    if prediction.data == "train":
        made = prediction.made(None)
        assert made.shape[1] == len(prediction.case.data)
        close(made[:, :TRAIN_ROWS], prediction.expected, prediction.case.tolerance)


@each_case()
def test_fixef(case: Case) -> None:
    close_tables(case.fit.fixef(), case.table("fixef").set_index("name")[STATS])


@each_case()
@pytest.mark.parametrize("method", ["ranef", "coef"])
def test_ranef_and_coef(case: Case, method: str) -> None:
    by_group = getattr(case.fit, method)()
    assert {f"{method}__{g.replace(':', '_')}" for g in by_group} == set(case.stems(f"{method}__"))
    for group, table in by_group.items():
        long = case.table(f"{method}__{group.replace(':', '_')}")
        wide = long.pivot(index=["level", "coef"], columns="stat", values="value")
        if (case.name, method) == ("f_thres", "coef"):
            # To thresholds named by a group brms adds the effects that it takes from all others.
            table, wide = (
                t[~t.index.get_level_values("coef").str.contains(",")] for t in (table, wide)
            )
        close_tables(table, wide[STATS].astype(float))


@each_case()
def test_varcorr(case: Case) -> None:
    by_group = case.fit.varcorr()
    assert {f"varcorr_sd__{g.replace(':', '_')}" for g in by_group} == set(
        case.stems("varcorr_sd__")
    )
    for group, found in by_group.items():
        stem = group.replace(":", "_")
        close_tables(found.sd, case.table(f"varcorr_sd__{stem}").set_index("name")[STATS])
        for kind in ("cor", "cov"):
            table = getattr(found, kind)
            assert (table is not None) == (f"varcorr_{kind}__{stem}" in case.stems("varcorr_"))
            if table is not None:
                long = case.table(f"varcorr_{kind}__{stem}")
                wide = long.pivot(index=["row", "col"], columns="stat", values="value")
                close_tables(table, wide[STATS].astype(float))


@each_case()
def test_default_priors(case: Case) -> None:
    expected = prior_rows(as_now(case, case.table("default_prior")))
    if ("shape", "", "", "@") in expected and "negbinomial" in case.spec["family"]["name"]:
        expected["shape", "", "", "@"] = (NEW_SHAPE_PRIOR, "0", "")
    for name in references_of_shares(case):
        del expected[name, "", "", "@"]
    assert prior_rows(defaults(case)) == expected


def defaults(case: Case) -> pd.DataFrame:
    """The table without the user's priors, which nonlinear parameters can't do without."""
    if not case.model.spec.responses[0].family.nonlinear:
        return case.model_with([]).priors
    table = case.model.priors
    return table.assign(prior=table["prior"].where(table["source"] == "default", ""))


@each_case()
def test_priors_of_the_user(case: Case) -> None:
    expected = as_now(case, case.table("prior_summary"))
    expected["class"] = expected["class"].replace(FACTORS)
    expected["prior"] = expected["prior"].str.replace("lkj_corr_cholesky", "lkj")
    if any(p["class"] == "shape" for p in case.spec["prior"]):
        expected.loc[expected["class"] == "shape", "source"] = "user"
    found = case.model.priors
    if case.model.spec.several:
        # brms shows the rows that are for all responses among the defaults only.
        found = found[(found["resp"] != "") | ~found["class"].isin(["b", "Intercept"])]
    elif case.model.spec.family.main_outcome is not None:
        # brms shows the rows that are for all categories among the defaults only.
        found = found[(found["dpar"] != "") | ~found["class"].isin(["b", "Intercept"])]
    expected = expected[~expected["class"].isin(references_of_shares(case))]
    assert prior_rows(found) == prior_rows(expected)
    assert sources(found) == sources(expected)


@each_case("sleepstudy_slopes")
def test_what_brms_drops_in_silence_is_an_error(case: Case) -> None:
    with pytest.raises(PredictionError, match="doesn't have"):
        case.fit.posterior_epred(re_formula="~ (1 | nosuch)")


def prior_of_scaled_xi(case: Case) -> np.ndarray | float:
    """What changes if the prior of gen_extreme_value's shape is one of xi itself.

    brms gives it to a number that the response, mu and sigma turn into xi; a prior that hangs on
    the response isn't one.
    """
    draws = case.table("draws")
    if "tmp_xi" not in draws:
        return 0.0
    prior = stats.norm(0, 2.5)
    return (prior.logpdf(draws["xi"]) - prior.logpdf(draws["tmp_xi"])).astype(float)


def references_of_shares(case: Case) -> list[str]:
    """Shares of a mixture that are the 0 of a softmax: brms lists a prior of what is no parameter.

    (``stancode`` has neither the parameter nor the prior.)
    """
    families = [r.family for r in case.model.spec.responses]
    return [d.name for f in families for d in f.dpars if f.parts and d.fixed is not None]


def newer_prior_of_angles(case: Case) -> np.ndarray | float:
    """What changes if a mean direction has the prior of brms 2.23."""
    if not of_angles(case):
        return 0.0
    intercept = case.table("draws")["Intercept"].astype(float)
    return stats.t(1).logpdf(intercept) - stats.t(3, 0, 2.5).logpdf(intercept)


def as_now(case: Case, table: pd.DataFrame) -> pd.DataFrame:
    """brms's ``min_Y`` as the number that it is, and the prior of directions of brms 2.23."""
    least = format_number(case.model.spec.responses[0].data.y.min())
    numbers = {"min_Y": least, **bounds_of_rho(case)}
    for word, number in numbers.items():
        table = table.map(lambda v, by=(word, number): v.replace(*by) if isinstance(v, str) else v)
    if of_angles(case):
        table.loc[table["class"] == "Intercept", "prior"] = "student_t(1, 0, 1)"
    return table


def bounds_of_rho(case: Case) -> dict[str, str]:
    """brms's names of the eigenvalues of weights between rows."""
    likelihood = case.model.spec.responses[0].likelihood
    if not isinstance(likelihood, SpatialRows):
        return {}
    names = ("min_eigenMsar", "max_eigenMsar")
    return dict(zip(names, map(format_number, likelihood.weights.bounds), strict=True))


def of_angles(case: Case) -> bool:
    return case.spec["family"]["name"] == "von_mises"


def prior_rows(table: pd.DataFrame) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {
        (row["class"], coefficient(row["coef"]), row["group"], parameter(row)): (
            row["prior"],
            row["lb"],
            row["ub"],
        )
        for _, row in table.iterrows()
    }


def parameter(row: pd.Series) -> str:
    """Nonlinear ones have a column of their own in brms; with the response, if it has one."""
    return (row["dpar"] or row.get("nlpar", "")) + "@" + row.get("resp", "")


def sources(table: pd.DataFrame) -> dict[tuple[str, ...], str]:
    return {
        (row["class"], coefficient(row["coef"]), row["group"], parameter(row)): row["source"]
        for _, row in table.iterrows()
    }


def close_tables(ours: pd.DataFrame, brms: pd.DataFrame) -> None:
    """The same rows, in whatever order, and the same numbers."""
    assert list(ours.columns) == STATS
    ours, brms = keyed(ours), keyed(brms)
    assert set(ours) == set(brms)
    close(np.array([ours[k] for k in brms]), np.array(list(brms.values())))


def keyed(table: pd.DataFrame) -> dict[tuple[str, ...], np.ndarray]:
    """Rows by their labels, coefficients in R's spelling."""
    frame = pd.DataFrame(table)
    labels = [label if isinstance(label, tuple) else (label,) for label in frame.index]
    keys = [tuple(coefficient(label_key(part)) for part in label) for label in labels]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, frame.to_numpy(float), strict=True))
