"""subset(), and the columns that vreal() and vint() hand to families of one's own."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bayesmix as bx
from bayesmix.build import build_spec
from bayesmix.errors import DataError, FormulaError

from ..support import fit_of, frame, given_fit


def test_a_subset_is_the_model_of_those_rows():
    data = frame().assign(keep=lambda d: d["x"] > 2.5)
    spec = build_spec("y | subset(keep) ~ x + (1 | g)", data)
    alone = build_spec("y ~ x + (1 | g)", data[data["keep"]])
    assert spec.design.frame.index.tolist() == data.index[data["keep"]].tolist()
    assert_allclose(spec.response.data.y, alone.response.data.y)
    assert_allclose(
        spec.predictors["", "mu"].columns.values, alone.predictors["", "mu"].columns.values
    )
    assert spec.priors.frame().equals(alone.priors.frame())


def test_missing_values_outside_of_a_subset_do_not_matter():
    data = frame().assign(keep=True)
    data.loc[3, ["y", "keep"]] = np.nan, False
    data["keep"] = data["keep"].astype(bool)
    assert len(build_spec("y | subset(keep) ~ x", data).design.frame) == len(data) - 1


def test_predictions_need_no_subset():
    data = frame().assign(keep=lambda d: d["x"] > 2.5)
    fit = given_fit("y | subset(keep) + weights(w) ~ x", data)
    new = data.drop(columns="keep").head(3)
    assert fit.posterior_epred(new).shape == (40, 3)
    assert fit.log_lik().shape == (40, int(data["keep"].sum()))


WRONG = [
    ("y | subset(x) ~ z", DataError, "takes True and False; 'x' is .* in row 0"),
    ("y | subset(x > 2) ~ z", FormulaError, "takes a column of True and False"),
    ("y | subset(none) ~ z", DataError, "No row is left"),
    ("y | subset(nowhere) ~ z", FormulaError, "no column 'nowhere'"),
]


@pytest.mark.parametrize(("formula", "error", "message"), WRONG)
def test_wrong_subsets(formula, error, message):
    with pytest.raises(error, match=message):
        build_spec(formula, frame().assign(none=False))


def cut(y, mu, sigma, vreal1, vint1, m):
    """A normal density whose scale hangs on two known columns."""
    scale = sigma * vreal1 * m.sqrt(vint1)
    return -0.5 * ((y - mu) / scale) ** 2 - m.log(scale) - 0.5 * np.log(2 * np.pi)


FAMILY = bx.custom_family(
    "cut",
    dpars=["mu", "sigma"],
    links=["identity", "log"],
    lb=[None, 0],
    density=cut,
    mean=lambda mu: mu,
    random=lambda rng, mu, sigma, vreal1, vint1: rng.normal(mu, sigma * vreal1 * np.sqrt(vint1)),
)


def test_columns_for_families_of_ones_own():
    from scipy import stats

    data = frame()
    fit = fit_of(bx.Model("y | vreal(z) + vint(tries) ~ x", data, FAMILY))
    draws = fit.idata["posterior"].to_dataset().stack(sample=("chain", "draw"))
    scale = draws["sigma"].values[:, None] * (data["z"] * np.sqrt(data["tries"])).to_numpy()
    expected = stats.norm(fit.posterior_linpred().values, scale).logpdf(data["y"].to_numpy())
    assert_allclose(fit.log_lik().values, expected, rtol=1e-9)
    assert_allclose(fit.log_lik(data).values, expected, rtol=1e-9)
    assert fit.posterior_predict(data.head(4), random_seed=1).shape == (40, 4)
    assert_allclose(fit.posterior_epred(data[["x"]]), fit.posterior_epred())


def test_the_engine_takes_them():
    from bayesmix.engine import uncovered

    spec = build_spec("y | vreal(z) + vint(tries) ~ x", frame(), FAMILY)
    assert uncovered(spec) is None


def test_whole_numbers_are_checked():
    with pytest.raises(DataError, match=r"vint1\(\) must be whole numbers; it is .* in row 0"):
        build_spec("y | vreal(z) + vint(x) ~ 1", frame(), FAMILY)


def test_families_that_have_no_use_for_them():
    with pytest.raises(FormulaError, match=r"'gaussian' can't use vreal\(\)"):
        build_spec("y | vreal(z) ~ x", frame())
    with pytest.raises(FormulaError, match=r"'cut' needs vint\(\)"):
        build_spec("y | vreal(z) ~ x", frame(), FAMILY)
