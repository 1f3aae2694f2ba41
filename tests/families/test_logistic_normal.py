"""Shares whose log ratios are normal and correlated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.build import build_spec
from bayesmix.errors import FamilyError, PredictionError, PriorError
from bayesmix.priors import lkj

from ..engine.models import density_of, points, spec_of
from ..engine.pymc_density import PymcDensity
from ..support import fit_of, frame, given_fit

SHARES = "cbind(share_1, share_2, share_3)"
FOUR = "cbind(share_1, share_2, share_3, share_4)"


def data() -> Any:
    """With a fourth share."""
    made = frame()
    columns = ["share_1", "share_2", "share_3", "share_4"]
    made["share_4"] = np.linspace(0.2, 0.6, len(made))
    made[columns] = made[columns].div(made[columns].sum(axis=1), axis=0)
    return made


def expected(made: bx.Fit, s: int, row: int, reference: int) -> float:
    """Scipy's density of the log ratios, times the volume of the change to shares."""
    names = made.model.spec.family.main
    count = len(names)
    mu = made.posterior_linpred().to_numpy()[s, row]
    others = ["sigma" + name.removeprefix("mu") for name in names]
    sigma = np.array([made.posterior_epred(dpar=d).to_numpy()[s, row] for d in others])
    lncor = made.idata["posterior"]["lncor"].to_numpy().reshape(-1, count * (count - 1) // 2)[s]
    y = data()[["share_1", "share_2", "share_3", "share_4"][: count + 1]].to_numpy()[row]
    y = y / y.sum()
    ratios = np.delete(np.log(y) - np.log(y[reference]), reference)
    law = stats.multivariate_normal(mu, lkj.matrix(lncor) * np.outer(sigma, sigma))
    return law.logpdf(ratios) - np.log(y).sum()


@pytest.mark.parametrize("reference", [0, 2])
def test_log_lik_is_that_of_normal_log_ratios(reference: int) -> None:
    chosen = bx.family("logistic_normal", refcat=f"share_{reference + 1}")
    formula = bx.bf(f"{FOUR} ~ x + (1 | g)", sigmashare4="x")
    made = given_fit(formula, data(), chosen)
    found = made.log_lik().to_numpy()
    for s, row in ((0, 0), (7, 31), (39, 59)):
        assert found[s, row] == pytest.approx(expected(made, s, row, reference), rel=1e-10)
    assert_allclose(made.log_lik(data().head(7)), made.log_lik()[:, :7])


def test_correlations_of_no_matrix_are_rejected() -> None:
    family = build_spec(f"{FOUR} ~ 1", data(), "logistic_normal").family
    p = dict.fromkeys(family.dpar_names, np.array(1.0)) | {"lncor": np.array([0.9, 0.9, -0.9])}
    y, *others = (np.array([0.25]) for _ in range(4))
    aux = dict(zip(family.column_names(4), others, strict=True))
    assert family.logp(y, p, aux) == [-np.inf]
    assert np.isfinite(family.logp(y, p | {"lncor": np.array([0.9, 0.9, 0.9])}, aux)).all()


def test_draws_have_the_moments_of_their_log_ratios() -> None:
    """Of 40,000 draws within five standard errors."""
    family = build_spec(f"{FOUR} ~ 1", data(), "logistic_normal").family
    mu, sigma = np.array([0.5, -1.0, 2.0]), np.array([0.7, 1.5, 0.2])
    lncor = np.array([0.6, -0.3, 0.2])
    p = dict(zip(family.dpar_names, np.tile(np.r_[mu, sigma], (40000, 1)).T, strict=True))
    drawn = family.random(np.random.default_rng(1), p | {"lncor": np.tile(lncor, (40000, 1))}, {})
    assert_allclose(drawn.sum(axis=-1), 1)
    ratios = np.log(drawn[:, 1:] / drawn[:, :1])
    assert_allclose(ratios.mean(axis=0) - mu, 0, atol=5 * sigma.max() / 200)
    assert_allclose(ratios.std(axis=0), sigma, rtol=5 / np.sqrt(2 * 40000))
    assert_allclose(np.corrcoef(ratios.T), lkj.matrix(lncor), atol=5 / 200)


def test_the_engine_agrees_with_pymc() -> None:
    spec = spec_of(bx.bf(f"{SHARES} ~ x + (1 | i | g)", sigmashare2="z"), "logistic_normal")
    engine = density_of(spec)
    pymc = PymcDensity(spec, engine.layout)
    first = None
    for x in points(engine.layout, (0.2, 0.5, 1.0)):
        (logp, grad), (other, slope) = engine(x), pymc(x)
        first = logp - other if first is None else first
        assert_allclose(logp - other, first, atol=1e-8 * max(1.0, abs(other)))
        assert_allclose(grad, slope, rtol=1e-7, atol=1e-8 * np.abs(slope).max())


def test_partial_correlations_make_the_factor_that_has_the_correlations() -> None:
    family = build_spec(f"{FOUR} ~ 1", data(), "logistic_normal").family
    shares, p = np.array([0.8, 0.1, 0.35]), dict.fromkeys(family.dpar_names, np.array(0.7))
    y, *others = (np.array(v) for v in (0.1, 0.2, 0.4, 0.3))
    aux = dict(zip(family.column_names(4), others, strict=True))
    found = family.logp(y, p | {"lncor": lkj.of_partials(shares)}, aux)
    etas = [0.7] * 3 + [np.log(0.7)] * 3
    row = family.row.exact(float(y), *map(float, others), *etas, shares, np.zeros(3), 1.0)
    assert row[0] == pytest.approx(float(found), rel=1e-12)


def test_two_categories_have_no_correlation() -> None:
    two = frame().assign(share_2=lambda d: 1 - d["share_1"])
    made = given_fit("cbind(share_1, share_2) ~ x", two, "logistic_normal")
    assert set(made.model.spec.by_name) == {"b_mushare2", "sigmashare2"}
    y, eta = two["share_1"].to_numpy(), made.posterior_linpred().to_numpy()[..., 0]
    sigma = made.posterior_epred(dpar="sigmashare2").to_numpy()
    law = stats.norm(eta, sigma).logpdf(np.log((1 - y) / y)) - np.log(y * (1 - y))
    assert_allclose(made.log_lik(), law, rtol=1e-10)
    assert made.posterior_predict(random_seed=1).shape == (40, 60, 2)


def test_draws_of_the_prior_have_its_correlations() -> None:
    """Of three under lkj(2) each has variance 1 / (3 + 2), within five standard errors."""
    priors = [bx.prior("normal(0, 1)", "b"), bx.prior("lkj(2)", "lncor")]
    made = bx.Model(f"{FOUR} ~ x", data(), "logistic_normal", priors)
    drawn = made.sample_prior(2000, random_seed=1)["prior"]["lncor"].to_numpy()[0]
    assert_allclose(drawn.mean(axis=0), 0, atol=5 * np.sqrt(0.2 / 2000))
    assert_allclose(drawn.var(axis=0), 1 / 6, rtol=0.15)


def test_saved_fits_and_summaries(tmp_path: Any) -> None:
    made = fit_of(bx.Model(f"{FOUR} ~ x", data(), "logistic_normal"))
    assert_allclose(bx.load(made.save(tmp_path / "fit.nc")).log_lik(), made.log_lik())
    assert {"lncor[share2__share3]", "sigmashare2"} <= set(
        made.summary().index.get_level_values(-1)
    )


def test_errors() -> None:
    made = fit_of(bx.Model(f"{SHARES} ~ x", frame(), "logistic_normal"))
    with pytest.raises(PredictionError, match="has no formula"):
        made.posterior_epred()
    with pytest.raises(FamilyError, match="refcat= must name it"):
        build_spec(f"{SHARES} ~ x", frame(), bx.family("logistic_normal", refcat=None))
    with pytest.raises(PriorError, match="'lkj\\(eta\\)' and nothing else"):
        bx.prior("normal(0, 1)", "lncor")
