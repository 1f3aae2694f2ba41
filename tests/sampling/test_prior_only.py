"""The prior in place of the posterior, and draws of the prior as a data frame."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from bayesmix.errors import PredictionError, PriorError, SamplingError
from bayesmix.fit import Fit
from bayesmix.fitting import brm
from bayesmix.model import Model
from bayesmix.priors import prior

from ..support import frame

DATA = frame(30)
PRIORS = [prior("normal(1, 2)", "b"), prior("exponential(1)", "sd")]


@pytest.fixture(scope="module")
def fit() -> Fit:
    model = Model("y ~ x + (1 | g)", DATA, prior=PRIORS)
    return model.fit(draws=400, chains=2, prior_only=True, random_seed=1)


def test_it_is_a_fit_of_independent_draws_from_the_prior(fit):
    posterior = fit.idata["posterior"]
    assert dict(posterior.sizes)["chain"] == 2 and posterior.attrs["sampler"] == "prior"
    slopes = posterior["b"].sel(coef="x").to_numpy().ravel()
    assert stats.kstest(slopes, stats.norm(1, 2).cdf).pvalue > 1e-3
    assert stats.kstest(posterior["sd_g"].to_numpy().ravel(), stats.expon.cdf).pvalue > 1e-3


def test_predictions_and_tables_work_on_it(fit):
    assert fit.posterior_predict(random_seed=1).shape == (800, 30)
    assert "sd(Intercept)" in fit.summary().index.get_level_values("parameter")
    assert np.isfinite(fit.log_density()).all()


def test_the_same_seed_gives_the_same_draws(fit):
    again = fit.model.fit(draws=400, chains=2, prior_only=True, random_seed=1)
    assert again.idata["posterior"].equals(fit.idata["posterior"])


def test_flat_priors_are_refused_by_name():
    with pytest.raises(PriorError, match="these are flat: b x; b z"):
        brm("y ~ x + z", DATA, prior_only=True)


def test_a_changed_pymc_model_is_refused():
    model = Model("y ~ 1", DATA)
    with model.pymc:
        pm.Potential("more", model.pymc["sigma"])
    with pytest.raises(SamplingError, match="'more' was added"):
        model.fit(prior_only=True)


def test_prior_draws_are_a_frame_like_that_of_draws(fit):
    frame = fit.prior_draws(random_seed=2)
    assert list(frame) == list(fit.draws()) and len(frame) == 800
    assert stats.kstest(frame["b_x"], stats.norm(1, 2).cdf).pvalue > 1e-3
    assert fit.prior_draws(draws=7, random_seed=2).shape[0] == 7
    assert list(fit.prior_draws("b", 3)) == list(fit.draws("b"))
    with pytest.raises(PredictionError, match="no variable 'c'"):
        fit.prior_draws("c")


def test_prior_draws_are_those_that_were_kept():
    fit = Model("y ~ 1", DATA).fit(draws=50, chains=1, prior_only=True, random_seed=1)
    kept = fit.sample_prior(random_seed=3)["prior"]["sigma"].to_numpy().ravel()
    np.testing.assert_array_equal(fit.prior_draws()["sigma"], kept)
