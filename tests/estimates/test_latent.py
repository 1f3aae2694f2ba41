"""Latent residuals of counts, integrated out: estimates of glmmTMB."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.testing import assert_allclose

import bayesmix as bx

FOUND = json.loads((Path(__file__).parent / "estimates.json").read_text())["latent_ar1"]


def test_an_autoregression_of_counts_is_that_of_glmmtmb() -> None:
    """Whose standard deviation is that of residuals, not of innovations."""
    epilepsy = bx.load_dataset("epilepsy")
    seizures = epilepsy[epilepsy["patient"].astype(int) <= 30]
    formula = "count ~ Trt + zBase + ar(visit, gr=patient, cov=True)"
    fit = bx.Model(formula, seizures, "poisson").optimize()
    assert fit.method == "laplace" and fit.converged
    assert abs(fit.loglik - FOUND["logLik"]) < 1e-5
    assert_allclose(fit.fixef()["Estimate"], FOUND["coef"], rtol=5e-4)
    further = fit.further()["Estimate"]
    assert_allclose(further["ar[1]"], FOUND["cor"], rtol=2e-3)
    assert_allclose(further["sderr"] / np.sqrt(1 - further["ar[1]"] ** 2), FOUND["sd"], rtol=1e-3)
